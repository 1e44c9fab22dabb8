"""Whole numbers of 128 bits as pairs of uint64 words, high and low, for compiled loops.

Differences of products are taken before anything becomes a float, so nothing cancels and the one
rounding is that of the result to the nearest double, halves to even.
"""

from __future__ import annotations

import numpy as np

from tael.variables.kernel.compiled import compiled

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_ZERO, _ONE, _WORD = np.uint64(0), np.uint64(1), np.uint64(64)
_TOP = np.uint64(63)


@compiled
def product(one: np.uint64, two: np.uint64) -> tuple[np.uint64, np.uint64]:
    a, b = one >> _HALF, one & _LOW
    c, d = two >> _HALF, two & _LOW
    low, left, right = b * d, a * d, b * c
    middle = (low >> _HALF) + (left & _LOW) + (right & _LOW)
    high = a * c + (left >> _HALF) + (right >> _HALF) + (middle >> _HALF)
    return high, (middle << _HALF) | (low & _LOW)


@compiled
def signed_product(one: int, two: int) -> tuple[np.uint64, np.uint64]:
    """In two's complement."""
    high, low = product(np.uint64(abs(one)), np.uint64(abs(two)))
    if (one < 0) != (two < 0):
        return negative(high, low)
    return high, low


@compiled
def negative(high: np.uint64, low: np.uint64) -> tuple[np.uint64, np.uint64]:
    low = ~low + _ONE
    return (~high + _ONE if low == _ZERO else ~high), low


@compiled
def less(
    one: tuple[np.uint64, np.uint64], two: tuple[np.uint64, np.uint64]
) -> tuple[np.uint64, np.uint64]:
    """The difference, modulo 2^128."""
    borrow = _ONE if one[1] < two[1] else _ZERO
    return one[0] - two[0] - borrow, one[1] - two[1]


@compiled
def plus(
    one: tuple[np.uint64, np.uint64], two: tuple[np.uint64, np.uint64]
) -> tuple[np.uint64, np.uint64]:
    """The sum, modulo 2^128."""
    low = one[1] + two[1]
    carry = _ONE if low < two[1] else _ZERO
    return one[0] + two[0] + carry, low


@compiled
def times_limbs(count: int, low: int, high: int) -> tuple[np.uint64, np.uint64]:
    """``count`` times (high · 2^32 + low); none of them is negative."""
    above = np.uint64(high) >> _HALF
    words = np.uint64(high) << _HALF
    below = words + np.uint64(low)
    if below < words:
        above += _ONE
    top, bottom = product(np.uint64(count), below)
    return top + np.uint64(count) * above, bottom


@compiled
def to_double(high: np.uint64, low: np.uint64) -> float:
    """The nearest double of a number in two's complement."""
    if high >> _TOP:
        high, low = negative(high, low)
        return -_of_magnitude(high, low)
    return _of_magnitude(high, low)


@compiled
def _of_magnitude(high: np.uint64, low: np.uint64) -> float:
    if high == _ZERO:
        return np.float64(low)
    bits = _ZERO
    rest = high
    scale = 1.0
    while rest != _ZERO:
        rest >>= _ONE
        bits += _ONE
        scale *= 2.0
    if bits == _WORD:
        kept, lost = high, low
    else:
        kept, lost = (high << (_WORD - bits)) | (low >> bits), low << (_WORD - bits)
    if lost != _ZERO:
        kept |= _ONE  # what was cut off still decides between two doubles
    return np.float64(kept) * scale


@compiled
def from_limbs(low: int, high: int) -> tuple[np.uint64, np.uint64]:
    """The sum of high · 2^32 and low in two's complement; ``high`` may be negative."""
    words = np.uint64(high) << _HALF
    below = words + np.uint64(low)
    carry = _ONE if below < words else _ZERO
    return np.uint64(high >> 32) + carry, below
