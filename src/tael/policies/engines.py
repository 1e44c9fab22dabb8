"""The engines behind a bundle's texts: DMN rules and the scorecard, wrapped to speak this room's words."""

from __future__ import annotations

from collections.abc import Mapping

from tael import dmn
from tael.kernel import TaelError
from tael.policies.model import Feature
from tael.policies.ports import Engines, Score


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
    """Placeholder until risk arrives."""

    def __init__(self, text: str) -> None:
        raise NotImplementedError(text)

    def score(self, features: Mapping[str, Feature]) -> Score:
        raise NotImplementedError(features)


ENGINES = Engines(rules=DmnRules, scorer=ScorecardScorer)
