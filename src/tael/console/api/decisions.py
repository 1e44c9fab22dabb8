"""Decisions with their reasons, the offers that came of them, and signing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, JsonValue

from tael.console.api import records
from tael.console.api.applications import found
from tael.console.api.idempotency import Commanding, granted
from tael.console.api.keys import Caller, Calling
from tael.console.api.schemas import Amount, DecimalText, Hash, Strict
from tael.console.visit import path_id
from tael.kernel import ApplicationId, NotFound, OfferId, PartyId
from tael.origination import model
from tael.platform import Work
from tael.policies.model import Decision

router = APIRouter()


class ReasonOut(BaseModel):
    """Why, in both languages."""

    code: str
    zh: str
    en: str


class DecisionOut(BaseModel):
    """A decision: outcome and reasons; tier, score, inputs and trace for who may see them."""

    id: str
    application_id: str
    outcome: Literal["approve", "decline", "refer"]
    day: str
    reasons: list[ReasonOut]
    tier: int | None = None
    pd: DecimalText | None = None
    score: int | None = None
    versions: dict[str, str] | None = None
    inputs: JsonValue = None
    trace: JsonValue = None


class Named(BaseModel):
    """A partner by id and name."""

    id: str
    name: str


class OfferOut(BaseModel):
    """An offer that names the lender; `terms.disclosure` is the cost disclosure to be confirmed."""

    id: str
    application_id: str
    state: model.OfferState
    amount: Amount
    months: int
    method: str
    all_in: DecimalText
    lender: Named
    day: str
    terms: dict[str, JsonValue]


class Items(BaseModel):
    """The offers on an application, oldest first."""

    items: list[OfferOut]


class Decisions(BaseModel):
    """The decisions on an application, oldest first."""

    items: list[DecisionOut]


class Documents(BaseModel):
    """The contracts of an offer as they would be signed; `hash` is what is signed."""

    documents: dict[str, str]
    hash: str


class ContractOut(BaseModel):
    """The three contracts, signed together."""

    id: str
    application_id: str
    state: model.ContractState
    signed_at: str
    terms: dict[str, JsonValue]
    disclosure: str
    hash: str


class Nothing(Strict):
    """No field is needed."""


class Confirmation(Strict):
    """The hash of the cost disclosure that the borrower has read."""

    document_hash: Hash


class SignatureIn(Strict):
    """Who signs, how, over which documents."""

    party_id: str
    method: Literal["electronic", "paper"]
    document_hash: Hash


@router.get(
    "/applications/{application_id}/decisions",
    tags=["decisions"],
    response_model_exclude_unset=True,
)
def decisions(caller: Calling, application_id: str) -> Decisions:
    """What the policy decided on an application, and why."""
    caller.require("read", "decision")
    policies = caller.house.policies
    with caller.begin() as work:
        one = found(caller, work, application_id)
        row = records.row_of(one)
        caller.require("read", "decision", row)
        seen = policies.decisions_of(work, one.id)
        shown = [decision_out(caller, work, decision, row) for decision in seen]
    return Decisions(items=shown)


@router.get("/applications/{application_id}/offers", tags=["offers"])
def offers(caller: Calling, application_id: str) -> Items:
    """The offers on an application that the caller may see."""
    caller.require("read", "offer")
    key = path_id(ApplicationId, application_id)
    with caller.begin() as work:
        seen = caller.house.offers.of(work, key)
        if not seen and not caller.house.applications.exists(work, key):
            raise NotFound(f"there is no {key}", field="application_id")
    return Items(items=[offer_out(caller, one) for one in seen])


@router.get("/offers/{offer_id}", tags=["offers"])
def offer(caller: Calling, offer_id: str) -> OfferOut:
    """One offer."""
    caller.require("read", "offer")
    with caller.begin() as work:
        return offer_out(caller, caller.house.offers.get(work, path_id(OfferId, offer_id)))


@router.get("/offers/{offer_id}/documents", tags=["offers"])
def documents(caller: Calling, offer_id: str) -> Documents:
    """The contracts as they would be signed."""
    caller.require("read", "offer")
    with caller.begin() as work:
        texts, content = caller.house.offers.documents(work, path_id(OfferId, offer_id))
    return Documents(documents=texts, hash=content)


@router.post("/offers/{offer_id}/disclosure", tags=["offers"], response_model=OfferOut)
def confirm(command: Commanding, offer_id: str, body: Confirmation) -> Response:
    """The borrower has read this very cost disclosure."""
    caller = command.caller

    def act(work: Work) -> OfferOut:
        key = _mine(caller, work, offer_id, "confirm", "offer")
        done = caller.house.offers.confirm_disclosure(work, key, document_hash=body.document_hash)
        granted(done)
        return offer_out(caller, caller.house.offers.get(work, key))

    return command.run(body, act)


@router.post("/offers/{offer_id}/acceptance", tags=["offers"], response_model=OfferOut)
def accept(command: Commanding, offer_id: str, body: Nothing) -> Response:
    """Take an offer whose disclosure was confirmed; the others fall away."""
    caller = command.caller

    def act(work: Work) -> OfferOut:
        key = _mine(caller, work, offer_id, "accept", "offer")
        granted(caller.house.offers.accept(work, key))
        return offer_out(caller, caller.house.offers.get(work, key))

    return command.run(body, act)


@router.post("/offers/{offer_id}/signature", tags=["offers"], response_model=ContractOut)
def sign(command: Commanding, offer_id: str, body: SignatureIn) -> Response:
    """Sign loan, guarantee and service contract together."""
    caller = command.caller

    def act(work: Work) -> ContractOut:
        key = _mine(caller, work, offer_id, "sign", "contract")
        signer = PartyId.parse(body.party_id, field="party_id")
        signature = model.Signature(signer, body.method, body.document_hash)
        signed = caller.house.offers.sign(work, key, signature)
        granted(signed)
        if not isinstance(signed, model.Contract):
            raise NotFound(f"{key} has no contract")
        record = records.contract(signed)
        return ContractOut.model_validate(caller.shown("contract", record))

    return command.run(body, act)


def _mine(caller: Caller, work: Work, offer_id: str, action: str, resource: str) -> OfferId:
    """The offer's id, when the caller may do this to it.

    Raises:
        NotFound: no such offer, or not the caller's.
        Forbidden: the caller may not.
    """
    key = path_id(OfferId, offer_id)
    caller.require(action, resource)
    one = caller.house.offers.get(work, key)
    application = caller.house.applications.get(work, one.application_id)
    caller.require(action, resource, records.row_of(application))
    return key


def decision_out(
    caller: Caller, work: Work, decision: Decision, row: Mapping[str, object]
) -> DecisionOut:
    """The decision as the caller may see it."""
    policies = caller.house.policies
    entry = policies.log_entry(work, decision.id)
    record = records.decision(decision, entry.inputs, policies.whole_trace(work, decision.id))
    return DecisionOut.model_validate(caller.shown("decision", record, row))


def offer_out(caller: Caller, one: model.Offer) -> OfferOut:
    """The offer as the caller may see it."""
    return OfferOut.model_validate(caller.shown("offer", records.offer(one)))
