"""State variables, compiled: from the newest event of each key to values. Imports numba.

A state goes into the cell of its leaf, then leaves are added to the filters that hold them. Columns
of a cell: n, then Σa and max of each measure. A borrower costs events, leaves and outputs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import Keys, make_keys, shift_for, slot_of
from tael.variables.kernel.rows import leave_out, put, visible
from tael.variables.kernel.sheet import NO_EVENT, UNDEFINED, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.states import StatesArrays, StatesPlan

_N, _SUM, _MAX, _SHARE_AMOUNT, _SHARE_COUNT, _RATIO = range(6)


class Work(NamedTuple):
    """Memory of one run, used again for every borrower.

    Attributes:
        leaves: int64[L, columns], cells of leaves.
        cells: int64[F, columns], cells of filters.
        keys: a table of so many slots.
    """

    leaves: NDArray[np.int64]
    cells: NDArray[np.int64]
    keys: Keys


def run(
    plan: StatesPlan, packed: Packed, asof: NDArray[np.int64], first: int, sheet: Sheet
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
    most = check_run(plan, packed, asof, first, sheet)
    last = first + len(sheet.values)
    columns = 1 + 2 * plan.measures
    work = Work(
        leaves=np.zeros((plan.leaves, columns), np.int64),
        cells=np.zeros((len(plan.filters), columns), np.int64),
        keys=make_keys(most if plan.keyed else 0),
    )
    _rows(plan.arrays(), packed.arrays(), asof[first:last], first, (work, sheet))


@compiled
def _rows(
    plan: StatesArrays,
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
        for column in range(len(plan.program)):
            put(sheet, row, column, _answer(plan, work, column))


@inlined
def _gather(plan: StatesArrays, events: Events, work: Work, b: int, asof: int) -> None:
    work.leaves[:, 0] = 0
    work.cells[:, 0] = 0
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    for i in range(begin, end):
        if not visible(events, i, asof):
            continue
        newest = True
        if plan.sizes[2] != 0:
            _, newest = slot_of(work.keys, events.key[i], b + 1, shift)
        if newest:
            _add(events, work.leaves, np.int64(events.leaf[i]), i)
    for leaf in range(len(work.leaves)):
        if work.leaves[leaf, 0] != 0:
            for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
                _merge(work.cells, plan.leaf_filters[j], work.leaves, leaf)


@inlined
def _add(events: Events, cells: NDArray[np.int64], leaf: np.int64, i: int) -> None:
    first = cells[leaf, 0] == 0
    cells[leaf, 0] += 1
    for measure in range(len(events.measures)):
        amount = events.measures[measure, i]
        if first:
            cells[leaf, 1 + 2 * measure] = amount
            cells[leaf, 2 + 2 * measure] = amount
        else:
            cells[leaf, 1 + 2 * measure] += amount
            cells[leaf, 2 + 2 * measure] = max(cells[leaf, 2 + 2 * measure], amount)


@inlined
def _merge(into: NDArray[np.int64], cell: int, leaves: NDArray[np.int64], leaf: int) -> None:
    mine, more = into[cell], leaves[leaf]
    first = mine[0] == 0
    mine[0] += more[0]
    for column in range(1, len(mine), 2):
        mine[column] = more[column] if first else mine[column] + more[column]
        mine[column + 1] = more[column + 1] if first else max(mine[column + 1], more[column + 1])


@inlined
def _answer(plan: StatesArrays, work: Work, column: int) -> tuple[float, int]:
    code, mine = plan.program[column, 0], work.cells[plan.program[column, 1]]
    total = 1 + 2 * plan.program[column, 2]
    if code == _SHARE_COUNT:
        return _part(mine, work.cells[plan.program[column, 4]], 0, 0)
    if code == _SHARE_AMOUNT:
        return _part(mine, work.cells[plan.program[column, 4]], total, total)
    if code == _RATIO:
        return _part(mine, mine, total, 1 + 2 * plan.program[column, 3])
    if code == _N:
        return float(mine[0]), VALUE
    if mine[0] == 0:
        return (0.0, VALUE) if code == _SUM else (np.nan, NO_EVENT)
    return float(mine[total if code == _SUM else total + 1]), VALUE


@inlined
def _part(
    mine: NDArray[np.int64], base: NDArray[np.int64], over: int, under: int
) -> tuple[float, int]:
    """One column of a cell over one of another, which holds at least as many states."""
    if base[0] == 0:
        return np.nan, NO_EVENT
    if base[under] == 0:
        return np.nan, UNDEFINED
    if mine[0] == 0 or mine[over] == 0:
        return 0.0, VALUE  # never -0.0
    return float(mine[over]) / float(base[under]), VALUE
