"""FEEL values in Python: what a number, a list or a range is, when two are equal, which is less.

number = Decimal (34 digits, half-even), string = str, boolean = bool, null = None, date = Date,
time = Time, date and time = DateTime, the two durations = DaysDuration and MonthsDuration,
list = tuple, context = dict (never changed once made), range = Range, function = Function.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeAlias, Union

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import NANOS_PER_SECOND, DaysDuration, MonthsDuration
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.syntax import NamedType, TypeExpression
from tael.dmn.feel.temporal import Date, DateTime, Time, zone_offset
from tael.kernel import BadInput, Rate

Value: TypeAlias = Union[
    Decimal, str, bool, Date, Time, DateTime, DaysDuration, MonthsDuration,
    "Range", "Function", tuple["Value", ...], Mapping[str, "Value"], None,
]  # fmt: skip
_DEEPEST_INPUT = 64
_MOST_COMPARED = 2_000_000
_MOST_HELD = 2_000_000
_PLAIN = (Decimal, str, bool, Date)
_SOME_DAY = Date(2000, 1, 1)  # a zone's offset needs a day; a time of day alone has none


@dataclass(frozen=True, slots=True)
class Range:
    """Values from ``low`` to ``high``; None on an open side means unbounded.

    ``operator`` is that of a range written as a comparison (``< 5``, ``= 5``), else empty: the two
    ways of writing hold the same values and are still not equal.
    """

    low: Value
    high: Value
    low_closed: bool
    high_closed: bool
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Function:
    """Something FEEL can call: parameter names and what they give.

    ``overloads`` are other ways to call it; the types are those it declares.
    """

    name: str
    parameters: tuple[str, ...]
    call: Callable[..., Value]
    variadic: bool = False
    required: int | None = None
    overloads: tuple[Function, ...] = ()
    parameter_types: tuple[TypeExpression, ...] = ()
    result_type: TypeExpression = NamedType("Any")  # noqa: RUF009 - frozen


_KINDS: dict[type, str] = {
    type(None): "null", bool: "boolean", Decimal: "number", str: "string", Date: "date",
    Time: "time", DateTime: "date and time", DaysDuration: "days and time duration",
    MonthsDuration: "years and months duration", tuple: "list", dict: "context", Range: "range",
    Function: "function",
}  # fmt: skip


def kind(value: Value) -> str:
    """The FEEL name of the type of ``value``."""
    return _KINDS.get(type(value), "context")


def equals(left: Value, right: Value) -> bool | None:
    """FEEL equality; None when the two are of different kinds (and neither is null).

    Raises:
        Nothing: structures of more than two million values.
    """
    if type(left) is type(right) and type(left) in _PLAIN:
        return bool(left == right)
    return _Equality().of(left, right)


class _Equality:
    """One comparison; it counts, for lists may hold one another many times over."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen = 0

    def of(self, left: Value, right: Value) -> bool | None:  # noqa: PLR0911 - one answer a kind
        if left is None or right is None or left is right:
            return left is right
        if kind(left) != kind(right):
            return None
        if isinstance(left, tuple) and isinstance(right, tuple):
            return self._items(left, right)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            return left.keys() == right.keys() and self._items(
                tuple(left.values()), tuple(right[key] for key in left)
            )
        if isinstance(left, Time | DateTime) and isinstance(right, Time | DateTime):
            return _moment(left) == _moment(right)
        if isinstance(left, Range) and isinstance(right, Range):
            return _same_ranges(left, right)
        return bool(left == right)

    def _items(self, left: tuple[Value, ...], right: tuple[Value, ...]) -> bool | None:
        """False when any pair differs, else None when one cannot be compared."""
        if len(left) != len(right):
            return False
        unknown = False
        for a, b in zip(left, right, strict=True):
            self._seen += 1
            if self._seen > _MOST_COMPARED:
                raise Nothing(f"more than {_MOST_COMPARED} values are not compared")
            same = self.of(a, b)
            if same is False:
                return False
            unknown = unknown or same is None
        return None if unknown else True


def refuse_huge(value: Value) -> None:
    """Lists that hold one another many times over are small in memory, and endless to write.

    Raises:
        Nothing: more than two million values, counted at every place where they stand.
    """
    seen = 0
    waiting = [iter((value,))]
    while waiting:
        for item in waiting[-1]:
            seen += 1
            if isinstance(item, tuple):
                waiting.append(iter(item))
                break
            if isinstance(item, Mapping):
                waiting.append(iter(tuple(item.values())))
                break
        else:
            waiting.pop()
        if seen > _MOST_HELD:
            raise Nothing(f"a value holds at most {_MOST_HELD} values")


def identity_of(value: Value) -> Hashable:
    """What two values share when, and only when, they are equal: a key for sets.

    Raises:
        Nothing: a structure of more than two million values.
    """
    return _Identity().of(value)


class _Identity:
    """The making of one key; it counts as ``_Equality`` does."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen = 0

    def of(self, value: Value) -> Hashable:
        self._seen += 1
        if self._seen > _MOST_COMPARED:
            raise Nothing("the values are too large to be compared")
        if isinstance(value, tuple):
            return "list", tuple(map(self.of, value))
        if isinstance(value, Mapping):
            return "context", frozenset((key, self.of(each)) for key, each in value.items())
        if isinstance(value, Time | DateTime):
            return kind(value), _moment(value)
        if isinstance(value, Range):
            closed = value.operator, value.low_closed, value.high_closed
            return "range", closed, self.of(value.low), self.of(value.high)
        return kind(value), id(value) if isinstance(value, Function) else value


def _same_ranges(left: Range, right: Range) -> bool:
    return (
        (left.operator, left.low_closed, left.high_closed)
        == (right.operator, right.low_closed, right.high_closed)
        and equals(left.low, right.low) is True
        and equals(left.high, right.high) is True
    )


def _moment(value: Time | DateTime) -> tuple[bool, int]:
    """Whether it has an offset, and its whole seconds in UTC: the standard compares those."""
    if isinstance(value, DateTime):
        return value.offset is not None, value.instant // NANOS_PER_SECOND
    offset = time_offset(value)
    return offset is not None, value.nanos // NANOS_PER_SECOND - (offset or 0)


def time_offset(clock: Time) -> int | None:
    """Seconds east of UTC of a time of day; a zone by name counts as in its winter of 2000."""
    if clock.zone is None:
        return clock.offset
    return zone_offset(clock.zone, _SOME_DAY, clock)


def less(left: Value, right: Value) -> bool:
    """Whether ``left`` comes before ``right``.

    Raises:
        Nothing: they are not of one kind that has an order, or only one of them has an offset.
    """
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left < right
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, Date) and isinstance(right, Date):
        return left < right
    if isinstance(left, DaysDuration) and isinstance(right, DaysDuration):
        return left.nanos < right.nanos
    if isinstance(left, MonthsDuration) and isinstance(right, MonthsDuration):
        return left.months < right.months
    if isinstance(left, Time | DateTime) and type(left) is type(right):
        return _earlier(left, right)
    raise Nothing(f"a {kind(left)} and a {kind(right)} have no order")


def _earlier(left: Time | DateTime, right: Time | DateTime) -> bool:
    zoned = [_moment(left)[0], _moment(right)[0]]
    if zoned[0] != zoned[1]:
        raise Nothing("a local time and one with an offset have no order")
    return _nanos(left) < _nanos(right)


def _nanos(value: Time | DateTime) -> int:
    if isinstance(value, DateTime):
        return value.instant
    return value.nanos - (time_offset(value) or 0) * NANOS_PER_SECOND


def compare(operator: str, left: Value, right: Value) -> bool:
    """``left operator right`` for ``<``, ``<=``, ``>``, ``>=``. Raises Nothing as ``less``."""
    if operator == "<":
        return less(left, right)
    if operator == ">":
        return less(right, left)
    if operator == "<=":
        return not less(right, left)
    return not less(left, right)


def contains(bounds: Range, value: Value) -> bool:
    """Whether ``value`` lies in the range. Raises Nothing when it cannot be compared."""
    low, high = bounds.low, bounds.high
    if not bounds.operator and (low is None or high is None):
        raise Nothing("an end of the range is null")
    above = low is None or compare(">=" if bounds.low_closed else ">", value, low)
    return above and (high is None or compare("<=" if bounds.high_closed else "<", value, high))


def matches(value: Value, wanted: Value) -> bool | None:
    """Whether ``value`` passes a unary test that evaluated to ``wanted``."""
    if isinstance(wanted, Range):
        if isinstance(value, Range):
            return equals(value, wanted)
        return contains(wanted, value)
    if isinstance(wanted, tuple) and not isinstance(value, tuple):
        return any(matches(value, item) for item in wanted)
    if isinstance(wanted, tuple) and equals(value, wanted) is not True:
        return any(equals(value, item) for item in wanted)
    return equals(value, wanted)


def from_python(value: object, field: str, depth: int = 0) -> Value:  # noqa: PLR0911 - see above
    """``value`` as a FEEL value.

    Accepts None, bool, str, int, Decimal, float (its shortest decimal text: 0.1 is 0.1), Rate (its
    fraction), the dates and times of ``datetime``, lists, tuples and mappings of these, and FEEL
    values themselves.

    Raises:
        BadInput: not finite, nested too deeply, or of another type; names the field.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal | int):
        return _number(Decimal(value), field)
    if isinstance(value, float):
        return _number(Decimal(repr(value)), field)
    if isinstance(value, Date | Time | DateTime | DaysDuration | MonthsDuration | Range | Function):
        return value
    if isinstance(value, Rate):
        return _number(value.fraction, field)
    if depth >= _DEEPEST_INPUT:
        raise BadInput("the value nests too deeply", field=field, rule=f"{_DEEPEST_INPUT} levels")
    if isinstance(value, list | tuple):
        return tuple(
            from_python(item, f"{field}[{i}]", depth + 1) for i, item in enumerate(value, start=1)
        )
    if isinstance(value, Mapping):
        return {
            str(key): from_python(item, f"{field}.{key}", depth + 1) for key, item in value.items()
        }
    return _moment_from(value, field)


def _number(value: Decimal, field: str) -> Decimal:
    if not value.is_finite():
        raise BadInput(f"{value} is not a FEEL number", field=field, rule="finite Decimal")
    number = NUMBERS.create_decimal(value)
    return number or number.copy_abs()  # -0.0 is 0


def _moment_from(value: object, field: str) -> Value:
    if isinstance(value, datetime):
        return DateTime(_date(value), _time(value.timetz(), value.utcoffset()))
    if isinstance(value, date):
        return _date(value)
    if isinstance(value, time):
        return _time(value, value.utcoffset())
    if isinstance(value, timedelta):
        return DaysDuration((value.days * 86_400 + value.seconds) * NANOS_PER_SECOND
                            + value.microseconds * 1000)  # fmt: skip
    raise BadInput(
        f"{type(value).__name__} is no FEEL type: use str, number, bool, date, time, list, dict",
        field=field,
        rule="FEEL value",
    )


def _date(value: date) -> Date:
    return Date(value.year, value.month, value.day)


def _time(value: time, offset: timedelta | None) -> Time:
    seconds = None if offset is None else int(offset.total_seconds())
    return Time(value.hour, value.minute, value.second, value.microsecond * 1000, seconds)
