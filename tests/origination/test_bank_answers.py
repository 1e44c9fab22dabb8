"""The banks asked in turn: declining, late, double, missing, and saying what nobody asked."""

from __future__ import annotations

from typing import Any

import pytest

from tael.kernel import BadInput, Conflict, Forbidden, Money, OutsideFailure, Refusal
from tael.origination import ports
from tael.origination.model import ApplicationState, ConsentState

S = ApplicationState


def test_a_bank_is_not_asked_before_the_borrower_consents_to_it(house: Any) -> None:
    application = house.at(S.ROUTED)
    with pytest.raises(Forbidden):
        house.do("ask_bank", application.id)
    assert house.outer.asked == []


def test_a_declining_bank_gives_way_to_the_next_and_its_consent_ends(either: Any) -> None:
    application = either.at(S.ROUTED)
    either.outer.answers = [ports.BankAnswer(either.bank_a, False, "r1", reason="sector")]
    assert either.consent_and_ask(application).state is S.BANK_DECLINED
    routed = either.do("route", application.id)
    assert (routed.partner_id, routed.banks_asked) == (
        either.bank_b,
        (either.bank_a, either.bank_b),
    )
    with either.begin() as work:
        ended = [
            c.state
            for c in either.parties.consents_of(work, application.borrower_id)
            if c.authorisation.recipient == either.bank_a
        ]
    assert ended == [ConsentState.SUPERSEDED]
    either.outer.answers = [ports.BankAnswer(either.bank_b, False)]
    assert either.consent_and_ask(application).state is S.BANK_DECLINED
    assert either.do("route", application.id) == Refusal("no_route")
    assert either.get(application.id).state is S.BANK_DECLINED


def test_late_double_and_missing_answers_of_a_bank_change_nothing(either: Any) -> None:
    application = either.at(S.ROUTED)
    either.outer.answers = [OutsideFailure("no answer"), ports.BankAnswer(either.bank_a, None)]
    with pytest.raises(OutsideFailure):
        either.consent_and_ask(application)
    assert either.do("ask_bank", application.id).state is S.ROUTED
    asked = {request.key for request in either.outer.asked}
    assert len(asked) == 1
    yes = ports.BankAnswer(either.bank_a, True, amount=Money.parse("80000"))
    first = either.do("bank_answered", application.id, answer=yes)
    assert first.state is S.BANK_APPROVED
    assert either.do("bank_answered", application.id, answer=yes) == first
    with pytest.raises(Conflict):
        either.do("bank_answered", application.id, answer=ports.BankAnswer(either.bank_a, False))
    with pytest.raises(Conflict, match="was not asked"):
        either.do("bank_answered", application.id, answer=ports.BankAnswer(either.bank_b, True))
    offers = either.make_offers(application.id)
    assert {offer.terms.amount for offer in offers} == {Money.parse("80000")}


@pytest.mark.parametrize(
    "amount", [Money.parse("150001"), Money.zero(), Money.parse("-1"), Money.parse("1", "USD")]
)
def test_a_bank_does_not_approve_what_was_not_asked(house: Any, amount: Money) -> None:
    application = house.at(S.ROUTED)
    with pytest.raises(BadInput) as refused:
        house.do(
            "bank_answered",
            application.id,
            answer=ports.BankAnswer(house.bank_a, True, amount=amount),
        )
    assert refused.value.field == "amount"
    assert house.get(application.id).state is S.ROUTED
