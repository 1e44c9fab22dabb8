"""FEEL values in Python: what a number, a list or a range is, when two are equal, which is less.

number = Decimal (34 digits, half-even), string = str, boolean = bool, null = None, date = date,
list = tuple, context = dict (never changed once made), range = Range, function = Function.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TypeAlias, Union

from tael.dmn.errors import Nothing
from tael.dmn.feel.numbers import NUMBERS
from tael.kernel import BadInput, Rate

Value: TypeAlias = Union[
    Decimal, str, bool, date, "Range", "Function", tuple["Value", ...], Mapping[str, "Value"], None
]


@dataclass(frozen=True, slots=True)
class Range:
    """Values from ``low`` to ``high``; None on an open side means unbounded."""

    low: Value
    high: Value
    low_closed: bool
    high_closed: bool


@dataclass(frozen=True, slots=True)
class Function:
    """Something FEEL can call: parameter names and what they give."""

    name: str
    parameters: tuple[str, ...]
    call: Callable[..., Value]
    variadic: bool = False
    required: int | None = None


def kind(value: Value) -> str:
    """The FEEL name of the type of ``value``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: tuple[tuple[type, str], ...] = (
        (Decimal, "number"), (str, "string"), (date, "date"), (tuple, "list"), (Range, "range"),
        (Function, "function"),
    )  # fmt: skip
    return next((name for python, name in names if isinstance(value, python)), "context")


def equals(left: Value, right: Value) -> bool | None:
    """FEEL equality; None when the two are of different kinds (and neither is null)."""
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        return None
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(
            equals(a, b) is True for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(
            equals(left[key], right[key]) is True for key in left
        )
    return bool(left == right)


def less(left: Value, right: Value) -> bool:
    """Whether ``left`` comes before ``right``.

    Raises:
        Nothing: they are not two numbers, two strings or two dates.
    """
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left < right
    if isinstance(left, str) and isinstance(right, str):
        return left < right
    if isinstance(left, date) and isinstance(right, date):
        return left < right
    raise Nothing(f"a {kind(left)} and a {kind(right)} have no order")


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
    above = low is None or compare(">=" if bounds.low_closed else ">", value, low)
    return above and (high is None or compare("<=" if bounds.high_closed else "<", value, high))


def matches(value: Value, wanted: Value) -> bool | None:
    """Whether ``value`` passes a unary test that evaluated to ``wanted``."""
    if isinstance(wanted, Range):
        return False if value is None else contains(wanted, value)
    if isinstance(wanted, tuple) and not isinstance(value, tuple):
        return any(matches(value, item) for item in wanted)
    if isinstance(wanted, tuple) and equals(value, wanted) is not True:
        return any(equals(value, item) for item in wanted)
    return equals(value, wanted)


def date_from(text: str) -> date:
    """The date of ``2026-01-31``. Raises Nothing for anything else."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise Nothing(f"{text!r} is not a date")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Nothing(f"{text!r} is not a date") from None


def from_python(value: object, field: str) -> Value:
    """``value`` as a FEEL value.

    Accepts None, bool, str, int, Decimal, Rate (its fraction), date, and lists, tuples and mappings
    of these.

    Raises:
        BadInput: a float (not exact) or another type; names the field.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal | int):
        return _number(Decimal(value), field)
    if isinstance(value, Rate):
        return _number(value.fraction, field)
    if isinstance(value, date) and not hasattr(value, "hour"):
        return value
    if isinstance(value, list | tuple):
        return tuple(from_python(item, f"{field}[{i + 1}]") for i, item in enumerate(value))
    if isinstance(value, Mapping):
        return {str(key): from_python(item, f"{field}.{key}") for key, item in value.items()}
    raise _not_a_value(value, field)


def _number(value: Decimal, field: str) -> Decimal:
    if not value.is_finite():
        raise BadInput(f"{value} is not a FEEL number", field=field, rule="finite Decimal")
    return NUMBERS.create_decimal(value)


def _not_a_value(value: object, field: str) -> BadInput:
    hint = (
        "a float is not exact: pass a Decimal or an int"
        if isinstance(value, float)
        else f"{type(value).__name__} is no FEEL type: use str, Decimal, int, bool, date, list"
    )
    return BadInput(hint, field=field, rule="FEEL value")


def to_text(value: Value) -> str:
    """``value`` as FEEL's ``string()`` writes it inside a string."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(_quoted(item) for item in value) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Range):
        opening, closing = "(["[value.low_closed], ")]"[value.high_closed]
        return f"{opening}{_quoted(value.low)}..{_quoted(value.high)}{closing}"
    return f"function {value.name}" if isinstance(value, Function) else str(value)


def number_text(value: Decimal) -> str:
    """A number without exponent and without trailing zeros after the point."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _quoted(value: Value) -> str:
    return '"' + value.replace('"', '\\"') + '"' if isinstance(value, str) else to_text(value)


def to_json(value: Value) -> object:
    """``value`` as JSON: numbers as decimal text (JSON's would lose digits), dates as ISO text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return to_text(value)
