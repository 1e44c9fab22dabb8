"""Day counts and simple interest between any two days."""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import pytest

from tael.kernel import BadInput, Day, Money, Rate
from tael.pricing import DayCount, interest

CASES = Path(__file__).parent / "cases" / "days.csv"
BALANCE = Money.parse("91979.06")


@pytest.mark.parametrize("case", list(csv.DictReader(CASES.read_text("utf-8").splitlines())))
def test_days_are_counted_as_the_contract_says(case: dict[str, str]) -> None:
    seed = int(case["seed"]) if case["seed"] else None
    start, end = Day.parse(case["start"]), Day.parse(case["end"])
    assert DayCount(case["count"]).days(start, end, seed_day=seed) == int(case["days"])


def test_the_claims_interest_of_the_worked_loan() -> None:
    found = interest(BALANCE, Rate.percent(6), Day(2025, 11, 20), Day(2026, 3, 10))
    assert found == Money.parse("1686.28")


def test_a_day_of_its_own_year_counts_in_that_year() -> None:
    ten_and_ten = interest(
        Money.parse("1000000"), Rate.percent(10), Day(2023, 12, 22), Day(2024, 1, 11),
        DayCount.ACT_ACT,
    )  # fmt: skip
    exact = 100_000 * (Fraction(10, 365) + Fraction(10, 366))
    assert ten_and_ten.minor == int(exact * 100 + Fraction(1, 2))


def test_interest_never_runs_backwards() -> None:
    with pytest.raises(BadInput, match="forward") as refused:
        interest(BALANCE, Rate.percent(6), Day(2026, 2, 1), Day(2026, 1, 31))
    assert refused.value.field == "end"


@pytest.mark.parametrize(
    ("balance", "rate", "field"),
    [(Money(-1), Rate.percent(6), "principal"), (BALANCE, Rate.percent(-6), "rate")],
)
def test_a_negative_balance_or_rate_earns_nothing(balance: Money, rate: Rate, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        interest(balance, rate, Day(2026, 1, 1), Day(2026, 2, 1))
    assert refused.value.field == field
