"""From events to cells: whole numbers for each filter and window, for compiled loops.

A borrower's events are read newest to oldest, so the window only ever grows. Each event goes into
one cell, its leaf's in the shortest window that holds it. Then leaves are added to the filters that
hold them, the cells are laid out column by column, and shorter windows are added to longer ones.
Everything is integers: no order of adding changes a bit.

Cells are numbered window by window: cell = window · F + filter. Sums of a cell: n, Σday, Σday²,
then of each measure Σa, the low 32 bits of Σa², its other bits, Σa·day. Tops of a cell, the largest
of: -newest (place of the event), oldest, then of each measure -a and a. day = whole days before the
as-of instant. Columns are the sums, then the tops.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import Keys, Place, shift_for, slot_of
from tael.variables.packing.packed import Events
from tael.variables.plan.windows import WindowArrays

_DAY = 86_400
_HALF_BITS, _LOW_HALF = 20, (1 << 20) - 1
_WORD = 1 << 31  # the square of a smaller amount fits 62 bits
_LOW = 0xFFFFFFFF
_LEAST = -(1 << 62)  # below every top
_ZERO, _ONE = np.uint64(0), np.uint64(1)
SUMS_OF_EVENTS, SUMS_OF_MEASURE = 3, 4
TOPS_OF_EVENTS, TOPS_OF_MEASURE = 2, 2


class Work(NamedTuple):
    """Memory of one run, used again for every borrower; S sums and T tops a cell.

    Attributes:
        leaf_used: bool[L·W], whether the leaf's cell holds an event.
        leaf_cells: int64[L·W], the cells that do, by leaf · W + window.
        leaf_sums: int64[L·W, S].
        leaf_tops: int64[L·W, T].
        sums: int64[W·F, S], of filters, by shortest window.
        tops: int64[W·F, T], the same.
        columns: int64[S + T, W·F], of filters, by nested window.
        distinct: int64[W·F], keys, at last by nested window.
        keys: a table of so many slots.
        seen: uint64[slots, words], bit f says that filter f has seen the key.
        values: float64[outputs], a row on its way to a sheet of another order.
        reasons: uint8[outputs], the same.
    """

    leaf_used: NDArray[np.bool_]
    leaf_cells: NDArray[np.int64]
    leaf_sums: NDArray[np.int64]
    leaf_tops: NDArray[np.int64]
    sums: NDArray[np.int64]
    tops: NDArray[np.int64]
    columns: NDArray[np.int64]
    distinct: NDArray[np.int64]
    keys: Keys
    seen: NDArray[np.uint64]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]


@compiled
def gather(plan: WindowArrays, events: Events, work: Work, b: int, asof: int) -> int:
    """Fill the columns of borrower ``b``; what is not visible at ``asof`` is not looked at.

    Returns:
        How many cells of leaves hold an event; 0: the columns are not filled.
    """
    used = _read(plan, events, work, b, asof)
    if used == 0:
        return 0
    _to_filters(plan, work, used)
    _to_columns(work)
    _to_nested(plan, work)
    return used


@inlined
def _read(plan: WindowArrays, events: Events, work: Work, b: int, asof: int) -> int:
    counts = plan.sizes[1] != 0
    last, filters = len(plan.windows), len(work.distinct) // len(plan.windows)
    work.leaf_used[:] = False
    if counts:
        work.distinct[:] = 0
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    used = window = 0
    bound = asof - plan.windows[0]
    for i in range(begin, end):
        time = events.time[i]
        # Without branches: which of the three hides an event cannot be guessed.
        if (time >= asof) | (events.visible_from[i] > asof) | (events.visible_to[i] <= asof):
            continue
        while time < bound and window < last:
            window += 1
            if window < last:
                bound = asof - plan.windows[window]
        if window == last:
            break
        leaf = np.int64(events.leaf[i])
        cell = leaf * last + window
        if not work.leaf_used[cell]:
            _open(work, cell, i)
            work.leaf_cells[used] = cell
            used += 1
        _add(events, work, cell, i, (asof - time) // _DAY)
        if counts:
            slot, fresh = slot_of(work.keys, events.key[i], b + 1, shift)
            if fresh:
                work.seen[slot, :] = _ZERO
            _see(plan, work, slot, leaf, window * filters)
    return used


@inlined
def _open(work: Work, cell: Place, i: int) -> None:
    """An empty cell, into which the event ``i`` goes first: it is the newest."""
    work.leaf_used[cell] = True
    work.leaf_sums[cell, :] = 0
    work.leaf_tops[cell, :] = _LEAST
    work.leaf_tops[cell, 0] = -i


@inlined
def _add(events: Events, work: Work, cell: Place, i: int, day: int) -> None:
    sums, tops = work.leaf_sums[cell], work.leaf_tops[cell]
    sums[0] += 1
    sums[1] += day
    sums[2] += day * day
    tops[1] = i
    for measure in range(len(events.measures)):
        amount = events.measures[measure, i]
        size = abs(amount)
        at = SUMS_OF_EVENTS + SUMS_OF_MEASURE * measure
        sums[at] += amount
        if size < _WORD:
            square = size * size
            sums[at + 1] += square & _LOW
            sums[at + 2] += square >> 32
        else:  # at most 10^12 < 2^40: in two limbs of 20 bits each
            upper, lower = size >> _HALF_BITS, size & _LOW_HALF
            rest = ((2 * upper * lower) << _HALF_BITS) + lower * lower
            sums[at + 1] += rest & _LOW
            sums[at + 2] += ((upper * upper) << 8) + (rest >> 32)
        sums[at + 3] += amount * day
        at = TOPS_OF_EVENTS + TOPS_OF_MEASURE * measure
        tops[at] = max(tops[at], -amount)
        tops[at + 1] = max(tops[at + 1], amount)


@inlined
def _see(plan: WindowArrays, work: Work, slot: Place, leaf: Place, row: int) -> None:
    """Count the key in the filters that see it for the first time: in its newest event.

    Added without a branch: whether a filter has seen the key cannot be guessed.
    """
    for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
        number = plan.leaf_filters[j]
        unseen = ~work.seen[slot, number >> 6] >> np.uint64(number & 63)
        work.distinct[row + number] += np.int64(unseen & _ONE)
    for word in range(plan.leaf_masks.shape[1]):
        work.seen[slot, word] |= plan.leaf_masks[leaf, word]


@inlined
def _to_filters(plan: WindowArrays, work: Work, used: int) -> None:
    last, filters = len(plan.windows), len(work.distinct) // len(plan.windows)
    work.sums[:] = 0
    work.tops[:] = _LEAST
    for place in range(used):
        cell = work.leaf_cells[place]
        leaf = cell // last
        row = (cell - leaf * last) * filters
        sums, tops = work.leaf_sums[cell], work.leaf_tops[cell]
        for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
            into = work.sums[row + plan.leaf_filters[j]]
            for column in range(len(into)):
                into[column] += sums[column]
            into = work.tops[row + plan.leaf_filters[j]]
            for column in range(len(into)):
                into[column] = max(into[column], tops[column])


@inlined
def _to_columns(work: Work) -> None:
    """Column after column: the loops that read cells then read what lies together."""
    sums = work.sums.shape[1]
    for column in range(sums):
        into = work.columns[column]
        for cell in range(len(into)):
            into[cell] = work.sums[cell, column]
    for column in range(work.tops.shape[1]):
        into = work.columns[sums + column]
        for cell in range(len(into)):
            into[cell] = work.tops[cell, column]


@inlined
def _to_nested(plan: WindowArrays, work: Work) -> None:
    sums, filters = work.sums.shape[1], len(work.distinct) // len(plan.windows)
    for column in range(len(work.columns)):
        into = work.columns[column]
        if column < sums:
            for cell in range(filters, len(into)):
                into[cell] += into[cell - filters]
        else:
            for cell in range(filters, len(into)):
                into[cell] = max(into[cell], into[cell - filters])
    if plan.sizes[1] != 0:
        for cell in range(filters, len(work.distinct)):
            work.distinct[cell] += work.distinct[cell - filters]
