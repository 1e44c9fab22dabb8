"""Every policy version, who decides now, how that came about, and the next draft."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from tael.console.policies.drawing import LEFT, RIGHT, TOP, WIDTH, draw
from tael.console.policies.experiments import MEASURES
from tael.console.policies.words import Problem, problem_of
from tael.console.visit import Visit, Visiting
from tael.kernel import BadInput, TaelError, VersionId
from tael.platform import Work
from tael.policies import Bundle, first_bundle
from tael.policies.model import (
    TEXTS,
    Arm,
    Deployment,
    Event,
    PolicyState,
    PolicyVersion,
    Role,
)

router = APIRouter(include_in_schema=False)
_SCRIPTED = "x-upload"
# A version may be put in force from these.
_READY = (PolicyState.APPROVED, PolicyState.DEPLOYED)
_NO_BASE = "first"
STOPPING = "stopping."


@dataclass(frozen=True)
class Standing:
    """All that the list of versions shows, as it stands in the books.

    ``forged`` are the numbers of deployments whose record is not the one that was signed.
    """

    versions: Sequence[PolicyVersion]
    events: Sequence[Event]
    deployments: Sequence[Deployment]
    names: Mapping[str, str]
    forged: frozenset[int]

    @property
    def in_force(self) -> Deployment | None:
        """The deployment in force."""
        return next((one for one in self.deployments if one.ended_at is None), None)

    @property
    def titles(self) -> Mapping[str, str]:
        """Names of versions by id."""
        return {one.id: one.name for one in self.versions}

    @property
    def ready(self) -> Sequence[PolicyVersion]:
        """Versions that may have an arm."""
        return [one for one in self.versions if one.state in _READY]

    def arms(self, version: VersionId) -> Sequence[Arm]:
        """What a version has of the deployment in force."""
        force = self.in_force
        return [one for one in force.arms if one.version == version] if force else []

    def last(self, version: VersionId) -> Event | None:
        """What happened to a version last."""
        return next((one for one in reversed(self.events) if one.version == version), None)


def standing(visit: Visit, work: Work) -> Standing:
    """Versions, what happened to them, and deployments, newest first."""
    policies = visit.house.policies
    deployments = policies.deployments(work)
    return Standing(
        policies.versions(work),
        policies.timeline(work),
        deployments,
        visit.names(work),
        frozenset(one.number for one in deployments if not policies.genuine(one)),
    )


@router.get("/policies")
def versions(visit: Visiting, champion: str = "") -> Response:
    """Every version, newest first; ``champion`` is the one that the form puts in force."""
    visit.require("read", "policy")
    return shown(visit, {"champion": champion} if champion else {})


@router.post("/policies")
async def upload(visit: Visiting) -> Response:
    """Keep uploaded texts as a new draft.

    The body is read here and not before: by now somebody is signed in.
    """
    visit.require("propose", "policy")
    scripted = visit.request.headers.get(_SCRIPTED) == "1"
    async with visit.request.form(max_files=len(TEXTS), max_fields=8) as form:
        visit.session.check_csrf(str(form.get("csrf", "")))
        try:
            texts = await _texts(form)
            made = await run_in_threadpool(_drafted, visit, form, texts)
        except TaelError as error:
            typed = {name: str(form.get(name, "")) for name in ("name", "base")}
            problem = problem_of(visit.tongue, error, typed)
            if scripted:
                return visit.page("policy_problem.html", status=problem.status, problem=problem)
            return await run_in_threadpool(shown, visit, typed, draft=problem)
    address = f"/policies/versions/{made.id}"
    if scripted:
        return Response(status_code=201, headers={"Location": address})
    return RedirectResponse(address, status_code=303)


async def _texts(form: FormData) -> dict[str, str]:
    """The files that were chosen, by the text that each is."""
    found: dict[str, str] = {}
    for name in TEXTS:
        file = form.get(f"text_{name}")
        if isinstance(file, UploadFile) and file.filename:
            try:
                found[name] = (await file.read()).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"{file.filename} is not UTF-8 at byte {error.start}", field=name, rule="UTF-8"
                ).telling("not_utf8", file=file.filename, byte=error.start) from None
    if not found:
        raise BadInput("no file was chosen", field="files", rule="at least one file").telling(
            "no_file"
        )
    return found


def _drafted(visit: Visit, form: FormData, texts: Mapping[str, str]) -> PolicyVersion:
    name, base = str(form.get("name", "")), str(form.get("base", ""))
    if not name.strip():
        raise BadInput("no name", code="policy_no_name", field="name", rule="a name").telling(
            "draft_no_name"
        )
    policies = visit.house.policies
    with visit.begin() as work:
        bundle = _bundle(visit, work, texts, base)
        try:
            return policies.draft(work, name, bundle)
        except (ArithmeticError, KeyError, TypeError, ValueError) as error:
            # What a reader of a text trips over instead of refusing it in words.
            raise BadInput(
                f"{type(error).__name__}: {error}", field=", ".join(texts), rule="a policy's text"
            ).telling(
                "unreadable", text=", ".join(texts), why=f"{type(error).__name__}: {error}"
            ) from error


def _bundle(visit: Visit, work: Work, texts: Mapping[str, str], base: str) -> Bundle:
    if base and base != _NO_BASE:
        kept = visit.house.policies.bundle(work, VersionId.parse(base, field="base"))
        return replace(kept, **texts)
    if "model" not in texts:
        raise BadInput("there is no model yet", field="model", rule="a model of one's own").telling(
            "no_model_yet"
        )
    return replace(first_bundle(texts["model"]), **texts)


def shown(
    visit: Visit,
    typed: Mapping[str, str],
    *,
    draft: Problem | None = None,
    deploy: Problem | None = None,
    rollback: Problem | None = None,
) -> Response:
    """The page; a problem stands beside what was refused, ``typed`` in its form again."""
    with visit.begin() as work:
        found = standing(visit, work)
        now = work.clock.now()
    problem = draft or deploy or rollback
    return visit.page(
        "policy_versions.html",
        status=problem.status if problem else 200,
        found=found,
        drawing=draw(found.versions, found.events, found.deployments, now),
        frame={"width": WIDTH, "left": LEFT, "right": RIGHT, "top": TOP},
        marks=[(one, short_hash(one)) for one in found.versions],
        problems={"draft": draft, "deploy": deploy, "rollback": rollback},
        form=_filled(found, typed),
        base=typed.get("base") or (found.in_force.champion if found.in_force else _NO_BASE),
        texts=TEXTS,
        may=acts(visit),
        measures=MEASURES,
        csrf=visit.session.csrf_token,
    )


def acts(visit: Visit) -> dict[str, bool]:
    """What the reader may do with policies."""
    names = ("propose", "check", "accept_finding", "backtest", "waive", "approve", "deploy",
             "rollback", "retire", "refuse_model", "retire_model")  # fmt: skip
    return {name: visit.may(name, "policy") for name in names}


def short_hash(version: PolicyVersion) -> str:
    """Eight digits of a hash over the hashes of all texts: two versions with it say the same."""
    told = "\n".join(f"{name} {version.hashes[name]}" for name in sorted(version.hashes))
    return hashlib.sha256(told.encode()).hexdigest()[:8]


def _filled(found: Standing, typed: Mapping[str, str]) -> dict[str, Any]:
    """The form of a deployment: as it was typed, else as it stands."""
    force = found.in_force
    if "why" in typed or force is None:
        return {
            "champion": typed.get("champion", ""),
            "shares": _by_version(typed, "share:"),
            "shadows": set(_by_version(typed, "shadow:")),
            "random_accept": typed.get("random_accept", ""),
            "stopping": _by_version(typed, STOPPING),
            "why": typed.get("why", ""),
            "to": typed.get("to", ""),
        }
    shares = {one.version: _percent(one.share) for one in force.deciding
              if one.role is Role.CHALLENGER}  # fmt: skip
    champion = typed.get("champion") or str(force.champion)
    shares.pop(VersionId(champion), None)
    return {
        "champion": champion,
        "shares": shares,
        "shadows": {str(one.version) for one in force.shadows} - {champion},
        "random_accept": _percent(force.random_accept) if force.random_accept else "",
        "stopping": force.stopping.typed if force.stopping else {},
        "why": "",
        "to": "",
    }


def _by_version(typed: Mapping[str, str], prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): value for name, value in typed.items()
            if name.startswith(prefix)}  # fmt: skip


def _percent(share: int) -> str:
    """Basis points as a form shows them: 1250 as 12.5."""
    whole, part = divmod(share, 100)
    return f"{whole}.{part:02}".rstrip("0").rstrip(".")
