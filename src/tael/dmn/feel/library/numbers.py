"""Built-in functions of numbers (DMN 1.5 clause 10.3.4.5)."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Decimal,
    DecimalException,
)

from tael.dmn.errors import Nothing
from tael.dmn.feel.durations import DaysDuration, MonthsDuration
from tael.dmn.feel.library.arguments import number, single, whole
from tael.dmn.feel.library.entry import Entry
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.operators import modulo
from tael.dmn.feel.values import Value

_ZERO = Decimal(0)
_SCALES = range(-6111, 6177)
_WIDE = NUMBERS.copy()
_WIDE.prec = 13_000  # the widest a number and a scale may lie apart
_WIDE.Emin, _WIDE.Emax = -99_999, 99_999


def rounded(value: Decimal, digits: int, mode: str) -> Decimal:
    """``value`` with ``digits`` places after the point, negative ones before it."""
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= digits:
        return value
    wide = value.quantize(Decimal((0, (1,), -digits)), rounding=mode, context=_WIDE)
    return NUMBERS.plus(wide)


def _rounding(mode: str) -> Callable[..., Value]:
    def call(n: Value, scale: Value = _ZERO) -> Value:
        digits = whole(scale, "scale")
        if digits not in _SCALES:
            raise Nothing(f"the scale {digits} lies outside {_SCALES[0]}..{_SCALES[-1]}")
        return rounded(number(n), digits, mode)

    return call


def _absolute(n: Value) -> Value:
    n = single(n)
    if isinstance(n, DaysDuration):
        return DaysDuration(abs(n.nanos))
    if isinstance(n, MonthsDuration):
        return MonthsDuration(abs(n.months))
    return number(n).copy_abs()


def _modulo(dividend: Value, divisor: Value) -> Value:
    return modulo(number(dividend), number(divisor))


def _sqrt(n: Value) -> Value:
    if number(n) < 0:
        raise Nothing("the square root of a negative number is null")
    return NUMBERS.sqrt(number(n))


def _log(n: Value) -> Value:
    if number(n) <= 0:
        raise Nothing("the logarithm of a number not above zero is null")
    return NUMBERS.ln(number(n))


def _exp(n: Value) -> Value:
    try:
        return NUMBERS.exp(number(n))
    except DecimalException:
        raise Nothing("the power of e is too large") from None


def _parity(wanted: int) -> Callable[[Value], Value]:
    def call(n: Value) -> Value:
        value = number(n)
        return (
            value == value.to_integral_value() and abs(_WIDE.remainder(value, Decimal(2))) == wanted
        )

    return call


def _random() -> Value:
    return Decimal(random.SystemRandom().getrandbits(100)) / Decimal(2**100)


ENTRIES: tuple[Entry, ...] = (
    Entry("abs", "n", 1, _absolute),
    Entry("floor", "n,scale", 1, _rounding(ROUND_FLOOR)),
    Entry("ceiling", "n,scale", 1, _rounding(ROUND_CEILING)),
    Entry("decimal", "n,scale", 2, _rounding(ROUND_HALF_EVEN)),
    Entry("round up", "n,scale", 2, _rounding(ROUND_UP)),
    Entry("round down", "n,scale", 2, _rounding(ROUND_DOWN)),
    Entry("round half up", "n,scale", 2, _rounding(ROUND_HALF_UP)),
    Entry("round half down", "n,scale", 2, _rounding(ROUND_HALF_DOWN)),
    Entry("modulo", "dividend,divisor", 2, _modulo),
    Entry("sqrt", "number", 1, _sqrt),
    Entry("exp", "number", 1, _exp),
    Entry("log", "number", 1, _log),
    Entry("odd", "number", 1, _parity(1)),
    Entry("even", "number", 1, _parity(0)),
    Entry("random number", "", 0, _random),
)
