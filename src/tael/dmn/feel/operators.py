"""What the operators give for each pair of types (DMN 1.5 clauses 10.3.2.13 to 10.3.2.15).

Every function raises Nothing, with the reason, where FEEL gives null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, DecimalException
from typing import TypeVar

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import NANOS_PER_DAY, DaysDuration, MonthsDuration
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.temporal import Date, DateTime, Time, time_at
from tael.dmn.feel.values import Range, Value, compare, equals, kind, time_offset

_Moment = Date | DateTime | Time
LONGEST_STRING = 10_000_000
_LARGEST = Decimal(10) ** 34
_WIDE = Context(prec=13_000, Emin=-99_999, Emax=99_999)  # exact for any two numbers
_T = TypeVar("_T")
_Operation = Callable[[Value, Value], Value]


def compared(operator: str, left: Value, right: Value) -> bool:
    """A comparison of two values."""
    if operator in ("=", "!="):
        same = equals(left, right)
        if same is None:
            raise Nothing(f"a {kind(left)} and a {kind(right)} are never compared")
        return same is (operator == "=")
    return compare(operator, left, right)


def add(left: Value, right: Value) -> Value:
    """Numbers, strings, durations of one kind, and a moment with a duration in either order."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _exact(NUMBERS.add, left, right)
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > LONGEST_STRING:
            raise Nothing(f"a string has at most {LONGEST_STRING} characters")
        return left + right
    if isinstance(left, DaysDuration | MonthsDuration):
        if isinstance(right, Date | DateTime | Time):
            return _later(right, left, 1)
        return _sum_of_durations(left, right, 1)
    if isinstance(left, Date | DateTime | Time):
        return _later(left, right, 1)
    raise _none("sum", left, right)


def subtract(left: Value, right: Value) -> Value:
    """Numbers, durations of one kind, a moment less a duration, and two moments."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _exact(NUMBERS.subtract, left, right)
    if isinstance(left, DaysDuration | MonthsDuration):
        return _sum_of_durations(left, right, -1)
    if isinstance(left, Date | DateTime | Time):
        if isinstance(right, Date | DateTime | Time):
            return _between(left, right)
        return _later(left, right, -1)
    raise _none("difference", left, right)


def multiply(left: Value, right: Value) -> Value:
    """Numbers, and a duration with a number in either order."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _exact(NUMBERS.multiply, left, right)
    if isinstance(left, Decimal) and isinstance(right, DaysDuration | MonthsDuration):
        left, right = right, left
    if isinstance(left, DaysDuration | MonthsDuration) and isinstance(right, Decimal):
        return _scaled(left, lambda size: _exact(NUMBERS.multiply, size, right))
    raise _none("product", left, right)


def divide(left: Value, right: Value) -> Value:
    """Numbers, a duration by a number, and two durations of one kind."""
    if isinstance(right, Decimal) and not right:
        raise Nothing("division by zero")
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _exact(NUMBERS.divide, left, right)
    if isinstance(left, DaysDuration | MonthsDuration) and isinstance(right, Decimal):
        return _scaled(left, lambda size: _exact(NUMBERS.divide, size, right))
    if isinstance(left, DaysDuration | MonthsDuration) and type(left) is type(right):
        divisor = _size(right)
        if not divisor:
            raise Nothing("division by a duration of no length")
        return _exact(NUMBERS.divide, _size(left), divisor)
    raise _none("quotient", left, right)


def power(left: Value, right: Value) -> Value:
    """Numbers; as IEEE 754 has it, anything to the power of zero is one, zero as well."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return _exact(NUMBERS.power, left, right) if left or right else Decimal(1)
    raise _none("power", left, right)


def modulo(dividend: Decimal, divisor: Decimal) -> Decimal:
    """FEEL's modulo takes the sign of the divisor: a - b * floor(a / b), exact."""
    if not divisor:
        raise Nothing("modulo by zero")
    floor = _WIDE.divide_int(dividend, divisor)
    rest = _WIDE.subtract(dividend, _WIDE.multiply(divisor, floor))
    if rest and (rest < 0) != (divisor < 0):
        rest = _WIDE.add(rest, divisor)
    return NUMBERS.plus(rest)


def negate(value: Value) -> Value:
    """A number or a duration with the other sign."""
    if isinstance(value, Decimal):
        return NUMBERS.minus(value) if value else value
    if isinstance(value, DaysDuration):
        return DaysDuration(-value.nanos)
    if isinstance(value, MonthsDuration):
        return MonthsDuration(-value.months)
    raise Nothing(f"minus a {kind(value)}")


ARITHMETIC: dict[str, _Operation] = {
    "+": add,
    "-": subtract,
    "*": multiply,
    "/": divide,
    "**": power,
}


def _none(what: str, left: Value, right: Value) -> Nothing:
    return Nothing(f"there is no {what} of a {kind(left)} and a {kind(right)}")


def _exact(operation: Callable[[Decimal, Decimal], Decimal], a: Decimal, b: Decimal) -> Decimal:
    try:
        result = operation(a, b)
    except DecimalException as why:
        raise Nothing(f"no number: {type(why).__name__}") from None
    if not result.is_finite():  # zero to a negative power signals nothing
        raise Nothing("the result is not finite")
    return result


def _size(value: Value) -> Decimal:
    return Decimal(value.nanos if isinstance(value, DaysDuration) else value.months)  # type: ignore[union-attr]


def _scaled(
    value: DaysDuration | MonthsDuration, scale: Callable[[Decimal], Decimal]
) -> DaysDuration | MonthsDuration:
    """Towards zero to whole nanoseconds or months."""
    size = scale(_size(value))
    if abs(size) >= _LARGEST:
        raise Nothing("the duration is too long")
    return type(value)(int(size))


def _sum_of_durations(left: DaysDuration | MonthsDuration, right: Value, sign: int) -> Value:
    if isinstance(left, DaysDuration) and isinstance(right, DaysDuration):
        return DaysDuration(left.nanos + sign * right.nanos)
    if isinstance(left, MonthsDuration) and isinstance(right, MonthsDuration):
        return MonthsDuration(left.months + sign * right.months)
    raise _none("sum" if sign > 0 else "difference", left, right)


def _later(moment: _Moment, duration: Value, sign: int) -> Value:
    if isinstance(duration, MonthsDuration) and not isinstance(moment, Time):
        return moment.plus_months(sign * duration.months)
    if not isinstance(duration, DaysDuration):
        raise _none("sum" if sign > 0 else "difference", moment, duration)
    nanos = sign * duration.nanos
    if isinstance(moment, Date):
        return moment.plus_days(nanos // NANOS_PER_DAY)  # a date counts as its midnight
    if isinstance(moment, DateTime):
        return moment.plus_nanos(nanos)
    return time_at(moment.nanos + nanos, moment)


def _between(left: _Moment, right: _Moment) -> DaysDuration:
    """The time from ``right`` to ``left``; a date is its midnight in UTC, as the standard says."""
    if isinstance(left, Time) != isinstance(right, Time):
        raise _none("difference", left, right)
    if isinstance(left, Time) and isinstance(right, Time):
        offsets = time_offset(left), time_offset(right)
        _same_locality(*offsets)
        apart = left.nanos - right.nanos
        return DaysDuration(apart - ((offsets[0] or 0) - (offsets[1] or 0)) * 1_000_000_000)
    if isinstance(left, Date) and isinstance(right, Date):
        return DaysDuration((left.ordinal - right.ordinal) * NANOS_PER_DAY)
    moments = [
        DateTime(each, Time(0, 0, 0, offset=0)) if isinstance(each, Date) else each
        for each in (left, right)
    ]
    first, second = moments[0], moments[1]
    if isinstance(first, Time) or isinstance(second, Time):
        raise _none("difference", left, right)
    _same_locality(first.offset, second.offset)
    return DaysDuration(first.instant - second.instant)


def _same_locality(left: int | None, right: int | None) -> None:
    if (left is None) != (right is None):
        raise Nothing("a local time and one with an offset are not subtracted")


def member(source: Value, name: str) -> Value:
    """The entry of a context, the property of a value, or those of each item of a list."""
    if isinstance(source, Mapping):
        if name not in source:
            raise Nothing(f"no entry {name!r} in the context")
        return source[name]
    if isinstance(source, tuple):
        return tuple(_member_or_null(item, name) for item in source)
    read = _PROPERTIES.get(type(source), {}).get(name)
    if read is None:
        raise Nothing(f"a {kind(source)} has no member {name!r}")
    value = read(source)
    if value is None:
        raise Nothing(f"this {kind(source)} has no {name}")
    return value


def _member_or_null(item: Value, name: str) -> Value:
    try:
        return member(item, name)
    except Nothing:
        return None


def _offset(value: Time | DateTime) -> Value:
    offset = value.offset if isinstance(value, DateTime) else time_offset(value)
    return None if offset is None else DaysDuration(offset * 1_000_000_000)


def _clock(of: Callable[[_T], Time]) -> dict[str, Callable[[_T], Value]]:
    return {
        "hour": lambda v: Decimal(of(v).hour),
        "minute": lambda v: Decimal(of(v).minute),
        "second": lambda v: Decimal(of(v).second),
        "timezone": lambda v: of(v).zone,
    }


def _calendar(of: Callable[[_T], Date]) -> dict[str, Callable[[_T], Value]]:
    return {
        "year": lambda v: Decimal(of(v).year),
        "month": lambda v: Decimal(of(v).month),
        "day": lambda v: Decimal(of(v).day),
        "weekday": lambda v: Decimal(of(v).weekday),
    }


def _as_date(value: Date) -> Date:
    return value


def _as_time(value: Time) -> Time:
    return value


def _date_part(value: DateTime) -> Date:
    return value.date


def _time_part(value: DateTime) -> Time:
    return value.time


_PROPERTIES: dict[type, dict[str, Callable[..., Value]]] = {
    Date: {**_calendar(_as_date)},
    Time: {**_clock(_as_time), "time offset": _offset},
    DateTime: {**_calendar(_date_part), **_clock(_time_part), "time offset": _offset},
    DaysDuration: {
        "days": lambda v: Decimal(v.days),
        "hours": lambda v: Decimal(v.hours),
        "minutes": lambda v: Decimal(v.minutes),
        "seconds": lambda v: Decimal(v.seconds),
    },
    MonthsDuration: {
        "years": lambda v: Decimal(v.years),
        "months": lambda v: Decimal(v.months_left),
    },
    Range: {
        "start": lambda v: v.low,
        "end": lambda v: v.high,
        "start included": lambda v: v.low_closed,
        "end included": lambda v: v.high_closed,
    },
}
