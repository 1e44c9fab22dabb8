"""How a value is written in a table, in a tile and on an axis."""

from __future__ import annotations

import math
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import assert_never

from tael.kernel import Money, Rate
from tael.report.words import Text, Words

Number = int | float | Decimal
Value = Text | Number | Money | Rate | date | None

MISSING = "–"
_DIGITS = {"text": 2, "count": 0, "number": 2, "percent": 1, "money": 2}
# Chinese counts large numbers by ten thousands, English by thousands.
_LARGE = {
    "zh": ((1e8, "亿"), (1e4, "万")),
    "en": ((1e9, "bn"), (1e6, "m"), (1e3, "k")),
}


class Kind(Enum):
    """What a column or an axis holds; ``PERCENT`` takes fractions (0.18 is written 18.0%)."""

    TEXT = "text"
    COUNT = "count"
    NUMBER = "number"
    PERCENT = "percent"
    MONEY = "money"


def number_of(value: Value) -> float | None:
    """``value`` as a number to draw; None when it is missing, not finite, or no number."""
    if isinstance(value, Money):
        value = value.decimal()
    elif isinstance(value, Rate):
        value = value.fraction
    if value is None or isinstance(value, (str, Words, date)):
        return None
    return float(value) if math.isfinite(value) else None


def written(value: Value, kind: Kind, locale: str, digits: int | None = None) -> str:
    """``value`` for a reader, not yet escaped; a dash when there is none.

    Money keeps the digits of its currency whatever ``digits`` says.
    """
    if isinstance(value, Words):
        return str(getattr(value, locale))
    if isinstance(value, str):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Money):
        return f"{value.decimal():,}"
    if isinstance(value, Rate):
        value, kind = value.fraction, Kind.PERCENT
    if value is None or not math.isfinite(value):
        return MISSING
    return _number(value, kind, digits)


def _number(value: Number, kind: Kind, digits: int | None) -> str:
    places = _DIGITS[kind.value] if digits is None else digits
    if kind is Kind.PERCENT:
        return f"{value * 100:,.{places}f}%"
    if isinstance(value, int) and digits is None and kind is not Kind.MONEY:
        return f"{value:,}"
    return f"{value:,.{places}f}"


def axis_label(value: float, step: float, kind: Kind, locale: str) -> str:
    """A tick's label: short, and with just the digits that tell it from its neighbour."""
    match kind:
        case Kind.PERCENT:
            return f"{value * 100:.{_places(step * 100)}f}%"
        case Kind.COUNT | Kind.NUMBER | Kind.MONEY:
            for size, word in _LARGE[locale]:
                if abs(value) >= size:
                    return f"{value / size:,.{_places(step / size)}f}{word}"
            return f"{value:,.{_places(step)}f}"
        case Kind.TEXT:
            return f"{value:g}"
        case _:
            assert_never(kind)


def _places(step: float) -> int:
    """Decimals that a multiple of ``step`` needs, at most 4."""
    for places in range(4):
        scaled = step * 10**places
        if abs(scaled - round(scaled)) < 1e-6 * max(1.0, scaled):
            return places
    return 4
