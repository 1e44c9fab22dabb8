"""How well a model does by vintage or segment, with intervals, ready for the card."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Column, Kind, Words
from tael.risk.card.parts import Part, Table
from tael.risk.measures import Interval, auc_interval, ks_interval
from tael.risk.sample import Bools, Floats

_INTERVAL = Words("区间", "Interval")
_COLUMNS = (
    Column(Words("笔数", "Rows"), Kind.COUNT),
    Column(Words("坏", "Bads"), Kind.COUNT),
    Column("AUC", Kind.NUMBER, 3),
    Column(_INTERVAL),
    Column("KS", Kind.NUMBER, 3),
    Column(_INTERVAL),
    Column("Brier", Kind.NUMBER, 4),
    Column(_INTERVAL),
)


@dataclass(frozen=True, slots=True)
class Performance:
    """One group of rows; what too few bads or goods leave open is None."""

    key: str
    rows: int
    bads: int
    auc: Interval | None
    ks: Interval | None
    brier: Interval


@dataclass(frozen=True, slots=True)
class PerformanceSettings:
    """Fewer bads (or goods) than ``least_bads`` give no AUC and no KS; ``level`` of intervals."""

    least_bads: int = 10
    level: float = 0.95
    seed: int = 0


def performance(
    bad: npt.ArrayLike,
    pd: npt.ArrayLike,
    groups: npt.ArrayLike,
    settings: PerformanceSettings = PerformanceSettings(),
) -> tuple[Performance, ...]:
    """AUC, KS and Brier score of each group, in the order of their names.

    Intervals of AUC and KS are bootstrapped, that of the Brier score is the normal one of a mean.
    Rows of unknown outcome (NaN) are left out.

    Raises:
        BadInput: columns of different lengths, a PD that is none, or an outcome other than 0 and 1.
    """
    outcome, chance = (np.asarray(given, dtype=np.float64) for given in (bad, pd))
    named = np.asarray(groups).astype(str)
    if not outcome.shape == chance.shape == named.shape:
        raise BadInput("one outcome, PD and group a row", field="groups", rule="one length")
    known = ~np.isnan(outcome)
    if not np.isin(outcome[known], (0.0, 1.0)).all() or not ((chance >= 0) & (chance <= 1)).all():
        raise BadInput("outcomes are 0 or 1, PDs between", field="pd", rule="a probability")
    return tuple(
        _of(str(key), outcome, chance, known & (named == key), settings)
        for key in np.unique(named[known])
    )


def performance_part(found: tuple[Performance, ...], by: Words, note: Words | None = None) -> Part:
    """The part of ``performance``; ``by`` heads the first column."""
    rows = tuple(
        (
            one.key, one.rows, one.bads,
            one.auc.value if one.auc else None, _bounds(one.auc, 3),
            one.ks.value if one.ks else None, _bounds(one.ks, 3),
            one.brier.value, _bounds(one.brier, 4),
        )
        for one in found
    )  # fmt: skip
    return Part((note,) if note else (), (Table((Column(by), *_COLUMNS), rows),) if rows else ())


def _of(
    key: str, outcome: Floats, chance: Floats, rows: Bools, settings: PerformanceSettings
) -> Performance:
    bad, pd = outcome[rows], chance[rows]
    order = np.lexsort((bad, pd))  # the resamples do not tell in which order rows came
    bad, pd = bad[order], pd[order]
    bads = int(bad.sum())
    enough = min(bads, len(bad) - bads) >= settings.least_bads
    level, seed = settings.level, settings.seed
    return Performance(
        key,
        len(bad),
        bads,
        auc_interval(bad, pd, level=level, seed=seed) if enough else None,
        ks_interval(bad, pd, level=level, seed=seed) if enough else None,
        _mean((pd - bad) ** 2, level),
    )


def _mean(values: Floats, level: float) -> Interval:
    middle = float(values.mean())
    half = NormalDist().inv_cdf((1 + level) / 2) * float(values.std()) / len(values) ** 0.5
    return Interval(middle, max(middle - half, 0.0), middle + half)


def _bounds(figure: Interval | None, digits: int) -> str:
    return f"{figure.low:.{digits}f} – {figure.high:.{digits}f}" if figure else ""
