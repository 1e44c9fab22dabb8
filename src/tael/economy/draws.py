"""Keyed draws: the same key gives the same numbers on every platform, in any order of use.

Python's ``random`` has one stream per generator, so inserting one draw moves all that follow, and
``math.exp`` differs in its last bit between C libraries. Here every subject has its own stream
(a hash in counter mode), and exponentials go through Decimal, which is exact by specification.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal, localcontext
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

_BITS = 53
_UNIT = 1 << _BITS
_WORDS = struct.Struct(">8Q")
_EXP_DIGITS = 17

# Quantiles of the normal distribution, straight lines between them, cut at 3.3 deviations.
_NORMAL = (
    (0.0, -3.3),
    (0.001, -3.09),
    (0.005, -2.576),
    (0.025, -1.96),
    (0.1, -1.2816),
    (0.2, -0.8416),
    (0.3, -0.5244),
    (0.4, -0.2533),
    (0.5, 0.0),
    (0.6, 0.2533),
    (0.7, 0.5244),
    (0.8, 0.8416),
    (0.9, 1.2816),
    (0.975, 1.96),
    (0.995, 2.576),
    (0.999, 3.09),
    (1.0, 3.3),
)


class Draws:
    """A stream of numbers that depends on nothing but its key."""

    def __init__(self, *key: str | int) -> None:
        self._key = "\x1f".join(str(part) for part in key).encode()
        self._block = 0
        self._words: list[int] = []

    def uniform(self) -> float:
        """A number in [0, 1), 53 bits of it."""
        if not self._words:
            digest = hashlib.blake2b(self._key + self._block.to_bytes(8, "big")).digest()
            self._words = list(_WORDS.unpack(digest))
            self._block += 1
        return (self._words.pop() >> (64 - _BITS)) / _UNIT

    def normal(self) -> float:
        """A number of mean 0 and deviation (very nearly) 1, never beyond 3.3."""
        return _interpolate(_NORMAL, self.uniform())

    def integer(self, low: int, high: int) -> int:
        """A whole number from ``low`` to ``high``, both included."""
        return low + int(self.uniform() * (high - low + 1))

    def happens(self, probability: float) -> bool:
        return self.uniform() < probability

    def choice(self, items: Sequence[T]) -> T:
        return items[int(self.uniform() * len(items))]

    def weighted(self, items: Sequence[T], weights: Sequence[int]) -> T:
        """One of ``items``, each as likely as its weight is large."""
        bounds = list(accumulate(weights))
        return items[bisect_right(bounds, self.uniform() * bounds[-1])]

    def digits(self, count: int) -> str:
        return "".join(str(self.integer(0, 9)) for _ in range(count))


def exponential(exponent: float) -> float:
    """Euler's number to the ``exponent``, the same on every platform."""
    with localcontext(prec=_EXP_DIGITS):
        return float(Decimal(exponent).exp())


def logistic(log_odds: float) -> float:
    """The probability of ``log_odds``."""
    return 1 / (1 + exponential(-log_odds))


def _interpolate(table: Sequence[tuple[float, float]], at: float) -> float:
    index = bisect_right(table, at, key=lambda point: point[0])
    (x0, y0), (x1, y1) = table[index - 1], table[min(index, len(table) - 1)]
    return y0 if x0 == x1 else y0 + (y1 - y0) * (at - x0) / (x1 - x0)
