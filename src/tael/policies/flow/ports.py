"""What a staged decision needs from outside: sources, consents, and variables of raw events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from tael.policies.model import Feature
from tael.policies.objects import JsonObject, fault

OK, PARTIAL, STALE, DOWN, REFUSED = "ok", "partial", "stale", "down", "refused"
STATUSES = (OK, PARTIAL, STALE, DOWN, REFUSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a source answered.

    Attributes:
        source: its name.
        status: ``ok``; ``partial`` where it gave a part; ``stale`` where it is an older answer kept
            from before; ``down`` and ``refused`` where it gave nothing.
        code: why it is not ``ok``, in a word.
        values: inputs of the policy by name, checked like those of an application; None is a
            variable without a value.
        events: raw events as the source's client writes them, for what computes variables.
        known_at: the instant of which its data are; None where it does not say, which counts as
            now.
        cost_minor: what the call cost, in minor units of the policy's currency; 0 from a cache.
        latency_ms: how long it took by its own clock.
        cached: whether it was asked before and nobody was called now.
    """

    source: str
    status: str = OK
    code: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    events: bytes = b""
    known_at: datetime | None = None
    cost_minor: int = 0
    latency_ms: int = 0
    cached: bool = False


class SourcePort(Protocol):
    """Asks a source; what fails outside comes back as an answer that is ``down``.

    A ``TaelError`` it raises counts as ``down`` too, with its code.
    """

    def fetch(self, source: str, subject: str, *, key: str, budget_s: float) -> Answer:
        """The answer about ``subject``; the same ``key`` is never paid for twice."""
        ...


class ConsentPort(Protocol):
    """Says whether a source may be asked."""

    def may_ask(self, subject: str, sources: Sequence[str], *, at: datetime) -> Mapping[str, str]:
        """Of the sources that may not be asked the code why: ``consent_withdrawn`` and the like."""
        ...


class Consented:
    """Consent to everything: where whoever calls has looked before."""

    def may_ask(self, subject: str, sources: Sequence[str], *, at: datetime) -> Mapping[str, str]:  # noqa: ARG002
        """Nothing is refused."""
        return {}


# Inputs of the policy that follow from the raw events of all answers so far, by name; an input that
# it does not give stays unknown.
Compute = Callable[[Mapping[str, Answer]], Mapping[str, object]]
Late = Callable[[Answer], None]


@dataclass(frozen=True, slots=True)
class Applicant:
    """Whom a decision is about.

    Attributes:
        subject: what the source port knows the applicant by.
        key: of the decision: the keys of its calls are made of it.
        as_of: the instant of the decision, UTC; data are stale by it.
        features: every input of the policy that no source gives, ``amount`` and ``months`` among
            them, exact.
    """

    subject: str
    key: str
    as_of: datetime
    features: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Grounds:
    """All that a staged decision stands on: decided again from it, it is the same.

    Attributes:
        known: inputs of the policy, checked.
        lost: of each source that was asked or wanted in vain the code why.
    """

    known: Mapping[str, Feature]
    lost: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The grounds in exact JSON values, for a log."""
        return {"known": dict(self.known), "lost": dict(self.lost)}

    @classmethod
    def from_json(cls, data: object) -> Grounds:
        """What ``as_json`` wrote, read back with every number as a ``Decimal``.

        Raises:
            BadInput: it is something else.
        """
        found = JsonObject(data, "grounds")
        found.only(("known", "lost"))
        lost = found.part("lost")
        known = found.part("known").fields
        for name, value in known.items():
            if value is not None and not isinstance(value, str | bool | Decimal):
                raise fault(f"grounds.known.{name}", f"is {value!r}", "text, number, truth or null")
        return cls(known, {name: lost.text(name) for name in lost.names})  # type: ignore[arg-type]
