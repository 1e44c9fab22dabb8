"""Day counts: how many days lie between two days, and which share of a year they are."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import localcontext
from enum import Enum

from tael.kernel import BadInput, Day, Money, Rate, Rounding, check

PRECISION = 50
_LAST_OF_THIRTY = 30


class DayCount(Enum):
    """How days become a share of a year: contract data.

    ``THIRTY_360`` is 30E/360 (ISDA 2006 Definitions, 4.16(g)); ``ACT_365`` is Actual/365 Fixed
    (4.16(d)); ``ACT_360`` is Actual/360 (4.16(e)), what Chinese banks use for daily interest.
    """

    THIRTY_360 = "30/360"
    ACT_365 = "ACT/365"
    ACT_360 = "ACT/360"

    @property
    def year_days(self) -> int:
        """Days of a year under this count."""
        return 365 if self is DayCount.ACT_365 else 360

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


@dataclass(frozen=True, slots=True)
class Convention:
    """How one contract turns days into interest: day count, rounding and seed day together."""

    day_count: DayCount = DayCount.THIRTY_360
    rounding: Rounding = Rounding.HALF_UP
    seed_day: int | None = None

    def days(self, start: Day, end: Day) -> int:
        """Interest days from ``start`` to ``end``."""
        return self.day_count.days(start, end, seed_day=self.seed_day)

    def interest(self, principal: Money, rate: Rate, start: Day, end: Day) -> Money:
        """As the function ``interest``, by this contract's rounding and seed day."""
        if principal.minor < 0:
            raise BadInput(
                f"interest is on what is owed, not on {principal}", field="principal", rule=">= 0"
            )
        if rate.fraction < 0:
            raise BadInput(f"a rate of {rate} is below zero", field="rate", rule=">= 0")
        days = self.days(start, end)
        with localcontext() as context:
            context.prec = PRECISION
            factor = rate.fraction * days / self.day_count.year_days
        result = principal.times(factor, self.rounding)
        check(result.minor >= 0, "interest is never negative")
        return result


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
