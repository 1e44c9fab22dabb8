"""Taking an application in: everybody behind it, what they authorise, and the request itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from tael.console.api.keys import NOBODYS, Caller
from tael.console.api.schemas import Code, DayText, FullLine, Hash, Line, Strict, Sum, day
from tael.kernel import BadInput, Forbidden, PartyId
from tael.origination import ASSESSMENT, Origin, model
from tael.platform import Work
from tael.pricing import Method

_OTHERS = Literal["actual_controller", "spouse", "co_borrower", "guarantor"]
_METHODS = Literal["equal_instalment", "equal_principal", "interest_only"]
_ROW_OF_FIRST_OTHER = 3


class AuthorisationIn(Strict):
    """A signed authorisation (授权书) for the credit assessment; ends with the day `expires`."""

    scope: list[Code] = Field(min_length=1, max_length=20, examples=[["bureau", "tax"]])
    recipient: FullLine = Field(default="guarantor")
    expires: DayText
    document_hash: Hash


class PersonIn(Strict):
    """A person; the fields are encrypted before they are written and never shown in clear."""

    name: FullLine
    id_number: FullLine
    phone: Line = ""
    address: Line = ""
    authorisation: AuthorisationIn | None = None


class EnterpriseIn(Strict):
    """The business; `since` is when its links with everybody began."""

    kind: Literal["individual_business", "company"]
    name: FullLine
    id_number: FullLine
    region: Line = ""
    industry: Line = ""
    since: DayText
    authorisation: AuthorisationIn | None = None


class OtherIn(PersonIn):
    """Somebody else who stands behind the request."""

    role: _OTHERS


class ApplicationIn(Strict):
    """A request for money by a business and its owner."""

    amount: Sum
    months: Annotated[int, Field(ge=1, le=120)]
    method: _METHODS = "equal_instalment"
    purpose: Code = Field(examples=["stock"])
    channel: Code = "direct"
    owner: PersonIn
    enterprise: EnterpriseIn
    others: list[OtherIn] = Field(default_factory=list, max_length=20)


class PartyOut(BaseModel):
    """Who was registered, in which role."""

    id: str
    role: str


class Received(BaseModel):
    """The application handed in; `borrower_id` is who will sign."""

    id: str
    state: model.ApplicationState
    group_id: str
    borrower_id: str
    parties: list[PartyOut]


@dataclass(frozen=True)
class Reception:
    """Takes applications in for a caller; ``key`` names the command in the room."""

    caller: Caller
    key: str

    def receive(self, work: Work, body: ApplicationIn) -> Received:
        """Parties, consents, group, application: all of it or nothing.

        Raises:
            BadInput: a party or its authorisation is at fault; ``row`` counts owner 1,
                enterprise 2, the others from 3.
            Forbidden: the caller may not apply, or applicant and borrower did not both authorise.
        """
        owner_id, consultant_id = self._seen_by()
        parties = self._register(work, body)
        rooms = self.caller.house
        since = day(body.enterprise.since, "enterprise.since")
        links = [model.Member(party_id, role, since) for party_id, role in parties]
        group = rooms.parties.form_group(work, links)
        created = rooms.applications.create(
            work,
            self.key,
            Origin(group.id, parties[0][0], owner_id, consultant_id),
            model.Request(
                amount=body.amount.money(),
                months=body.months,
                method=Method(body.method),
                purpose=body.purpose,
                channel=body.channel,
            ),
        )
        submitted = rooms.applications.submit(work, created.id)
        return Received(
            id=submitted.id,
            state=submitted.state,
            group_id=group.id,
            borrower_id=submitted.borrower_id,
            parties=[PartyOut(id=party_id, role=role.value) for party_id, role in parties],
        )

    def _seen_by(self) -> tuple[str, str]:
        """The users whose application it becomes: the owner's own, or the consultant's."""
        me = self.caller.person
        self.caller.require("create", "application")
        if self.caller.may("create", "application", {**NOBODYS, "owner_id": me}):
            return me, ""
        if self.caller.may("create", "application", {**NOBODYS, "consultant_id": me}):
            return "", me
        raise Forbidden("you may not create this application", rule="application.create")

    def _register(self, work: Work, body: ApplicationIn) -> list[tuple[PartyId, model.Role]]:
        firm, register = body.enterprise, self.caller.house.parties.register
        owner_id = self._person(work, body.owner, row=1)
        try:
            fields = model.PersonalFields(firm.name, firm.id_number)
            kind = model.PartyKind(firm.kind)
            party = register(work, kind, fields, region=firm.region, industry=firm.industry)
        except BadInput as wrong:
            raise _at(wrong, 2) from wrong
        self._authorise(work, party.id, firm.authorisation, row=2)
        found = [(owner_id, model.Role.OWNER), (party.id, model.Role.ENTERPRISE)]
        for row, other in enumerate(body.others, start=_ROW_OF_FIRST_OTHER):
            found.append((self._person(work, other, row=row), model.Role(other.role)))
        return found

    def _person(self, work: Work, given: PersonIn, *, row: int) -> PartyId:
        fields = model.PersonalFields(given.name, given.id_number, given.phone, given.address)
        try:
            party = self.caller.house.parties.register(work, model.PartyKind.PERSON, fields)
        except BadInput as wrong:
            raise _at(wrong, row) from wrong
        self._authorise(work, party.id, given.authorisation, row=row)
        return party.id

    def _authorise(
        self, work: Work, party_id: PartyId, given: AuthorisationIn | None, *, row: int
    ) -> None:
        if given is None:
            return
        authorisation = model.Authorisation(
            purpose=ASSESSMENT,
            scope=frozenset(given.scope),
            recipient=given.recipient,
            expires=day(given.expires, "authorisation.expires"),
            document_hash=given.document_hash,
        )
        try:
            self.caller.house.parties.grant(work, f"{self.key}:{row}", party_id, authorisation)
        except BadInput as wrong:
            raise _at(wrong, row) from wrong


def _at(wrong: BadInput, row: int) -> BadInput:
    """The same fault, told where it stands."""
    return BadInput(wrong.message, code=wrong.code, field=wrong.field, row=row, rule=wrong.rule)
