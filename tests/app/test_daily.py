"""The end of a day: what it does once, and what it does the second time, which is nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tael.app.daily import DayReport
from tael.app.handlers import handlers
from tael.app.store import last_closed
from tael.economy import Pays, behaviour
from tael.kernel import Day, Money
from tael.platform import SYSTEM, Outbox
from tael.servicing import LoanStatus


def test_a_day_that_is_closed_twice_changes_nothing(lender: Any) -> None:
    lender.lend(3)
    lender.until(Day(2026, 2, 28))
    books = lender.books()
    assert lender.close() == DayReport(posted=0, compensated=0, written_off=0, month_rows=0)
    assert lender.books() == books
    assert lender.broken() == []
    with lender.house.database.begin(SYSTEM) as work:
        assert last_closed(work) == Day(2026, 2, 28)


def test_what_is_repaid_frees_the_guarantee_and_reaches_the_bank(lender: Any) -> None:
    (loan_id,) = lender.lend()
    lender.clock.move_to_day(Day(2026, 2, 5))
    with lender.house.database.begin(SYSTEM) as work:
        rooms = lender.house.rooms(work)
        before = rooms.funding.guarantee.of_loan(loan_id).outstanding
        rooms.servicing.receive_repayment(loan_id, Money.parse("9000"), lender.today, key="cash")
    lender.close()
    after = lender.state(loan_id).outstanding
    assert after < before
    with lender.house.database.begin(SYSTEM) as work:
        assert lender.house.rooms(work).funding.guarantee.of_loan(loan_id).outstanding == after
    assert lender.lending.banks[lender.bank].balances(lender.today)[loan_id] == after
    delivered = Outbox(lender.house.database).deliver(handlers(lender.house, lender.lending.banks))
    assert (delivered.handled, delivered.failures) == (0, 0)


def test_who_never_pays_is_compensated_recovered_from_and_written_off(lender: Any) -> None:
    (loan_id,) = lender.lend()
    lender.lives.diary.clear()
    reports = lender.until(Day(2026, 4, 27))
    assert sum(report.compensated for report in reports) == 1
    assert lender.state(loan_id).status is LoanStatus.SUBROGATED
    assert lender.broken() == []
    assert lender.lending.banks[lender.bank].balances(lender.today).get(loan_id, Money(0)) == Money(
        0
    )
    reports = lender.until(Day(2026, 8, 31))
    assert sum(report.written_off for report in reports) == 1
    assert lender.state(loan_id).status is LoanStatus.WRITTEN_OFF
    assert lender.broken() == []


def test_a_day_that_is_played_again_takes_nobodys_money_twice(
    make_lender: Callable[..., Any],
) -> None:
    lender = make_lender(people=24)
    _lend_to_part_payers(lender)
    while lender.today < Day(2026, 4, 30):
        day = lender.today.plus_days(1)
        lender.clock.move_to_day(day)
        visits = list(lender.lives.diary.get(day, ()))
        if not visits:
            continue
        lender.lives.play(day)
        books = lender.books()
        lender.lives.diary[day] = visits  # as after a restart: the diary is written anew
        lender.lives.play(day)
        assert lender.books() == books
    lender.close()
    assert lender.broken() == []


def _lend_to_part_payers(lender: Any) -> None:
    """Who pays the whole instalment owes nothing the second time: only a part can go wrong."""
    lender.people = [
        person
        for person in lender.people
        if any(behaviour(person, month).pays is Pays.PARTLY for month in (1, 2, 3))
    ]
    for number in range(len(lender.people)):
        journey = lender.apply(number)
        assert journey.go()
        lender.lives.begin(journey.loan_id, lender.people[number])
    assert lender.loans()
