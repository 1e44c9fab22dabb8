"""A repayment that bounces: bank and guarantee hear of it, even when it had settled the loan."""

from __future__ import annotations

from typing import Any

import pytest

from tael.kernel import Day, LoanId, Money
from tael.platform import SYSTEM, Outbox
from tael.servicing import LoanState, LoanStatus


def _on(lender: Any, day: Day, act: Any) -> LoanState:
    """What ``act`` does at the loan's door on ``day``, and the end of that day."""
    lender.clock.move_to_day(day)
    with lender.house.database.begin(SYSTEM) as work:
        state = act(lender.house.rooms(work).servicing)
    assert isinstance(state, LoanState), state
    lender.close()
    return state


def _pay_off(lender: Any, loan_id: LoanId, day: Day, key: str) -> LoanState:
    def act(servicing: Any) -> Any:
        return servicing.pay_off(loan_id, servicing.quote_payoff(loan_id, day), day, key=key)

    return _on(lender, day, act)


def _bounce(lender: Any, loan_id: LoanId, day: Day, reverses: str) -> LoanState:
    def act(servicing: Any) -> Any:
        return servicing.reverse_repayment(loan_id, day, key=f"bounced-{day}", reverses=reverses)

    return _on(lender, day, act)


def _guaranteed(lender: Any, loan_id: LoanId) -> Money:
    reservation = lender.read(lambda rooms: rooms.funding.guarantee.of_loan(loan_id))
    return reservation.outstanding if reservation is not None else Money(0)


def _at_bank(lender: Any, loan_id: LoanId) -> Money:
    balances = lender.lending.banks[lender.bank].balances(lender.today)
    return balances.get(loan_id, Money(0))


def _failures(lender: Any) -> list[Any]:
    with lender.house.database.begin(SYSTEM) as work:
        return Outbox(lender.house.database).failures(work)


@pytest.mark.parametrize("fault", ["", "none", "twice"])
def test_bank_and_guarantee_follow_a_repayment_that_bounced(lender: Any, fault: str) -> None:
    (loan_id,) = lender.lend()
    before = lender.state(loan_id).outstanding
    paid = Money.parse("9000")
    _on(
        lender,
        Day(2026, 2, 5),
        lambda servicing: servicing.receive_repayment(loan_id, paid, lender.today, key="cash"),
    )
    assert _at_bank(lender, loan_id) == lender.state(loan_id).outstanding < before
    if fault:
        lender.order_fault(fault, path="/v1/reversals")
    state = _bounce(lender, loan_id, Day(2026, 2, 6), "cash")
    if fault == "none":  # its answer was lost: the next day asks again, under the same key
        assert [failed.handler for failed in _failures(lender)] == ["tell_bank"]
        lender.clock.move_to_day(Day(2026, 2, 7))
        lender.close()
    assert _failures(lender) == []
    assert state.outstanding == before == _at_bank(lender, loan_id) == _guaranteed(lender, loan_id)
    assert lender.broken() == []


def test_bank_and_guarantee_follow_a_prepayment_and_its_bouncing(lender: Any) -> None:
    (loan_id,) = lender.lend()
    before = lender.state(loan_id).outstanding
    day, amount = Day(2026, 1, 20), Money.parse("9000")
    state = _on(
        lender, day, lambda servicing: servicing.prepay(loan_id, amount, day, key="prepaid")
    )
    assert state.outstanding == _at_bank(lender, loan_id) == _guaranteed(lender, loan_id) < before
    assert lender.broken() == []

    state = _bounce(lender, loan_id, Day(2026, 1, 23), "prepaid")
    assert state.outstanding == _at_bank(lender, loan_id) == _guaranteed(lender, loan_id) == before
    assert (_failures(lender), lender.broken()) == ([], [])


def test_a_loan_whose_last_payment_bounced_is_guaranteed_and_owed_again(lender: Any) -> None:
    (loan_id,) = lender.lend()
    before = lender.state(loan_id).outstanding
    assert _pay_off(lender, loan_id, Day(2026, 1, 20), "last").status is LoanStatus.SETTLED
    assert _guaranteed(lender, loan_id) == _at_bank(lender, loan_id) == Money(0)

    state = _bounce(lender, loan_id, Day(2026, 1, 23), "last")
    assert (state.status, state.outstanding) == (LoanStatus.ACTIVE, before)
    assert _guaranteed(lender, loan_id) == _at_bank(lender, loan_id) == before
    assert lender.broken() == []
    assert lender.read(lambda rooms: list(rooms.funding.guarantee.exceptions())) == []

    assert _pay_off(lender, loan_id, Day(2026, 1, 26), "again").status is LoanStatus.SETTLED
    assert _failures(lender) == []
    assert _guaranteed(lender, loan_id) == _at_bank(lender, loan_id) == Money(0)
    assert lender.broken() == []


def test_a_guarantee_for_which_there_is_no_room_any_more_is_an_exception(lender: Any) -> None:
    (loan_id,) = lender.lend()
    _pay_off(lender, loan_id, Day(2026, 1, 20), "last")
    lender.set_parameter("guarantor.net_assets", {"minor": 100, "currency": "CNY"})
    state = _bounce(lender, loan_id, Day(2026, 1, 23), "last")

    assert _failures(lender) == []
    assert _guaranteed(lender, loan_id) == _at_bank(lender, loan_id) == state.outstanding
    (exception,) = lender.read(lambda rooms: list(rooms.funding.guarantee.exceptions()))
    assert (exception.request.loan, exception.exception) == (loan_id, "leverage_exceeded")
    (broken,) = lender.broken()
    assert broken.startswith("15: the guarantee liability")
