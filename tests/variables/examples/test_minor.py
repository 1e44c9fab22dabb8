"""Decimals that a file keeps as floats become the hundredths that were written, or nothing."""

from __future__ import annotations

import math
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.variables.examples.minor import minor_units


def units(*values: float | None) -> list[int | None]:
    """The hundredths of ``values``."""
    return minor_units(pa.chunked_array([pa.array(values, pa.float64())])).to_pylist()


@given(st.integers(-(10**13), 10**13))
def test_every_decimal_with_two_digits_comes_back(hundredths: int) -> None:
    assert units(float(Decimal(hundredths) / 100)) == [hundredths]


@pytest.mark.parametrize(
    "value", [0.005, 1.001, 0.1 + 0.2, math.nan, math.inf, -math.inf, 2.0**53, None]
)
def test_what_is_no_such_decimal_is_nothing(value: float | None) -> None:
    assert units(value) == [None]


def test_zero_is_zero_whatever_its_sign() -> None:
    assert units(0.0, -0.0, -0.01) == [0, 0, -1]
