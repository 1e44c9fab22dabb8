"""Runs a version's own cases: the way a live decision goes, with what each expects beside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from tael.kernel import BadInput, Rate, TaelError
from tael.policies import rules
from tael.policies.cases import Case
from tael.policies.model import CaseFailure, Feature, Verdict
from tael.policies.ports import Score, Scorer
from tael.policies.texts import Policy


def run_cases(policy: Policy, *, cap: Rate | None) -> tuple[CaseFailure, ...]:
    """The cases of ``policy`` that came out otherwise.

    ``cap`` is the all-in cap of cases that name none; None where all do.
    """
    failed = ((case, _got(policy, case, cap)) for case in policy.cases)
    return tuple(
        CaseFailure(case.name, case.expect, got)
        for case, got in failed
        if any(field not in got or got[field] != case.expect[field] for field in case.expect)
    )


def _got(policy: Policy, case: Case, cap: Rate | None) -> Mapping[str, object]:
    try:
        verdict = _verdict(policy, case, cap)
    except TaelError as wrong:
        return {"refused": wrong.field or wrong.code, "message": wrong.message}
    told = _told(verdict)
    return {field: told[field] for field in case.expect if field in told}


def _verdict(policy: Policy, case: Case, cap: Rate | None) -> Verdict:
    given = policy.scorer.gives
    features = {name: value for name, value in case.inputs.items() if name not in given}
    blank: dict[str, object] = dict.fromkeys(policy.variables)
    inputs = rules.checked(policy, {**blank, **features})
    told = {name: case.inputs[name] for name in given if name in case.inputs}
    # A case that says what the model answers tests the rules alone.
    asked = replace(policy, scorer=_Told(policy.scorer, _score(told))) if told else policy
    highest = case.cap or cap
    if highest is None:
        raise BadInput("the case names no all-in cap, and none is in force", field="cap")
    return rules.evaluate(asked, inputs, cap=highest)[0]


class _Told:
    """A model whose answer is known beforehand."""

    def __init__(self, model: Scorer, score: Score) -> None:
        self.variables, self.codes = model.variables, model.codes
        self.gives, self.plan = model.gives, model.plan
        self._score = score

    def score(self, features: Mapping[str, Feature]) -> Score:  # noqa: ARG002 - told beforehand
        return self._score


def _score(given: Mapping[str, object]) -> Score:
    """The model's answer as the case has it."""
    exact = {name: value for name, value in given.items() if isinstance(value, Decimal)}
    if "pd" not in exact or len(exact) < len(given):
        name = next((name for name in given if name not in exact), "pd")
        raise BadInput(f"{name} is no number", field=name, rule="pd, and numbers")
    pd = exact.pop("pd")
    if not 0 <= pd <= 1:
        raise BadInput(f"{pd} is no probability", field="pd", rule="between 0 and 1")
    return Score(Rate(pd), 0, exact)


def _told(verdict: Verdict) -> dict[str, object]:
    return {
        "outcome": verdict.outcome,
        "tier": verdict.tier,
        "limit": verdict.limit.decimal(),
        "reasons": list(verdict.reasons),
        "options": [option.code for option in verdict.options],
        "routing": verdict.routing,
        "pd": verdict.pd.fraction,
        "points": verdict.points,
    }
