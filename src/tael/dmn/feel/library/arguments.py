"""How built-in functions read their arguments; each reader raises Nothing when one does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.values import Function, Value, kind

MOST_ITEMS = 1_000_000
_MOST = Decimal(10) ** 18  # beyond any position, year or scale


def single(value: Value) -> Value:
    """A list of one where one value is wanted is that value (DMN 1.5 clause 10.3.2.9.4)."""
    return value[0] if isinstance(value, tuple) and len(value) == 1 else value


def number(value: Value, what: str = "argument") -> Decimal:
    value = single(value)
    if not isinstance(value, Decimal):
        raise Nothing(f"{what} is a {kind(value)}, not a number")
    return value


def whole(value: Value, what: str = "argument") -> int:
    """A number without its fraction, towards zero; one beyond 10**18 counts as 10**18."""
    found = number(value, what)
    if abs(found) > _MOST:
        found = _MOST.copy_sign(found)
    return int(found.to_integral_value(ROUND_DOWN))


def text(value: Value) -> str:
    value = single(value)
    if not isinstance(value, str):
        raise Nothing(f"argument is a {kind(value)}, not a string")
    return value


def items_of(value: Value) -> tuple[Value, ...]:
    """A list; any other value but null counts as a list of one."""
    if value is None:
        raise Nothing("argument is null, not a list")
    return value if isinstance(value, tuple) else (value,)


def spread(arguments: tuple[Value, ...]) -> tuple[Value, ...]:
    """Arguments of a function that takes a list or its items one by one."""
    return items_of(arguments[0]) if len(arguments) == 1 else arguments


def numbers(arguments: tuple[Value, ...]) -> list[Decimal]:
    return [number(item, "an item") for item in spread(arguments)]


def context(value: Value) -> Mapping[str, Value]:
    value = single(value)
    if not isinstance(value, Mapping):
        raise Nothing(f"argument is a {kind(value)}, not a context")
    return value


def function(value: Value) -> Function:
    if not isinstance(value, Function):
        raise Nothing(f"argument is a {kind(value)}, not a function")
    return value


def position(items: tuple[Value, ...], place: Value) -> int:
    """The index of a FEEL position: from 1, or from -1 at the end."""
    index = whole(place, "position")
    if index == 0 or abs(index) > len(items):
        raise Nothing(f"no position {index} in a list of {len(items)}")
    return index - 1 if index > 0 else len(items) + index
