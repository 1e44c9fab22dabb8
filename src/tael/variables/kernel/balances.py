"""Balance variables, compiled: a step function of time, piece by piece. Imports numba.

Events are read newest to oldest. What stands from one to the next newer is cut where a window
begins; each piece goes into the cell of its series in the shortest window that holds it, then
shorter windows are added to longer ones. Everything is whole numbers. A borrower costs events times
the series that hold them, and never more pieces than events and windows.

Columns of a cell: seconds, Σ high · seconds, Σ low · seconds, min, max, with the balance as
high · 2^32 + low, 0 <= low < 2^32. Seconds of a series overlap nowhere, so they add up to less than
1.55·10^9, from 1990 to 2038, and the sum of low halves stays below 2^63.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.exact import from_limbs, to_double
from tael.variables.kernel.rows import leave_out, put, visible
from tael.variables.kernel.sheet import NO_EVENT, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.balances import BalancesArrays, BalancesPlan

_DAY = 86400.0
_LOW = 0xFFFFFFFF
_MEAN, _MIN, _MAX, _LAST, _DAYS_BELOW = range(5)
_SECONDS, _HIGH_SUM, _LOW_SUM, _LEAST, _MOST, _COLUMNS = range(6)
_END, _WINDOW, _NEWEST, _STATE = range(4)
_NONE = -1


class Work(NamedTuple):
    """Memory of one run, used again for every borrower.

    Attributes:
        cells: int64[S, W, columns].
        below: int64[limits, W], seconds below each limit.
        series: int64[S, 3]: until when the next older balance stands, in the shortest window that
            is not full, W when all are, and the newest balance's event, -1 for none.
    """

    cells: NDArray[np.int64]
    below: NDArray[np.int64]
    series: NDArray[np.int64]


def run(
    plan: BalancesPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
) -> None:
    """Write the variables of borrowers ``first``, ``first + 1``, … into the rows of ``sheet``.

    Args:
        plan: what to compute.
        packed: the events; `verify` has let them through.
        asof: int64[B], UTC seconds, the instant as of which each borrower is looked at.
        first: place of the first borrower.
        sheet: a row each; the plan's outputs go into the columns from ``sheet.start``.

    Raises:
        BadInput: shapes or types do not fit, an as-of instant lies outside 1990 to 2038, or an
            event has a leaf that the plan has not.
    """
    check_run(plan, packed, asof, first, sheet)
    arrays = plan.arrays()
    series, windows = len(arrays.series_measures), len(arrays.windows)
    work = Work(
        cells=np.empty((series, windows, _COLUMNS), np.int64),
        below=np.empty((len(arrays.limits), windows), np.int64),
        series=np.empty((series, _STATE), np.int64),
    )
    _rows(arrays, packed.arrays(), asof[first : first + len(sheet.values)], first, (work, sheet))


@compiled
def _rows(
    plan: BalancesArrays,
    events: Events,
    asof: NDArray[np.int64],
    first: int,
    where: tuple[Work, Sheet],
) -> None:
    work, sheet = where
    for row in range(len(asof)):
        if not events.present[first + row]:
            leave_out(sheet, row, len(plan.program))
            continue
        _gather(plan, events, work, first + row, asof[row])
        _to_nested(work)
        for column in range(len(plan.program)):
            put(sheet, row, column, _answer(plan, events, work, column))


@inlined
def _gather(plan: BalancesArrays, events: Events, work: Work, b: int, asof: int) -> None:
    work.cells[:] = 0
    work.below[:] = 0
    work.series[:, _END] = asof
    work.series[:, _WINDOW] = 0
    work.series[:, _NEWEST] = _NONE
    full = 0
    for i in range(events.offsets[b], events.offsets[b + 1]):
        if not visible(events, i, asof):
            continue
        leaf = np.int64(events.leaf[i])
        for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
            at = plan.leaf_series[j]
            if work.series[at, _WINDOW] < len(plan.windows):
                full += _stand(plan, events, work, (at, i), asof)
        if full == len(work.series):
            break


@inlined
def _stand(
    plan: BalancesArrays, events: Events, work: Work, which: tuple[int, int], asof: int
) -> int:
    """Add what one event leaves to its series, window after window; 1 if the last is full now."""
    at, i = which
    state, since = work.series[at], events.time[i]
    balance = events.measures[plan.series_measures[at], i]
    if state[_NEWEST] == _NONE:
        state[_NEWEST] = i
    while state[_WINDOW] < len(plan.windows):
        left = asof - plan.windows[state[_WINDOW]]
        seconds = state[_END] - max(since, left)
        if seconds > 0:
            _add(work.cells[at, state[_WINDOW]], balance, seconds)
            for limit in range(plan.limit_starts[at], plan.limit_starts[at + 1]):
                if balance < plan.limits[limit]:
                    work.below[limit, state[_WINDOW]] += seconds
        if since >= left:
            state[_END] = since
            return 0
        state[_END] = left
        state[_WINDOW] += 1
    return 1


@inlined
def _add(cell: NDArray[np.int64], balance: int, seconds: int) -> None:
    if cell[_SECONDS] == 0 or balance < cell[_LEAST]:
        cell[_LEAST] = balance
    if cell[_SECONDS] == 0 or balance > cell[_MOST]:
        cell[_MOST] = balance
    cell[_SECONDS] += seconds
    cell[_HIGH_SUM] += (balance >> 32) * seconds
    cell[_LOW_SUM] += (balance & _LOW) * seconds


@inlined
def _to_nested(work: Work) -> None:
    for limit in range(len(work.below)):
        for window in range(1, work.below.shape[1]):
            work.below[limit, window] += work.below[limit, window - 1]
    for at in range(len(work.cells)):
        for window in range(1, work.cells.shape[1]):
            mine, less = work.cells[at, window], work.cells[at, window - 1]
            if less[_SECONDS] == 0:
                continue
            if mine[_SECONDS] == 0:
                for column in range(_COLUMNS):
                    mine[column] = less[column]
                continue
            mine[_SECONDS] += less[_SECONDS]
            mine[_HIGH_SUM] += less[_HIGH_SUM]
            mine[_LOW_SUM] += less[_LOW_SUM]
            mine[_LEAST] = min(mine[_LEAST], less[_LEAST])
            mine[_MOST] = max(mine[_MOST], less[_MOST])


@inlined
def _answer(plan: BalancesArrays, events: Events, work: Work, column: int) -> tuple[float, int]:
    code, at, window = plan.program[column, 0], plan.program[column, 1], plan.program[column, 2]
    if code == _DAYS_BELOW:
        return float(work.below[plan.program[column, 3], window]) / _DAY, VALUE
    newest, cell = work.series[at, _NEWEST], work.cells[at, window]
    if newest == _NONE:
        return np.nan, NO_EVENT
    if code == _LAST:
        return float(events.measures[plan.series_measures[at], newest]), VALUE
    if code == _MEAN:
        high, low = from_limbs(cell[_LOW_SUM], cell[_HIGH_SUM])
        return to_double(high, low) / float(cell[_SECONDS]), VALUE
    return float(cell[_LEAST if code == _MIN else _MOST]), VALUE
