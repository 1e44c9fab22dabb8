"""Concentration variables, compiled: whole totals by key as the window grows. Imports numba.

The visible events of a borrower and the number of each one's key are found once. Then each series,
a filter and a measure, is added up by key, newest event first, and looked at where a window ends.
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
        windows: int64[E], the shortest window that holds each.
        lines: int64[E], where a key's total stands in `totals`; -1: nowhere yet in this series.
        totals: int64[E], by key.
    """

    table: Keys
    numbers: NDArray[np.int64]
    places: NDArray[np.int64]
    keys: NDArray[np.int64]
    windows: NDArray[np.int64]
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
    table = make_keys(most)
    some = [np.empty(most, np.int64) for _ in range(5)]
    work = _Work(table, np.empty(len(table.keys), np.int64), *some)
    _rows(plan.arrays(), packed.arrays(), asof[first:last], first, (work, sheet))


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
        count, keys = _gather(plan, events, work, first + row, asof[row])
        for series in range(len(plan.weights)):
            _add_up(plan, events, work, (series, count, keys), (row, sheet))


@inlined
def _gather(
    plan: ConcentrationArrays, events: Events, work: _Work, b: int, asof: int
) -> tuple[int, int]:
    """Note the events of borrower ``b`` that are visible: how many they and their keys are."""
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    count, keys, window = 0, 0, 0
    for i in range(begin, end):
        if not visible(events, i, asof):
            continue
        while window < len(plan.windows) and events.time[i] < asof - plan.windows[window]:
            window += 1
        if window == len(plan.windows):
            break
        slot, fresh = slot_of(work.table, events.key[i], b + 1, shift)
        if fresh:
            work.numbers[slot] = keys
            keys += 1
        work.places[count] = i
        work.keys[count] = work.numbers[slot]
        work.windows[count] = window
        count += 1
    return count, keys


@inlined
def _add_up(
    plan: ConcentrationArrays,
    events: Events,
    work: _Work,
    sizes: tuple[int, int, int],
    where: tuple[int, Sheet],
) -> None:
    """One series: totals by key, looked at where each window ends."""
    series, count, keys = sizes
    work.lines[:keys] = -1
    weight = plan.weights[series]
    lines, j = 0, 0
    for window in range(len(plan.windows)):
        while j < count and work.windows[j] == window:
            i, key = work.places[j], work.keys[j]
            j += 1
            if not plan.holds[series, events.leaf[i]]:
                continue
            if work.lines[key] < 0:
                work.lines[key] = lines
                work.totals[lines] = 0
                lines += 1
            work.totals[work.lines[key]] += 1 if weight == EVENTS else events.measures[weight, i]
        cell = series * len(plan.windows) + window
        if plan.cell_starts[cell] < plan.cell_starts[cell + 1]:
            _write(plan, work, (cell, lines), where)


@inlined
def _write(
    plan: ConcentrationArrays, work: _Work, what: tuple[int, int], where: tuple[int, Sheet]
) -> None:
    (cell, lines), (row, sheet) = what, where
    first, five, whole, squares = _look(work.totals, lines)
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
def _look(totals: NDArray[np.int64], lines: int) -> tuple[int, int, int, float]:
    """Of the totals above 0: the largest, the five largest together, all, and the squares."""
    top = (0, 0, 0, 0, 0)  # falling
    whole = 0
    squares = (_ZERO, _ZERO)
    for line in range(lines):
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
