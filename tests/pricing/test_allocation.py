"""Allocations of cases/allocation.csv, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tael.kernel import BadInput, Money
from tael.pricing import Due, allocate

CASES = Path(__file__).parent / "cases" / "allocation.csv"
DUE = Due(1, "bank_interest", Money.parse("600"))


def dues(text: str) -> list[Due]:
    cells = [part.split() for part in text.split("|") if part.strip()]
    return [Due(int(number), name, Money.parse(amount)) for number, name, amount in cells]


@pytest.mark.parametrize(
    "case",
    list(csv.DictReader(CASES.read_text("utf-8").splitlines())),
    ids=lambda case: case["case"],
)
def test_money_pays_debts_in_order(case: dict[str, str]) -> None:
    found = allocate(
        Money.parse(case["amount"]),
        dues(case["dues"]),
        component_first=case["component first"] == "yes",
    )
    assert list(found.applied) == dues(case["applied"])
    assert found.left == Money.parse(case["left"])


def test_another_order_is_a_contracts_choice() -> None:
    debts = dues("1 bank_interest 6 | 1 principal 10")
    found = allocate(Money.parse("10"), debts, ("principal", "bank_interest"))
    assert found.of("principal") == Money.parse("10")
    assert not found.of("bank_interest")


@pytest.mark.parametrize(
    ("amount", "due", "order", "field"),
    [
        (Money(-1), DUE, ("bank_interest",), "amount"),
        (Money(1), Due(1, "bank_interest", Money(-1)), ("bank_interest",), "dues.amount"),
        (Money(1, "USD"), DUE, ("bank_interest",), "dues.amount"),
        (Money(1), DUE, ("principal",), "order"),
        (Money(1), DUE, ("bank_interest", "bank_interest"), "order"),
    ],
)
def test_a_bad_allocation_names_its_field(
    amount: Money, due: Due, order: tuple[str, ...], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        allocate(amount, [due], order)
    assert refused.value.field == field
