"""What became of loans reaches the experiments: once, late ones and corrections too."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tael.kernel import ApplicationId, BadInput, Day, Money
from tael.platform import SYSTEM, Database
from tael.policies.experiments import (
    OutcomeReport,
    SqlOutcomes,
    Window,
    assigned_table,
    outcome_table,
    track,
)

AT = Day(2026, 1, 5)


def report(number: int, month: int, known_on: date, **changes: Any) -> OutcomeReport:
    told = {"past_due": 0, "first_payment_default": False, "ended": "", "bad": False,
            "loss_minor": 0, "profit_minor": 100}  # fmt: skip
    application = ApplicationId(f"app_{number:026d}")
    return OutcomeReport(application, date(2026, 1, 5), month, known_on, **{**told, **changes})


def test_a_report_is_kept_once_and_a_correction_stands_beside_it(database: Database) -> None:
    first = report(1, 1, date(2026, 2, 5))
    settled = report(1, 1, date(2026, 2, 6), ended="settled", profit_minor=130)
    bounced = report(1, 1, date(2026, 2, 9))
    later = report(1, 2, date(2026, 3, 5), past_due=30)
    other = report(2, 1, date(2026, 2, 5), bad=True, past_due=90)
    with database.begin(SYSTEM) as work:
        added = [SqlOutcomes(work).add(each) for each in (
            [first, other], [first, other], [settled], [settled, bounced], [later])]  # fmt: skip
    with database.begin(SYSTEM) as work:
        kept = SqlOutcomes(work)
        of_one = kept.of([first.application_id])
        latest = kept.latest([first.application_id, other.application_id])

    assert added == [2, 0, 1, 1, 1]
    assert list(of_one) == [first, settled, bounced, later]
    assert set(latest) == {later, other}
    table = outcome_table([*of_one, other])
    assert table.column("bad").to_pylist() == [False, False, False, False, True]


def test_a_report_before_its_loan_is_refused() -> None:
    with pytest.raises(BadInput, match="before its loan"):
        report(1, 0, date(2026, 1, 4))
    with pytest.raises(BadInput, match="no end"):
        report(1, 0, date(2026, 1, 6), ended="vanished")


@pytest.mark.slow
def test_the_end_of_each_day_tells_the_experiments_what_became_of_the_loans(lender: Any) -> None:
    paying, failing = lender.lend(2)
    house = lender.house
    with house.database.begin(SYSTEM) as work:
        servicing = house.rooms(work).servicing
        loans = {one: servicing.store.load(one).header.application_id for one in (paying, failing)}
    due = lender.state(paying).contract.schedule.instalments

    def kept(loan_id: Any) -> list[OutcomeReport]:
        with house.database.begin(SYSTEM) as work:
            return list(SqlOutcomes(work).of([loans[loan_id]]))

    def on(day: Day, act: Any) -> None:
        lender.clock.move_to_day(day)
        with house.database.begin(SYSTEM) as work:
            act(house.rooms(work).servicing)
        lender.close()

    lender.close()
    lender.close()
    assert [(one.month_on_book, one.past_due) for one in kept(paying)] == [(0, 0)]

    def pay(servicing: Any) -> None:
        first = Money.parse("30000")
        servicing.receive_repayment(paying, first, due[0].due, key="first")

    on(due[0].due, pay)
    after = kept(paying)
    on(due[0].due.plus_days(1), lambda rooms: rooms.reverse_repayment(
        paying, due[0].due.plus_days(1), key="bounced", reverses="first"))  # fmt: skip
    bounced = kept(paying)
    for days in (31, 95):
        lender.clock.move_to_day(due[0].due.plus_days(days))
        lender.close()
    failed = kept(failing)

    assert after[-1].profit_minor > 0
    assert (bounced[-1].profit_minor, bounced[-1].past_due) == (0, 1)
    assert bounced[-1].known_on > after[-1].known_on
    assert [one.first_payment_default for one in failed][-2:] == [True, True]
    assert (failed[-1].past_due, failed[-1].bad) == (90, True)
    assert len({(one.month_on_book, one.told) for one in failed}) == len(failed)
    with house.database.begin(SYSTEM) as work:
        entries = [
            house.policies.log_entry(work, one.id)
            for application in loans.values()
            for one in house.policies.decisions_of(work, application)
        ]
        reports = SqlOutcomes(work).of(list(loans.values()))
    booked = {one.application_id: one.booked_on for one in reports}
    found = track(assigned_table(entries, booked), outcome_table(reports),
                  Window(4, as_of=lender.today, settle_days=0))  # fmt: skip
    assert (found.arms[0].drawn, found.arms[0].bads) == (2, 2)
