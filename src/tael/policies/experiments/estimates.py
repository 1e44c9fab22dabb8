"""Shares, means and their differences with intervals, for one look at a time."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

from tael.kernel import BadInput, check
from tael.policies.intervals import wilson
from tael.risk import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_NORMAL = NormalDist()
NOTHING = Interval(math.nan, math.nan, math.nan)
_FEWEST = 2  # a variance needs two


def share(hits: float, count: float, *, level: float = 0.95) -> Interval:
    """A share with its score interval (``wilson``); NaN without rows.

    Raises:
        BadInput: hits outside 0 to ``count``.
    """
    if not 0 <= hits <= count:
        raise BadInput(f"{hits} of {count}", field="hits", rule="0 <= hits <= count")
    if not count:
        return NOTHING
    return Interval(hits / count, *wilson(hits, count, level=level))


def difference_of_shares(
    first: tuple[float, float], second: tuple[float, float], *, level: float = 0.95
) -> Interval:
    """``second`` less ``first``, each hits and count; independent rows.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10: the square-and-add of the two
    score intervals. NaN where one side has no rows.
    """
    a, b = share(*first, level=level), share(*second, level=level)
    value = b.value - a.value
    below = math.hypot(b.value - b.low, a.high - a.value)
    above = math.hypot(b.high - b.value, a.value - a.low)
    return Interval(value, value - below, value + above)


def mean(values: npt.NDArray[np.float64], *, level: float = 0.95) -> Interval:
    """A mean with its normal interval; bounds are NaN with fewer than two rows."""
    if not len(values):
        return NOTHING
    middle = float(values.mean())
    half = _NORMAL.inv_cdf((1 + level) / 2) * math.sqrt(squared_error(values))
    return Interval(middle, middle - half, middle + half)


def difference_of_means(
    first: npt.NDArray[np.float64], second: npt.NDArray[np.float64], *, level: float = 0.95
) -> Interval:
    """``second`` less ``first`` with unequal variances (Welch 1947, by the normal quantile)."""
    if not len(first) or not len(second):
        return NOTHING
    value = float(second.mean() - first.mean())
    error = math.sqrt(squared_error(first) + squared_error(second))
    half = _NORMAL.inv_cdf((1 + level) / 2) * error
    return Interval(value, value - half, value + half)


def squared_error(values: npt.NDArray[np.float64]) -> float:
    """The variance of the mean of ``values``; NaN with fewer than two."""
    if len(values) < _FEWEST:
        return math.nan
    found = float(values.var(ddof=1)) / len(values)
    check(found >= 0, "a variance is not below zero")
    return found
