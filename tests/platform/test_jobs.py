"""Durable jobs: each ends once, whatever is killed on the way."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, NotFound, OutsideFailure
from tael.platform import SYSTEM, Database, Work
from tael.platform.jobs import (
    Job,
    JobRun,
    JobState,
    JobStatus,
    Json,
    Worker,
    job_status,
    request_job,
    retry_job,
)

pytestmark = pytest.mark.xdist_group("jobs")  # DBOS is one per process


def _count_to(run: JobRun) -> Json:
    """Write one row per step, and call the outside once per step."""
    steps = run.arguments["steps"]
    assert isinstance(steps, int)
    for number in range(steps):
        run.outside(f"call {number}", lambda: True)
        run.work(f"row {number}", lambda work, number=number: _write(work, run.key, number))
    return steps


def _write(work: Work, key: str, number: int) -> Json:
    row = {"key": key, "number": number}
    work.connection.execute(sa.text("INSERT INTO written VALUES (:key, :number)"), row)
    return number


def _fail(_run: JobRun) -> Json:
    raise ValueError("no such bank")


JOBS = [Job("count", _count_to), Job("fail", _fail)]


@pytest.fixture
def with_table(database: Database) -> Database:
    with database.begin(SYSTEM) as work:
        work.connection.execute(sa.text("CREATE TABLE written (key text, number int)"))
    return database


def _request(database: Database, key: str, job: str = "count", steps: int = 3) -> None:
    with database.begin(SYSTEM) as work:
        request_job(work, job, key=key, arguments={"steps": steps})


def _status(database: Database, key: str) -> JobStatus:
    with database.begin(SYSTEM) as work:
        return job_status(work, key)


def _ended(database: Database, *keys: str, timeout_s: float = 60) -> list[JobStatus]:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        found = [_status(database, key) for key in keys]
        if all(status.state in {JobState.DONE, JobState.FAILED} for status in found):
            return found
        time.sleep(0.05)
    raise AssertionError(f"unfinished: {found}")


def _written(database: Database) -> list[tuple[str, int]]:
    with database.begin(SYSTEM) as work:
        rows = work.connection.execute(sa.text("SELECT * FROM written ORDER BY key, number"))
        return [(row.key, row.number) for row in rows]


def _expected(*keys: str, steps: int) -> list[tuple[str, int]]:
    return list(itertools.product(sorted(keys), range(steps)))


def test_a_job_asked_for_in_a_transaction_runs_after_it(with_table: Database) -> None:
    _request(with_table, "a")
    _request(with_table, "a")
    with Worker(with_table, JOBS, name="one"):
        [status] = _ended(with_table, "a")
    assert (status.state, status.result) == (JobState.DONE, 3)
    assert _written(with_table) == _expected("a", steps=3)


def test_a_job_of_a_rolled_back_transaction_is_not_there(database: Database) -> None:
    def ask_and_fail() -> None:
        with database.begin(SYSTEM) as work:
            request_job(work, "count", key="a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ask_and_fail()
    with pytest.raises(NotFound):
        _status(database, "a")


def test_a_key_stands_for_one_job_and_one_set_of_arguments(database: Database) -> None:
    _request(database, "a")
    with pytest.raises(Conflict):
        _request(database, "a", steps=4)
    with pytest.raises(Conflict):
        _request(database, "a", job="fail")


def test_a_failed_job_says_why_and_can_be_run_again(with_table: Database) -> None:
    fails = [True]

    def run(job: JobRun) -> Json:
        job.work("row", lambda work: _write(work, job.key, 1))
        if fails:
            raise ValueError("no such bank")
        return "well"

    _request(with_table, "a", job="moody")
    with Worker(with_table, [Job("moody", run)], name="one"):
        [status] = _ended(with_table, "a")
        assert (status.state, status.error) == (JobState.FAILED, "ValueError: no such bank")
        fails.clear()
        with with_table.begin(SYSTEM) as work:
            retry_job(work, "a")
        [status] = _ended(with_table, "a")
    assert (status.state, status.attempt, status.result) == (JobState.DONE, 2, "well")
    assert _written(with_table) == [("a", 1)], "the step that wrote is not repeated"
    with pytest.raises(Conflict), with_table.begin(SYSTEM) as work:
        retry_job(work, "a")


def test_a_failure_that_may_pass_is_tried_again(with_table: Database) -> None:
    calls: list[int] = []

    def call() -> Json:
        calls.append(1)
        if len(calls) < 3:
            raise OutsideFailure("the bank is away")
        return len(calls)

    _request(with_table, "a", job="call")
    with Worker(with_table, [Job("call", lambda run: run.outside("call", call))], name="one"):
        [status] = _ended(with_table, "a")
    assert (status.state, status.result) == (JobState.DONE, 3)


def _silent_for(tries: int, calls: list[int], *, retry_after_s: float) -> Job:
    """Writes once, then calls a bank that answers only after so many runs."""

    def call() -> Json:
        calls.append(1)
        if len(calls) <= tries:
            raise OutsideFailure("the bank is away")
        return len(calls)

    def run(job: JobRun) -> Json:
        job.work("row", lambda work: _write(work, job.key, 1))
        return job.outside("call", call)

    return Job("call", run, step_tries=1, retry_after_s=retry_after_s)


def test_a_bank_that_stays_silent_makes_the_job_wait_and_not_fail(
    with_table: Database,
) -> None:
    calls: list[int] = []
    _request(with_table, "a", job="call")
    with Worker(with_table, [_silent_for(2, calls, retry_after_s=0.1)], name="one"):
        [status] = _ended(with_table, "a")
    assert (status.state, status.attempt, status.result) == (JobState.DONE, 3, 3)
    assert (status.error, status.retry_at) == ("", None)
    assert _written(with_table) == [("a", 1)], "the step that wrote is not repeated"


def test_a_waiting_job_says_why_and_until_when_and_may_be_run_at_once(
    with_table: Database,
) -> None:
    _request(with_table, "a", job="call")
    with Worker(with_table, [_silent_for(1, [], retry_after_s=3600)], name="one"):
        deadline = time.monotonic() + 60
        while _status(with_table, "a").retry_at is None and time.monotonic() < deadline:
            time.sleep(0.05)
        status = _status(with_table, "a")
        assert (status.state, status.attempt) == (JobState.REQUESTED, 2)
        assert status.error == "OutsideFailure: the bank is away"
        with with_table.begin(SYSTEM) as work:
            retry_job(work, "a")
        [status] = _ended(with_table, "a")
    assert (status.state, status.result) == (JobState.DONE, 2)


def test_a_job_nobody_knows_fails_visibly(database: Database) -> None:
    _request(database, "a", job="unheard of")
    with Worker(database, [], name="one"):
        [status] = _ended(database, "a")
    assert status.state is JobState.FAILED
    assert "unheard of" in status.error


def test_two_jobs_of_one_name_are_refused(database: Database) -> None:
    with pytest.raises(BadInput):
        Worker(database, [Job("a", _fail), Job("a", _fail)], name="one")


def _worker_process(url: str, name: str, dead_after_s: float = 1) -> subprocess.Popen[bytes]:
    """Another process that works until it is killed."""
    program = (
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from importlib.util import spec_from_file_location, module_from_spec\n"
        f"spec = spec_from_file_location('jobs_under_test', {__file__!r})\n"
        "module = module_from_spec(spec); spec.loader.exec_module(module)\n"
        "from tael.kernel import SystemClock\n"
        "from tael.platform import Database\n"
        f"database = Database({url!r}, SystemClock())\n"
        f"worker = module.Worker(database, module.JOBS, name={name!r}, "
        f"dead_after_s={dead_after_s})\n"
        "with worker:\n    time.sleep(600)\n"
    )
    return subprocess.Popen([sys.executable, "-c", program])  # noqa: S603 - our own interpreter


def _wait_for_rows(database: Database, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(_written(database)) < count and time.monotonic() < deadline:
        time.sleep(0.02)


def _kill(process: subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


def test_a_killed_worker_takes_up_its_jobs_again_when_it_comes_back(
    with_table: Database, database_url: str
) -> None:
    keys = ("a", "b", "c")
    for key in keys:
        _request(with_table, key, steps=20)
    process = _worker_process(database_url, "one")
    _wait_for_rows(with_table, 5)
    _kill(process)
    assert 5 <= len(_written(with_table)) < 60
    with Worker(with_table, JOBS, name="one"):
        assert {status.state for status in _ended(with_table, *keys)} == {JobState.DONE}
    assert _written(with_table) == _expected(*keys, steps=20)


def test_a_dead_worker_that_stays_away_is_replaced(with_table: Database, database_url: str) -> None:
    keys = ("a", "b")
    for key in keys:
        _request(with_table, key, steps=20)
    process = _worker_process(database_url, "one")
    _wait_for_rows(with_table, 5)
    _kill(process)
    with Worker(with_table, JOBS, name="two", dead_after_s=0.5):
        assert {status.state for status in _ended(with_table, *keys)} == {JobState.DONE}
    assert _written(with_table) == _expected(*keys, steps=20)


def test_a_live_worker_keeps_its_name(database: Database) -> None:
    lock = sa.func.hashtextextended("tael.worker:one", 0)
    with database.begin(SYSTEM) as work:  # stands for the other process
        work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(lock)))
        with pytest.raises(OutsideFailure, match="TAEL_WORKER"):
            Worker(database, JOBS, name="one").start()


@pytest.mark.slow
def test_workers_killed_over_and_over_lose_and_repeat_nothing(
    with_table: Database, database_url: str
) -> None:
    keys = tuple(f"job-{number}" for number in range(12))
    for key in keys:
        _request(with_table, key, steps=30)
    for turn in range(10):
        process = _worker_process(database_url, f"worker-{turn % 3}")
        _wait_for_rows(with_table, (turn + 1) * 25)
        _kill(process)
    with Worker(with_table, JOBS, name="last", dead_after_s=0.5):
        assert {status.state for status in _ended(with_table, *keys)} == {JobState.DONE}
    assert _written(with_table) == _expected(*keys, steps=30)
