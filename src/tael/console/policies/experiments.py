"""Champion and challengers: each deployment's arms, its shadows and its lot, and how they went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from tael.console.visit import Visiting
from tael.console.words import N_
from tael.platform import Work
from tael.policies.model import WHOLE, Deployment

router = APIRouter(include_in_schema=False)
_HOME = "/policies/experiments"
_MONTHS = (1, 2, 3, 6, 9, 12, 18, 24)
MEASURES: Mapping[str, str] = {
    "default": N_("Default rate"),
    "approval": N_("Approval rate"),
    "loss": N_("Loss per application"),
}
_MOST_PLANNED = 10**9


class LookedOf(Protocol):
    """What an experiment shows."""

    @property
    def decisions(self) -> int: ...
    @property
    def left_out(self) -> bool: ...
    def parts(self, locale: str) -> list[tuple[str, str]]: ...


class ExperimentsOf(Protocol):
    """The experiments of an installation."""

    def look(
        self,
        work: Work,
        number: int,
        rule: tuple[str, float, int | None] = ("default", 0.01, None),
        *,
        months: int = 6,
    ) -> LookedOf: ...


@dataclass(frozen=True)
class Asked:
    """The form as it was filled in; a field that cannot be read keeps its usual value."""

    deployment: str = ""
    months: int = 6
    measure: str = "default"
    margin: str = "1"
    planned: str = ""
    problems: tuple[str, ...] = ()

    @property
    def rule(self) -> tuple[str, float, int | None]:
        """Measure, margin in its unit, and the planned end."""
        typed = _number(self.margin) or Decimal(1)
        margin = typed * 100 if self.measure == "loss" else typed / 100
        return self.measure, float(margin), _whole(self.planned)


def asked(request: Request) -> Asked:
    """What is asked for in the address."""
    given = request.query_params
    months, measure = given.get("months", "6"), given.get("measure", "default")
    margin, planned = given.get("margin", "1").strip(), given.get("planned", "").strip()
    problems = []
    if (_number(margin) or 0) <= 0:
        problems.append("margin")
    if planned and _whole(planned) is None:
        problems.append("planned")
    return Asked(
        given.get("deployment", ""),
        int(months) if months in map(str, _MONTHS) else 6,
        measure if measure in MEASURES else "default",
        margin,
        planned,
        tuple(problems),
    )


Asking = Annotated[Asked, Depends(asked)]


@router.get(_HOME)
def experiments(visit: Visiting, form: Asking) -> Response:
    """The deployment in force, or the one that is asked for: its arms and how they went."""
    visit.require("read", "policy")
    with visit.begin() as work:
        policies = visit.house.policies
        every = policies.deployments(work)
        versions = {one.id: one.name for one in policies.versions(work)}
        names = visit.names(work)
        shown = _chosen(every, form.deployment)
        found = None
        if shown is not None and not form.problems:
            found = visit.house.experiments.look(work, shown.number, form.rule, months=form.months)
    return visit.page(
        "policy_experiments.html",
        status=422 if form.problems else 200,
        deployments=every,
        shown=shown,
        arms=[] if shown is None else _arms(shown, versions),
        names=names,
        form=form,
        months=_MONTHS,
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


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text.rstrip("%"))
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found < _MOST_PLANNED else None


def _whole(text: str) -> int | None:
    plain = text.replace(",", "")
    whole = plain.isascii() and plain.isdecimal() and 0 < int(plain) < _MOST_PLANNED
    return int(plain) if whole else None
