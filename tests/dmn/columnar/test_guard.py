"""Arithmetic over columns: exact where it says so, unsure where it cannot tell."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from tael.dmn.columnar import guard
from tael.dmn.columnar.columns import LIMIT, Exact, Quotient, Raw, Real, constant
from tael.dmn.feel.library import BUILTINS


def whole(*units: int, scale: int = 0) -> Exact:
    return Exact(np.array(units, np.int64), scale, max(map(abs, units)))


def raw(*values: float) -> Raw:
    return Raw(np.array(values))


def test_sums_of_scales_and_products_stay_whole() -> None:
    total = guard.add(whole(5, -7), whole(125, 1, scale=2))
    assert isinstance(total, Exact)
    assert (total.units.tolist(), total.scale) == ([625, -699], 2)
    product = guard.multiply(total, whole(3, 4, scale=1))
    assert isinstance(product, Exact)
    assert (product.units.tolist(), product.scale) == ([1875, -2796], 3)


def test_what_overflows_becomes_a_real_with_a_bound() -> None:
    large = guard.multiply(whole(LIMIT - 1), whole(3))
    assert isinstance(large, Real)
    assert abs(Fraction(float(large.values[0])) - 3 * (LIMIT - 1)) <= Fraction(
        float(large.errors[0])
    )


def test_doubles_as_given_are_whole_when_short() -> None:
    assert guard.exact(raw(0.1, 2.5, -1e6)).units.tolist() == [10, 250, -100_000_000]
    assert guard.exact(raw(0.1 + 0.2, 1.0)) is None


def test_a_bound_survives_cancellation() -> None:
    third = guard.real(guard.divide(whole(1), whole(3)))
    near_zero = guard.subtract(guard.add(guard.real(whole(10**9)), third), whole(10**9))
    real = guard.real(near_zero)
    assert abs(Fraction(float(real.values[0])) - Fraction(1, 3)) <= Fraction(float(real.errors[0]))
    assert real.errors[0] > 1e-8 / 1e9


@pytest.mark.parametrize("function", ["decimal", "round up", "round down", "round half up",
                                      "round half down", "floor", "ceiling"])  # fmt: skip
@pytest.mark.parametrize("digits", [-1, 0, 1, 2])
def test_roundings_are_those_of_the_scalar_body(function: str, digits: int) -> None:
    units = [*range(-31, 32), 125, -125, 135, -135, 5, 15, -995]
    call = BUILTINS[function].call
    found = guard.rounded(whole(*units, scale=2), digits, function)
    wanted = [call(Decimal(unit).scaleb(-2), Decimal(digits)) for unit in units]
    assert values(found) == wanted
    quotient = guard.divide(whole(*units), whole(*[-8] * len(units)))
    assert isinstance(quotient, Quotient)
    wanted = [call(Decimal(unit) / Decimal(-8), Decimal(digits)) for unit in units]
    assert values(guard.rounded(quotient, digits, function)) == wanted


def values(column: object) -> list[Decimal]:
    assert isinstance(column, Exact)
    return [Decimal(int(unit)).scaleb(-column.scale) for unit in column.units]


def test_a_constant_with_a_finite_inverse_divides_exactly() -> None:
    quarter = guard.divide(whole(10), constant(Decimal(4)))
    assert values(quarter) == [Decimal("2.5")]
    assert isinstance(guard.divide(whole(10), constant(Decimal(12))), Quotient)


def test_division_by_zero_is_unsure() -> None:
    found = guard.divide(whole(1, 1), whole(0, 2))
    assert isinstance(found, Quotient)
    assert found.unsure is not None
    assert found.unsure.tolist() == [True, False]


def test_quotients_are_compared_by_crosswise_products() -> None:
    ratio = guard.divide(whole(1, 2, -1), whole(3, 4, -2))
    found = guard.compare("=", ratio, constant(Decimal("0.5")))
    assert (found.values.tolist(), found.unsure) == ([False, True, True], None)


def test_reals_near_a_cut_are_unsure_and_others_are_told() -> None:
    root = guard.square_root(whole(4, 5))
    found = guard.compare(">", root, constant(Decimal(2)))
    assert found.unsure is not None
    assert found.unsure.tolist() == [True, False]
    assert bool(found.values[1])


def test_a_third_three_times_is_not_taken_for_one() -> None:
    third = guard.divide(whole(1), whole(3))
    almost_one = guard.multiply(third, whole(3))
    floor = guard.rounded(almost_one, 0, "floor")
    assert isinstance(floor, Exact)
    assert floor.unsure is not None
    assert floor.unsure.tolist() == [True]


def test_powers_with_whole_exponents_are_exact_and_others_bounded() -> None:
    assert values(guard.power(whole(15, scale=1), constant(Decimal(3)))) == [Decimal("3.375")]
    root = guard.real(guard.power(whole(2), constant(Decimal("0.5"))))
    assert abs(float(root.values[0]) - 2**0.5) <= float(root.errors[0]) < 1e-13
    assert np.isnan(guard.real(guard.power(whole(-2), constant(Decimal("0.5")))).values[0])


def test_modulo_takes_the_sign_of_the_divisor() -> None:
    found = guard.modulo(whole(10, -10, 10), whole(4, 4, -4))
    assert values(found) == [Decimal(2), Decimal(2), Decimal(-2)]
