"""Applications: a list with filters, and one application as a timeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tael.console.pages import wants_fragment
from tael.console.trace import Step, steps_of
from tael.console.visit import Visit, Visiting, path_id
from tael.kernel import ApplicationId, BadInput, Day, Money, PartyId
from tael.origination import event_text, model, ports
from tael.platform import Work
from tael.policies import Decision

router = APIRouter(include_in_schema=False)
_ROWS = 25
_TIERS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as typed."""

    state: str = ""
    tier: str = ""
    least: str = ""
    most: str = ""
    since: str = ""
    until: str = ""

    def narrow(self) -> ports.ApplicationFilter:
        """The same for the room.

        Raises:
            BadInput: a value that cannot be; names the field.
        """
        return ports.ApplicationFilter(
            states=frozenset({_state(self.state)}) if self.state else frozenset(),
            tiers=frozenset({_tier(self.tier)}) if self.tier else frozenset(),
            least=Money.parse(self.least, field="least") if self.least else None,
            most=Money.parse(self.most, field="most") if self.most else None,
            submitted_from=Day.parse(self.since, field="since") if self.since else None,
            submitted_to=Day.parse(self.until, field="until") if self.until else None,
        )

    @property
    def given(self) -> dict[str, str]:
        """Those that narrow anything."""
        names = ("state", "tier", "least", "most", "since", "until")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@router.get("/applications")
def applications(
    request: Request,
    visit: Visiting,
    filters: Annotated[Filters, Depends()],
    after: Annotated[str, Query()] = "",
) -> Response:
    """A page of the list; the next rows only when htmx asks for them."""
    visit.require("read", "application")
    where = filters.narrow()
    last = path_id(ApplicationId, after) if after else None
    with visit.begin() as work:
        page = visit.house.applications.find(work, where, after=last, limit=_ROWS)
        names = visit.house.parties.display_names(work, [one.borrower_id for one in page.items])
    part = "applications_rows.html" if after else "applications_list.html"
    return visit.page(
        part if wants_fragment(request) else "applications.html",
        page=page,
        names=names,
        filters=filters,
        states=list(model.ApplicationState),
        tiers=_TIERS,
        seen=visit.sees("application"),
    )


@router.get("/applications/{application_id}")
def application(visit: Visiting, application_id: str) -> Response:
    """Everything about one application."""
    visit.require("read", "application")
    key = path_id(ApplicationId, application_id)
    house = visit.house
    with visit.begin() as work:
        found = house.applications.get(work, key)
        group = house.parties.group(work, found.group_id)
        people = [member.party_id for member in group.members]
        values: dict[str, Any] = {
            "one": found,
            "group": group,
            "names": house.parties.display_names(work, [*people, found.borrower_id]),
            "timeline": house.applications.timeline(work, key),
            "pulls": house.applications.pulls(work, key),
            "consents": _consents(visit, work, found),
            "offers": house.offers.of(work, key) if _may(visit, "offer") else (),
            "contract": house.offers.contract_of(work, key) if _may(visit, "contract") else None,
            "lenders": {one.id: one.name for one in house.rooms(work).funding.partners()},
            "decisions": _decisions(visit, work, found),
            "today": visit.today(work),
        }
    return visit.page(
        "application.html",
        seen=visit.sees("application"),
        decision_seen=visit.sees("decision"),
        event_text=lambda code: event_text(code, visit.tongue.short),
        may_read_loans=_may(visit, "loan"),
        **values,
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what the log keeps of how it came about."""

    decision: Decision
    inputs: Mapping[str, object]
    steps: tuple[Step, ...]
    elapsed_us: int


def _decisions(visit: Visit, work: Work, found: model.Application) -> list[Decided]:
    row = {"owner_id": found.owner_id, "consultant_id": found.consultant_id}
    if not visit.house.permissions.allowed(visit.actor, "read", "decision", row):
        return []
    policies = visit.house.policies
    result = []
    for decision in reversed(policies.decisions_of(work, found.id)):
        entry = policies.log_entry(work, decision.id)
        steps = steps_of(json.loads(entry.trace))
        result.append(Decided(decision, json.loads(entry.inputs), steps, entry.elapsed_us))
    return result


def _consents(visit: Visit, work: Work, found: model.Application) -> list[model.Consent]:
    if "consents" not in visit.sees("party"):
        return []
    parties: set[PartyId] = {found.borrower_id, found.applicant_id}
    return [
        consent
        for party_id in sorted(parties)
        for consent in visit.house.parties.consents_of(work, party_id)
    ]


def _may(visit: Visit, resource: str) -> bool:
    return visit.house.permissions.allowed(visit.actor, "read", resource)


def _state(text: str) -> model.ApplicationState:
    for state in model.ApplicationState:
        if state.value == text:
            return state
    raise BadInput(f"{text!r} is no state of an application", field="state", rule="a known state")


def _tier(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) in _TIERS:
        return int(text)
    raise BadInput(f"{text!r} is no tier", field="tier", rule="1 to 7")
