"""Arithmetic over columns that gives the 34-digit decimals of the scalar body, or says so.

Three ways, in this order. Whole units in int64, whenever a bound computed beforehand shows that
nothing overflows: then sums, products and roundings are exact. Quotients of whole units that are
rounded or compared at once: integers again, since a fraction of 62-bit numbers that is not itself
the cut lies further from it than 34 digits can hide. Everything else in doubles, each with a bound
on its error that comes from the operands (``a + b - c`` near zero keeps the bounds of a, b and c);
a comparison or a rounding closer to its cut than the bound marks the row as unsure.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from tael.dmn.columnar.columns import (
    LIMIT,
    Coded,
    Exact,
    Floats,
    Given,
    Number,
    Quotient,
    Raw,
    Real,
    Truth,
    Truths,
    Whole,
    constant,
    either,
    is_short,
)
from tael.dmn.columnar.kernels import Kernels
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.feel.values import Value

_SLACK = 2.0**-50  # eight times what one operation of doubles can lose
_TINY = 1e-300  # what an underflow can lose
_INTEGER_DOUBLES = 2.0**52
_SCALES_OF_RAW = (0, 2, 4, 6, 9)
_SHORT = 10**15
MOST_EXPONENT = 18
_SHARP, _MOST_SCALE = 2**51, 40


def exact(column: Number) -> Exact | None:
    """``column`` as whole units; None when it is a quotient, a real or too long."""
    if isinstance(column, Exact):
        return column
    if isinstance(column, Coded):
        known = column.dictionary.units()
        if known is None:
            return None
        units, scale, bound = known
        return Exact(column.read(units), scale, bound, column.unsure)
    if isinstance(column, Raw):
        return _exact_of_raw(column)
    return column.exact() if isinstance(column, Given) else None


def _exact_of_raw(raw: Raw) -> Exact | None:
    """A decimal of 15 digits is the shortest text of its double, so equal doubles are proof."""
    if not raw.tried:
        raw.tried = True
        for scale in _SCALES_OF_RAW:
            units = np.rint(raw.values * 10.0**scale)
            if float(np.max(np.abs(units), initial=0.0)) >= _SHORT:
                break
            if bool(np.all(units / 10.0**scale == raw.values)):
                bound = int(np.max(np.abs(units), initial=0.0))
                raw.exact = Exact(units.astype(np.int64), scale, bound, raw.unsure)
                break
    return raw.exact


def real(column: Number) -> Real:
    """``column`` as doubles with their errors."""
    if isinstance(column, Real):
        return column
    if isinstance(column, Raw):
        return Real(column.values, np.abs(column.values) * _SLACK, column.unsure)
    if isinstance(column, Coded):
        errors = column.read(column.dictionary.errors())
        return Real(column.read(column.dictionary.floats()), errors, column.unsure)
    if isinstance(column, Quotient):
        return _divided(column)
    whole = column.exact() if isinstance(column, Given) else column
    values = whole.doubles() / 10.0**whole.scale
    return Real(values, np.abs(values) * _SLACK, whole.unsure)


def _divided(column: Quotient) -> Real:
    if column.real is None:
        values = column.above.doubles() / column.below.doubles()
        errors = np.abs(values)
        errors *= _SLACK
        errors += _TINY
        column.real = Real(values, errors, _unsure(column))
    return column.real


def _unsure(column: Quotient) -> Truths | None:
    return either(column.unsure, column.above.unsure, column.below.unsure)


def at_scale(column: Exact, scale: int) -> Exact | None:
    """``column`` in the smaller units of ``scale``; None when they overflow."""
    if scale == column.scale:
        return column
    factor = 10 ** (scale - column.scale)
    if column.bound * factor >= LIMIT or factor >= LIMIT:
        return None
    return Exact(column.units * factor, scale, column.bound * factor, column.unsure)


def aligned(left: Number, right: Number) -> tuple[Exact, Exact] | None:
    """Both in whole units of one scale, if that is possible."""
    first = exact(left)
    second = exact(right) if first is not None else None
    if first is None or second is None:
        return None
    scale = max(first.scale, second.scale)
    one, two = at_scale(first, scale), at_scale(second, scale)
    return None if one is None or two is None else (one, two)


def add(left: Number, right: Number) -> Number:
    """The sum."""
    pair = aligned(left, right)
    if pair is not None:
        a, b = pair
        if a.bound + b.bound < LIMIT:
            marks = either(a.unsure, b.unsure)
            return Exact(a.units + b.units, a.scale, a.bound + b.bound, marks)
    x, y = real(left), real(right)
    return _bounded(x.values + y.values, x.errors + y.errors, either(x.unsure, y.unsure))


def total_of_coded(columns: Sequence[Number], kernels: Kernels) -> Exact | None:
    """The sum of columns that are all coded, exact; None when it may overflow or one is not."""
    coded = [column for column in columns if isinstance(column, Coded) and column.is_by_row]
    known = [column.dictionary.units() for column in coded]
    if len(coded) < len(columns) or None in known:
        return None
    units = [each for each in known if each is not None]
    scale = max(each[1] for each in units)
    bound = sum(each[2] * 10 ** (scale - each[1]) for each in units)
    if bound >= LIMIT:
        return None
    direct = [
        column.direct(each[0] * 10 ** (scale - each[1]))
        for column, each in zip(coded, units, strict=True)
    ]
    found = kernels.total([values for values, _ in direct], [keys for _, keys in direct])
    return Exact(found, scale, bound, either(*(column.unsure for column in coded)))


def negate(column: Number) -> Number:
    """Minus ``column``."""
    whole = exact(column)
    if whole is not None:
        return Exact(-whole.units, whole.scale, whole.bound, whole.unsure)
    x = real(column)
    return Real(-x.values, x.errors, x.unsure)


def subtract(left: Number, right: Number) -> Number:
    """The difference."""
    return add(left, negate(right))


def multiply(left: Number, right: Number) -> Number:
    """The product."""
    a, b = exact(left), exact(right)
    if a is not None and b is not None and a.bound * b.bound < LIMIT:
        marks = either(a.unsure, b.unsure)
        return Exact(a.units * b.units, a.scale + b.scale, a.bound * b.bound, marks)
    x, y = real(left), real(right)
    errors = (np.abs(x.values) + x.errors) * y.errors
    errors = errors + np.abs(y.values) * x.errors
    return _bounded(x.values * y.values, errors, either(x.unsure, y.unsure))


def divide(left: Number, right: Number) -> Number:
    """The quotient; a row that divides by zero is unsure."""
    inverse = _inverse(right)
    if inverse is not None:
        return multiply(left, inverse)
    pair = aligned(left, right)
    if pair is not None:
        a, b = pair
        if bool(b.units.all()):
            return Quotient(a, b)
        zero = b.units == 0
        below = Exact(np.where(zero, 1, b.units), b.scale, max(b.bound, 1), b.unsure)
        return Quotient(a, below, zero)
    x, y = real(left), real(right)
    values = x.values / y.values
    away = np.abs(y.values) - y.errors
    errors = (x.errors + np.abs(values) * y.errors) / np.where(away > 0, away, np.nan)
    return _bounded(values, errors, either(x.unsure, y.unsure))


def _inverse(column: Number) -> Coded | None:
    """One over a constant, where that is a short decimal: 4, 100, 0.5, but not 12."""
    if not isinstance(column, Coded) or len(column.dictionary) != 1:
        return None
    value = column.dictionary.values[0]
    if column.unsure is not None or not isinstance(value, Decimal) or not value:
        return None

    def make(_: list[Value]) -> Coded | None:
        one_over = finite_inverse(value)
        return None if one_over is None else constant(one_over)

    return column.dictionary.derived("inverse", make)  # type: ignore[return-value]


def finite_inverse(value: Decimal) -> Decimal | None:
    """One over ``value`` where that is a short decimal."""
    one_over = NUMBERS.divide(Decimal(1), value)
    short = len(one_over.as_tuple().digits) <= 9  # noqa: PLR2004 - so that products stay exact
    return one_over if short and NUMBERS.multiply(one_over, value) == 1 else None


def _bounded(values: Floats, errors: Floats, unsure: Truths | None) -> Real:
    errors = errors * (1 + _SLACK)
    lost = np.abs(values)
    lost *= _SLACK
    errors += lost
    errors += _TINY
    return Real(values, errors, unsure)


def power(left: Number, right: Number) -> Number:
    """``left ** right``; by multiplying where the exponent is a small whole constant."""
    times = _small_exponent(right)
    base = exact(left)
    if times is not None and base is not None and max(base.bound, 1) ** times < LIMIT:
        return Exact(base.units**times, base.scale * times, base.bound**times, base.unsure)
    x, y = real(left), real(right)
    low = x.values - x.errors  # the logarithm's slope is steepest there
    positive = low > 0
    safe = np.where(positive, x.values, np.nan)
    values = np.power(safe, y.values)
    relative = np.abs(y.values) * x.errors / np.where(positive, low, np.nan)
    logarithm = np.abs(np.log(safe))
    relative = relative + logarithm * y.errors
    relative = relative + (1 + np.abs(y.values) * logarithm) * _SLACK
    errors = np.abs(values) * relative * np.exp(np.minimum(relative, 700.0))
    return _bounded(values, errors, either(x.unsure, y.unsure))


def _small_exponent(column: Number) -> int | None:
    if not isinstance(column, Coded) or column.is_by_row or len(column.dictionary) != 1:
        return None
    value = column.dictionary.values[0]
    whole = isinstance(value, Decimal) and value == value.to_integral_value()
    return int(value) if whole and 1 <= value <= MOST_EXPONENT else None  # type: ignore[operator,arg-type]


def square_root(column: Number) -> Real:
    """The root; of a negative number unsure."""
    x = real(column)
    low = x.values - x.errors
    values = np.sqrt(np.where(low > 0, x.values, np.nan))
    return _bounded(values, x.errors / np.sqrt(np.where(low > 0, low, np.nan)), x.unsure)


def absolute(column: Number) -> Number:
    """The size."""
    whole = exact(column)
    if whole is not None:
        return Exact(np.abs(whole.units), whole.scale, whole.bound, whole.unsure)
    x = real(column)
    return Real(np.abs(x.values), x.errors, x.unsure)


def extreme(left: Number, right: Number, *, largest: bool) -> Number:
    """The larger or the smaller of two."""
    choose = np.maximum if largest else np.minimum
    pair = aligned(left, right)
    if pair is not None:
        a, b = pair
        marks = either(a.unsure, b.unsure)
        return Exact(choose(a.units, b.units), a.scale, max(a.bound, b.bound), marks)
    x, y = real(left), real(right)
    marks = either(x.unsure, y.unsure)
    return Real(choose(x.values, y.values), np.maximum(x.errors, y.errors), marks)


def modulo(left: Number, right: Number) -> Number:
    """FEEL's modulo, of the divisor's sign; exact only, so that a real is unsure everywhere."""
    pair = aligned(left, right)
    if pair is None:
        x, y = real(left), real(right)
        nothing = np.full(np.broadcast(x.values, y.values).shape, np.nan)
        return Real(nothing, nothing, either(x.unsure, y.unsure))
    a, b = pair
    zero = b.units == 0
    units = np.mod(a.units, np.where(zero, 1, b.units))
    return Exact(units, a.scale, b.bound, either(a.unsure, b.unsure, zero if zero.any() else None))


def compare(operator: str, left: Number, right: Number) -> Truth:
    """``left operator right``; unsure where doubles cannot tell."""
    if _is_shown_by_doubles(left, right) or _is_shown_by_doubles(right, left):
        x, y = real(left), real(right)
        return Truth(ordered(operator, x.values, y.values), either(x.unsure, y.unsure))
    pair = aligned(left, right) or _crossed(left, right)
    if pair is not None:
        a, b = pair
        return Truth(ordered(operator, a.units, b.units), either(a.unsure, b.unsure))
    x, y = real(left), real(right)
    apart = x.values - y.values
    size = np.abs(x.values) + np.abs(y.values)
    close = ~(np.abs(apart) > (x.errors + y.errors) * (1 + _SLACK) + size * _SLACK + _TINY)
    marks = either(x.unsure, y.unsure, close if close.any() else None)
    return Truth(ordered(operator, apart, np.zeros(())), marks)


def _is_shown_by_doubles(left: Number, right: Number) -> bool:
    """Doubles order themselves against short constants as the decimals that they stand for do.

    Those given always, those of a quotient when it cannot come as close as a double's step.
    """
    if not isinstance(left, Raw | Quotient) or not isinstance(right, Coded):
        return False
    if not right.dictionary.derived("short", _all_short):
        return False
    units = right.dictionary.units()
    return isinstance(left, Raw) or (units is not None and is_sharp(left, units[1]))


def is_sharp(column: Quotient, scale: int) -> bool:
    """Whether doubles of a quotient and of a number of ``scale`` are equal only if both are.

    N/D and C/10**k differ by at least 1/(D * 10**k), which is more than a double's step at N/D
    when N * 10**k is below 2**52. Rounding keeps the order.
    """
    if scale > _MOST_SCALE:
        return False
    return column.above.bound * 10**scale < _SHARP and column.below.bound < _SHARP


def _all_short(values: list[Value]) -> bool:
    return all(isinstance(value, Decimal) and is_short(value) for value in values)


def _crossed(left: Number, right: Number) -> tuple[Exact, Exact] | None:
    """A quotient against whole units, both times the divisor."""
    if isinstance(right, Quotient) and not isinstance(left, Quotient):
        turned = _crossed(right, left)
        return None if turned is None else (turned[1], turned[0])
    other = None if isinstance(right, Quotient) else exact(right)
    if not isinstance(left, Quotient) or other is None:
        return None
    factor = 10**other.scale
    above, below = left.above, left.below
    wide = max(other.bound, 1) * below.bound
    if above.bound * factor >= LIMIT or wide >= LIMIT or below.bound * factor >= LIMIT:
        return None
    turn = np.sign(below.units)
    return (
        Exact(above.units * factor * turn, 0, above.bound * factor, _unsure(left)),
        Exact(other.units * np.abs(below.units), 0, wide, other.unsure),
    )


def ordered(operator: str, left: Whole | Floats, right: Whole | Floats) -> Truths:
    """``left operator right`` of arrays that hold their values exactly."""
    operations = {
        "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
        "=": np.equal, "!=": np.not_equal,
    }  # fmt: skip
    found: Truths = operations[operator](left, right)
    return found


def rounded(column: Number, digits: int, function: str) -> Number:
    """``column`` with ``digits`` places, by FEEL's rounding ``function``; exact or unsure."""
    whole = exact(column)
    if whole is not None and whole.scale <= digits:
        return whole
    if whole is not None and whole.scale - digits <= 18:  # noqa: PLR2004 - 10 ** 18 is an int64
        divisor = np.array(10 ** (whole.scale - digits), np.int64)
        units = _rounded_quotient(whole.units, divisor, function)
        bound = whole.bound // int(divisor) + 1
        return _of_digits(Exact(units, digits, bound, whole.unsure))
    if isinstance(column, Quotient):
        exactly = _rounded_division(column, digits, function)
        if exactly is not None:
            return exactly
    return _of_digits(_rounded_real(real(column), digits, function))


def _of_digits(column: Exact) -> Number:
    """Units of hundreds (-2 digits) as units of one."""
    if column.scale >= 0:
        return column
    factor = 10**-column.scale
    if column.bound * factor >= LIMIT:
        return multiply(
            Exact(column.units, 0, column.bound, column.unsure),
            Exact(np.array(factor, np.int64), 0, factor),
        )
    return Exact(column.units * factor, 0, column.bound * factor, column.unsure)


def _rounded_division(column: Quotient, digits: int, function: str) -> Number | None:
    factor = 10 ** abs(digits)
    above, below = column.above, column.below
    up, down = (factor, 1) if digits >= 0 else (1, factor)
    if above.bound * up >= LIMIT or below.bound * down >= LIMIT:
        return None
    turn = np.sign(below.units)
    divisor = np.abs(below.units) * down
    units = _rounded_quotient(above.units * up * turn, divisor, function)
    bound = int(np.max(np.abs(units), initial=0))
    return _of_digits(Exact(units, digits, bound, _unsure(column)))


def _rounded_quotient(above: Whole, below: Whole, function: str) -> Whole:
    """Integers divided (``below`` positive) and rounded; all in int64, no error."""
    floor = np.floor_divide(above, below)
    rest = above - floor * below
    if function == "floor":
        return floor
    if function in ("ceiling", "round up", "round down"):
        towards = {
            "ceiling": rest > 0,
            "round up": (rest > 0) & (above > 0),
            "round down": (rest > 0) & (above < 0),
        }
        return floor + towards[function]
    twice = 2 * rest
    ties = {
        "decimal": (floor & 1) == 1,
        "round half up": above > 0,
        "round half down": above < 0,
    }
    found: Whole = floor + ((twice > below) | ((twice == below) & ties[function]))
    return found


def _rounded_real(column: Real, digits: int, function: str) -> Exact:
    shifted = column.values * 10.0**digits
    errors = column.errors * 10.0**digits + np.abs(shifted) * _SLACK
    floor = np.floor(shifted)
    rest = shifted - floor
    if function in ("floor", "ceiling", "round up", "round down"):
        apart = np.minimum(rest, 1 - rest)
    else:
        apart = np.abs(rest - 0.5)
    sure = (apart > errors) & (np.abs(shifted) < _INTEGER_DOUBLES)
    higher = {
        "floor": np.zeros((), np.bool_),
        "ceiling": rest > 0,
        "round up": shifted > 0,
        "round down": shifted < 0,
    }.get(function, rest > 0.5)  # noqa: PLR2004 - a half
    units = np.where(sure, floor + higher, 0.0).astype(np.int64)
    bound = int(np.max(np.abs(units), initial=0))
    return Exact(
        units, digits, bound, column.unsure if sure.all() else either(column.unsure, ~sure)
    )
