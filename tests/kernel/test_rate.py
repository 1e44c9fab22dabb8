"""Rates by cases."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import cast

import pytest

from tael.kernel import BadInput, Rate


@pytest.mark.parametrize(
    ("text", "fraction", "shown"),
    [
        ("18", "0.18", "18%"),
        ("3.45", "0.0345", "3.45%"),
        (" 0 ", "0", "0%"),
        ("-1.5", "-0.015", "-1.5%"),
        ("100", "1", "100%"),
    ],
)
def test_per_cents_are_read_and_shown(text: str, fraction: str, shown: str) -> None:
    rate = Rate.percent(text)
    assert rate.fraction == Decimal(fraction)
    assert str(rate) == shown


@pytest.mark.parametrize("text", ["", "18%", "abc", "NaN", "Infinity", "sNaN", "1,5"])
def test_what_is_not_a_percentage_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Rate.percent(text, field="rate")


@pytest.mark.parametrize("fraction", [0.18, 1, "0.18", None, Decimal("NaN")])
def test_a_rate_is_a_finite_decimal(fraction: object) -> None:
    with pytest.raises(BadInput):
        Rate(cast("Decimal", fraction))


@pytest.mark.parametrize("probability", [-0.1, 1.1, math.nan, math.inf])
def test_what_is_not_a_probability_is_refused(probability: float) -> None:
    with pytest.raises(BadInput):
        Rate.from_probability(probability)


def test_a_probability_becomes_exact_with_nine_digits() -> None:
    assert Rate.from_probability(0.1).fraction == Decimal("0.100000000")
    assert Rate.from_probability(1 / 3).fraction == Decimal("0.333333333")
    assert Rate.from_probability(1).fraction == 1


def test_rates_add_subtract_and_compare() -> None:
    bank, guarantee = Rate.percent(6), Rate.percent(12)
    assert bank + guarantee == Rate.percent(18)
    assert guarantee - bank == bank
    assert Rate.zero() < bank < guarantee
    assert guarantee.as_percent() == 12
