"""Lines on which values of one kind lie in order: where a value stands, what lies between two.

A point of a line is a Decimal, an int or a str. Numbers and strings lie dense; dates, times and
durations step by the day, the nanosecond or the month. Local times and those with an offset have
no common order (DMN 1.5 clause 10.3.2.13), so they lie on lines of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TypeAlias

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import NANOS_PER_DAY, NANOS_PER_SECOND, DaysDuration, MonthsDuration
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.temporal import Date, DateTime, Time, date_at, time_at
from tael.dmn.feel.values import Value, time_offset

Point: TypeAlias = Decimal | int | str
_WIDEST_OFFSET = 18 * 3600
_STEPS = (NANOS_PER_DAY, 3600 * NANOS_PER_SECOND, NANOS_PER_SECOND, 1)
_UTC = Time(0, 0, 0, offset=0)
_LOCAL = Time(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Axis:
    """A line of values.

    Attributes:
        name: the FEEL kind; ``zoned time`` and ``zoned date and time`` have an offset.
        point: where a value stands.
        between: a value strictly between two points (None is unbounded), None when there is none.
        ordered: whether ``<`` is defined.
        grain: values within one such stretch are equal to ``=`` (a second of nanoseconds); else 0.
    """

    name: str
    point: Callable[[Value], Point]
    between: Callable[[Point | None, Point | None], Value]
    ordered: bool = True
    grain: int = 0


def axis_name(value: Value) -> str | None:
    """The name of the line ``value`` lies on; None for null, lists, contexts, ranges, functions."""
    if isinstance(value, Time):
        return "time" if time_offset(value) is None else "zoned time"
    if isinstance(value, DateTime):
        return "date and time" if value.offset is None else "zoned date and time"
    return _NAMES.get(type(value))


_NAMES: dict[type, str] = {
    bool: "boolean", Decimal: "number", str: "string", Date: "date",
    DaysDuration: "days and time duration", MonthsDuration: "years and months duration",
}  # fmt: skip
SIBLINGS: Mapping[str, str] = {
    "time": "zoned time", "zoned time": "time",
    "date and time": "zoned date and time", "zoned date and time": "date and time",
}  # fmt: skip


def _number_between(low: Point | None, high: Point | None) -> Value:
    """The roundest number of the stretch that is easily found: whole if there is one."""
    below, above = _decimal(low), _decimal(high)
    for number in _candidates(below, above):
        if (below is None or number > below) and (above is None or number < above):
            return number
    return None


def _candidates(low: Decimal | None, high: Decimal | None) -> Iterator[Decimal]:
    if low is None and high is None:
        yield Decimal(0)
    elif low is None and high is not None:
        yield NUMBERS.subtract(high.to_integral_value(ROUND_FLOOR), Decimal(1))
        yield NUMBERS.next_minus(high)
    elif high is None and low is not None:
        yield NUMBERS.add(low.to_integral_value(ROUND_CEILING), Decimal(1))
        yield NUMBERS.next_plus(low)
    elif low is not None and high is not None:
        middle = NUMBERS.divide(NUMBERS.add(low, high), Decimal(2))
        yield middle.to_integral_value()
        yield NUMBERS.add(low.to_integral_value(ROUND_FLOOR), Decimal(1))
        yield middle
        yield NUMBERS.next_plus(low)


def _decimal(point: Point | None) -> Decimal | None:
    return None if point is None else Decimal(point)


def _text_between(low: Point | None, high: Point | None) -> Value:
    below, above = None if low is None else str(low), None if high is None else str(high)
    near: tuple[str, ...] = ("",) if below is None else (below + "a", below + " ", below + "\x00")
    for text in ("other", *near):
        if (below is None or text > below) and (above is None or text < above):
            return text
    return None


def _whole(
    make: Callable[[int], Value], lowest: int, highest: int, steps: tuple[int, ...] = (1,)
) -> Callable[[Point | None, Point | None], Value]:
    """Between two of the whole points from ``lowest`` to ``highest``."""
    middle = 0 if lowest <= 0 <= highest else lowest

    def between(low: Point | None, high: Point | None) -> Value:
        below = lowest - 1 if low is None else max(int(low), lowest - 1)
        above = highest + 1 if high is None else min(int(high), highest + 1)
        for step in steps:
            start = below + step if low is not None else middle
            start = above - step if low is None and high is not None else start
            if below < start < above:
                return make(start)
        return None

    return between


def _time_at(nanos: int) -> Value:
    """A time whose count in UTC is ``nanos``: with an offset it may lie beyond one day."""
    if 0 <= nanos < NANOS_PER_DAY:
        return time_at(nanos, _UTC)
    offset = _WIDEST_OFFSET if nanos < 0 else -_WIDEST_OFFSET
    return time_at(nanos + offset * NANOS_PER_SECOND, Time(0, 0, 0, offset=offset))


def _moment_at(like: Time) -> Callable[[int], Value]:
    def make(nanos: int) -> Value:
        days, of_day = divmod(nanos, NANOS_PER_DAY)
        try:
            return DateTime(date_at(days), time_at(of_day, like))
        except Nothing:
            return None

    return make


def _nanos(value: Value) -> int:
    if isinstance(value, DateTime):
        return value.instant
    if isinstance(value, Time):
        return value.nanos - (time_offset(value) or 0) * NANOS_PER_SECOND
    return value.nanos if isinstance(value, DaysDuration) else 0


def _number(value: Value) -> Point:
    return value if isinstance(value, Decimal) else 0


def _months(value: Value) -> Point:
    return value.months if isinstance(value, MonthsDuration) else 0


def _ordinal(value: Value) -> Point:
    return value.ordinal if isinstance(value, Date) else 0


_FIRST_DAY, _LAST_DAY = Date(-999_999_999, 1, 1).ordinal, Date(999_999_999, 12, 31).ordinal
_LONGEST = 10**34
_DAY_SPREAD = _WIDEST_OFFSET * NANOS_PER_SECOND


def _moments(name: str, like: Time) -> Axis:
    ends = _FIRST_DAY * NANOS_PER_DAY, (_LAST_DAY + 1) * NANOS_PER_DAY - 1
    return Axis(name, _nanos, _whole(_moment_at(like), *ends, steps=_STEPS), grain=NANOS_PER_SECOND)


def _times(name: str, lowest: int, highest: int) -> Axis:
    def make(nanos: int) -> Value:
        return time_at(nanos, _LOCAL) if name == "time" else _time_at(nanos)

    between = _whole(make, lowest, highest, steps=_STEPS[1:])
    return Axis(name, _nanos, between, grain=NANOS_PER_SECOND)


AXES: Mapping[str, Axis] = {
    axis.name: axis
    for axis in (
        Axis("number", _number, _number_between),
        Axis("string", lambda v: v if isinstance(v, str) else "", _text_between),
        Axis("boolean", lambda v: int(v is True), _whole(bool, 0, 1), ordered=False),
        Axis("date", _ordinal, _whole(date_at, _FIRST_DAY, _LAST_DAY)),
        _times("time", 0, NANOS_PER_DAY - 1),
        _times("zoned time", -_DAY_SPREAD, NANOS_PER_DAY - 1 + _DAY_SPREAD),
        _moments("date and time", _LOCAL),
        _moments("zoned date and time", _UTC),
        Axis(
            "days and time duration",
            _nanos,
            _whole(DaysDuration, -_LONGEST, _LONGEST, steps=_STEPS),
        ),
        Axis("years and months duration", _months, _whole(MonthsDuration, -_LONGEST, _LONGEST)),
    )
}
