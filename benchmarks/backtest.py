"""A policy on a million past applications, from Parquet to the written report; prints JSON.

Run: ``python benchmarks/backtest.py [--history DIR --policy DIR] [--sensitivity] [--rows N]
[--clusters sail,spark]``. DIR is what ``tael policies history`` and ``tael policies show --save``
write; ``backtest_history.py`` makes both for a million applications of the economy. Without them
past applicants of the small invented economy are repeated under fresh numbers, and the shipped
rules stand around a scorecard learnt from others; a history of fewer rows than asked for is
repeated too. ``--clusters`` has Sail or a Spark 4 of two threads (it needs Java 17) do the same:
``one_hash`` says whether all results are equal.

``command_s`` is the requirement's figure: the whole command in a process of its own, Python's start
and every file included, the best of the rounds. ``parts_s`` are the same steps in this process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from variables_rivals.environments import cache, python_of

from tael.economy import history as past_of
from tael.policies import Bundle, first_bundle
from tael.policies.backtest import Economics, Settings, Steps, Version, Written, last_day, write
from tael.policies.backtest.drive import Pace, found_in, judge_of, judged_here, with_moves
from tael.policies.backtest.history import open_history
from tael.policies.model import TEXTS
from tael.risk import Scorecard

HERE = Path(__file__).resolve().parent
REQUIRED_S = 20.0
SERVED = {"sail": "sail", "spark": "local[2]"}
ROW_GROUP = 131_072
LEARNT, SEEN = 4_000, 50_000
WHOLE = {"owner_age", "years_in_business", "employees", "overdue_count_24m", "enquiries_6m",
         "active_loans"}  # fmt: skip
FILES = {name: f"{'policy.dmn' if name == 'dmn' else name + '.json'}" for name in TEXTS}
seconds: dict[str, float] = {}


@contextmanager
def timed(name: str) -> Iterator[None]:
    started = time.perf_counter()
    yield
    seconds[name] = round(time.perf_counter() - started, 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path)
    parser.add_argument("--policy", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--sensitivity", action="store_true")
    parser.add_argument("--clusters", type=lambda text: text.split(","), default=[])
    parser.add_argument("--environments", type=Path, default=cache())
    parser.add_argument("--against", type=Path, action="append", default=[])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as kept:
        folder = Path(kept)
        policy = asked.policy or policy_in(folder / "policy")
        history = history_in(folder / "history", asked.history, asked.rows)
        command = commanded(folder, history, policy, asked)
        hashes = {here(folder, history, policy, asked), command["result_hash"]}
        clusters = {name: clustered(name, history, policy, asked) for name in asked.clusters}
        hashes |= {each["result_hash"] for each in clusters.values()}
        size = sum(file.stat().st_size for file in history.glob("*.parquet"))
    print(
        json.dumps(
            {
                "benchmark": "backtest",
                "rows": command["applications"],
                "history_mb": round(size / 1e6, 1),
                "sensitivity": asked.sensitivity,
                "versions_tried": 1 + len(asked.against),
                "command_s": command["best_s"],
                "command_rounds_s": command["rounds_s"],
                "required_s": REQUIRED_S,
                "reached": command["best_s"] <= REQUIRED_S,
                "parts_s": seconds,
                "clusters": clusters,
                "one_hash": len(hashes) == 1,
                "result_hash": command["result_hash"],
                "peak_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024,
                "machine": {
                    "processors": len(os.sched_getaffinity(0)),
                    "load_average": os.getloadavg()[0],
                    "machine": platform.machine(),
                },
                "versions": {
                    "python": platform.python_version(),
                    "numpy": np.__version__,
                    "pyarrow": pa.__version__,
                },
            },
            indent=1,
        )
    )


def policy_in(folder: Path) -> Path:
    """The shipped rules around a scorecard learnt from past applicants."""
    past = past_of(1, LEARNT)
    bundle = first_bundle(Scorecard().fit(past.columns, past.bad).to_json())
    folder.mkdir()
    for name, file in FILES.items():
        if getattr(bundle, name):
            (folder / file).write_text(getattr(bundle, name), "utf-8")
    return folder


def bundle_of(folder: Path) -> Bundle:
    texts = {n: (folder / f).read_text("utf-8") for n, f in FILES.items() if (folder / f).exists()}
    return Bundle(**texts)


def history_in(folder: Path, given: Path | None, rows: int) -> Path:
    """The history of ``given``, or an invented one; repeated under fresh numbers up to ``rows``."""
    if given is not None and open_history(given).count_rows() >= rows:
        return given
    table = invented(min(SEEN, rows)) if given is None else open_history(given).to_table()
    folder.mkdir()
    size, numbers = table.num_rows, np.arange(rows)
    place = table.column_names.index("application_id")
    writer = pq.ParquetWriter(folder / "part-00000.parquet", table.schema, compression="zstd")
    for first in range(0, rows, ROW_GROUP):
        some = numbers[first : first + ROW_GROUP]
        part = table.take(pa.array(some % size))
        fresh = pa.array([f"B{number:09d}" for number in some.tolist()], pa.string())
        field = table.schema.field("application_id")
        writer.write_table(part.set_column(place, field, fresh), row_group_size=ROW_GROUP)
    writer.close()
    return folder


def invented(rows: int) -> pa.Table:
    """Past applicants as a history: every other one was lent to, and has an outcome."""
    past = past_of(2, rows)
    columns: dict[str, Any] = {}
    for name, values in past.columns.items():
        if name == "owns_property":
            columns[name] = pa.array(np.asarray(values) > 0)
        elif np.asarray(values).dtype.kind in "fi":
            told = np.round(np.asarray(values, float), 0 if name in WHOLE else 4)
            kind = pa.int64() if name in WHOLE else pa.decimal128(18, 4)
            columns[name] = pa.array(told).cast(kind, safe=False)
        else:
            columns[name] = pa.array(list(values))
    number = np.arange(rows)
    day = (17_000 + number % 2_000).astype(np.int32)
    lent = number % 2 == 0
    columns |= {
        "amount": pa.array(20_000 + 1_000 * (number % 400)),
        "months": pa.array(np.array([6, 12, 18, 24, 36])[number % 5]),
        "application_id": pa.array([""] * rows),
        "applied_on": pa.array(day).cast(pa.date32()),
        "decided": pa.array(np.where(lent, "approve", "decline").tolist()),
        "decided_price": pa.array([15] * rows, pa.decimal128(4, 2)),
        "funded": pa.array(lent),
        "bad": pa.array(np.asarray(past.bad) > 0, mask=~lent),
        "bad_known_on": pa.array(day + 400, mask=~lent).cast(pa.date32()),
    }
    return pa.table(columns)


def commanded(
    folder: Path, history: Path, policy: Path, asked: argparse.Namespace
) -> dict[str, Any]:
    """The command, each round in a process of its own."""
    words = ["policies", "backtest", "--files", str(policy), "--history", str(history), "--json"]
    words += ["--out", str(folder / "out"), *(["--sensitivity"] if asked.sensitivity else [])]
    for other in asked.against:
        words += ["--against", str(other)]
    rounds = []
    for _ in range(asked.rounds):
        started = time.perf_counter()
        done = subprocess.run(  # noqa: S603 - this package's own command
            [str(Path(sys.executable).with_name("tael")), *words],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        rounds.append(round(time.perf_counter() - started, 2))
    found: dict[str, Any] = json.loads(done.stdout)
    return {**found, "best_s": min(rounds), "rounds_s": rounds}


def clustered(name: str, history: Path, policy: Path, asked: argparse.Namespace) -> dict[str, Any]:
    """The same by a cluster on this machine: hash and seconds, its start left out."""
    python = python_of(name, asked.environments)
    environ = {
        **os.environ, "PYTHONPATH": str(HERE.parent / "src"), "PYSPARK_PYTHON": str(python),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }  # fmt: skip
    done = subprocess.run(  # noqa: S603 - our own job
        [str(python), str(HERE / "backtest_cluster.py"), str(history), str(policy), SERVED[name]],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def here(folder: Path, history: Path, policy: Path, asked: argparse.Namespace) -> str:
    """The same steps in this process, each by the clock; the result's hash."""
    versions = [Version(path.name, bundle_of(path)) for path in (policy, *asked.against)]
    with timed("open and load"):
        data = open_history(history)
        settings = Settings(Economics(last_day(data)), steps=Steps() if asked.sensitivity else None)
        judge = judge_of(data.schema, versions, settings)
    with timed("read and decide"):
        judged = judged_here(data, judge, Pace())
    with timed("figures, swap sets, hash"):
        found = found_in(judged, versions, settings)
    with timed("thresholds"):
        found = with_moves(found, data, judge, settings)
    with timed("write"):
        write(found, folder / "here", Written(tuple(versions)))
    return found.result_hash


if __name__ == "__main__":
    main()
