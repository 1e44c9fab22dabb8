"""The engines behind a bundle's texts: DMN rules and scorecard, in this room's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from tael import __version__, dmn
from tael.kernel import TaelError
from tael.policies.model import Feature
from tael.policies.ports import Answer, Engines, Score
from tael.risk import Scorecard

FILE = "policy.dmn"
# How long the tables of a draft are verified; a policy of normal size takes a fraction of it.
_REVIEW_S = 5.0
# Reasons asked of the engine: the room itself says how many are given.
_EVERY = 1_000


class DmnRules:
    """A DMN file that answers. Every decision of it is computed, so the trace is whole.

    Reasons are those the file declares (see ``tael.dmn.reasons``); of a file that declares none,
    the codes of its decisions ``knock_outs`` and ``referrals``.
    """

    version = f"tael.dmn {__version__}"

    def __init__(self, text: str) -> None:
        self._model = dmn.loads(text, file=FILE)
        self._reasoner = self._model.reasoner
        self.hash = self._model.hash

    @property
    def inputs(self) -> Mapping[str, str]:
        """Names and types of what the rules read."""
        items = self._model.graph.inputs.values()
        return {item.path + item.name: _kind(item.type) for item in items}

    @property
    def decisions(self) -> Mapping[str, tuple[str, ...]]:
        """Names of the decisions; of one whose type is a context also those of its entries."""
        items = self._model.graph.decisions.values()
        return {item.path + item.name: _entries(item.type) for item in items}

    @property
    def codes(self) -> Sequence[str]:
        """Every code that a rule or characteristic of the file names."""
        return self._reasoner.codes

    def review(self) -> None:
        """Refuse what the type checker or the verification of tables holds for an error.

        A gap is one too where nothing but the inputs decides whether a value falls into it: no
        application may go unanswered.

        Raises:
            DmnError: the first such finding, with node and line.
        """
        found = (*self._model.check(), *self._model.verify(budget_s=_REVIEW_S).findings)
        for finding in found:
            gap = finding.kind == "gap" and not finding.conditional
            if finding.severity.value == "error" or (gap and finding.severity.value == "warning"):
                raise dmn.DmnError(
                    finding.en, file=FILE, node=finding.node, line=finding.line, rule=finding.kind
                )

    def evaluate(self, inputs: Mapping[str, Feature]) -> Answer:
        """Outputs by decision, the trace, and why.

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
        knocked, short = self._why(result)
        return Answer(result.outputs, result.trace.to_json(), knocked, short)

    def _why(self, result: dmn.Result) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not self._reasoner.sources:
            lists = (_codes(result.outputs.get(name)) for name in ("knock_outs", "referrals"))
            return tuple(code for codes in lists for code in codes), ()
        reasons = self._reasoner.reasons(result.trace, most=_EVERY)
        return (
            tuple(reason.code for reason in reasons if reason.is_knock_out),
            tuple(reason.code for reason in reasons if not reason.is_knock_out),
        )


class ScorecardScorer:
    """A scorecard that answers, in this room's exact numbers."""

    def __init__(self, text: str) -> None:
        self._card = Scorecard.from_json(text)
        self._names = [item.name for item in self._card.characteristics_]

    @property
    def variables(self) -> Sequence[str]:
        """Names of what the scorecard reads."""
        return self._names

    @property
    def codes(self) -> Sequence[str]:
        """The reasons it may give."""
        return [item.binning.feature.reason_code for item in self._card.characteristics_]

    def score(self, features: Mapping[str, Feature]) -> Score:
        """Probability, points and main reasons; the model's floats leave as a ``Rate``.

        Raises:
            BadInput: the scorecard reads a variable that is no input of the policy.
        """
        row = {name: _plain(features[name]) for name in self._names if name in features}
        reasons = tuple(reason.code for reason in self._card.reasons(row))
        return Score(self._card.pd(row), self._card.score_of(row), reasons)


def _kind(declared: object) -> str:
    """The FEEL type behind a declared one: an item definition may name another."""
    while (inner := getattr(declared, "type", None)) is not None:
        declared = inner
    name = getattr(declared, "name", "")
    return name if name in ("number", "string", "boolean") else ""


def _entries(declared: object) -> tuple[str, ...]:
    while (inner := getattr(declared, "type", None)) is not None:
        declared = inner
    return tuple(name for name, _ in getattr(declared, "entries", ()))


def _codes(found: object) -> Sequence[str]:
    if found is None:
        return ()
    return [str(code) for code in found] if isinstance(found, tuple) else [str(found)]


def _plain(value: Feature) -> object:
    """A number as a model takes it: yes and no are 1 and 0."""
    return float(value) if isinstance(value, bool | Decimal) else value


ENGINES = Engines(rules=DmnRules, scorer=ScorecardScorer)
