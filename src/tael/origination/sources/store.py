"""The store of the sources in PostgreSQL: rows in, frozen values out; nothing is ever changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from tael.kernel import ConsentId, Day, EventId
from tael.origination.model import Consent
from tael.origination.sources.catalogue import SOURCES
from tael.origination.sources.model import (
    BreakerMove,
    BreakerState,
    Code,
    Mode,
    Read,
    Request,
    Route,
    SourceHealth,
    Status,
    StoredAnswer,
)
from tael.origination.sources.ports import Place
from tael.origination.store import rows
from tael.origination.store.source_tables import (
    source_answers,
    source_moves,
    source_reads,
    source_requests,
    source_routes,
)
from tael.origination.store.tables import consents
from tael.platform import Work

_answers, _reads, _requests = source_answers.c, source_reads.c, source_requests.c
_ANSWER = [getattr(_answers, each.name) for each in fields(StoredAnswer)]
Row = sa.RowMapping


class SqlSources:
    """The store over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    @classmethod
    def opener(cls) -> Callable[[Work], SqlSources]:
        """What opens a unit of work's store."""
        return cls

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None:
        """The consent; with ``lock`` nobody ends it before this unit of work does."""
        query = sa.select(consents).where(consents.c.id == consent_id)
        row = self._first(query.with_for_update(read=True) if lock else query)
        return None if row is None else rows.consent(row)

    def lock(self, place: Place) -> None:
        text = f"source:{place.source}:{place.subject_id}:{place.consent_id}:{place.mode.value}"
        hold = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(text, 0))
        self._connection.execute(sa.select(hold))

    def answer_by_key(self, place: Place, caller_key: str) -> StoredAnswer | None:
        given = sa.select(_reads.content_hash).where(
            _reads.subject_id == place.subject_id,
            _reads.source == place.source,
            _reads.caller_key == caller_key,
            _reads.code.is_(None),
            ~_reads.late,
        )
        query = sa.select(*_ANSWER).where(
            *_at(source_answers, place), _answers.content_hash.in_(given)
        )
        row = self._first(query.order_by(_answers.received_at.desc()))
        return None if row is None else _answer(row)

    def open_request(self, place: Place, since: datetime) -> Request | None:
        answered = sa.select(_answers.id).where(
            _answers.request_id == _requests.id, _answers.complete
        )
        query = sa.select(source_requests).where(
            *_at(source_requests, place), _requests.asked_at >= since, ~answered.exists()
        )
        row = self._first(query.order_by(_requests.asked_at.desc(), _requests.id.desc()))
        return None if row is None else _request(row)

    def unanswered(self, since: datetime, until: datetime) -> Sequence[Request]:
        answered = sa.select(_answers.id).where(_answers.request_id == _requests.id)
        query = sa.select(source_requests).where(
            _requests.asked_at >= since, _requests.asked_at < until, ~answered.exists()
        )
        return [_request(row) for row in self._all(query.order_by(_requests.asked_at))]

    def add_request(self, request: Request) -> None:
        self._connection.execute(sa.insert(source_requests).values(_values(request)))

    def answers_to(self, request_id: EventId) -> Sequence[StoredAnswer]:
        return self._answers(sa.select(*_ANSWER).where(_answers.request_id == request_id))

    def answers(self, place: Place) -> Sequence[StoredAnswer]:
        return self._answers(sa.select(*_ANSWER).where(*_at(source_answers, place)))

    def add_answer(self, answer: StoredAnswer, sealed: bytes) -> None:
        values = _values(answer) | {"sealed": sealed}
        self._connection.execute(sa.insert(source_answers).values(values))

    def sealed(self, answer_id: EventId) -> bytes:
        query = sa.select(_answers.sealed).where(_answers.id == answer_id)
        return bytes(self._connection.execute(query).scalar_one())

    def add_read(self, read: Read) -> None:
        self._connection.execute(sa.insert(source_reads).values(_values(read)))

    def reads(self, subject_id: str) -> Sequence[Read]:
        query = sa.select(source_reads).where(_reads.subject_id == subject_id)
        found = self._connection.execute(query.order_by(_reads.number)).mappings()
        return [_read(row) for row in found]

    def add_move(self, move: BreakerMove) -> None:
        self._connection.execute(sa.insert(source_moves).values(_values(move)))

    def routes(self) -> Sequence[Route]:
        query = sa.select(source_routes).order_by(source_routes.c.number)
        return [_route(row) for row in self._connection.execute(query).mappings()]

    def add_route(self, route: Route, at: datetime, actor: str) -> None:
        values = _values(route) | {"recorded_at": at, "actor": actor}
        self._connection.execute(sa.insert(source_routes).values(values))

    def health(self, since: datetime, until: datetime) -> Sequence[SourceHealth]:
        between = (_reads.at >= since, _reads.at < until)
        figures = {row["source"]: row for row in self._all(_figures().where(*between))}
        codes: dict[str, dict[str, int]] = {}
        for row in self._all(_codes().where(*between, ~_reads.late)):
            codes.setdefault(row["source"], {})[row["code"]] = row["count"]
        breakers: dict[str, dict[str, BreakerState]] = {}
        for row in self._all(_latest_moves()):
            breakers.setdefault(row["source"], {})[row["worker"]] = BreakerState(row["state"])
        return [
            _health(name, figures.get(name), codes.get(name, {}), breakers.get(name, {}))
            for name in SOURCES
        ]

    def _answers(self, query: sa.Select[Any]) -> Sequence[StoredAnswer]:
        order = (_answers.as_of.desc(), _answers.complete.desc(), _answers.received_at.desc())
        return [_answer(row) for row in self._all(query.order_by(*order))]

    def _all(self, query: sa.Select[Any]) -> Sequence[Row]:
        return list(self._connection.execute(query).mappings())

    def _first(self, query: sa.Select[Any]) -> Row | None:
        return self._connection.execute(query.limit(1)).mappings().first()


def _at(table: sa.Table, place: Place) -> tuple[sa.ColumnElement[bool], ...]:
    consent = table.c.consent_id
    return (
        table.c.subject_id == place.subject_id,
        table.c.source == place.source,
        consent.is_(None) if place.consent_id is None else consent == place.consent_id,
        table.c.mode == place.mode.value,
    )


def _figures() -> sa.Select[Any]:
    timely, asked = ~_reads.late, _reads.attempts > 0
    latency = sa.func.percentile_disc
    return sa.select(
        _reads.source,
        sa.func.count().filter(timely).label("reads"),
        sa.func.count().filter(timely, asked).label("asked"),
        sa.func.count().filter(timely, _reads.cached).label("hits"),
        sa.func.count().filter(_reads.late).label("late"),
        latency(0.5).within_group(_reads.latency_ms).filter(timely, asked).label("p50_ms"),
        latency(0.95).within_group(_reads.latency_ms).filter(timely, asked).label("p95_ms"),
        sa.func.sum(_reads.cost_minor).label("spent_minor"),
        sa.func.coalesce(sa.func.sum(_reads.saved_minor).filter(timely), 0).label("saved_minor"),
    ).group_by(_reads.source)


def _codes() -> sa.Select[Any]:
    code = sa.func.coalesce(_reads.code, "ok").label("code")
    counted = sa.select(_reads.source, code, sa.func.count().label("count"))
    return counted.group_by(_reads.source, code)


def _latest_moves() -> sa.Select[Any]:
    moves = source_moves.c
    query = sa.select(moves.source, moves.worker, moves.state)
    return query.ext(distinct_on(moves.source, moves.worker)).order_by(
        moves.source, moves.worker, moves.number.desc()
    )


def _health(
    source: str, row: Row | None, codes: Mapping[str, int], breaker: Mapping[str, BreakerState]
) -> SourceHealth:
    if row is None:
        return SourceHealth(source, breaker=breaker)
    return SourceHealth(
        source=source,
        reads=row["reads"],
        asked=row["asked"],
        hits=row["hits"],
        late=row["late"],
        codes=codes,
        p50_ms=row["p50_ms"],
        p95_ms=row["p95_ms"],
        spent_minor=int(row["spent_minor"]),
        saved_minor=int(row["saved_minor"]),
        breaker=breaker,
    )


def _values(row: Request | StoredAnswer | Read | BreakerMove | Route) -> dict[str, Any]:
    """A row of plain values; enumerations by their words."""
    values = {each.name: getattr(row, each.name) for each in fields(row)}
    words = (Mode, Status, Code, BreakerState)
    return {
        name: value.value if isinstance(value, words) else value for name, value in values.items()
    }


def _utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


def _consent_id(row: Row) -> ConsentId | None:
    return ConsentId(row["consent_id"]) if row["consent_id"] else None


def _request(row: Row) -> Request:
    return Request(
        id=EventId(row["id"]),
        source=row["source"],
        subject_id=row["subject_id"],
        consent_id=_consent_id(row),
        entity=row["entity"],
        mode=Mode(row["mode"]),
        route=row["route"],
        as_of=_utc(row["as_of"]),
        asked_at=_utc(row["asked_at"]),
        caller_key=row["caller_key"],
    )


def _answer(row: Row) -> StoredAnswer:
    return StoredAnswer(
        id=EventId(row["id"]),
        request_id=EventId(row["request_id"]),
        source=row["source"],
        subject_id=row["subject_id"],
        consent_id=_consent_id(row),
        mode=Mode(row["mode"]),
        as_of=_utc(row["as_of"]),
        known_at=_utc(row["known_at"]) if row["known_at"] else None,
        received_at=_utc(row["received_at"]),
        report_number=row["report_number"],
        complete=row["complete"],
        cost_minor=row["cost_minor"],
        late=row["late"],
        content_hash=row["content_hash"],
    )


def _read(row: Row) -> Read:
    return Read(
        id=EventId(row["id"]),
        at=_utc(row["at"]),
        source=row["source"],
        subject_id=row["subject_id"],
        consent_id=_consent_id(row),
        caller_key=row["caller_key"],
        status=Status(row["status"]),
        code=Code(row["code"]) if row["code"] else None,
        cached=row["cached"],
        late=row["late"],
        cost_minor=row["cost_minor"],
        saved_minor=row["saved_minor"],
        latency_ms=row["latency_ms"],
        attempts=row["attempts"],
        content_hash=row["content_hash"],
    )


def _route(row: Row) -> Route:
    return Route(
        source=row["source"],
        subject_kind=row["subject_kind"],
        entity_kind=row["entity_kind"],
        way=row["way"],
        mode=Mode(row["mode"]),
        since=Day.of(row["since"]),
        basis=row["basis"],
    )
