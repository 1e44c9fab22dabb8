"""Concentration variables, compiled: whole totals by key as the window grows. Imports numba.

The visible events of a borrower and the number of each one's key are found once. Then they are
added up by key and by series, a filter and a measure, newest first; where a window ends the totals
that there are by then are looked at.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.exact import plus, product, to_double
from tael.variables.kernel.keys import Keys, make_keys, shift_for, slot_of
from tael.variables.kernel.rows import leave_out, put, visible
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.concentration import EVENTS, ConcentrationArrays, ConcentrationPlan

_TOP1, _TOP5, _HHI = range(3)
_ZERO = np.uint64(0)


class _Work(NamedTuple):
    """Memory of one run; E the most events of a borrower.

    Attributes:
        table: the keys of a borrower.
        numbers: int64[slots], the key's number, counted from 0 in the order of the events.
        places: int64[E], visible events, newest first.
        keys: int64[E], the number of each one's key.
        ends: int64[W], how many of them each window holds.
        sizes: int64[S], how many totals a series has.
        lines: int64[S·E], series by series and key by key, which of its totals is the key's, or -1.
        totals: int64[S·E], series by series.
    """

    table: Keys
    numbers: NDArray[np.int64]
    places: NDArray[np.int64]
    keys: NDArray[np.int64]
    ends: NDArray[np.int64]
    sizes: NDArray[np.int64]
    lines: NDArray[np.int64]
    totals: NDArray[np.int64]


def run(
    plan: ConcentrationPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
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
    most = check_run(plan, packed, asof, first, sheet)
    last = first + len(sheet.values)
    _rows(plan.arrays(), packed.arrays(), asof[first:last], first, (_work(plan, most), sheet))


def _work(plan: ConcentrationPlan, events: int) -> _Work:
    table, series = make_keys(events), len(plan.arrays().weights)
    numbers = len(table.keys), events, events, len(plan.windows), series
    totals = series * events, series * events
    return _Work(table, *(np.empty(size, np.int64) for size in (*numbers, *totals)))


@compiled
def _rows(
    plan: ConcentrationArrays,
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
        keys = _gather(plan, events, work, first + row, asof[row])
        work.sizes[:] = 0
        work.lines[: keys * len(work.sizes)] = -1
        begin = 0
        for window in range(len(plan.windows)):
            for j in range(begin, work.ends[window]):
                _add(plan, events, work, j, keys)
            begin = work.ends[window]
            for series in range(len(work.sizes)):
                _write(plan, work, (series, window, series * keys), (row, sheet))


@inlined
def _gather(plan: ConcentrationArrays, events: Events, work: _Work, b: int, asof: int) -> int:
    """Note the events of borrower ``b`` that are visible, and how many keys they have."""
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    count, keys, window = 0, 0, 0
    for i in range(begin, end):
        if not visible(events, i, asof):
            continue
        while window < len(plan.windows) and events.time[i] < asof - plan.windows[window]:
            work.ends[window] = count
            window += 1
        if window == len(plan.windows):
            break
        slot, fresh = slot_of(work.table, events.key[i], b + 1, shift)
        if fresh:
            work.numbers[slot] = keys
            keys += 1
        work.places[count] = i
        work.keys[count] = work.numbers[slot]
        count += 1
    work.ends[window:] = count
    return keys


@inlined
def _add(plan: ConcentrationArrays, events: Events, work: _Work, j: int, keys: int) -> None:
    """Visible event ``j`` to the totals of its key in each series of its leaf."""
    i, key = work.places[j], work.keys[j]
    leaf = np.int64(events.leaf[i])
    for place in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
        series = plan.leaf_series[place]
        base, weight = series * keys, plan.weights[series]
        line = work.lines[base + key]
        if line < 0:
            line = work.sizes[series]
            work.sizes[series] = line + 1
            work.lines[base + key] = line
            work.totals[base + line] = 0
        work.totals[base + line] += 1 if weight == EVENTS else events.measures[weight, i]


@inlined
def _write(
    plan: ConcentrationArrays, work: _Work, at: tuple[int, int, int], where: tuple[int, Sheet]
) -> None:
    (series, window, base), (row, sheet) = at, where
    cell = series * len(plan.windows) + window
    lines = work.sizes[series]
    if plan.cell_starts[cell] < plan.cell_starts[cell + 1]:
        first, five, whole, squares = _look(work.totals, base, base + lines)
        for j in range(plan.cell_starts[cell], plan.cell_starts[cell + 1]):
            if lines == 0:
                answer = np.nan, NO_EVENT
            elif whole == 0:
                answer = np.nan, UNDEFINED
            elif plan.program[j, 0] == _HHI:
                answer = squares / (float(whole) * float(whole)), VALUE
            else:
                part = first if plan.program[j, 0] == _TOP1 else five
                answer = float(part) / float(whole), VALUE
            put(sheet, row, plan.program[j, 1], answer)


@compiled
def _look(totals: NDArray[np.int64], begin: int, end: int) -> tuple[int, int, int, float]:
    """Of the totals above 0: the largest, the five largest together, all, and the squares."""
    top = (0, 0, 0, 0, 0)  # falling
    whole = 0
    squares = (_ZERO, _ZERO)
    for line in range(begin, end):
        total = totals[line]
        if total <= 0:
            continue
        whole += total
        size = np.uint64(total)
        squares = plus(squares, product(size, size))
        if total > top[4]:
            top = _placed(top, total)
    return top[0], top[0] + top[1] + top[2] + top[3] + top[4], whole, to_double(*squares)


@inlined
def _placed(top: tuple[int, int, int, int, int], new: int) -> tuple[int, int, int, int, int]:
    """The five largest of five, falling, and another; each is between its neighbours' bounds."""
    a, b, c, d, e = top
    return (
        max(a, new),
        max(min(a, new), b),
        max(min(b, new), c),
        max(min(c, new), d),
        max(min(d, new), e),
    )
