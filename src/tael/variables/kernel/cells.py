"""From events to cells: whole numbers for each filter and window, for compiled loops.

A borrower's events are read newest to oldest, so the window only ever grows. Each event goes into
one cell, its leaf's in the shortest window that holds it. Then leaves are added to the filters that
hold them, the cells are laid out column by column, and shorter windows are added to longer ones.
Everything is integers: no order of adding changes a bit.

Cells are numbered window by window: cell = window · F + filter. Sums of a cell: n, Σday, Σday²,
then of each measure Σa, the low 32 bits of Σa², its other bits, Σa·day. Tops of a cell, the largest
of: -place (of the newest event), time, -time, then of each measure -a and a. day = whole days
before the as-of instant. Columns are the sums, then the tops.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.compiled import compiled, inlined
from tael.variables.kernel.keys import Place, first_slot, shift_for
from tael.variables.packing.packed import Events
from tael.variables.plan.windows import WindowArrays

_DAY = 86_400
_HALF_BITS, _LOW_HALF = 20, (1 << 20) - 1
_WORD = 1 << 31  # the square of a smaller amount fits 62 bits
_LOW = 0xFFFFFFFF
_LEAST = -(1 << 62)  # below every top
_ZERO, _ONE, _BITS = np.uint64(0), np.uint64(1), np.uint64(64)
_LEVELS = 4  # of digits that are always added to: a longer carry is rare
LEVELS = 24  # digits of the most events that a borrower may have
SUMS_OF_EVENTS, SUMS_OF_MEASURE = 3, 4
TOPS_OF_EVENTS, TOPS_OF_MEASURE = 3, 2


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
        keys: int64[slots], open addressing; a slot without a bit in the last word of ``seen`` is
            free.
        seen: uint64[slots, words], bit f says that filter f has seen the key, bit F that any has.
        digits: uint64[words, levels], of each filter the binary digits of the keys that it sees for
            the first time in the window at hand: bit f of level k is the k-th digit.
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
    keys: NDArray[np.int64]
    seen: NDArray[np.uint64]
    digits: NDArray[np.uint64]
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
    begin, end = events.offsets[b], events.offsets[b + 1]
    shift = shift_for(end - begin)
    work.leaf_used[:] = False
    if counts:
        work.distinct[:] = 0
        work.seen[: np.int64(_ONE << (_BITS - shift))] = _ZERO
    used = window = 0
    bound = asof - plan.windows[0]
    for i in range(begin, end):
        time = events.time[i]
        # Without branches: which of the three hides an event cannot be guessed.
        if (time >= asof) | (events.visible_from[i] > asof) | (events.visible_to[i] <= asof):
            continue
        if time < bound:
            _count(work, window * filters, filters)
            while window < last and time < asof - plan.windows[window]:
                window += 1
            if window == last:
                return used
            bound = asof - plan.windows[window]
        leaf = np.int64(events.leaf[i])
        cell = leaf * last + window
        if not work.leaf_used[cell]:
            _open(work, cell, i, time)
            work.leaf_cells[used] = cell
            used += 1
        work.leaf_tops[cell, 2] = -time
        _add(events, work, cell, i, (asof - time) // _DAY)
        if counts:
            _see(plan, work, leaf, events.key[i], shift)
    _count(work, window * filters, filters)
    return used


@inlined
def _open(work: Work, cell: Place, i: int, time: int) -> None:
    """An empty cell, into which the event ``i`` goes first: it is the newest."""
    work.leaf_used[cell] = True
    work.leaf_sums[cell, :] = 0
    work.leaf_tops[cell, :] = _LEAST
    work.leaf_tops[cell, 0] = -i
    work.leaf_tops[cell, 1] = time


@inlined
def _add(events: Events, work: Work, cell: Place, i: int, day: int) -> None:
    sums, tops = work.leaf_sums[cell], work.leaf_tops[cell]
    sums[0] += 1
    sums[1] += day
    sums[2] += day * day
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
def _see(plan: WindowArrays, work: Work, leaf: Place, key: int, shift: np.uint64) -> None:
    """Add 1 to the filters that see the key for the first time: in its newest event.

    All filters of a word are added to at once and without a branch: which of them have seen the
    key cannot be guessed.
    """
    words, levels = work.digits.shape
    end = np.int64((_ONE << (_BITS - shift)) - _ONE)
    slot = first_slot(key, shift)
    while work.seen[slot, words - 1] != _ZERO and work.keys[slot] != key:
        slot = (slot + 1) & end
    work.keys[slot] = key
    for word in range(words):
        mask, held = plan.leaf_masks[leaf, word], work.seen[slot, word]
        work.seen[slot, word] = held | mask
        carry = mask & ~held
        for level in range(_LEVELS):
            digit = work.digits[word, level]
            work.digits[word, level] = digit ^ carry
            carry &= digit
        level = _LEVELS
        while carry != _ZERO and level < levels:
            digit = work.digits[word, level]
            work.digits[word, level] = digit ^ carry
            carry &= digit
            level += 1


@inlined
def _count(work: Work, row: int, filters: int) -> None:
    """Read the digits of a window's counts into ``distinct`` and clear them."""
    words, levels = work.digits.shape
    for word in range(words):
        for level in range(levels):
            digit = work.digits[word, level]
            if digit == _ZERO:
                continue
            work.digits[word, level] = _ZERO
            first = word << 6
            for bit in range(min(filters - first, 64)):
                one = np.int64(digit >> np.uint64(bit) & _ONE)
                work.distinct[row + first + bit] += one << level


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
