"""Models as artefacts: registered by hash, approved by a second person, refused, retired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tael.kernel import Conflict, Forbidden, NotFound
from tael.platform import Work
from tael.policies.manifest import model_of
from tael.policies.model import ModelState, ModelVersion, PolicyState
from tael.policies.registry import facts_of_model
from tael.policies.shelf import Shelf
from tael.policies.writing import in_writing


class Artefacts(Shelf):
    """The models behind versions."""

    def models(self, work: Work) -> Sequence[ModelVersion]:
        """Every registered model, newest first."""
        return self._open(work).models()

    def approve_model(self, work: Work, model_hash: str) -> ModelVersion:
        """A second person's word for a model by itself.

        Raises:
            NotFound: no such model.
            Forbidden: the approver drafted it.
            Conflict: it is no draft.
        """
        model = self._model(work, model_hash)
        if model.state is not ModelState.DRAFT:
            raise _wrong_state(model, "a draft")
        if model.drafted_by == work.actor.id:
            raise own_work("a model", "model")
        return self._approve_model(work, model)

    def refuse_model(self, work: Work, model_hash: str, why: str) -> ModelVersion:
        """Say no, in writing, to a model that waits for a second person. It is final.

        No version with it is drafted or approved any more. Whoever drafted it may take it back so,
        as with a version: what needs a second person is a yes.

        Raises:
            NotFound: no such model.
            BadInput: ``why`` says nothing.
            Conflict: it is no draft.
        """
        told = in_writing(why, "why")
        # Before any row, as whoever deploys does: it comes into force or out of use, never both.
        self._open(work).only_deployer()
        model = self._model(work, model_hash)
        if model.state is not ModelState.DRAFT:
            raise _wrong_state(model, "a draft")
        self._demand_idle(work, model)
        return self._ended(work, model, ModelState.REFUSED, told)

    def retire_model(self, work: Work, model_hash: str, why: str) -> ModelVersion:
        """Take a model out of use, in writing: no version with it is drafted, approved or deployed.

        Raises:
            NotFound: no such model.
            BadInput: ``why`` says nothing.
            Conflict: it is not approved, or a version in force runs with it; names the version.
        """
        told = in_writing(why, "why")
        self._open(work).only_deployer()
        model = self._model(work, model_hash)
        if model.state is not ModelState.APPROVED:
            raise _wrong_state(model, "approved")
        self._demand_idle(work, model)
        return self._ended(work, model, ModelState.RETIRED, told)

    # --- for versions

    def _register(self, work: Work, text: str) -> None:
        facts = facts_of_model(text)
        known = self._open(work).model(facts.hash)
        if known is not None:
            _demand_usable(known)
        if known is None:
            made = ModelVersion(
                hash=facts.hash,
                kind=facts.kind,
                name=facts.name,
                trained_on=facts.trained_on,
                plan=facts.plan,
                state=ModelState.DRAFT,
                drafted_by=work.actor.id,
                drafted_at=work.clock.now(),
            )
            self._open(work).add_model(made)
            work.audit("model.drafted", made.hash, {"kind": made.kind})

    def _model(self, work: Work, model_hash: str) -> ModelVersion:
        model = self._open(work).model(model_hash, lock=True)
        if model is None:
            raise NotFound(f"there is no model {model_hash}", field="model").telling(
                "no_such_model", hash=model_hash
            )
        return model

    def _approved_model(self, work: Work, model_hash: str) -> ModelVersion:
        """The model behind a version that is being approved: approved with it, or before."""
        model = self._model(work, model_hash)
        _demand_usable(model)
        if model.state is ModelState.APPROVED:
            return model
        if model.drafted_by == work.actor.id:
            raise own_work("a model", "model")
        return self._approve_model(work, model)

    def _demand_idle(self, work: Work, model: ModelVersion) -> None:
        for version in self._open(work).versions():
            if version.state is PolicyState.DEPLOYED and model_of(version) == model.hash:
                raise Conflict(
                    f"{version.id} is in force and runs with {model.name}",
                    field="model",
                    rule="no version in force",
                ).telling("model_in_force", version=version.id, name=model.name)

    def _ended(self, work: Work, model: ModelVersion, to: ModelState, why: str) -> ModelVersion:
        now = work.clock.now()
        stamp = "retired_at" if to is ModelState.RETIRED else "refused_at"
        ended = replace(model, state=to, ended_by=work.actor.id, why=why, **{stamp: now})  # type: ignore[arg-type]
        self._open(work).change_model(ended)
        work.audit(f"model.{to.value}", model.hash, {"why": why})
        return ended

    def _approve_model(self, work: Work, model: ModelVersion) -> ModelVersion:
        approved = replace(
            model,
            state=ModelState.APPROVED,
            approved_by=work.actor.id,
            approved_at=work.clock.now(),
        )
        self._open(work).change_model(approved)
        work.audit("model.approved", model.hash)
        return approved


def own_work(what: str, field: str) -> Forbidden:
    """Refuses whoever would approve what they drafted."""
    return Forbidden(
        f"whoever drafted {what} does not approve it", field=field, rule="a second person approves"
    ).telling("own_work", what=field)


def _wrong_state(model: ModelVersion, rule: str) -> Conflict:
    state = model.state.value
    return Conflict(f"{model.name} is {state}", field="model", rule=rule).telling(
        "model_state", name=model.name, state=state
    )


def _demand_usable(model: ModelVersion) -> None:
    if model.state in (ModelState.REFUSED, ModelState.RETIRED):
        raise Conflict(
            f"the model {model.name} was {model.state.value}", field="model", rule="a model in use"
        ).telling("model_out_of_use", name=model.name, state=model.state.value)
