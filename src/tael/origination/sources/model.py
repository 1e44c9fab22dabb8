"""Questions to a source and what comes of them: authorisation, report, answer, cost and health."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from tael.kernel import ConsentId, Day, EventId, PartyId

CURRENCY = "CNY"


class Code(Enum):
    """Why an answer is not simply good; the first that holds is told, in this order."""

    CONSENT_WITHDRAWN = "consent_withdrawn"  # or superseded, or no consent at all
    CONSENT_EXPIRED = "consent_expired"
    OUT_OF_SCOPE = "out_of_scope"  # the consent does not name the source
    NOT_ENTITLED = "not_entitled"  # no route for this recipient, or the source says so
    BUDGET_EXCEEDED = "budget_exceeded"
    SOURCE_DOWN = "source_down"  # silent, failing, or the breaker is open
    INVALID_ANSWER = "invalid_answer"
    PARTIAL = "partial"
    STALE = "stale"


class Status(Enum):
    """What can be done with an answer."""

    OK = "ok"
    PARTIAL = "partial"  # some sections are missing
    STALE = "stale"  # the source is down; this is what it said before
    DOWN = "down"  # nothing
    REFUSED = "refused"  # nothing, and asking again does not help


class Mode(Enum):
    """How much of a source its asker may see."""

    FULL = "full"
    VERDICT_ONLY = "verdict_only"  # only what a bank made of the report


class Verdict(Enum):
    """What a bank that has seen the report says of it."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a question is about.

    Attributes:
        id: ours: a party's id, or the market's code.
        kind: person, enterprise or market.
        name: what the source knows it by (identity number, credit code); never in a row or a log.
    """

    id: str
    kind: str
    name: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedAuthorisation:
    """A consent as a source gets it: who may ask which sources about whom, for what, until when.

    ``key_id`` and ``signature`` (Ed25519, RFC 8032, over ``authorisations.message``) are those of
    the house that holds the signed document whose SHA-256 is ``document_hash``.
    """

    consent_id: ConsentId
    subject: str = field(repr=False)
    subject_kind: str
    scope: tuple[str, ...]
    recipient: str
    purpose: str
    issued_at: datetime
    expires_at: datetime
    document_hash: str
    key_id: str = ""
    signature: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A question that was put to a source; its id is the key under which the source charges once.

    ``caller_key`` is the key of the command that caused it.
    """

    id: EventId
    source: str
    subject_id: str
    consent_id: ConsentId | None
    entity: str
    mode: Mode
    route: str
    as_of: datetime
    asked_at: datetime
    caller_key: str


Columns = Mapping[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Report:
    """An answer that was read and found in order.

    Attributes:
        source, schema_version: its shape, see ``catalogue``.
        report_number: the source's own.
        subject, subject_kind: of whom, as the source names it.
        as_of: the instant up to which the source told what it knew.
        known_at: when the latest record became known; None without records.
        mode: how much of it is shown.
        verdict: of ``verdict_only``; else None.
        found: whether the source knows the subject at all.
        missing: sections that were not delivered: it is partial.
        charge_minor: what the source charges for it, in fen.
        sections: name → field → values, record by record, codes as the source writes them; a
            section inside another carries the fields around it.
        dropped: records that came twice and were counted once.
        content_hash: SHA-256 of the body as it came.
    """

    source: str
    schema_version: int
    report_number: str
    subject: str = field(repr=False)
    subject_kind: str
    as_of: datetime
    known_at: datetime | None
    mode: Mode
    verdict: Verdict | None
    found: bool
    missing: tuple[str, ...]
    charge_minor: int
    sections: Mapping[str, Columns] = field(repr=False)
    dropped: int
    content_hash: str

    @property
    def complete(self) -> bool:
        """Whether every section is there."""
        return not self.missing


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The row of a report that was paid for; its body lies sealed under ``content_hash``.

    ``late`` tells that it came after its asker had gone.
    """

    id: EventId
    request_id: EventId
    source: str
    subject_id: str
    consent_id: ConsentId | None
    mode: Mode
    as_of: datetime
    known_at: datetime | None
    received_at: datetime
    report_number: str
    complete: bool
    cost_minor: int
    late: bool
    content_hash: str


@dataclass(frozen=True, slots=True)
class SourceAnswer:
    """What a fetch comes to.

    Attributes:
        source: which.
        status: what can be done with it.
        code: why it is not simply good; None when it is.
        report: the report; None when there is none.
        cost_minor: what this fetch cost, in fen; an answer that was paid for before costs nothing.
        saved_minor: the price that was not paid because the answer was there.
        latency_ms: how long the fetch took.
        cached: whether it came out of the store.
        attempts: how often the source was asked.
        told: what happened, in one English sentence without personal data; empty when all is well.
    """

    source: str
    status: Status
    code: Code | None = None
    report: Report | None = field(default=None, repr=False)
    cost_minor: int = 0
    saved_minor: int = 0
    latency_ms: int = 0
    cached: bool = False
    attempts: int = 0
    told: str = ""


@dataclass(frozen=True, slots=True)
class Read:
    """One line of the log of reads: who got what of whom under which consent, at what cost."""

    id: EventId
    at: datetime
    source: str
    subject_id: str
    consent_id: ConsentId | None
    caller_key: str
    status: Status
    code: Code | None
    cached: bool
    late: bool
    cost_minor: int
    saved_minor: int
    latency_ms: int
    attempts: int
    content_hash: str


@dataclass(frozen=True, slots=True)
class Route:
    """Who may ask which source about whom, on which way, from which day on.

    Attributes:
        source: which.
        subject_kind: person, enterprise or market.
        entity_kind: platform, guarantor or bank.
        way: ``direct``, ``licensed_bureau``, ``published`` or ``bank_verdict``; ``none`` ends it.
        mode: how much is shown.
        since: its first day.
        basis: the agreement or rule that it rests on.
    """

    source: str
    subject_kind: str
    entity_kind: str
    way: str
    mode: Mode
    since: Day
    basis: str = ""


@dataclass(frozen=True, slots=True)
class SourceDay:
    """A source on a day: fetches, those that brought an answer, and money spent in fen."""

    day: Day
    source: str
    reads: int
    answered: int
    spent_minor: int


@dataclass(frozen=True, slots=True)
class Ending:
    """A live consent that ends soon: after ``expires`` its sources are asked no more."""

    consent_id: ConsentId
    party_id: PartyId
    scope: tuple[str, ...]
    recipient: str
    purpose: str
    expires: Day


class BreakerState(Enum):
    """Whether a source is asked at all."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True)
class BreakerMove:
    """A breaker of a worker went to ``state``, for a cause in words."""

    source: str
    worker: str
    state: BreakerState
    at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """How a source did from one instant to another.

    Attributes:
        source: which.
        reads: fetches, whatever came of them, late answers not counted.
        asked: fetches for which the source was asked.
        hits: fetches answered from the store.
        late: answers that came after their asker had gone.
        codes: fetches by code, those without any under ``ok``.
        p50_ms, p95_ms: latency of the fetches for which it was asked; None without one.
        spent_minor: money spent, late answers included, in fen.
        saved_minor: money not spent because the answer was there, in fen.
        breaker: the latest state by worker.
    """

    source: str
    reads: int = 0
    asked: int = 0
    hits: int = 0
    late: int = 0
    codes: Mapping[str, int] = field(default_factory=dict)
    p50_ms: int | None = None
    p95_ms: int | None = None
    spent_minor: int = 0
    saved_minor: int = 0
    breaker: Mapping[str, BreakerState] = field(default_factory=dict)
