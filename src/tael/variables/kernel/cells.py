"""From events to cells: whole numbers for each filter and window, for compiled loops.

A borrower's events are read newest to oldest, so the window only ever grows. Each event goes into
one cell, its leaf's in the shortest window that holds it. Then leaves are added to the filters that
hold them, and shorter windows to longer ones. Everything is integers: no order of adding changes a
bit.

Columns of a cell: n, newest (place of the event), oldest, Σday, Σday²; then of each measure Σa, the
low 32 bits of Σa², its other bits, Σa·day, min, max. day = whole days before the as-of instant.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import Keys, Place, shift_for, slot_of
from tael.variables.kernel.rows import visible
from tael.variables.packing.packed import Events
from tael.variables.plan.windows import WindowArrays

_DAY = 86_400
_HALF_BITS, _LOW_HALF = 20, (1 << 20) - 1
_LOW = 0xFFFFFFFF
_ZERO, _ONE = np.uint64(0), np.uint64(1)


class Work(NamedTuple):
    """Memory of one run, used again for every borrower.

    Attributes:
        leaves: int64[L·W, columns], cells of leaves by shortest window.
        cells: int64[F·W, columns], cells of filters, at last by nested window.
        distinct: int64[F·W], keys not seen in a newer event of the filter, by shortest window.
        keys: a table of so many slots.
        seen: uint64[slots, words], bit f says that filter f has seen the key.
        values: float64[aggregates], what the cell at hand says, by code.
        reasons: uint8[aggregates], why; 0 where nothing else is ever said.
    """

    leaves: NDArray[np.int64]
    cells: NDArray[np.int64]
    distinct: NDArray[np.int64]
    keys: Keys
    seen: NDArray[np.uint64]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]


@compiled
def gather(plan: WindowArrays, events: Events, work: Work, b: int, asof: int) -> None:
    """Fill the cells of borrower ``b``; what is not visible at ``asof`` is not looked at."""
    work.leaves[:, 0] = 0
    work.cells[:, 0] = 0
    counts = plan.sizes[1] != 0
    last = len(plan.windows)
    begin, end = events.offsets[b], events.offsets[b + 1]
    if counts:
        work.distinct[:] = 0
    shift = shift_for(end - begin)
    window = 0
    for i in range(begin, end):
        if not visible(events, i, asof):
            continue
        time = events.time[i]
        while window < last and time < asof - plan.windows[window]:
            window += 1
        if window == last:
            break
        leaf = np.int64(events.leaf[i])
        _add(events, work, leaf * last + window, i, (asof - time) // _DAY)
        if counts:
            slot, fresh = slot_of(work.keys, events.key[i], b + 1, shift)
            if fresh:
                work.seen[slot, :] = _ZERO
            _see(plan, work, slot, leaf, window)
    _to_filters(plan, work)
    _to_nested(plan, work)


@inlined
def _add(events: Events, work: Work, cell: Place, i: int, day: int) -> None:
    cells = work.leaves
    first = cells[cell, 0] == 0
    if first:
        cells[cell, 1] = i
        cells[cell, 3:] = 0
    cells[cell, 0] += 1
    cells[cell, 2] = i
    cells[cell, 3] += day
    cells[cell, 4] += day * day
    for measure in range(len(events.measures)):
        column = 5 + 6 * measure
        amount = events.measures[measure, i]
        size = abs(amount)  # at most 10^12 < 2^40: its square in two limbs of 20 bits each
        upper, lower = size >> _HALF_BITS, size & _LOW_HALF
        rest = ((2 * upper * lower) << _HALF_BITS) + lower * lower
        cells[cell, column] += amount
        cells[cell, column + 1] += rest & _LOW
        cells[cell, column + 2] += ((upper * upper) << 8) + (rest >> 32)
        cells[cell, column + 3] += amount * day
        if first or amount < cells[cell, column + 4]:
            cells[cell, column + 4] = amount
        if first or amount > cells[cell, column + 5]:
            cells[cell, column + 5] = amount


@inlined
def _see(plan: WindowArrays, work: Work, slot: Place, leaf: Place, window: int) -> None:
    """Count the key in the filters that see it for the first time: in its newest event."""
    fresh = _ZERO
    for word in range(plan.leaf_masks.shape[1]):
        fresh |= plan.leaf_masks[leaf, word] & ~work.seen[slot, word]
    if fresh == _ZERO:
        return
    last = len(plan.windows)
    for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
        number = plan.leaf_filters[j]
        unseen = ~work.seen[slot, number >> 6] >> np.uint64(number & 63)
        # Added without a branch: whether a filter has seen the key cannot be guessed.
        work.distinct[number * last + window] += np.int64(unseen & _ONE)
    for word in range(plan.leaf_masks.shape[1]):
        work.seen[slot, word] |= plan.leaf_masks[leaf, word]


@inlined
def _to_filters(plan: WindowArrays, work: Work) -> None:
    last = len(plan.windows)
    for leaf in range(len(plan.leaf_masks)):
        for window in range(last):
            cell = leaf * last + window
            if work.leaves[cell, 0] == 0:
                continue
            for j in range(plan.leaf_starts[leaf], plan.leaf_starts[leaf + 1]):
                _merge(work.cells, plan.leaf_filters[j] * last + window, work.leaves, cell)


@inlined
def _to_nested(plan: WindowArrays, work: Work) -> None:
    last = len(plan.windows)
    for start in range(0, len(work.cells), last):
        for cell in range(start + 1, start + last):
            work.distinct[cell] += work.distinct[cell - 1]
            if work.cells[cell - 1, 0] != 0:
                _merge(work.cells, cell, work.cells, cell - 1)


@inlined
def _merge(into: NDArray[np.int64], cell: int, cells: NDArray[np.int64], other: int) -> None:
    mine, more = into[cell], cells[other]
    if mine[0] == 0:
        for column in range(len(mine)):
            mine[column] = more[column]
        return
    mine[0] += more[0]
    mine[1] = min(mine[1], more[1])
    mine[2] = max(mine[2], more[2])
    mine[3] += more[3]
    mine[4] += more[4]
    for column in range(5, len(mine), 6):
        mine[column] += more[column]
        mine[column + 1] += more[column + 1]
        mine[column + 2] += more[column + 2]
        mine[column + 3] += more[column + 3]
        mine[column + 4] = min(mine[column + 4], more[column + 4])
        mine[column + 5] = max(mine[column + 5], more[column + 5])
