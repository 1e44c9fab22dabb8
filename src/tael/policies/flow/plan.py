"""The flow of a policy, read from its parameters: stages, sources with their prices and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from tael.policies.objects import JsonObject, code_of, fault
from tael.policies.texts import InputRule, Policy

REFER, REFER_NOW = "refer", "refer_now"
USE, REFUSE = "use", "refuse"
ALL, EACH = "all", "each"
FIELDS = ("stages", "sources", "consent")
_SOURCE_FIELDS = ("cost_minor", "budget_ms", "stale_days", "when_down", "partial", "inputs")
_STAGE_FIELDS = ("service", "sources")
_LONGEST_MS = 600_000
_MOST_DAYS = 36_500

Catalogue = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the flow: a decision service of the rules, and what is asked for it."""

    service: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceRule:
    """How a source is asked.

    Attributes:
        name: of the source.
        cost_minor: price of a call, in minor units of the policy's currency.
        budget_ms: an answer that takes longer counts as none.
        stale_days: data older than this count as none.
        when_down: ``refer`` asks the others on, for whoever looks at the application then;
            ``refer_now`` asks nobody else.
        partial: ``use`` takes what a part of an answer gives, ``refuse`` counts it as none.
        inputs: what it gives, as written: names, or beginnings of names with a star.
    """

    name: str
    cost_minor: int
    budget_ms: int
    stale_days: int
    when_down: str
    partial: str
    inputs: tuple[str, ...]


@dataclass(frozen=True)
class FlowPlan:
    """A flow.

    Attributes:
        stages: in the order in which they run.
        sources: by name.
        behind: of each input of the policy the sources that it needs; none for what the
            application gives.
        consent: ``all``: nothing is asked unless all sources may be; ``each``: a source that may
            not be asked counts as down.
    """

    stages: tuple[Stage, ...]
    sources: Mapping[str, SourceRule]
    behind: Mapping[str, frozenset[str]]
    consent: str

    def stage_of(self, source: str) -> int:
        """The number of the stage that asks it, from 0."""
        return next(i for i, stage in enumerate(self.stages) if source in stage.sources)

    @property
    def order(self) -> tuple[str, ...]:
        """All sources, stage by stage."""
        return tuple(name for stage in self.stages for name in stage.sources)


def plan_of(policy: Policy, parameters: str, catalogue: Catalogue | None = None) -> FlowPlan | None:
    """The flow that the parameters of a policy write; None where they write none.

    ``stages`` is a list of ``{"service": name, "sources": [...]}``, ``sources`` an object by name
    of ``{"cost_minor", "budget_ms", "stale_days", "when_down", "partial", "inputs"}``; ``partial``
    and ``inputs`` may be missing. An input listed under several sources needs them all; of one that
    none lists the ``catalogue`` says it, by its own name or that of its variable.

    Raises:
        BadInput: what cannot be read; names the field and the rule. What does not fit together is
            told by ``examine``.
    """
    data = JsonObject.of(parameters, "parameters")
    if not data.has("stages") and not data.has("sources"):
        return None
    stages = tuple(_stage(row, at) for at, row in enumerate(data.items("stages")))
    if not stages:
        raise fault("parameters.stages", "are none", "at least one stage")
    specs = data.part("sources")
    sources = {name: _source(name, specs.part(name)) for name in specs.names}
    consent = data.text("consent") if data.has("consent") else ALL
    if consent not in (ALL, EACH):
        raise fault("parameters.consent", f"is {consent!r}", f"{ALL} | {EACH}")
    listed = Listed.of(sources.values())
    behind = {rule.name: listed.sources(rule, catalogue or {}) for rule in policy.inputs}
    return FlowPlan(stages, sources, behind, consent)


def _stage(row: object, at: int) -> Stage:
    spec = JsonObject(row, f"parameters.stages.{at}")
    spec.only(_STAGE_FIELDS)
    return Stage(spec.text("service"), _names(spec, "sources"))


def _source(name: str, spec: JsonObject) -> SourceRule:
    spec.only(_SOURCE_FIELDS)
    when_down = spec.text("when_down")
    if when_down == "decline":
        raise fault(
            spec.at("when_down"),
            "is decline, and nobody is declined because a source is down",
            f"{REFER} | {REFER_NOW}",
        )
    return SourceRule(
        name=name,
        cost_minor=_whole(spec, "cost_minor"),
        budget_ms=_whole(spec, "budget_ms", least=1, most=_LONGEST_MS),
        stale_days=_whole(spec, "stale_days", most=_MOST_DAYS),
        when_down=_one_of(spec, "when_down", (REFER, REFER_NOW)),
        partial=_one_of(spec, "partial", (USE, REFUSE)) if spec.has("partial") else USE,
        inputs=_names(spec, "inputs") if spec.has("inputs") else (),
    )


def _names(spec: JsonObject, field: str) -> tuple[str, ...]:
    names = tuple(code_of(name, spec.at(field)) for name in spec.items(field))
    for name in names:
        if names.count(name) > 1:
            raise fault(f"{spec.at(field)}.{name}", "is there twice", "each once")
    return names


def _one_of(spec: JsonObject, field: str, known: Sequence[str]) -> str:
    found = spec.text(field)
    if found not in known:
        raise fault(spec.at(field), f"is {found!r}", " | ".join(known))
    return found


def _whole(spec: JsonObject, field: str, *, least: int = 0, most: int = 10**12) -> int:
    found = spec.number(field, least=Decimal(least))
    if found != found.to_integral_value() or found > most:
        raise fault(spec.at(field), f"is {found}", f"a whole number from {least} to {most}")
    return int(found)


@dataclass(frozen=True)
class Listed:
    """Which sources list an input: by its name, or by a beginning with a star."""

    names: Mapping[str, frozenset[str]]
    beginnings: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, sources: Iterable[SourceRule]) -> Listed:
        """What the sources list."""
        names: dict[str, set[str]] = {}
        beginnings: dict[str, set[str]] = {}
        for source in sources:
            for written in source.inputs:
                kept = beginnings if written.endswith("*") else names
                kept.setdefault(written.removesuffix("*"), set()).add(source.name)
        return cls(_frozen(names), _frozen(beginnings))

    def sources(self, rule: InputRule, catalogue: Catalogue) -> frozenset[str]:
        """The sources that an input needs, listed or of the catalogue."""
        found: frozenset[str] = frozenset()
        for name in names_of(rule):
            found |= self.names.get(name, frozenset())
            for beginning, sources in self.beginnings.items():
                if name.startswith(beginning):
                    found |= sources
        if found:
            return found
        return next((catalogue[name] for name in names_of(rule) if name in catalogue), found)


def names_of(rule: InputRule) -> tuple[str, ...]:
    """The names by which a source may list an input: its own, and that of its variable."""
    return (rule.name, rule.taken.variable) if rule.taken else (rule.name,)


def _frozen(kept: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {name: frozenset(sources) for name, sources in kept.items()}
