"""Take-up by price as a logistic curve, from offers of the own book that were taken or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from tael.kernel import BadInput, Rate
from tael.pricing.strategy.curve import Beyond, Point, checked

_DIGITS = 34
_NAMED = Decimal("1E-12")
_MOST_STEPS = 60
_SETTLED = Decimal("1E-20")
_FARTHEST = Decimal(40)
_Z = Decimal("1.6448536269514722")


@dataclass(frozen=True, slots=True)
class LogisticCurve:
    """``log odds of take-up = level + slope * (rate - centre)``, fitted by maximum likelihood.

    Source: McCullagh and Nelder 1989, iteratively reweighted least squares; the interval is that of
    the log odds by their covariance (delta method). Made by ``LogisticCurve.fit``.

    Args:
        points: offers by rate.
        level: log odds at ``centre``.
        slope: change of the log odds for a rate higher by one (by 100 points of per cent).
        centre: the mean rate of the offers.
        covariance: variance of the level, covariance, variance of the slope.
        beyond: ``LOGISTIC`` lets the curve go on outside the observed rates; see ``Beyond``.
    """

    points: tuple[Point, ...]
    level: Decimal
    slope: Decimal
    centre: Decimal
    covariance: tuple[Decimal, Decimal, Decimal]
    beyond: Beyond = Beyond.REFUSE

    @classmethod
    def fit(cls, points: Sequence[Point], beyond: Beyond = Beyond.REFUSE) -> LogisticCurve:
        """The likeliest logistic curve through offers by rate.

        Raises:
            BadInput: see ``checked``; a point without its number of offers; take-up that rises with
                the rate; rates that part takers from others completely.
        """
        ordered = checked(points, most_rise=Decimal(1))
        for row, point in enumerate(ordered, 1):
            if point.trials is None:
                raise BadInput(
                    f"how many were offered {point.rate} is not told",
                    field="trials", row=row, rule="a number of offers at each rate",
                )  # fmt: skip
        with localcontext() as context:
            context.prec = _DIGITS
            offers = sum(point.trials or 0 for point in ordered)
            asked = (p.rate.fraction * (p.trials or 0) for p in ordered)
            centre = sum(asked, Decimal(0)) / offers
            level, slope, covariance = _fitted(ordered, centre)
        if slope > 0:
            raise BadInput(
                "take-up rises with the rate: offers at other rates went to other people",
                field="points", rule="a slope of at most 0",
            )  # fmt: skip
        return cls(ordered, level, slope, centre, covariance, beyond)

    @property
    def low(self) -> Rate:
        """The lowest rate that was observed."""
        return self.points[0].rate

    @property
    def high(self) -> Rate:
        """The highest rate that was observed."""
        return self.points[-1].rate

    def at(self, rate: Rate) -> Decimal:
        """The share of those offered ``rate`` who take it.

        Raises:
            BadInput: a rate that was not observed, where the rule is ``REFUSE``.
        """
        inside = self._inside(rate)
        if inside is None:
            return Decimal(0)
        with localcontext() as context:
            context.prec = _DIGITS
            return _share(self.level + self.slope * inside).quantize(_NAMED)

    def interval(self, rate: Rate) -> tuple[Decimal, Decimal]:
        """Where the share at ``rate`` lies with 90 %."""
        inside = self._inside(rate)
        if inside is None:
            return Decimal(0), Decimal(0)
        with localcontext() as context:
            context.prec = _DIGITS
            own, both, steep = self.covariance
            spread = _Z * (own + 2 * both * inside + steep * inside * inside).sqrt()
            middle = self.level + self.slope * inside
            return (
                _share(middle - spread).quantize(_NAMED),
                _share(middle + spread).quantize(_NAMED),
            )

    def _inside(self, rate: Rate) -> Decimal | None:
        """``rate`` less the centre, as the rule for unobserved rates has it; None for nobody."""
        held = min(max(rate, self.low), self.high)
        if rate != held and self.beyond is Beyond.REFUSE:
            raise BadInput(
                f"nobody was seen to be offered {rate}; observed are {self.low} to {self.high}",
                field="rate",
                rule="within the observed rates, or a named rule for what lies beyond",
            )
        if rate > self.high and self.beyond is Beyond.NOBODY:
            return None
        taken = rate if self.beyond is Beyond.LOGISTIC else held
        return taken.fraction - self.centre


def _share(log_odds: Decimal) -> Decimal:
    return 1 / (1 + (-min(max(log_odds, -_FARTHEST), _FARTHEST)).exp())


def _fitted(
    points: Sequence[Point], centre: Decimal
) -> tuple[Decimal, Decimal, tuple[Decimal, Decimal, Decimal]]:
    level, slope = Decimal(0), Decimal(0)
    for _ in range(_MOST_STEPS):
        gradient, (a, b, c) = _score(points, centre, (level, slope))
        whole = a * c - b * b
        if whole <= 0 or max(abs(level), abs(slope) / 100) > _FARTHEST:
            raise BadInput(
                "rates part takers from others completely: no curve is the likeliest",
                field="points", rule="takers and others at overlapping rates",
            )  # fmt: skip
        up = (c * gradient[0] - b * gradient[1]) / whole
        turn = (a * gradient[1] - b * gradient[0]) / whole
        level, slope = level + up, slope + turn
        if abs(up) + abs(turn) < _SETTLED:
            return level, slope, (c / whole, -b / whole, a / whole)
    raise BadInput("the curve does not settle", field="points", rule="takers at several rates")


def _score(
    points: Sequence[Point], centre: Decimal, at: tuple[Decimal, Decimal]
) -> tuple[tuple[Decimal, Decimal], tuple[Decimal, Decimal, Decimal]]:
    """Gradient of the log likelihood, and the information: of level, of both, of slope."""
    by_level = by_slope = own = both = steep = Decimal(0)
    for point in points:
        x, trials = point.rate.fraction - centre, Decimal(point.trials or 0)
        share = _share(at[0] + at[1] * x)
        missed, weight = trials * (point.share - share), trials * share * (1 - share)
        by_level, by_slope = by_level + missed, by_slope + missed * x
        own, both, steep = own + weight, both + weight * x, steep + weight * x * x
    return (by_level, by_slope), (own, both, steep)
