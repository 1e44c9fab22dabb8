"""What a staged decision tells: the verdict, what was asked, what was not and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tael.policies.canonical import canonical, digest
from tael.policies.flow.ports import Grounds
from tael.policies.model import Feature, Verdict
from tael.report import Words

# How a verdict came about: with every input known; with some that no longer mattered; with a source
# that did not answer.
COMPLETE, EARLY, DEGRADED, REFUSED = "complete", "early", "degraded", "refused"


@dataclass(frozen=True, slots=True)
class Fetched:
    """A source that was asked.

    ``status`` and ``code`` are how its answer was taken; ``latency_ms`` is what the caller waited;
    ``wanted`` are all sources that could still change something when it was asked; ``values`` and
    ``events`` are what was taken of it.
    """

    source: str
    stage: str
    status: str
    code: str
    cost_minor: int
    latency_ms: int
    known_at: datetime | None
    cached: bool
    wanted: frozenset[str]
    values: Mapping[str, Feature] = field(repr=False)
    events: bytes = field(repr=False)

    @property
    def hash(self) -> str:
        """SHA-256 of values and events; '' of an answer that was not taken."""
        if not self.values and not self.events:
            return ""
        return digest(f"{canonical(dict(self.values))}\x1f{self.events.hex()}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """A source that was not asked, why not, and what asking it would have cost."""

    source: str
    stage: str
    code: str
    why: Words
    cost_minor: int


@dataclass(frozen=True, slots=True)
class Degraded:
    """A source that did not answer as it should, and what became of it."""

    source: str
    code: str
    what: Words
    became: Words


@dataclass(frozen=True, slots=True)
class StageRun:
    """A stage: whom it asked, and how long it waited and thought, in microseconds.

    ``ended`` says that the flow ended with it.
    """

    service: str
    asked: tuple[str, ...]
    waited_us: int
    thought_us: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing was decided: a consent that is not there. ``sources`` are those it concerns."""

    code: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Concluded:
    """A verdict on its grounds.

    Attributes:
        verdict: of a decline before the score was known ``tier`` is 0 and ``pd`` its upper bound.
        how: ``complete``, ``early`` or ``degraded``.
        trace: what the log keeps of it, exact JSON values.
    """

    verdict: Verdict
    how: str
    trace: object


@dataclass(frozen=True, slots=True)
class FlowResult:
    """One staged decision.

    Attributes:
        refusal: why nothing was decided; then there is no verdict, and no source was called.
        concluded: the verdict, None of a refusal.
        grounds: what it stands on; ``conclude`` gives the same verdict from it.
        fetched: sources that were asked, in that order.
        skipped: those that were not.
        degraded: those that did not answer as they should.
        stages: every stage, in order.
    """

    refusal: Refusal | None
    concluded: Concluded | None
    grounds: Grounds
    fetched: tuple[Fetched, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    degraded: tuple[Degraded, ...] = ()
    stages: tuple[StageRun, ...] = ()

    @property
    def outcome(self) -> str:
        """``approve``, ``decline`` or ``refer``; '' of a refusal."""
        return self.concluded.verdict.outcome if self.concluded else ""

    @property
    def how(self) -> str:
        """``complete``, ``early``, ``degraded`` or ``refused``."""
        return self.concluded.how if self.concluded else REFUSED

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of the sources that were asked."""
        return tuple(each.source for each in self.fetched)

    @property
    def ended_by(self) -> str:
        """The source whose answer was the last that was needed; '' when none was asked."""
        return self.fetched[-1].source if self.fetched else ""

    @property
    def cost_minor(self) -> int:
        """What was paid."""
        return sum(each.cost_minor for each in self.fetched)

    @property
    def saved_minor(self) -> int:
        """What the sources that were not asked would have cost, at the plan's prices."""
        return sum(each.cost_minor for each in self.skipped)

    def to_json(self) -> dict[str, object]:
        """What a log keeps beside the verdict: exact JSON values."""
        return {
            "how": self.how,
            "cost_minor": self.cost_minor,
            "saved_minor": self.saved_minor,
            "fetched": [
                {
                    "source": each.source, "stage": each.stage, "status": each.status,
                    "code": each.code, "cost_minor": each.cost_minor,
                    "latency_ms": each.latency_ms, "hash": each.hash, "cached": each.cached,
                    "known_at": each.known_at.isoformat() if each.known_at else None,
                    "wanted": sorted(each.wanted),
                }
                for each in self.fetched
            ],
            "skipped": [
                {"source": each.source, "stage": each.stage, "code": each.code,
                 "cost_minor": each.cost_minor}
                for each in self.skipped
            ],
            "degraded": [{"source": each.source, "code": each.code} for each in self.degraded],
            "stages": [
                {"service": each.service, "asked": list(each.asked), "ended": each.ended,
                 "waited_us": each.waited_us, "thought_us": each.thought_us}
                for each in self.stages
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spent:
    """Calls and money of one source: asked, and what asking it always would have been."""

    calls: int = 0
    cost_minor: int = 0
    of_calls: int = 0
    of_cost_minor: int = 0

    @property
    def calls_saved(self) -> Decimal:
        """The share of calls that were not made, 0 to 1."""
        return 1 - Decimal(self.calls) / self.of_calls if self.of_calls else Decimal(0)

    @property
    def money_saved(self) -> Decimal:
        """The share of money that was not spent, 0 to 1."""
        return (
            1 - Decimal(self.cost_minor) / self.of_cost_minor if self.of_cost_minor else Decimal(0)
        )

    def __add__(self, other: Spent) -> Spent:
        return Spent(
            self.calls + other.calls,
            self.cost_minor + other.cost_minor,
            self.of_calls + other.of_calls,
            self.of_cost_minor + other.of_cost_minor,
        )


@dataclass(frozen=True, slots=True)
class Savings:
    """What was saved against asking every source for every application.

    Attributes:
        applications: that were decided.
        sources: by source.
        ended: how many applications ended with each stage, by its service.
    """

    applications: int = 0
    sources: Mapping[str, Spent] = field(default_factory=dict)
    ended: Mapping[str, int] = field(default_factory=dict)

    @property
    def total(self) -> Spent:
        """Of all sources."""
        return sum(self.sources.values(), Spent())


def savings(results: Iterable[FlowResult]) -> Savings:
    """What these decisions saved; refused ones do not count."""
    count, sources, ended = 0, dict[str, Spent](), dict[str, int]()
    for result in results:
        if result.refusal is not None:
            continue
        count += 1
        for name, spent in _spent(result):
            sources[name] = sources.get(name, Spent()) + spent
        for stage in result.stages:
            ended[stage.service] = ended.get(stage.service, 0) + stage.ended
    return Savings(count, sources, ended)


def _spent(result: FlowResult) -> Iterable[tuple[str, Spent]]:
    for asked in result.fetched:
        paid = asked.cost_minor
        yield asked.source, Spent(calls=1, cost_minor=paid, of_calls=1, of_cost_minor=paid)
    for skipped in result.skipped:
        yield skipped.source, Spent(of_calls=1, of_cost_minor=skipped.cost_minor)
