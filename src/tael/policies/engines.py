"""The engines behind a bundle's texts, in this room's words: DMN rules here, models beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael import __version__, dmn
from tael.kernel import TaelError
from tael.policies.model import Feature, Finding, Weight
from tael.policies.ports import Answer, Engines, Rules, Score, Scorer
from tael.report import Words

__all__ = ["ENGINES", "Answer", "DmnRules", "Engines", "Rules", "Score", "Scorer"]

FILE = "policy.dmn"
# How long the tables of a draft are verified; a policy of normal size takes a fraction of it.
_REVIEW_S = 5.0
_NOT_VERIFIED = Words(
    "时间用尽，决策表没有全部验证", "the time was spent before every table was verified"
)
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
        self._reads = tuple(self._model.inputs)
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

    def findings(self) -> Sequence[Finding]:
        """What the type checker and the verification of tables find.

        A type error is a fault. What is wrong with a table, be it an error, is a doubt: whoever
        knows that such a case cannot come may say so in writing.
        """
        verified = self._model.verify(budget_s=_REVIEW_S)
        found = [_found(one, fault=one.severity.value == "error") for one in self._model.check()]
        found += [_found(one, fault=False) for one in verified.findings]
        if verified.spent:
            found.append(Finding("dmn", "not_verified", "", Weight.DOUBT, _NOT_VERIFIED))
        return found

    def evaluate(self, inputs: Mapping[str, Feature]) -> Answer:
        """Outputs by decision, the trace, and why.

        Raises:
            TaelError: a value came out as null for want of a type or a rule
                (``policy_undetermined``): no decision is better than one nobody wrote.
        """
        given = inputs.get
        result = self._model.evaluate({name: given(name) for name in self._reads if name in inputs})
        if result.warnings:
            raise TaelError(
                f"the policy does not determine an answer: {result.warnings[0]}",
                code="policy_undetermined",
                field=result.warnings[0].node,
                rule="every decision of the policy has a value",
            )
        knocked, short = self._why(result)
        trace = result.trace
        fired = {
            step.node: [rule.number for rule in step.fired] for step in trace.steps if step.fired
        }
        return Answer(result.outputs, fired, trace.to_json, knocked, short)

    def _why(self, result: dmn.Result) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if not self._reasoner.sources:
            lists = (_codes(result.outputs.get(name)) for name in ("knock_outs", "referrals"))
            return tuple(code for codes in lists for code in codes), ()
        reasons = self._reasoner.reasons(result.trace, most=_EVERY)
        return (
            tuple(reason.code for reason in reasons if reason.is_knock_out),
            tuple(reason.code for reason in reasons if not reason.is_knock_out),
        )


def _scorer_of(text: str) -> Scorer:
    from tael.policies.scorers import scorer_of  # noqa: PLC0415 - numpy and the models

    return scorer_of(text)


def _found(one: dmn.Finding, *, fault: bool) -> Finding:
    noted = one.severity.value == "note"
    weight = Weight.FAULT if fault else Weight.NOTE if noted else Weight.DOUBT
    return Finding("dmn", one.kind, one.node, weight, Words(one.zh, one.en), one.line, one.rules)


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


ENGINES = Engines(rules=DmnRules, scorer=_scorer_of)
