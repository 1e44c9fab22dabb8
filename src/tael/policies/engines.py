"""The engines behind a bundle's texts: DMN rules and scorecard, in this room's words."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from tael import dmn
from tael.kernel import TaelError
from tael.policies.model import Feature
from tael.policies.ports import Engines, Score
from tael.risk import Scorecard


class DmnRules:
    """A DMN file that answers. Every decision of it is computed, so the trace is whole."""

    def __init__(self, text: str) -> None:
        self._model = dmn.loads(text, file="policy.dmn")

    def evaluate(self, inputs: Mapping[str, Feature]) -> tuple[Mapping[str, object], object]:
        """Outputs by decision, and the trace.

        Raises:
            TaelError: a value came out as null for want of a type or a rule
                (``policy_undetermined``): no decision is better than one nobody wrote.
        """
        known = {name: value for name, value in inputs.items() if name in self._model.inputs}
        result = self._model.evaluate(known)
        if result.warnings:
            raise TaelError(
                f"the policy does not determine an answer: {result.warnings[0]}",
                code="policy_undetermined",
                field=result.warnings[0].node,
                rule="every decision of the policy has a value",
            )
        return result.outputs, result.to_json()["trace"]


class ScorecardScorer:
    """A scorecard that answers, in this room's exact numbers."""

    def __init__(self, text: str) -> None:
        self._card = Scorecard.from_json(text)
        self._names = [item.name for item in self._card.characteristics_]

    def score(self, features: Mapping[str, Feature]) -> Score:
        """Probability, points and main reasons; the model's floats leave as a ``Rate``.

        Raises:
            BadInput: the scorecard reads a variable that is no input of the policy.
        """
        row = {name: _plain(features[name]) for name in self._names if name in features}
        reasons = tuple(reason.code for reason in self._card.reasons(row))
        return Score(self._card.pd(row), self._card.score_of(row), reasons)


def _plain(value: Feature) -> object:
    """A number as a model takes it: yes and no are 1 and 0."""
    return float(value) if isinstance(value, bool | Decimal) else value


ENGINES = Engines(rules=DmnRules, scorer=ScorecardScorer)
