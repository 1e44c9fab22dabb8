"""Putting versions in force by share, and bringing back what was in force before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from tael.console.policies.versions import STOPPING, shown
from tael.console.policies.words import Problem, problem_of
from tael.console.visit import Visit, Visiting
from tael.kernel import BadInput, TaelError, VersionId
from tael.policies.model import StoppingRule, Traffic, basis_points, stopping_rule_typed

router = APIRouter(include_in_schema=False)
_SHARE, _SHADOW = "share:", "shadow:"


async def filled_in(request: Request) -> Mapping[str, str]:
    """The fields of a form whose names are not known beforehand."""
    form = await request.form(max_files=0, max_fields=2000)
    return {name: value for name, value in form.items() if isinstance(value, str)}


Filled = Annotated[Mapping[str, str], Depends(filled_in)]


@router.post("/policies/deployments")
def deploy(visit: Visiting, form: Filled) -> Response:
    """Put a version in force, alone or beside others."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("deploy", "policy")
    try:
        champion = VersionId.parse(form.get("champion", ""), field="champion")
        with visit.begin() as work:
            visit.house.policies.deploy(
                work, champion, _traffic(form, champion), why=form.get("why", "")
            )
    except TaelError as error:
        return shown(visit, form, deploy=_told(visit, error, form))
    return RedirectResponse("/policies#force", status_code=303)


@router.post("/policies/rollback")
def rollback(visit: Visiting, form: Filled) -> Response:
    """Bring back, in one act, what was in force before."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("rollback", "policy")
    try:
        with visit.begin() as work:
            visit.house.policies.rollback(work, form.get("why", ""), to=_number(form))
    except TaelError as error:
        return shown(visit, {"to": form.get("to", "")}, rollback=_told(visit, error, form))
    return RedirectResponse("/policies#force", status_code=303)


def _traffic(form: Mapping[str, str], champion: VersionId) -> Traffic:
    """What the form says besides the champion, whose own row counts for nothing."""
    shares = {name.removeprefix(_SHARE): text for name, text in form.items()
              if name.startswith(_SHARE) and text.strip()}  # fmt: skip
    shadows = [name.removeprefix(_SHADOW) for name in form if name.startswith(_SHADOW)]
    lottery = form.get("random_accept", "").strip()
    return Traffic(
        challengers={
            VersionId.parse(version, field="challengers"): basis_points(
                text, f"challengers.{version}"
            )
            for version, text in shares.items()
            if version != champion
        },
        shadows=tuple(VersionId.parse(one, field="shadows") for one in shadows if one != champion),
        random_accept=basis_points(lottery, "random_accept") if lottery else 0,
        stopping=_stopping(form),
    )


def _stopping(form: Mapping[str, str]) -> StoppingRule | None:
    """The rule that the form declares; none where no measure is chosen."""
    typed = {name.removeprefix(STOPPING): text for name, text in form.items()
             if name.startswith(STOPPING)}  # fmt: skip
    if typed.get("measure", "").strip():
        return stopping_rule_typed(typed)
    if any(text.strip() for text in typed.values()):
        raise BadInput(
            "a stopping rule without a measure",
            field="stopping.measure",
            rule="a measure, or no other field of the rule",
        ).telling("stopping_no_measure")
    return None


def _number(form: Mapping[str, str]) -> int | None:
    text = form.get("to", "").strip()
    if not text:
        return None
    if not text.isdecimal():
        raise BadInput(
            f"{text!r} is no deployment", field="deployment", rule="an earlier one"
        ).telling("no_deployment", number=text)
    return int(text)


def _told(visit: Visit, error: TaelError, form: Mapping[str, str]) -> Problem:
    with visit.begin() as work:
        names = {str(one.id): one.name for one in visit.house.policies.versions(work)}
    return problem_of(visit.tongue, error, form, names)
