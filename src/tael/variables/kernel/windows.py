"""Window variables, compiled: the rows of a sheet, a run of cells at a time. Imports numba."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel import answers
from tael.variables.kernel.cells import (
    LEVELS,
    SUMS_OF_EVENTS,
    SUMS_OF_MEASURE,
    TOPS_OF_EVENTS,
    TOPS_OF_MEASURE,
    Work,
    gather,
)
from tael.variables.kernel.checks import check_run
from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import slots_for
from tael.variables.kernel.rows import leave_out
from tael.variables.kernel.sheet import NO_EVENT, VALUE, Sheet
from tael.variables.packing.packed import Events, Packed
from tael.variables.plan.windows import WindowArrays, WindowPlan

(
    _N, _SUM, _MEAN, _MIN, _MAX, _STD, _CV, _LAST, _SLOPE, _SINCE_LAST, _SINCE_FIRST, _GAP,
    _DISTINCT, _SHARE_AMOUNT, _SHARE_COUNT, _VELOCITY,
) = range(16)  # fmt: skip
_memory = threading.local()
_MOST_KEPT, _MOST_KEPT_BYTES = 64, 2**20


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
    end = first + len(sheet.values)
    most = check_run(plan, packed, asof, first, sheet)
    _rows(plan.arrays(), packed.arrays(), asof[first:end], first, (_work(plan, most), sheet))


def _work(plan: WindowPlan, events: int) -> Work:
    """Memory for borrowers with at most ``events`` events; that of this thread's last run of it.

    For one borrower, asking for memory takes as long as computing. Much of it is not kept.
    """
    kept: dict[str, tuple[int, Work]] = _memory.__dict__.setdefault("kept", {})
    known = kept.get(plan.hash)
    if known is not None and known[0] >= events:
        return known[1]
    made = _new_work(plan, events)
    if sum(array.nbytes for array in made) <= _MOST_KEPT_BYTES:
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[plan.hash] = events, made
    return made


def _new_work(plan: WindowPlan, events: int) -> Work:
    cells = len(plan.windows) * len(plan.filters)
    leaves = len(plan.windows) * plan.leaves
    sums = SUMS_OF_EVENTS + SUMS_OF_MEASURE * plan.measures
    tops = TOPS_OF_EVENTS + TOPS_OF_MEASURE * plan.measures
    slots, words = slots_for(events), plan.arrays().leaf_masks.shape[1]
    return Work(
        leaf_used=np.empty(leaves, np.bool_),
        leaf_cells=np.empty(leaves, np.int64),
        leaf_sums=np.empty((leaves, sums), np.int64),
        leaf_tops=np.empty((leaves, tops), np.int64),
        sums=np.empty((cells, sums), np.int64),
        tops=np.empty((cells, tops), np.int64),
        columns=np.empty((sums + tops, cells), np.int64),
        distinct=np.empty(cells, np.int64),
        keys=np.empty(slots, np.int64),
        seen=np.empty((slots, words), np.uint64),
        digits=np.zeros((words, LEVELS), np.uint64),
        values=np.empty(plan.width),
        reasons=np.empty(plan.width, np.uint8),
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
        values = sheet.values[row, sheet.start : sheet.start + width]
        reasons = sheet.reasons[row, sheet.start : sheet.start + width]
        if gather(plan, events, work, first + row, asof[row]) == 0:
            for column in range(width):
                nothing = plan.nothing[column]
                values[column] = nothing
                reasons[column] = VALUE if nothing == 0.0 else NO_EVENT
        elif len(plan.order) == 0:
            _write(plan, events, work, asof[row], (values, reasons))
        else:
            _write(plan, events, work, asof[row], (work.values, work.reasons))
            for place in range(width):
                values[plan.order[place]] = work.values[place]
                reasons[plan.order[place]] = work.reasons[place]


@compiled
def _write(plan: WindowArrays, events: Events, work: Work, asof: int, into: answers.Row) -> None:
    """The outputs of a borrower, a run at a time."""
    begin = 0
    for number in range(len(plan.runs)):
        code, measure, cell, other, length = plan.runs[number]
        row = into[0][begin : begin + length], into[1][begin : begin + length]
        begin += length
        at = (cell, cell + length, other)
        if code >= _SHARE_AMOUNT:
            _compare(work, (code, measure), at, row)
        elif code in (_N, _LAST, _SINCE_LAST, _SINCE_FIRST, _GAP, _DISTINCT):
            _of_events(events, work, (code, measure, asof), at, row)
        else:
            _of_measure(work, (code, measure), at, row)


@inlined
def _of_events(
    events: Events,
    work: Work,
    what: tuple[int, int, int],
    at: tuple[int, int, int],
    row: answers.Row,
) -> None:
    code, measure, asof = what
    cells, sums = slice(at[0], at[1]), work.sums.shape[1]
    n = work.columns[0, cells]
    newest, oldest = work.columns[sums + 1, cells], work.columns[sums + 2, cells]
    if code == _N:
        answers.count(n, row)
    elif code == _DISTINCT:
        answers.count(work.distinct[cells], row)
    elif code == _LAST:
        answers.last(n, work.columns[sums, cells], events.measures[measure], row)
    elif code == _SINCE_LAST:
        answers.days_since(n, newest, 1, asof, row)
    elif code == _SINCE_FIRST:
        answers.days_since(n, oldest, -1, asof, row)
    else:
        answers.gap_mean(n, newest, oldest, row)


@inlined
def _of_measure(
    work: Work, what: tuple[int, int], at: tuple[int, int, int], row: answers.Row
) -> None:
    code, measure = what
    cells, columns = slice(at[0], at[1]), work.columns
    n, first = columns[0, cells], SUMS_OF_EVENTS + SUMS_OF_MEASURE * measure
    top = work.sums.shape[1] + TOPS_OF_EVENTS + TOPS_OF_MEASURE * measure
    total = columns[first, cells]
    if code == _SUM:
        answers.count(total, row)
    elif code == _MEAN:
        answers.mean(n, total, row)
    elif code == _MIN:
        answers.plain(n, columns[top, cells], -1, row)
    elif code == _MAX:
        answers.plain(n, columns[top + 1, cells], 1, row)
    elif code == _SLOPE:
        days = columns[1, cells], columns[2, cells]
        answers.slope(n, days, (total, columns[first + 3, cells]), row)
    else:
        answers.deviation(n, (total, columns[first + 1, cells], columns[first + 2, cells]), row)
        if code == _CV:
            answers.variation(n, total, row)


@inlined
def _compare(work: Work, what: tuple[int, int], at: tuple[int, int, int], row: answers.Row) -> None:
    """Shares and velocities; ``at`` names the cells, and the first that they are compared with."""
    code, measure = what
    begin, end, other = at
    counted = code in (_SHARE_COUNT, _VELOCITY)
    column = work.columns[0 if counted else SUMS_OF_EVENTS + SUMS_OF_MEASURE * measure]
    n = work.columns[0]
    if code in (_SHARE_AMOUNT, _SHARE_COUNT):
        answers.share(column[begin:end], n[other], column[other], row)
    else:
        longer = slice(other, other + end - begin)
        answers.velocity(column[begin:end], n[longer], column[longer], row)
