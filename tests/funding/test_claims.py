from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tael.funding import ClaimOrder, Funding
from tael.funding.model import CLAIM_MOVES, Claim, ClaimAnswer, ClaimState, Reservation
from tael.kernel import BadInput, Conflict, Day, Money, NotFound, Refusal

VERIFIED = ClaimAnswer(state=ClaimState.VERIFIED, amount=Money.parse("93786.70"))
DISPUTED = ClaimAnswer(state=ClaimState.DISPUTED, amount=Money.zero(), reason="principal_differs")
SILENT = ClaimAnswer(state=ClaimState.UNKNOWN, amount=Money.zero())


def order(world: Any, **changes: Any) -> ClaimOrder:
    """The claim of the worked loan: three instalments paid, 80 days past due."""
    terms: dict[str, Any] = {
        "key": "claim-l1",
        "loan": world.loan("l1"),
        "agreement": world.agreement_id("a"),
        "day": Day(2026, 7, 24),
        "days_past_due": 80,
        "principal": Money.parse("91979.06"),
        "interest": Money.parse("1686.28"),
        "penalty": Money.parse("121.36"),
    }
    return ClaimOrder(**(terms | changes))


def guaranteed(funding: Funding, world: Any) -> None:
    reservation = funding.guarantee.reserve(world.reserve("l1"), world.limits())
    assert isinstance(reservation, Reservation)
    funding.guarantee.confirm(reservation.id)
    funding.guarantee.reduce(world.loan("l1"), Money.parse("28020.94"), key="r1-r3")


def noted(funding: Funding, world: Any, **changes: Any) -> Claim:
    claim = funding.claims.order(order(world, **changes), world.limits())
    assert isinstance(claim, Claim), claim
    return claim


def test_a_claim_is_sent_verified_paid_and_confirmed_and_ends_the_guarantee(
    units: Any, world: Any
) -> None:
    with units() as funding:
        guaranteed(funding, world)
        assert noted(funding, world).order.amount == VERIFIED.amount
        assert [x.order.key for x in funding.claims.unsettled()] == ["claim-l1"]
    with units() as funding:
        assert funding.claims.begin("claim-l1").state is ClaimState.CLAIMED
        assert funding.claims.begin("claim-l1").state is ClaimState.CLAIMED
        assert funding.claims.settle("claim-l1", SILENT).state is ClaimState.UNKNOWN
        assert funding.claims.settle("claim-l1", VERIFIED).verified
    with units() as funding:
        assert funding.claims.settle("claim-l1", SILENT).verified
        assert funding.claims.pay("claim-l1", VERIFIED.amount).state is ClaimState.PAID
        assert funding.guarantee.of_loan(world.loan("l1")) is None
        funding.guarantee.verify()
    with units() as funding:
        assert funding.claims.pay("claim-l1", VERIFIED.amount).state is ClaimState.PAID
        assert funding.claims.settle("claim-l1", VERIFIED).state is ClaimState.PAID
        assert funding.claims.confirm("claim-l1").state is ClaimState.CONFIRMED
        assert funding.claims.confirm("claim-l1").state is ClaimState.CONFIRMED
        assert not funding.claims.unsettled()


@pytest.mark.parametrize(
    ("days", "event", "code"),
    [(79, "", "claim_too_early"), (80, "", ""), (10, "borrower_died", "")],
)
def test_the_guarantor_pays_from_its_day_on_or_on_a_named_event(
    world: Any, clock: Any, days: int, event: str, code: str
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    guaranteed(funding, world)
    claim = order(world, days_past_due=days, early_event=event)
    answer = funding.claims.order(claim, world.limits())

    assert (answer.code if isinstance(answer, Refusal) else "") == code


def test_only_a_guarantee_in_force_is_claimed_on(units: Any, world: Any) -> None:
    with units() as funding:
        answers = [funding.claims.order(order(world), world.limits())]
        funding.guarantee.reserve(world.reserve("l1", "91979.06"), world.limits())
        answers.append(funding.claims.order(order(world), world.limits()))
    assert [answer.code for answer in answers if isinstance(answer, Refusal)] == [
        "not_guaranteed",
        "not_guaranteed",
    ]


def test_a_loan_is_claimed_once_until_the_claim_is_cured_or_rejected(
    units: Any, world: Any
) -> None:
    with units() as funding:
        guaranteed(funding, world)
        noted(funding, world)
        second = funding.claims.order(order(world, key="second"), world.limits())
        assert isinstance(second, Refusal)
        assert second.code == "already_claimed"
        assert funding.claims.cure("claim-l1").state is ClaimState.CURED
    with units() as funding:
        noted(funding, world, key="second")
        funding.claims.begin("second")
        disputed = funding.claims.settle("second", DISPUTED)
        assert (disputed.disputed, disputed.reason) == (True, "principal_differs")
        assert funding.claims.reject("second", "our_error").state is ClaimState.REJECTED
    with units() as funding:
        noted(funding, world, key="third")


def test_a_retried_claim_is_the_first_and_a_reused_key_is_refused(units: Any, world: Any) -> None:
    with units() as funding:
        guaranteed(funding, world)
        first = noted(funding, world)
        assert noted(funding, world) == first
        with pytest.raises(Conflict):
            funding.claims.order(order(world, days_past_due=81), world.limits())


@pytest.mark.parametrize(
    "changes",
    [
        {"principal": Money.parse("91979.05")},
        {"interest": Money.parse("-0.01")},
        {"penalty": Money.parse("-0.01")},
    ],
)
def test_a_claim_is_over_the_guaranteed_principal_and_no_part_is_negative(
    world: Any, clock: Any, changes: dict[str, Any]
) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    guaranteed(funding, world)
    with pytest.raises(BadInput) as refused:
        funding.claims.order(order(world, **changes), world.limits())
    assert refused.value.field == "principal"


def test_what_is_paid_is_what_was_verified(world: Any, clock: Any) -> None:
    funding = world.furnish(Funding.in_memory(clock))
    guaranteed(funding, world)
    noted(funding, world)
    funding.claims.begin("claim-l1")
    with pytest.raises(Conflict):
        funding.claims.settle("claim-l1", replace(VERIFIED, amount=Money.parse("93786.69")))
    with pytest.raises(Conflict):
        funding.claims.pay("claim-l1", VERIFIED.amount)
    funding.claims.settle("claim-l1", VERIFIED)
    with pytest.raises(BadInput):
        funding.claims.pay("claim-l1", Money.parse("93786.69"))
    with pytest.raises(Conflict):
        funding.claims.cure("claim-l1")


def test_a_claim_nobody_made_is_not_found(units: Any) -> None:
    with units() as funding:
        for method in (funding.claims.begin, funding.claims.find, funding.claims.confirm):
            with pytest.raises(NotFound):
                method("nobody")


def test_every_state_of_a_claim_has_its_moves() -> None:
    assert set(CLAIM_MOVES) == set(ClaimState)
