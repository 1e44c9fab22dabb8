"""Window variables, compiled: from the cells of a borrower to values and reasons. Imports numba.

The one place where whole numbers become floats: each result is one conversion of exact integers and
at most a division, a square root and a division more, in this order, with no function of libm.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.cells import Work, gather
from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.exact import less, product, signed_product, times_limbs, to_double
from tael.variables.kernel.keys import make_keys
from tael.variables.kernel.rows import leave_out
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.windows import AGGREGATES, MOMENTS, TIMES, TREND, WindowArrays, WindowPlan

_SAFE = 4e18  # below 2^62: products whose estimate is below this are taken in 64 bits
_TWO_32 = 4294967296.0
_DAY = 86400.0
(
    _N, _SUM, _MEAN, _MIN, _MAX, _STD, _CV, _LAST, _SLOPE, _SINCE_LAST,
    _SINCE_FIRST, _GAP, _DISTINCT,
) = range(13)  # fmt: skip


def run(
    plan: WindowPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
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
    last = first + len(sheet.values)
    most = check_run(plan, packed, asof, first, sheet)
    _rows(plan.arrays(), packed.arrays(), asof[first:last], first, (_work(plan, most), sheet))


def _work(plan: WindowPlan, events: int) -> Work:
    windows, filters = len(plan.windows), len(plan.filters)
    columns = 5 + 6 * plan.measures
    keys = make_keys(events)
    return Work(
        leaves=np.empty((plan.leaves * windows, columns), np.int64),
        cells=np.empty((filters * windows, columns), np.int64),
        distinct=np.zeros(filters * windows, np.int64),
        keys=keys,
        seen=np.empty((len(keys.keys), -(-filters // 64)), np.uint64),
        values=np.empty(len(AGGREGATES)),
        reasons=np.zeros(len(AGGREGATES), np.uint8),
    )


@compiled
def _rows(
    plan: WindowArrays,
    events: Events,
    asof: NDArray[np.int64],
    first: int,
    where: tuple[Work, Sheet],
) -> None:
    work, sheet = where
    width = len(plan.nothing)
    for row in range(len(asof)):
        if not events.present[first + row]:
            leave_out(sheet, row, width)
            continue
        gather(plan, events, work, first + row, asof[row])
        values = sheet.values[row, sheet.start : sheet.start + width]
        reasons = sheet.reasons[row, sheet.start : sheet.start + width]
        for column in range(width):
            nothing = plan.nothing[column]
            values[column] = nothing
            reasons[column] = VALUE if nothing == 0.0 else NO_EVENT
        _write(plan, events, work, asof[row], (values, reasons))
        _compare(plan, work, values, reasons)


@inlined
def _write(
    plan: WindowArrays,
    events: Events,
    work: Work,
    asof: int,
    row: tuple[NDArray[np.float64], NDArray[np.uint8]],
) -> None:
    """What each cell that holds an event says."""
    values, reasons = row
    for group in range(len(plan.groups)):
        cell, column, wants = plan.groups[group]
        if work.cells[cell, 0] == 0:
            continue
        if column == 0:
            _of_events(events, work, cell, wants, asof)
        else:
            _of_measure(events, work, (cell, column, wants))
        for j in range(plan.group_starts[group], plan.group_starts[group + 1]):
            code, place = plan.lines[j, 0], plan.lines[j, 1]
            values[place] = work.values[code]
            reasons[place] = work.reasons[code]


@inlined
def _of_events(events: Events, work: Work, cell: int, wants: int, asof: int) -> None:
    n = work.cells[cell, 0]
    work.values[_N] = float(n)
    work.values[_DISTINCT] = float(work.distinct[cell])
    if not wants & TIMES:
        return
    newest, oldest = events.time[work.cells[cell, 1]], events.time[work.cells[cell, 2]]
    work.values[_SINCE_LAST] = float(asof - newest) / _DAY
    work.values[_SINCE_FIRST] = float(asof - oldest) / _DAY
    work.values[_GAP] = np.nan if n == 1 else float(newest - oldest) / float(86400 * (n - 1))
    work.reasons[_GAP] = UNDEFINED if n == 1 else VALUE


@inlined
def _of_measure(events: Events, work: Work, group: tuple[int, int, int]) -> None:
    cell, column, wants = group
    cells, values, reasons = work.cells, work.values, work.reasons
    n, total = cells[cell, 0], cells[cell, column]
    values[_SUM] = float(total)
    values[_MEAN] = float(total) / float(n)
    values[_MIN] = float(cells[cell, column + 4])
    values[_MAX] = float(cells[cell, column + 5])
    values[_LAST] = float(events.measures[(column - 5) // 6, cells[cell, 1]])
    if wants & MOMENTS:
        deviation = np.nan if n == 1 else _deviation(cells, column, cell)
        values[_STD] = deviation
        reasons[_STD] = UNDEFINED if n == 1 else VALUE
        unknown = n == 1 or total == 0
        values[_CV] = np.nan if unknown else deviation / (float(abs(total)) / float(n))
        reasons[_CV] = UNDEFINED if unknown else VALUE
    if wants & TREND:
        values[_SLOPE], reasons[_SLOPE] = _slope(cells, column, cell)


@inlined
def _compare(
    plan: WindowArrays, work: Work, values: NDArray[np.float64], reasons: NDArray[np.uint8]
) -> None:
    """Shares and velocities, of empty cells too."""
    for j in range(len(plan.ratios)):
        cell, other, column, place = plan.ratios[j]
        if work.cells[other, 0] == 0:
            continue
        whole = work.cells[other, column]
        part = work.cells[cell, column] if work.cells[cell, 0] != 0 else np.int64(0)
        if whole == 0:
            reasons[place] = UNDEFINED
        else:
            values[place] = float(part) / float(whole) if part != 0 else 0.0  # never -0.0
            reasons[place] = VALUE


@inlined
def _deviation(cells: NDArray[np.int64], column: int, cell: int) -> float:
    """Of the sample: the root of (n·Σa² - (Σa)²) / (n·(n - 1))."""
    n, total = cells[cell, 0], cells[cell, column]
    low, high = cells[cell, column + 1], cells[cell, column + 2]
    if float(n) * (float(high) * _TWO_32 + float(low)) < _SAFE:
        spread = float(n * ((high << 32) + low) - total * total)
    else:
        size = np.uint64(abs(total))
        top, bottom = less(times_limbs(n, low, high), product(size, size))
        spread = to_double(top, bottom)
    return float(np.sqrt(spread / float(n * (n - 1))))


@inlined
def _slope(cells: NDArray[np.int64], column: int, cell: int) -> tuple[float, int]:
    """Of least squares, amount a day, rising towards the as-of instant.

    (Σa·Σd - n·Σa·d) / (n·Σd² - (Σd)²) with d in days before the instant.
    """
    if cells[cell, 0] == 1:
        return np.nan, UNDEFINED
    n, days, squares = cells[cell, 0], cells[cell, 3], cells[cell, 4]
    total, moment = cells[cell, column], cells[cell, column + 3]
    spread = _difference(n, squares, days, days)
    if spread == 0.0:
        return np.nan, UNDEFINED
    return _difference(total, days, n, moment) / spread, VALUE


@compiled
def _difference(a: int, b: int, c: int, d: int) -> float:
    """a·b - c·d, exact until it is rounded once."""
    if abs(float(a) * float(b)) < _SAFE and abs(float(c) * float(d)) < _SAFE:
        return float(a * b - c * d)
    top, bottom = less(signed_product(a, b), signed_product(c, d))
    return to_double(top, bottom)
