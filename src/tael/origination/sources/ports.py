"""What asking sources needs: a store, units of work, the vault, and what the house set."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from tael.kernel import BadInput, Clock, ConsentId, EventId
from tael.origination.model import Consent
from tael.origination.ports import VaultPort
from tael.origination.sources.breaker import BreakerLimits
from tael.origination.sources.model import (
    BreakerMove,
    Mode,
    Read,
    Request,
    Route,
    SourceHealth,
    StoredAnswer,
)
from tael.platform import Work


@dataclass(frozen=True, slots=True)
class Place:
    """Whose answers of which source: what was asked under one consent serves it alone."""

    source: str
    subject_id: str
    consent_id: ConsentId | None
    mode: Mode


class SourceStore(Protocol):
    """Where questions, answers, reads and routes are kept; nothing in it is ever changed."""

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None: ...

    def lock(self, place: Place) -> None:
        """Let one unit of work at a time look after ``place``."""

    def answer_by_key(self, place: Place, caller_key: str) -> StoredAnswer | None:
        """The whole answer that a command was given before."""

    def open_request(self, place: Place, since: datetime) -> Request | None:
        """The latest question since an instant to which no whole answer came."""

    def unanswered(self, since: datetime, until: datetime) -> Sequence[Request]:
        """Questions put from one instant up to another to which nothing came, oldest first."""

    def add_request(self, request: Request) -> None: ...

    def answers_to(self, request_id: EventId) -> Sequence[StoredAnswer]: ...

    def answers(self, place: Place) -> Sequence[StoredAnswer]:
        """The answers there are, the latest as-of first."""

    def add_answer(self, answer: StoredAnswer, sealed: bytes) -> None: ...
    def sealed(self, answer_id: EventId) -> bytes: ...
    def add_read(self, read: Read) -> None: ...
    def reads(self, subject_id: str) -> Sequence[Read]: ...
    def add_move(self, move: BreakerMove) -> None: ...
    def routes(self) -> Sequence[Route]: ...
    def add_route(self, route: Route, at: datetime, actor: str) -> None: ...
    def health(self, since: datetime, until: datetime) -> Sequence[SourceHealth]: ...


@dataclass(frozen=True, slots=True)
class Wire:
    """Where a source is and with which Ed25519 key (32 bytes) it signs."""

    url: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How a source is waited for; a fetch has a budget of its own besides.

    Attributes:
        attempts: the most in one fetch.
        attempt_s: a single wait for the next bytes.
        late_s: how long an answer is still heard after its asker has gone.
        pause_s: the longest pause after the first attempt; it doubles with each.
        reask_s: a question without an answer is asked again under its own key, and so paid once,
            while it is not older.
        breaker: when a source is left alone.

    Raises:
        BadInput: a figure that is not above zero.
    """

    attempts: int = 3
    attempt_s: float = 5.0
    late_s: float = 15.0
    pause_s: float = 0.2
    reask_s: float = 900.0
    breaker: BreakerLimits = field(default_factory=BreakerLimits)

    def __post_init__(self) -> None:
        if self.attempts < 1 or min(self.attempt_s, self.late_s, self.reask_s) <= 0:
            raise BadInput("patience is above zero", field="patience", rule="above zero")


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything a client of the sources is handed.

    Attributes:
        begin: opens a unit of work; none is open while a source is asked.
        store: opens its store.
        vault: seals bodies under the subject's own key, so that erasing a party erases them.
        clock: tells the time.
        wires: source → where it is; a source without one is down.
        stale_days: source → days, where the house wants other than the catalogue's.
        patience: how sources are waited for.
        worker: the name of this process, for breakers.
        threads: how many sources are asked at once.
    """

    begin: Callable[[], AbstractContextManager[Work]]
    store: Callable[[Work], SourceStore]
    vault: VaultPort
    clock: Clock
    wires: Mapping[str, Wire]
    stale_days: Mapping[str, int] = field(default_factory=dict)
    patience: Patience = field(default_factory=Patience)
    worker: str = "worker-1"
    threads: int = 16
