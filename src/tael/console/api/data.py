"""The data an application rests on: consents, the values that sources gave, and the review."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import AfterValidator, BaseModel, Field, JsonValue, WithJsonSchema

from tael.console.api import records
from tael.console.api.applications import ApplicationOut, found, shown
from tael.console.api.idempotency import Commanding
from tael.console.api.keys import Caller, Calling
from tael.console.api.schemas import Code, DayText, FullLine, Hash, Strict, day, json_of
from tael.kernel import BadInput, ConsentId, PartyId
from tael.origination import ASSESSMENT, BANK, model
from tael.platform import Work

router = APIRouter(prefix="/applications/{application_id}", tags=["data"])
_TEXT = r"^[^\x00-\x1f\x7f\ud800-\udfff]{0,200}$"
_NUMBER = r"^-?\d{1,18}(\.\d{1,18})?$"
_MOST = 10**15
_FORMS = 'text, true or false, a whole number, or {"number": "0.05"}'
_SCHEMA = {
    "anyOf": [
        {"type": "string", "pattern": r"^[^\x00-\x1f\x7f]{0,200}$"},
        {"type": "boolean"},
        {"type": "integer", "minimum": -_MOST, "maximum": _MOST},
        {
            "type": "object",
            "properties": {"number": {"type": "string", "pattern": _NUMBER}},
            "required": ["number"],
            "additionalProperties": False,
        },
    ],
    "description": 'Text, yes or no, a whole number, or `{"number": "0.05"}`: no float.',
}


class ConsentIn(Strict):
    """A signed authorisation of somebody of the group: for the assessment, or for one bank.

    For `bank_application` the `recipient` is the partner's id.
    """

    party_id: str = Field(examples=["party_01jd8m6f3v0q7c2k9xw5t4hbna"])
    purpose: Literal["credit_assessment", "bank_application"]
    scope: list[Code] = Field(min_length=1, max_length=20, examples=[["bureau", "tax"]])
    recipient: FullLine = Field(examples=["guarantor"])
    expires: DayText
    document_hash: Hash


class ConsentOut(BaseModel):
    """A consent, ended or not."""

    id: str
    party_id: str
    purpose: str
    scope: list[str]
    recipient: str
    expires: str
    state: model.ConsentState


class Consents(BaseModel):
    """The consents of everybody behind an application, oldest first by party."""

    items: list[ConsentOut]


class PullOut(BaseModel):
    """Data as a source gave it; a list shows the `values` to who may see the variables."""

    id: str
    consent_id: str
    source: str
    pulled_at: str
    content_hash: str
    values: dict[str, JsonValue] | None = None


class Pulls(BaseModel):
    """The data of an application, oldest first."""

    items: list[PullOut]


class Nothing(Strict):
    """No field is needed."""


def _exact(value: JsonValue) -> JsonValue:
    """``value``, if it is one of the four shapes."""
    _plain(value)
    return value


Exact = Annotated[JsonValue, AfterValidator(_exact), WithJsonSchema(_SCHEMA)]


class PullIn(Strict):
    """What a source gave under a consent, by the names of the policy's inputs."""

    consent_id: str = Field(examples=["consent_01jd8m6f3v0q7c2k9xw5t4hbna"])
    source: Code = Field(examples=["bureau"])
    values: dict[Code, Exact] = Field(
        min_length=1,
        max_length=500,
        examples=[{"overdue_count_24m": 0, "debt_ratio": {"number": "0.05"}, "region": "east"}],
    )


class EvidenceIn(Strict):
    """Raw events by stream, one object a row, with the columns of the stream's definition.

    `subject_id` is the id of the enterprise, the owner or another controller of the application, or
    the market as REGION-INDUSTRY. Amounts are whole fen; instants have a zone.
    """

    events: dict[Code, list[dict[Code, JsonValue]]] = Field(
        min_length=1,
        max_length=20,
        examples=[
            {
                "bureau_enquiry": [
                    {
                        "subject_id": "party_01jd8m6f3v0q7c2k9xw5t4hbna",
                        "event_id": "q-1",
                        "event_at": "2025-11-03T02:00:00Z",
                        "known_at": "2025-11-03T02:05:00Z",
                        "lender": "bank",
                        "reason": "loan_approval",
                    }
                ]
            }
        ],
    )


class EvidenceOut(BaseModel):
    """Evidence as it is kept: decisions name it by `hash`; `known_at` is its latest event's."""

    hash: str
    borrower: str
    known_at: str
    events: dict[str, int]


@router.get("/consents")
def consents(caller: Calling, application_id: str) -> Consents:
    """Who consented to what."""
    with caller.begin() as work:
        one = found(caller, work, application_id)
        parties = caller.house.parties
        seen = [
            _consent(consent)
            for party_id in _members(caller, work, one)
            for consent in parties.consents_of(work, party_id)
        ]
    return Consents(items=seen)


@router.post("/consents", status_code=201, response_model=ConsentOut)
def consent(command: Commanding, application_id: str, body: ConsentIn) -> Response:
    """Keep a signed authorisation; it takes the place of an earlier one to the same recipient."""
    caller = command.caller

    def act(work: Work) -> ConsentOut:
        one = found(caller, work, application_id)
        caller.require("update", "application", records.row_of(one))
        party_id = PartyId.parse(body.party_id, field="party_id")
        if party_id not in _members(caller, work, one):
            raise BadInput(
                "nobody of the application's group has this id",
                field="party_id",
                rule="a member of the obligor group today",
            )
        authorisation = model.Authorisation(
            purpose={ASSESSMENT: ASSESSMENT, BANK: BANK}[body.purpose],
            scope=frozenset(body.scope),
            recipient=body.recipient,
            expires=day(body.expires, "expires"),
            document_hash=body.document_hash,
        )
        return _consent(caller.house.parties.grant(work, command.name, party_id, authorisation))

    return command.run(body, act, status=201)


@router.post("/collection", response_model=ApplicationOut, response_model_exclude_unset=True)
def collect(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Ask for data, or for more of it: submitted or in review becomes data pending."""
    caller = command.caller

    def act(work: Work) -> ApplicationOut:
        one = found(caller, work, application_id)
        caller.require("review", "application", records.row_of(one))
        return shown(caller, caller.house.applications.collect(work, one.id))

    return command.run(body, act)


@router.get("/pulls", response_model_exclude_unset=True)
def pulls(caller: Calling, application_id: str) -> Pulls:
    """What the sources gave."""
    with caller.begin() as work:
        one = found(caller, work, application_id)
        seen = caller.house.applications.pulls(work, one.id)
        items = [_pull(caller, one, pull) for pull in seen]
    return Pulls(items=items)


@router.post("/pulls", status_code=201, response_model=PullOut, response_model_exclude_unset=True)
def pull(command: Commanding, application_id: str, body: PullIn) -> Response:
    """Hand in what a source gave, under the consent that lets it be read."""
    caller = command.caller

    def act(work: Work) -> PullOut:
        one = found(caller, work, application_id)
        caller.require("pull", "application", records.row_of(one))
        kept = caller.house.applications.add_pull(
            work,
            command.name,
            ConsentId.parse(body.consent_id, field="consent_id"),
            application_id=one.id,
            source=body.source,
            values={name: _plain(value) for name, value in body.values.items()},
        )
        return _receipt(kept)

    return command.run(body, act, status=201)


@router.post("/evidence", status_code=201, response_model=EvidenceOut)
def evidence(command: Commanding, application_id: str, body: EvidenceIn) -> Response:
    """Hand in raw events: a policy that reads variables decides on the latest of them.

    At most 20,000 events and 1 MiB at once. One row at fault, or one about somebody who has not
    consented to its source, and nothing is kept; the error names stream, column and row. Evidence
    is never changed: newer evidence stands beside it.
    """
    caller = command.caller

    def act(work: Work) -> EvidenceOut:
        one = found(caller, work, application_id)
        caller.require("pull", "application", records.row_of(one))
        kept = caller.house.underwriting.keep_evidence(work, one.id, body.events)
        return EvidenceOut(
            hash=kept.hash,
            borrower=kept.borrower,
            known_at=kept.known_at.isoformat(),
            events={name: len(rows) for name, rows in sorted(body.events.items())},
        )

    return command.run(body, act, status=201)


@router.post("/review", response_model=ApplicationOut, response_model_exclude_unset=True)
def review(command: Commanding, application_id: str, body: Nothing) -> Response:
    """The data is there, or a referred or declined matter is taken up again: in review."""
    caller = command.caller

    def act(work: Work) -> ApplicationOut:
        one = found(caller, work, application_id)
        caller.require("review", "application", records.row_of(one))
        return shown(caller, caller.house.applications.review(work, one.id))

    return command.run(body, act)


def _members(caller: Caller, work: Work, one: model.Application) -> list[PartyId]:
    group = caller.house.parties.group(work, one.group_id)
    return sorted(group.parties(caller.today(work)))


def _consent(one: model.Consent) -> ConsentOut:
    terms = one.authorisation
    return ConsentOut(
        id=one.id,
        party_id=one.party_id,
        purpose=terms.purpose,
        scope=sorted(terms.scope),
        recipient=terms.recipient,
        expires=terms.expires.isoformat(),
        state=one.state,
    )


def _pull(caller: Caller, one: model.Application, pull: model.DataPull) -> PullOut:
    receipt = _receipt(pull)
    row = records.row_of(one)
    seen = caller.house.permissions.visible_fields(caller.actor, "application", row)
    if "variables" not in seen:
        return receipt
    values = json_of(dict(pull.values))
    return PullOut.model_validate({**receipt.model_dump(exclude_unset=True), "values": values})


def _receipt(pull: model.DataPull) -> PullOut:
    """The pull without its values: this answer is kept for the case that it is asked for again."""
    return PullOut(
        id=pull.id,
        consent_id=pull.consent_id,
        source=pull.source,
        pulled_at=pull.pulled_at.isoformat(),
        content_hash=pull.content_hash,
    )


def _plain(value: JsonValue) -> str | bool | int | Decimal:
    """``value`` as the room takes it.

    Raises:
        ValueError: a float, a list, a NUL, a number beyond all measure.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and re.fullmatch(_TEXT, value):
        return value
    if isinstance(value, int) and abs(value) <= _MOST:
        return value
    if isinstance(value, dict) and set(value) == {"number"}:
        text = value["number"]
        if isinstance(text, str) and re.fullmatch(_NUMBER, text, re.ASCII):
            return Decimal(text)
    raise ValueError(_FORMS)
