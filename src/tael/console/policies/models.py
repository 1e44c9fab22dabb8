"""The registry of models: where each stands, who said so, and which versions run with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from tael.console.policies.deploying import Filled
from tael.console.policies.versions import acts
from tael.console.policies.words import Problem, problem_of
from tael.console.visit import Visit, Visiting
from tael.kernel import TaelError
from tael.platform import Work
from tael.policies.model import ModelState, ModelVersion, PolicyState, PolicyVersion

router = APIRouter(include_in_schema=False)
_HOME = "/policies/models"


@dataclass(frozen=True, slots=True)
class Registered:
    """A model with the versions that were drafted with it, newest first."""

    model: ModelVersion
    versions: Sequence[PolicyVersion]

    @property
    def in_force(self) -> Sequence[PolicyVersion]:
        """The versions that run with it now: while there is one, it stays."""
        return [one for one in self.versions if one.state is PolicyState.DEPLOYED]

    @property
    def act(self) -> str:
        """What may be done with it here: ``refuse_model``, ``retire_model`` or ''."""
        acts = {ModelState.DRAFT: "refuse_model", ModelState.APPROVED: "retire_model"}
        return acts.get(self.model.state, "")


@router.get(_HOME)
def models(visit: Visiting) -> Response:
    """Every registered model, newest first."""
    visit.require("read", "policy")
    return _shown(visit)


@router.post(_HOME + "/{model_hash}/refuse")
def refuse(visit: Visiting, model_hash: str, form: Filled) -> Response:
    """Say no to a model that waits, in writing."""
    door, why = visit.house.policies, form.get("why", "")
    return _done(
        visit, form, (model_hash, "refuse"), lambda work: door.refuse_model(work, model_hash, why)
    )


@router.post(_HOME + "/{model_hash}/retire")
def retire(visit: Visiting, model_hash: str, form: Filled) -> Response:
    """Take a model out of use, in writing."""
    door, why = visit.house.policies, form.get("why", "")
    return _done(
        visit, form, (model_hash, "retire"), lambda work: door.retire_model(work, model_hash, why)
    )


def _done(
    visit: Visit, form: Filled, what: tuple[str, str], act: Callable[[Work], object]
) -> Response:
    visit.session.check_csrf(form.get("csrf", ""))
    key, verb = what
    visit.require(f"{verb}_model", "policy")
    try:
        with visit.begin() as work:
            act(work)
    except TaelError as error:
        with visit.begin() as work:
            names = {str(one.id): one.name for one in visit.house.policies.versions(work)}
        return _shown(visit, replace(problem_of(visit.tongue, error, form, names), field=key))
    return RedirectResponse(f"{_HOME}#model-{key[:12]}", status_code=303)


def _shown(visit: Visit, problem: Problem | None = None) -> Response:
    with visit.begin() as work:
        versions = visit.house.policies.versions(work)
        found = [
            Registered(one, [each for each in versions if each.hashes.get("model") == one.hash])
            for one in visit.house.policies.models(work)
        ]
        names = visit.names(work)
    return visit.page(
        "policy_models.html",
        status=problem.status if problem else 200,
        found=found,
        names=names,
        problem=problem,
        typed=problem.typed if problem else {},
        may=acts(visit),
        csrf=visit.session.csrf_token,
    )
