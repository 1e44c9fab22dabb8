"""Durable jobs: asked for in a transaction, run to the end even if the process is killed anywhere.

A port of our own over DBOS, which keeps each step's result in the same PostgreSQL. Three things
DBOS leaves to us: asking for a job inside a transaction (a row, handed over afterwards), steps that
write to our database exactly once (noted in their own transaction), and the jobs of a worker that
died and does not come back (another one adopts them).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import insert

from tael.kernel import BadInput, Clock, Conflict, NotFound, OutsideFailure, TaelError
from tael.platform.database import SYSTEM, Actor, Database, Work
from tael.platform.job_rows import job_steps, jobs, workers

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]
Result = TypeVar("Result", bound=Json)

_VERSION = "tael-jobs-1"  # fixed: a new release takes up the jobs of the one before it
_SCHEMA = "jobs"
_QUEUE = "tael"
_HANDED_AT_ONCE = 100
_ERROR_LENGTH = 500
_LOCK_PREFIX = "tael.worker:"
_FINISH_TRIES = 8
_LARGEST_DOUBLING = 12
_LONGEST_PAUSE_S = 3600
_NAME_TRIES = 20
_NAME_PAUSE_S = 0.1
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of durable work: ``run`` does its work in steps of the ``JobRun`` it is given.

    Between steps it must go the same way every time (no clock, no random numbers of its own), for
    after a kill it is run again from the top, past the steps that are done.

    Args:
        name: under which it is asked for.
        run: its work.
        step_tries: how often a step is tried, with growing pauses, while its failure may pass
            (``TaelError.retryable``).
        retry_after_s: when all of them failed the job waits so long and runs again, then twice as
            long, at most an hour, for ever: a silent bank makes no job fail for good.
    """

    name: str
    run: Callable[[JobRun], Json]
    step_tries: int = 8
    retry_after_s: float = 60


class JobState(Enum):
    """Asked for, taken up by a worker, or ended one way or the other."""

    REQUESTED = "requested"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job stands; ``result`` of one that is done, ``error`` of its last failure.

    ``retry_at`` (UTC) is set while a job waits for the outside world and will run again by itself.
    """

    key: str
    job: str
    state: JobState
    attempt: int
    result: Json
    error: str
    retry_at: datetime | None = None


class JobRun:
    """One run of a job: its key, its arguments, and the two kinds of steps."""

    def __init__(
        self, database: Database, key: str, arguments: Mapping[str, Json], step: StepRunner
    ) -> None:
        self.key = key
        self.arguments = arguments
        self._database = database
        self._step = step

    @property
    def clock(self) -> Clock:
        """For steps; between them it would send a repeated run another way."""
        return self._database.clock

    def outside(self, name: str, action: Callable[[], Result]) -> Result:
        """A step with an outside effect, at least once: give it an idempotency key.

        A failure that may pass (``TaelError.retryable``) is tried again with growing pauses.
        """
        return cast("Result", self._step(name, action))

    def work(self, name: str, use_case: Callable[[Work], Result]) -> Result:
        """A step in one transaction of our database, exactly once per job and ``name``."""
        return cast("Result", self._step(name, lambda: self._once(name, use_case)))

    def _once(self, name: str, use_case: Callable[[Work], Result]) -> Result:
        with self._database.begin(Actor("job", self.key)) as work:
            noted = sa.select(job_steps.c.result).filter_by(key=self.key, step=name)
            earlier = work.connection.execute(noted).first()
            if earlier is not None:
                return cast("Result", earlier.result)
            result = use_case(work)
            row = {"key": self.key, "step": name, "result": result, "done_at": work.clock.now()}
            work.connection.execute(sa.insert(job_steps).values(row))
            return result


Workflow = Callable[[str, str, dict[str, Json]], None]
StepRunner = Callable[[str, Callable[[], Any]], Any]


def request_job(
    work: Work, job: str, *, key: str, arguments: Mapping[str, Json] | None = None
) -> None:
    """Ask for a job if this transaction commits; the same ``key`` is one job, however often asked.

    Raises:
        Conflict: the key stands for another job or other arguments.
    """
    wanted = dict(arguments or {})
    row = {
        "key": key,
        "job": job,
        "arguments": wanted,
        "requested_at": work.clock.now(),
        "state": JobState.REQUESTED.value,
        "attempt": 1,
    }
    statement = insert(jobs).values(row).on_conflict_do_nothing(index_elements=["key"])
    if work.connection.execute(statement.returning(jobs.c.key)).first():
        return
    earlier = work.connection.execute(sa.select(jobs).where(jobs.c.key == key)).one()
    if (earlier.job, earlier.arguments) != (job, wanted):
        raise Conflict(f"job {key!r} was asked for with other arguments", field="key")


def job_status(work: Work, key: str) -> JobStatus:
    """Where the job stands.

    Raises:
        NotFound: nobody asked for it.
    """
    row = work.connection.execute(sa.select(jobs).where(jobs.c.key == key)).first()
    if row is None:
        raise NotFound(f"there is no job {key!r}", field="key")
    state, retry_at = JobState(row.state), row.retry_at and row.retry_at.astimezone(UTC)
    return JobStatus(key, row.job, state, row.attempt, row.result, row.error or "", retry_at)


def retry_job(work: Work, key: str) -> None:
    """Run a failed job again, or one that waits at once; steps that wrote are not repeated.

    Raises:
        Conflict: it did not fail.
    """
    mine, state = jobs.c.key == key, jobs.c.state
    failed = sa.update(jobs).where(mine, state == JobState.FAILED.value)
    again = {"state": JobState.REQUESTED.value, "attempt": jobs.c.attempt + 1, "error": None}
    waits = sa.update(jobs).where(
        mine, state == JobState.REQUESTED.value, jobs.c.retry_at.is_not(None)
    )
    for statement in (failed.values(again), waits.values(retry_at=None)):
        if work.connection.execute(statement).rowcount:
            work.audit("job.retry", key)
            return
    raise Conflict(f"job {key!r} did not fail", field="key")


class Worker:
    """Runs the jobs of ``database`` in this process; one per process.

    Args:
        database: where jobs are asked for and their steps are kept.
        known: the jobs it can run.
        name: stable for this process over restarts; two live workers never share one.
        beat_s: how often it looks for new jobs and for dead colleagues.
        dead_after_s: a worker whose beat is older, and whose lock is free, is dead: its jobs are
            taken over.

    As a context it starts and stops.
    """

    def __init__(
        self,
        database: Database,
        known: Sequence[Job],
        *,
        name: str,
        beat_s: float = 0.2,
        dead_after_s: float = 5,
    ) -> None:
        self._database = database
        self._known = {job.name: job for job in known}
        if len(self._known) != len(known):
            raise BadInput("two jobs bear one name", field="known", rule="unique names")
        self._name = name
        self._beat_s = beat_s
        self._dead_after_s = dead_after_s
        self._stopping = Event()
        self._thread: Thread | None = None
        self._workflow: Workflow = self._run

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take up work, unfinished jobs of an earlier life first.

        Raises:
            OutsideFailure: a live worker bears this name, or the database is away.
        """
        presence = self._appear()
        self._launch()
        self._stopping.clear()
        self._thread = Thread(target=self._beat, args=(presence,), name="tael-worker", daemon=True)
        self._thread.start()

    def stop(self, *, finish_s: int = 10) -> None:
        """Take up nothing more, finish what ends in time, leave the rest to the next start."""
        from dbos import DBOS  # noqa: PLC0415 - takes a second to import, and only workers need it

        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=finish_s)

    def _launch(self) -> None:
        from dbos import DBOS  # noqa: PLC0415 - see stop

        DBOS(
            config={
                "name": "tael",
                "system_database_url": self._database.url,
                "dbos_system_schema": _SCHEMA,
                "executor_id": self._name,
                "application_version": _VERSION,
                "log_level": "CRITICAL",
                "enable_otlp": False,
            }
        )
        self._workflow = DBOS.workflow(name="tael.job")(_workflow(self._run))
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=4, polling_interval_sec=self._beat_s)

    # -- one job ---------------------------------------------------------------------------------

    def _run(self, key: str, name: str, arguments: dict[str, Json]) -> None:
        """The one workflow there is: runs a job and writes down how it ended."""
        attempt = _attempt()
        job = self._known.get(name) or _unknown(name)
        run = JobRun(self._database, key, arguments, _stepper(job.step_tries))
        outcome: dict[str, Any]
        try:
            outcome = {"state": JobState.DONE.value, "result": job.run(run)}
        except Exception as error:  # noqa: BLE001 - the edge of every job: it is written down
            outcome = {"state": JobState.FAILED.value, "error": _described(error)}
            if _may_pass(_last_try(error)):
                outcome["state"] = JobState.REQUESTED.value
            _log.warning("job failed", job=name, key=key, attempt=attempt, **outcome)
        finish = _stepper(_FINISH_TRIES)
        finish("finish", lambda: self._finish(key, attempt, outcome, job.retry_after_s))

    def _finish(
        self, key: str, attempt: int, outcome: Mapping[str, Any], retry_after_s: float
    ) -> None:
        """Note how this attempt ended; repeated after a kill it finds the next one, and is done."""
        values = {"error": None, "finished_at": None, "retry_at": None, **outcome}
        with self._database.begin(Actor("job", key)) as work:
            if outcome["state"] == JobState.REQUESTED.value:
                values["attempt"] = attempt + 1
                values["retry_at"] = _after(attempt, retry_after_s)
            else:
                values["finished_at"] = work.clock.now()
            mine = (jobs.c.key == key) & (jobs.c.attempt == attempt)
            work.connection.execute(sa.update(jobs).where(mine).values(values))

    # -- being there -----------------------------------------------------------------------------

    def _appear(self) -> sa.Connection:
        """A connection that holds this worker's lock: gone with the process, kill -9 included."""
        connection = self._database.engine.connect()
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # back in the pool it would keep the lock after the worker has stopped
        for _ in range(_NAME_TRIES):
            if connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_lock(self._name)))):
                return connection
            time.sleep(_NAME_PAUSE_S)  # its last life, or the one who took over, lets go of it
        connection.close()
        raise OutsideFailure(
            f"a worker named {self._name} is at work; give this one another TAEL_WORKER",
            code="worker_name_taken",
        )

    def _beat(self, presence: sa.Connection) -> None:
        while not self._stopping.wait(self._beat_s):
            try:
                self._look_around(presence)
            except (TaelError, sa.exc.SQLAlchemyError) as error:
                _log.warning("worker waits for the database", error=_described(error))
                presence = self._appear_again(presence)
        presence.close()

    def _appear_again(self, presence: sa.Connection) -> sa.Connection:
        presence.close()
        while not self._stopping.wait(self._beat_s):
            try:
                return self._appear()
            except (TaelError, sa.exc.SQLAlchemyError):
                continue
        return presence

    def _look_around(self, presence: sa.Connection) -> None:
        presence.execute(
            insert(workers)
            .values(name=self._name, beat_at=sa.func.clock_timestamp())
            .on_conflict_do_update(
                index_elements=["name"], set_={"beat_at": sa.func.clock_timestamp()}
            )
        )
        self._hand_over()
        self._adopt(presence)

    def _hand_over(self) -> None:
        """Give what was asked for to DBOS. A kill in between repeats it under the same id."""
        from dbos import DBOS, SetWorkflowID  # noqa: PLC0415 - see stop

        with self._database.begin(SYSTEM) as work:
            asked = work.connection.execute(
                sa.select(jobs)
                .where(jobs.c.state == JobState.REQUESTED.value)
                .where(jobs.c.retry_at.is_(None) | (jobs.c.retry_at <= sa.func.clock_timestamp()))
                .order_by(jobs.c.requested_at, jobs.c.key)
                .limit(_HANDED_AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            for row in asked:
                with SetWorkflowID(f"{row.key}#{row.attempt}"):
                    DBOS.enqueue_workflow(_QUEUE, self._workflow, row.key, row.job, row.arguments)
            if asked:
                keys = [row.key for row in asked]
                running = sa.update(jobs).where(jobs.c.key.in_(keys))
                work.connection.execute(running.values(state=JobState.RUNNING.value, retry_at=None))

    def _adopt(self, presence: sa.Connection) -> None:
        """Take over the jobs of dead workers: no beat for a while, and their lock is free."""
        from dbos import DBOS  # noqa: PLC0415 - see stop

        silence = _seconds(self._dead_after_s)
        silent = sa.select(workers.c.name).where(
            workers.c.name != self._name,
            workers.c.beat_at < sa.func.clock_timestamp() - silence,
        )
        for name in presence.scalars(silent).all():
            with _held(presence, name) as dead:
                if dead:
                    DBOS._recover_pending_workflows([name])  # noqa: SLF001 - no public name for it
                    presence.execute(sa.delete(workers).where(workers.c.name == name))
                    _log.warning("took over the jobs of a dead worker", worker=name)


def _stepper(tries: int) -> StepRunner:
    def step(name: str, action: Callable[[], Any]) -> Any:
        from dbos import DBOS, StepOptions  # noqa: PLC0415 - see Worker.stop

        options: StepOptions = {
            "name": name,
            "retries_allowed": tries > 1,
            "max_attempts": tries,
            "interval_seconds": 0.2,
            "backoff_rate": 2.0,
            "should_retry": _may_pass,
        }
        return DBOS.run_step(options, action)

    return step


def _unknown(name: str) -> Job:
    def run(_run: JobRun) -> Json:
        raise NotFound(f"there is no job {name!r} in this release", field="job")

    return Job(name, run)


def _after(attempt: int, first_s: float) -> sa.ColumnElement[datetime]:
    """When to run again, by the database's clock: after the pause, doubled for each attempt."""
    pause_s = min(first_s * 2 ** min(attempt - 1, _LARGEST_DOUBLING), _LONGEST_PAUSE_S)
    return sa.func.clock_timestamp() + _seconds(pause_s)


def _workflow(run: Workflow) -> Workflow:
    def run_job(key: str, name: str, arguments: dict[str, Json]) -> None:
        run(key, name, arguments)

    return run_job  # DBOS takes a function, not a method


@contextmanager
def _held(connection: sa.Connection, name: str) -> Iterator[bool]:
    """Whether the lock of worker ``name`` could be had; if so, held for the block."""
    free = bool(connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_lock(name)))))
    try:
        yield free
    finally:
        if free:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_lock(name))))


def _lock(name: str) -> sa.ColumnElement[int]:
    return sa.func.hashtextextended(_LOCK_PREFIX + name, 0)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, TaelError) and error.retryable


def _last_try(error: BaseException) -> BaseException:
    tries: list[BaseException] = getattr(error, "errors", [])  # of a step that was tried in vain
    return tries[-1] if tries else error


def _described(error: BaseException) -> str:
    error = _last_try(error)
    return f"{type(error).__name__}: {error}"[:_ERROR_LENGTH]


def _attempt() -> int:
    """Which attempt of its job the workflow is that runs here: the end of its id."""
    from dbos import DBOS  # noqa: PLC0415 - see stop

    return int(str(DBOS.workflow_id).rpartition("#")[2])


def _seconds(number: float) -> sa.ColumnElement[timedelta]:
    return sa.func.make_interval(0, 0, 0, 0, 0, 0, number)
