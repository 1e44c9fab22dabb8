"""Applications: a list with filters, and one application as a timeline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import RedirectResponse, Response

from tael.console import personal
from tael.console.errors import status_of
from tael.console.listing import ROWS, Asked, Filter, Narrowed, ask
from tael.console.trace import Step, steps_of
from tael.console.visit import Visit, Visiting, path_id
from tael.console.words import N_
from tael.kernel import ApplicationId, Conflict, Forbidden, OutsideFailure, PartyId, TaelError
from tael.origination import event_text, model
from tael.platform import Work
from tael.policies.model import Decision

router = APIRouter(include_in_schema=False)
router.include_router(personal.router)
_TIERS = range(1, 8)


@router.get("/applications")
def applications(visit: Visiting, after: Annotated[str, Query()] = "") -> Response:
    """A page of the list; the next rows only when htmx asks for them."""
    visit.require("read", "application")
    last = path_id(ApplicationId, after) if after else ""
    house = visit.house
    with visit.begin() as work:
        asked = ask(_filters(visit, work), visit.request.query_params)
        ids, following = (
            ((), None)
            if asked.problems
            else house.lines(work).applications(
                _narrowed(asked), house.settings.zone, after=last, limit=ROWS
            )
        )
        rows = [house.applications.get(work, key) for key in ids]
        names = house.parties.display_names(work, [one.borrower_id for one in rows])
    return visit.listing(
        "applications",
        asked,
        following=following,
        further=bool(after),
        rows=rows,
        names=names,
        seen=visit.sees("application"),
    )


def _filters(visit: Visit, work: Work) -> list[Filter]:
    states = [(one.value, visit.tongue.label(one, "application")) for one in model.ApplicationState]
    found = [
        Filter("text", N_("Name or number"), "text"),
        Filter("state", N_("State"), "choice", states),
    ]
    if "tier" in visit.sees("application"):
        tiers = [(str(tier), f"R{tier}") for tier in _TIERS]
        found.append(Filter("tier", N_("Tier"), "choice", tiers))
    partners = visit.partners(work)
    if partners:
        found.append(Filter("partner", N_("Bank"), "choice", partners))
    return [
        *found,
        Filter("least", N_("Amount from"), "amount"),
        Filter("most", N_("Amount to"), "amount", least="least"),
        Filter("since", N_("Submitted from"), "day"),
        Filter("until", N_("Submitted to"), "day", least="since"),
    ]


def _narrowed(asked: Asked) -> Narrowed:
    return Narrowed(
        state=asked.text("state"),
        tier=asked.number("tier"),
        partner=asked.text("partner"),
        least=asked.money("least"),
        most=asked.money("most"),
        since=asked.day("since"),
        until=asked.day("until"),
        text=asked.text("text"),
    )


@router.get("/applications/{application_id}")
def application(
    visit: Visiting, application_id: str, round_: Annotated[int, Query(alias="round")] = 0
) -> Response:
    """Everything about one application; ``round`` is the one that was just decided."""
    visit.require("read", "application")
    return _shown(visit, path_id(ApplicationId, application_id), round_)


@router.post("/applications/{application_id}/decision")
def decide_again(
    visit: Visiting,
    application_id: str,
    csrf: Annotated[str, Form()] = "",
    round_: Annotated[int, Form(alias="round", ge=1, le=1_000_000)] = 1,
) -> Response:
    """Decide again what was referred for want of a source: a round of its own, once a button.

    Raises:
        Forbidden: not by this reader.
    """
    visit.session.check_csrf(csrf)
    visit.require("read", "application")
    key, house = path_id(ApplicationId, application_id), visit.house
    with visit.begin() as work:
        found = house.applications.get(work, key)
        house.permissions.require(visit.actor, "decide", "decision", personal.row_of(found))
        made = len(house.policies.decisions_of(work, key))
        possible = bool(house.underwriting.missing(work, found))
    if made >= round_:  # the button was pressed twice, or somebody else was faster
        return _to_round(key, made)
    if not possible:
        gone = Conflict("nothing is to be decided again", field="state", rule="a lost source")
        return _shown(visit, key, 0, _refused(gone), status=status_of(gone))
    try:
        # No unit of work is open here, for sources are asked.
        house.underwriting.decide(key, actor=visit.actor, key=f"again:{key}:{round_}")
    except (Conflict, Forbidden, OutsideFailure) as refused:
        return _shown(visit, key, 0, _refused(refused), status=status_of(refused))
    return _to_round(key, round_)


def _to_round(key: ApplicationId, number: int) -> Response:
    return RedirectResponse(f"/applications/{key}?round={number}", status_code=303)


def _refused(error: TaelError) -> str:
    """Why nothing was decided, in words."""
    if isinstance(error, Forbidden):
        return N_("Not decided: a consent was withdrawn or is missing. No source was asked.")
    if isinstance(error, Conflict):
        return N_("Not decided: somebody changed the application meanwhile.")
    return N_("Not decided: the database or a source could not be reached. Try again later.")


def _shown(
    visit: Visit, key: ApplicationId, round_: int, refused: str = "", status: int = 200
) -> Response:
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
            "offers": house.offers.of(work, key) if visit.may("read", "offer") else (),
            "contract": house.offers.contract_of(work, key)
            if visit.may("read", "contract")
            else None,
            "lenders": {one.id: one.name for one in house.rooms(work).funding.partners()},
            "decisions": _decisions(visit, work, found),
            "again": _again(visit, work, found, round_),
            "refused": refused,
            "may_reveal": personal.shown_to(visit, found),
            "purposes": personal.purposes(visit, work, found, people),
            "today": visit.today(work),
        }
    return visit.page(
        "application.html",
        status=status,
        seen=visit.sees("application", personal.row_of(found)),
        decision_seen=visit.sees("decision", personal.row_of(found)),
        event_text=lambda code: event_text(code, visit.tongue.short),
        reasons=personal.REASONS,
        may_read_loans=visit.may("read", "loan"),
        **values,
    )


@dataclass(frozen=True, slots=True)
class Again:
    """What a page tells of a decision that a lost source held up.

    Attributes:
        lost: by source that the last decision missed, the code why; none where nothing is open.
        round: that a new decision would be; 0 where the reader may not have it made.
        told: the outcome of the round that was just decided, '' where none was.
    """

    lost: Mapping[str, str]
    round: int
    told: str


def _again(visit: Visit, work: Work, found: model.Application, round_: int) -> Again:
    row = personal.row_of(found)
    if not visit.may("read", "decision", row):
        return Again({}, 0, "")
    lost = visit.house.underwriting.missing(work, found)
    made = visit.house.policies.decisions_of(work, found.id) if lost or round_ else []
    last = [one.outcome for one in made if one.id == found.decision_id]
    told = last[0] if last and 1 < round_ == len(made) else ""
    may = lost and visit.may("decide", "decision", row)
    return Again(lost, len(made) + 1 if may else 0, told)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what the log keeps of how it came about."""

    decision: Decision
    inputs: Mapping[str, object]
    steps: tuple[Step, ...]
    elapsed_us: int


def _decisions(visit: Visit, work: Work, found: model.Application) -> list[Decided]:
    if not visit.may("read", "decision", personal.row_of(found)):
        return []
    policies = visit.house.policies
    result = []
    for decision in reversed(policies.decisions_of(work, found.id)):
        entry = policies.log_entry(work, decision.id)
        steps = steps_of(json.loads(policies.whole_trace(work, decision.id)))
        result.append(Decided(decision, json.loads(entry.inputs), steps, entry.elapsed_us))
    return result


def _consents(visit: Visit, work: Work, found: model.Application) -> list[model.Consent]:
    if "consents" not in visit.sees("party", personal.row_of(found)):
        return []
    parties: set[PartyId] = {found.borrower_id, found.applicant_id}
    return [
        consent
        for party_id in sorted(parties)
        for consent in visit.house.parties.consents_of(work, party_id)
    ]
