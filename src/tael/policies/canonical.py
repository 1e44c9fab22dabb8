"""One text for one value: what is hashed, logged and compared bit for bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _quoted

from tael.kernel import BadInput


def canonical(value: object) -> str:
    """``value`` as JSON with sorted keys and exact numbers; equal values give equal text.

    Numbers are integers or ``Decimal``: a float has no one text and is refused.
    """
    parts: list[str] = []
    _write(value, parts.append)
    return "".join(parts)


def _write(value: object, put: Callable[[str], None]) -> None:
    # Every decision is written so, several times: the usual types come first, told by identity.
    kind = type(value)
    if kind is str:
        put(_quoted(value))  # type: ignore[arg-type]
    elif kind is Decimal:
        put(_number(value))  # type: ignore[arg-type]
    elif kind is dict:
        _write_object(value, put)  # type: ignore[arg-type]
    elif kind is list or kind is tuple:
        _write_array(value, put)  # type: ignore[arg-type]
    else:
        _write_other(value, put)


def _write_other(value: object, put: Callable[[str], None]) -> None:
    if value is None or isinstance(value, bool):
        put("null" if value is None else "true" if value else "false")
    elif isinstance(value, int):
        put(str(int(value)))
    elif isinstance(value, str):
        put(_quoted(value))
    elif isinstance(value, Decimal):
        put(_number(value))
    elif isinstance(value, Mapping):
        _write_object(value, put)
    elif isinstance(value, Sequence):
        _write_array(value, put)
    else:
        raise BadInput(
            f"a {type(value).__name__} has no exact text; hand in text, bool, int or Decimal",
            field="value",
            rule="exact JSON value",
        )


def _write_object(value: Mapping[object, object], put: Callable[[str], None]) -> None:
    before = "{"
    for key, item in sorted([(str(key), item) for key, item in value.items()]):
        if type(item) is str:
            put(f"{before}{_key(key)}{_quoted(item)}")
        else:
            put(before + _key(key))
            _write(item, put)
        before = ","
    put("{}" if before == "{" else "}")


@lru_cache(maxsize=4_096)
def _key(name: str) -> str:
    """A key with its colon: the same few stand in every decision."""
    return _quoted(name) + ":"


def _write_array(value: Sequence[object], put: Callable[[str], None]) -> None:
    before = "["
    for item in value:
        put(before)
        _write(item, put)
        before = ","
    put("[]" if before == "[" else "]")


def exact(
    fields: Mapping[str, object], texts: Mapping[str, str] | None = None
) -> tuple[str, dict[str, object]]:
    """The canonical text of flat ``fields``, and what ``read`` makes of it: both in one go.

    Args:
        fields: texts, numbers, true, false and null by name.
        texts: of fields that are what ``number_of`` made of these.
    """
    known = texts or {}
    parts: list[str] = []
    found: dict[str, object] = {}
    for name in sorted(fields):
        value, text = fields[name], known.get(name)
        if text is not None:
            found[name] = value
        elif type(value) is Decimal:
            text = _number(value)
            found[name] = Decimal(text)
        else:
            text = canonical(value)
            found[name] = read(text)
        parts.append(_key(name) + text)
    return "{" + ",".join(parts) + "}", found


def number_of(value: float) -> tuple[str, Decimal]:
    """The canonical text of a finite double, and the number it is: the shortest that reads back."""
    text = repr(value)
    if text.endswith(".0"):
        text = text[:-2] if text != "-0.0" else "0"
    elif "e" in text:
        text = _number(Decimal(text))
    return text, Decimal(text)


def read(text: str) -> object:
    """The value ``canonical`` wrote: every number comes back as a ``Decimal``."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def digest(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8, as 64 hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _number(value: Decimal) -> str:
    if not value.is_finite():
        raise BadInput(f"{value} is not a number", field="value", rule="finite number")
    # -0 and 1.50 are the numbers 0 and 1.5: a text per number, not per spelling.
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain
