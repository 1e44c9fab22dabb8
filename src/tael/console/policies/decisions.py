"""The decision log: a search, one decision as a person reads it, and that decision made again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from tael.console.listing import ROWS, Asked, Filter, Sought, ask
from tael.console.pages import wants_fragment
from tael.console.policies import decision_view, decision_words
from tael.console.policies.decision_view import View
from tael.console.visit import Visit, Visiting, path_id
from tael.console.words import N_
from tael.kernel import DecisionId, Forbidden, TaelError, VersionId
from tael.platform import Work
from tael.policies.live import replay

router = APIRouter(include_in_schema=False)
_TIERS = range(1, 8)
_ARMS = ("champion", "challenger")
_OUTCOMES = ("approve", "decline", "refer")


@router.get("/policies/decisions")
def decisions(visit: Visiting, after: Annotated[str, Query()] = "") -> Response:
    """A page of the log as it was searched; the next rows only when htmx asks for them."""
    visit.require("read", "decision")
    last = path_id(DecisionId, after) if after else ""
    house, seen = visit.house, visit.sees("decision")
    with visit.begin() as work:
        names = _version_names(visit, work)
        asked = ask(_filters(visit, names), visit.request.query_params)
        rows, following = (
            ((), None)
            if asked.problems
            else house.lines(work).decisions(
                _sought(asked), house.settings.zone, after=last, limit=ROWS
            )
        )
    return visit.listing(
        "policy_decisions",
        asked,
        following=following,
        further=bool(after),
        rows=rows,
        seen=seen,
        version_names=names,
        may_read_versions=visit.may("read", "policy"),
    )


def _version_names(visit: Visit, work: Work) -> Mapping[VersionId, str]:
    """Every version by id, the newest first, for whoever sees which one decided."""
    if "versions" not in visit.sees("decision"):
        return {}
    return {one.id: one.name for one in visit.house.policies.versions(work)}


def _filters(visit: Visit, names: Mapping[VersionId, str]) -> list[Filter]:
    seen, tongue = visit.sees("decision"), visit.tongue
    outcomes = [(code, tongue.label(code, "outcome")) for code in _OUTCOMES]
    found = [
        Filter("number", N_("Number of an application or a decision"), "text"),
        Filter("outcome", N_("Outcome"), "choice", outcomes),
    ]
    if "tier" in seen:
        tiers = [(str(tier), f"R{tier}") for tier in _TIERS]
        found.append(Filter("tier", N_("Tier"), "choice", tiers))
    if "versions" in seen:
        versions = [(str(key), f"{name} {key[-6:]}") for key, name in names.items()]
        arms = [(code, tongue.label(code, "arm")) for code in _ARMS]
        found += [
            Filter("version", N_("Policy version"), "choice", versions),
            Filter("arm", N_("Arm"), "choice", arms),
        ]
    return [
        *found,
        Filter("reason", N_("Code of a reason"), "code"),
        Filter("since", N_("Decided from"), "day"),
        Filter("until", N_("Decided to"), "day", least="since"),
    ]


def _sought(asked: Asked) -> Sought:
    return Sought(
        number=asked.text("number"),
        version=asked.text("version"),
        outcome=asked.text("outcome"),
        tier=asked.number("tier"),
        arm=asked.text("arm"),
        reason=asked.text("reason"),
        since=asked.day("since"),
        until=asked.day("until"),
    )


@router.get("/policies/decisions/{decision_id}")
def decision(
    visit: Visiting, decision_id: str, inputs: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """One decision: outcome, why, with which versions, on what, and whether the log holds."""
    visit.require("read", "decision")
    return _shown(visit, path_id(DecisionId, decision_id), inputs=inputs)


@router.get("/policies/decisions/{decision_id}/inputs")
def inputs(
    visit: Visiting, decision_id: str, inputs: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """The inputs whose name holds what was typed: a part of the page."""
    visit.require("read", "decision")
    key = path_id(DecisionId, decision_id)
    with visit.begin() as work:
        view = decision_view.view_of(visit, work, key)
    _demand(visit, view, "inputs")
    return visit.page("policy_decision_inputs.html", view=view, found=view.inputs(inputs))


@router.post("/policies/decisions/{decision_id}/reproduce")
def reproduce(visit: Visiting, decision_id: str, csrf: Annotated[str, Form()] = "") -> Response:
    """Make the decision again from its log row, and say whether it is equal or how it differs."""
    visit.session.check_csrf(csrf)
    visit.require("replay", "decision")
    key = path_id(DecisionId, decision_id)
    with visit.begin() as work:
        decision_view.view_of(visit, work, key)
        again = _again(visit, work, key)
        detail = {"equal": "yes" if again["equal"] else "no"}
        work.audit("decision.reproduced", key, detail)
    if wants_fragment(visit.request):
        return visit.page("policy_decision_again.html", again=again, words=decision_words)
    return _shown(visit, key, again=again)


def _again(visit: Visit, work: Work, key: DecisionId) -> dict[str, Any]:
    """From the row, and where it was made on raw events, from these too."""
    policies = visit.house.policies
    found: dict[str, Any] = {"once": None, "deviations": (), "on_evidence": 0, "failed": ""}
    try:
        found["once"] = once = policies.reproduce(work, key)
        looked = replay(work, visit.house.lane, [key])
    except TaelError as failed:
        return found | {"equal": False, "failed": str(failed)}
    # What the row alone gives is told place by place already.
    more = [one for one in looked.deviations if one.what not in ("result", "trace")]
    return found | {
        "deviations": more,
        "on_evidence": looked.on_evidence,
        "equal": once.same and not looked.deviations,
        "place": policies.place_in_log(work, key),
    }


@router.get("/policies/decisions/{decision_id}/recourse")
def recourse(
    visit: Visiting,
    decision_id: str,
    sender: Annotated[str, Query(max_length=80)] = "",
    contact: Annotated[str, Query(max_length=80)] = "",
) -> Response:
    """What would change the answer, and the letter that tells it when it is said from whom."""
    visit.require("read", "decision")
    key = path_id(DecisionId, decision_id)
    with visit.begin() as work:
        view = decision_view.view_of(visit, work, key)
        _demand(visit, view, "explanation")
        bundle = visit.house.policies.bundle(work, view.entry.policy_id)
    told = decision_view.advice_of(view, bundle, (sender.strip(), contact.strip()))
    if wants_fragment(visit.request):
        return visit.page("policy_decision_recourse.html", view=view, told=told)
    return _shown(visit, key, told=told)


def _demand(visit: Visit, view: View, field: str) -> None:
    if field not in visit.sees("decision", view.row):
        raise Forbidden(f"you may not see the {field} of decisions", rule=f"decision.{field}")


def _shown(visit: Visit, key: DecisionId, *, inputs: str = "", **more: Any) -> Response:
    with visit.begin() as work:
        view = decision_view.view_of(visit, work, key)
        seen = visit.sees("decision", view.row)
        steps, untold = decision_view.trace_of(visit, work, view) if "trace" in seen else ((), "")
        values: dict[str, Any] = {
            "view": view,
            "seen": seen,
            "steps": steps,
            "untold": untold,
            "beside": decision_view.beside(work, view) if "versions" in seen else (),
            "version_names": _version_names(visit, work),
            "names": visit.names(work),
            "found": view.inputs(inputs) if "inputs" in seen else None,
        }
    return visit.page(
        "policy_decision.html",
        words=decision_words,
        may_read_versions=visit.may("read", "policy"),
        may_replay=visit.may("replay", "decision"),
        **{"again": None, "told": None, **values, **more},
    )
