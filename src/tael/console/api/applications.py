"""Applications: a request with everybody who stands behind it, and what became of it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from tael.console.api import records
from tael.console.api.idempotency import Commanding
from tael.console.api.intake import ApplicationIn, Received, Reception
from tael.console.api.keys import Caller, Calling
from tael.console.api.paging import Page, Paged
from tael.console.api.schemas import Amount, FullLine, Strict
from tael.console.visit import path_id
from tael.kernel import ApplicationId
from tael.origination import event_text, model
from tael.origination.ports import ApplicationFilter
from tael.platform import Work

router = APIRouter(prefix="/applications", tags=["applications"])
_TIERS = range(1, 8)


class ApplicationOut(BaseModel):
    """An application; what the caller may not see is left out. `partner_id`: the bank in turn."""

    id: str
    state: model.ApplicationState
    amount: Amount
    months: int
    method: str
    purpose: str
    channel: str
    day: str
    submitted_at: str | None
    group_id: str = ""
    applicant_id: str = ""
    owner_id: str = ""
    consultant_id: str = ""
    partner_id: str = ""
    tier: int | None = None


class EventOut(BaseModel):
    """A line of a timeline: when, who, what."""

    at: str
    actor: str
    code: str
    zh: str
    en: str
    detail: dict[str, str]


class Note(Strict):
    """Why."""

    note: FullLine


@router.get("", response_model_exclude_unset=True)
def find(
    caller: Calling,
    paging: Paged,
    state: model.ApplicationState | None = None,
    tier: Annotated[int | None, Query(ge=_TIERS[0], le=_TIERS[-1])] = None,
) -> Page[ApplicationOut]:
    """Applications that the caller may see, newest first."""
    caller.require("read", "application")
    where = ApplicationFilter(
        states=frozenset({state} if state else ()), tiers=frozenset({tier} if tier else ())
    )
    after = ApplicationId.parse(paging.after, field="after") if paging.after else None
    with caller.begin() as work:
        page = caller.house.applications.find(work, where, after=after, limit=paging.limit)
    return Page(items=[shown(caller, one) for one in page.items], next=page.after)


@router.post("", status_code=201, response_model=Received)
def create(command: Commanding, body: ApplicationIn) -> Response:
    """Register everybody, keep their authorisations, and hand the application in."""
    reception = Reception(command.caller, command.name)
    return command.run(body, lambda work: reception.receive(work, body), status=201)


@router.get("/{application_id}", response_model_exclude_unset=True)
def get(caller: Calling, application_id: str) -> ApplicationOut:
    """One application."""
    with caller.begin() as work:
        return shown(caller, found(caller, work, application_id))


@router.get("/{application_id}/timeline")
def timeline(caller: Calling, paging: Paged, application_id: str) -> Page[EventOut]:
    """What happened to it, oldest first."""
    with caller.begin() as work:
        one = found(caller, work, application_id)
        rows, following = paging.numbered(caller.house.applications.timeline(work, one.id))
    return Page(items=[_event(event) for event in rows], next=following)


@router.post(
    "/{application_id}/withdrawal", response_model=ApplicationOut, response_model_exclude_unset=True
)
def withdraw(command: Commanding, application_id: str, body: Note) -> Response:
    """The applicant no longer wants it."""
    caller = command.caller

    def act(work: Work) -> ApplicationOut:
        one = found(caller, work, application_id)
        caller.require("withdraw", "application", records.row_of(one))
        return shown(caller, caller.house.applications.withdraw(work, one.id, note=body.note))

    return command.run(body, act)


def found(caller: Caller, work: Work, application_id: str) -> model.Application:
    """The application, if the caller may read it.

    Raises:
        NotFound: none, or not the caller's to know of.
    """
    caller.require("read", "application")
    return caller.house.applications.get(work, path_id(ApplicationId, application_id))


def shown(caller: Caller, one: model.Application) -> ApplicationOut:
    """The application as the caller may see it."""
    record = records.application(one)
    return ApplicationOut.model_validate(caller.shown("application", record, records.row_of(one)))


def _event(event: model.Event) -> EventOut:
    return EventOut(
        at=event.at.isoformat(),
        actor=event.actor,
        code=event.code,
        zh=event_text(event.code, "zh"),
        en=event_text(event.code, "en"),
        detail=dict(event.detail),
    )
