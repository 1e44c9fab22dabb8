"""Built-in functions that convert, compare as they are, and negate (DMN 1.5 clause 10.3.4.1/2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from tael.dmn.errors import FeelSyntaxError, Nothing
from tael.dmn.feel.durations import duration_from
from tael.dmn.feel.library.arguments import single, text
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.literals import moment_from
from tael.dmn.feel.names import Names
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.operators import negate
from tael.dmn.feel.parser import parse_expression
from tael.dmn.feel.syntax import (
    AtLiteral,
    Call,
    Expression,
    Literal,
    Name,
    Negation,
    RangeLiteral,
)
from tael.dmn.feel.temporal import date_from, date_time_from, time_from
from tael.dmn.feel.text import to_text
from tael.dmn.feel.values import Range, Value, equals, kind, less

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_GROUPINGS, _POINTS = (" ", ",", "."), (".", ",")


def _not(negand: Value) -> Value:
    truth = single(negand)
    if not isinstance(truth, bool):
        raise Nothing(f"not() of a {kind(negand)}")
    return not truth


def _number(source: Value, grouping: Value = None, point: Value = None) -> Value:
    source = single(source)
    if isinstance(source, Decimal) and grouping is None and point is None:
        return source
    written = text(source)
    if grouping is not None and grouping not in _GROUPINGS:
        raise Nothing("the grouping separator is a space, a comma or a period")
    if point is not None and point not in _POINTS:
        raise Nothing("the decimal separator is a period or a comma")
    if grouping is not None and grouping == point:
        raise Nothing("the two separators are the same")
    if grouping is not None:
        written = written.replace(text(grouping), "")
    if point is not None:
        written = written.replace(text(point), ".")
    if not _NUMBER.fullmatch(written):
        raise Nothing(f"{written[:40]!r} is not a number")
    return NUMBERS.create_decimal(written)


def _string(source: Value) -> Value:
    if source is None:
        raise Nothing("string(null) is null")
    return to_text(source)


def _is(value1: Value = None, value2: Value = None) -> Value:
    """Whether the two are the same element of the same domain: zone names and all."""
    if kind(value1) != kind(value2):
        return False
    if isinstance(value1, tuple | dict):
        return equals(value1, value2) is True
    return value1 == value2


def _range(source: Value) -> Value:
    """A range by its text: its ends are literals, never names."""
    try:
        tree = parse_expression(text(source), Names(_MAKERS)).tree
    except FeelSyntaxError as why:
        raise Nothing(f"{text(source)[:40]!r} is not a range: {why.message}") from None
    if not isinstance(tree, RangeLiteral):
        raise Nothing(f"{text(source)[:40]!r} is not a range")
    low, high = _end(tree.low), _end(tree.high)
    if low is None or high is None or less(high, low):
        raise Nothing("a range runs from a lower end to a higher one")
    return Range(low, high, low_closed=tree.low_closed, high_closed=tree.high_closed)


def _end(tree: Expression) -> Value:
    if isinstance(tree, Literal):
        return tree.value
    if isinstance(tree, AtLiteral):
        return moment_from(tree.text)
    if isinstance(tree, Negation):
        return negate(_end(tree.operand))
    if isinstance(tree, Call) and isinstance(tree.function, Name) and len(tree.positional) == 1:
        argument = tree.positional[0]
        maker = _MAKERS.get(tree.function.name)
        if maker is not None and isinstance(argument, Literal) and isinstance(argument.value, str):
            return maker(argument.value)
    raise Nothing("the ends of a range from text are literals")


_MAKERS: dict[str, Callable[[str], Value]] = {
    "date": date_from,
    "time": time_from,
    "date and time": date_time_from,
    "duration": duration_from,
}

ENTRIES: tuple[Entry, ...] = (
    Entry("not", "negand", 1, _not),
    Entry("string", "from", 1, _string),
    Entry("number", "from,grouping separator,decimal separator", 1, _number),
    Entry("is", "value1,value2", 0, _is),
    Entry("range", "from", 1, _range),
)
