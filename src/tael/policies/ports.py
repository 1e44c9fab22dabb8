"""What the room needs from outside: its store, rules, a scorer, dated figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from tael.kernel import ApplicationId, Day, DecisionId, Rate, VersionId
from tael.platform import Work
from tael.policies.model import (
    Bundle,
    Deployment,
    Event,
    Feature,
    Finding,
    LogEntry,
    ModelVersion,
    PolicyVersion,
    Seal,
)


@dataclass(frozen=True, slots=True)
class Score:
    """A model's answer: probability of default and points.

    ``more`` is what it gives the rules besides, by the names of ``Scorer.gives``; ``reasons`` finds
    the main reasons by code, and takes longer than the answer: it is asked for what is declined.
    """

    pd: Rate
    points: int
    more: Mapping[str, Decimal] = field(default_factory=dict)
    reasons: Callable[[], tuple[str, ...]] = tuple


@dataclass(frozen=True, slots=True)
class Answer:
    """What rules say: values by decision, which rules fired, and why by code.

    ``fired`` are the numbers of the rules by decision; ``trace`` tells all that was read and found,
    as exact JSON values, when it is asked for.
    ``knock_outs`` decline or refer by themselves, in the order of the rules; ``shortfalls`` are
    those of a scorecard within the rules, largest first.
    """

    values: Mapping[str, object]
    fired: Mapping[str, Sequence[int]]
    trace: Callable[[], object]
    knock_outs: tuple[str, ...]
    shortfalls: tuple[str, ...]


class Scorer(Protocol):
    """A model that scores one borrower.

    Attributes:
        variables: the inputs it reads.
        codes: the reasons it may give.
        gives: what rules may read of its answer, with types; ``pd`` always.
        plan: hash of the plan of variables that it was trained on; '' for any.
    """

    @property
    def variables(self) -> Sequence[str]: ...
    @property
    def codes(self) -> Sequence[str]: ...
    @property
    def gives(self) -> Mapping[str, str]: ...
    @property
    def plan(self) -> str: ...
    def score(self, features: Mapping[str, Feature]) -> Score: ...


class Rules(Protocol):
    """A DMN model, loaded.

    Attributes:
        inputs: names of its inputs with ``number``, ``string``, ``boolean`` or '' for any.
        decisions: names of its decisions, with the names of their entries where these are known.
        codes: reasons its rules may give, as far as they show.
        hash: SHA-256 of what the model says.
        version: the engine that runs it, as the log keeps it.
    """

    @property
    def inputs(self) -> Mapping[str, str]: ...
    @property
    def decisions(self) -> Mapping[str, tuple[str, ...]]: ...
    @property
    def codes(self) -> Sequence[str]: ...
    @property
    def hash(self) -> str: ...
    @property
    def version(self) -> str: ...
    def findings(self) -> Sequence[Finding]:
        """What the engine's own checks find: types, gaps, overlaps, rules without effect."""

    def evaluate(self, inputs: Mapping[str, Feature]) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Engines:
    """How rules and model of a bundle become something that answers."""

    rules: Callable[[str], Rules]
    scorer: Callable[[str], Scorer]


class DatedParameters(Protocol):
    """The figures in force on a day (caps): ``platform`` keeps them."""

    def value(self, work: Work, name: str, on: Day) -> Any: ...


class PolicyStore(Protocol):
    """Where versions and the decision log are kept."""

    def add_version(self, version: PolicyVersion, bundle: Bundle) -> None: ...
    def version(self, version_id: VersionId, *, lock: bool = False) -> PolicyVersion | None: ...
    def bundle(self, version_id: VersionId) -> Bundle | None: ...
    def change(self, version: PolicyVersion) -> None: ...
    def versions(self) -> Sequence[PolicyVersion]: ...
    def add_event(self, event: Event) -> None: ...
    def events(self, version_id: VersionId | None = None) -> Sequence[Event]:
        """Oldest first; of all versions by time."""

    def only_deployer(self) -> None:
        """Wait for the others who deploy."""

    def add_deployment(self, deployment: Deployment) -> None: ...
    def end_deployment(self, number: int, at: datetime) -> None: ...
    def deployment_in_force(self, *, lock: bool = False) -> Deployment | None: ...
    def deployments(self) -> Sequence[Deployment]:
        """Newest first."""

    def add_model(self, model: ModelVersion) -> None: ...
    def model(self, model_hash: str, *, lock: bool = False) -> ModelVersion | None: ...
    def change_model(self, model: ModelVersion) -> None: ...
    def models(self) -> Sequence[ModelVersion]:
        """Newest first."""

    def add_decision(self, entry: LogEntry) -> None: ...
    def decision(self, decision_id: DecisionId) -> LogEntry | None: ...
    def decision_by_key(self, key: str) -> LogEntry | None: ...
    def decisions_of(self, application_id: ApplicationId) -> Sequence[LogEntry]: ...
    def only_sealer(self) -> None: ...
    def unsealed(self, limit: int) -> Sequence[LogEntry]: ...
    def last_seal(self) -> Seal | None: ...
    def add_seals(self, new: Sequence[Seal]) -> None: ...
    def seals_at(self, decision_id: DecisionId) -> tuple[Seal | None, Seal | None, Seal | None]:
        """The link over a decision, between the links before and after it."""

    def sealed(self) -> Sequence[tuple[Seal, LogEntry | None]]: ...
    def count(self) -> int: ...


OpenStore = Callable[[Work], PolicyStore]
