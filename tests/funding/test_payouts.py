from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tael.funding import CreditRequest, DisbursementOrder, Funding
from tael.funding.model import (
    PAYOUT_MOVES,
    CreditAnswer,
    PayoutAnswer,
    PayoutState,
    Reservation,
    ReservationState,
)
from tael.kernel import ApplicationId, BadInput, Conflict, Money, NotFound

AMOUNT = Money.parse("120000")
PAID = PayoutAnswer(state=PayoutState.DISBURSED, amount=AMOUNT, reference="PAY-1")
FAILED = PayoutAnswer(state=PayoutState.FAILED, amount=Money.zero(), reason="account_closed")
SILENT = PayoutAnswer(state=PayoutState.UNKNOWN, amount=Money.zero(), reason="bank_silent")


def order(funding: Funding, world: Any, day: Any, **changes: Any) -> DisbursementOrder:
    known = funding.guarantee.of_loan(world.loan("l1"))
    reservation = known or funding.guarantee.reserve(world.reserve("l1"), world.limits())
    assert isinstance(reservation, Reservation)
    terms: dict[str, Any] = {
        "key": "pay-l1",
        "loan": world.loan("l1"),
        "agreement": world.agreement_id("a"),
        "reservation": reservation.id,
        "credit_reference": "CR-1",
        "amount": AMOUNT,
        "day": day,
    }
    return DisbursementOrder(**(terms | changes))


def test_money_that_moved_confirms_the_guarantee(units: Any, world: Any, today: Any) -> None:
    with units() as funding:
        noted = funding.disbursements.order(order(funding, world, today))
        assert noted.state is PayoutState.REQUESTED
        assert [x.order.key for x in funding.disbursements.unsettled()] == ["pay-l1"]
    with units() as funding:
        assert funding.disbursements.begin("pay-l1").state is PayoutState.DISBURSING
        assert funding.disbursements.begin("pay-l1").state is PayoutState.DISBURSING
    with units() as funding:
        done = funding.disbursements.settle("pay-l1", PAID)
        assert (done.paid, done.failed, done.reference) == (True, False, "PAY-1")
        guaranteed = funding.guarantee.of_loan(world.loan("l1"))
        assert guaranteed is not None
        assert guaranteed.state is ReservationState.CONFIRMED
        assert not funding.disbursements.unsettled()


def test_money_that_did_not_move_gives_the_room_back(units: Any, world: Any, today: Any) -> None:
    with units() as funding:
        funding.disbursements.order(order(funding, world, today))
        funding.disbursements.begin("pay-l1")
        done = funding.disbursements.settle("pay-l1", FAILED)
        assert (done.failed, done.reason) == (True, "account_closed")
        assert funding.guarantee.of_loan(world.loan("l1")) is None
        funding.guarantee.verify()


def test_silence_keeps_the_room_until_the_bank_speaks(units: Any, world: Any, today: Any) -> None:
    with units() as funding:
        funding.disbursements.order(order(funding, world, today))
        funding.disbursements.begin("pay-l1")
        assert funding.disbursements.settle("pay-l1", SILENT).state is PayoutState.UNKNOWN
        held = funding.guarantee.of_loan(world.loan("l1"))
        assert held is not None
        assert held.state is ReservationState.HELD
    with units() as funding:
        assert funding.disbursements.settle("pay-l1", PAID).paid


def test_an_answer_that_comes_twice_or_late_changes_nothing(
    units: Any, world: Any, today: Any
) -> None:
    with units() as funding:
        funding.disbursements.order(order(funding, world, today))
        funding.disbursements.begin("pay-l1")
        first = funding.disbursements.settle("pay-l1", PAID)
    for answer in (PAID, SILENT):
        with units() as funding:
            assert funding.disbursements.settle("pay-l1", answer) == first


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (FAILED, PAID),
        (PAID, FAILED),
        (PAID, replace(PAID, reference="PAY-2")),
        (None, replace(PAID, amount=Money.parse("119999.99"))),
    ],
)
def test_a_bank_that_contradicts_itself_or_our_books_stops_the_work(
    world: Any, clock: Any, today: Any, first: PayoutAnswer | None, then: PayoutAnswer
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    funding.disbursements.order(order(funding, world, today))
    funding.disbursements.begin("pay-l1")
    if first:
        funding.disbursements.settle("pay-l1", first)
    before = funding.disbursements.find("pay-l1")
    with pytest.raises(Conflict):
        funding.disbursements.settle("pay-l1", then)
    assert funding.disbursements.find("pay-l1") == before


def test_nothing_is_paid_without_a_reservation_that_is_held(
    world: Any, clock: Any, today: Any
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    good = order(funding, world, today)
    with pytest.raises(BadInput):
        funding.disbursements.order(replace(good, amount=Money.parse("120001")))
    with pytest.raises(BadInput):
        funding.disbursements.order(replace(good, agreement=world.agreement_id("b")))
    funding.guarantee.release(good.reservation, "expired")
    with pytest.raises(Conflict):
        funding.disbursements.order(good)


def test_a_retried_order_is_the_first_and_a_reused_key_is_refused(
    units: Any, world: Any, today: Any
) -> None:
    with units() as funding:
        first = funding.disbursements.order(order(funding, world, today))
    with units() as funding:
        again = order(funding, world, today)
        assert funding.disbursements.order(again) == first
        with pytest.raises(Conflict):
            funding.disbursements.order(replace(again, credit_reference="CR-2"))


def test_an_order_nobody_gave_is_not_found(units: Any) -> None:
    with units() as funding:
        for method in (
            funding.disbursements.begin,
            funding.disbursements.find,
            lambda key: funding.disbursements.settle(key, PAID),
        ):
            with pytest.raises(NotFound):
                method("nobody")


def test_every_state_of_a_payout_has_its_moves_and_final_ones_have_none() -> None:
    assert set(PAYOUT_MOVES) == set(PayoutState)
    final = {state for state, moves in PAYOUT_MOVES.items() if not moves}
    assert final == {PayoutState.DISBURSED, PayoutState.FAILED}


def test_a_banks_own_decision_is_noted_once_and_told_to_the_others(
    units: Any, world: Any, clock: Any
) -> None:
    request = CreditRequest(
        application=ApplicationId.derive(clock.now(), "a1"),
        agreement=world.agreement_id("a"),
        partner=world.partner_id("a"),
        amount=AMOUNT,
        months=12,
    )
    answer = CreditAnswer(
        approved=True, reason="", reference="CR-1", amount=AMOUNT, lender="First City Bank"
    )
    for _ in range(2):
        with units() as funding:
            funding.record_credit_answer(request, answer)
    with units() as funding:
        assert funding.credit_answer(request) == answer
        with pytest.raises(Conflict):
            funding.record_credit_answer(request, replace(answer, approved=False))
