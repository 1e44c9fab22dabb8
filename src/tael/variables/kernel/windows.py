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
from tael.variables.kernel.rows import leave_out, put
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.windows import WindowArrays, WindowPlan

_SAFE = 4e18  # below 2^62: products whose estimate is below this are taken in 64 bits
_TWO_32 = 4294967296.0
_DAY = 86400.0
(
    _N, _SUM, _MEAN, _MIN, _MAX, _STD, _CV, _LAST, _SLOPE, _SINCE_LAST,
    _SINCE_FIRST, _GAP, _DISTINCT, _SHARE_AMOUNT, _SHARE_COUNT, _VELOCITY,
    _VELOCITY_AMOUNT,
) = range(17)  # fmt: skip


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
    check_run(plan, packed, asof, first, sheet)
    most = int(np.diff(packed.offsets[first : last + 1]).max(initial=0))
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
    for row in range(len(asof)):
        if events.present[first + row]:
            gather(plan, events, work, first + row, asof[row])
            _write(plan, events, work, asof[row], (row, sheet))
        else:
            leave_out(sheet, row, len(plan.program))


@compiled
def _write(
    plan: WindowArrays, events: Events, work: Work, asof: int, where: tuple[int, Sheet]
) -> None:
    row, sheet = where
    for cell in range(len(work.cells)):
        empty = work.cells[cell, 0] == 0
        for j in range(plan.cell_starts[cell], plan.cell_starts[cell + 1]):
            code, column = plan.program[j, 0], plan.program[j, 1]
            if code >= _SHARE_AMOUNT:
                answer = _ratio(work, code, column, cell, plan.program[j, 2])
            elif empty:
                answer = _of_nothing(code)
            elif code in (_SINCE_LAST, _SINCE_FIRST, _GAP):
                answer = _of_times(events, work, code, cell, asof)
            elif code in (_STD, _CV, _SLOPE):
                answer = _of_moments(work, code, column, cell)
            else:
                answer = _plain(events, work, code, column, cell), VALUE
            put(sheet, row, plan.program[j, 3], answer)


@inlined
def _of_nothing(code: int) -> tuple[float, int]:
    if code in (_N, _SUM, _DISTINCT):
        return 0.0, VALUE
    return np.nan, NO_EVENT


@inlined
def _plain(  # noqa: PLR0911 - a line an aggregate
    events: Events, work: Work, code: int, column: int, cell: int
) -> float:
    cells = work.cells
    if code == _SUM:
        return float(cells[cell, column])
    if code == _MEAN:
        return float(cells[cell, column]) / float(cells[cell, 0])
    if code == _MIN:
        return float(cells[cell, column + 4])
    if code == _MAX:
        return float(cells[cell, column + 5])
    if code == _LAST:
        return float(events.measures[(column - 5) // 6, cells[cell, 1]])
    if code == _DISTINCT:
        return float(work.distinct[cell])
    return float(cells[cell, 0])


@inlined
def _of_times(events: Events, work: Work, code: int, cell: int, asof: int) -> tuple[float, int]:
    newest, oldest = events.time[work.cells[cell, 1]], events.time[work.cells[cell, 2]]
    if code == _SINCE_LAST:
        return float(asof - newest) / _DAY, VALUE
    if code == _SINCE_FIRST:
        return float(asof - oldest) / _DAY, VALUE
    gaps = work.cells[cell, 0] - 1
    if gaps == 0:
        return np.nan, UNDEFINED
    return float(newest - oldest) / float(86400 * gaps), VALUE


@inlined
def _ratio(work: Work, code: int, column: int, cell: int, other: int) -> tuple[float, int]:
    if work.cells[other, 0] == 0:
        return np.nan, NO_EVENT
    counted = 0 if code in (_SHARE_COUNT, _VELOCITY) else column
    part, whole = np.int64(0), work.cells[other, counted]
    if work.cells[cell, 0] != 0:
        part = work.cells[cell, counted]
    if whole == 0:
        return np.nan, UNDEFINED
    if part == 0:
        return 0.0, VALUE  # never -0.0
    return float(part) / float(whole), VALUE


@inlined
def _of_moments(work: Work, code: int, column: int, cell: int) -> tuple[float, int]:
    if work.cells[cell, 0] == 1:
        return np.nan, UNDEFINED
    if code == _SLOPE:
        return _slope(work.cells, column, cell)
    deviation = _deviation(work.cells, column, cell)
    if code == _STD:
        return deviation, VALUE
    total = work.cells[cell, column]
    if total == 0:
        return np.nan, UNDEFINED
    return deviation / (float(abs(total)) / float(work.cells[cell, 0])), VALUE


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
