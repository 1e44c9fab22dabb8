"""Rows of keyed numbers: the same key gives the same bits on every platform.

Only the raw words of the Philox counter are taken from numpy, because those are promised to stay;
its distributions are not. Normal numbers and exponentials come from tables of our own and plain
IEEE operations, one ufunc each, so that no C library and no fused multiply-add can move a bit.
"""

from __future__ import annotations

import hashlib
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.economy.draws import exponential

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_UNIT = 2.0**-53
_CELLS = 4096
_DIGITS = 9
_STEPS = 256
_LEAST, _MOST = -60, 60


class Chance:
    """The numbers of one subject and one stream of a seed; nothing else moves them."""

    def __init__(self, seed: int, subject: int | str, stream: str) -> None:
        key = f"{seed}\x1f{subject}\x1f{stream}".encode()
        words = np.frombuffer(hashlib.blake2b(key, digest_size=16).digest(), dtype="<u8")
        self._bits = np.random.Philox(key=words.astype(np.uint64))

    def uniform(self, count: int) -> Floats:
        """``count`` numbers in [0, 1), 53 bits each."""
        words: npt.NDArray[np.uint64] = self._bits.random_raw(count)
        return (words >> np.uint64(11)).astype(np.float64) * _UNIT

    def rows(self, rows: int, count: int) -> Floats:
        """``rows`` by ``count`` numbers in [0, 1)."""
        return self.uniform(rows * count).reshape(rows, count)

    def normal(self, count: int) -> Floats:
        """``count`` numbers of mean 0 and deviation 1, never beyond 3.7."""
        return normal(self.uniform(count))


def normal(uniform: Floats) -> Floats:
    """The normal numbers whose probabilities are ``uniform``, straight between 4,097 points."""
    table = _quantiles()
    scaled = uniform * _CELLS
    cell = scaled.astype(np.int64)
    low = table[cell]
    found: Floats = low + (table[cell + 1] - low) * (scaled - cell)
    return found


def exp(exponent: Floats) -> Floats:
    """Euler's number to the ``exponent``, within 1e-13 of it; exponents end at -60 and 60."""
    whole, parts = _powers()
    held = np.minimum(np.maximum(exponent, _LEAST), _MOST)
    steps = np.floor(held * _STEPS)
    rest = held - steps / _STEPS
    index = steps.astype(np.int64) - _LEAST * _STEPS
    series = ((rest / 24 + 1 / 6) * rest + 0.5) * rest
    power: Floats = whole[index // _STEPS] * parts[index % _STEPS] * ((series + 1) * rest + 1)
    return power


def logistic(log_odds: Floats) -> Floats:
    """The probabilities of ``log_odds``."""
    return 1 / (1 + exp(-log_odds))


def picked(uniform: Floats, cumulative: Floats) -> Integers:
    """The index each number falls on, ``cumulative`` rising to 1."""
    return np.searchsorted(cumulative, uniform, side="right").astype(np.int64)


def cumulative(weights: tuple[float, ...]) -> Floats:
    """Running shares of ``weights``; the last is exactly 1."""
    sums = np.cumsum(np.array(weights, dtype=np.float64))
    shares: Floats = sums / sums[-1]
    return shares


@cache
def _quantiles() -> Floats:
    # Rounded, so that a last bit of the C library's logarithm cannot show.
    bell = NormalDist()
    inner = [round(bell.inv_cdf(cell / _CELLS), _DIGITS) for cell in range(1, _CELLS)]
    end = round(bell.inv_cdf(1 / (2 * _CELLS)), _DIGITS)
    return np.array([end, *inner, -end])


@cache
def _powers() -> tuple[Floats, Floats]:
    whole = [exponential(power) for power in range(_LEAST, _MOST + 1)]
    return np.array(whole), np.array([exponential(step / _STEPS) for step in range(_STEPS)])
