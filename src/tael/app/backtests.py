"""Back-tests of an installation: asked for by a person, made by a process beside the server, kept.

Histories are files and folders of Parquet in ``histories`` of the data folder, as ``tael policies
history`` writes them. Each back-test has a folder of its own below ``backtests``; a durable job
looks after it, so that a server that is killed takes it up again. The end of a day deletes those
that are old and of which no version makes evidence.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from tael.app.backtest_files import RESULT, Asked, Run, RunFolder, RunId, RunState, Tried
from tael.app.backtest_watch import in_process
from tael.kernel import BadInput, Clock, Conflict, Day, NotFound, VersionId, day_of
from tael.platform import Actor, Database, Job, JobRun, Parameters, Work, request_job
from tael.policies import Policies
from tael.policies.model import EventKind, PolicyState, PolicyVersion

JOB = "backtest"
_CAP = "cap.all_in"
_MOST_VERSIONS = 6
_AGAIN_S = 5
_MOST_DELETED = 20
# A version in one of these states keeps a back-test as its own.
_KEEPS = frozenset({PolicyState.CHECKED, PolicyState.BACKTESTED})


@dataclass(frozen=True, slots=True)
class History:
    """Past applications known to the installation: name, rows, and bytes on disk."""

    name: str
    rows: int
    size: int


class Backtests:
    """The back-tests of one installation.

    Args:
        home: its data folder.
        policies: the desk of versions.
        parameters: dated figures; the cap in force goes into a back-test.
        days: how long one is kept after its end, or after the end of a version that rests on it.

    Attributes:
        halt: set when this process is about to end: what runs is stopped and taken up later.
    """

    def __init__(
        self, home: Path, policies: Policies, parameters: Parameters, *, days: int
    ) -> None:
        self.halt = Event()
        self._histories = home / "histories"
        self._runs = home / "backtests"
        self._deleted = home / "backtests.deleted"
        self._kept = timedelta(days=days)
        self._policies = policies
        self._parameters = parameters

    def histories(self) -> Sequence[History]:
        """What may be tried on, by name."""
        if not self._histories.is_dir():
            return []
        found = (_history(path) for path in sorted(self._histories.iterdir()))
        return [one for one in found if one is not None]

    @property
    def place(self) -> str:
        """Where histories are looked for."""
        return str(self._histories)

    def ask(
        self,
        work: Work,
        versions: Sequence[VersionId],
        history: str,
        *,
        sensitivity: bool = False,
        as_of: str = "",
    ) -> Run:
        """Ask for a back-test, which begins when this unit of work commits and a worker is free.

        Args:
            work: the unit of work.
            versions: the one that is tried, then those it is held against.
            history: its name.
            sensitivity: whether thresholds are moved.
            as_of: the last day whose news count, or '' for the history's last.

        Raises:
            BadInput: no version or more than six, one twice, no such history, no day.
            NotFound: no such version.
        """
        self._check(versions, history)
        if as_of:
            Day.parse(as_of, field="as_of")
        bundles = [self._policies.bundle(work, each) for each in versions]
        now = work.clock.now()
        cap = self._parameters.value(work, _CAP, day_of(now))
        asked = Asked(
            id=RunId.new(now),
            versions=_named([self._policies.version(work, each) for each in versions]),
            history=history,
            sensitivity=sensitivity,
            as_of=as_of,
            cap=str(cap),
            by=work.actor.id,
            at=now,
        )
        self.folder(asked.id).ask(asked, bundles)
        request_job(work, JOB, key=asked.id, arguments={"run": asked.id})
        work.audit("backtest.asked", asked.id, {"history": asked.history})
        return self.run(asked.id)

    def runs(self) -> Sequence[Run]:
        """Every back-test, newest first."""
        if not self._runs.is_dir():
            return []
        folders = sorted((path.name for path in self._runs.iterdir()), reverse=True)
        found = (RunFolder(self._runs / name).run() for name in folders)
        return [run for run in found if run is not None]

    def run(self, run_id: str) -> Run:
        """One back-test.

        Raises:
            NotFound: there is none.
        """
        found = self.folder(run_id).run()
        if found is None:
            raise _nothing(run_id)
        return found

    def cancel(self, work: Work, run_id: str) -> Run:
        """Stop it, or keep it from beginning.

        Raises:
            NotFound: there is none.
            Conflict: it has ended.
        """
        run = self.run(run_id)
        if run.ended:
            raise Conflict("it has ended already", code="backtest_ended", field="state")
        self.folder(run_id).cancel(work.actor.id, work.clock.now())
        work.audit("backtest.cancelled", run.id, {})
        return self.run(run_id)

    def parts(self, run_id: str, locale: str) -> list[tuple[str, str]]:
        """The sections of its report in ``zh`` or ``en``: titles and HTML, all texts escaped.

        Raises:
            NotFound: there is none, or it is not done.
        """
        path = self.file(run_id, f"parts.{locale}.json")
        return [(str(title), str(html)) for title, html in json.loads(path.read_text("utf-8"))]

    def files(self, run: Run) -> Mapping[str, int]:
        """The files of one that is done, with their sizes in bytes."""
        names = [str(name) for name in (run.found or {}).get("files", [])]
        paths = {name: self.folder(run.id).path / RESULT / name for name in names}
        return {name: path.stat().st_size for name, path in paths.items() if path.is_file()}

    def file(self, run_id: str, name: str) -> Path:
        """One of its files.

        Raises:
            NotFound: there is none of this name.
        """
        run = self.run(run_id)
        own = run.found or {}
        if name not in [*own.get("files", []), *own.get("parts", [])]:
            raise NotFound(f"there is no file {name[:60]!r}", field="file")
        return self.folder(run.id).path / RESULT / name

    def keep(self, database: Database, run: Run, found: Mapping[str, object]) -> bool:
        """Keep what was found with the version that was tried, as the back-test of who asked.

        False where the version stands elsewhere: a draft was not checked yet, and one that is
        approved has the back-test it was approved on.
        """
        tried = VersionId(run.asked.versions[0].version)
        with database.begin(Actor("user", run.asked.by)) as work:
            if self._policies.version(work, tried).state not in _KEEPS:
                return False
            figures = found["key_figures"]
            self._policies.record_backtest(
                work,
                tried,
                hashes=(str(found["history_hash"]), str(found["result_hash"])),
                figures=figures if isinstance(figures, dict) else {},
            )
        return True

    def purge(self, work: Work) -> int:
        """Delete the folders of back-tests that ended long ago, some at a time; how many it was.

        One that a version names as its back-test is kept as long as the version is not retired, and
        as many days after that: a rollback may bring the version back. What has not ended stays.
        """
        # A folder leaves the list at once and whole; what an earlier life left over goes with it.
        shutil.rmtree(self._deleted, ignore_errors=True)
        before = work.clock.now() - self._kept
        old = [run for run in self.runs() if run.ended_at is not None and run.ended_at < before]
        if not old:
            return 0
        named = self._evidence(work, before)
        gone = [run for run in old if _result_of(run) not in named][:_MOST_DELETED]
        self._deleted.mkdir(exist_ok=True)
        for run in gone:
            self.folder(run.id).path.replace(self._deleted / run.id)
            work.audit("backtest.deleted", run.id, {"result": _result_of(run)})
        shutil.rmtree(self._deleted, ignore_errors=True)
        return len(gone)

    def _evidence(self, work: Work, before: datetime) -> frozenset[str]:
        """Hashes of the results that versions name which stand, or were retired since."""
        standing = {
            one.id
            for one in self._policies.versions(work)
            if one.state is not PolicyState.RETIRED
            or one.retired_at is None
            or one.retired_at >= before
        }
        return frozenset(
            str(json.loads(event.record).get("result", ""))
            for event in self._policies.timeline(work)
            if event.kind is EventKind.BACKTESTED and event.version in standing
        )

    def history_path(self, name: str) -> Path:
        """Where a history stands."""
        return self._histories / name

    def folder(self, run_id: str) -> RunFolder:
        """The folder of a back-test.

        Raises:
            NotFound: the text is no id of one.
        """
        try:
            return RunFolder(self._runs / RunId.parse(run_id))
        except BadInput:
            raise _nothing(run_id) from None

    def _check(self, ids: Sequence[VersionId], history: str) -> None:
        if not ids:
            raise BadInput(
                "no version is chosen", code="backtest_no_version", field="version", rule="one"
            )
        if len(set(ids)) < len(ids):
            raise BadInput(
                "a version is held against itself",
                code="backtest_twice",
                field="against",
                rule="each once",
            )
        if len(ids) > _MOST_VERSIONS:
            raise BadInput(
                f"{len(ids)} versions", code="backtest_many", field="against", rule="at most 6"
            )
        if history not in [one.name for one in self.histories()]:
            raise BadInput(
                f"there is no history {history[:60]!r}",
                code="backtest_no_history",
                field="history",
                rule="one of the list",
            )


def backtest_jobs(database: Database, backtests: Backtests) -> Sequence[Job]:
    """The job ``backtest``. Arguments: run, the id of one that was asked for."""

    def run(job: JobRun) -> str:
        wanted = str(job.arguments.get("run", ""))
        made: str = job.outside("make", lambda: look_after(database, job.clock, backtests, wanted))
        return made

    return [Job(JOB, run, step_tries=1, retry_after_s=_AGAIN_S)]


def look_after(
    database: Database,
    clock: Clock,
    backtests: Backtests,
    run_id: str,
    make: Callable[[RunFolder, Path, Event], None] = in_process,
) -> str:
    """Make a back-test in a process of its own, from wherever an earlier life left it.

    Returns how it ended. ``make`` does the work; a test may do it here and now.

    Raises:
        OutsideFailure: this process is about to end; it may be taken up again.
    """
    folder = backtests.folder(run_id)
    run = backtests.run(run_id)
    if run.state in (RunState.DONE, RunState.FAILED):
        return str(run.state.value)
    if not folder.cancelled:
        folder.progress("begun", 0, 1)
        make(folder, backtests.history_path(run.asked.history), backtests.halt)
    if folder.cancelled:
        state, kept = RunState.CANCELLED, False
    else:
        found = folder.get("found")
        state = RunState.FAILED if found is None else RunState.DONE
        kept = found is not None and backtests.keep(database, run, found)
    folder.end(state, clock.now(), recorded=kept)
    return str(state.value)


def _history(path: Path) -> History | None:
    """What stands there; None of anything that is no Parquet."""
    import pyarrow.parquet as pq  # noqa: PLC0415 - most pages need none
    from pyarrow import ArrowException  # noqa: PLC0415 - as above

    files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not files or files[0].suffix != ".parquet":
        return None
    try:
        rows = sum(pq.ParquetFile(file).metadata.num_rows for file in files)
    except (OSError, ArrowException):
        return None
    return History(path.name, rows, sum(file.stat().st_size for file in files))


def _named(versions: Sequence[PolicyVersion]) -> tuple[Tried, ...]:
    """Versions under names of their own: a second one of a name is numbered."""
    taken: dict[str, int] = {}
    found = []
    for version in versions:
        taken[version.name] = taken.get(version.name, 0) + 1
        more = "" if taken[version.name] == 1 else f" ({taken[version.name]})"
        found.append(Tried(version.id, f"{version.name}{more}"))
    return tuple(found)


def _result_of(run: Run) -> str:
    """Hash of its result; '' of one that was not done, which is evidence of nothing."""
    return str((run.found or {}).get("result_hash", ""))


def _nothing(run_id: str) -> NotFound:
    return NotFound(f"there is no back-test {run_id[:60]!r}", field="backtest")
