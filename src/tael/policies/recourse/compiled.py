"""A policy version made ready to be asked what would change its answer."""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tael import dmn
from tael.dmn import Model
from tael.dmn.authoring import Draft
from tael.kernel import BadInput
from tael.policies import texts
from tael.policies.engines import ENGINES
from tael.policies.model import Bundle, Feature
from tael.policies.recourse.candidates import Side, before_of, formula_of
from tael.policies.recourse.declared import WAITED, Declared, declared
from tael.policies.texts import InputRule, Policy
from tael.risk import Scorecard, pipeline
from tael.risk.explain import cuts_of

_FEEL = {"number": "number", "integer": "number", "variable": "number", "text": "string",
         "boolean": "boolean"}  # fmt: skip
_BEFORE = re.compile(r"\bbefore\s*\.\s*(\w+)")


@dataclass(frozen=True, eq=False)
class Advised:
    """A policy version, loaded to be asked what would change its answer.

    Attributes:
        bundle: its texts.
        policy: the same, ready to decide.
        model: its rules.
        declared: what it may suggest.
        links: its formulas, as decisions by the linked inputs' names; None without any.
        side: tells values apart that rules or model can tell apart.
    """

    bundle: Bundle
    policy: Policy
    model: Model
    declared: Declared
    links: Model | None
    side: Side

    @classmethod
    def of(cls, bundle: Bundle) -> Advised:
        """The policy of ``bundle``; takes some tenths of a second, and serves every applicant.

        Raises:
            BadInput: a text that cannot be read, a change that may not be suggested, a formula
                that is no FEEL; names place, and rule.
        """
        policy = texts.load(bundle, ENGINES)
        model = dmn.loads(bundle.dmn, file="policy.dmn")
        found, links = examined(bundle.parameters, policy.inputs)
        return cls(
            bundle,
            policy,
            model,
            found,
            links,
            _side(policy, model, bundle.model) if found.levers else _apart,
        )

    @property
    def rules(self) -> Mapping[str, InputRule]:
        """What each input must be, by name."""
        return {rule.name: rule for rule in self.policy.inputs}


def examined(parameters: str, inputs: tuple[InputRule, ...]) -> tuple[Declared, Model | None]:
    """What a parameters text declares, and its formulas, compiled.

    Raises:
        BadInput: as ``declared``, or a formula that is no FEEL; names place, and rule.
    """
    found = declared(parameters, inputs)
    return found, _links(found, inputs)


def _links(found: Declared, inputs: tuple[InputRule, ...]) -> Model | None:
    """The formulas as decisions; ``before.NAME`` is an input of its own, so that they run fast."""
    if not found.links:
        return None
    draft = Draft.new("links", "https://tael.example/policies/links").input(WAITED, "number")
    texts_of = {name: _BEFORE.sub(r"before \1", text) for name, text in found.links.items()}
    whole = " ".join(texts_of.values())
    for rule in inputs:
        for name in (rule.name, before_of(rule.name)):
            if name in whole:
                draft = draft.input(name, _FEEL[rule.type])
    for name, formula in texts_of.items():
        try:
            draft = draft.decision(formula_of(name), formula)
        except BadInput as wrong:
            raise BadInput(
                f"the link of {name}: {wrong.message}",
                field=f"parameters.recourse.links.{name}",
                rule="FEEL over inputs, before.NAME and waited",
            ) from wrong
    return draft.model()


def _side(policy: Policy, model: Model, text: str) -> Side:
    """Equal for two values of an input that neither rules nor model can tell apart."""
    of_rules, of_model, seen = model.cuts, *_cuts_of_model(text)
    read_by_rules = policy.rules.inputs.keys()
    read_by_model = frozenset(policy.scorer.variables)
    numbers = {name: tuple(map(Decimal, cuts)) for name, cuts in of_model.items()}

    def side(name: str, value: Feature) -> object:
        if not isinstance(value, Decimal) or isinstance(value, bool):
            return value if name in read_by_rules or name in read_by_model else ""
        found: list[object] = []
        if name in read_by_rules:
            found.append(_place(of_rules.get(name), value, value))
        if name in read_by_model:
            found.append(_place(numbers.get(name), seen(value), value))
        return tuple(found)

    return side


def _place(cuts: tuple[Decimal, ...] | None, seen: Decimal, value: Decimal) -> object:
    return value if cuts is None else (bisect_left(cuts, seen), bisect_right(cuts, seen))


def _apart(_name: str, value: Feature) -> object:
    return value


def _cuts_of_model(
    text: str,
) -> tuple[Mapping[str, tuple[float, ...]], Callable[[Decimal], Decimal]]:
    """The cuts of the model, and a number as the model reads it."""
    if "tael.rated/" in text:
        return cuts_of(pipeline.RatedModel.from_json(text)), _single
    return cuts_of(Scorecard.from_json(text)), _double


def _single(value: Decimal) -> Decimal:
    seen = float(np.float32(float(value)))
    return Decimal(seen) if math.isfinite(seen) else value


def _double(value: Decimal) -> Decimal:
    return Decimal(float(value))
