"""Intervals and tests that the alarms stand on, each with its source."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from tael.risk.measures import Interval
from tael.risk.sample import Bools, Floats

_NORMAL = NormalDist()
_STEPS = 60  # halvings: to the last digit


def relative(now: tuple[float, float], then: tuple[float, float], level: float = 0.95) -> Interval:
    """The share of bads ``now`` over the share ``then``, each as bads and rows.

    The logarithm's interval with one half added to each count: Katz and others, Biometrics 34
    (1978); Walter, Biometrika 62 (1975). Not a number where there are no rows.
    """
    (bads, rows), (base_bads, base_rows) = now, then
    if not rows or not base_rows:
        return Interval(math.nan, math.nan, math.nan)
    middle = math.log((bads + 0.5) / (rows + 0.5)) - math.log((base_bads + 0.5) / (base_rows + 0.5))
    variance = 1 / (bads + 0.5) - 1 / (rows + 0.5) + 1 / (base_bads + 0.5) - 1 / (base_rows + 0.5)
    wide = _NORMAL.inv_cdf((1 + level) / 2) * math.sqrt(max(variance, 0.0))
    return Interval(math.exp(middle), math.exp(middle - wide), math.exp(middle + wide))


def wald(now: Floats | Bools, then: Floats | Bools, level: float = 0.95) -> Interval:
    """The mean of ``now`` less that of ``then``, with the interval of two independent means.

    Welch, Biometrika 34 (1947), with the normal quantile: rows are many. Half a row for and half a
    row against are added to the variance, so that a share seen as 0 or 1 is not taken for certain.
    """
    middle = float(now.mean() - then.mean())
    spread = sum((float(one.var()) + 0.25 / len(one)) / len(one) for one in (now, then))
    wide = _NORMAL.inv_cdf((1 + level) / 2) * math.sqrt(spread)
    return Interval(middle, middle - wide, middle + wide)


def psi_interval(psi: float, noise: float, freedom: int, level: float = 0.95) -> Interval:
    """The population's stability index that an observed one speaks for.

    With ``noise`` = 1/n + 1/m of two samples and no shift, PSI / noise follows a chi-square of
    bins - 1 degrees (Yurdakul, Statistical Properties of Population Stability Index, Western
    Michigan University, 2018, chapter 3). With a shift we take the non-central chi-square whose
    centre is the true index over ``noise``, an approximation near to no shift, and turn it round.
    The value is the observed index less what chance adds on average, at least 0.

    Args:
        psi: the observed index.
        noise: 1/n + 1/m.
        freedom: bins with anything in them, less one.
        level: of the interval.
    """
    if freedom < 1 or not math.isfinite(psi):
        return Interval(0.0, 0.0, 0.0)
    seen, tail = psi / noise, (1 - level) / 2
    low, high = (noise * _centre(seen, freedom, share) for share in (1 - tail, tail))
    return Interval(max(psi - freedom * noise, 0.0), low, high)


def psi_chance(psi: Floats, noise: Floats, freedom: Floats, threshold: float) -> Floats:
    """The chance of an index as high as ``psi`` when the true one is ``threshold``.

    As ``psi_interval``, for arrays of one shape. Where ``psi`` is below the threshold the chance is
    near one half or more and told as 1: such a shift is never an alarm.
    """
    chance = np.ones_like(psi)
    high = (psi > threshold) & (freedom >= 1)
    noise, freedom = np.broadcast_to(noise, psi.shape), np.broadcast_to(freedom, psi.shape)
    where = _standing(psi[high] / noise[high], freedom[high], threshold / noise[high])
    chance[high] = [_NORMAL.cdf(-one) for one in where.tolist()]
    return chance


def discoveries(chance: Floats, rate: float) -> Bools:
    """Which of many tests stand when at most ``rate`` of those standing may be false on average.

    Benjamini and Hochberg, J. R. Statist. Soc. B 57 (1995): the largest k with p(k) <= rate * k/m.
    It holds for independent tests and for those that depend positively (Benjamini and Yekutieli,
    Annals of Statistics 29, 2001), as variables of one source do.
    """
    if not chance.size:
        return np.zeros(0, dtype=bool)
    ordered = np.sort(chance)
    steps = rate * np.arange(1, len(ordered) + 1) / len(ordered)
    below = np.flatnonzero(ordered <= steps)
    return chance <= (ordered[below[-1]] if len(below) else -1.0)


def adjusted_level(level: float, standing: int, tests: int) -> float:
    """The level of the intervals of ``standing`` discoveries among ``tests``.

    Benjamini and Yekutieli, J. Am. Statist. Ass. 100 (2005): with it a bound lies beyond the
    threshold exactly where Benjamini and Hochberg let the test stand.
    """
    return 1 - (1 - level) * standing / tests if tests else level


def _centre(seen: float, freedom: int, share: float) -> float:
    """The centre with which ``seen`` is the quantile ``share``; 0 where even that is too high."""
    asked = _NORMAL.inv_cdf(share)

    def above(centre: float) -> bool:
        return float(_standing(np.array(seen), np.array(float(freedom)), np.array(centre))) > asked

    if not above(0.0):
        return 0.0
    low, high = 0.0, seen + 1.0
    while above(high):
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if above(middle) else (low, middle)
    return (low + high) / 2


def _standing(seen: Floats, freedom: Floats, centre: Floats) -> Floats:
    """Where ``seen`` stands in a non-central chi-square, in standard deviations of a normal.

    Sankaran, Approximations to the non-central chi-square distribution, Biometrika 50 (1963): a
    power of the variable is all but normal; without a centre it is Wilson and Hilferty's cube root.
    """
    total, double = freedom + centre, freedom + 2 * centre
    power = 1 - 2 * total * (freedom + 3 * centre) / (3 * double**2)
    spread = double / total**2
    third = (power - 1) * (1 - 3 * power)
    mean = 1 + power * spread * (power - 1 - (2 - power) * third * spread / 2)
    deviation = power * np.sqrt(2 * spread) * (1 + third * spread / 2)
    found: Floats = ((seen / total) ** power - mean) / deviation
    return found
