"""The few distributions that intervals need: normal, beta, gamma. Standard library and numpy.

Kept here so that the engine asks for no further library; the tests hold them against SciPy's.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tael.risk.columns import Floats

_NORMAL = NormalDist()
_TINY = 1e-300
_EXACT = 1e-15
_TERMS = 10_000
_STEPS = 200
_erfc = np.frompyfunc(math.erfc, 1, 1)
_inverse = np.frompyfunc(_NORMAL.inv_cdf, 1, 1)


def normal_cdf(values: npt.ArrayLike) -> Floats:
    """The standard normal distribution function of each value."""
    scaled = np.asarray(values, dtype=np.float64) / -math.sqrt(2.0)
    return np.asarray(_erfc(scaled), dtype=np.float64) / 2.0


def normal_quantile(chances: npt.ArrayLike) -> Floats:
    """The standard normal quantile of each chance, strictly between 0 and 1 (Wichura 1988)."""
    return np.asarray(_inverse(np.asarray(chances, dtype=np.float64)), dtype=np.float64)


def logit(chances: npt.ArrayLike) -> Floats:
    """Log odds of chances strictly between 0 and 1."""
    values = np.asarray(chances, dtype=np.float64)
    return np.log(values) - np.log1p(-values)


def sigmoid(log_odds: npt.ArrayLike) -> Floats:
    """Chances of log odds, without overflow."""
    values = np.asarray(log_odds, dtype=np.float64)
    grown = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0, grown) / (1.0 + grown)


def beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction.

    Press et al., Numerical Recipes, 3rd edition, 2007, section 6.4.
    """
    if x <= 0.0 or x >= 1.0:
        return float(x >= 1.0)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        + a * math.log(x) + b * math.log1p(-x)
    )  # fmt: skip
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1.0 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    total = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1.0 / _away(1.0 + even * d), _away(1.0 + even / c)
        total *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1.0 / _away(1.0 + odd * d), _away(1.0 + odd / c)
        total *= d * c
        if abs(d * c - 1.0) < _EXACT:
            break
    return total


def _away(value: float) -> float:
    """``value``, kept away from zero: the fraction divides by it."""
    return value if abs(value) > _TINY else _TINY


def beta_quantile(chance: float, a: float, b: float) -> float:
    """Where the beta distribution reaches ``chance``; 0 or 1 at the ends."""

    def density(x: float) -> float:
        log = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
        return math.exp(log + (a - 1.0) * math.log(x) + (b - 1.0) * math.log1p(-x))

    if chance <= 0.0 or chance >= 1.0:
        return float(chance >= 1.0)
    return _root(lambda x: beta_cdf(x, a, b) - chance, density, (0.0, 1.0), a / (a + b))


def gamma_cdf(x: float, a: float) -> float:
    """The regularised lower incomplete gamma function P(a, x).

    Series below a + 1, continued fraction above: Press et al. 2007, section 6.2.
    """
    if x <= 0.0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1.0:
        term = total = 1.0 / a
        for n in range(1, _TERMS):
            term *= x / (a + n)
            total += term
            if term < total * _EXACT:
                break
        return front * total
    return 1.0 - front * _gamma_fraction(x, a)


def _gamma_fraction(x: float, a: float) -> float:
    b = x + 1.0 - a
    c, d = 1.0 / _TINY, 1.0 / _away(b)
    total = d
    for n in range(1, _TERMS):
        part = -n * (n - a)
        b += 2.0
        d, c = 1.0 / _away(part * d + b), _away(b + part / c)
        total *= d * c
        if abs(d * c - 1.0) < _EXACT:
            break
    return total


def gamma_quantile(chance: float, a: float) -> float:
    """Where the gamma distribution of shape ``a`` and scale 1 reaches ``chance`` (below 1)."""

    def density(x: float) -> float:
        return math.exp((a - 1.0) * math.log(x) - x - math.lgamma(a))

    if chance <= 0.0:
        return 0.0
    top = a + 10.0
    while gamma_cdf(top, a) < chance:
        top *= 2.0
    return _root(lambda x: gamma_cdf(x, a) - chance, density, (0.0, top), a)


def _root(
    gap: Callable[[float], float],
    density: Callable[[float], float],
    ends: tuple[float, float],
    start: float,
) -> float:
    """Newton's steps, halved back into the bracket whenever they leave it."""
    low, high = ends
    x = start
    for _ in range(_STEPS):
        off = gap(x)
        low, high = (x, high) if off < 0 else (low, x)
        slope = density(x)
        moved = x - off / slope if slope > 0 else low
        if not low < moved < high:
            moved = (low + high) / 2.0
        if abs(moved - x) <= 1e-14 * max(abs(x), 1e-12):
            return moved
        x = moved
    return x
