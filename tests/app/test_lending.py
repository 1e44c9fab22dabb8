"""From a signed contract to money: limits, silent banks, and banks that say no."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tael.kernel import Conflict, Refusal
from tael.origination import model
from tael.platform import SYSTEM
from tael.sandbox import BankPolicy
from tael.servicing import LoanState, LoanStatus

_NO = BankPolicy(name="Another Bank", private_decline_percent=100)
_LIMITS = [
    ("guarantor.net_assets", {"minor": 1_000_000, "currency": "CNY"}, "leverage_exceeded"),
    ("guarantee.leverage_max", "0.0001", "leverage_exceeded"),
    ("guarantee.single_share_max", "0.0001", "party_exposure_exceeded"),
    ("guarantee.group_share_max", "0.0001", "group_exposure_exceeded"),
]


def _signed(lender: Any) -> Any:
    """An applicant whose contract is signed and not paid out, for the bank stays silent."""
    for number in range(len(lender.people)):
        lender.order_fault("error", path="/v1/disbursements")
        journey = lender.apply(number)
        if not journey.go():
            return journey
    raise AssertionError("nobody came to a contract")


@pytest.mark.parametrize(("name", "value", "code"), _LIMITS)
def test_a_limit_stops_the_money_before_it_moves(
    make_lender: Callable[..., Any], name: str, value: object, code: str
) -> None:
    lender = make_lender()
    lender.set_parameter(name, value)
    for number in range(len(lender.people)):
        journey = lender.apply(number)
        assert journey.go()
        with lender.house.database.begin(SYSTEM) as work:
            application = lender.house.applications.get(work, journey.application_id)
        if application.state is model.ApplicationState.CONTRACTED:
            answer = lender.lending.disburse(journey.application_id, loan_id=journey.loan_id)
            assert isinstance(answer, Refusal)
            assert answer.code == code
            break
    else:
        raise AssertionError("nobody came to a contract")
    assert lender.loans() == []
    assert lender.lending.banks[lender.bank].balances(lender.today) == {}


def test_a_payout_the_bank_is_silent_about_is_booked_nowhere(lender: Any) -> None:
    journey = _signed(lender)
    lender.order_fault("error", path="/v1/disbursements")
    with pytest.raises(Conflict, match="not said"):
        lender.lending.disburse(journey.application_id, loan_id=journey.loan_id)
    assert lender.state(journey.loan_id).status is LoanStatus.PENDING
    assert lender.broken() == []


def test_a_payout_whose_answer_was_lost_is_found_and_booked_once(lender: Any) -> None:
    journey = _signed(lender)
    lender.order_fault("none", path="/v1/disbursements")
    disburse = lender.lending.disburse
    booked = disburse(journey.application_id, loan_id=journey.loan_id)
    assert isinstance(booked, LoanState)
    books = lender.books()
    assert disburse(journey.application_id, loan_id=journey.loan_id) == booked
    assert lender.books() == books
    assert lender.broken() == []


def test_the_next_bank_is_asked_when_one_declines(make_lender: Callable[..., Any]) -> None:
    lender = make_lender(another=_NO)
    (loan_id,) = lender.lend()
    declining, lending = lender.urls
    state = lender.state(loan_id)
    assert state.contract.dimensions.partner == lending
    assert lender.lending.banks[declining].balances(lender.today) == {}
    assert lender.broken() == []
