"""Tiers and what became of them: rates with intervals, tests of each PD, and whether they rise."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput, Rate
from tael.report import Column, Kind, Words
from tael.risk.calibration.calibrator import effective
from tael.risk.calibration.intervals import jeffreys, jeffreys_test
from tael.risk.calibration.judge import Judged
from tael.risk.calibration.kept import plain
from tael.risk.columns import Floats, Ints
from tael.risk.measures import Interval
from tael.risk.rating.prudent import most_prudent
from tael.risk.tiers import TIER_BOUNDS

_PROBABILITY_DIGITS = 1_000_000_000
_GRID = 4_001
_WIDE = 12.0


def tiers_of(pd: npt.ArrayLike, bounds: Sequence[Rate] = TIER_BOUNDS) -> Ints:
    """The tier of each PD, as ``tier`` gives it to the exact rate of nine digits.

    Raises:
        BadInput: a PD that is none, or bounds that do not rise.
    """
    values = np.asarray(pd, dtype=np.float64)
    if not (np.isfinite(values).all() and (values >= 0).all() and (values <= 1).all()):
        raise BadInput("a PD lies between 0 and 1", field="pd", rule="a probability")
    exact = [int(bound.fraction * _PROBABILITY_DIGITS) for bound in bounds]
    if exact != sorted(set(exact)):
        raise BadInput("bounds of tiers do not rise", field="bounds", rule="rising")
    billionths = np.rint(values * _PROBABILITY_DIGITS).astype(np.int64)
    return np.searchsorted(exact, billionths, side="left").astype(np.int64) + 1


@dataclass(frozen=True, slots=True)
class TableSettings:
    """How tiers are judged.

    Attributes:
        bounds: upper bounds of all tiers but the last.
        level: of intervals.
        significance: a test with a smaller p-value speaks against the PD.
        prudence: confidence of the most prudent bound.
        few_bads: a tier with fewer bads has few: it gets a most prudent bound.
    """

    bounds: tuple[Rate, ...] = TIER_BOUNDS
    level: float = 0.95
    significance: float = 0.05
    prudence: float = 0.75
    few_bads: float = 5.0

    @property
    def tiers(self) -> int:
        """How many tiers there are."""
        return len(self.bounds) + 1


@dataclass(frozen=True, slots=True)
class TierRow:
    """One tier in one vintage.

    Attributes:
        vintage: what it is called; ``all`` for all together.
        tier: 1 to 7.
        rows: loans (with weights: Kish's effective number), ``bads`` of them bad.
        observed: default rate with its Jeffreys interval.
        pd_mean: mean PD.
        too_low: p-value of the Jeffreys test that the PD is not below the truth (one-sided).
        differs: p-value that it equals the truth (two-sided).
        prudent: of a tier with few bads, the most prudent upper bound of its PD (Pluto and
            Tasche), pooled with the worse tiers up to the first that has bads enough; else None.
        verdict: ``holds``, ``too_low``, ``too_high``, or ``few`` (bads) unless a test speaks.
    """

    vintage: str
    tier: int
    rows: float
    bads: float
    observed: Interval
    pd_mean: float
    too_low: float
    differs: float
    prudent: float | None
    verdict: str


@dataclass(frozen=True, slots=True)
class Rise:
    """Whether default rates rise from tier to tier in one vintage.

    Attributes:
        vintage: what it is called.
        strict: each tier with loans has a higher rate than the one before it: the figures alone.
        verdict: ``rises``; ``noise``: figures out of order that chance explains; ``broken``: some
            tier is worse than a later one beyond chance.
        least_chance: over pairs of neighbours, the smallest chance that they stand in order.
        prime, rest: default rates of R1 to R3 and of R4 and below; None without loans.
        prime_better: prime < rest.
    """

    vintage: str
    strict: bool
    verdict: str
    least_chance: float
    prime: float | None
    rest: float | None
    prime_better: bool | None


@dataclass(frozen=True, slots=True)
class TierTable:
    """Tiers by vintage and together, with the check that they rise."""

    rows: tuple[TierRow, ...]
    rises: tuple[Rise, ...]

    def of(self, vintage: str) -> tuple[TierRow, ...]:
        """The rows of one vintage, best tier first."""
        return tuple(row for row in self.rows if row.vintage == vintage)

    def against(self, stressed: Collection[str] = ()) -> tuple[TierRow, ...]:
        """Rows whose test speaks against the PD, outside the vintages declared as stressed."""
        return tuple(
            row
            for row in self.rows
            if row.verdict in {"too_low", "too_high"} and row.vintage not in stressed
        )

    def printed(self) -> list[tuple[object, ...]]:
        """One row for each, as ``TIER_COLUMNS`` heads them."""
        return [
            (
                row.vintage, f"R{row.tier}", row.rows, row.bads, row.pd_mean, row.observed.value,
                row.observed.low, row.observed.high, row.prudent, row.too_low, row.differs,
                TIER_VERDICTS[row.verdict],
            )
            for row in self.rows
        ]  # fmt: skip

    def printed_rises(self) -> list[tuple[object, ...]]:
        """One row for each vintage, as ``RISE_COLUMNS`` heads them."""
        return [
            (one.vintage, one.prime, one.rest, one.least_chance, RISE_VERDICTS[one.verdict])
            for one in self.rises
        ]

    def to_json(self) -> dict[str, object]:
        """All figures."""
        found: dict[str, object] = plain(self)
        return found


TIER_COLUMNS = (
    Column(Words(zh="批次", en="Vintage")),
    Column(Words(zh="等级", en="Tier")),
    Column(Words(zh="笔数", en="Loans"), Kind.NUMBER, 0),
    Column(Words(zh="坏", en="Bads"), Kind.NUMBER, 0),
    Column(Words(zh="平均PD", en="Mean PD"), Kind.PERCENT, 2),
    Column(Words(zh="违约率", en="Default rate"), Kind.PERCENT, 2),
    Column(Words(zh="下限", en="Low"), Kind.PERCENT, 2),
    Column(Words(zh="上限", en="High"), Kind.PERCENT, 2),
    Column(Words(zh="最审慎上限", en="Most prudent bound"), Kind.PERCENT, 2),
    Column(Words(zh="p(PD偏低)", en="p (PD too low)"), Kind.NUMBER, 3),
    Column(Words(zh="p(PD不符)", en="p (PD differs)"), Kind.NUMBER, 3),
    Column(Words(zh="结论", en="Verdict")),
)
RISE_COLUMNS = (
    Column(Words(zh="批次", en="Vintage")),
    Column(Words(zh="R1-R3违约率", en="Default rate R1-R3"), Kind.PERCENT, 2),
    Column(Words(zh="R4及以下违约率", en="Default rate R4 and below"), Kind.PERCENT, 2),
    Column(Words(zh="相邻等级有序的最小概率", en="Least chance of order"), Kind.NUMBER, 3),
    Column(Words(zh="结论", en="Verdict")),
)
TIER_VERDICTS = {
    "holds": Words(zh="成立", en="holds"),
    "too_low": Words(zh="PD偏低", en="PD too low"),
    "too_high": Words(zh="PD偏高", en="PD too high"),
    "few": Words(zh="坏样本太少", en="too few bads"),
}
RISE_VERDICTS = {
    "rises": Words(zh="严格递增", en="rises strictly"),
    "noise": Words(zh="有倒挂，但在随机范围内", en="out of order within chance"),
    "broken": Words(zh="倒挂，超出随机", en="out of order beyond chance"),
}


def tier_table(
    judged: Judged, vintage: npt.ArrayLike, settings: TableSettings = TableSettings()
) -> TierTable:
    """Tiers of all rows together (``all``) and of each vintage; tiers without loans are left out.

    Args:
        judged: outcomes, PDs and weights.
        vintage: a key for each row: a year, a month.
        settings: bounds and levels.

    Raises:
        BadInput: not one key per row, or bounds that do not rise.
    """
    keys = np.asarray(vintage)
    if keys.shape != judged.bad.shape:
        raise BadInput("there is one vintage per row", field="vintage", rule="one per row")
    place = tiers_of(judged.pd, settings.bounds)
    rows: list[TierRow] = []
    rises: list[Rise] = []
    parts = [("all", np.ones(len(keys), dtype=bool))]
    parts += [(str(key), keys == key) for key in np.unique(keys)]
    for name, here in parts:
        cells = [
            _Cell.of(judged, np.flatnonzero(here & (place == tier)))
            for tier in range(1, settings.tiers + 1)
        ]
        rows += _rows(name, cells, settings)
        rises.append(_rise(name, cells, settings.significance))
    return TierTable(tuple(rows), tuple(rises))


@dataclass(frozen=True, slots=True)
class _Cell:
    rows: float
    bads: float
    expected: float

    @classmethod
    def of(cls, judged: Judged, here: Ints) -> _Cell:
        part = judged.part(here)
        rows = effective(part.weight)
        scale = rows / float(part.weight.sum()) if rows else 0.0
        bads = min(float(part.weight @ part.bad) * scale, rows)
        return cls(rows, bads, float(part.weight @ part.pd) * scale)


def _rows(name: str, cells: Sequence[_Cell], settings: TableSettings) -> list[TierRow]:
    bounds = _bounds(cells, settings)
    return [
        _row((name, tier), cell, bound, settings)
        for tier, (cell, bound) in enumerate(zip(cells, bounds, strict=True), 1)
        if cell.rows
    ]


def _bounds(cells: Sequence[_Cell], settings: TableSettings) -> list[float | None]:
    """Most prudent bounds over each run of tiers with few bads."""
    found: list[float | None] = []
    for few, run in groupby(cells, lambda cell: cell.bads < settings.few_bads):
        held = list(run)
        # Bounds pool whole loans; bads that weights made fractions are rounded up.
        counts = [round(cell.rows) for cell in held]
        bads = [min(math.ceil(cell.bads), n) for cell, n in zip(held, counts, strict=True)]
        if few and sum(counts):
            found += most_prudent(counts, bads, confidence=settings.prudence)
        else:
            found += [None] * len(held)
    return found


def _row(
    key: tuple[str, int], cell: _Cell, prudent: float | None, settings: TableSettings
) -> TierRow:
    mean = cell.expected / cell.rows
    below = jeffreys_test(cell.bads, cell.rows, mean)
    differs = 2.0 * min(below, 1.0 - below)
    verdict = "few" if cell.bads < settings.few_bads else "holds"
    if below < settings.significance:
        verdict = "too_low"
    elif differs < settings.significance:
        verdict = "too_high"
    observed = jeffreys(cell.bads, cell.rows, level=settings.level)
    return TierRow(*key, cell.rows, cell.bads, observed, mean, below, differs, prudent, verdict)


# --- do they rise?


def _rise(name: str, cells: Sequence[_Cell], significance: float) -> Rise:
    held = [cell for cell in cells if cell.rows]
    strict = all(one.bads * two.rows < two.bads * one.rows for one, two in pairwise(held))
    chances = [chance_of_order((a.bads, a.rows), (b.bads, b.rows)) for a, b in pairwise(held)]
    least = min(chances, default=1.0)
    # Of several pairs one is out of order by chance more often than a single one (Bonferroni).
    beyond = least < significance / max(len(chances), 1)
    verdict = "rises" if strict else "broken" if beyond else "noise"
    prime, rest = _rate(cells[:3]), _rate(cells[3:])
    better = None if prime is None or rest is None else prime < rest
    return Rise(name, strict, verdict, least, prime, rest, better)


def _rate(cells: Sequence[_Cell]) -> float | None:
    rows = sum(cell.rows for cell in cells)
    return sum(cell.bads for cell in cells) / rows if rows else None


def chance_of_order(better: tuple[float, float], worse: tuple[float, float]) -> float:
    """The chance that the rate behind ``better`` (bads, rows) lies below that behind ``worse``.

    Both rates have the posterior Beta(bads + 1/2, goods + 1/2) of Jeffreys' prior; integrated over
    the angle theta with rate = sin^2 theta, in which that prior is flat.
    """
    top = max(_reach(*better), _reach(*worse))
    angle = np.linspace(0.0, top, _GRID)
    one, two = (_density(angle, *counts) for counts in (better, worse))
    below = np.concatenate([[0.0], np.cumsum((one[1:] + one[:-1]) / 2.0)])
    return float((below / below[-1]) @ (two / two.sum()))


def _reach(bads: float, rows: float) -> float:
    mean = (bads + 0.5) / (rows + 1.0)
    high = mean + _WIDE * float(np.sqrt(mean * (1.0 - mean) / (rows + 2.0))) + _WIDE / rows
    return float(np.arcsin(np.sqrt(min(high, 1.0))))


def _density(angle: Floats, bads: float, rows: float) -> Floats:
    """Not normalised: sin^(2 bads) cos^(2 goods), for the half powers meet the change of angle."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sine, cosine = np.log(np.sin(angle)), np.log(np.maximum(np.cos(angle), 0.0))
        log = (2.0 * bads * sine if bads else 0.0) + (
            2.0 * (rows - bads) * cosine if rows > bads else 0.0
        )
    log = np.broadcast_to(log, angle.shape)
    found: Floats = np.exp(log - log[np.isfinite(log)].max())
    return found
