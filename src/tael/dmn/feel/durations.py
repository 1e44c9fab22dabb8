"""FEEL's two durations: of days and time, and of years and months (DMN 1.5 clause 10.3.2.3.7/8).

They are types of their own: a month has no fixed number of days. Text is ISO 8601 as XML Schema
restricts it: ``P1DT2H30M4.5S``, ``-P1Y2M``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from tael.dmn.errors import Nothing

NANOS_PER_SECOND = 1_000_000_000
NANOS_PER_DAY = 86_400 * NANOS_PER_SECOND
_DAYS = re.compile(
    r"(-?)P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d*))?S)?)?", re.ASCII
)
_MONTHS = re.compile(r"(-?)P(?:(\d+)Y)?(?:(\d+)M)?", re.ASCII)
_MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class DaysDuration:
    """A number of nanoseconds, negative ones included; ``str`` is its canonical FEEL text."""

    nanos: int

    @property
    def days(self) -> int:
        return self._part(NANOS_PER_DAY, None)

    @property
    def hours(self) -> int:
        return self._part(3600 * NANOS_PER_SECOND, 24)

    @property
    def minutes(self) -> int:
        return self._part(60 * NANOS_PER_SECOND, 60)

    @property
    def seconds(self) -> int:
        return self._part(NANOS_PER_SECOND, 60)

    def total_seconds(self) -> Decimal:
        """The whole length in seconds, exact."""
        return Decimal(self.nanos).scaleb(-9)

    def to_python(self) -> timedelta:
        """As a ``timedelta``: microseconds, what is finer is cut off towards zero."""
        sign = -1 if self.nanos < 0 else 1
        return timedelta(microseconds=sign * (abs(self.nanos) // 1000))

    def _part(self, unit: int, of: int | None) -> int:
        count = abs(self.nanos) // unit
        count = count if of is None else count % of
        return -count if self.nanos < 0 else count

    def __str__(self) -> str:
        if not self.nanos:
            return "PT0S"
        rest = abs(self.nanos)
        days, rest = divmod(rest, NANOS_PER_DAY)
        hours, rest = divmod(rest, 3600 * NANOS_PER_SECOND)
        minutes, rest = divmod(rest, 60 * NANOS_PER_SECOND)
        seconds, fraction = divmod(rest, NANOS_PER_SECOND)
        second_text = f"{seconds}{fraction_text(fraction)}"
        time = "".join(
            f"{text}{unit}"
            for text, unit in ((str(hours), "H"), (str(minutes), "M"), (second_text, "S"))
            if text != "0"
        )
        sign = "-" if self.nanos < 0 else ""
        return f"{sign}P{f'{days}D' if days else ''}{f'T{time}' if time else ''}"


@dataclass(frozen=True, slots=True)
class MonthsDuration:
    """A number of months, negative ones included; ``str`` is its canonical FEEL text."""

    months: int

    @property
    def years(self) -> int:
        """Whole years, towards zero."""
        years = abs(self.months) // 12
        return -years if self.months < 0 else years

    @property
    def months_left(self) -> int:
        """What is left in months after the whole years, with the sign of the duration."""
        months = abs(self.months) % 12
        return -months if self.months < 0 else months

    def __str__(self) -> str:
        if not self.months:
            return "P0M"
        years, months = divmod(abs(self.months), 12)
        sign = "-" if self.months < 0 else ""
        return f"{sign}P{f'{years}Y' if years else ''}{f'{months}M' if months else ''}"


Duration = DaysDuration | MonthsDuration


def duration_from(text: str) -> Duration:
    """The duration that ``text`` writes; raises Nothing for anything else."""
    months = _MONTHS.fullmatch(text)
    if months and (months[2] or months[3]):
        _refuse_huge(text)
        count = int(months[2] or 0) * 12 + int(months[3] or 0)
        return MonthsDuration(-count if months[1] else count)
    days = _DAYS.fullmatch(text)
    if days is None or not any(days.group(2, 3, 4, 5)):
        raise Nothing(f"{text!r} is not a duration")
    _refuse_huge(text)
    hours = int(days[2] or 0) * 24 + int(days[3] or 0)
    seconds = (hours * 60 + int(days[4] or 0)) * 60 + int(days[5] or 0)
    nanos = seconds * NANOS_PER_SECOND + int((days[6] or "")[:9].ljust(9, "0"))
    return DaysDuration(-nanos if days[1] else nanos)


def fraction_text(nanos: int) -> str:
    """``.5`` for half a second, nothing for none."""
    return f".{nanos:09d}".rstrip("0") if nanos else ""


def _refuse_huge(text: str) -> None:
    if len(text) > _MOST_DIGITS:
        raise Nothing(f"{text[:_MOST_DIGITS]!r}... is longer than any duration")
