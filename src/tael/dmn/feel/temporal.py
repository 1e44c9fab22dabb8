"""FEEL's dates and times: years to +/-999,999,999, nanoseconds, offsets with seconds, zone names.

``datetime`` ends at the years 1 and 9999 and at microseconds, so these are types of our own
(DMN 1.5 clauses 10.3.2.3.4 to 10.3.2.3.6; lexical forms of XML Schema 1.1, ``@`` before a zone).
"""

# ruff: noqa: PLR2004 - the numbers of the calendar and the clock stand for themselves
from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import NANOS_PER_DAY, NANOS_PER_SECOND, fraction_text

LAST_YEAR = 999_999_999
_WIDEST_OFFSET = 18 * 3600
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ERA_DAYS = 146_097  # days in the 400 years after which the calendar repeats
_DATE = r"(-?(?:[1-9]\d{4,8}|\d{4}))-(\d\d)-(\d\d)"
_TIME = r"(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-]\d\d:\d\d(?::\d\d)?)|@([\w/+-]+))?"
_DATE_TEXT = re.compile(_DATE, re.ASCII)
_TIME_TEXT = re.compile(_TIME, re.ASCII)
_BOTH_TEXT = re.compile(f"{_DATE}T{_TIME}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar. Make it with ``date_of`` to have it checked."""

    year: int
    month: int
    day: int

    @property
    def ordinal(self) -> int:
        """Days since 1970-01-01; negative before."""
        year = self.year - (self.month <= 2)
        era, of_era = divmod(year, 400)
        of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * _ERA_DAYS + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468

    @property
    def weekday(self) -> int:
        """1 on Monday to 7 on Sunday."""
        return (self.ordinal + 3) % 7 + 1

    @property
    def day_of_year(self) -> int:
        return self.ordinal - Date(self.year, 1, 1).ordinal + 1

    @property
    def week_of_year(self) -> int:
        """The ISO 8601 week: the one that holds the year's first Thursday is the first."""
        thursday = date_at(self.ordinal - self.weekday + 4)
        return (thursday.day_of_year - 1) // 7 + 1

    def plus_days(self, days: int) -> Date:
        """Raises Nothing beyond the years there are."""
        return date_at(self.ordinal + days)

    def plus_months(self, months: int) -> Date:
        """The same day of another month, or its last one. Raises Nothing as ``plus_days``."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        return date_of(year, month + 1, min(self.day, month_days(year, month + 1)))

    def to_python(self) -> date:
        """Raises ValueError for years that Python's dates do not reach."""
        return date(self.year, self.month, self.day)

    def __lt__(self, other: Date) -> bool:
        return (self.year, self.month, self.day) < (other.year, other.month, other.day)

    def __str__(self) -> str:
        sign = "-" if self.year < 0 else ""
        return f"{sign}{abs(self.year):04d}-{self.month:02d}-{self.day:02d}"


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day, local or with an offset (seconds east of UTC) or a zone by name."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    offset: int | None = None
    zone: str | None = None

    @property
    def nanos(self) -> int:
        """Nanoseconds since midnight, as the clock on the wall shows."""
        return ((self.hour * 60 + self.minute) * 60 + self.second) * NANOS_PER_SECOND + self.nano

    def to_python(self) -> time:
        """Microseconds; a zone by name without a date keeps its name."""
        return time(self.hour, self.minute, self.second, self.nano // 1000, _python_zone(self))

    def __str__(self) -> str:
        clock = f"{self.hour:02d}:{self.minute:02d}:{self.second:02d}{fraction_text(self.nano)}"
        if self.zone is not None:
            return f"{clock}@{self.zone}"
        return clock if self.offset is None else clock + offset_text(self.offset)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A date with a time of day."""

    date: Date
    time: Time

    @property
    def offset(self) -> int | None:
        """Seconds east of UTC at this moment; None for a local one."""
        if self.time.zone is None:
            return self.time.offset
        return zone_offset(self.time.zone, self.date, self.time)

    @property
    def local_nanos(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 of the clock on the wall."""
        return self.date.ordinal * NANOS_PER_DAY + self.time.nanos

    @property
    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00Z; a local moment counts as UTC."""
        return self.local_nanos - (self.offset or 0) * NANOS_PER_SECOND

    def plus_nanos(self, nanos: int) -> DateTime:
        """So much later in time, by the clock of its zone: one that changes to summer jumps.

        The standard adds on the line of UTC (clause 10.3.2.3.6). Raises Nothing beyond the years
        there are.
        """
        zone = self.time.zone
        if zone is None:
            return _at_clock(self.local_nanos + nanos, self.time)
        utc = self.instant + nanos
        return _at_clock(utc + utc_offset(zone, utc) * NANOS_PER_SECOND, self.time)

    def plus_months(self, months: int) -> DateTime:
        """Raises Nothing beyond the years there are."""
        return DateTime(self.date.plus_months(months), self.time)

    def to_python(self) -> datetime:
        """Raises ValueError for years that Python's dates do not reach."""
        return datetime.combine(self.date.to_python(), self.time.to_python())

    def __str__(self) -> str:
        return f"{self.date}T{self.time}"


def _at_clock(local_nanos: int, like: Time) -> DateTime:
    days, of_day = divmod(local_nanos, NANOS_PER_DAY)
    return DateTime(date_at(days), time_at(of_day, like))


def date_of(year: int, month: int, day: int) -> Date:
    """Raises Nothing when no calendar has this date."""
    if abs(year) > LAST_YEAR or not 1 <= month <= 12 or not 1 <= day <= month_days(year, month):
        raise Nothing(f"no calendar has the date {year}-{month}-{day}")
    return Date(year, month, day)


def date_at(ordinal: int) -> Date:
    """The date ``ordinal`` days after 1970-01-01. Raises Nothing beyond the years there are."""
    era, of_era = divmod(ordinal + 719_468, _ERA_DAYS)
    year_of_era = (of_era - of_era // 1460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = year_of_era + era * 400 + (month <= 2)
    return date_of(year, month, of_year - (153 * shifted + 2) // 5 + 1)


def time_of(
    hour: int, minute: int, second: int, *, nano: int = 0, offset: int | None = None
) -> Time:
    """Raises Nothing when no clock shows this time."""
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second < 60):
        raise Nothing(f"no clock shows {hour}:{minute}:{second}")
    if offset is not None and abs(offset) > _WIDEST_OFFSET:
        raise Nothing("an offset from UTC is at most 18 hours")
    return Time(hour, minute, second, nano, offset)


def time_at(nanos: int, like: Time) -> Time:
    """The time ``nanos`` after midnight, in the zone of ``like``."""
    seconds, nano = divmod(nanos % NANOS_PER_DAY, NANOS_PER_SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return Time(hour, minute, second, nano, like.offset, like.zone)


def month_days(year: int, month: int) -> int:
    """How many days the month has."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if leap else _MONTH_DAYS[month - 1]


def date_from(text: str) -> Date:
    """The date of ``2026-01-31``. Raises Nothing for anything else."""
    found = _DATE_TEXT.fullmatch(text)
    if found is None:
        raise Nothing(f"{text!r} is not a date")
    return date_of(int(found[1]), int(found[2]), int(found[3]))


def time_from(text: str) -> Time:
    """The time of ``09:30:00``, ``09:30:00.5+08:00``, ``09:30:00@Asia/Shanghai``; else Nothing."""
    found = _TIME_TEXT.fullmatch(text)
    if found is None:
        raise Nothing(f"{text!r} is not a time")
    return _time(found.groups())[0]


def date_time_from(text: str) -> DateTime:
    """The moment of ``2026-01-31T09:30:00+08:00``; a date alone is its midnight; else Nothing."""
    if _DATE_TEXT.fullmatch(text):
        return DateTime(date_from(text), Time(0, 0, 0))
    found = _BOTH_TEXT.fullmatch(text)
    if found is None:
        raise Nothing(f"{text!r} is not a date and time")
    day = date_of(int(found[1]), int(found[2]), int(found[3]))
    clock, later = _time(found.groups()[3:])
    return DateTime(day.plus_days(later), clock)


def _time(parts: tuple[str | None, ...]) -> tuple[Time, int]:
    """The time, and 1 for the midnight that ends the day (24:00:00)."""
    hour, minute, second = (int(part or 0) for part in parts[:3])
    nano = int((parts[3] or "")[:9].ljust(9, "0"))
    midnight = hour == 24 and not (minute or second or nano)
    offset = 0 if parts[4] else _offset(parts[5])
    clock = time_of(0 if midnight else hour, minute, second, nano=nano, offset=offset)
    if parts[6]:
        _zone(parts[6])
        clock = replace(clock, zone=parts[6])
    return clock, int(midnight)


def _offset(text: str | None) -> int | None:
    if text is None:
        return None
    hours, minutes, *seconds = (int(part) for part in text[1:].split(":"))
    if minutes > 59 or (seconds and seconds[0] > 59):
        raise Nothing(f"{text!r} is not an offset from UTC")
    total = (hours * 60 + minutes) * 60 + (seconds[0] if seconds else 0)
    return -total if text[0] == "-" else total


def offset_text(offset: int) -> str:
    """``Z``, ``+08:00``, ``-02:45:55``."""
    if not offset:
        return "Z"
    minutes, second = divmod(abs(offset), 60)
    hour, minute = divmod(minutes, 60)
    tail = f":{second:02d}" if second else ""
    return f"{'-' if offset < 0 else '+'}{hour:02d}:{minute:02d}{tail}"


def zone_offset(zone: str, day: Date, clock: Time) -> int:
    """Seconds east of UTC that a zone keeps at a local time.

    Python's rules end at the years 1 and 9999: beyond, those of the like year within count.
    """
    found = _like_year(day, clock).replace(tzinfo=_zone(zone)).utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def utc_offset(zone: str, nanos: int) -> int:
    """Seconds east of UTC that a zone keeps so many nanoseconds after 1970-01-01T00:00:00Z."""
    utc = _at_clock(nanos, Time(0, 0, 0))
    found = _like_year(utc.date, utc.time).replace(tzinfo=UTC).astimezone(_zone(zone)).utcoffset()
    return int(found.total_seconds()) if found is not None else 0


def _like_year(day: Date, clock: Time) -> datetime:
    year = day.year if 1 < day.year < 9999 else 2000 + day.year % 400
    leapless = min(day.day, month_days(year, day.month))
    return datetime(year, day.month, leapless, clock.hour, clock.minute, clock.second)  # noqa: DTZ001 - a wall clock's


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # unknown, a folder, or no key at all
        raise Nothing(f"{name!r} is not a time zone") from None


def _python_zone(clock: Time) -> timezone | ZoneInfo | None:
    if clock.zone is not None:
        return _zone(clock.zone)
    return None if clock.offset is None else timezone(timedelta(seconds=clock.offset))
