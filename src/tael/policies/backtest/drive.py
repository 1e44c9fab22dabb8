"""A back-test on one machine from Parquet, or on a cluster: the same work, the same hash."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds

from tael.kernel import BadInput
from tael.policies.backtest.cases import ROW, THEN, Cases, Ruled, cases_of
from tael.policies.backtest.economics import Economics
from tael.policies.backtest.history import layout_of, open_history
from tael.policies.backtest.judge import ROWS_A_CHUNK, Judge, Version, decider_of
from tael.policies.backtest.measures import columns_of, transitions
from tael.policies.backtest.result import Backtest, result_hash, told_of
from tael.policies.backtest.sensitivity import Steps, sensitivity_of
from tael.policies.backtest.swaps import swap_of

Progress = Callable[[str, int, int], None]
# Spark's rows of one Arrow batch; results do not hang on it.
_BATCHES = "spark.sql.execution.arrow.maxRecordsPerBatch"


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast: ``rows`` a chunk, ``threads`` at once (default: one a processor)."""

    rows: int = ROWS_A_CHUNK
    threads: int = 0


@dataclass(frozen=True, slots=True)
class Settings:
    """How a back-test is made.

    Attributes:
        economics: what is assumed.
        segments: columns to tell results by; by default those that the history names.
        steps: how far each threshold of the first version moves; None: they stay where they are.
        pace: rows a chunk, and threads, on this machine.
    """

    economics: Economics
    segments: tuple[str, ...] = ()
    steps: Steps | None = None
    pace: Pace = field(default_factory=Pace)


def backtest(
    history: Path,
    versions: Sequence[Version],
    settings: Settings,
    progress: Progress | None = None,
) -> Backtest:
    """Try ``versions`` on the applications of a history, on this machine.

    The first version is the one that is tried; the others, and what was decided then, are what it
    is held against.

    Args:
        history: a Parquet file or a folder of them, as ``tael.policies.backtest.history`` says.
        versions: policy versions, each with a name of its own.
        settings: what is assumed, and what is told.
        progress: called with what is done, how many of it, of how many.

    Raises:
        BadInput: columns that are missing (all are named), two versions of a name, a row that no
            history holds.
    """
    data = open_history(history)
    judge = judge_of(data.schema, versions, settings)
    judged = judged_here(data, judge, settings.pace, progress)
    return with_moves(found_in(judged, versions, settings), data, judge, settings)


def backtest_on_cluster(
    session: Any, history: Path, versions: Sequence[Version], settings: Settings
) -> Backtest:
    """As ``backtest``, by a session of Spark Connect (Spark 4, Sail) whose Python has this package.

    Thresholds are moved here: only those whom a move concerns are decided again.

    Args:
        session: a Spark session; the cluster reads ``history`` under the same path.
        history: as ``backtest``; its schema is read here, for frames do not keep of which model
            scores are.
        versions: as ``backtest``.
        settings: what is assumed, and what is told.

    Raises:
        BadInput: as ``backtest``.
    """
    data = open_history(history)
    judge = judge_of(data.schema, versions, settings)
    session.conf.set(_BATCHES, str(ROWS_A_CHUNK))
    frame = session.read.parquet(*data.files).select(*judge.layout.columns)
    judged = frame.mapInArrow(judge.run, judge.spark_schema).toArrow().cast(judge.schema)
    return with_moves(found_in(judged, versions, settings), data, judge, settings)


def judge_of(
    schema: pa.Schema,
    versions: Sequence[Version],
    settings: Settings,
) -> Judge:
    """What each worker does.

    Raises:
        BadInput: no version, two of a name, one called ``then``, versions in other currencies than
            the assumptions, or columns that are missing.
    """
    names = [version.name for version in versions]
    if not names or len(set(names)) != len(names) or THEN in names:
        raise BadInput(
            f"versions are called {', '.join(names) or 'nothing'}",
            field="versions",
            rule=f"at least one, each with a name of its own that is not {THEN}",
        )
    economics = settings.economics
    deciders = [decider_of(version.bundle, economics.cap) for version in versions]
    for version, decider in zip(versions, deciders, strict=True):
        currency = decider.policy.prices.currency
        if currency != economics.currency:
            raise BadInput(
                f"{version.name} lends {currency}, the assumptions are in {economics.currency}",
                field="currency",
                rule="one currency",
            )
    return Judge(tuple(versions), economics.cap, layout_of(schema, deciders, settings.segments))


def judged_here(
    history: ds.Dataset, judge: Judge, pace: Pace, progress: Progress | None = None
) -> pa.Table:
    """The rows of ``history`` as ``judge`` sees them, chunk by chunk in threads."""
    rows = history.count_rows()
    batches = history.to_batches(columns=list(judge.layout.columns), batch_size=pace.rows)
    parts: list[pa.RecordBatch] = []
    done = 0
    for part in _in_threads(judge, _filled(batches, pace.rows), pace.threads or _processors()):
        parts.append(part)
        done += part.num_rows
        if progress is not None:
            progress("decided", done, rows)
    judged = pa.Table.from_batches(parts, schema=judge.schema)
    return judged.append_column(ROW, pa.array(np.arange(judged.num_rows)))


def found_in(judged: pa.Table, versions: Sequence[Version], settings: Settings) -> Backtest:
    """The result of judged rows, from anywhere and in any order."""
    economics = settings.economics
    cases = cases_of(judged, versions, economics)
    hashes = {version.name: version.bundle.hashes() for version in versions}
    columns = {ruled.name: columns_of(ruled, cases.bad) for ruled in cases.versions}
    # Numpy leaves the interpreter to others while it adds up a million rows.
    with ThreadPoolExecutor(_processors(), "figures") as pool:
        telling = [
            pool.submit(told_of, cases, ruled, hashes.get(ruled.name, {}), columns[ruled.name])
            for ruled in cases.versions
        ]
        swapping = [
            pool.submit(
                swap_of, cases, pair, (columns[pair[0].name], columns[pair[1].name]), economics
            )
            for pair in _pairs(cases)
        ]
    told = tuple(each.result() for each in telling)
    swaps = tuple(each.result() for each in swapping)
    moves = tuple(
        transitions(cases.version(swap.before), cases.version(swap.after)) for swap in swaps
    )
    found = Backtest(cases, economics, told, swaps, moves)
    return replace(found, result_hash=result_hash(found))


def with_moves(found: Backtest, data: ds.Dataset, judge: Judge, settings: Settings) -> Backtest:
    """The result with its slow decisions named and, where asked for, its thresholds moved."""
    found = replace(found, slow=judge.slow(data.schema))
    if settings.steps is None:
        return found
    moves = sensitivity_of(data, judge, (found.cases, settings.economics), settings.steps)
    return replace(found, moves=moves)


def _pairs(cases: Cases) -> Iterator[tuple[Ruled, Ruled]]:
    """What is held against each other, the earlier before the later.

    The first version against all others, and each other against what was decided then.
    """
    first, *others = cases.versions
    for other in reversed(others):
        yield other, first
    then = [ruled for ruled in others if ruled.name == THEN]
    for other in others:
        if then and other is not then[0]:
            yield then[0], other


def _filled(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Chunks of about ``rows`` rows: small row groups are put together."""
    held: list[pa.RecordBatch] = []
    size = 0
    for batch in batches:
        held.append(batch)
        size += batch.num_rows
        if size >= rows:
            yield pa.Table.from_batches(held)
            held, size = [], 0
    if size:
        yield pa.Table.from_batches(held)


def _in_threads(judge: Judge, chunks: Iterator[pa.Table], threads: int) -> Iterator[pa.RecordBatch]:
    """The chunks judged, in their order, as many at once as there are threads."""
    with ThreadPoolExecutor(threads, "backtest") as pool:
        waiting: deque[Future[pa.RecordBatch]] = deque()
        for chunk in chunks:
            waiting.append(pool.submit(judge.judged, chunk))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
