"""What holds of every schedule: principal, charges and parts add up, and terms are enough."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tael.kernel import Calendar, Day, Money, Rate, Refusal, Roll, Rounding, total
from tael.pricing import (
    Component,
    DayCount,
    Due,
    Effect,
    LastRow,
    Method,
    Terms,
    all_in_cost,
    allocate,
    build_schedule,
    cost_disclosure,
    irr,
    quote_prepayment,
)

DAYS = st.dates(min_value=Day(2020, 1, 1), max_value=Day(2035, 12, 31)).map(Day.of)
RATES = st.integers(0, 3600).map(lambda hundredths: Rate(Decimal(hundredths) / 10_000))
WEEKENDS_OFF = Calendar("weekends")
CHARGES = ("bank_interest", "guarantee_fee", "insurance")


@st.composite
def components(draw: st.DrawFn) -> tuple[Component, ...]:
    """Up to three charges of the borrower and perhaps one of the guarantor."""
    mine = tuple(
        Component(name, draw(RATES), "borrower", draw(st.sampled_from(["bank", "guarantor"])))
        for name in CHARGES[: draw(st.integers(0, 3))]
    )
    servicing = Component("servicing_fee", draw(RATES), "guarantor", "platform")
    return (*mine, servicing) if draw(st.booleans()) else mine


@st.composite
def terms(draw: st.DrawFn) -> Terms:
    """Any contract the engine offers, from one fen to ten billion yuan."""
    method, months = draw(st.sampled_from(Method)), draw(st.integers(1, 60))
    equal = method in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL)
    start = draw(DAYS)
    return Terms(
        Money(draw(st.integers(1, 10**12))),
        method,
        months,
        start,
        draw(components()),
        draw(st.sampled_from(Rounding)),
        draw(st.sampled_from(DayCount)),
        first_due=draw(st.none() | st.integers(1, 70).map(start.plus_days)),
        principal_grace=draw(st.integers(0, months - 1)) if equal else 0,
        instalment_multiple=draw(st.sampled_from([None, Money(100), Money(1000)])),
        last_row=draw(st.sampled_from(LastRow)),
    )


@given(terms())
def test_every_schedule_repays_exactly_the_loan_and_never_a_negative_part(of: Terms) -> None:
    schedule = build_schedule(of)
    rows = schedule.instalments
    assert total(row.principal for row in rows) == of.principal
    assert not schedule.outstanding_after(len(rows))
    assert all(row.principal.minor >= 0 and row.charge.minor >= 0 for row in rows)
    assert [row.due for row in rows] == sorted({row.due for row in rows})


@given(terms())
def test_the_parts_of_each_charge_follow_the_rates_within_a_fen(of: Terms) -> None:
    whole = of.all_in_rate.fraction
    for row in build_schedule(of).instalments:
        assert total(row.charges.values()) == row.charge
        for part in of.borrower_components:
            exact = row.charge.minor * (part.rate.fraction / whole if whole else Decimal(0))
            assert abs(row.charges[part.name].minor - exact) < 1


@given(terms())
def test_the_same_terms_make_the_same_schedule(of: Terms) -> None:
    assert build_schedule(of) == build_schedule(replace(of))


@given(terms())
def test_accrual_grows_day_by_day_and_meets_the_instalment(of: Terms) -> None:
    schedule = build_schedule(of)
    row = schedule.instalments[0]
    days = [of.start.plus_days(i) for i in range(of.start.days_until(row.due) + 1)]
    sums = [total(schedule.accrued(0, day).values()).minor for day in days]
    assert sums[0] == 0
    assert sums == sorted(sums) or len(of.components) > 1
    if of.method is not Method.FLAT or len(schedule.instalments) > 1:
        assert schedule.accrued(0, row.due) == {**row.charges, **row.other_charges}


@given(terms(), st.sampled_from([Roll.FOLLOWING, Roll.MODIFIED_FOLLOWING, Roll.PRECEDING]))
def test_rolled_due_days_are_business_days(of: Terms, roll: Roll) -> None:
    first = (of.first_due or of.start.plus_months(1)).plus_days(5)
    rolled = replace(of, roll=roll, calendar=WEEKENDS_OFF, first_due=first)
    days = [row.due for row in build_schedule(rolled).instalments]
    assert all(WEEKENDS_OFF.is_business_day(day) for day in days)


@given(terms())
@settings(deadline=None)
def test_the_irr_discounts_the_instalments_back_to_the_principal(of: Terms) -> None:
    plain = replace(of, first_due=None, day_count=DayCount.THIRTY_360)
    schedule = build_schedule(plain)
    monthly = all_in_cost(schedule).monthly.fraction
    worth = sum(row.total.decimal() / (1 + monthly) ** row.number for row in schedule.instalments)
    assert abs(worth - plain.principal.decimal()) <= plain.principal.decimal() * Decimal("1E-8")


@given(terms())
@settings(deadline=None)
def test_a_disclosure_adds_up_and_hashes_alike(of: Terms) -> None:
    schedule = build_schedule(of)
    first = cost_disclosure(schedule, "bank", {"guarantor": "guarantor"})
    again = cost_disclosure(build_schedule(of), "bank", {"guarantor": "guarantor"})
    assert first.hash == again.hash
    assert total(i.amount for i in first.items if i.amount is not None) == first.cost.charges


@given(terms(), st.data())
@settings(deadline=None)
def test_a_prepayment_loses_no_principal(of: Terms, data: st.DataObject) -> None:
    schedule = build_schedule(of)
    paid = data.draw(st.integers(0, len(schedule.instalments) - 1))
    outstanding = schedule.outstanding_after(paid)
    assume(outstanding.minor > 0)  # a cent or two may be repaid before the last instalment
    start, due = schedule.period_start(paid + 1), schedule.instalment(paid + 1).due
    on = start.plus_days(data.draw(st.integers(0, start.days_until(due) - 1)))
    amount = Money(data.draw(st.integers(1, outstanding.minor)))
    quote = quote_prepayment(schedule, paid, on, amount)
    assert not isinstance(quote, Refusal)
    assert quote.total == amount + total(quote.charges.values())
    if quote.left:
        follower = quote.next_version(data.draw(st.sampled_from(Effect)))
        kept = total(row.principal for row in schedule.instalments if row.number <= paid)
        moved = total(row.principal for row in follower.instalments)
        assert kept + amount + moved == of.principal
        assert follower.version == schedule.version + 1


DEBTS = st.lists(
    st.builds(
        Due,
        st.integers(1, 5),
        st.sampled_from(["penalty", "bank_interest", "guarantee_fee", "principal"]),
        st.integers(0, 10**7).map(Money),
    ),
    max_size=20,
)


@given(st.integers(0, 10**8).map(Money), DEBTS, st.booleans())
def test_an_allocation_conserves_money_and_leaves_none_while_debts_last(
    amount: Money,
    debts: list[Due],
    component_first: bool,  # noqa: FBT001 - drawn by hypothesis
) -> None:
    found = allocate(amount, debts, component_first=component_first)
    assert total(due.amount for due in found.applied) + found.left == amount
    owed = total(due.amount for due in debts)
    assert found.left == max(Money(0), amount - owed)


@given(st.lists(st.integers(-10_000, 10_000), min_size=2, max_size=30))
@settings(deadline=None)
def test_a_rate_of_return_balances_its_flows_or_is_refused(flows: list[int]) -> None:
    found = irr([Decimal(flow) for flow in flows])
    if isinstance(found, Refusal):
        assert found.code == "no_irr"
        return
    scale = sum(abs(flow) / abs(1 + found) ** time for time, flow in enumerate(flows))
    worth = sum(Decimal(flow) / (1 + found) ** time for time, flow in enumerate(flows))
    assert abs(worth) <= scale * Decimal("1E-15")
