"""Money by cases: reading, rounding, adding, comparing, splitting."""

from __future__ import annotations

import csv
import operator
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from tael.kernel import BadInput, Money, Rounding, minor_digits, total

CASES = Path(__file__).parent / "cases"


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("amounts.csv"), ids=lambda r: f"{r['text']} {r['currency']}")
def test_an_amount_is_read_as_the_table_says(row: dict[str, str]) -> None:
    if row["minor"] == "refused":
        with pytest.raises(BadInput) as refused:
            Money.parse(row["text"], row["currency"])
        assert refused.value.rule
        return
    assert Money.parse(row["text"], row["currency"]).minor == int(row["minor"])


def test_a_bad_amount_names_the_field_that_was_read() -> None:
    with pytest.raises(BadInput) as refused:
        Money.parse("ten", field="revenue")
    assert refused.value.field == "revenue"
    assert str(refused.value).startswith("revenue: 'ten'")


@pytest.mark.parametrize("row", rows("roundings.csv"))
def test_a_decimal_is_rounded_as_the_table_says(row: dict[str, str]) -> None:
    rounding = Rounding[row["rounding"]]
    assert Money.of(Decimal(row["amount"]), row["currency"], rounding).minor == int(row["minor"])


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_what_is_not_finite_is_no_amount(amount: str) -> None:
    with pytest.raises(BadInput):
        Money.of(Decimal(amount))


@pytest.mark.parametrize("minor", [1.0, Decimal(1), True, "1", None])
def test_only_whole_minor_units_make_money(minor: object) -> None:
    with pytest.raises(BadInput) as refused:
        Money(cast("int", minor))
    assert refused.value.field == "minor"


@pytest.mark.parametrize(
    "meet", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge]
)
def test_currencies_do_not_meet(meet: Callable[[Money, Money], object]) -> None:
    with pytest.raises(BadInput) as refused:
        meet(Money(1, "CNY"), Money(1, "USD"))
    assert refused.value.code == "currency_mismatch"


def test_equal_amounts_of_two_currencies_are_not_equal() -> None:
    assert Money(1, "CNY") != Money(1, "USD")


def test_money_is_ordered_summed_and_printed() -> None:
    assert Money(1) < Money(2) <= Money(2)
    assert Money(2) > Money(1) >= Money(1)
    assert -Money(5) == Money(-5)
    assert total([Money(5), Money(-2)]) == Money(3)
    assert total([], "USD") == Money.zero("USD")
    assert not Money.zero()
    assert str(Money(1234567_89)) == "1,234,567.89 CNY"
    assert str(Money(1234, "JPY")) == "1,234 JPY"


def test_a_total_of_two_currencies_is_refused() -> None:
    with pytest.raises(BadInput):
        total([Money(1), Money(1, "USD")])


@pytest.mark.parametrize(
    ("minor", "weights", "parts"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (166198, [6, 12], [55399, 110799]),
        (-100, [1, 1, 1], [-34, -33, -33]),
        (5, [0, 1], [0, 5]),
        (0, [1, 2], [0, 0]),
        (1, [1, 1], [1, 0]),
        (7, [Decimal("0.5"), Decimal("0.25"), Decimal("0.25")], [3, 2, 2]),
    ],
)
def test_a_split_gives_the_largest_remainders_their_cent(
    minor: int, weights: list[Decimal | int], parts: list[int]
) -> None:
    assert [part.minor for part in Money(minor).split(weights)] == parts


@pytest.mark.parametrize(
    "weights", [[], [0, 0], [1, -1], [Decimal("NaN"), 1], [Decimal("Infinity")]]
)
def test_a_split_by_impossible_weights_is_refused(weights: list[Decimal | int]) -> None:
    with pytest.raises(BadInput):
        Money(100).split(weights)


def test_minor_digits_are_those_of_the_currency() -> None:
    assert [minor_digits(code) for code in ("CNY", "JPY", "KWD")] == [2, 0, 3]
    with pytest.raises(BadInput, match="BTC"):
        minor_digits("BTC")
