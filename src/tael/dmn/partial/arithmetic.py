"""Operators and functions on numbers of which only bounds are known.

FEEL rounds to 34 digits, half to even, which keeps the order of results: the result of the bounds
bounds the result.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal, DecimalException

from tael.dmn.errors import Nothing
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Value
from tael.dmn.partial.unknowns import (
    MOST_CHOICES,
    Abstract,
    Items,
    Known,
    Unknown,
    joined,
    needs_of,
    span_of,
)

_Bound = Decimal | None
# Functions whose result grows with their first argument, the others being known.
_RISING = frozenset(
    {"floor", "ceiling", "decimal", "round up", "round down", "round half up", "round half down"}
)
_TRUTHS = (True, False)
# Kinds of which two values are always equal or not; lists and contexts may be neither.
_PLAIN = frozenset({"number", "string", "boolean", "date", "time", "date and time"})


def calculated(operator: str, left: Abstract, right: Abstract) -> Abstract:
    """``left operator right`` of two values that are not both known."""
    needs = needs_of(left) | needs_of(right)
    a, b = span_of(left), span_of(right)
    if a.kind != "number" or b.kind != "number" or operator not in ("+", "-", "*"):
        return Unknown(needs)
    try:
        low, high = _BOUNDS[operator](a, b)
    except DecimalException:
        return Unknown(needs)
    # Beyond the bounds there are numbers too large to be added: without them it may be null.
    nullable = a.nullable or b.nullable or None in (a.low, a.high, b.low, b.high)
    return Unknown(needs, None, "number", low, high, nullable)


def _sum(a: Unknown, b: Unknown) -> tuple[_Bound, _Bound]:
    return _apply(NUMBERS.add, a.low, b.low), _apply(NUMBERS.add, a.high, b.high)


def _difference(a: Unknown, b: Unknown) -> tuple[_Bound, _Bound]:
    return _apply(NUMBERS.subtract, a.low, b.high), _apply(NUMBERS.subtract, a.high, b.low)


def _product(a: Unknown, b: Unknown) -> tuple[_Bound, _Bound]:
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return None, None
    corners = [NUMBERS.multiply(x, y) for x in (a.low, a.high) for y in (b.low, b.high)]
    return min(corners), max(corners)


def _apply(operation: Callable[[Decimal, Decimal], Decimal], a: _Bound, b: _Bound) -> _Bound:
    return None if a is None or b is None else operation(a, b)


_BOUNDS: dict[str, Callable[[Unknown, Unknown], tuple[_Bound, _Bound]]] = {
    "+": _sum,
    "-": _difference,
    "*": _product,
}


def compared_bounds(operator: str, left: Abstract, right: Abstract) -> Abstract:
    """A comparison of two values that are not both known."""
    needs = needs_of(left) | needs_of(right)
    a, b = span_of(left), span_of(right)
    if operator in ("=", "!="):
        return _equality(operator, a, b, needs)
    if a.kind != "number" or b.kind != "number":
        return Unknown(needs, (True, False, None))
    if operator in (">", ">="):
        a, b, operator = b, a, {">": "<", ">=": "<="}[operator]
    truths = {
        truth
        for truth, possible in zip(_TRUTHS, _less(a, b, closed=operator == "<="), strict=True)
        if possible
    }
    nulls = (None,) if a.nullable or b.nullable else ()
    answers: tuple[Value, ...] = (*truths, *nulls)
    return Known(answers[0]) if len(answers) == 1 else Unknown(needs, answers)


def _less(a: Unknown, b: Unknown, *, closed: bool) -> tuple[bool, bool]:
    """Whether ``a < b`` (``<=`` when closed) can be true, and can be false."""
    true = a.low is None or b.high is None or (a.low <= b.high if closed else a.low < b.high)
    false = a.high is None or b.low is None or (a.high > b.low if closed else a.high >= b.low)
    return true, false


def _equality(operator: str, a: Unknown, b: Unknown, needs: frozenset[str]) -> Abstract:
    numbers = a.kind == b.kind == "number"
    apart = numbers and not (_less(a, b, closed=True)[0] and _less(b, a, closed=True)[0])
    if apart and not (a.nullable and b.nullable):
        return Known(operator == "!=")
    same_kind = a.kind == b.kind and a.kind in _PLAIN
    return Unknown(needs, (True, False) if same_kind else (True, False, None))


def called(name: str, arguments: Sequence[Abstract]) -> Abstract | None:
    """A call of a built-in function whose arguments are not all known; None when not treated."""
    first = arguments[0]
    if len(arguments) == 1 and isinstance(first, Items):
        return _of_items(name, first)
    if name in _RISING:
        return _rising(name, first, arguments[1:])
    if name in ("min", "max", "sum"):
        parts = tuple((each, True) for each in arguments)
        return _of_items(name, Items(parts, frozenset()))
    return None


def _rising(name: str, value: Abstract, others: Sequence[Abstract]) -> Abstract | None:
    span = span_of(value)
    known = [each.value for each in others if isinstance(each, Known)]
    if span.kind != "number" or len(known) < len(others):
        return None
    ends: list[Decimal | None] = []
    for end in (span.low, span.high):
        try:
            made = None if end is None else BUILTINS[name].call(end, *known)
        except Nothing:
            return None
        ends.append(made if isinstance(made, Decimal) else None)
    return Unknown(needs_of(value), None, "number", ends[0], ends[1], span.nullable or None in ends)


def _of_items(name: str, items: Items) -> Abstract | None:
    needs = needs_of(items)
    if name == "count":
        sure = sum(1 for _, certain in items.parts if certain)
        if sure == len(items.parts):
            return Known(Decimal(sure))
        most = len(items.parts)
        if most - sure < MOST_CHOICES:
            return Unknown(items.needs, tuple(map(Decimal, range(sure, most + 1))))
        return Unknown(items.needs, None, "number", Decimal(sure), Decimal(most), nullable=False)
    if name == "sum":
        return _total(items, needs)
    if name in ("min", "max") and items.parts:
        return _extreme(name, items, needs)
    return None


def _total(items: Items, needs: frozenset[str]) -> Abstract | None:
    """The sum of an empty list is null; so is one with an item that is null."""
    low: _Bound = Decimal(0)
    high: _Bound = Decimal(0)
    nullable = not any(certain for _, certain in items.parts)
    for each, certain in items.parts:
        span = span_of(each)
        if span.kind != "number":
            return None
        nullable = nullable or span.nullable or None in (span.low, span.high)
        below = span.low if certain or span.low is None else min(span.low, Decimal(0))
        above = span.high if certain or span.high is None else max(span.high, Decimal(0))
        low, high = _apply(NUMBERS.add, low, below), _apply(NUMBERS.add, high, above)
    return Unknown(needs, None, "number", low, high, nullable)


def _extreme(name: str, items: Items, needs: frozenset[str]) -> Abstract | None:
    spans = [(span_of(each), certain) for each, certain in items.parts]
    if any(span.kind != "number" for span, _ in spans):
        return None
    whole = span_of(joined([each for each, _ in items.parts], needs))
    pick = min if name == "min" else max
    lows = [span.low for span, certain in spans if certain]
    highs = [span.high for span, certain in spans if certain]
    low, high = whole.low, whole.high
    # A certain item bounds the result on one side: no minimum lies above any of them.
    if name == "min" and highs and None not in highs:
        high = pick(each for each in highs if each is not None)
    if name == "max" and lows and None not in lows:
        low = pick(each for each in lows if each is not None)
    nullable = not lows or any(span.nullable for span, _ in spans)
    return Unknown(needs, None, "number", low, high, nullable)
