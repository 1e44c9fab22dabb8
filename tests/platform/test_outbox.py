"""The outbox: in order, at least once on the wire, exactly once in the database."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Day, FixedClock, LoanId, Money, NotFound
from tael.kernel.facts import Fact, LoanSettled, RecoveryReceived
from tael.platform import SYSTEM, Database, Handler, Outbox, Work

_DAY = Day(2026, 1, 5)


def _settled(work: Work, stream: str) -> LoanSettled:
    return LoanSettled(stream=stream, day=_DAY, loan_id=LoanId.new(work.clock.now()))


def _recovered(work: Work, stream: str, minor: int) -> RecoveryReceived:
    loan = LoanId.new(work.clock.now())
    return RecoveryReceived(stream=stream, day=_DAY, loan_id=loan, amount=Money(minor))


def _emit(database: Database, stream: str, amounts: range) -> None:
    with database.begin(SYSTEM) as work:
        for minor in amounts:
            work.emit(_recovered(work, stream, minor), f"{stream}-{minor}")


class _Notebook:
    """A handler that writes down what it sees, and fails when told to."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.fails: Callable[[RecoveryReceived], bool] = lambda _fact: False

    def handle(self, _work: Work, fact: Fact) -> None:
        assert isinstance(fact, RecoveryReceived)
        if self.fails(fact):
            raise ValueError(f"no place for {fact.amount}")
        self.seen.append((fact.stream, fact.amount.minor))

    def amounts(self, stream: str) -> list[int]:
        return [minor for name, minor in self.seen if name == stream]


def _handler(notebook: _Notebook, name: str = "notes") -> Handler:
    return Handler(name, (RecoveryReceived,), notebook.handle)


def test_facts_of_a_stream_come_in_order_and_once(database: Database) -> None:
    notebook, outbox = _Notebook(), Outbox(database)
    for stream in ("one", "two"):
        _emit(database, stream, range(1, 6))
    done = outbox.deliver([_handler(notebook)])
    assert (done.handled, done.failures) == (10, 0)
    assert notebook.amounts("one") == notebook.amounts("two") == [1, 2, 3, 4, 5]
    assert outbox.deliver([_handler(notebook)]).handled == 0
    with database.begin(SYSTEM) as work:
        assert outbox.waiting(work) == 0


def test_a_fact_that_nobody_wants_is_closed(database: Database) -> None:
    outbox = Outbox(database)
    with database.begin(SYSTEM) as work:
        work.emit(_settled(work, "one"), "settled")
    outbox.deliver([_handler(_Notebook())])
    with database.begin(SYSTEM) as work:
        assert outbox.waiting(work) == 0


def test_a_failure_holds_up_its_stream_for_its_handler_and_nothing_else(
    database: Database, clock: FixedClock
) -> None:
    bad, good, outbox = _Notebook(), _Notebook(), Outbox(database)
    bad.fails = lambda fact: fact.stream == "one" and fact.amount.minor == 3
    handlers = [_handler(bad, "bad"), _handler(good, "good")]
    for stream in ("one", "two"):
        _emit(database, stream, range(1, 6))
    done = outbox.deliver(handlers)
    assert (done.handled, done.failures) == (2 + 5 + 10, 1)
    assert good.amounts("one") == [1, 2, 3, 4, 5]
    with database.begin(SYSTEM) as work:
        [failure] = outbox.failures(work)
    assert (failure.stream, failure.handler, failure.attempts) == ("one", "bad", 1)
    assert failure.error == "ValueError: no place for 0.03 CNY"
    assert failure.retry_at == clock.now() + timedelta(seconds=1)

    assert outbox.deliver(handlers).handled == 0, "not before its time"
    clock.advance(timedelta(seconds=1))
    assert outbox.deliver(handlers).failures == 1, "and the next wait is longer"
    clock.advance(timedelta(seconds=1))
    assert outbox.deliver(handlers).failures == 0

    bad.fails = lambda _fact: False
    clock.advance(timedelta(seconds=1))
    assert outbox.deliver(handlers).handled == 3
    with database.begin(SYSTEM) as work:
        assert outbox.failures(work) == []
        assert outbox.waiting(work) == 0


def test_a_failed_handler_leaves_nothing_behind(database: Database) -> None:
    def write_and_fail(work: Work, fact: Fact) -> None:
        work.audit("loan.settle", fact.stream)
        work.emit(_settled(work, "other"), "never")
        raise ValueError

    outbox = Outbox(database)
    _emit(database, "one", range(1, 2))
    outbox.deliver([Handler("broken", (RecoveryReceived,), write_and_fail)])
    with database.begin(SYSTEM) as work:
        assert outbox.waiting(work) == 1
        assert work.connection.scalar(sa.text("SELECT count(*) FROM platform.audit_rows")) == 0


def test_a_person_may_retry_or_skip_a_failed_fact_and_leaves_a_trace(database: Database) -> None:
    notebook, outbox = _Notebook(), Outbox(database)
    notebook.fails = lambda fact: fact.amount.minor == 1
    _emit(database, "one", range(1, 3))
    outbox.deliver([_handler(notebook)])
    with database.begin(SYSTEM) as work:
        [failure] = outbox.failures(work)
        outbox.retry(work, failure.fact_id, handler="notes")
    assert outbox.deliver([_handler(notebook)]).failures == 1
    with database.begin(SYSTEM) as work:
        outbox.skip(work, failure.fact_id, handler="notes", reason="a test fact")
    assert outbox.deliver([_handler(notebook)]).handled == 1
    assert notebook.amounts("one") == [2]
    with database.begin(SYSTEM) as work:
        traces = work.connection.scalars(sa.text("SELECT action FROM platform.audit_rows")).all()
    assert sorted(traces) == ["fact.retry", "fact.skip"]


def test_what_did_not_fail_cannot_be_skipped(database: Database) -> None:
    with pytest.raises(NotFound), database.begin(SYSTEM) as work:
        Outbox(database).skip(work, "fact_none", handler="notes", reason="a typing error")


def test_facts_that_a_handler_emits_are_delivered_in_the_same_run(database: Database) -> None:
    settled: list[str] = []

    def settle(work: Work, fact: Fact) -> None:
        work.emit(_settled(work, fact.stream), f"{fact.stream}-settled")

    handlers = [
        Handler("listen", (LoanSettled,), lambda _work, fact: settled.append(fact.stream)),
        Handler("settle", (RecoveryReceived,), settle),
    ]
    for stream in ("one", "two"):
        _emit(database, stream, range(1, 2))
    Outbox(database).deliver(handlers)
    assert sorted(settled) == ["one", "two"]


def test_two_handlers_of_one_name_are_refused(database: Database) -> None:
    handlers = [_handler(_Notebook()), _handler(_Notebook())]
    with pytest.raises(BadInput):
        Outbox(database).deliver(handlers)


def test_writers_and_readers_side_by_side_keep_each_streams_order(database: Database) -> None:
    notebook, outbox, stopped = _Notebook(), Outbox(database), threading.Event()
    shuffle = random.Random(7)  # noqa: S311 - a test's own order

    def write(writer: int) -> None:
        for step in range(20):
            with database.begin(SYSTEM) as work:
                fact = _recovered(work, f"s{step % 3}", writer * 100 + step)
                work.emit(fact, f"{writer}-{step}")
                time.sleep(shuffle.random() / 500)

    def read() -> None:
        while not stopped.is_set():
            outbox.deliver([_handler(notebook)])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(3)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    stopped.set()
    for thread in readers:
        thread.join()
    outbox.deliver([_handler(notebook)])
    assert len(notebook.seen) == len(set(notebook.seen)) == 60
    for stream in ("s0", "s1", "s2"):
        with database.begin(SYSTEM) as work:
            told = work.connection.scalars(
                sa.text(
                    "SELECT (body->'amount'->>'minor')::int FROM platform.outbox "
                    "WHERE stream = :stream ORDER BY number"
                ),
                {"stream": stream},
            ).all()
        assert notebook.amounts(stream) == list(told)


def _facts(database: Database) -> list[str]:
    with database.begin(SYSTEM) as work:
        query = sa.text("SELECT key FROM platform.outbox ORDER BY key")
        return list(work.connection.scalars(query))


def test_old_facts_are_pruned_and_one_that_somebody_waits_for_never_is(
    database: Database, clock: FixedClock
) -> None:
    quiet, moody, outbox = _Notebook(), _Notebook(), Outbox(database)
    moody.fails = lambda fact: fact.stream == "held up"
    readers = [_handler(quiet), _handler(moody, "moody")]
    _emit(database, "old", range(3))
    _emit(database, "held up", range(2))
    outbox.deliver(readers)
    clock.move_to_day(Day(2026, 1, 6))
    _emit(database, "newer", range(1))
    outbox.deliver(readers)
    clock.move_to_day(Day(2026, 4, 6))  # 91 days after the first, 90 after the newer
    with database.begin(SYSTEM) as work:
        assert outbox.prune(work, limit=2) == 2
        assert outbox.prune(work, limit=2) == 1
        assert outbox.prune(work) == 0
    assert _facts(database) == ["held up-0", "held up-1", "newer-0"]
    moody.fails = lambda _fact: False
    outbox.deliver(readers)
    _emit(database, "old", range(5, 6))
    outbox.deliver(readers)
    assert moody.amounts("held up") == [0, 1]
    assert quiet.amounts("old") == [0, 1, 2, 5]


def test_a_fact_skipped_for_one_handler_is_pruned_like_any_other(
    database: Database, clock: FixedClock
) -> None:
    notebook, outbox = _Notebook(), Outbox(database)
    notebook.fails = lambda _fact: True
    _emit(database, "one", range(1))
    outbox.deliver([_handler(notebook)])
    with database.begin(SYSTEM) as work:
        [failed] = outbox.failures(work)
        outbox.skip(work, failed.fact_id, handler="notes", reason="a test")
    outbox.deliver([_handler(notebook)])
    clock.move_to_day(Day(2026, 12, 1))
    with database.begin(SYSTEM) as work:
        assert outbox.prune(work) == 1
    assert _facts(database) == []


_KILLED_READER = """
import os, sys
import sqlalchemy as sa
from tael.kernel import SystemClock
from tael.kernel.facts import RecoveryReceived
from tael.platform import Database, Handler, Outbox

database = Database(sys.argv[1], SystemClock())
left = int(sys.argv[2])

def count(work, fact):
    global left
    work.connection.execute(
        sa.text("INSERT INTO counted VALUES (:minor)"), {"minor": fact.amount.minor}
    )
    left -= 1
    if left == 0:
        os.kill(os.getpid(), 9)

Outbox(database).deliver([Handler("count", (RecoveryReceived,), count)])
"""


def test_a_reader_killed_at_any_point_leaves_each_fact_counted_once(
    database: Database, database_url: str
) -> None:
    with database.begin(SYSTEM) as work:
        work.connection.execute(sa.text("CREATE TABLE counted (minor int)"))
    for stream in range(4):
        _emit(database, f"s{stream}", range(stream * 100, stream * 100 + 75))
    for survived in (1, 201, 0):
        command = [sys.executable, "-c", _KILLED_READER, database_url, str(survived)]
        subprocess.run(command, check=False, timeout=60)  # noqa: S603 - our own interpreter
    with database.begin(SYSTEM) as work:
        query = sa.text("SELECT count(*), count(DISTINCT minor) FROM counted")
        assert tuple(work.connection.execute(query).one()) == (300, 300)
        assert Outbox(database).waiting(work) == 0
