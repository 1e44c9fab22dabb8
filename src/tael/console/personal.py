"""Personal data of an application's people: shown once, on request, for a reason that is kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from tael.console.pages import wants_fragment
from tael.console.visit import NOBODYS, Visit, Visiting, path_id
from tael.console.words import N_
from tael.kernel import ApplicationId, BadInput, Forbidden, NotFound, PartyId
from tael.origination import model
from tael.platform import Work

router = APIRouter(include_in_schema=False)
# A closed list: a reason typed freely would carry personal data into the audit trail for good.
REASONS: Mapping[str, str] = {
    "contact": N_("Call or visit the borrower"),
    "identity": N_("Check who somebody is"),
    "bank": N_("Answer the bank"),
    "complaint": N_("Answer a complaint"),
    "correction": N_("Correct a mistake"),
}
_FIELDS: Mapping[str, str] = {
    "name": N_("Name"),
    "id_number": N_("Identity number"),
    "phone": N_("Phone"),
    "address": N_("Address"),
}


def row_of(found: model.Application) -> Mapping[str, object]:
    """What the scopes of the permission table look at."""
    return {
        **NOBODYS,
        "owner_id": found.owner_id,
        "consultant_id": found.consultant_id,
        "partner_id": found.partner_id or "",
    }


def purposes(
    visit: Visit, work: Work, found: model.Application, people: Iterable[PartyId]
) -> Mapping[PartyId, str]:
    """Under which consent each of ``people`` may be read now; empty for other readers."""
    if not shown_to(visit, found):
        return {}
    today = visit.today(work)
    live = {
        party_id: [
            consent.authorisation.purpose
            for consent in visit.house.parties.consents_of(work, party_id)
            if consent.live(today)
        ]
        for party_id in people
    }
    return {party_id: max(texts) for party_id, texts in live.items() if texts}


@router.post("/applications/{application_id}/personal")
def reveal(
    visit: Visiting,
    application_id: str,
    party: Annotated[str, Form()] = "",
    reason: Annotated[str, Form()] = "",
    csrf: Annotated[str, Form()] = "",
) -> Response:
    """The fields in clear, once. Who read them, when and why stays in the audit trail.

    Raises:
        Forbidden: not to this reader, or without a live consent.
    """
    visit.session.check_csrf(csrf)
    visit.require("read", "application")
    key, party_id = path_id(ApplicationId, application_id), path_id(PartyId, party)
    house = visit.house
    with visit.begin() as work:
        found = house.applications.get(work, key)
        shown = shown_to(visit, found)
        if not shown:
            raise Forbidden("you may not see personal data in clear", rule="application.personal")
        people = [member.party_id for member in house.parties.group(work, found.group_id).members]
        if party_id not in people:
            raise NotFound(f"there is no {party[:60]!r}")
        if reason not in REASONS:
            raise BadInput("say why you need it", field="reason", rule="one of the list")
        allowed = purposes(visit, work, found, [party_id])
        if party_id not in allowed:
            raise Forbidden("there is no live consent", code="no_live_consent", rule="consent")
        clear = house.parties.reveal(work, party_id, purpose=allowed[party_id])
        work.audit("personal.revealed", party_id, {"application": key, "reason": reason})
    fields = [(title, getattr(clear, name)) for name, title in _FIELDS.items() if name in shown]
    part = "personal_part.html" if wants_fragment(visit.request) else "personal.html"
    return visit.page(part, fields=fields, application_id=key, reason=REASONS[reason])


def shown_to(visit: Visit, found: model.Application) -> frozenset[str]:
    """The personal fields that the reader may see in clear."""
    return visit.sees("application", row_of(found)) & _FIELDS.keys()
