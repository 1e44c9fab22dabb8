"""FEEL values as text and as JSON: what ``string()`` gives, and what a caller may store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Function, Range, Value

_LONGEST_PLAIN = 40
LONGEST_TEXT = 10_000_000
_MOST_PARTS = 4_000_000


def to_text(value: Value) -> str:
    """``value`` as FEEL's ``string()`` writes it. Raises Nothing beyond ten million characters."""
    return value if isinstance(value, str) else inner_text(value)


def inner_text(value: Value) -> str:
    """``value`` as it stands inside a list or context: strings in quotes. Raises as ``to_text``."""
    if not isinstance(value, tuple | Mapping):
        return _plain_text(value)
    parts: list[str] = []
    length = 0
    waiting: list[Value | _Written] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, tuple | Mapping):
            waiting.extend(reversed(_pieces(item)))
            continue
        parts.append(item.text if isinstance(item, _Written) else _plain_text(item))
        length += len(parts[-1])
        if length > LONGEST_TEXT or len(parts) > _MOST_PARTS:
            raise Nothing(f"a text has at most {LONGEST_TEXT} characters")
    return "".join(parts)


class _Written:
    """A piece that is text already."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def _pieces(value: tuple[Value, ...] | Mapping[str, Value]) -> list[Value | _Written]:
    pieces: list[Value | _Written] = []
    if isinstance(value, tuple):
        for i, item in enumerate(value):
            pieces += (_Written(", " if i else "["), item)
        return [*(pieces or [_Written("[")]), _Written("]")]
    for key, item in value.items():
        pieces += (_Written(f"{', ' if pieces else '{'}{key}: "), item)
    return [*(pieces or [_Written("{")]), _Written("}")]


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
    """A number without trailing zeros; with an exponent only when it would be very long.

    Zero has no sign: FEEL's numbers are whole numbers p by 10 ** -s (clause 10.3.2.3.1), though a
    Decimal keeps the sign of ``0 * -1``.
    """
    if not value:
        return "0"
    if not -_LONGEST_PLAIN <= value.adjusted() <= _LONGEST_PLAIN:
        return str(NUMBERS.normalize(value))  # not the 28 digits of the default context
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def to_json(value: Value) -> object:
    """``value`` as JSON: numbers as decimal text (JSON's would lose digits), dates as ISO text."""
    # Every live decision is told so: the usual kinds come first, by identity.
    kind = type(value)
    if kind is str:
        return value
    if kind is Decimal:
        return number_text(value)  # type: ignore[arg-type]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, tuple):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    return to_text(value)
