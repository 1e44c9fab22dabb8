"""The whole story, from the request to the contract, in memory and on PostgreSQL."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import ApplicationId, ConsentId, GroupId, Money, NotFound, OfferId, PartyId
from tael.origination import BANK, event_text
from tael.origination.model import ApplicationState, ContractState, OfferState
from tael.platform import Database

S = ApplicationState


def test_the_story_runs_from_the_request_to_the_contract(either: Any) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        contract = either.offers.contract_of(work, application.id)
        assert contract is not None
        offers = either.offers.of(work, application.id)
        assert either.offers.contract(work, contract.id) == contract
        lines = either.applications.timeline(work, application.id)
    assert contract.state is ContractState.SIGNED
    assert contract.terms.amount == Money.parse("120000")
    assert contract.all_in <= contract.cap
    assert dict(contract.terms.versions) == either.versions
    assert (contract.terms.tier, application.tier) == (3, 3)
    assert contract.lender.name == "甲银行"
    assert [offer.state for offer in offers] == [OfferState.CONTRACTED, OfferState.REJECTED]
    # DOMAIN 5.4: 120,000 over 12 months at 6 % + 12 %.
    assert str(offers[0].instalment) == "11,001.60 CNY"
    assert lines[0].code == "application_drafted"
    assert lines[-1].code == "application_contracted"
    assert all(event_text(line.code) != line.code for line in lines)
    assert all(event_text(line.code, "en") != line.code for line in lines)
    assert {line.actor for line in lines} == {"zhao"}


def test_what_is_read_back_is_what_was_kept(kept: Any) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    with kept.begin() as work:
        store = kept.open_store(work)
        assert store.application(application.id) == application
        assert store.offer(offer.id) == offer
        pull = kept.applications.pulls(work, application.id)[0]
        group = kept.parties.group(work, application.group_id)
        assert kept.parties.consent(work, pull.consent_id).live(kept.today)
    assert pull.values == {"debt_ratio": Decimal("0.30"), "owner_age": Decimal(41)}
    assert len(group.members) == 4
    assert kept.outer.seen == [pull.values]


def test_facts_are_told_once_with_the_change(kept: Any, database: Database) -> None:
    kept.at(S.CONTRACTED)
    with database.begin(kept.staff) as work:
        told = work.connection.execute(sa.text("SELECT kind FROM platform.outbox")).scalars().all()
    assert sorted(told) == ["ApplicationSubmitted", "BankAnswered", "DecisionMade", "OfferAccepted"]


def test_what_fails_in_the_middle_leaves_nothing_behind(kept: Any) -> None:
    application = kept.at(S.ROUTED)
    partner = application.partner_id
    assert partner is not None
    kept.consent(application.borrower_id, BANK, partner)

    def cut_short() -> None:
        with kept.begin() as work:
            kept.applications.ask_bank(work, application.id)
            kept.offers.make(work, application.id)
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        cut_short()
    with kept.begin() as work:
        assert kept.applications.get(work, application.id) == application
        assert kept.offers.of(work, application.id) == []


def test_unknown_ids_are_not_found_by_their_field(either: Any) -> None:
    with either.begin() as work:
        for ask, field in (
            (
                lambda: either.applications.get(work, ApplicationId.new(either.start)),
                "application_id",
            ),
            (lambda: either.offers.get(work, OfferId.new(either.start)), "offer_id"),
            (lambda: either.parties.party(work, PartyId.new(either.start)), "party_id"),
            (lambda: either.parties.group(work, GroupId.new(either.start)), "group_id"),
            (lambda: either.parties.consent(work, ConsentId.new(either.start)), "consent_id"),
        ):
            with pytest.raises(NotFound) as refused:
                ask()
            assert refused.value.field == field
