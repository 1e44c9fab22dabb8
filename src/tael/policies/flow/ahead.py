"""Looking ahead: what rules and model say of an applicant of whom a part is known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol

from tael import dmn
from tael.policies.engines import ENGINES, FILE
from tael.policies.flow.scores import Bounds, Scores
from tael.policies.model import Bundle, Feature
from tael.policies.texts import DECISIONS, InputRule, Policy, load

OUTCOME = "outcome"
_CODES = ("knock_outs", "referrals")  # decisions that are reasons, where a file declares none
_EVERY = 1_000
Told = dmn.Range | tuple[dmn.Value, ...]


class Outlook(Protocol):
    """What is known of the decisions of a model: see ``tael.dmn.Model.outlook``."""

    unknown: frozenset[str]

    def of(self, decision: str) -> dmn.Partial: ...
    @property
    def certain(self) -> dmn.Trace: ...


class Ahead:
    """The rules and the model of a bundle, laid out for looking ahead. Serves all applicants.

    Attributes:
        policy: the loaded bundle.
        targets: the decisions that a verdict is made of, besides the outcome.
        reads: names of what the rules read.
        scored: of these what the model gives.
        variables: names of what the model reads.
    """

    def __init__(self, policy: Policy, bundle: Bundle) -> None:
        self.policy = policy
        self.model = dmn.loads(bundle.dmn, file=FILE)
        self.reads = frozenset(self.model.inputs)
        self.scored = self.reads & set(policy.scorer.gives)
        self.variables = frozenset(policy.scorer.variables)
        asked = ("routing", *DECISIONS)
        self.targets = tuple(n for n in self.model.decisions if n in asked and n != OUTCOME)
        rules = {rule.name: rule for rule in policy.inputs}
        self.told = {name: told for name in self.reads if (told := _told(rules.get(name)))}
        sure = [rule.name for rule in policy.inputs if rule.type != "variable"]
        self._scores = Scores(bundle.model, policy.scorer, sure)

    @classmethod
    def of(cls, bundle: Bundle) -> Ahead:
        """The texts of ``bundle``, loaded.

        Raises:
            BadInput: one of them cannot be read.
        """
        return cls(load(bundle, ENGINES), bundle)

    def look(self) -> Look:
        """An applicant of whom nothing is known yet."""
        return Look(self, self._scores, self._blank)

    @cached_property
    def _blank(self) -> Outlook:
        """What the rules say of anybody: every applicant goes on from it."""
        return Look(self, self._scores, None).see((OUTCOME, *self.targets))

    @property
    def services(self) -> Sequence[str]:
        """Names of the decision services."""
        return self.model.services

    @cached_property
    def served(self) -> Mapping[str, frozenset[str]]:
        """Of each decision service the inputs behind its outputs."""
        graph = self.model.graph
        scopes = {key: node.scope for key, node in graph.decisions.items()}
        scopes |= {key: node.scope for key, node in graph.knowledge.items()}
        found: dict[str, frozenset[str]] = {}
        for service in graph.services.values():
            waiting, seen = list(service.outputs), set(service.outputs)
            while waiting:
                key = waiting.pop()
                more = set(scopes.get(key, {}).values()) - seen
                waiting.extend(more)
                seen |= more
            names = (graph.inputs[key] for key in seen if key in graph.inputs)
            found[service.path + service.name] = frozenset(each.path + each.name for each in names)
        return found

    def codes(self, outlook: Outlook) -> tuple[str, ...]:
        """The reasons that are certain, in the order of the rules."""
        reasoner = self.model.reasoner
        if reasoner.sources:
            reasons = reasoner.reasons(outlook.certain, most=_EVERY)
            return tuple(reason.code for reason in reasons if reason.is_knock_out)
        steps = (outlook.certain.of(name) for name in _CODES)
        values = (step.value for step in steps if step is not None)
        return tuple(str(code) for each in values if isinstance(each, tuple) for code in each)


def _told(rule: InputRule | None) -> Told | None:
    """What the parameters say of an input before its value is known."""
    if rule is None or rule.type == "variable":
        return None
    if rule.type == "boolean":
        return (True, False)
    if rule.type == "text":
        return rule.values or None
    return _range(rule.minimum, rule.maximum)


def _range(low: Decimal | None, high: Decimal | None) -> dmn.Range:
    return dmn.Range(low, high, low_closed=low is not None, high_closed=high is not None)


class Look:
    """One applicant: what is known, and what follows.

    Attributes:
        known: inputs of the policy, checked.
    """

    def __init__(self, ahead: Ahead, scores: Scores, blank: Outlook | None) -> None:
        self._ahead = ahead
        self._row = scores.row()
        self._read: dict[str, object] = {}
        self._unscored = set(ahead.variables)
        self.known: dict[str, Feature] = {}
        self._seen: Any = blank  # the engine's own outlook, to go on from
        self._bounds: Bounds | None = None
        self._exact: dict[str, Decimal] = {}

    def tell(self, known: Mapping[str, Feature]) -> None:
        """More that is known."""
        self.known.update(known)
        self._unscored.difference_update(known)
        reads = self._ahead.reads
        self._read.update((name, value) for name, value in known.items() if name in reads)
        self._row.tell(known)
        self._bounds = None

    @property
    def bounds(self) -> Bounds:
        """What the model can still say."""
        if self._bounds is None:
            self._bounds = self._row.bounds()
        return self._bounds

    @property
    def is_scored(self) -> bool:
        """Whether everything that the model reads is known."""
        return not self._unscored

    def score(self) -> None:
        """Score for certain, where the bounds of a score that is known leave a doubt."""
        score = self._ahead.policy.scorer.score(self.known)
        given = {**score.more, "pd": score.pd.fraction}
        self._exact = {name: given[name] for name in self._ahead.scored}

    def see(self, decisions: Iterable[str]) -> Outlook:
        """What is known of decisions."""
        ahead = self._ahead
        known = dict(self._read)
        within = {name: told for name, told in ahead.told.items() if name not in known}
        if self._exact:
            known |= self._exact
        elif ahead.scored:
            within |= self._scored_within()
        found: Outlook = ahead.model.outlook(known, decisions, within, before=self._seen)
        self._seen = found
        return found

    def _scored_within(self) -> dict[str, Told]:
        ends = self.bounds.ends
        return {name: _stretch(name, *ends[name]) for name in self._ahead.scored}


def _stretch(name: str, low: Decimal, high: Decimal) -> Told:
    if name == "model_tier":
        return tuple(Decimal(tier) for tier in range(int(low), int(high) + 1))
    return _range(low, high)
