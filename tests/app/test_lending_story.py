"""A lender's first half-year, through the doors: every invariant holds at the end of each day."""

from __future__ import annotations

from typing import Any

from tael.kernel import Day, Money
from tael.platform import SYSTEM
from tael.servicing import LoanQuery, LoanState, LoanStatus


def _until(lender: Any, day: Day) -> None:
    """Day by day; nothing may be broken at the end of any of them."""
    while lender.today < day:
        lender.until(lender.today.plus_days(1))
        assert lender.broken() == [], lender.today


def test_from_the_first_application_to_a_tied_portfolio(lender: Any) -> None:
    good, bad, *_ = lender.lend(4)
    assert lender.broken() == []
    lender.close()
    for visits in lender.lives.diary.values():
        visits[:] = [visit for visit in visits if visit.loan_id != bad]
    _until(lender, Day(2026, 2, 28))
    assert lender.state(good).outstanding < lender.state(good).contract.schedule.terms.principal
    lender.until(Day(2026, 4, 20))
    _until(lender, Day(2026, 4, 30))
    assert lender.state(bad).status is LoanStatus.SUBROGATED
    _until(lender, Day(2026, 5, 1))  # what is recovered now belongs to the next month's rows
    with lender.house.database.begin(SYSTEM) as work:
        servicing = lender.house.rooms(work).servicing
        back = servicing.recover(bad, Money.parse("3000"), lender.today, key="recovery")
        assert isinstance(back, LoanState)
    lender.close()
    assert lender.broken() == []
    with lender.house.database.begin(SYSTEM) as work:
        dashboard = lender.house.rooms(work).portfolio.dashboard(lender.today)
    assert dashboard.as_of == Day(2026, 4, 30)
    assert all(tie.ties for tie in dashboard.tie_outs)
    values = {figure.definition.id: figure.value for figure in dashboard.figures}
    assert values["compensated"]
    assert values["active_loans"] == len(lender.loans())


def test_the_way_of_an_application_leaves_its_states_behind(lender: Any) -> None:
    lender.lend()
    (loan_id,) = lender.loans()
    with lender.house.database.begin(SYSTEM) as work:
        (header, _), *_ = lender.house.rooms(work).servicing.store.find(LoanQuery(limit=10))
        house, application_id = lender.house, header.application_id
        codes = [event.code for event in house.applications.timeline(work, application_id)]
        contract = house.offers.contract_of(work, application_id)
        decision = house.policies.decision(work, contract.terms.decision_id)
        pulls = house.applications.pulls(work, application_id)
    assert len(codes) >= 8
    assert contract.all_in <= contract.cap
    assert dict(contract.terms.versions) == dict(decision.versions)
    assert contract.terms.amount <= decision.limit
    assert len(pulls) == 1
    assert lender.state(loan_id).contract.schedule.terms.principal == contract.terms.amount
