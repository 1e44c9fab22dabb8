"""Signing: by the borrower alone, what was shown alone, under the cap of the day, for good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, Money, PartyId, Refusal
from tael.origination.model import ApplicationState, Contract, ContractState, OfferState, Signature

S = ApplicationState


def test_confirming_accepting_and_signing_twice_changes_nothing(house: Any) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    assert house.confirm(offer) == house.confirm(offer)
    assert house.accept(offer) == house.accept(offer)
    assert house.sign(application, offer) == house.sign(application, offer)


def test_only_the_borrower_signs_and_only_what_was_shown(house: Any) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    with house.begin() as work:
        _, shown = house.offers.documents(work, offer.id)
    good = Signature(application.borrower_id, "electronic", shown)
    for change, field in (
        ({"party_id": PartyId.new(house.start)}, "signature.party_id"),
        ({"method": "wink"}, "signature.method"),
        ({"document_hash": house.other_hash}, "signature.document_hash"),
    ):
        with house.begin() as work, pytest.raises(BadInput) as refused:
            house.offers.sign(work, offer.id, replace(good, **change))
        assert refused.value.field == field
    assert house.get(application.id).state is S.OFFERED


def test_the_cap_in_force_at_signing_holds(house: Any) -> None:
    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    house.outer.figures["cap.all_in"] = "0.15"
    refusal = house.sign(application, offer)
    assert isinstance(refusal, Refusal)
    assert refusal.code == "cap_exceeded"
    assert house.get(application.id).state is S.OFFERED


def test_a_price_that_is_not_the_decisions_is_never_signed(house: Any) -> None:
    from tael.kernel import InvariantBroken

    application = house.at(S.OFFERED)
    offer = house.first_offer(application.id)
    house.confirm(offer)
    house.accept(offer)
    made = house.outer.decisions[offer.terms.decision_id]
    for other in (
        replace(made, tier=2),
        replace(made, versions={**house.versions, "dmn": "other"}),
        replace(made, options=(house.option("as_asked", "11"),)),
        replace(made, options=(replace(house.option("as_asked"), limit=Money.parse("1")),)),
    ):
        house.outer.decisions[made.id] = other
        with pytest.raises(InvariantBroken):
            house.sign(application, offer)
    assert house.get(application.id).state is S.OFFERED


def test_a_contract_whose_bank_fell_away_is_void_with_its_offer(either: Any) -> None:
    application = either.at(S.CONTRACTED)
    with either.begin() as work:
        contract = either.offers.contract_of(work, application.id)
        assert contract is not None
        void = either.offers.void_contract(work, contract.id, reason="bank_withdrew")
        assert void.state is ContractState.VOID
        assert either.offers.of(work, application.id)[0].state is OfferState.VOID
        with pytest.raises(Conflict):
            either.offers.void_contract(work, contract.id, reason="bank_withdrew")


@pytest.mark.parametrize("table", ["contract", "offer", "consent"])
def test_a_signed_row_never_changes_in_the_database(kept: Any, table: str) -> None:
    kept.at(S.CONTRACTED)
    column = {"contract": "loan", "offer": "disclosure_hash", "consent": "document_hash"}[table]
    for statement in (
        f"UPDATE origination.{table} SET {column} = 'x'",  # noqa: S608 - our own table names
        f"DELETE FROM origination.{table}",  # noqa: S608 - our own table names
    ):
        with pytest.raises(sa.exc.DBAPIError), kept.begin() as work:
            work.connection.execute(sa.text(statement))


@pytest.mark.parametrize("table", ["application_event", "data_pull", "command"])
def test_history_is_append_only_in_the_database(kept: Any, table: str) -> None:
    kept.at(S.SUBMITTED if table != "data_pull" else S.IN_REVIEW)
    with pytest.raises(sa.exc.DBAPIError), kept.begin() as work:
        work.connection.execute(sa.text(f"DELETE FROM origination.{table}"))  # noqa: S608


def test_two_signatures_at_once_are_one_contract(kept: Any) -> None:
    application = kept.at(S.OFFERED)
    offer = kept.first_offer(application.id)
    kept.confirm(offer)
    kept.accept(offer)
    with ThreadPoolExecutor(max_workers=2) as pool:
        signed = list(pool.map(lambda _: kept.sign(application, offer), range(2)))
    assert isinstance(signed[0], Contract)
    assert signed[0] == signed[1]
