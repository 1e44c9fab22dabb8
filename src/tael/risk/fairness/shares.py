"""Shares with their intervals: closed form, weighted, and honest at 0 and at 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

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

    def to_json(self) -> dict[str, object]:
        """rows, hits and the interval or null."""
        return {
            "rows": self.rows,
            "hits": self.hits,
            "rate": self.rate.to_json() if self.rate else None,
        }


def share(hit: Bools, weight: Floats, level: float = LEVEL) -> Share:
    """The weighted share of ``hit`` with Wilson's score interval (JASA 22 (1927) 209-212).

    Weighted rows count as Kish's effective number, (sum w)^2 / sum w^2 (Survey Sampling, 1965,
    section 8.2), so a few heavy rows give a wide interval.
    """
    total = float(weight.sum())
    if not total:
        return Share(len(hit), int(hit.sum()), None)
    rate = float(weight[hit].sum()) / total
    rows = total**2 / float((weight**2).sum())
    return Share(len(hit), int(hit.sum()), wilson(rate, rows, level), rows)


def wilson(rate: float, rows: float, level: float = LEVEL) -> Interval:
    """Wilson's score interval of a share of ``rows`` (above 0, may be fractional) rows."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    shrink = 1 + z * z / rows
    middle = (rate + z * z / (2 * rows)) / shrink
    width = z * math.sqrt(rate * (1 - rate) / rows + z * z / (4 * rows * rows)) / shrink
    # Rounding may leave the rate itself a hair outside at 0 and at 1.
    return Interval(rate, max(min(middle - width, rate), 0.0), min(max(middle + width, rate), 1.0))


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
    """One share less another: Newcombe's interval from the two Wilson intervals.

    Newcombe, Statistics in Medicine 17 (1998) 873-890, method 10.
    """
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    return Interval(value, low, high)
