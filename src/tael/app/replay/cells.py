"""One cell of a file as one of our values, or a fault that names the rule it breaks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeVar

from tael.kernel import BadInput, Day, Money, Rounding, minor_digits

_SLASHED = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)
Value = TypeVar("Value")


class CellFault(Exception):  # noqa: N818 - it is collected, not an error of the program
    """A cell that breaks ``rule``."""

    def __init__(self, field: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.rule = rule
        self.message = message


def is_empty(value: object) -> bool:
    """Whether a cell says nothing: null, NaN or blank text."""
    if type(value) is int:  # by far the most cells
        return False
    return value is None or value != value or (isinstance(value, str) and not value.strip())  # noqa: PLR0124 - NaN differs from itself


def required(value: object, field: str, read: Callable[[object, str], Value]) -> Value:
    """What ``read`` makes of a cell that must not be empty."""
    if is_empty(value):
        raise CellFault(field, "must not be empty", "is empty")
    return read(value, field)


def text(value: object, field: str) -> str:  # noqa: ARG001 - one signature for all
    """A cell as text; a whole number stored as a float loses its point."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def day(form: str) -> Callable[[object, str], Day]:
    """Reads days: dates, or texts in ``form`` (iso 2004-12-31, mdy 12/31/2004, dmy 31/12/2004)."""

    def read(value: object, field: str) -> Day:
        if isinstance(value, datetime):
            return Day.of(value.date())
        if isinstance(value, date):
            return Day.of(value)
        found = _parsed(str(value).strip(), form)
        if found is None:
            raise CellFault(field, f"a day in the form {form}", f"{value!r} is not a day")
        return found

    return read


def _parsed(written: str, form: str) -> Day | None:
    try:
        if form == "iso":
            # A day exported with its midnight is still a day.
            return Day.parse(written.partition("T")[0].removesuffix(" 00:00:00"))
        match = _SLASHED.fullmatch(written)
        if match is None:
            return None
        first, second, year = (int(part) for part in match.groups())
        month, of_month = (first, second) if form == "mdy" else (second, first)
        return Day(year, month, of_month)
    except (BadInput, ValueError):
        return None


def number(value: object, field: str) -> Decimal:
    """A cell as an exact number."""
    if type(value) is int:
        return Decimal(value)
    written = text(value, field)
    try:
        found = Decimal(repr(value) if isinstance(value, float) else written)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or (isinstance(value, str) and not _NUMBER.fullmatch(written)):
        raise CellFault(field, "a number", f"{value!r} is not a number")
    return found


def money(currency: str) -> Callable[[object, str], Money]:
    """Reads amounts in major units of ``currency``, not negative, exact to its minor unit."""
    digits = minor_digits(currency)
    unit = 10**digits

    def read(value: object, field: str) -> Money:
        if type(value) is int and value >= 0:
            return Money(value * unit, currency)
        exact = number(value, field)
        if exact < 0:
            raise CellFault(field, "not negative", f"{value!r} is negative")
        found = Money.of(exact, currency, Rounding.HALF_EVEN)
        if found.decimal() != exact:
            raise CellFault(
                field, f"at most {digits} decimals", f"{value!r} has more than {digits} decimals"
            )
        return found

    return read


def months(value: object, field: str) -> int:
    """A cell as whole months, not negative."""
    exact = number(value, field)
    if exact != int(exact) or exact < 0:
        raise CellFault(field, "whole months, not negative", f"{value!r} are no months")
    return int(exact)


def floating(value: object, field: str) -> float:
    """A cell as a model's number; NaN when empty."""
    if type(value) is int:
        return float(value)
    return math.nan if is_empty(value) else float(number(value, field))
