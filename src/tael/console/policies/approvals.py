"""The inbox of whoever approves: versions, models and parameters that wait for a second person."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from tael.console.policies.deploying import Filled
from tael.console.policies.one import Checked, checked
from tael.console.policies.versions import acts
from tael.console.policies.words import Problem, problem_of
from tael.console.ports import ParameterVersion
from tael.console.visit import Visit, Visiting, path_id
from tael.kernel import BadInput, TaelError, VersionId
from tael.platform import Work
from tael.policies.model import (
    TEXTS,
    Event,
    EventKind,
    ModelState,
    ModelVersion,
    PolicyState,
    PolicyVersion,
)

router = APIRouter(include_in_schema=False)
_HOME = "/policies/approvals"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that waits: its last check, its back-test or why there is none, what it changes.

    ``changes`` is None where there is nothing in force to compare it with.
    """

    version: PolicyVersion
    check: Checked | None
    backtest: Event | None
    figures: Sequence[tuple[str, str]]
    changes: int | None
    own: bool
    own_model: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A parameter that waits, with the value in force today."""

    pending: ParameterVersion
    now: str
    then: str
    own: bool


@router.get(_HOME)
def approvals(visit: Visiting) -> Response:
    """Whatever waits for a second person."""
    visit.require("read", "policy")
    return _shown(visit)


@router.post(_HOME + "/versions/{version_id}")
def version(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Approve a version, or reject it with a reason."""
    key, policies, why = path_id(VersionId, version_id), visit.house.policies, form.get("why", "")
    if form.get("verdict") == "reject":
        return _done(visit, form, (key, "policy"), lambda work: policies.reject(work, key, why))
    return _done(visit, form, (key, "policy"), lambda work: policies.approve(work, key, why=why))


@router.post(_HOME + "/models/{model_hash}")
def model(visit: Visiting, model_hash: str, form: Filled) -> Response:
    """Approve a model by itself, or refuse it with a reason."""
    policies, why = visit.house.policies, form.get("why", "")
    if form.get("verdict") == "reject":
        return _done(
            visit,
            form,
            (model_hash, "policy"),
            lambda work: policies.refuse_model(work, model_hash, why),
            act="refuse_model",
        )
    return _done(
        visit, form, (model_hash, "policy"), lambda work: policies.approve_model(work, model_hash)
    )


@router.post(_HOME + "/parameters/{version_id}")
def parameter(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Approve a dated figure, or reject it."""
    key, why = path_id(VersionId, version_id), form.get("why", "")
    door = visit.house.parameters
    if form.get("verdict") == "reject":
        return _done(
            visit, form, (key, "parameter"), lambda work: door.reject(work, key, why=_said(why))
        )
    return _done(visit, form, (key, "parameter"), lambda work: door.approve(work, key, why=why))


def _said(why: str) -> str:
    if not why.strip():
        raise BadInput("no reason", code="policy_no_reason", field="why", rule="a reason").telling(
            "no_reason"
        )
    return why


def _done(
    visit: Visit,
    form: Mapping[str, str],
    what: tuple[str, str],
    do: Callable[[Work], object],
    *,
    act: str = "approve",
) -> Response:
    visit.session.check_csrf(form.get("csrf", ""))
    key, resource = what
    visit.require(act, resource)
    try:
        with visit.begin() as work:
            do(work)
    except TaelError as error:
        return _shown(visit, replace(problem_of(visit.tongue, error, form), field=key))
    return RedirectResponse(_HOME, status_code=303)


def _shown(visit: Visit, problem: Problem | None = None) -> Response:
    with visit.begin() as work:
        policies = visit.house.policies
        models = policies.models(work)
        values: dict[str, Any] = {
            "waiting": [_waiting(visit, work, one, models) for one in policies.versions(work)
                        if one.state is PolicyState.BACKTESTED],
            "models": [one for one in models if one.state is ModelState.DRAFT],
            "asked": _asked(visit, work),
            "names": visit.names(work),
        }  # fmt: skip
    return visit.page(
        "policy_approvals.html",
        status=problem.status if problem else 200,
        problem=problem,
        typed=problem.typed if problem else {},
        me_id=visit.actor.id,
        may=acts(visit),
        may_parameter=visit.may("approve", "parameter"),
        csrf=visit.session.csrf_token,
        **values,
    )


def _waiting(
    visit: Visit, work: Work, version: PolicyVersion, models: Sequence[ModelVersion]
) -> Waiting:
    events = visit.house.policies.timeline(work, version.id)
    kinds = (EventKind.BACKTESTED, EventKind.WAIVED)
    backtest = next((one for one in reversed(events) if one.kind in kinds), None)
    mine = visit.actor.id
    model = next((one for one in models if one.hash == version.hashes.get("model")), None)
    drafted = model is not None and model.state is ModelState.DRAFT
    return Waiting(
        version,
        checked(events, visit.tongue.short),
        backtest,
        _figures(backtest),
        _changes(visit, work, version),
        own=version.drafted_by == mine,
        own_model=drafted and model is not None and model.drafted_by == mine,
    )


def _changes(visit: Visit, work: Work, version: PolicyVersion) -> int | None:
    """In how many places it differs from the champion; None without one, or of changed texts."""
    policies = visit.house.policies
    force = next((one for one in policies.deployments(work) if one.ended_at is None), None)
    if force is None:
        return None
    for one in (force.champion, version.id):
        if any(fault in TEXTS for fault, _ in policies.verify(work, one).faults):
            return None
    return len(policies.compare(work, force.champion, version.id))


def _figures(event: Event | None) -> list[tuple[str, str]]:
    """The key figures of a back-test that are one figure each."""
    if event is None or event.kind is not EventKind.BACKTESTED:
        return []
    told = json.loads(event.record, parse_float=Decimal).get("figures", {})
    return [(name, str(value)) for name, value in told.items()
            if isinstance(value, (str, int, Decimal))]  # fmt: skip


def _asked(visit: Visit, work: Work) -> list[Asked]:
    if not visit.may("read", "parameter"):
        return []
    door = visit.house.parameters
    force = door.in_force(work, visit.today(work))
    return [
        Asked(
            one,
            _text(force[one.name].value) if one.name in force else "",
            _text(one.value),
            one.proposed_by == visit.actor.id,
        )
        for one in door.pending(work)
    ]


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
