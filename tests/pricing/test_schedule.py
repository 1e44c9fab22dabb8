"""What rooms ask of a schedule: dues, accrual for any day, the bank's claim, prepayment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput, Day, Money, Rate, Refusal, total
from tael.pricing import (
    Component,
    Effect,
    Method,
    Schedule,
    Terms,
    allocate,
    build_schedule,
    quote_prepayment,
)

WORKED = Terms(
    Money.parse("120000"),
    Method.EQUAL_INSTALMENT,
    12,
    Day(2025, 8, 20),
    (
        Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
        Component("guarantee_fee", Rate.percent(12), payer="borrower", payee="guarantor"),
        Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
    ),
    penalty_rate=Rate.percent(3),
)


@pytest.fixture
def schedule() -> Schedule:
    return build_schedule(WORKED)


def test_the_worked_loans_first_period(schedule: Schedule) -> None:
    first = schedule.instalments[0]
    assert first.charges == {
        "bank_interest": Money.parse("600.00"),
        "guarantee_fee": Money.parse("1200.00"),
    }
    assert first.other_charges == {"servicing_fee": Money.parse("300.00")}
    assert first.principal == Money.parse("9201.60")


def test_the_worked_loans_gross_fees_of_three_periods(schedule: Schedule) -> None:
    paid = schedule.instalments[:3]
    assert total(row.charges["guarantee_fee"] for row in paid) == Money.parse("3322.58")
    assert total(schedule.servicing[:3]) == Money.parse("830.65")


def test_the_worked_loans_claim(schedule: Schedule) -> None:
    claim = schedule.claim(paid=3, on=Day(2026, 3, 10))
    assert claim.days_past_due == 80
    assert claim.days == 110
    assert claim.principal == Money.parse("91979.06")
    assert claim.interest == Money.parse("1686.28")
    assert claim.penalties == {
        4: Money.parse("64.15"), 5: Money.parse("40.69"), 6: Money.parse("16.52"),
    }  # fmt: skip
    assert claim.penalty == Money.parse("121.36")
    assert claim.total == Money.parse("93786.70")


def test_nothing_is_claimed_before_something_is_overdue(schedule: Schedule) -> None:
    with pytest.raises(BadInput) as refused:
        schedule.claim(paid=3, on=Day(2025, 12, 20))
    assert refused.value.field == "on"


def test_accrual_meets_the_instalment_on_its_due_day(schedule: Schedule) -> None:
    for row in schedule.instalments:
        accrued = schedule.accrued(row.number - 1, row.due)
        assert accrued == {**row.charges, **row.other_charges}
    assert not any(schedule.accrued(3, Day(2025, 11, 20)).values())


def test_what_is_due_pays_off_exactly(schedule: Schedule) -> None:
    dues = schedule.dues(Day(2025, 10, 20))
    assert {due.instalment for due in dues} == {1, 2}
    paid = allocate(Money.parse("22003.20"), dues)
    assert not paid.left
    assert paid.of("principal") == WORKED.principal - schedule.outstanding_after(2)


def test_a_penalty_in_another_currency_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        WORKED.penalty(Money(1, "USD"), Day(2026, 1, 1), Day(2026, 2, 1))
    assert refused.value.code == "currency_mismatch"


def test_settling_early_costs_principal_and_the_days_accrued(schedule: Schedule) -> None:
    quote = quote_prepayment(schedule, 3, Day(2025, 12, 5))
    assert not isinstance(quote, Refusal)
    assert quote.principal == Money.parse("91979.06")
    # 91,979.06 x 18 % x 15/360 = 689.84, two thirds of it the guarantee fee
    assert quote.charges == {
        "bank_interest": Money.parse("229.95"), "guarantee_fee": Money.parse("459.89"),
    }  # fmt: skip
    assert quote.total == Money.parse("92668.90")
    assert not quote.left
    with pytest.raises(BadInput, match="settled"):
        quote.next_version()


def test_a_fee_is_a_share_of_what_is_prepaid(schedule: Schedule) -> None:
    quote = quote_prepayment(
        schedule, 3, Day(2025, 12, 5), Money.parse("10000"), fee_rate=Rate.percent(1)
    )
    assert not isinstance(quote, Refusal)
    assert quote.fee == Money.parse("100")
    assert quote.total == Money.parse("10789.84")


@pytest.mark.parametrize(
    ("effect", "count", "first_total"),
    [(Effect.LOWER_INSTALMENT, 9, "7373.13"), (Effect.SHORTER_TERM, 6, "11001.60")],
)
def test_a_part_prepayment_makes_the_next_version(
    schedule: Schedule, effect: Effect, count: int, first_total: str
) -> None:
    quote = quote_prepayment(schedule, 3, Day(2025, 12, 1), Money.parse("30000"))
    assert not isinstance(quote, Refusal)
    follower = quote.next_version(effect)
    assert follower.version == 2
    assert [row.number for row in follower.instalments] == list(range(4, 4 + count))
    assert follower.instalments[0].due == Day(2025, 12, 20)
    assert follower.instalments[0].total == Money.parse(first_total)
    assert follower.outstanding_after(3) == Money.parse("61979.06")
    assert schedule.outstanding_after(3) == Money.parse("91979.06")


def test_the_seed_day_survives_a_prepayment_in_february() -> None:
    terms = replace(WORKED, start=Day(2025, 12, 31), method=Method.EQUAL_PRINCIPAL)
    schedule = build_schedule(terms)
    quote = quote_prepayment(schedule, 1, Day(2026, 2, 10), Money.parse("1000"))
    assert not isinstance(quote, Refusal)
    days = [row.due for row in quote.next_version(Effect.SHORTER_TERM).instalments[:2]]
    assert days == [Day(2026, 2, 28), Day(2026, 3, 31)]


def test_interest_only_keeps_its_months_after_a_prepayment() -> None:
    schedule = build_schedule(replace(WORKED, method=Method.INTEREST_ONLY))
    quote = quote_prepayment(schedule, 0, Day(2025, 9, 1), Money.parse("20000"))
    assert not isinstance(quote, Refusal)
    follower = quote.next_version(Effect.SHORTER_TERM)
    assert len(follower.instalments) == 12
    assert follower.instalments[-1].principal == Money.parse("100000")


@pytest.mark.parametrize(
    ("on", "principal"),
    [(Day(2025, 12, 20), "1000"), (Day(2025, 12, 25), "1000"), (Day(2025, 12, 1), "91979.07")],
)
def test_a_due_instalment_comes_first_and_more_than_owed_is_refused(
    schedule: Schedule, on: Day, principal: str
) -> None:
    found = quote_prepayment(schedule, 3, on, Money.parse(principal))
    assert isinstance(found, Refusal)
    assert found.code == "prepayment_not_allowed"


def test_a_settled_loan_is_not_prepaid(schedule: Schedule) -> None:
    assert isinstance(quote_prepayment(schedule, 12, Day(2026, 8, 21)), Refusal)


@pytest.mark.parametrize(
    ("on", "principal", "fee", "field"),
    [
        (Day(2025, 12, 1), Money(0), None, "principal"),
        (Day(2025, 12, 1), Money(1, "USD"), None, "principal"),
        (Day(2025, 12, 1), Money(1), Rate.percent(101), "fee_rate"),
        (Day(2025, 11, 19), Money(1), None, "end"),
    ],
)
def test_a_bad_prepayment_names_its_field(
    schedule: Schedule, on: Day, principal: Money, fee: Rate | None, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        quote_prepayment(schedule, 3, on, principal, fee_rate=fee)
    assert refused.value.field == field
