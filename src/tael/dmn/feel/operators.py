"""What the operators give for each pair of types (DMN 1.5 clause 10.3.2.13, tables 49 to 59)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from tael.dmn.errors import Nothing
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Value, compare, equals, kind


def compared(operator: str, left: Value, right: Value) -> bool:
    if operator in ("=", "!="):
        same = equals(left, right)
        if same is None:
            raise Nothing(f"a {kind(left)} and a {kind(right)} are never compared")
        return same is (operator == "=")
    return compare(operator, left, right)


def _two_numbers(left: Value, right: Value, word: str) -> tuple[Decimal, Decimal]:
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return left, right
    raise Nothing(f"{word} a {kind(left)} and a {kind(right)}")


def _add(left: Value, right: Value) -> Value:
    if isinstance(left, str) and isinstance(right, str):
        return left + right
    return NUMBERS.add(*_two_numbers(left, right, "the sum of"))


def _subtract(left: Value, right: Value) -> Value:
    return NUMBERS.subtract(*_two_numbers(left, right, "the difference of"))


def _multiply(left: Value, right: Value) -> Value:
    return NUMBERS.multiply(*_two_numbers(left, right, "the product of"))


def _divide(left: Value, right: Value) -> Value:
    numerator, denominator = _two_numbers(left, right, "the quotient of")
    if not denominator:
        raise Nothing("division by zero")
    return NUMBERS.divide(numerator, denominator)


def _power(left: Value, right: Value) -> Value:
    return NUMBERS.power(*_two_numbers(left, right, "the power of"))


ARITHMETIC: dict[str, Callable[[Value, Value], Value]] = {
    "+": _add,
    "-": _subtract,
    "*": _multiply,
    "/": _divide,
    "**": _power,
}


def member(source: Value, name: str) -> Value:
    if isinstance(source, Mapping):
        if name not in source:
            raise Nothing(f"no entry {name!r} in the context")
        return source[name]
    if isinstance(source, tuple):
        return tuple(member(item, name) for item in source)
    if isinstance(source, date) and name in ("year", "month", "day", "weekday"):
        return Decimal(source.isoweekday() if name == "weekday" else getattr(source, name))
    raise Nothing(f"a {kind(source)} has no member {name!r}")
