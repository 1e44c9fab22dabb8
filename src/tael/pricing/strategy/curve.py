"""Take-up by price: a curve that never rises, fitted to what was observed, with an interval.

Everything is Decimal. Outside the observed rates a curve says nothing by itself: a named rule does.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import Enum
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from tael.kernel import BadInput, Rate

_DIGITS = 34
_NAMED = Decimal("1E-12")
_ONE, _ZERO = Decimal(1), Decimal(0)
# A published curve may wobble; one that rises by more than this is not one of take-up by price.
MOST_RISE = Decimal("0.05")
# Two sides of a normal distribution: 90 %.
_Z = Decimal("1.6448536269514722")
_COVERED = Decimal("0.9")
LEAST_POINTS = 3


class Beyond(Enum):
    """What is said of a rate outside the observed ones.

    ``REFUSE``: nothing, such a price is no choice. ``NOBODY``: above the highest nobody takes it;
    below the lowest as many as there. ``HOLD``: as many as at the nearest observed rate, which
    flatters high prices. ``LOGISTIC``: the odds go on falling as a logistic curve through all
    points does, from the value at the end.
    """

    REFUSE = "refuse"
    NOBODY = "nobody"
    HOLD = "hold"
    LOGISTIC = "logistic"


@dataclass(frozen=True, slots=True)
class Point:
    """Take-up observed at a rate: a share of one, of ``trials`` offers where that is known."""

    rate: Rate
    share: Decimal
    trials: int | None = None


class TakeUp(Protocol):
    """The share of those offered a loan at an annual all-in rate who take it."""

    @property
    def low(self) -> Rate:
        """The lowest rate that was observed."""

    @property
    def high(self) -> Rate:
        """The highest rate that was observed."""

    def at(self, rate: Rate) -> Decimal:
        """The share, 0 to 1."""

    def interval(self, rate: Rate) -> tuple[Decimal, Decimal]:
        """What the share may well be: 90 % of the time between the two."""


def checked(points: Sequence[Point], *, most_rise: Decimal = MOST_RISE) -> tuple[Point, ...]:
    """``points`` in the order of their rates, fit to be a curve.

    Raises:
        BadInput: too few, a rate twice, a share outside 0 to 1, or shares that rise with the rate
            by more than ``most_rise``; names the rates.
    """
    if len(points) < LEAST_POINTS:
        raise BadInput(
            f"{len(points)} rates make no curve", field="points", rule=f"at least {LEAST_POINTS}"
        )
    for row, point in enumerate(points, 1):
        if not (point.share.is_finite() and _ZERO <= point.share <= _ONE):
            raise BadInput(
                f"a take-up of {point.share} at {point.rate} is no share",
                field="share", row=row, rule="0 to 1",
            )  # fmt: skip
        if point.trials is not None and point.trials < 1:
            raise BadInput(
                f"{point.trials} offers at {point.rate}", field="trials", row=row, rule="at least 1"
            )
    ordered = tuple(sorted(points, key=lambda point: point.rate))
    lowest = ordered[0]
    for before, after in pairwise(ordered):
        if before.rate == after.rate:
            raise BadInput(
                f"the rate {after.rate} is there twice", field="rate", rule="each rate once"
            )
        lowest = min(lowest, before, key=lambda point: point.share)
        if after.share - lowest.share > most_rise:
            raise BadInput(
                f"take-up rises from {lowest.share} at {lowest.rate} to {after.share} at "
                f"{after.rate}: the curve is not monotone",
                field="share",
                rule=f"never rises with the rate, but for a wobble of {most_rise}",
            )
    return ordered


@dataclass(frozen=True)
class MonotoneCurve:
    """Isotonic values at the observed rates, joined by monotone cubics.

    Source: pooled adjacent violators, Barlow et al. 1972; cubics of Fritsch and Carlson 1980 with
    the slopes of Fritsch and Butland 1984. Made by ``MonotoneCurve.fit``.

    Args:
        points: what was observed, by rising rate.
        values: fitted take-up at those rates, never rising.
        slopes: of the cubics there.
        beyond: the rule outside the observed rates.
    """

    points: tuple[Point, ...]
    values: tuple[Decimal, ...]
    slopes: tuple[Decimal, ...]
    beyond: Beyond = Beyond.REFUSE

    @classmethod
    def fit(cls, points: Sequence[Point], beyond: Beyond = Beyond.REFUSE) -> MonotoneCurve:
        """The curve nearest to ``points`` (least squares, by trials) that never rises.

        Raises:
            BadInput: see ``checked``.
        """
        ordered = checked(points)
        return cls._of(ordered, beyond)

    @classmethod
    def _of(cls, ordered: tuple[Point, ...], beyond: Beyond) -> MonotoneCurve:
        values = pooled(ordered)
        rates = [point.rate.fraction for point in ordered]
        return cls(ordered, values, _slopes(rates, values), beyond)

    @property
    def low(self) -> Rate:
        """The lowest rate that was observed."""
        return self.points[0].rate

    @property
    def high(self) -> Rate:
        """The highest rate that was observed."""
        return self.points[-1].rate

    @property
    def largest_rise(self) -> Decimal:
        """By how much the observations rise at most where the curve may not."""
        rises = (
            after.share - before.share
            for n, before in enumerate(self.points)
            for after in self.points[n + 1 :]
        )
        return max(_ZERO, *rises)

    def at(self, rate: Rate) -> Decimal:
        """The share of those offered ``rate`` who take it.

        Raises:
            BadInput: a rate that was not observed, where the rule is ``REFUSE``.
        """
        if not self.low <= rate <= self.high:
            return self._beyond(rate)
        return self._inside(rate.fraction)

    def interval(self, rate: Rate) -> tuple[Decimal, Decimal]:
        """Where the share at ``rate`` lies with 90 %, around ``at``.

        With trials: Wilson 1927 at each rate, tightened by monotony. Without: the jackknife+ of
        Barber, Candès, Ramdas and Tibshirani 2021, each rate left out once.
        """
        middle = self.at(rate)
        inside = min(max(rate, self.low), self.high)
        if all(point.trials is not None for point in self.points):
            low, high = _wilson_band(self.points, inside)
        else:
            low, high = self._left_out(inside)
        return max(_ZERO, min(low, middle)), min(_ONE, max(high, middle))

    def _inside(self, rate: Decimal) -> Decimal:
        rates = [point.rate.fraction for point in self.points]
        place = min(max(bisect_right(rates, rate) - 1, 0), len(rates) - 2)
        with localcontext() as context:
            context.prec = _DIGITS
            width = rates[place + 1] - rates[place]
            t = (rate - rates[place]) / width
            left, right = self.values[place], self.values[place + 1]
            steep = self.slopes[place] * width, self.slopes[place + 1] * width
            found = (
                left * (1 + 2 * t) * (1 - t) ** 2
                + steep[0] * t * (1 - t) ** 2
                + right * t**2 * (3 - 2 * t)
                - steep[1] * t**2 * (1 - t)
            )
            return min(max(found, right), left).quantize(_NAMED)

    def _beyond(self, rate: Rate) -> Decimal:
        above = rate > self.high
        end = self.values[-1] if above else self.values[0]
        if self.beyond is Beyond.REFUSE:
            raise BadInput(
                f"nobody was seen to be offered {rate}; observed are {self.low} to {self.high}",
                field="rate",
                rule="within the observed rates, or a named rule for what lies beyond",
            )
        if self.beyond is Beyond.NOBODY and above:
            return _ZERO
        if self.beyond is Beyond.LOGISTIC:
            return self._logistic(rate, end, self.high if above else self.low)
        return end.quantize(_NAMED)

    def _logistic(self, rate: Rate, end: Decimal, edge: Rate) -> Decimal:
        """Odds at the edge, moved along the slope of log odds through all points."""
        if end in (_ZERO, _ONE):
            return end
        with localcontext() as context:
            context.prec = _DIGITS
            inner = [(p.rate.fraction, p.share) for p in self.points if _ZERO < p.share < _ONE]
            slope = min(_ZERO, _slope([(r, (s / (1 - s)).ln()) for r, s in inner]))
            odds = end / (1 - end) * (slope * (rate.fraction - edge.fraction)).exp()
            return (odds / (1 + odds)).quantize(_NAMED)

    @cached_property
    def _others(self) -> tuple[tuple[MonotoneCurve, Decimal], ...]:
        """For each point the curve without it, and by how much that misses the point."""
        found = []
        for place, point in enumerate(self.points):
            kept = self.points[:place] + self.points[place + 1 :]
            other = MonotoneCurve._of(kept, Beyond.HOLD)
            found.append((other, abs(point.share - other.at(point.rate))))
        return tuple(found)

    def _left_out(self, rate: Rate) -> tuple[Decimal, Decimal]:
        values = [(other.at(rate), missed) for other, missed in self._others]
        lows = sorted(value - missed for value, missed in values)
        highs = sorted((value + missed for value, missed in values), reverse=True)
        # The k-th from outside, k = floor((1 - coverage) (n + 1)), at least the outermost.
        cut = max(int((1 - _COVERED) * (len(values) + 1)), 1) - 1
        return lows[cut], highs[cut]


def pooled(points: Sequence[Point]) -> tuple[Decimal, ...]:
    """The values that never rise and lie nearest to the shares, by trials where there are any."""
    blocks: list[tuple[Decimal, Decimal, int]] = []  # sum of weighted shares, weight, points
    with localcontext() as context:
        context.prec = _DIGITS
        for point in points:
            weight = Decimal(point.trials or 1)
            blocks.append((point.share * weight, weight, 1))
            while len(blocks) > 1 and _mean(blocks[-1]) > _mean(blocks[-2]):
                last, before = blocks.pop(), blocks.pop()
                blocks.append((last[0] + before[0], last[1] + before[1], last[2] + before[2]))
        return tuple(_mean(block) for block in blocks for _ in range(block[2]))


def _mean(block: tuple[Decimal, Decimal, int]) -> Decimal:
    return block[0] / block[1]


def _slopes(rates: Sequence[Decimal], values: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Slopes that keep each cubic monotone: weighted harmonic means inside, one-sided at ends."""
    with localcontext() as context:
        context.prec = _DIGITS
        widths = [after - before for before, after in pairwise(rates)]
        steep = [(b - a) / w for (a, b), w in zip(pairwise(values), widths, strict=True)]
        inner = [
            _between((widths[n - 1], steep[n - 1]), (widths[n], steep[n]))
            for n in range(1, len(steep))
        ]
        if len(steep) == 1:
            return steep[0], steep[0]
        first = _at_end((widths[0], steep[0]), (widths[1], steep[1]))
        last = _at_end((widths[-1], steep[-1]), (widths[-2], steep[-2]))
        return (first, *inner, last)


def _between(left: tuple[Decimal, Decimal], right: tuple[Decimal, Decimal]) -> Decimal:
    (h0, d0), (h1, d1) = left, right
    if d0 * d1 <= 0:
        return _ZERO
    w0, w1 = 2 * h1 + h0, h1 + 2 * h0
    return (w0 + w1) / (w0 / d0 + w1 / d1)


def _at_end(near: tuple[Decimal, Decimal], far: tuple[Decimal, Decimal]) -> Decimal:
    (h0, d0), (h1, d1) = near, far
    slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1)
    if slope * d0 <= 0:
        return _ZERO
    return 3 * d0 if d0 * d1 <= 0 and abs(slope) > abs(3 * d0) else slope


def _slope(pairs: Sequence[tuple[Decimal, Decimal]]) -> Decimal:
    """Least squares; level where there are no two points."""
    if len(pairs) < 2:  # noqa: PLR2004 - two points make a line
        return _ZERO
    count = len(pairs)
    x, y = sum((p[0] for p in pairs), _ZERO) / count, sum((p[1] for p in pairs), _ZERO) / count
    both = sum(((p[0] - x) * (p[1] - y) for p in pairs), _ZERO)
    return both / sum(((p[0] - x) ** 2 for p in pairs), _ZERO)


def _wilson_band(points: Sequence[Point], rate: Rate) -> tuple[Decimal, Decimal]:
    """A share is at most the bound at any lower rate, and at least that at any higher one."""
    bounds = [(point.rate, *wilson(point.share, point.trials or 1)) for point in points]
    high = min(upper for at, _, upper in bounds if at <= rate)
    low = max(lower for at, lower, _ in bounds if at >= rate)
    return low, high


def wilson(share: Decimal, trials: int) -> tuple[Decimal, Decimal]:
    """Wilson's score interval of 90 % for a share of ``trials`` (Wilson 1927)."""
    with localcontext() as context:
        context.prec = _DIGITS
        square, count = _Z * _Z, Decimal(trials)
        middle = share + square / (2 * count)
        spread = _Z * (share * (1 - share) / count + square / (4 * count * count)).sqrt()
        whole = 1 + square / count
        return (middle - spread) / whole, (middle + spread) / whole
