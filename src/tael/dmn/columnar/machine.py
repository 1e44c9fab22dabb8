"""The loops of ``kernels`` compiled by numba: once a machine, then read from the user's cache.

Imported only where numba is. Compiled code is kept under ``NUMBA_CACHE_DIR`` or the user's cache
folder, never beside the installed package; where neither can be written it is compiled in each
process.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba.core import config
from numpy.typing import NDArray

from tael.dmn.columnar.columns import MOST_CODES, Bytes, Codes, Ends, Floats, Whole, Words
from tael.dmn.columnar.grids import SPREAD, Keys, Steps

_CONFIG: Any = config  # its names are made when it is imported
_F = TypeVar("_F", bound=Callable[..., object])
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_PLACES = np.array(
    [(0x03F79D71B4CB0A89 << bit & 0xFFFFFFFFFFFFFFFF) >> 58 for bit in range(64)]
).argsort()
_SPREAD = np.uint64(SPREAD)


def cache_folder(given: str, base: str) -> str:
    """Where compiled code may be kept: ``given``, else below ``base``; empty: nowhere."""
    folder = Path(given) if given else Path(base) / "tael" / "numba"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def _compiled(function: _F) -> _F:
    before = _CONFIG.CACHE_DIR
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = cache_folder(before, base)
    _CONFIG.CACHE_DIR = folder
    try:
        made: Any = numba.njit(nogil=True, cache=bool(folder))(function)
    finally:
        _CONFIG.CACHE_DIR = before
    return cast("_F", made)


def bins(values: Floats | Whole, steps: Steps) -> Codes:
    grid = steps.grid
    if grid.most < 0:
        searched = _searched(values, steps.numbers)
        return searched.astype(np.uint16) if steps.numbers.size < MOST_CODES else searched
    loop: Callable[..., Codes] = _of_doubles if values.dtype.kind == "f" else _of_integers
    return loop(values, steps.padded, grid.starts, grid.line, grid.most)


@_compiled
def _of_doubles(
    values: Floats, numbers: Floats, starts: Codes, line: Floats, most: int
) -> NDArray[np.uint16]:
    found = np.empty(values.size, np.uint16)
    low, last, width = line[0], line[1], line[2]
    for row in range(values.size):
        place = (values[row] - low) * width
        if not place > 0.0:  # also what is no number
            place = 0.0
        place = min(place, last)
        code = np.uint64(starts[np.uint64(place)])  # an index without a sign needs no check of it
        more = np.uint64(numbers[code] <= values[row])
        if most > 1:
            more += np.uint64(numbers[code + np.uint64(1)] <= values[row])
            for step in range(2, most):
                more += np.uint64(numbers[code + np.uint64(step)] <= values[row])
        found[row] = code + more
    return found


@_compiled
def _of_integers(
    values: Whole, numbers: Whole, starts: Codes, line: Whole, most: int
) -> NDArray[np.uint16]:
    found = np.empty(values.size, np.uint16)
    low, high, shift = line[0], line[1], line[2]
    if most == 0:
        for row in range(values.size):
            found[row] = starts[np.uint64(min(max(values[row], low), high) - low)]
        return found
    if most == 1:
        for row in range(values.size):
            value = min(max(values[row], low), high)
            code = np.uint64(starts[np.uint64((value - low) >> shift)])
            found[row] = code + np.uint64(numbers[code] <= value)
        return found
    for row in range(values.size):
        value = min(max(values[row], low), high)
        code = np.uint64(starts[np.uint64((value - low) >> shift)])
        more = np.uint64(numbers[code] <= value)
        more += np.uint64(numbers[code + np.uint64(1)] <= value)
        for step in range(2, most):
            more += np.uint64(numbers[code + np.uint64(step)] <= value)
        found[row] = code + more
    return found


@_compiled
def _searched(values: Floats | Whole, numbers: Floats | Whole) -> NDArray[np.intp]:
    found = np.empty(values.size, np.intp)
    for row in range(values.size):
        low, size = 0, numbers.size
        while size > 1:  # without a branch that could be guessed wrong
            half = size >> 1
            low += half * (numbers[low + half - 1] <= values[row])
            size -= half
        found[row] = low + (numbers.size > 0 and numbers[low] <= values[row])
    return found


def first(codes: Sequence[Codes], masks: Words, starts: Codes) -> NDArray[np.intp]:
    # All columns' first word in one pass each two columns; what that decides needs no more.
    ends = [*starts[1:], len(masks)]
    parts = [masks[a:b, 0].copy() for a, b in zip(starts, ends, strict=True)]
    found = _lowest(words(parts, codes))
    if masks.shape[1] > 1:
        _first_after(np.stack(codes), masks, starts, found)
    return found


@_compiled
def _lowest(words: Words) -> NDArray[np.intp]:
    found = np.empty(words.size, np.intp)
    for row in range(words.size):
        low = words[row] & (~words[row] + np.uint64(1))
        found[row] = _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)] if low else -1
    return found


@_compiled
def _first_after(codes: Codes, masks: Words, starts: Codes, found: NDArray[np.intp]) -> None:
    columns, rows = codes.shape
    place = np.empty(columns, np.intp)
    for row in range(rows):
        if found[row] >= 0:
            continue
        for column in range(columns):
            place[column] = codes[column, row] + starts[column]
        for word in range(1, masks.shape[1]):
            left = masks[place[0], word]
            for column in range(1, columns):
                left &= masks[place[column], word]
            if left:
                low = left & (~left + np.uint64(1))
                found[row] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
                break


def only(codes: Sequence[Codes], masks: Words, starts: Codes) -> NDArray[np.intp]:
    return _only(np.stack(codes), masks, starts)


@_compiled
def _only(codes: Codes, masks: Words, starts: Codes) -> NDArray[np.intp]:
    columns, rows = codes.shape
    found = np.full(rows, -1, np.intp)
    place = np.empty(columns, np.intp)
    for row in range(rows):
        for column in range(columns):
            place[column] = codes[column, row] + starts[column]
        for word in range(masks.shape[1]):
            left = masks[place[0], word]
            for column in range(1, columns):
                left &= masks[place[column], word]
            if left:
                low = left & (~left + np.uint64(1))
                if found[row] != -1 or left != low:
                    found[row] = -2
                    break
                found[row] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
    return found


def words(by_code: Sequence[Words], codes: Sequence[Codes]) -> Words:
    found = np.full(codes[0].size, ~np.uint64(0))
    for at in range(0, len(codes) - 1, 2):
        _narrow_twice(found, by_code[at], codes[at], by_code[at + 1], codes[at + 1])
    if len(codes) & 1:
        _narrow(found, by_code[-1], codes[-1])
    return found


@_compiled
def _narrow(words: Words, by_code: Words, codes: Codes) -> None:
    for row in range(words.size):
        words[row] &= by_code[codes[row]]


@_compiled
def _narrow_twice(words: Words, one: Words, first: Codes, two: Words, second: Codes) -> None:
    for row in range(words.size):
        words[row] &= one[first[row]] & two[second[row]]


def total(values: Sequence[Whole], codes: Sequence[Codes]) -> Whole:
    found = np.zeros(codes[0].size, np.int64)
    for at in range(0, len(codes) - 1, 2):
        _add_twice(found, values[at], codes[at], values[at + 1], codes[at + 1])
    if len(codes) & 1:
        _add_once(found, values[-1], codes[-1])
    return found


@_compiled
def _add_once(totals: Whole, values: Whole, codes: Codes) -> None:
    for row in range(totals.size):
        totals[row] += values[codes[row]]


@_compiled
def _add_twice(totals: Whole, one: Whole, first: Codes, two: Whole, second: Codes) -> None:
    for row in range(totals.size):
        totals[row] += one[first[row]] + two[second[row]]


@_compiled
def _count(codes: Codes, masks: Words, starts: Codes) -> Codes:
    columns, rows = codes.shape
    counts = np.zeros(rows, np.intp)
    for row in range(rows):
        for word in range(masks.shape[1]):
            left = masks[codes[0, row] + starts[0], word]
            for column in range(1, columns):
                left &= masks[codes[column, row] + starts[column], word]
            while left:
                left &= left - np.uint64(1)
                counts[row] += 1
    return counts


@_compiled
def _list(codes: Codes, masks: Words, starts: Codes, rules: Codes) -> None:
    columns, rows = codes.shape
    at = 0
    for row in range(rows):
        for word in range(masks.shape[1]):
            left = masks[codes[0, row] + starts[0], word]
            for column in range(1, columns):
                left &= masks[codes[column, row] + starts[column], word]
            while left:
                low = left & (~left + np.uint64(1))
                rules[at] = 64 * word + _PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]
                at += 1
                left ^= low


def every(codes: Sequence[Codes], masks: Words, starts: Codes) -> tuple[Codes, Codes]:
    together = np.stack(codes)
    counts = _count(together, masks, starts)
    rules = np.empty(int(counts.sum()), np.intp)
    _list(together, masks, starts, rules)
    return counts, rules


def known(words: Words, keys: Keys) -> Codes:
    return _looked_up(words, keys.slots, keys.places, np.uint64(keys.shift))


@_compiled
def _looked_up(words: Words, slots: Words, places: Whole, shift: np.uint64) -> Codes:
    found = np.empty(words.size, np.int64)
    last = slots.size - 1
    for row in range(words.size):
        slot = np.int64((words[row] * _SPREAD) >> shift)
        while places[slot] >= 0 and slots[slot] != words[row]:
            slot = (slot + 1) & last
        found[row] = places[slot]
    return found


@_compiled
def weigh(words: Words, weights: Whole) -> Whole:
    found = np.zeros(words.size, np.int64)
    for row in range(words.size):
        left = words[row]
        while left:
            low = left & (~left + np.uint64(1))
            found[row] += weights[_PLACES[(low * _DE_BRUIJN) >> np.uint64(58)]]
            left ^= low
    return found


_INSIDE = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)  # that many bytes
_NONE, _ONE, _SIXTY_FOUR = np.uint64(0), np.uint64(1), np.uint64(64)
_EIGHT, _BITS = 8, 64


@_compiled
def _eight(whole: Words, tail: np.uint64, start: int) -> Any:  # a np.uint64
    """The eight bytes from ``start`` on; what lies behind the end is zero."""
    place, shift = start >> 3, np.uint64((start & 7) << 3)
    here = whole[place] if place < whole.size else tail if place == whole.size else _NONE
    if shift == _NONE:
        return here
    after = whole[place + 1] if place + 1 < whole.size else tail
    if place >= whole.size:
        after = _NONE
    return (here >> shift) | (after << (_SIXTY_FOUR - shift))


@_compiled
def spelled(
    ends: Whole, whole: Words, tail: np.uint64, slots: Words, other: int
) -> NDArray[np.uint16]:
    found = np.empty(ends.size - 1, np.uint16)
    last, spread = np.uint64(slots.shape[0] - 2), slots[slots.shape[0] - 1, 0]
    safe = _EIGHT * (whole.size - 2)  # from there on a word may lack its neighbours
    for row in range(ends.size - 1):
        start, length = int(ends[row]), int(ends[row + 1]) - int(ends[row])
        found[row] = other
        if length > 2 * _EIGHT:
            continue
        if start < safe:  # no further branch: lengths vary from row to row
            at, shift = np.uint64(start >> 3), np.uint64((start & 7) << 3)
            left = np.uint64(63) - shift
            next_one, next_two = whole[at + _ONE], whole[at + _ONE + _ONE]
            one = (whole[at] >> shift) | ((next_one << _ONE) << left)
            two = (next_one >> shift) | ((next_two << _ONE) << left)
        else:
            one, two = _eight(whole, tail, start), _eight(whole, tail, start + _EIGHT)
        one &= _INSIDE[np.uint64(min(length, _EIGHT))]
        two &= _INSIDE[np.uint64(max(length - _EIGHT, 0))]
        size = np.uint64(length + 1)
        slot = ((((one ^ two) + size) * spread) >> np.uint64(40)) & last
        while slots[slot, 0] != _NONE:
            if slots[slot, 0] == size and slots[slot, 1] == one and slots[slot, 2] == two:
                found[row] = slots[slot, 3]
                break
            slot = (slot + _ONE) & last
    return found


def written(codes: Codes, lengths: Whole, padded: Bytes) -> tuple[Ends, Bytes]:
    ends = np.empty(codes.size + 1, np.int32)
    _lay(codes, lengths, ends)
    laid = np.empty((int(ends[-1]) >> 3) + 1, np.uint64)
    _copy(codes, lengths, padded.view(np.uint64), laid)
    return ends, laid.view(np.uint8)[: ends[-1]]


@_compiled
def _lay(codes: Codes, lengths: Whole, ends: Ends) -> None:
    end = 0
    ends[0] = 0
    for row in range(codes.size):
        end += lengths[codes[row]]
        ends[row + 1] = end


@_compiled
def _copy(codes: Codes, lengths: Whole, padded: Words, laid: Words) -> None:
    """Texts end to end in words of eight bytes; ``full`` bits of ``word`` are not laid yet."""
    word, full, at = _NONE, 0, 0
    for row in range(codes.size):
        left = lengths[codes[row]] << 3
        for part in range(padded.shape[1]):
            bits = min(left, _BITS)
            if bits <= 0:
                break
            left -= bits
            text = padded[codes[row], part]
            word |= text << np.uint64(full)
            full += bits
            if full >= _BITS:
                laid[at] = word
                at += 1
                full -= _BITS
                word = text >> np.uint64(bits - full) if full else _NONE
    if full:
        laid[at] = word


def spread(codes: Codes, counts: Whole, starts: Whole, items: Codes) -> tuple[Ends, Codes]:
    ends = np.empty(codes.size + 1, np.int32)
    _lay(codes, counts, ends)
    laid = np.empty(int(ends[-1]), items.dtype)
    _spread(codes, ends, starts, items, laid)
    return ends, laid


@_compiled
def _spread(codes: Codes, ends: Ends, starts: Whole, items: Codes, laid: Codes) -> None:
    for row in range(codes.size):
        for at in range(ends[row], ends[row + 1]):
            laid[at] = items[starts[codes[row]] + at - ends[row]]


@_compiled
def wide(units: Whole, codes: Codes, pairs: Whole) -> None:
    for row in range(codes.size):
        unit = units[codes[row]]
        pairs[row, 0] = unit
        pairs[row, 1] = unit >> 63
