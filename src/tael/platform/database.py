"""The unit of work: one transaction per request or job, committed once, at the edge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import psycopg
import sqlalchemy as sa

from tael.kernel import AuditId, Clock, OutsideFailure
from tael.kernel.facts import Fact
from tael.platform import audit_rows, outbox_rows

# 40001 serialization failure, 40P01 deadlock, 55P03 lock not available: run the work again.
_BUSY_STATES = frozenset({"40001", "40P01", "55P03"})
_WORTH_REPEATING = frozenset({"database_away", "database_busy"})
_FIRST_PAUSE_S = 0.05

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, an API key, a durable job, or the system itself.

    Args:
        kind: ``user``, ``key``, ``job`` or ``system``.
        id: the id of that user, key or job.
        roles: what decides on its permissions.
    """

    kind: Literal["user", "key", "job", "system"]
    id: str
    roles: frozenset[str] = frozenset()


SYSTEM = Actor("system", "system")


class Work:
    """One open transaction: what a use case is given. It never commits; the edge does.

    Attributes:
        connection: the transaction's connection, for the ``store`` modules only.
        clock: tells the time.
        actor: on whose behalf everything in it happens.
    """

    def __init__(self, connection: sa.Connection, clock: Clock, actor: Actor) -> None:
        self.connection = connection
        self.clock = clock
        self.actor = actor
        self._facts: dict[str, outbox_rows.Emitted] = {}
        self._audit: list[audit_rows.AuditRow] = []

    def emit(self, fact: Fact, key: str) -> None:
        """Tell the other rooms ``fact`` if this commits; one ``key`` is told once, ever."""
        self._facts.setdefault(key, outbox_rows.Emitted(fact, key, self.clock.now()))

    def audit(self, action: str, subject: str, detail: Mapping[str, str] | None = None) -> None:
        """Leave a trace with the change: ``action`` is ``noun.verb``, no personal ``detail``."""
        now, actor = self.clock.now(), self.actor
        row = audit_rows.AuditRow(
            AuditId.new(now), now, actor.kind, actor.id, action, subject, dict(detail or {})
        )
        self._audit.append(row)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """A part that may fail alone: its exception takes back its rows, facts and traces."""
        facts, traces = dict(self._facts), list(self._audit)
        try:
            with self.connection.begin_nested():
                yield
        except BaseException:
            self._facts, self._audit = facts, traces
            raise

    def flush(self) -> None:
        """Write what was emitted and traced. For the edge, last: it locks the facts' streams."""
        audit_rows.write(self.connection, self._audit)
        outbox_rows.write(self.connection, list(self._facts.values()))
        self._facts, self._audit = {}, []


class Database:
    """A pool of connections to one PostgreSQL database.

    Args:
        url: of SQLAlchemy or libpq; the driver is psycopg 3 either way.
        clock: given to every unit of work.
        recover: called when no connection can be had, before one second attempt: brings back the
            embedded server (``EmbeddedPostgres.ensure_running``).
        connections: how many may be open at once.
        ping: ask a connection whether it lives before it is used. Without, the first work after the
            server was away fails (``database_away``): for callers that ``insist``.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        *,
        recover: Callable[[], object] | None = None,
        connections: int = 10,
        ping: bool = True,
    ) -> None:
        self.clock = clock
        self._recover = recover
        self.engine = sa.create_engine(
            driver_url(url),
            pool_size=connections,
            max_overflow=0,
            pool_pre_ping=ping,
            connect_args={"application_name": "tael"},
        )
        self._snapshots = self.engine.execution_options(isolation_level="REPEATABLE READ")
        if recover is not None:
            sa.event.listen(self.engine, "do_connect", _recovering(recover))

    def apart(self, *, connections: int) -> Database:
        """The same database over connections of its own, which are not asked before use."""
        return Database(
            self.url, self.clock, recover=self._recover, connections=connections, ping=False
        )

    @property
    def url(self) -> str:
        """SQLAlchemy's address, password included: not for logs."""
        return self.engine.url.render_as_string(hide_password=False)

    @contextmanager
    def begin(self, actor: Actor, *, snapshot: bool = False) -> Iterator[Work]:
        """Open a unit of work; commit at the end of the block, roll back on any exception.

        With ``snapshot`` everything is read as of the first statement, for proofs and figures that
        must agree with each other while others write.

        Raises:
            OutsideFailure: the database is away (``database_away``) or another transaction was in
                the way (``database_busy``); nothing was written, the same work may be run again.
                After ``database_away`` at the very commit it may have been: use idempotency keys.
        """
        try:
            engine = self._snapshots if snapshot else self.engine
            with engine.begin() as connection:
                work = Work(connection, self.clock, actor)
                yield work
                work.flush()
        except sa.exc.DBAPIError as error:
            failure = _failure(error)
            if failure is None:
                raise
            raise failure from error

    def insist(self, action: Callable[[], Result], *, tries: int = 6) -> Result:
        """Run ``action``, and again while the database is away or busy, with growing pauses.

        For work that may run twice: every command in it carries an idempotency key.

        Raises:
            OutsideFailure: the last failure, after ``tries``; any other failure at once.
        """
        for attempt in range(1, tries):
            try:
                return action()
            except OutsideFailure as failure:
                if failure.code not in _WORTH_REPEATING:
                    raise
                time.sleep(_FIRST_PAUSE_S * 2**attempt)
        return action()

    def close(self) -> None:
        """Close every connection of the pool."""
        self.engine.dispose()


def driver_url(url: str) -> sa.URL:
    """``url`` for SQLAlchemy on psycopg 3, whichever driver it named."""
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _recovering(recover: Callable[[], object]) -> Callable[..., Any]:
    def connect(
        dialect: Any, _record: object, arguments: list[Any], options: dict[str, Any]
    ) -> Any:
        try:
            return dialect.connect(*arguments, **options)
        except psycopg.OperationalError:
            recover()
            return dialect.connect(*arguments, **options)

    return connect


def _failure(error: sa.exc.DBAPIError) -> OutsideFailure | None:
    state = getattr(error.orig, "sqlstate", None)
    if state in _BUSY_STATES:
        return OutsideFailure(
            "another transaction was in the way; run it again", code="database_busy"
        )
    if error.connection_invalidated or (
        isinstance(error, sa.exc.OperationalError) and state is None
    ):
        return OutsideFailure(f"the database is away: {error.orig}", code="database_away")
    return None
