"""Bad terms are named: field and rule, one row of the table each."""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import BadInput, Day, Money, Rate, Roll
from tael.pricing import Component, Method, Terms

CASES = Path(__file__).parent / "cases" / "refused_terms.csv"
BANK = Component("bank_interest", Rate.percent(6))
GOOD = Terms(Money.parse("1000"), Method.EQUAL_INSTALMENT, 3, Day(2026, 1, 15), (BANK,))


def days(text: str) -> tuple[Day, ...]:
    return tuple(Day.parse(day) for day in text.split())


READ: dict[str, Callable[[str], dict[str, Any]]] = {
    "principal": lambda text: {"principal": Money(int(text))},
    "months": lambda text: {"months": int(text)},
    "penalty_rate": lambda text: {"penalty_rate": Rate.percent(text)},
    "first_due": lambda text: {"first_due": Day.parse(text)},
    "due_dates": lambda text: {"due_dates": days(text)},
    "due_day": lambda text: {"due_day": int(text)},
    "roll": lambda text: {"roll": Roll[text]},
    "principal_grace": lambda text: {"principal_grace": int(text)},
    "instalment_multiple": lambda text: {"instalment_multiple": Money(int(text))},
    "instalment_multiple_usd": lambda text: {"instalment_multiple": Money(int(text), "USD")},
    "equal_part": lambda text: {"equal_part": Money(int(text))},
    "year_days": lambda text: {"year_days": int(text)},
    "component_twice": lambda _: {"components": (BANK, BANK)},
    "component_rate": lambda text: {"components": (replace(BANK, rate=Rate.percent(text)),)},
    "component_payer": lambda text: {"components": (replace(BANK, payer=text),)},
    "component_payee": lambda text: {"components": (replace(BANK, payee=text),)},
    "component_name": lambda text: {"components": (replace(BANK, name=text),)},
}


@pytest.mark.parametrize("case", list(csv.DictReader(CASES.read_text("utf-8").splitlines())))
def test_terms_that_break_a_rule_name_the_field_and_the_rule(case: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        replace(GOOD, **READ[case["field changed"]](case["value"]))
    assert refused.value.field == case["field named"]
    assert refused.value.rule is not None
    assert refused.value.rule.replace("; ", ", ").replace(",", ";") == case["rule"].replace(
        ",", ";"
    )


def test_a_grace_belongs_to_methods_that_repay_in_parts() -> None:
    with pytest.raises(BadInput) as refused:
        replace(GOOD, method=Method.INTEREST_ONLY, principal_grace=1)
    assert refused.value.field == "principal_grace"


def test_a_months_count_is_a_whole_number() -> None:
    with pytest.raises(BadInput):
        replace(GOOD, months=True)


def test_a_float_is_no_rate_of_a_component() -> None:
    with pytest.raises(BadInput):
        Component("bank_interest", Rate(0.06))  # type: ignore[arg-type]


def test_the_all_in_rate_is_what_the_borrower_pays() -> None:
    servicing = Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform")
    terms = replace(GOOD, components=(BANK, servicing))
    assert terms.all_in_rate == Rate(Decimal("0.06"))
    assert terms.borrower_components == (BANK,)
