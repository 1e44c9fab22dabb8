"""Window variables beside their rivals on workload W1; prints one JSON object.

Run: ``uv run --group bench python benchmarks/variables_rivals.py [--scale 1] [--seconds 20]``, some
five minutes, more the first time. Each rival runs in an environment of its own, which the script
makes with uv and keeps, on the largest scale that it finishes, with its best settings, two threads
(featuretools, and ours beside it: one). First the same variables are compared with ours. Ours is
timed before and after each rival: the ratio is our median round over the rival's, in values a
second; beside it the same by processor time, which a busy machine changes less. A table of
requirements goes to standard error. Trust ratios, not absolute figures.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Column, Table
from variables_rivals import ours
from variables_rivals.compare import compared
from variables_rivals.environments import cache, python_of
from variables_rivals.worker import SAMPLE
from variables_rivals.workload import COLUMNS, Answers, write

FOLDER = Path(__file__).resolve().parent
ROUNDS, LONGEST = 3, 300  # rounds of a rival and of ours at each side of it; seconds of a rival
BESIDE = 2_000  # borrowers of ours beside a rival that computes fewer
SAY = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 110)
Figures = dict[str, Any]  # of JSON
FIGURES = (
    "borrowers_per_second", "ours_borrowers_per_second", "ratio", "ratio_of_processor_time",
    "required",
)  # fmt: skip


@dataclass(frozen=True)
class Rival:
    """What is run, on how many borrowers, and how many times as fast ours must be."""

    name: str
    module: str
    environment: str
    borrowers: int
    required: float | None
    threads: int = 2
    options: Figures = field(default_factory=dict)


FT, TOOLS, CUTOFF, HAND = "featuretools", "featuretools_dfs", "common", "hand"
RIVALS = (
    Rival("duckdb-tuned", "duckdb_tuned", "duckdb", 20_000, 10),
    Rival("duckdb-tuned-wide", "duckdb_tuned", "duckdb", 20_000, None, options={"wide": True}),
    Rival("polars-tuned", "polars_tuned", "polars", 20_000, 10),
    Rival("polars-filters", "polars_filters", "polars", 2_000, 100),
    Rival("duckdb-filters", "duckdb_filters", "duckdb", 1_000, 2_000),
    Rival("duckdb-filters-441", "duckdb_filters", "duckdb", 1_000, 2_000, options={"a_query": 441}),
    Rival("getml", "getml_fastprop", "getml", 500, 40),
    Rival("featuretools", TOOLS, FT, 200, 1_000, 1, {CUTOFF: True}),
    Rival("featuretools-hand", TOOLS, FT, 1_000, 1_000, 1, {CUTOFF: True, HAND: True}),
    Rival("featuretools-own-cutoffs", TOOLS, FT, 4, 50_000, 1, {CUTOFF: False}),
    Rival("featuretools-hand-own-cutoffs", TOOLS, FT, 5, 50_000, 1,
          {CUTOFF: False, HAND: True}),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="times the borrowers of each")
    parser.add_argument("--seconds", type=float, default=20.0, help="of computing, each rival")
    parser.add_argument("--only", action="append", choices=[each.name for each in RIVALS])
    parser.add_argument("--environments", type=Path, default=cache(), help="folder that keeps them")
    chosen = parser.parse_args()
    rivals = [each for each in RIVALS if not chosen.only or each.name in chosen.only]
    began = time.perf_counter()
    SAY.print(f"data: W1 of {max(size(each, chosen.scale) for each in rivals)} borrowers")
    made = ours.make(max(BESIDE, *(size(each, chosen.scale) for each in rivals)))
    sample = ours.answers(made, np.arange(SAMPLE))
    ours.seconds(made, ours.CHUNK, threads=2)
    found: dict[str, Figures] = {}
    with tempfile.TemporaryDirectory(prefix="tael-rivals-") as folder:
        write(Path(folder), ours.exported(made))
        for number, rival in enumerate(rivals, start=1):
            said = f"{time.perf_counter() - began:4.0f} s  {number}/{len(rivals)} {rival.name}"
            SAY.print(said)
            found[rival.name] = _one(rival, made, sample, (Path(folder), chosen))
    report = {
        "workload": "W1",
        "variables": len(COLUMNS),
        "plan": made.plan.hash,
        "processors": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
        "seconds": round(time.perf_counter() - began),
        "rivals": found,
    }
    show(found)
    print(json.dumps(report, indent=1))
    if any("error" in each or not each["checked"]["equal"] for each in found.values()):
        raise SystemExit(1)


def size(rival: Rival, scale: float) -> int:
    return max(1, round(rival.borrowers * scale))


def _one(
    rival: Rival, made: ours.Ours, sample: np.ndarray, place: tuple[Path, argparse.Namespace]
) -> Figures:
    """The rival in its environment, with ours before and after."""
    folder, chosen = place
    borrowers = size(rival, chosen.scale)
    try:
        with SAY.status("its environment, then its rounds"):
            python = python_of(rival.environment, chosen.environments)
            before = _ours(rival, made, borrowers)
            figures = _run(rival, python, borrowers, (folder, chosen.seconds))
            after = _ours(rival, made, borrowers)
    except subprocess.SubprocessError as error:  # the others are still worth their time
        SAY.print(f"{rival.name}: {error}")
        return {"error": str(error).splitlines()[0][:300], "required": rival.required}
    with np.load(folder / "answers.npz") as kept:
        answers = Answers(kept["borrowers"], kept["columns"], kept["values"])
    checked = compared(answers, sample[answers.borrowers])
    computed = figures["variables"] * borrowers
    wall, processor = (statistics.median(each) for each in zip(*before, *after, strict=True))
    ratio = figures["seconds"] / computed / wall
    outside = rival.environment == "getml"  # its engine is a process of its own
    met = rival.required is None or ratio >= rival.required
    return {
        "checked": checked,
        "threads": rival.threads,
        "scale": figures,
        "values_per_second": round(computed / figures["seconds"]),
        "borrowers_per_second": round(computed / figures["seconds"] / len(COLUMNS), 3),
        "ours_borrowers_per_second": round(1 / wall / len(COLUMNS)),
        "ratio": round(ratio, 2),
        "ratio_of_processor_time": None
        if outside
        else round(figures["processor_seconds"] / computed / processor, 2),
        "required": rival.required,
        "verdict": "ok" if met and checked["equal"] else "below" if checked["equal"] else "differs",
    }


def _ours(rival: Rival, made: ours.Ours, borrowers: int) -> list[tuple[float, float]]:
    """Seconds a value of each round, by the clock and of the processors."""
    many = max(borrowers, BESIDE)
    values = many * len(COLUMNS)
    spent = [ours.seconds(made, many, threads=rival.threads) for _ in range(ROUNDS)]
    return [(wall / values, processor / values) for wall, processor in spent]


def _run(rival: Rival, python: Path, borrowers: int, place: tuple[Path, float]) -> Figures:
    folder, seconds = place
    request = {
        "module": rival.module,
        "folder": str(folder),
        "answers": str(folder / "answers.npz"),
        "borrowers": borrowers,
        "seconds": seconds,
        "rounds": ROUNDS,
        "options": rival.options,
        "packages": [rival.environment, "numpy"],
    }
    command = [str(python), "-W", "ignore", "-m", "variables_rivals.worker", json.dumps(request)]
    environment = {**os.environ, "TMPDIR": str(folder)}
    with subprocess.Popen(  # noqa: S603 - our own module
        command, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment, start_new_session=True,
    ) as worker:  # fmt: skip
        try:
            told, trouble = worker.communicate(timeout=LONGEST)
        finally:
            with suppress(ProcessLookupError):  # an engine that it started ends with it
                os.killpg(worker.pid, signal.SIGKILL)
    if worker.returncode:
        raise subprocess.SubprocessError(trouble.strip().splitlines()[-1])
    found: Figures = json.loads(told.strip().splitlines()[-1])
    return found


def show(found: dict[str, Figures]) -> None:
    """Requirements beside what was reached, on standard error."""
    name_column = Column("rival", no_wrap=True)
    told = ("borrowers", "theirs /s", "ours /s", "ratio", "by cpu", "required", "verdict")
    table = Table(name_column, *told)
    for name, each in found.items():
        if "error" in each:
            table.add_row(name, *[""] * 5, _short(each["required"]), each["error"][:60])
            continue
        said = [_short(each[figure]) for figure in FIGURES]
        table.add_row(name, f"{each['scale']['borrowers']:,}", *said, each["verdict"])
    SAY.print(table)


def _short(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,.0f}" if figure >= 100 else f"{figure:,.3g}"  # noqa: PLR2004 - three digits


if __name__ == "__main__":
    main()
