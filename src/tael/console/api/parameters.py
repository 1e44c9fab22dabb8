"""Business parameters: what is in force, what was, and changes by two people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field, JsonValue

from tael.console.api.idempotency import Commanding
from tael.console.api.keys import Caller, Calling
from tael.console.api.schemas import DayText, Line, Strict, day
from tael.console.ports import ParameterVersion
from tael.console.visit import path_id
from tael.kernel import NotFound, VersionId
from tael.platform import Work

router = APIRouter(tags=["parameters"])
_LONGEST_NAME = 100


class ParameterOut(BaseModel):
    """One dated value of a parameter."""

    id: str
    name: str
    value: JsonValue
    effective: str
    state: str
    source: str
    needs_check: bool
    proposed_by: str
    decided_by: str | None


class ParametersOut(BaseModel):
    """Versions of parameters."""

    items: list[ParameterOut]


class ProposalIn(Strict):
    """A new value from `effective` on; `source` says why."""

    value: JsonValue
    effective: DayText
    source: Line = Field(default="")


class VersionOut(BaseModel):
    """The version a command made or decided."""

    id: str
    state: str


class Empty(Strict):
    """No field is needed."""


@router.get("/parameters")
def in_force(caller: Calling, on: Annotated[DayText | None, Query()] = None) -> ParametersOut:
    """Every parameter in force on a day, today by default."""
    caller.require("read", "parameter")
    with caller.begin() as work:
        asked = day(on, "on") if on else caller.today(work)
        found = caller.house.parameters.in_force(work, asked)
    return ParametersOut(items=[_shown(caller, found[name]) for name in sorted(found)])


@router.get("/parameters/{name}")
def history(caller: Calling, name: str) -> ParametersOut:
    """Every version of a parameter, latest effective day first."""
    caller.require("read", "parameter")
    with caller.begin() as work:
        found = caller.house.parameters.history(work, _name(name))
    return ParametersOut(items=[_shown(caller, one) for one in found])


@router.post("/parameters/{name}/versions", status_code=201, response_model=VersionOut)
def propose(command: Commanding, name: str, body: ProposalIn) -> Response:
    """Propose a value; it counts once another person has approved it."""
    caller = command.caller

    def act(work: Work) -> VersionOut:
        caller.require("propose", "parameter")
        version = caller.house.parameters.propose(
            work, _name(name), body.value, day(body.effective, "effective"), source=body.source
        )
        return VersionOut(id=version, state="proposed")

    return command.run(body, act, status=201)


@router.get("/parameter-versions/pending")
def pending(caller: Calling) -> ParametersOut:
    """Versions that wait for a second person, oldest first."""
    caller.require("read", "parameter")
    with caller.begin() as work:
        found = caller.house.parameters.pending(work)
    return ParametersOut(items=[_shown(caller, one) for one in found])


@router.post("/parameter-versions/{version_id}/approval", response_model=VersionOut)
def approve(command: Commanding, version_id: str, body: Empty) -> Response:
    """Put a proposed version in force: by another person than its proposer."""
    caller = command.caller

    def act(work: Work) -> VersionOut:
        caller.require("approve", "parameter")
        key = path_id(VersionId, version_id)
        caller.house.parameters.approve(work, key)
        return VersionOut(id=key, state="approved")

    return command.run(body, act)


@router.post("/parameter-versions/{version_id}/rejection", response_model=VersionOut)
def reject(command: Commanding, version_id: str, body: Empty) -> Response:
    """Refuse a proposed version."""
    caller = command.caller

    def act(work: Work) -> VersionOut:
        caller.require("approve", "parameter")
        key = path_id(VersionId, version_id)
        caller.house.parameters.reject(work, key)
        return VersionOut(id=key, state="rejected")

    return command.run(body, act)


def _name(text: str) -> str:
    """A name that could be a parameter's.

    Raises:
        NotFound: it could not.
    """
    if len(text) > _LONGEST_NAME or not text.isprintable() or not text.isascii():
        raise NotFound("there is no such parameter", code="unknown_parameter", field="name")
    return text


def _shown(caller: Caller, one: ParameterVersion) -> ParameterOut:
    record = {name: getattr(one, name) for name in ParameterOut.model_fields}
    return ParameterOut.model_validate(caller.shown("parameter", record))
