"""Figures of quality from what was counted: a share for each day and region, and its limit.

An alert is raised on the interval, not on the point: a small region with a bad day is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tael.variables.quality.rules import Agreement, Rules
from tael.variables.quality.tally import DAYS, Tally, Whole

EVERYWHERE = "all"
_Floats = NDArray[np.float64]
_Z = 2.576  # 99 of 100, two-sided: thousands of days and regions are looked at
_BEFORE = 8  # windows that tell what is to be expected
_LEAST_EXPECTED = 30  # rows; fewer tell nothing of a share
_LEAST_DAYS = 14  # a week would show every Spring Festival as a loss
_AGREEMENT_DAYS, _AGREEMENT_YEAR = 90, 360


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One figure of one source: arrays of R regions by D days.

    Attributes:
        source: whose figure it is.
        name: ``completeness``, ``validity``, ``timeliness`` or ``agreement.NAME``.
        regions: codes; first `EVERYWHERE`, last empty for subjects without a region.
        values: shares of 1; NaN where too little is known.
        rows: on how many rows a value stands.
        alert: whether the value lies below the limit beyond doubt.
        limit: the limit, a share of 1.
    """

    source: str
    name: str
    regions: tuple[str, ...]
    values: _Floats
    rows: Whole
    alert: NDArray[np.bool_]
    limit: float


def figures_of(tallies: Mapping[str, Tally], rules: Rules, last: int) -> list[Figure]:
    """Every figure of every source that was counted; an agreement is a figure of both sources.

    Behind column ``last`` lies the future: nothing is missing there yet.
    """
    found = []
    for name, tally in tallies.items():
        found += [
            _completeness(tally, rules.limit("completeness", name)),
            _share("validity", tally, (tally.rows, tally.faulty), rules),
            _share("timeliness", tally, (tally.firsts, tally.late), rules),
        ]
    for agreement in rules.agreements:
        of, by = tallies.get(agreement.of.source), tallies.get(agreement.by.source)
        if of is not None and by is not None:
            found += _agreements(agreement, of, by, rules)
    for figure in found:
        figure.values[:, last + 1 :] = np.nan
        figure.alert[:, last + 1 :] = False
    return found


def window_of(tally: Tally) -> int:
    """Days that one figure looks back over: two deliveries of the source, two weeks at least."""
    return max(_LEAST_DAYS, 2 * tally.source.freshness_days)


def _whole(counts: Whole) -> Whole:
    """Counts with a first row for all regions together."""
    return np.vstack([counts.sum(0, keepdims=True), counts])


def _trailing(counts: Whole, days: int, back: int = 0) -> Whole:
    """Sums over the ``days`` that end ``back`` days before each day, that day included."""
    total = np.zeros((len(counts), DAYS + 1), np.int64)
    np.cumsum(counts, axis=1, out=total[:, 1:])
    end = np.clip(np.arange(1, DAYS + 1) - back, 0, None)
    sums: Whole = total[:, end] - total[:, np.clip(end - days, 0, None)]
    return sums


def _completeness(tally: Tally, limit: float) -> Figure:
    """Rows of a window against the mean of the eight before it; at most 1."""
    days, counts = window_of(tally), _whole(tally.rows)
    rows = _trailing(counts, days)
    expected = _trailing(counts, _BEFORE * days, days) / _BEFORE
    known = (expected >= _LEAST_EXPECTED) & _grown(counts, (_BEFORE + 1) * days)
    values = np.full(rows.shape, np.nan)
    values[known] = np.minimum(rows[known] / expected[known], 1.0)
    most = rows + _Z * np.sqrt(rows + 1.0) + _Z  # of a Poisson count, both sides to spare
    alert = known & (most < limit * expected)
    return Figure(
        tally.source.name, "completeness", (EVERYWHERE, *tally.regions), values, rows, alert, limit
    )


def _grown(counts: Whole, days: int) -> NDArray[np.bool_]:
    """Days by which a region has delivered for so long."""
    some = counts != 0
    first = np.where(some.any(1), np.argmax(some, axis=1), DAYS)
    return np.arange(DAYS) >= first[:, None] + days - 1


def _share(name: str, tally: Tally, counts: tuple[Whole, Whole], rules: Rules) -> Figure:
    """1 less the share of rows that are wrong, over a window; ``counts`` are all and wrong ones."""
    days, limit = window_of(tally), rules.limit(name, tally.source.name)
    rows, bad = (_trailing(_whole(each), days) for each in counts)
    known = rows >= _LEAST_EXPECTED
    values = np.full(rows.shape, np.nan)
    values[known] = 1.0 - bad[known] / rows[known]
    alert = known.copy()
    alert[known] = _wilson_top(values[known], rows[known]) < limit
    regions = (EVERYWHERE, *tally.regions)
    return Figure(tally.source.name, name, regions, values, rows, alert, limit)


def _wilson_top(share: _Floats, rows: Whole) -> _Floats:
    """Upper end of Wilson's interval (1927) of a share."""
    square = _Z * _Z
    middle = share + square / (2 * rows)
    spread = _Z * np.sqrt(share * (1 - share) / rows + square / (4.0 * rows * rows))
    top: _Floats = (middle + spread) / (1 + square / rows)
    return top


def _agreements(agreement: Agreement, of: Tally, by: Tally, rules: Rules) -> list[Figure]:
    """How far the ratio of two sums over 90 days holds that of the 360 days before; at most 1."""
    one, two = _whole(of.sums[agreement.of]), _whole(by.sums[agreement.by])
    now = [_trailing(each, _AGREEMENT_DAYS) for each in (one, two)]
    year = [_trailing(each, _AGREEMENT_YEAR, _AGREEMENT_DAYS) for each in (one, two)]
    rows = np.minimum(
        _trailing(_whole(of.rows), _AGREEMENT_DAYS), _trailing(_whole(by.rows), _AGREEMENT_DAYS)
    )
    known = rows >= _LEAST_EXPECTED
    for counts in (one, two):
        known &= _grown(counts, _AGREEMENT_DAYS + _AGREEMENT_YEAR)
    for sums in (*now, *year):
        known &= sums > 0
    values = np.full(rows.shape, np.nan)
    ratio = (now[0][known] / now[1][known]) / (year[0][known] / year[1][known])
    values[known] = np.minimum(ratio, 1 / ratio)
    regions = (EVERYWHERE, *of.regions)
    found = []
    for tally in (of, by):
        limit = rules.limit("agreement", tally.source.name)
        # Sums of few firms swing: only the country and regions with rows to spare raise an alert.
        alert = known & (values < limit) & (rows >= _LEAST_EXPECTED * _LEAST_EXPECTED)
        name = f"agreement.{agreement.name}"
        found.append(Figure(tally.source.name, name, regions, values, rows, alert, limit))
    return found


def spans(flags: NDArray[np.bool_]) -> Sequence[tuple[int, int]]:
    """First and last place of each run of True."""
    padded = np.concatenate([[False], flags, [False]]).astype(np.int8)
    steps = np.diff(padded)
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
