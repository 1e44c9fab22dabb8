"""Shares with their intervals, weighted, and honest at 0 and at 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from tael.risk.calibration.calibrator import effective
from tael.risk.calibration.intervals import jeffreys
from tael.risk.columns import Bools, Floats
from tael.risk.measures import Interval

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Share:
    """A share of rows by weight.

    Attributes:
        rows: rows it is a share of.
        hits: of them, those that count, unweighted.
        rate: weighted share with its interval; None where there are no rows.
        effective: rows that the interval stands on: fewer than ``rows`` when weights differ.
    """

    rows: int
    hits: int
    rate: Interval | None
    effective: float = 0.0


def share(hit: Bools, weight: Floats, level: float = LEVEL) -> Share:
    """The weighted share of ``hit`` with its Jeffreys interval.

    Weighted rows count as Kish's effective number (Survey Sampling, 1965, section 8.2), so a few
    heavy rows give a wide interval.
    """
    rows = effective(weight)
    if not rows:
        return Share(len(hit), int(hit.sum()), None)
    rate = min(float(weight[hit].sum()) / float(weight.sum()), 1.0)
    return Share(len(hit), int(hit.sum()), jeffreys(rate * rows, rows, level=level), rows)


def ratio(one: Share, other: Share, level: float = LEVEL) -> Interval | None:
    """One share over another with the log interval of a risk ratio.

    Katz, Baptista, Azen and Pike, Biometrics 34 (1978) 469-474. None where the other is 0 or has
    no rows; the upper bound is infinite where the first is 0.
    """
    if one.rate is None or other.rate is None or not other.rate.value:
        return None
    value = one.rate.value / other.rate.value
    if not one.rate.value:
        return Interval(value, 0.0, math.inf)
    z = NormalDist().inv_cdf((1 + level) / 2)
    error = math.sqrt(
        sum((1 - of.rate.value) / (of.rate.value * of.effective) for of in (one, other) if of.rate)
    )
    return Interval(value, value * math.exp(-z * error), value * math.exp(z * error))


def difference(one: Interval, other: Interval) -> Interval:
    """One share less another, its interval recovered from those of both.

    Zou and Donner, Statistics in Medicine 27 (2008) 1693-1702; with Wilson's intervals it would be
    Newcombe's method 10.
    """
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    return Interval(value, low, high)
