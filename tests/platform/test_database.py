"""The unit of work: all of it or nothing, and a way back when the server goes away."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import sqlalchemy as sa

from tael.kernel import ApplicationId, Day, FixedClock, Money, OutsideFailure, PartyId
from tael.kernel.facts import ApplicationSubmitted
from tael.platform import SYSTEM, Actor, Database, EmbeddedPostgres, Work

_NAMES = {"facts": "platform.outbox", "traces": "platform.audit_rows"}


def _submitted(work: Work, stream: str = "one") -> ApplicationSubmitted:
    now = work.clock.now()
    return ApplicationSubmitted(
        stream=stream,
        day=Day(2026, 1, 5),
        application_id=ApplicationId.new(now),
        applicant_id=PartyId.new(now),
        amount=Money(120_000_00),
    )


def _count(database: Database, what: str) -> int:
    with database.begin(SYSTEM) as work:
        table = sa.table(_NAMES[what].partition(".")[2], schema="platform")
        return work.connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def test_rows_facts_and_traces_are_committed_together(database: Database) -> None:
    actor = Actor("user", "user_1", frozenset({"risk"}))
    with database.begin(actor) as work:
        work.emit(_submitted(work), "submitted-1")
        work.audit("application.submit", "app_1", {"channel": "direct"})
    assert (_count(database, "facts"), _count(database, "traces")) == (1, 1)


def test_an_exception_takes_back_rows_facts_and_traces(database: Database) -> None:
    def fail() -> None:
        with database.begin(SYSTEM) as work:
            work.emit(_submitted(work), "submitted-1")
            work.audit("application.submit", "app_1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (_count(database, "facts"), _count(database, "traces")) == (0, 0)


def test_a_failed_part_is_taken_back_alone(database: Database) -> None:
    def fail(work: Work) -> None:
        with work.savepoint():
            work.emit(_submitted(work), "taken-back")
            work.audit("application.submit", "app_1")
            raise ZeroDivisionError

    with database.begin(SYSTEM) as work:
        work.emit(_submitted(work), "kept")
        with pytest.raises(ZeroDivisionError):
            fail(work)
        work.audit("batch.run", "batch_1")
    assert (_count(database, "facts"), _count(database, "traces")) == (1, 1)


def test_one_key_is_told_once(database: Database) -> None:
    for _ in range(2):
        with database.begin(SYSTEM) as work:
            work.emit(_submitted(work), "submitted-1")
            work.emit(_submitted(work), "submitted-1")
    assert _count(database, "facts") == 1


def test_a_lost_connection_is_an_outside_failure_that_may_be_retried(database: Database) -> None:
    def lose_it() -> None:
        with database.begin(SYSTEM) as work:
            own = work.connection.scalar(sa.text("SELECT pg_backend_pid()"))
            with database.begin(SYSTEM) as other:
                other.connection.execute(sa.text("SELECT pg_terminate_backend(:own)"), {"own": own})
            work.connection.execute(sa.text("SELECT 1"))

    with pytest.raises(OutsideFailure) as failed:
        lose_it()
    assert failed.value.code == "database_away"
    assert failed.value.retryable
    assert _count(database, "facts") == 0, "the next unit of work gets a live connection"


def test_a_killed_server_is_brought_back_by_the_next_unit_of_work(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, options={"fsync": "off"})
    with server:
        clock = FixedClock.on(Day(2026, 1, 5))
        database = Database(server.url, clock, recover=server.ensure_running)
        with database.begin(SYSTEM) as work:
            work.connection.execute(sa.text("CREATE TABLE kept AS SELECT 42 AS value"))
        pid = server.postmaster_pid()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        def read() -> object:
            with database.begin(SYSTEM) as work:
                return work.connection.scalar(sa.text("SELECT value FROM kept"))

        assert database.insist(read) == 42, "the first try may still meet the dying server"
        database.close()


def test_work_is_repeated_while_the_database_is_busy_and_no_longer(database: Database) -> None:
    tries: list[str] = []

    def busy(code: str) -> str:
        tries.append(code)
        if len(tries) < 3:
            raise OutsideFailure("in the way", code=code)
        return "done"

    assert database.insist(lambda: busy("database_busy")) == "done"
    tries.clear()
    with pytest.raises(OutsideFailure):
        database.insist(lambda: busy("bank_away"))
    assert tries == ["bank_away"]
    tries.clear()
    with pytest.raises(OutsideFailure):
        database.insist(lambda: busy("database_away"), tries=2)
    assert len(tries) == 2


def test_a_snapshot_reads_one_moment_while_others_write(database: Database) -> None:
    with database.begin(SYSTEM, snapshot=True) as reading:
        count = sa.text("SELECT count(*) FROM platform.outbox")
        assert reading.connection.scalar(count) == 0
        with database.begin(SYSTEM) as work:
            work.emit(_submitted(work), "submitted-1")
        assert reading.connection.scalar(count) == 0
    assert _count(database, "facts") == 1


def test_an_unreachable_server_is_an_outside_failure(tmp_path: Path) -> None:
    clock = FixedClock.on(Day(2026, 1, 5))
    database = Database(f"postgresql://tael@/tael?host={tmp_path}", clock)
    with pytest.raises(OutsideFailure, match="database is away"), database.begin(SYSTEM):
        pass
    database.close()


def test_two_transactions_in_each_others_way_may_be_run_again(database: Database) -> None:
    with database.begin(SYSTEM) as first:
        first.connection.execute(sa.text("LOCK TABLE platform.users IN EXCLUSIVE MODE"))
        with pytest.raises(OutsideFailure) as failed, database.begin(SYSTEM) as second:
            second.connection.execute(sa.text("LOCK TABLE platform.users IN EXCLUSIVE MODE NOWAIT"))
    assert failed.value.code == "database_busy"
