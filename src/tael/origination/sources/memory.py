"""The store of the sources in memory: for quick tests; threads may call it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from tael.kernel import ConsentId, EventId
from tael.origination.model import Consent
from tael.origination.sources.catalogue import SOURCES
from tael.origination.sources.model import (
    BreakerMove,
    BreakerState,
    Read,
    Request,
    Route,
    SourceHealth,
    StoredAnswer,
)
from tael.origination.sources.ports import Place


class MemorySources:
    """Keeps everything as long as it lives.

    Args:
        consents: finds a consent.
    """

    def __init__(self, consents: Callable[[ConsentId], Consent | None]) -> None:
        self._consents = consents
        self._guard = threading.RLock()
        self.requests: list[Request] = []
        self.stored: list[StoredAnswer] = []
        self.log: list[Read] = []
        self.moves: list[BreakerMove] = []
        self.bodies: dict[EventId, bytes] = {}
        self._routes: list[Route] = []

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None:  # noqa: ARG002
        return self._consents(consent_id)

    def lock(self, place: Place) -> None:
        """Nothing to do: whoever shares this store among threads opens one unit at a time."""

    def answer_by_key(self, place: Place, caller_key: str) -> StoredAnswer | None:
        given = {
            read.content_hash
            for read in self.log
            if read.caller_key == caller_key and read.code is None and not read.late
        }
        return next((one for one in self.answers(place) if one.content_hash in given), None)

    def open_request(self, place: Place, since: datetime) -> Request | None:
        answered = {answer.request_id for answer in self.stored if answer.complete}
        found = [
            request
            for request in self.requests
            if _at(request, place) and request.asked_at >= since and request.id not in answered
        ]
        return max(found, key=lambda request: request.asked_at, default=None)

    def unanswered(self, since: datetime, until: datetime) -> Sequence[Request]:
        answered = {answer.request_id for answer in self.stored}
        return [
            one for one in self.requests if since <= one.asked_at < until and one.id not in answered
        ]

    def add_request(self, request: Request) -> None:
        self.requests.append(request)

    def answers_to(self, request_id: EventId) -> Sequence[StoredAnswer]:
        return [answer for answer in self.stored if answer.request_id == request_id]

    def answers(self, place: Place) -> Sequence[StoredAnswer]:
        found = [answer for answer in self.stored if _at(answer, place)]
        return sorted(found, key=lambda a: (a.as_of, a.complete, a.received_at), reverse=True)

    def add_answer(self, answer: StoredAnswer, sealed: bytes) -> None:
        self.stored.append(answer)
        self.bodies[answer.id] = sealed

    def sealed(self, answer_id: EventId) -> bytes:
        return self.bodies[answer_id]

    def add_read(self, read: Read) -> None:
        with self._guard:
            self.log.append(read)

    def reads(self, subject_id: str) -> Sequence[Read]:
        return [read for read in self.log if read.subject_id == subject_id]

    def add_move(self, move: BreakerMove) -> None:
        with self._guard:
            self.moves.append(move)

    def routes(self) -> Sequence[Route]:
        return list(self._routes)

    def add_route(self, route: Route, at: datetime, actor: str) -> None:  # noqa: ARG002
        self._routes.append(route)

    def health(self, since: datetime, until: datetime) -> Sequence[SourceHealth]:
        reads = [read for read in self.log if since <= read.at < until]
        return [
            _health(
                name,
                [read for read in reads if read.source == name],
                {move.worker: move.state for move in self.moves if move.source == name},
            )
            for name in SOURCES
        ]


def _at(row: Request | StoredAnswer, place: Place) -> bool:
    found = (row.source, row.subject_id, row.consent_id, row.mode)
    return found == (place.source, place.subject_id, place.consent_id, place.mode)


def _health(source: str, reads: list[Read], breaker: dict[str, BreakerState]) -> SourceHealth:
    timely = [read for read in reads if not read.late]
    asked = sorted(read.latency_ms for read in timely if read.attempts)
    return SourceHealth(
        source=source,
        reads=len(timely),
        asked=len(asked),
        hits=sum(read.cached for read in timely),
        late=len(reads) - len(timely),
        codes=dict(Counter(read.code.value if read.code else "ok" for read in timely)),
        p50_ms=_quantile(asked, 50),
        p95_ms=_quantile(asked, 95),
        spent_minor=sum(read.cost_minor for read in reads),
        saved_minor=sum(read.saved_minor for read in timely),
        breaker=breaker,
    )


def _quantile(values: list[int], percent: int) -> int | None:
    """As ``percentile_disc`` of SQL: the first value that so many do not exceed."""
    return values[max(-(-percent * len(values) // 100), 1) - 1] if values else None
