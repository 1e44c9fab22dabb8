"""FEEL values as text and as JSON: what ``string()`` gives, and what a caller may store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tael.dmn.feel.values import Function, Range, Value

_LONGEST_PLAIN = 40


def to_text(value: Value) -> str:
    """``value`` as FEEL's ``string()`` writes it."""
    return value if isinstance(value, str) else inner_text(value)


def inner_text(value: Value) -> str:  # noqa: PLR0911 - one answer a kind
    """``value`` as it stands inside a list or context: strings in quotes."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Decimal):
        return number_text(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(map(inner_text, value)) + "]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {inner_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Range):
        return _range_text(value)
    return f"function {value.name}" if isinstance(value, Function) else str(value)


def _range_text(bounds: Range) -> str:
    if bounds.operator:
        bound = bounds.high if bounds.operator.startswith("<") else bounds.low
        return f"({bounds.operator} {inner_text(bound)})"
    opening, closing = "(["[bounds.low_closed], ")]"[bounds.high_closed]
    return f"{opening}{inner_text(bounds.low)}..{inner_text(bounds.high)}{closing}"


def number_text(value: Decimal) -> str:
    """A number without trailing zeros; with an exponent only when it would be very long."""
    if abs(value.adjusted()) > _LONGEST_PLAIN:
        return str(value.normalize())
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_json(value: Value) -> object:
    """``value`` as JSON: numbers as decimal text (JSON's would lose digits), dates as ISO text."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return to_text(value)
