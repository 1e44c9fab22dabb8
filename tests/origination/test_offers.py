"""Offers: which are made, what they show, until when they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tael.kernel import BadInput, Conflict, Rate, Refusal
from tael.origination.model import ApplicationState, Offer, OfferState
from tael.pricing import Component

S = ApplicationState


def test_offers_name_the_lender_and_show_every_cost(house: Any) -> None:
    application = house.at(S.OFFERED)
    with house.begin() as work:
        offers = house.offers.of(work, application.id)
    assert len(offers) == 2
    for offer in offers:
        assert offer.lender.name == "甲银行"
        assert "甲银行" in offer.disclosure.zh
        assert "丙融资担保公司" in offer.disclosure.en
        assert offer.all_in <= Rate.percent("18.01")
        assert offer.expires == house.today.plus_days(14)
        assert offer.terms.schedule_terms(house.today).principal == offer.terms.amount


def test_an_option_above_the_cap_makes_no_offer(house: Any) -> None:
    house.outer.options = (house.option("as_asked", "12"), house.option("dear", "19"))
    application = house.at(S.BANK_APPROVED)
    assert [offer.code for offer in house.make_offers(application.id)] == ["as_asked"]


def test_without_any_option_under_the_cap_there_is_no_offer(house: Any) -> None:
    house.outer.options = (house.option("dear", "19"),)
    application = house.at(S.BANK_APPROVED)
    with house.begin() as work:
        refusal = house.offers.make(work, application.id)
    assert refusal == Refusal("no_offer", {"reason": "cap_exceeded"})
    assert house.get(application.id).state is S.BANK_APPROVED


def test_a_platform_fee_charged_to_the_borrower_makes_no_offer(house: Any) -> None:
    fee = Component("platform_fee", Rate.percent(1), payer="borrower", payee="platform")
    plain = house.option("as_asked")
    house.outer.options = (replace(plain, components=(*plain.components, fee)),)
    application = house.at(S.BANK_APPROVED)
    with house.begin() as work:
        refusal = house.offers.make(work, application.id)
    assert refusal == Refusal("no_offer", {"reason": "platform_fee_from_borrower"})


def test_an_offer_is_not_accepted_before_its_disclosure_is_confirmed(house: Any) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    with pytest.raises(Conflict):
        house.accept(offer)
    with pytest.raises(Conflict):
        house.sign(application, offer)
    with house.begin() as work, pytest.raises(BadInput) as refused:
        house.offers.confirm_disclosure(work, offer.id, document_hash=house.other_hash)
    assert refused.value.field == "document_hash"
    assert house.first_offer(application.id).state is OfferState.PROPOSED


def test_an_offer_ends_with_its_last_day(either: Any) -> None:
    application = either.at(S.OFFERED)
    offer = either.first_offer(application.id)
    either.clock.move_to_day(offer.expires)
    assert isinstance(either.confirm(offer), Offer)
    with either.begin() as work:
        assert either.offers.expire(work) == 0
    either.clock.move_to_day(offer.expires.plus_days(1))
    late = either.accept(offer)
    assert isinstance(late, Refusal)
    assert late.code == "offer_expired"
    with either.begin() as work:
        assert either.offers.expire(work) == 2
        assert {o.state for o in either.offers.of(work, application.id)} == {OfferState.EXPIRED}


def test_withdrawing_makes_the_offers_void(house: Any) -> None:
    application = house.at(S.OFFERED)
    assert house.do("withdraw", application.id, note="bank of my own").state is S.WITHDRAWN
    assert house.first_offer(application.id).state is OfferState.VOID
    again = house.draft(house.group(), key="again")
    assert again.id != application.id
