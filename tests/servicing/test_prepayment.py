"""A part prepayment: which schedule follows, what is kept of the one before, and what is told."""

from __future__ import annotations

from typing import Any

import pytest

from tael.kernel import Day, Money, facts
from tael.servicing import LoanState, LoanStatus


def played(teller: Any, line: str) -> LoanState:
    state = teller.play(line)
    assert isinstance(state, LoanState), state
    return state


def _totals(state: LoanState) -> list[str]:
    return [str(line.total) for line in state.schedule.instalments]


def test_the_instalments_are_smaller_and_fall_due_as_before(teller: Any) -> None:
    state = played(teller, "disburse@2026-01-01 prepay@2026-02-01:50000")
    # 71,800 over 11 months at 1.5 % a month: 71,800 x 0.015 / (1 - 1.015 ^ -11) = 7,129.298...
    assert _totals(state) == ["7,129.30 CNY"] * 10 + ["7,129.28 CNY"]
    assert [line.due for line in state.schedule.instalments] == [
        Day(2026, 2, 1).plus_months(month) for month in range(1, 12)
    ]
    assert (state.version, state.schedule.version) == (2, 2)
    assert state.schedule.terms.principal == state.outstanding


def test_or_the_instalment_stays_and_the_loan_ends_earlier(teller: Any) -> None:
    state = played(teller, "disburse@2026-01-01 fewer@2026-02-01:50000")
    assert _totals(state) == ["11,001.60 CNY"] * 6 + ["10,123.81 CNY"]
    assert state.schedule.instalments[-1].due == Day(2026, 9, 1)


def test_every_version_of_the_schedule_is_kept(teller: Any) -> None:
    line = "disburse@2026-01-01 prepay@2026-02-16:50000 fewer@2026-03-09:20000"
    state = played(teller, line)
    assert [each.version for each in state.versions] == [2, 3]
    assert state.contract.schedule.version == 1
    assert [row.number for row in state.rows] == list(range(1, len(state.rows) + 1))
    assert teller.servicing.rebuilt(teller.contract.loan_id) == state


def test_a_prepayment_that_bounced_leaves_the_schedule_that_was_signed(teller: Any) -> None:
    state = played(teller, "disburse@2026-01-01 prepay@2026-02-16:50000 reverse@2026-02-16:w2")
    signed = teller.contract.schedule
    assert state.schedule == signed
    assert [row.principal for row in state.rows] == [line.principal for line in signed.instalments]
    assert state.unpaid_principal == state.outstanding == Money.parse("120000")


def test_money_that_comes_late_makes_a_prepayment_greater(teller: Any) -> None:
    line = "disburse@2026-01-01 close@2026-02-02 prepay@2026-02-16:50000 pay@2026-02-01:11001.60"
    state = played(teller, line)
    assert state.outstanding == Money.parse("61629.40")  # as if it had come in time
    assert state.schedule.version == 2


@pytest.mark.parametrize(
    ("line", "status", "version"),
    [
        ("pay@2026-02-01:100000 prepay@2026-02-16:5000 reverse@2026-02-16:w2", "active", 1),
        ("prepay@2026-02-16:50000 pay@2026-02-10:90000", "settled", 2),
    ],
)
def test_news_from_before_it_never_undoes_a_prepayment_that_was_accepted(
    teller: Any, line: str, status: str, version: int
) -> None:
    state = played(teller, f"disburse@2026-01-01 {line}")
    assert (state.status, state.version) == (LoanStatus(status), version)
    assert not state.versions
    assert teller.servicing.books.verify().sound


def test_what_bounced_before_a_pay_off_leaves_a_part_of_the_loan_to_pay(teller: Any) -> None:
    line = "disburse@2026-01-01 pay@2026-02-01:11001.60 payoff@2026-02-01:110798.40"
    assert played(teller, line).status is LoanStatus.SETTLED
    state = played(teller, "reverse@2026-02-03:w2")
    # The pay-off of 110,798.40 now pays the instalment of 11,001.60 first: 99,796.80 are prepaid.
    assert state.status is LoanStatus.ACTIVE
    assert state.outstanding == Money.parse("11001.60")
    assert state.schedule.version == 2
    assert teller.servicing.books.verify().sound


def test_a_prepayment_is_told_as_principal_that_was_repaid(teller: Any) -> None:
    state = played(teller, "disburse@2026-01-01 prepay@2026-02-01:50000")
    *_, told = teller.servicing.store.facts.values()
    assert isinstance(told, facts.RepaymentReceived)
    assert (told.amount, told.principal) == (Money.parse("50000"), Money.parse("48200"))
    assert told.balance == state.outstanding
