"""IRR, all-in cost, caps and payers."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from tael.kernel import BadInput, Day, Money, Rate, Refusal
from tael.pricing import (
    Component,
    Fee,
    Method,
    Terms,
    all_in_cost,
    build_schedule,
    check_cap,
    check_payers,
    irr,
    lpr_cap,
    refusal_text,
)

CASES = Path(__file__).parent / "cases" / "irr.csv"
PLATFORM = Component("platform_fee", Rate.percent(2), payer="borrower", payee="platform")
SERVICING = Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform")
TERMS = Terms(
    Money.parse("120000"),
    Method.EQUAL_INSTALMENT,
    12,
    Day(2025, 8, 20),
    (Component("bank_interest", Rate.percent(18)),),
)


@pytest.mark.parametrize("case", list(csv.DictReader(CASES.read_text("utf-8").splitlines())))
def test_the_rate_balances_the_flows(case: dict[str, str]) -> None:
    flows = [Decimal(flow) for flow in case["flows"].split()]
    found = irr(flows)
    assert isinstance(found, Decimal)
    assert found.quantize(Decimal("1E-7")) == Decimal(case["rate"])


@pytest.mark.parametrize("flows", [(100, 20), (-1, -1), (0, 0), (-1000, 999, -500, 100)])
def test_flows_without_a_rate_are_refused(flows: tuple[int, ...]) -> None:
    found = irr([Decimal(flow) for flow in flows])
    if isinstance(found, Refusal):
        assert found.code == "no_irr"
        assert "内部收益率" in refusal_text(found)
        return
    worth = sum(Decimal(flow) / (1 + found) ** time for time, flow in enumerate(flows))
    assert abs(worth) < Decimal("1E-15")


def test_one_flow_has_no_rate_and_times_go_with_flows() -> None:
    for flows, times, field in (
        ([Decimal(1)], None, "flows"),
        ([Decimal(-1), Decimal(2)], [Decimal(0)], "times"),
    ):
        with pytest.raises(BadInput) as refused:
            irr(flows, times)
        assert refused.value.field == field


def test_the_all_in_cost_of_the_worked_loan() -> None:
    cost = all_in_cost(build_schedule(TERMS))
    assert round(cost.nominal.as_percent(), 3) == Decimal("18.000")
    assert round(cost.effective.as_percent(), 2) == Decimal("19.56")
    assert cost.charges == Money.parse("12019.20")


def test_upfront_fees_raise_the_cost_and_others_fees_do_not() -> None:
    schedule = build_schedule(TERMS)
    plain = all_in_cost(schedule)
    fee = Fee("guarantee_upfront", Money.parse("1000"), payee="guarantor")
    dearer = all_in_cost(schedule, [fee])
    assert dearer.nominal > plain.nominal
    assert dearer.charges == plain.charges + fee.amount
    passed = Fee("platform", Money.parse("1000"), payer="guarantor", payee="platform")
    assert all_in_cost(schedule, [passed]) == plain


def test_a_broken_first_period_is_no_dearer_than_its_days() -> None:
    late = Terms(
        TERMS.principal, Method.INTEREST_ONLY, 12, Day(2026, 1, 15),
        TERMS.components, first_due=Day(2026, 3, 1),
    )  # fmt: skip
    nominal = all_in_cost(build_schedule(late)).nominal
    assert Rate.percent("17.9") < nominal < Rate.percent(18)


@pytest.mark.parametrize(
    ("fee", "field"),
    [(Money.parse("120000"), "fees"), (Money(100, "USD"), "currency")],
)
def test_fees_leave_something_of_the_principal(fee: Money, field: str) -> None:
    with pytest.raises(BadInput) as refused:
        all_in_cost(build_schedule(TERMS), [Fee("upfront", fee)])
    assert refused.value.field == field


def test_a_negative_fee_or_an_unknown_party_is_refused() -> None:
    with pytest.raises(BadInput, match="is none"):
        Fee("upfront", Money(-1))
    with pytest.raises(BadInput, match="does not pay"):
        Fee("upfront", Money(1), payer="nobody")


def test_a_cost_above_the_cap_is_refused_with_both_figures() -> None:
    cost = all_in_cost(build_schedule(TERMS))
    assert check_cap(cost, Rate.percent(24)) is None
    assert check_cap(cost, cost.nominal) is None
    refusal = check_cap(cost, Rate.percent("13.8"), on=Day(2026, 1, 5))
    assert refusal is not None
    assert refusal.code == "cap_exceeded"
    assert refusal.detail["cap"] == "13.8%"
    assert refusal.detail["on"] == "2026-01-05"
    assert "13.8%" in refusal_text(refusal, "en")


def test_a_negative_cap_is_bad_input() -> None:
    with pytest.raises(BadInput) as refused:
        check_cap(all_in_cost(build_schedule(TERMS)), Rate.percent(-1))
    assert refused.value.field == "cap"


def test_four_times_the_loan_prime_rate() -> None:
    assert lpr_cap(Rate.percent("3.45")) == Rate.percent("13.8")
    with pytest.raises(BadInput):
        lpr_cap(Rate.percent(-3))


def test_the_platform_charges_the_borrower_nothing_unless_the_law_lets_it() -> None:
    assert check_payers([*TERMS.components, SERVICING], platform_fee_from_borrower=False) is None
    refusal = check_payers([PLATFORM], platform_fee_from_borrower=False)
    assert refusal == Refusal("platform_fee_from_borrower", {"component": "platform_fee"})
    assert check_payers([PLATFORM], platform_fee_from_borrower=True) is None
    fee = Fee("membership", Money(1), payee="platform")
    assert check_payers([fee], platform_fee_from_borrower=False) is not None


def test_only_our_own_refusals_have_a_text() -> None:
    for refusal, locale in ((Refusal("other"), "zh"), (Refusal("no_irr"), "fr")):
        with pytest.raises(BadInput):
            refusal_text(refusal, locale)
