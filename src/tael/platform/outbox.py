"""The reading half of the outbox: each fact to each handler, in order, once where it counts.

A handler runs in a transaction that also notes that it ran: killed anywhere, it runs again from the
start or not at all. What it does to the outside world needs an idempotency key of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on, insert

from tael.kernel import BadInput, NotFound, OutsideFailure
from tael.kernel.facts import Fact, from_json
from tael.platform.database import Actor, Database, Work
from tael.platform.outbox_rows import outbox, outbox_failures, outbox_handled

_STREAMS_AT_ONCE = 50
_FACTS_AT_ONCE = 200
_COLLISIONS = 5
_FIRST_DELAY_S = 1
_LONGEST_DELAY_S = 3600
_LARGEST_DOUBLING = 12
_ERROR_LENGTH = 500
_DELIVERER = Actor("job", "outbox")
_KEPT = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which facts are wanted, under which name."""

    name: str
    kinds: tuple[type[Fact], ...]


@dataclass(frozen=True, slots=True)
class Handler:
    """Who wants which facts.

    Args:
        name: stable for ever: under it a fact counts as handled.
        kinds: the classes of facts it wants.
        handle: does the work in the given transaction; an exception means again, later.
    """

    name: str
    kinds: tuple[type[Fact], ...]
    handle: Callable[[Work, Fact], None]

    @property
    def wish(self) -> _Wish:
        return _Wish(self.name, self.kinds)


@dataclass(frozen=True, slots=True)
class FailedFact:
    """A fact that holds up its stream for ``handler``; ``retry_at`` (UTC) is the next attempt."""

    fact_id: str
    stream: str
    kind: str
    handler: str
    attempts: int
    error: str
    retry_at: datetime


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one run of the outbox did: facts handled (counted per handler), and failed attempts."""

    handled: int
    failures: int


@dataclass(frozen=True, slots=True)
class _Batch:
    """How many facts a transaction handled, and whether more may be due."""

    facts: int
    more: bool


class _HandlingFailedError(Exception):
    """Carries out of the transaction, which rolls back, which fact it was."""

    def __init__(self, fact_id: str, error: Exception) -> None:
        super().__init__(fact_id)
        self.fact_id = fact_id
        self.error = error


class Outbox:
    """Delivers the facts of ``database``: in order within a stream, and to each handler apart.

    Any number of processes may deliver at once: for one handler, a stream is served by one of them.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def deliver(self, handlers: Sequence[Handler]) -> Delivered:
        """Hand out every fact that is due, those that handlers emit on the way included.

        ``handlers`` is always the whole list: a fact that all of them have handled is closed. One
        that fails holds up its own stream for its own handler and nothing else; it is tried again
        after 1, 2, 4 ... seconds, at most an hour, and stands in ``failures`` until it succeeds.

        Raises:
            BadInput: two handlers of one name.
            OutsideFailure: the database is away.
        """
        names = [handler.name for handler in handlers]
        if len(set(names)) != len(names):
            raise BadInput("two handlers bear one name", field="handlers", rule="unique names")
        handled = failures = 0
        while True:
            rounds = [self._serve(handler) for handler in handlers]
            handled += sum(done.handled for done in rounds)
            failures += sum(done.failures for done in rounds)
            if not any(done.handled for done in rounds):
                break
        self._close(handlers)
        return Delivered(handled, failures)

    def failures(self, work: Work) -> list[FailedFact]:
        """What holds up its stream now, the longest waiting first."""
        query = (
            sa.select(outbox.c.stream, outbox.c.kind, outbox_failures)
            .join(outbox, outbox.c.id == outbox_failures.c.fact_id)
            .order_by(outbox.c.recorded_at, outbox.c.id, outbox_failures.c.handler)
        )
        return [FailedFact(**row) for row in work.connection.execute(query).mappings()]

    def waiting(self, work: Work) -> int:
        """How many facts are not closed yet."""
        query = sa.select(sa.func.count()).where(outbox.c.delivered_at.is_(None))
        return work.connection.scalar(query) or 0

    def retry(self, work: Work, fact_id: str, *, handler: str) -> None:
        """Try a failed fact at the next run instead of at its time.

        Raises:
            NotFound: it did not fail for ``handler``.
        """
        _forget_failure(work, fact_id, handler)
        work.audit("fact.retry", fact_id, {"handler": handler})

    def skip(self, work: Work, fact_id: str, *, handler: str, reason: str) -> None:
        """Let ``handler`` never see a fact that it cannot handle: a person's decision.

        Raises:
            NotFound: it did not fail for ``handler``.
        """
        _forget_failure(work, fact_id, handler)
        _note_handled(work, [fact_id], handler)
        work.audit("fact.skip", fact_id, {"handler": handler, "reason": reason})

    def prune(self, work: Work, *, kept: timedelta = _KEPT, limit: int = 10_000) -> int:
        """Delete facts that were closed longer than ``kept`` ago, the oldest first.

        A fact that somebody still waits for is not closed, and one that failed for a handler stays
        too. Returns how many went; as many as ``limit`` means that there may be more. A stream's
        numbers go on.
        """
        failed = sa.exists().where(outbox_failures.c.fact_id == outbox.c.id)
        old = (
            sa.select(outbox.c.id)
            .where(outbox.c.delivered_at < work.clock.now() - kept, ~failed)
            .order_by(outbox.c.delivered_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        facts = list(work.connection.scalars(old))
        for table, column in ((outbox_handled, outbox_handled.c.fact_id), (outbox, outbox.c.id)):
            work.connection.execute(sa.delete(table).where(column == sa.any_(_ids(facts))))
        return len(facts)

    def _serve(self, handler: Handler) -> Delivered:
        """Everything that is due for ``handler``, a batch of streams per transaction."""
        handled = failures = 0
        collisions = 0
        while True:
            try:
                done = self._serve_some(handler)
            except OutsideFailure as failure:
                collisions += 1
                if failure.code != "database_busy" or collisions > _COLLISIONS:
                    raise
                continue
            except _HandlingFailedError as failed:
                # Its batch was rolled back; the next one takes all but this fact and those behind.
                self._note_failure(failed, handler)
                failures += 1
                continue
            handled += done.facts
            if not done.more:
                return Delivered(handled, failures)

    def _serve_some(self, handler: Handler) -> _Batch:
        with self._database.begin(_DELIVERER) as work:
            streams = _claim(work, handler)
            if not streams:
                return _Batch(0, more=False)
            rows = _due(work, handler, streams)
            for row in rows:
                try:
                    handler.handle(work, from_json(row.body))
                except Exception as error:
                    # The edge of every handler: whatever it is, it must not stop the others. Only
                    # a lost database is no fault of the handler's: all of it runs again.
                    if _lost_database(error):
                        raise
                    raise _HandlingFailedError(row.id, error) from error
            facts = [row.id for row in rows]
            _note_handled(work, facts, handler.name)
            mine = outbox_failures.c.handler == handler.name
            work.connection.execute(
                sa.delete(outbox_failures).where(mine, outbox_failures.c.fact_id.in_(facts))
            )
            full = len(streams) == _STREAMS_AT_ONCE or len(rows) == _FACTS_AT_ONCE
            return _Batch(len(rows), more=full and bool(rows))

    def _note_failure(self, failed: _HandlingFailedError, handler: Handler) -> None:
        with self._database.begin(_DELIVERER) as work:
            key = {"fact_id": failed.fact_id, "handler": handler.name}
            before = work.connection.scalar(sa.select(outbox_failures.c.attempts).filter_by(**key))
            doubling = min(before or 0, _LARGEST_DOUBLING)
            delay_s = min(_FIRST_DELAY_S * 2**doubling, _LONGEST_DELAY_S)
            values = {
                "attempts": (before or 0) + 1,
                "error": f"{type(failed.error).__name__}: {failed.error}"[:_ERROR_LENGTH],
                "retry_at": work.clock.now() + timedelta(seconds=delay_s),
            }
            statement = insert(outbox_failures).values(**key, **values)
            work.connection.execute(
                statement.on_conflict_do_update(index_elements=list(key), set_=values)
            )

    def _close(self, handlers: Sequence[Handler]) -> None:
        """Close the facts that nobody waits for any more; a handler named later never sees them."""
        with self._database.begin(_DELIVERER) as work:
            work.connection.execute(
                _closing(*[handler.wish for handler in handlers]), {"now": work.clock.now()}
            )


def _lost_database(error: Exception) -> bool:
    return isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated


def _wanted(wish: _Wish) -> sa.ColumnElement[bool]:
    """A fact that is wanted and was not handled."""
    handled = sa.exists().where(
        outbox_handled.c.fact_id == outbox.c.id, outbox_handled.c.handler == wish.name
    )
    return outbox.c.kind.in_([kind.__name__ for kind in wish.kinds]) & ~handled


def _waiting(wish: _Wish, *columns: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Facts that wait, by stream, with the time before which not to try again."""
    failed = (outbox_failures.c.fact_id == outbox.c.id) & (outbox_failures.c.handler == wish.name)
    return (
        sa.select(*columns, outbox.c.stream, outbox_failures.c.retry_at)
        .select_from(outbox.outerjoin(outbox_failures, failed))
        .where(outbox.c.delivered_at.is_(None), _wanted(wish))
        .order_by(outbox.c.stream, outbox.c.number)
    )


@lru_cache
def _closing(*wishes: _Wish) -> sa.Update:
    """Close what nobody wants. Statements are built once: that costs more than to run them."""
    wanted = [~_wanted(wish) for wish in wishes]
    return (
        sa.update(outbox)
        .where(outbox.c.delivered_at.is_(None), *wanted)
        .values(delivered_at=sa.bindparam("now"))
    )


@lru_cache
def _claiming(wish: _Wish) -> sa.Select[Any]:
    head = _waiting(wish).ext(distinct_on(outbox.c.stream)).cte("head").prefix_with("MATERIALIZED")
    now = sa.bindparam("now", type_=sa.DateTime(timezone=True))
    due = (
        sa.select(head.c.stream)
        .where(head.c.retry_at.is_(None) | (head.c.retry_at <= now))
        .cte("due")
        .prefix_with("MATERIALIZED")
    )
    lock = sa.func.hashtextextended(sa.func.concat(wish.name, ":", due.c.stream), 0)
    query = sa.select(due.c.stream).where(sa.func.pg_try_advisory_xact_lock(lock))
    return query.limit(_STREAMS_AT_ONCE)


@lru_cache
def _reading(wish: _Wish) -> sa.Select[Any]:
    streams = sa.bindparam("streams", type_=ARRAY(sa.Text))
    query = _waiting(wish, outbox.c.id, outbox.c.body)
    return query.where(outbox.c.stream == sa.any_(streams)).limit(_FACTS_AT_ONCE)


def _claim(work: Work, handler: Handler) -> list[str]:
    """Lock some streams whose first waiting fact is due and that no other process serves."""
    return list(work.connection.scalars(_claiming(handler.wish), {"now": work.clock.now()}))


def _due(work: Work, handler: Handler, streams: list[str]) -> list[sa.Row[Any]]:
    """What is due in the locked streams: up to the first fact of each that has to wait.

    Read after locking, for another process may have served them a moment ago.
    """
    now, held_up, due = work.clock.now(), set[str](), []
    for row in work.connection.execute(_reading(handler.wish), {"streams": streams}):
        if row.retry_at is not None and row.retry_at > now:
            held_up.add(row.stream)
        if row.stream not in held_up:
            due.append(row)
    return due


def _ids(facts: Sequence[str]) -> sa.BindParameter[Sequence[str]]:
    return sa.bindparam("facts", facts, type_=ARRAY(sa.Text))


def _note_handled(work: Work, facts: Sequence[str], handler: str) -> None:
    if facts:
        rows = [
            {"fact_id": fact, "handler": handler, "handled_at": work.clock.now()} for fact in facts
        ]
        work.connection.execute(sa.insert(outbox_handled), rows)


def _forget_failure(work: Work, fact_id: str, handler: str) -> None:
    gone = work.connection.execute(
        sa.delete(outbox_failures).filter_by(fact_id=fact_id, handler=handler)
    )
    if gone.rowcount == 0:
        raise NotFound(f"fact {fact_id} did not fail for {handler}", field="fact_id")
