"""Built-in functions that convert, compare as they are, and negate (DMN 1.5 clause 10.3.4.1/2)."""

from __future__ import annotations

import re
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.library.arguments import single, text
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.text import to_text
from tael.dmn.feel.values import Value, equals, kind

_NUMBER = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_GROUPINGS, _POINTS = (" ", ",", "."), (".", ",")


def _not(negand: Value) -> Value:
    if not isinstance(negand, bool):
        raise Nothing(f"not() of a {kind(negand)}")
    return not negand


def _number(source: Value, grouping: Value = None, point: Value = None) -> Value:
    source = single(source)
    if isinstance(source, Decimal):
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
    if not _NUMBER.fullmatch(written.strip()):
        raise Nothing(f"{written[:40]!r} is not a number")
    return NUMBERS.create_decimal(written.strip())


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


ENTRIES: tuple[Entry, ...] = (
    Entry("not", "negand", 1, _not),
    Entry("string", "from", 1, _string),
    Entry("number", "from,grouping separator,decimal separator", 1, _number),
    Entry("is", "value1,value2", 0, _is),
)
