"""Built-in functions of dates, times and durations (DMN 1.5 clauses 10.3.4.1 and 10.3.4.7)."""

from __future__ import annotations

from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import (
    NANOS_PER_SECOND,
    DaysDuration,
    MonthsDuration,
    duration_from,
)
from tael.dmn.feel.library.arguments import number, single, whole
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.temporal import (
    Date,
    DateTime,
    Time,
    date_from,
    date_of,
    date_time_from,
    time_from,
    time_of,
)
from tael.dmn.feel.values import Value, from_python, kind
from tael.kernel import SystemClock

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


_MINUTE = 60


def _date(source: Value) -> Value:
    source = single(source)
    if isinstance(source, str):
        return date_from(source)
    if isinstance(source, DateTime):
        return source.date
    if isinstance(source, Date):
        return source
    raise Nothing(f"no date from a {kind(source)}")


def _date_of(year: Value, month: Value, day: Value) -> Value:
    return date_of(_whole(year), _whole(month), _whole(day))


def _time(source: Value) -> Value:
    source = single(source)
    if isinstance(source, str):
        return time_from(source)
    if isinstance(source, DateTime):
        return source.time
    if isinstance(source, Date):
        return Time(0, 0, 0, offset=0)
    if isinstance(source, Time):
        return source
    raise Nothing(f"no time from a {kind(source)}")


def _time_of(hour: Value, minute: Value, second: Value, offset: Value = None) -> Value:
    offset = single(offset)
    if offset is not None and not isinstance(offset, DaysDuration):
        raise Nothing(f"the offset is a {kind(offset)}, not a duration of days and time")
    seconds = number(second)
    if not 0 <= seconds < _MINUTE:
        raise Nothing(f"no minute has a second {seconds}")
    nano = int((seconds - int(seconds)) * NANOS_PER_SECOND)
    east = None if offset is None else offset.nanos // NANOS_PER_SECOND
    return time_of(_whole(hour), _whole(minute), int(seconds), nano=nano, offset=east)


def _date_time(source: Value) -> Value:
    source = single(source)
    if isinstance(source, str):
        return date_time_from(source)
    if isinstance(source, Date):
        return DateTime(source, Time(0, 0, 0, offset=0))
    if isinstance(source, DateTime):
        return source
    raise Nothing(f"no date and time from a {kind(source)}")


def _date_with_time(day: Value, clock: Value) -> Value:
    day, clock = single(day), single(clock)
    if isinstance(day, DateTime):
        day = day.date
    if not isinstance(day, Date) or not isinstance(clock, Time):
        raise Nothing(f"no date and time from a {kind(day)} and a {kind(clock)}")
    return DateTime(day, clock)


def _duration(source: Value) -> Value:
    source = single(source)
    if isinstance(source, str):
        return duration_from(source)
    if isinstance(source, DaysDuration | MonthsDuration):
        return source
    raise Nothing(f"no duration from a {kind(source)}")


def _months_between(start: Value, end: Value) -> Value:
    """Whole months from one day to the other, towards zero; times of day do not count."""
    first, last = _day(start), _day(end)
    months = (last.year * 12 + last.month) - (first.year * 12 + first.month)
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return MonthsDuration(months)


def _day(value: Value) -> Date:
    value = single(value)
    if isinstance(value, DateTime):
        return value.date
    if not isinstance(value, Date):
        raise Nothing(f"a {kind(value)} is no date")
    return value


def _whole(value: Value) -> int:
    wanted = number(value)
    if wanted != wanted.to_integral_value():
        raise Nothing(f"{wanted} is not a whole number")
    return whole(wanted)


def _now() -> Value:
    return from_python(SystemClock().now(), "now")


def _today() -> Value:
    return _day(_now())


ENTRIES: tuple[Entry, ...] = (
    Entry("date", "from", 1, _date),
    Entry("date", "year,month,day", 3, _date_of),
    Entry("time", "from", 1, _time),
    Entry("time", "hour,minute,second,offset", 3, _time_of),
    Entry("date and time", "from", 1, _date_time),
    Entry("date and time", "date,time", 2, _date_with_time),
    Entry("duration", "from", 1, _duration),
    Entry("years and months duration", "from,to", 2, _months_between),
    Entry("day of year", "date", 1, lambda date: Decimal(_day(date).day_of_year)),
    Entry("day of week", "date", 1, lambda date: _DAYS[_day(date).weekday - 1]),
    Entry("month of year", "date", 1, lambda date: _MONTHS[_day(date).month - 1]),
    Entry("week of year", "date", 1, lambda date: Decimal(_day(date).week_of_year)),
    Entry("now", "", 0, _now),
    Entry("today", "", 0, _today),
)
