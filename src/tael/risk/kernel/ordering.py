"""Values of one variable in ascending order: keys of 32 bits, sorted by three passes of buckets."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled

Pairs: TypeAlias = npt.NDArray[np.uint64]
Words: TypeAlias = npt.NDArray[np.int64]

_TOP = np.uint32(0x80000000)
_ALL = np.uint32(0xFFFFFFFF)
_ROW = np.uint64(32)
_MARK = np.uint64(29)
_ROWS = np.uint64(0x1FFFFFFF)
_MARKS = np.uint64(7)
_NONE = np.uint64(0)
_BUCKETS = 2048
_BITS = np.uint64(11)
_MASK = np.uint64(2047)


@compiled
def key_of(bits: np.uint32) -> np.uint32:
    """A float's bits as a number that orders as the floats do; both zeros are one."""
    if bits == _TOP:
        return _TOP
    return bits ^ (_ALL if bits & _TOP else _TOP)


@compiled
def packed(bits: np.uint32, mark: int, row: int) -> np.uint64:
    """The key of a value, below it a mark of three bits and the row."""
    return (np.uint64(key_of(bits)) << _ROW) | (np.uint64(mark) << _MARK) | np.uint64(row)


@compiled
def row_of(pair: np.uint64) -> int:
    """The row of a pair that ``packed`` made."""
    return int(pair & _ROWS)


@compiled
def mark_of(pair: np.uint64) -> int:
    """The mark of a pair that ``packed`` made."""
    return int((pair >> _MARK) & _MARKS)


@compiled
def same_key(one: np.uint64, two: np.uint64) -> bool:
    """Whether two pairs hold the same value."""
    return bool((one ^ two) >> _ROW == _NONE)


@compiled
def sort_pairs(pairs: Pairs, spare: Pairs, count: int, buckets: Words) -> Pairs:
    """The first ``count`` pairs by key, in one of the two arrays; equal keys keep their order.

    Least significant digit first; a digit that all keys share costs no pass. ``buckets`` is
    scratch of 3 x 2048.
    """
    for k in range(_BUCKETS):
        buckets[0, k] = buckets[1, k] = buckets[2, k] = 0
    for i in range(count):
        key = pairs[i] >> _ROW
        buckets[0, np.int64(key & _MASK)] += 1
        buckets[1, np.int64((key >> _BITS) & _MASK)] += 1
        buckets[2, np.int64(key >> (_BITS + _BITS))] += 1
    for digit in range(3):
        start, largest = 0, 0
        for k in range(_BUCKETS):
            held = buckets[digit, k]
            largest = max(largest, held)
            buckets[digit, k] = start
            start += held
        if largest == count:
            continue
        shift = _ROW + _BITS * np.uint64(digit)
        for i in range(count):
            pair = pairs[i]
            bucket = np.int64((pair >> shift) & _MASK)
            spare[buckets[digit, bucket]] = pair
            buckets[digit, bucket] += 1
        pairs, spare = spare, pairs
    return pairs


@compiled
def round_between(low: float, high: float) -> float:
    """A number above ``low``, at most ``high``, with few digits: what a person would cut at."""
    if low < 0.0 <= high:
        return 0.0
    best = 0.5 * low + 0.5 * high
    digits = math.floor(math.log10(high - low))
    for _ in range(12):
        if digits < 0:
            scale = 10.0 ** (-digits)
            rounded = math.floor(high * scale) / scale
        else:
            scale = 10.0**digits
            rounded = math.floor(high / scale) * scale
        if not low < rounded <= high:
            break
        best = rounded
        digits += 1
    return best
