"""One text for one value: what is hashed, logged and compared bit for bit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from tael.kernel import BadInput


def canonical(value: object) -> str:
    """``value`` as JSON with sorted keys and exact numbers; equal values give equal text.

    Numbers are integers or ``Decimal``: a float has no one text and is refused.
    """
    if value is None or isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, Mapping):
        pairs = sorted((str(key), item) for key, item in value.items())
        return "{" + ",".join(f"{canonical(key)}:{canonical(item)}" for key, item in pairs) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    raise BadInput(
        f"a {type(value).__name__} has no exact text; hand in text, bool, int or Decimal",
        field="value",
        rule="exact JSON value",
    )


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
