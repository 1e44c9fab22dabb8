"""Day counts: how many days lie between two days, and which share of a year they are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import Enum
from fractions import Fraction

from tael.kernel import BadInput, Day, Money, Rate, Rounding, check

PRECISION = 50
_LAST_OF_THIRTY = 30
_ONE = Decimal(1)
_YEAR, _LEAP_YEAR, _LEAP_DAY = 365, 366, 29


class DayCount(Enum):
    """How days become a share of a year: contract data.

    ``THIRTY_360`` is 30E/360 (ISDA 2006 Definitions, 4.16(g)); ``ACT_365`` is Actual/365 Fixed
    (4.16(d)); ``ACT_360`` is Actual/360 (4.16(e)), what Chinese banks use for daily interest;
    ``ACT_ACT`` is Actual/Actual (4.16(b)), each day against the length of its own year.
    """

    THIRTY_360 = "30/360"
    ACT_365 = "ACT/365"
    ACT_360 = "ACT/360"
    ACT_ACT = "ACT/ACT"

    def days(self, start: Day, end: Day, *, seed_day: int | None = None) -> int:
        """Days from ``start`` to ``end`` under this count; additive: a-b plus b-c is a-c.

        ``seed_day`` matters for 30/360 alone: 28 February of a loan due on the 31st stands for the
        31st, so that each of its months has 30 days.

        Raises:
            BadInput: ``end`` lies before ``start``.
        """
        if end < start:
            raise BadInput(
                f"interest runs forward, not from {start} to {end}",
                field="end",
                rule="end >= start",
            )
        if self is not DayCount.THIRTY_360:
            return start.days_until(end)
        return _position(end, seed_day) - _position(start, seed_day)


def _position(day: Day, seed_day: int | None) -> int:
    clamped = seed_day is not None and seed_day > day.day and day == day.month_end()
    number = seed_day if clamped and seed_day is not None else day.day
    return day.year * 360 + day.month * 30 + min(number, _LAST_OF_THIRTY)


def _actual_share(start: Day, end: Day) -> Fraction:
    """Each year's days over that year's length."""
    share = Fraction(0)
    while start < end:
        new_year = Day(start.year + 1, 1, 1)
        length = _LEAP_YEAR if Day(start.year, 2, 1).month_end().day == _LEAP_DAY else _YEAR
        share += Fraction(start.days_until(min(end, new_year)), length)
        start = min(end, new_year)
    return share


_LENGTHS = {DayCount.THIRTY_360: 360, DayCount.ACT_360: 360}


@dataclass(frozen=True, slots=True)
class Convention:
    """How one contract turns days into money: day count, rounding, seed day, length of a year.

    ``year_days`` replaces the day count's own length (364 for a contract of 52 weeks).
    """

    day_count: DayCount = DayCount.THIRTY_360
    rounding: Rounding = Rounding.HALF_UP
    seed_day: int | None = None
    year_days: int | None = None

    def days(self, start: Day, end: Day) -> int:
        """Interest days from ``start`` to ``end``."""
        return self.day_count.days(start, end, seed_day=self.seed_day)

    def share(self, start: Day, end: Day) -> Fraction:
        """The days from ``start`` to ``end`` as a share of a year, exact."""
        days = self.days(start, end)
        if self.year_days is None and self.day_count is DayCount.ACT_ACT:
            return _actual_share(start, end)
        return Fraction(days, self.year_days or _LENGTHS.get(self.day_count, _YEAR))

    def charge(self, balance: Money, rate: Rate, share: Fraction) -> Money:
        """``rate`` a year on ``balance`` for ``share`` of a year, rounded once."""
        whole = self._divided(rate, balance.minor * share.numerator, share.denominator)
        return Money(whole, balance.currency)

    def charge_on_units(self, rate: Rate, units: Fraction, currency: str) -> Money:
        """``rate`` a year on ``units`` of minor units times years, divided once, rounded once.

        Units of several balances and days add up exactly before they become money: what a balance
        that changed in between owes is rounded once, not once for each change.
        """
        return Money(self._divided(rate, units.numerator, units.denominator), currency)

    def _divided(self, rate: Rate, numerator: int, denominator: int) -> int:
        with localcontext() as context:
            context.prec = PRECISION
            exact = rate.fraction * numerator / denominator
            whole = int(exact.quantize(_ONE, rounding=self.rounding.value))
        check(whole >= 0, "a charge is never negative")
        return whole

    def interest(self, principal: Money, rate: Rate, start: Day, end: Day) -> Money:
        """As the function ``interest``, by this contract's rounding and seed day."""
        if principal.minor < 0:
            raise BadInput(
                f"interest is on what is owed, not on {principal}", field="principal", rule=">= 0"
            )
        if rate.fraction < 0:
            raise BadInput(f"a rate of {rate} is below zero", field="rate", rule=">= 0")
        return self.charge(principal, rate, self.share(start, end))


def growth(rate: Rate, share: Fraction) -> Decimal:
    """``rate`` over ``share`` of a year: for discounting in the caller's precision, no money."""
    return rate.fraction * share.numerator / share.denominator


def interest(
    principal: Money, rate: Rate, start: Day, end: Day, day_count: DayCount = DayCount.THIRTY_360
) -> Money:
    """Simple interest on ``principal`` from ``start`` to ``end``, rounded once, half up.

    ``rate`` is annual. The last day does not count: a loan repaid on the day it was paid out owes
    nothing. With a contract at hand use ``terms.convention.interest``, which knows its rounding and
    its seed day.

    Raises:
        BadInput: ``end`` before ``start``, or a negative principal or rate.
    """
    return Convention(day_count).interest(principal, rate, start, end)
