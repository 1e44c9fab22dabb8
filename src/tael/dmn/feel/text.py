"""FEEL values as text and as JSON: what ``string()`` gives, and what a caller may store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.values import Function, Range, Value

_LONGEST_PLAIN = 40
LONGEST_TEXT = 10_000_000


def to_text(value: Value) -> str:
    """``value`` as FEEL's ``string()`` writes it. Raises Nothing beyond ten million characters."""
    return value if isinstance(value, str) else inner_text(value)


def inner_text(value: Value) -> str:
    """``value`` as it stands inside a list or context: strings in quotes. Raises as ``to_text``."""
    if not isinstance(value, tuple | Mapping):
        return _plain_text(value)
    parts: list[str] = []
    length = 0
    for part in _parts(value):
        parts.append(part)
        length += len(part)
        if length > LONGEST_TEXT:
            raise Nothing(f"a text has at most {LONGEST_TEXT} characters")
    return "".join(parts)


def _parts(value: Value) -> Iterator[str]:
    if isinstance(value, tuple):
        yield "["
        for i, item in enumerate(value):
            yield ", " if i else ""
            yield from _parts(item)
        yield "]"
    elif isinstance(value, Mapping):
        yield "{"
        for i, (key, item) in enumerate(value.items()):
            yield f"{', ' if i else ''}{key}: "
            yield from _parts(item)
        yield "}"
    else:
        yield _plain_text(value)


def _plain_text(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Decimal):
        return number_text(value)
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
