"""The page of one policy version, and every act on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from tael.console.policies.deploying import Filled
from tael.console.policies.one import Whole, differences, untouched, values_of, whole
from tael.console.policies.words import Problem, problem_of
from tael.console.visit import Visit, Visiting, path_id
from tael.kernel import BadInput, NotFound, TaelError, VersionId
from tael.platform import Work
from tael.policies.model import TEXTS

router = APIRouter(include_in_schema=False)
_FILES = {"dmn": ("policy.dmn", "application/xml; charset=utf-8")}
_JSON = "application/json; charset=utf-8"
_EXPECTED = ("outcome", "tier", "limit", "reasons", "routing", "refused")
_NUMBERS = ("tier", "limit")


@router.get("/policies/versions/{version_id}")
def version(visit: Visiting, version_id: str, against: Annotated[str, Query()] = "") -> Response:
    """One version; ``against`` is the one that it is compared with."""
    visit.require("read", "policy")
    return _shown(visit, path_id(VersionId, version_id), against=against)


@router.get("/policies/versions/{version_id}/texts/{name}")
def text(visit: Visiting, version_id: str, name: str) -> Response:
    """A text of a version, as a file."""
    visit.require("read", "policy")
    with visit.begin() as work:
        bundle = visit.house.policies.bundle(work, path_id(VersionId, version_id))
    found = getattr(bundle, name) if name in TEXTS else ""
    if not found:
        raise NotFound(f"there is no text {name[:60]!r}", field="name")
    file, kind = _FILES.get(name, (f"{name}.json", _JSON))
    headers = {"Content-Disposition": f"attachment; filename={quote(file)}"}
    return Response(found, media_type=kind, headers=headers)


@router.post("/policies/versions/{version_id}/check")
def check(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Look it through and run its own cases; what stands in the way is on the page then."""
    return _done(visit, version_id, form, "check", visit.house.policies.check)


@router.post("/policies/versions/{version_id}/accept")
def accept(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Accept a doubt of the last check in writing."""
    told = (form.get("finding", ""), form.get("why", ""))
    policies = visit.house.policies
    return _done(
        visit, version_id, form, "accept_finding",
        lambda work, key: policies.accept_finding(work, key, *told),
    )  # fmt: skip


@router.post("/policies/versions/{version_id}/waive")
def waive(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Go on without a back-test, in writing."""
    policies = visit.house.policies
    return _done(
        visit, version_id, form, "waive",
        lambda work, key: policies.waive_backtest(work, key, form.get("why", "")),
    )  # fmt: skip


@router.post("/policies/versions/{version_id}/approve")
def approve(visit: Visiting, version_id: str, form: Filled) -> Response:
    """A second person's word for it; or theirs against it, with a reason."""
    policies, why = visit.house.policies, form.get("why", "")
    return _done(
        visit, version_id, form, "approve",
        lambda work, key: policies.reject(work, key, why)
        if form.get("verdict") == "reject"
        else policies.approve(work, key, why=why),
    )  # fmt: skip


@router.post("/policies/versions/{version_id}/retire")
def retire(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Take it out of force, or withdraw it."""
    policies = visit.house.policies
    return _done(
        visit, version_id, form, "retire",
        lambda work, key: policies.retire(work, key, why=form.get("why", "")),
    )  # fmt: skip


@router.post("/policies/versions/{version_id}/cases")
def cases(visit: Visiting, version_id: str, form: Filled) -> Response:
    """Draft a version with other cases: the whole text, or one more case."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require("propose", "policy")
    key, name = path_id(VersionId, version_id), form.get("name", "")
    policies = visit.house.policies
    try:
        with visit.begin() as work:
            _demand_name(name)
            if form.get("act") == "text":
                written = form.get("cases", "").replace("\r\n", "\n")
                bundle = replace(policies.bundle(work, key), cases=written)
                made = policies.draft(work, name, bundle)
            else:
                made = policies.draft_with_case(work, key, name, _case(form))
    except TaelError as error:
        field = error.field or ""
        inside = field.removeprefix("cases.")
        problem = problem_of(visit.tongue, error, {**form, "act": form.get("act", "case")})
        return _shown(visit, key, problem=replace(problem, field=f"cases:{inside}"))
    return RedirectResponse(f"/policies/versions/{made.id}#cases", status_code=303)


def _demand_name(name: str) -> None:
    if not name.strip():
        raise BadInput("no name", code="policy_no_name", field="name", rule="a name").telling(
            "draft_no_name"
        )


def _case(form: Mapping[str, str]) -> dict[str, object]:
    """The case that the form describes: lines of ``name = value``, and what has to come out."""
    expect: dict[str, object] = {}
    for field in _EXPECTED:
        text = form.get(f"expect_{field}", "").strip()
        if text and field == "reasons":
            expect[field] = [
                one.strip() for one in text.replace("，", ",").split(",") if one.strip()
            ]
        elif text:
            expect[field] = _value(text) if field in _NUMBERS else text
    return {"name": form.get("case", "").strip(), "inputs": _inputs(form), "expect": expect}


def _inputs(form: Mapping[str, str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for number, line in enumerate(form.get("inputs", "").splitlines(), 1):
        if line.strip():
            name, equals, value = line.partition("=")
            if not equals or not name.strip():
                raise BadInput(
                    f"line {number} is no input: {line.strip()[:60]!r}",
                    field="inputs", row=number, rule="name = value",
                ).telling("line_no_input", line=number, text=line.strip()[:60])  # fmt: skip
            found[name.strip()] = _value(value.strip())
    return found


def _value(text: str) -> object:
    """A number, yes or no, or a text, as it looks."""
    try:
        found = json.loads(text, parse_float=Decimal, parse_constant=str)
    except ValueError:
        return text
    return found if isinstance(found, (bool, int, Decimal, str)) or found is None else text


def _done(
    visit: Visit,
    version_id: str,
    form: Mapping[str, str],
    action: str,
    act: Callable[[Work, VersionId], object],
) -> Response:
    """Do it in one transaction and show the version again; a refusal stands where it arose."""
    visit.session.check_csrf(form.get("csrf", ""))
    visit.require(action, "policy")
    key = path_id(VersionId, version_id)
    try:
        with visit.begin() as work:
            act(work, key)
    except NotFound:
        raise
    except TaelError as error:
        problem = problem_of(visit.tongue, error, form)
        place = f"{action}:{form.get('finding', '')}" if action == "accept_finding" else action
        return _shown(visit, key, problem=replace(problem, field=place))
    return RedirectResponse(f"/policies/versions/{key}", status_code=303)


def _shown(
    visit: Visit, key: VersionId, *, against: str = "", problem: Problem | None = None
) -> Response:
    with visit.begin() as work:
        found = whole(visit, work, key)
        other = _other(found, against)
        if other and not (found.bundle and untouched(visit, work, other)):
            other = None
        told = differences(visit, work, other, key) if other else ((), (), 0)
        unlike = _unlike(found, other) if other else ()
    return visit.page(
        "policy_version.html",
        status=problem.status if problem else 200,
        others=[one for one in found.standing.versions if one.id != key],
        other=other,
        differences=told[0],
        tables=told[1],
        unlike=unlike,
        more=told[2],
        **values_of(visit, found, problem),
    )


def _unlike(found: Whole, other: VersionId) -> Sequence[str]:
    """The texts that are not the same byte for byte, whatever they say."""
    there = next(one.hashes for one in found.standing.versions if one.id == other)
    here = found.version.hashes
    return [name for name in {**here, **there} if here.get(name) != there.get(name)]


def _other(found: Whole, against: str) -> VersionId | None:
    """What it is compared with: as chosen, else the champion, else the version drafted before."""
    known = [one.id for one in found.standing.versions]
    mine = found.version.id
    if against in known and against != mine:
        return VersionId(against)
    force = found.standing.in_force
    if force and force.champion != mine:
        return force.champion
    earlier = known[known.index(mine) + 1 :]
    return earlier[0] if earlier else None
