"""Bounds of tiers fitted to a book: geometric, with enough bads in each, rising."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Rate, check
from tael.report import Words
from tael.risk.calibration.judge import Judged
from tael.risk.calibration.kept import plain
from tael.risk.columns import Floats
from tael.risk.tiers import geometric_bounds

_LEAST_TIERS = 2
_MOST_CANDIDATES = 40
_LEAST_RATIO = 1.25
_EMPTY = 1e-9


@dataclass(frozen=True, slots=True)
class ScaleSettings:
    """What a scale must give.

    Attributes:
        tiers: how many are wanted.
        least_bads: bads in each tier.
        least_share: share of the book in each tier.
    """

    tiers: int = 7
    least_bads: float = 5.0
    least_share: float = 0.01


@dataclass(frozen=True, slots=True)
class FittedScale:
    """Bounds fitted to a book.

    Attributes:
        bounds: upper bounds of all tiers but the last.
        ratio: of each bound to the one before; 0 for a single bound.
        tiers: how many; fewer than wanted where the book has too few bads.
        wanted: how many were asked.
        bads: bads of each tier.
        rates: default rate of each tier.
        words: how the scale came about, zh and en.
    """

    bounds: tuple[Rate, ...]
    ratio: float
    tiers: int
    wanted: int
    bads: tuple[float, ...]
    rates: tuple[float, ...]
    words: Words

    def to_json(self) -> dict[str, object]:
        """All figures; bounds as decimal texts."""
        found: dict[str, object] = plain(self)
        return found


def fit_scale(
    judged: Judged,
    settings: ScaleSettings = ScaleSettings(),
    vintage: npt.ArrayLike | None = None,
) -> FittedScale:
    """The widest geometric scale on which every tier has enough bads and rates rise strictly.

    First and last bound run over up to 40 quantiles of the PDs; among the scales on which each
    tier has ``least_bads`` bads and ``least_share`` of the book, and default rates rise strictly,
    the one with the largest ratio between bounds wins (tiers as far apart as the book allows); at
    equal ratio, the lower first bound. Where none qualifies there is one tier less, and so on:
    tiers are never merged singly, for the scale would not be geometric any more.

    With ``vintage`` (a key per row) rates must rise strictly in each vintage too. That holds for
    the rows handed in and is a promise for no others: a vintage of 40 bads carries three or four
    tiers, not seven.

    Raises:
        BadInput: not even two tiers have enough bads; says how many bads there are.
    """
    if settings.tiers < _LEAST_TIERS:
        raise BadInput(f"{settings.tiers} tiers", field="tiers", rule="two or more")
    book = _Book.of(judged)
    parts = () if vintage is None else _parts(judged, np.asarray(vintage))
    for tiers in range(settings.tiers, _LEAST_TIERS - 1, -1):
        bounds = _best((book, *parts), tiers, settings)
        if bounds is not None:
            return _fitted(book, bounds, settings.tiers)
    raise BadInput(
        f"{book.bads[-1]:.4g} bads do not fill two tiers with {settings.least_bads:.4g} each "
        "and rising rates",
        field="outcome",
        rule=f"at least {settings.least_bads:.4g} bads in each of two tiers",
    )


@dataclass(frozen=True, eq=False)
class _Book:
    """PDs in rising order, in billionths, with cumulative weight of loans and of bads."""

    pd: Floats
    loans: Floats
    bads: Floats

    @classmethod
    def of(cls, judged: Judged) -> _Book:
        order = np.lexsort((judged.weight, judged.bad, judged.pd))
        weight, bad = judged.weight[order], judged.bad[order]
        sums = (np.append(0.0, np.cumsum(part)) for part in (weight, weight * bad))
        return cls(np.round(judged.pd[order], 9), *sums)

    def split(self, bounds: Floats) -> tuple[Floats, Floats]:
        """Loans and bads of each tier."""
        ends = np.searchsorted(self.pd, bounds, side="right")
        edges = np.concatenate([[0], ends, [len(self.pd)]])
        return np.diff(self.loans[edges]), np.diff(self.bads[edges])


def _parts(judged: Judged, vintage: npt.NDArray[np.generic]) -> tuple[_Book, ...]:
    if vintage.shape != judged.bad.shape:
        raise BadInput("there is one vintage per row", field="vintage", rule="one per row")
    return tuple(
        _Book.of(judged.part(np.flatnonzero(vintage == key))) for key in np.unique(vintage)
    )


def _best(books: tuple[_Book, ...], tiers: int, settings: ScaleSettings) -> tuple[Rate, ...] | None:
    pairs = _pairs(books[0], tiers)
    steps = np.linspace(0.0, 1.0, tiers - 1)
    for first, last in pairs[_widest_first(pairs)].tolist():
        rough = np.exp(np.log(first) * (1.0 - steps) + np.log(last) * steps)
        if not _qualifies(books, rough, settings):
            continue
        ends = Rate(Decimal(str(first))), Rate(Decimal(str(last)))
        found = ends[:1] if tiers == _LEAST_TIERS else geometric_bounds(*ends, tiers - 1)
        if _qualifies(books, np.array([float(bound.fraction) for bound in found]), settings):
            return found
    return None


def _pairs(book: _Book, tiers: int) -> Floats:
    """First and last bounds to try, whole in the sixth digit."""
    share = np.linspace(0.0, 1.0, _MOST_CANDIDATES + 2)[1:-1]
    places = np.searchsorted(book.loans[1:], share * book.loans[-1])
    cuts = np.unique(np.round(book.pd[places], 6))
    cuts = cuts[(cuts > 0) & (cuts < 1)]
    if tiers == _LEAST_TIERS:
        return np.column_stack([cuts, cuts])
    least = _LEAST_RATIO ** (tiers - 2)
    pairs = [(a, b) for a, b in itertools.combinations(cuts.tolist(), 2) if b >= a * least]
    return np.array(pairs).reshape(-1, 2)


def _widest_first(pairs: Floats) -> npt.NDArray[np.int64]:
    return np.lexsort((pairs[:, 0], -(pairs[:, 1] / pairs[:, 0])))


def _qualifies(books: tuple[_Book, ...], bounds: Floats, settings: ScaleSettings) -> bool:
    whole = books[0]
    loans, bads = whole.split(bounds)
    if loans.min() < max(settings.least_share * whole.loans[-1], _EMPTY):
        return False
    return bads.min() >= settings.least_bads and all(_rises(*one.split(bounds)) for one in books)


def _rises(loans: Floats, bads: Floats) -> bool:
    """Strictly, among the tiers that hold loans."""
    held = loans > 0
    return bool((np.diff(bads[held] / loans[held]) > 0).all())


def _fitted(book: _Book, bounds: tuple[Rate, ...], wanted: int) -> FittedScale:
    loans, bads = book.split(np.array([float(bound.fraction) for bound in bounds]))
    tiers = len(bounds) + 1
    check(tiers <= wanted, "no more tiers than asked")
    ratio = float(bounds[-1].fraction / bounds[0].fraction) ** (1.0 / max(len(bounds) - 1, 1))
    fewer = tiers < wanted
    words = Words(
        zh=f"要求{wanted}级，坏样本只够{tiers}级" if fewer else f"{tiers}级，每级坏样本足够",
        en=f"{wanted} tiers were asked, the bads fill {tiers}"
        if fewer
        else f"{tiers} tiers, each with enough bads",
    )
    return FittedScale(
        bounds, ratio if len(bounds) > 1 else 0.0, tiers, wanted,
        tuple(bads.tolist()), tuple((bads / loans).tolist()), words,
    )  # fmt: skip
