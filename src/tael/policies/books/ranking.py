"""What ranks applications: which end is better, where one may cut, and bands between the cuts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.policies.books.model import RANKING, Role
from tael.policies.books.money import Assumptions
from tael.policies.books.rows import UNKNOWN, Floats, Ints, Rows

Measure = Callable[[Floats, Floats], float]

_MOST_CUTS = 120
_BANDS = 10
_TAIL = 0.004
_UNCLEAR = 0.02
_CHINESE = {digit: number for number, digit in enumerate("一二三四五六七八九十", start=1)}
_PARTS = re.compile(r"([a-z]*)\s*(\d*)([+-]*)")


@dataclass(frozen=True, slots=True)
class Cut:
    """A place to cut: everything at least as good as ``text`` is accepted.

    ``goodness`` grows towards the better end: the value itself, its negative where lower is better,
    or minus the place of a tier.
    """

    text: str
    goodness: float


@dataclass(frozen=True)
class Ranking:
    """One column that ranks the rows of a book.

    Attributes:
        role: the score, the probability or the tier.
        goodness: float64 [rows], higher is better, NaN where the row does not say.
        higher: whether higher values of the column are better; of tiers, whether they were turned.
        auc: how well it tells bads from goods; None where no outcome of one kind is known.
        cuts: from accepting everybody to accepting fewest.
        bands: the first cut of each band, from the best band to the worst.
        tiers: the texts of the tiers from best to worst; empty for numbers.
    """

    role: Role
    goodness: Floats
    higher: bool
    auc: float | None
    cuts: tuple[Cut, ...]
    bands: tuple[int, ...]
    tiers: tuple[str, ...] = ()

    @property
    def unclear(self) -> bool:
        """Whether the outcomes do not tell which end is better."""
        return self.auc is None or abs(self.auc - 0.5) < _UNCLEAR

    def place(self, text: str) -> int:
        """The number of the cut ``text``.

        Raises:
            BadInput: no such cut; the nearest is taken for a number between two.
        """
        exact = next((at for at, cut in enumerate(self.cuts) if cut.text == text), None)
        if exact is not None:
            return exact
        try:
            wanted = float(text)
        except ValueError:
            raise BadInput(
                f"there is no cut-off {text[:40]!r}",
                code="book_no_cut",
                field="cut",
                rule="a cut-off",
            ) from None
        goodness = wanted if self.higher else -wanted
        if self.tiers or not np.isfinite(goodness):
            raise BadInput(
                f"there is no cut-off {text[:40]!r}",
                code="book_no_cut",
                field="cut",
                rule="a cut-off",
            )
        return min(range(len(self.cuts)), key=lambda at: abs(self.cuts[at].goodness - goodness))

    def passed(self) -> Ints:
        """int64 [rows]: how many cuts a row passes; 0 for a row that nothing ranks."""
        at = np.array([cut.goodness for cut in self.cuts])
        known = np.nan_to_num(self.goodness, nan=-np.inf)
        return np.searchsorted(at, known, side="right").astype(np.int64)


def ranking_of(rows: Rows, assumed: Assumptions, auc: Measure) -> Ranking:
    """The column that ``assumed.by`` names, or the first there is, with its better end.

    The end is the one that the outcomes show, unless ``assumed.better`` says it.
    """
    named = [role for role in RANKING if role in rows.ranking]
    role = next((one for one in named if one.value == assumed.by), named[0])
    if role is Role.TIER:
        return _tier_ranking(rows, assumed, auc)
    values = np.asarray(rows.ranking[role], dtype=np.float64)
    measured = _measured(rows, values, auc)
    found = (measured or 0.5) >= 0.5 if role is Role.SCORE else (measured or 0.0) > 0.5  # noqa: PLR2004
    higher = {"higher": True, "lower": False}.get(assumed.better, found)
    goodness = values if higher else -values
    cuts = _number_cuts(values, higher=higher)
    told = measured if measured is None or higher else 1 - measured
    return Ranking(role, goodness, higher, told, cuts, _bands(goodness, cuts))


def tier_key(text: str) -> tuple[object, ...]:
    """What orders tiers from best to worst: R1 < R2, AAA < AA < A+ < A < A- < B, 一级 < 二级."""
    plain = unicodedata.normalize("NFKC", text).strip().lower().replace("级", "").replace("类", "")
    plain = "".join(str(_CHINESE.get(letter, letter)) for letter in plain)
    found = _PARTS.fullmatch(plain)
    if not found:
        return (1, plain, 0, 0, 0)
    letters, digits, signs = found.groups()
    sign = signs.count("-") - signs.count("+")
    same = len(set(letters)) == 1
    return (
        0,
        letters[:1] if same else letters,
        -len(letters) if same else 0,
        int(digits or 0),
        sign,
    )


def _tier_ranking(rows: Rows, assumed: Assumptions, auc: Measure) -> Ranking:
    texts = np.asarray(rows.ranking[Role.TIER], dtype=object)
    known = [str(text) for text in set(texts.tolist()) if text is not None]
    order = sorted(known, key=tier_key)
    if any(tier_key(text)[0] for text in order):
        order = _by_rate(rows, texts, order)
    place = {text: float(at) for at, text in enumerate(order)}
    worse = np.array(
        [place.get(str(text), np.nan) if text is not None else np.nan for text in texts]
    )
    measured = _measured(rows, -worse, auc)
    turned = {"higher": True, "lower": False}.get(assumed.better, (measured or 0.5) < 0.5)  # noqa: PLR2004
    if turned:
        order, worse = order[::-1], len(order) - 1 - worse
    cuts = tuple(Cut(text, float(-at)) for at, text in reversed(list(enumerate(order))))
    told = measured if measured is None or not turned else 1 - measured
    bands = tuple(range(len(order) - 1, -1, -1))
    return Ranking(Role.TIER, -worse, turned, told, cuts, bands, tuple(order))


def _by_rate(rows: Rows, texts: npt.NDArray[np.object_], names: Sequence[str]) -> list[str]:
    """Tiers whose names tell no order (优, 良, 差), by their bad rate."""

    def rate(name: str) -> tuple[float, str]:
        outcome = rows.outcome[(texts == name) & (rows.outcome != UNKNOWN)]
        return (float(outcome.mean()) if len(outcome) else 1.0, name)

    return sorted(names, key=rate)


def _measured(rows: Rows, goodness: Floats, auc: Measure) -> float | None:
    """How well ``goodness`` ranks the rows whose outcome is known."""
    known = (rows.outcome != UNKNOWN) & ~np.isnan(goodness)
    bad = rows.outcome[known]
    if not len(bad) or bad.min() == bad.max():
        return None
    return auc(bad.astype(np.float64), -goodness[known])


def _number_cuts(values: Floats, *, higher: bool) -> tuple[Cut, ...]:
    known = np.sort(values[~np.isnan(values)])
    different = np.unique(known)
    if len(different) <= _MOST_CUTS:
        numbers = [Decimal(repr(value)) for value in different.tolist()]
    else:
        tail = int(len(known) * _TAIL)
        low, high = (Decimal(repr(float(known[at]))) for at in (tail, len(known) - 1 - tail))
        step = nice_step((high - low) / _MOST_CUTS)
        first, last = _multiple(low, step, ROUND_CEILING), _multiple(high, step, ROUND_FLOOR)
        numbers = [step * number for number in range(first, last + 1)]
        end = Decimal(repr(float(different[0] if higher else different[-1])))
        numbers = [end, *numbers] if higher else [*numbers, end]
    texts = [plain_text(number) for number in numbers]
    cuts = [
        Cut(text, float(number) if higher else -float(number))
        for text, number in zip(texts, numbers, strict=True)
    ]
    return tuple(sorted(cuts, key=lambda cut: cut.goodness))


def nice_step(least: Decimal) -> Decimal:
    """The smallest of 1, 2, 5, 10, 20 … (and a tenth of them, and so on) that is not below."""
    power = Decimal(10) ** least.adjusted()
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit >= least)


def plain_text(number: Decimal) -> str:
    """``number`` without an exponent and without idle zeros."""
    text = f"{number:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _multiple(value: Decimal, step: Decimal, rounding: str) -> int:
    return int((value / step).quantize(Decimal(1), rounding=rounding))


def _bands(goodness: Floats, cuts: Sequence[Cut]) -> tuple[int, ...]:
    """Numbers of the cuts at which bands of about a tenth of the rows begin, best band first."""
    known = np.sort(goodness[~np.isnan(goodness)])
    at = np.array([cut.goodness for cut in cuts])
    wanted = [known[int(len(known) * part / _BANDS)] for part in range(1, _BANDS)]
    near = {int(np.abs(at - value).argmin()) for value in wanted} | {0}
    return tuple(sorted(near, reverse=True))


def band_rows(ranking: Ranking, passed: Ints) -> npt.NDArray[np.int64]:
    """int64 [rows]: the number of the band of each row from the best, -1 where nothing ranks it."""
    starts = np.array(sorted(ranking.bands), dtype=np.int64)
    found = len(starts) - np.searchsorted(starts, passed - 1, side="right")
    return np.where(passed == 0, UNKNOWN, found).astype(np.int64)
