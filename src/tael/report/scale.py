"""From values to places on the paper, and round numbers to mark them with."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tael.kernel import Day

_YEAR_MONTHS = 12
_LONGEST_BY_DAYS = 70
_DAY_STEPS = (1, 2, 5, 7, 14)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight mapping of ``low``..``high`` onto ``start``..``end`` in SVG units, with marks."""

    low: float
    high: float
    start: float
    end: float
    marks: tuple[float, ...] = ()

    def at(self, value: float) -> float:
        if self.high == self.low:
            return (self.start + self.end) / 2
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, *, wanted: int = 5) -> list[float]:
    """About ``wanted`` round numbers around ``low``..``high``: 1, 2, 2.5, 5 times a power of ten.

    Always at least two. Source: P. Heckbert, "Nice numbers for graph labels", Graphics Gems, 1990.
    """
    if high == low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / max(wanted - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((f * power for f in (1, 2, 2.5, 5) if f * power >= rough * 0.999), 10 * power)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def date_ticks(first: Day, last: Day, *, wanted: int = 8) -> list[tuple[Day, str]]:
    """Days to mark within ``first``..``last`` with their labels: days, month starts, or years."""
    days = first.days_until(last)
    if days <= _LONGEST_BY_DAYS:
        each = next(s for s in _DAY_STEPS if days / s <= wanted)
        near = [first.plus_days(number) for number in range(0, days + 1, each)]
        return [(day, f"{day.month:02}-{day.day:02}") for day in near]
    months = max(first.months_until(last), 1)
    step = next((s for s in _MONTH_STEPS if months / s <= wanted), _MONTH_STEPS[-1])
    day = first.month_start()
    while (day.year * 12 + day.month - 1) % step or day < first:
        day = day.plus_months(1)
    marks = []
    while day <= last:
        marks.append((day, f"{day.year}" if step >= _YEAR_MONTHS else f"{day.year}-{day.month:02}"))
        day = day.plus_months(step)
    return marks or [(first, first.isoformat())]
