"""Month variables, compiled: 24 whole totals a series, and what they say. Imports numba."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.exact import less, plus, product, to_double
from tael.variables.kernel.rows import leave_out, put, visible
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.months import EVENTS, MONTH_S, MONTHS, MonthsArrays, MonthsPlan

(
    _MEAN, _STD, _CV, _SLOPE, _MAX, _MIN, _DRAWDOWN, _ZERO_MONTHS, _ZERO_RUN,
    _TO_PREV3, _TO_LAST12, _SINCE_PEAK,
) = range(12)  # fmt: skip
_PLACES = MONTHS * (MONTHS - 1) // 2  # Σi, and Σi² for i from 0
_SQUARES = (MONTHS - 1) * MONTHS * (2 * MONTHS - 1) // 6
_SPREAD = float(MONTHS * _SQUARES - _PLACES * _PLACES)
_ZERO = np.uint64(0)


class _Work(NamedTuple):
    """Memory of one run: totals int64[series, 24]; events int64[series], how many in all."""

    totals: NDArray[np.int64]
    events: NDArray[np.int64]


def run(
    plan: MonthsPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
) -> None:
    """Write the variables of borrowers ``first``, ``first + 1``, … into the rows of ``sheet``.

    Args:
        plan: what to compute.
        packed: the events; `verify` has let them through.
        asof: int64[B], UTC seconds, the instant as of which each borrower is looked at.
        first: place of the first borrower.
        sheet: a row each; the plan's outputs go into the columns from ``sheet.start``.

    Raises:
        BadInput: as `check_run` says.
    """
    check_run(plan, packed, asof, first, sheet)
    arrays = plan.arrays()
    size = len(arrays.measures)
    work = _Work(np.empty((size, MONTHS), np.int64), np.empty(size, np.int64))
    last = first + len(sheet.values)
    _rows(arrays, packed.arrays(), asof[first:last], first, (work, sheet))


@compiled
def _rows(
    plan: MonthsArrays,
    events: Events,
    asof: NDArray[np.int64],
    first: int,
    where: tuple[_Work, Sheet],
) -> None:
    work, sheet = where
    for row in range(len(asof)):
        if not events.present[first + row]:
            leave_out(sheet, row, len(plan.program))
            continue
        _gather(plan, events, work, first + row, asof[row])
        for column in range(len(plan.program)):
            code, series = plan.program[column, 0], plan.program[column, 1]
            put(sheet, row, column, _answer(work, code, series))


@inlined
def _gather(plan: MonthsArrays, events: Events, work: _Work, b: int, asof: int) -> None:
    work.totals[:, :] = 0
    work.events[:] = 0
    for i in range(events.offsets[b], events.offsets[b + 1]):
        if not visible(events, i, asof):
            continue
        month = (asof - events.time[i] - 1) // MONTH_S
        if month >= MONTHS:
            break
        leaf = np.int64(events.leaf[i])
        for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
            series = plan.leaf_series[j]
            measure = plan.measures[series]
            work.totals[series, month] += 1 if measure == EVENTS else events.measures[measure, i]
            work.events[series] += 1


@inlined
def _answer(  # noqa: PLR0911 - a line a family
    work: _Work, code: int, series: int
) -> tuple[float, int]:
    totals = work.totals[series]
    if code in (_ZERO_MONTHS, _ZERO_RUN):
        return _of_zeros(totals, code), VALUE
    if work.events[series] == 0:
        return np.nan, NO_EVENT
    if code in (_STD, _CV):
        return _scatter(totals, code)
    if code == _DRAWDOWN:
        return _drawdown(totals)
    if code == _TO_PREV3:
        return _part(_total(totals, 0, 3), _total(totals, 3, 6))
    if code == _TO_LAST12:
        return _part(_total(totals, 0, 3), _total(totals, 0, 12))
    return _plain(totals, code), VALUE


@inlined
def _plain(totals: NDArray[np.int64], code: int) -> float:
    if code == _MEAN:
        return float(_total(totals, 0, MONTHS)) / float(MONTHS)
    if code == _SLOPE:
        moment = 0
        for month in range(MONTHS):
            moment += month * totals[month]
        return float(_total(totals, 0, MONTHS) * _PLACES - MONTHS * moment) / _SPREAD
    peak, low = 0, 0
    for month in range(1, MONTHS):
        if totals[month] > totals[peak]:
            peak = month
        if totals[month] < totals[low]:
            low = month
    if code == _SINCE_PEAK:
        return float(peak)
    return float(totals[peak if code == _MAX else low])


@inlined
def _of_zeros(totals: NDArray[np.int64], code: int) -> float:
    count, current, longest = 0, 0, 0
    for month in range(MONTHS):
        if totals[month] == 0:
            count += 1
            current += 1
            longest = max(longest, current)
        else:
            current = 0
    return float(count if code == _ZERO_MONTHS else longest)


@inlined
def _total(totals: NDArray[np.int64], begin: int, end: int) -> int:
    found = 0
    for month in range(begin, end):
        found += totals[month]
    return found


@inlined
def _part(part: int, whole: int) -> tuple[float, int]:
    if whole == 0:
        return np.nan, UNDEFINED
    if part == 0:
        return 0.0, VALUE  # never -0.0
    return float(part) / float(whole), VALUE


@inlined
def _scatter(totals: NDArray[np.int64], code: int) -> tuple[float, int]:
    """The root of (24·ΣS² - (ΣS)²) / (24·23), in 128 bits until it is rounded once."""
    whole = _total(totals, 0, MONTHS)
    squares = (_ZERO, _ZERO)
    for month in range(MONTHS):
        size = np.uint64(abs(totals[month]))
        squares = plus(squares, product(size, np.uint64(MONTHS) * size))
    size = np.uint64(abs(whole))
    top, bottom = less(squares, product(size, size))
    deviation = float(np.sqrt(to_double(top, bottom) / float(MONTHS * (MONTHS - 1))))
    if code == _STD:
        return deviation, VALUE
    if whole == 0:
        return np.nan, UNDEFINED
    return deviation / (float(abs(whole)) / float(MONTHS)), VALUE


@inlined
def _drawdown(totals: NDArray[np.int64]) -> tuple[float, int]:
    """The lowest of the newer months makes the largest fall: dividing and rounding keep order."""
    fall, low, found = 0.0, totals[0], totals[0] > 0
    for month in range(1, MONTHS):
        peak = totals[month]
        if peak > 0:
            found = True
            fall = max(fall, float(peak - low) / float(peak))
        low = min(low, peak)
    if not found:
        return np.nan, UNDEFINED
    return fall, VALUE
