"""A million past applications of the economy with every input of the shipped policy as known then.

Run: ``python benchmarks/backtest_history.py --out DIR [--firms 340000] [--processes 2]``. It is
what ``tael economy build``, ``tael variables backfill`` and ``tael policies history`` do one after
another, a slice of the firms at a time: events of a slice (of those sources alone that the policy
reads), its variables at each application's instant, its history; then its events go, for those of
all firms take more disk than most machines have to spare. The same command goes on where it was
ended. Each row is that of the whole economy: a borrower is the same alone as among all others.

DIR/policy holds the shipped rules around a scorecard learnt from the first slices, DIR/history the
Parquet that ``backtest.py --history DIR/history --policy DIR/policy`` reads. Prints JSON.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from tael.app.history_columns import read_origins
from tael.app.history_work import HistoryWanted, build_history
from tael.cli.policy_files import read_folder, save
from tael.economy import FEATURE_NAMES
from tael.economy import history as past_of
from tael.economy.agents import borrower, life
from tael.economy.columns import arrow
from tael.economy.lending import applications_of
from tael.economy.records import Record, tables
from tael.economy.shard import default_world
from tael.economy.streams import STREAMS, table_of
from tael.policies import Bundle, first_bundle
from tael.risk import Scorecard
from tael.variables import Plan, Wanted, compile_plan
from tael.variables.definitions import read_definitions
from tael.variables.drivers import compute_shards

SEED, FIRMS, SLICE = 7, 340_000, 1_024
LEARNT_SLICES = 8  # the scorecard is learnt from these
_HIDDEN = ("sealed/", "market_link")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--firms", type=int, default=FIRMS)
    parser.add_argument("--processes", type=int, default=2)
    asked = parser.parse_args()
    started, used = time.perf_counter(), _processor_s()
    policy = asked.out / "policy"
    numbers = range(-(-asked.firms // SLICE))
    if not policy.exists():
        # Any model serves to write the inputs that one is learnt from.
        learnt = asked.out / "learnt"
        past = past_of(1, 4_000)
        first = first_bundle(Scorecard().fit(past.columns, past.bad).to_json())
        _all(numbers[:LEARNT_SLICES], (learnt, first, asked.firms), asked.processes)
        save(first_bundle(_card(learnt)), policy)
    history = asked.out / "history"
    made = _all(numbers, (history, read_folder(policy), asked.firms), asked.processes)
    rows = ds.dataset(history, format="parquet").count_rows()
    told = {
        "benchmark": "backtest_history",
        "firms": asked.firms,
        "applications": rows,
        "slices": len(numbers),
        "slices_made_now": made,
        "variables": list(_variables()),
        "megabytes": round(sum(f.stat().st_size for f in history.glob("*.parquet")) / 1e6, 1),
        "seconds": round(time.perf_counter() - started, 1),
        "processor_s": round(_processor_s() - used, 1),
        "machine": {"processors": len(os.sched_getaffinity(0)), "machine": platform.machine()},
    }
    print(json.dumps(told, indent=1))


def _all(numbers: Iterable[int], work: tuple[Path, Bundle, int], processes: int) -> int:
    """Make the slices that are missing; how many those were."""
    out = work[0]
    out.mkdir(parents=True, exist_ok=True)
    missing = [each for each in numbers if not (out / _part(each)).exists()]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, min(processes, len(missing))), mp_context=context) as pool:
        for done, number in enumerate(pool.map(_slice, [work] * len(missing), missing), 1):
            print(f"slice {number}, {done} of {len(missing)}", file=sys.stderr, flush=True)
    return len(missing)


def _slice(work: tuple[Path, Bundle, int], number: int) -> int:
    """One slice, from firms to its history; its file appears when it is whole."""
    out, bundle, firms = work
    subjects = range(number * SLICE, min((number + 1) * SLICE, firms))
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".slice-") as kept:
        folder = Path(kept)
        economy, values, written = folder / "economy", folder / "values", folder / "history"
        _economy(economy, subjects)
        compute_shards(economy, _plan(), _instants(economy), Wanted(values, _variables()))
        build_history(HistoryWanted(economy, (values,), (bundle,), (), read_origins(None)), written)
        (written / _part(0)).rename(out / _part(number))
    return number


def _economy(folder: Path, subjects: range) -> None:
    """The tables of these firms as ``tael economy build`` writes them, of the sources asked for."""
    world = default_world()
    records, events = [], dict[str, list[Any]]()
    sources = {name.split(".")[1] for name in _variables()}
    for number in subjects:
        subject = borrower(world, SEED, number)
        months = life(world, subject)
        records.append(Record.of(world, subject, months, applications_of(world, subject, months)))
        for source in sources:
            events.setdefault(source, []).append(STREAMS[source](world, subject, months))
    found: dict[str, pa.Table] = {
        name: arrow(columns)
        for name, columns in tables(world, records, months=True).items()
        if not name.startswith(_HIDDEN)
    }
    found |= {f"events/{source}": table_of(parts) for source, parts in events.items()}
    for name, table in found.items():
        path = folder / name / _part(0)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, compression="lz4")


def _instants(economy: Path) -> dict[str, list[int]]:
    path = economy / "applications" / _part(0)
    applied = pq.read_table(path, columns=["enterprise_id", "applied_at"])
    seconds = applied["applied_at"].cast(pa.timestamp("s", tz="UTC")).cast(pa.int64()).to_pylist()
    found: dict[str, list[int]] = {}
    for firm, second in zip(applied["enterprise_id"].to_pylist(), seconds, strict=True):
        found.setdefault(firm, []).append(second)
    return found


@cache
def _plan() -> Plan:
    definitions, variables, _ = read_definitions(None)
    return compile_plan(definitions, [each for each in variables if each.name in _variables()])


@cache
def _variables() -> tuple[str, ...]:
    """Names of variables that the shipped map takes inputs of the first policy from."""
    names = {name for origin in read_origins(None).values() for name in origin.names}
    return tuple(sorted(name for name in names if "." in name))


def _card(history: Path) -> str:
    """A scorecard learnt from loans whose outcome is known."""
    table = ds.dataset(history, format="parquet").to_table(filter=ds.field("bad").is_valid())
    columns = {name: _plain(table.column(name)) for name in FEATURE_NAMES}
    return Scorecard().fit(columns, table.column("bad").to_numpy().astype(float)).to_json()


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Texts as they are, numbers and yes or no as doubles."""
    if pa.types.is_string(column.type):
        return list(column.to_pylist())
    return [float(each) for each in column.to_pylist()]


def _part(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _processor_s() -> float:
    times = os.times()
    return sum(times[:4])


if __name__ == "__main__":
    main()
