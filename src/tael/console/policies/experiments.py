"""Champion and challengers: each deployment's arms, its shadows and its lot, and how they went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tael.console.visit import Visiting
from tael.console.words import N_
from tael.kernel import BadInput
from tael.platform import Work
from tael.policies.model import (
    STOPPING_MEASURES,
    WHOLE,
    Deployment,
    StoppingRule,
    stopping_rule_typed,
)

router = APIRouter(include_in_schema=False)
_HOME = "/policies/experiments"
MEASURES: Mapping[str, str] = {
    "default": N_("Default rate"),
    "approval": N_("Approval rate"),
    "loss": N_("Loss per application"),
}


class LookedOf(Protocol):
    """What an experiment shows."""

    @property
    def decisions(self) -> int: ...
    @property
    def older(self) -> int: ...
    @property
    def since(self) -> datetime | None: ...
    def parts(self, locale: str) -> list[tuple[str, str]]: ...


class ExperimentsOf(Protocol):
    """The experiments of an installation."""

    def look(
        self,
        work: Work,
        number: int,
        rule: StoppingRule | None = None,
    ) -> LookedOf: ...


@dataclass(frozen=True)
class Asked:
    """The form: a rule as it was filled in, else as it was declared, else the usual one.

    Attributes:
        typed: each field of the rule as people write it.
        rule: what these say; None where they say none.
        problem: the field that is wrong.
    """

    typed: Mapping[str, str]
    rule: StoppingRule | None
    problem: str = ""


def asked(given: Mapping[str, str], declared: StoppingRule | None) -> Asked:
    """What is asked for in the address; fields that are not in it are those of ``declared``."""
    usual = declared or StoppingRule()
    measure = given.get("measure", usual.measure)
    typed = (usual if measure == usual.measure else _of_another(usual, measure)).typed
    typed |= {name: given[name].strip() for name in typed if name in given}
    try:
        return Asked(typed, stopping_rule_typed(typed))
    except BadInput as error:
        return Asked(typed, None, (error.field or "").removeprefix("stopping."))


def _of_another(rule: StoppingRule, measure: str) -> StoppingRule:
    """The rule by another measure, with the usual margin: points are no money."""
    if measure not in STOPPING_MEASURES:
        return rule
    return replace(rule, measure=measure, margin=stopping_rule_typed({"measure": measure}).margin)


@router.get(_HOME)
def experiments(visit: Visiting, request: Request) -> Response:
    """The deployment in force, or the one that is asked for: its arms and how they went."""
    visit.require("read", "policy")
    with visit.begin() as work:
        policies = visit.house.policies
        every = policies.deployments(work)
        versions = {one.id: one.name for one in policies.versions(work)}
        names = visit.names(work)
        shown = _chosen(every, request.query_params.get("deployment", ""))
        form = asked(request.query_params, shown.stopping if shown else None)
        found = None
        if shown is not None and form.rule is not None:
            found = visit.house.experiments.look(work, shown.number, form.rule)
    return visit.page(
        "policy_experiments.html",
        status=200 if form.rule else 422,
        deployments=every,
        shown=shown,
        arms=[] if shown is None else _arms(shown, versions),
        names=names,
        form=form,
        measures=MEASURES,
        found=found,
        parts=found.parts(visit.tongue.short) if found else [],
    )


def _chosen(every: Any, text: str) -> Deployment | None:
    """The deployment of this number; the newest where none is asked for."""
    if not every:
        return None
    known: dict[str, Deployment] = {str(one.number): one for one in every}
    newest: Deployment = every[0]
    return known.get(text, newest)


def _arms(shown: Deployment, names: Mapping[Any, str]) -> list[dict[str, Any]]:
    return [
        {
            "id": arm.version,
            "name": names.get(arm.version, arm.version),
            "role": arm.role.value,
            "share": Decimal(arm.share) / WHOLE,
        }
        for arm in shown.arms
    ]
