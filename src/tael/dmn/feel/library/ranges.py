"""Built-in functions that relate points and ranges (DMN 1.5 clause 10.3.4.9)."""

from __future__ import annotations

from collections.abc import Callable

from tael.dmn.errors import Nothing
from tael.dmn.feel.library.arguments import single
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.values import Range, Value, contains, equals, less


def _range(value: Value) -> Range:
    value = single(value)
    if not isinstance(value, Range):
        raise Nothing("argument is not a range")
    return value


def _low(bounds: Range) -> Value:
    if bounds.low is None:
        raise Nothing("the range has no lower end")
    return bounds.low


def _high(bounds: Range) -> Value:
    if bounds.high is None:
        raise Nothing("the range has no upper end")
    return bounds.high


def _same(left: Value, right: Value) -> bool:
    same = equals(left, right)
    if same is None:
        raise Nothing("the two have no order")
    return same


def _before(a: Value, b: Value) -> Value:
    """Whether all of ``a`` lies before all of ``b``; either may be a point or a range."""
    a, b = single(a), single(b)
    end, closed = (_high(a), a.high_closed) if isinstance(a, Range) else (a, True)
    start, opened = (_low(b), b.low_closed) if isinstance(b, Range) else (b, True)
    return less(end, start) or (not (closed and opened) and _same(end, start))


def _after(a: Value, b: Value) -> Value:
    return _before(b, a)


def _meets(a: Value, b: Value) -> Value:
    first, second = _range(a), _range(b)
    return first.high_closed and second.low_closed and _same(_high(first), _low(second))


def _met_by(a: Value, b: Value) -> Value:
    return _meets(b, a)


def _overlaps(a: Value, b: Value) -> Value:
    first, second = _range(a), _range(b)
    return _before(first, second) is False and _before(second, first) is False


def _starts_earlier(first: Range, second: Range) -> bool:
    low, other = _low(first), _low(second)
    return less(low, other) or (_same(low, other) and first.low_closed and not second.low_closed)


def _ends_earlier(first: Range, second: Range) -> bool:
    high, other = _high(first), _high(second)
    return less(high, other) or (
        _same(high, other) and not first.high_closed and second.high_closed
    )


def _overlaps_before(a: Value, b: Value) -> Value:
    first, second = _range(a), _range(b)
    return (
        _starts_earlier(first, second)
        and _overlaps(first, second) is True
        and not _ends_earlier(second, first)
    )


def _overlaps_after(a: Value, b: Value) -> Value:
    return _overlaps_before(b, a)


def _finishes(a: Value, b: Value) -> Value:
    whole, part = _range(b), single(a)
    if not isinstance(part, Range):
        return whole.high_closed and _same(part, _high(whole))
    return (
        part.high_closed == whole.high_closed
        and _same(_high(part), _high(whole))
        and not _starts_earlier(part, whole)
    )


def _finished_by(a: Value, b: Value) -> Value:
    return _finishes(b, a)


def _starts(a: Value, b: Value) -> Value:
    whole, part = _range(b), single(a)
    if not isinstance(part, Range):
        return whole.low_closed and _same(part, _low(whole))
    return (
        part.low_closed == whole.low_closed
        and _same(_low(part), _low(whole))
        and not _ends_earlier(whole, part)
    )


def _started_by(a: Value, b: Value) -> Value:
    return _starts(b, a)


def _includes(a: Value, b: Value) -> Value:
    whole, part = _range(a), single(b)
    if not isinstance(part, Range):
        return contains(whole, part)
    return not _starts_earlier(part, whole) and not _ends_earlier(whole, part)


def _during(a: Value, b: Value) -> Value:
    return _includes(b, a)


def _coincides(a: Value, b: Value) -> Value:
    first, second = single(a), single(b)
    if isinstance(first, Range) != isinstance(second, Range):
        raise Nothing("a point and a range never coincide")
    if isinstance(first, Range) and isinstance(second, Range):
        return (
            (first.low_closed, first.high_closed) == (second.low_closed, second.high_closed)
            and _same(first.low, second.low)
            and _same(first.high, second.high)
        )
    return _same(first, second)


def _pair(name: str, parameters: str, call: Callable[[Value, Value], Value]) -> list[Entry]:
    return [Entry(name, names, 2, call) for names in parameters.split(";")]


_POINTS = "point1,point2;point,range;range,point;range1,range2"
_PARTS = "point,range;range1,range2"
_WHOLES = "range,point;range1,range2"
_RANGES = "range1,range2"
ENTRIES: tuple[Entry, ...] = (
    *_pair("before", _POINTS, _before),
    *_pair("after", _POINTS, _after),
    *_pair("meets", _RANGES, _meets),
    *_pair("met by", _RANGES, _met_by),
    *_pair("overlaps", _RANGES, _overlaps),
    *_pair("overlaps before", _RANGES, _overlaps_before),
    *_pair("overlaps after", _RANGES, _overlaps_after),
    *_pair("finishes", _PARTS, _finishes),
    *_pair("finished by", _WHOLES, _finished_by),
    *_pair("includes", _WHOLES, _includes),
    *_pair("during", _PARTS, _during),
    *_pair("starts", _PARTS, _starts),
    *_pair("started by", _WHOLES, _started_by),
    *_pair("coincides", "point1,point2;range1,range2", _coincides),
)
