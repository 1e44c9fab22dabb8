"""A decision from raw events over HTTP beside two honest peers; prints one JSON object.

Run: ``uv run python benchmarks/decisioning.py --economy DIR [--stacks a,b,ours] [--seconds 20]
[--clients 32] [--workers 2] [--parts]``, where DIR is what `tael economy build` made. Ten minutes
of one stack are ``--stacks ours --seconds 600 --rounds 1``: some 20 GB of log for as long.

Each stack decides the same applications by the same policy (76 variables of 15 slots, a scorecard
of 47 characteristics, 25 knock-outs, 200 rows of prices, a menu of offers) and commits a row of its
log before it answers; interface and durability are told in ``decisioning_peers/stacks.py``. Stack
**a** computes the variables on demand by tuned Polars from events in PostgreSQL, stack **b** reads
them precomputed from one row, **ours** is Tael from raw events. All answers of all stacks are
compared with those of the policies room, answers of one borrower with each other byte by byte, and
the rows of the log are counted. Stacks take turns (a, b, ours, ours, b, a): ratios are of medians.

What was tried for the peers, in microseconds of processor time a request on a busy machine, two
workers and 32 clients; each line was measured in one go, lines are not to be compared:

- variables of b as one row, read by the peer: bytes 51, float8[] 60, 76 columns 57 to 84;
- FastAPI, all of a worker: a route of Starlette in it 820, its own route with a request and a
  response 905, pydantic in and out 1,140;
- connections a worker, each for one request, worker and PostgreSQL: 4 680, 8 620, 16 650; asyncpg's
  own pool would add a round trip;
- one connection of a worker takes all requests that wait, with one statement to read and one to
  write: 280; two such connections 340, four 420. Tael itself works so, and it is what a and b run
  with; ``a-each`` and ``b-each`` give each request a connection, as such services usually do;
- a: see ``polars_variables`` and ``duckdb_variables``; all events of a borrower are one column of
  bytes; orjson, uvloop, httptools, prepared statements everywhere.

``--parts`` tells what the parts of a peer's decision cost. Trust ratios, not absolute figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from decisioning_peers import reference, stacks
from decisioning_peers.workload import Workload, make
from rich.console import Console
from rich.table import Table
from variables_rivals.environments import PINS, cache, python_of

from tael.platform import EmbeddedPostgres

HERE = Path(__file__).resolve().parent
ENVIRONMENT = "decisioning"
SAY = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 120)
Figures = dict[str, Any]  # of JSON
CLEAN = ("errors", "wrong", "mixed", "repeat_differs", "lost")


class Run:
    """Everything that the runs of one invocation share."""

    def __init__(self, chosen: argparse.Namespace, place: stacks.Place, root: Path) -> None:
        self.chosen, self.place = chosen, place
        self.python = python_of(ENVIRONMENT, chosen.environments)
        self.wanted = _wanted(place.workload, root)
        self._postmaster = root / "postgres" / "data" / "postmaster.pid"
        self._runs = 0

    def turn(self, name: str) -> Figures:
        """One stack: alone for latency, then under load."""
        chosen, stack = self.chosen, stacks.make(name, self.place, self.python)
        try:
            url = stack.start(chosen.workers)
            one = self.load(stack, url, clients=1, seconds=chosen.latency_seconds)
            told = {"one_client": one}
            settings = {"clients": chosen.clients, "seconds": chosen.seconds, "rate": chosen.rate}
            told["under_load"] = self.load(stack, url, **settings)
            if isinstance(stack, stacks.Peer):
                bare = self.load(stack, url, clients=chosen.clients, seconds=2, path="/nothing")
                told["http_alone_cpu_us"] = bare["worker_cpu_us"]
            asked = sum(each["asked_in_all"] for each in (one, told["under_load"]))
            told["lost"] = asked - stack.kept()
        finally:
            stack.stop()
        return told

    def load(self, stack: stacks.Stack, url: str, **options: object) -> Figures:
        """One run of the load, with the processor time that it took of the stack."""
        self._runs += 1
        job = {
            "url": url, "wanted": str(self.wanted), "workers": self.chosen.workers,
            "run": f"{time.time_ns():x}{self._runs}", **options,
        }  # fmt: skip
        before = self._used(stack)
        done = subprocess.run(  # noqa: S603 - our own module
            [str(self.python), "-m", "decisioning_peers.load", json.dumps(job)], cwd=HERE,
            check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        found: Figures = json.loads(done.stdout)
        many = max(1, found["asked_in_all"])
        workers, server = (b - a for a, b in zip(before, self._used(stack), strict=True))
        found["worker_cpu_us"] = round(1e6 * workers / many, 1)
        found["postgres_cpu_us"] = round(1e6 * server / many, 1)
        found["workers_mb"] = stacks.resident_mb(stack.processes)
        return found

    def _used(self, stack: stacks.Stack) -> tuple[float, float]:
        postmaster = int(self._postmaster.read_text("utf-8").split()[0])
        server = stacks.family(postmaster)
        return stacks.processor_seconds(stack.processes), stacks.processor_seconds(server)

    def module(self, name: str, **job: object) -> Figures:
        """What a module of the peers' environment prints."""
        base = {"folder": str(self.place.workload.folder), "asof": self.place.workload.asof}
        done = subprocess.run(  # noqa: S603 - our own module
            [str(self.python), "-m", f"decisioning_peers.{name}", json.dumps(base | job)],
            cwd=HERE, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        found: Figures = json.loads(done.stdout)
        return found


def main() -> None:
    chosen = _options()
    workload = make(chosen.economy, chosen.borrowers, chosen.cache)
    SAY.print(f"{len(workload.borrowers)} borrowers, {len(workload.names)} variables")
    with _place(chosen, workload) as (place, root):
        run = Run(chosen, place, root)
        peers = [stacks.PEERS[name] for name in chosen.stacks if name in stacks.PEERS]
        forms = {str(each["form"]) for each in peers} | (
            {"bytes", "events"} if chosen.parts else set()
        )
        stacks.prepare_peers(place, run.python, tuple(sorted(forms)))
        engines = sorted({str(each.get("engine", "polars-cells")) for each in peers
                          if each["form"] == "events"})  # fmt: skip
        report = {
            "workload": _told(workload),
            "versions": {"tael_peers": PINS[ENVIRONMENT], "python": sys.version.split()[0]},
            "settings": {name: str(value) for name, value in vars(chosen).items()},
            "postgres": stacks.SERVER,
            "variables_checked": run.module("peer_check", engines=engines, count=chosen.check),
        }
        if chosen.parts:
            report["parts_cpu_us"] = run.module(
                "peer_parts", dsn=stacks.dsn(place.url), engines=engines, forms=sorted(forms)
            )
        report["turns"] = [_turn(run, name) for name in _order(chosen.stacks, chosen.rounds)]
    report["stacks"] = found = _summary(report["turns"])
    report["ratios"] = _ratios(found)
    report["load_average"] = os.getloadavg()
    _show(found)
    print(json.dumps(report, indent=1))
    checked = all(each["equal"] for each in report["variables_checked"].values())
    if not checked or any(each[fault] for each in found.values() for fault in CLEAN):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--borrowers", type=int, default=3_000)
    parser.add_argument(
        "--stacks", type=_names, default=("a", "b", *stacks.known()[len(stacks.PEERS) :])
    )
    parser.add_argument("--rounds", type=int, default=2, help="turns of each stack")
    parser.add_argument("--seconds", type=float, default=20.0, help="under load, each turn")
    parser.add_argument("--latency-seconds", type=float, default=5.0, help="with one client")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--rate", type=float, default=0, help="requests a second; 0: closed loop")
    parser.add_argument("--workers", type=int, default=2, help="processes of each stack")
    parser.add_argument(
        "--check", type=int, default=300, help="borrowers whose variables are compared"
    )
    parser.add_argument("--parts", action="store_true", help="what the parts of a peer cost")
    parser.add_argument("--cache", type=Path, default=cache().parent / "decisioning")
    parser.add_argument("--environments", type=Path, default=cache(), help="folder that keeps them")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    for name in names:
        if name not in stacks.known():
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(stacks.known())}")
    return names


@contextmanager
def _place(chosen: argparse.Namespace, workload: Workload) -> Iterator[tuple[stacks.Place, Path]]:
    """One PostgreSQL for all, in a folder on the disk of the cache that ends with it."""
    chosen.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="run-", dir=chosen.cache) as folder:
        root = Path(folder)
        with EmbeddedPostgres(root, options=stacks.SERVER) as server:
            yield stacks.Place(workload, server.url, root / "own"), root


def _wanted(workload: Workload, root: Path) -> Path:
    """The requests, and the answers of the policies room that all stacks must give."""
    asked = zip(workload.borrowers, workload.amounts_minor, workload.months, strict=True)
    requests = [
        {"borrower": borrower, "amount_minor": amount, "months": months, "as_of": workload.asof}
        for borrower, amount, months in asked
    ]
    path = root / "wanted.json"
    told = {"requests": requests, "answers": [*reference.answers(workload)]}
    path.write_text(json.dumps(told), "utf-8")
    return path


def _told(workload: Workload) -> Figures:
    return {
        "asof": workload.asof,
        "borrowers": len(workload.borrowers),
        "variables": len(workload.names),
        "without_value": round(float(np.isnan(workload.values).mean()), 4),
    }


def _order(names: tuple[str, ...], rounds: int) -> list[str]:
    """There and back again, so that a drift of the machine meets all alike."""
    found: list[str] = []
    for number in range(rounds):
        found += names if number % 2 == 0 else names[::-1]
    return found


def _turn(run: Run, name: str) -> Figures:
    with SAY.status(name):
        told = run.turn(name)
    load, one = told["under_load"], told["one_client"]
    SAY.print(f"{name}: {load['requests_per_second']:,.0f}/s, p99 {load['p99_ms']} ms; alone "
              f"p50 {one['p50_ms']} p99 {one['p99_ms']} ms; cpu {load['worker_cpu_us']:.0f} + "
              f"{load['postgres_cpu_us']:.0f} us")  # fmt: skip
    return {"stack": name, **told}


def _summary(turns: list[Figures]) -> dict[str, Figures]:
    """Medians of each stack's turns; faults are added up."""
    found = {}
    for name in dict.fromkeys(each["stack"] for each in turns):
        mine = [each for each in turns if each["stack"] == name]
        both = [(each["one_client"], each["under_load"]) for each in mine]

        def middle(place: int, figure: str, both: Any = both) -> float:
            return round(statistics.median(each[place][figure] for each in both), 3)

        told: Figures = {
            "requests_per_second": middle(1, "requests_per_second"),
            **{f"loaded_{figure}": middle(1, figure) for figure in ("p50_ms", "p95_ms", "p99_ms")},
            **{f"alone_{figure}": middle(0, figure) for figure in ("p50_ms", "p95_ms", "p99_ms")},
            **{figure: middle(1, figure)
               for figure in ("worker_cpu_us", "postgres_cpu_us", "load_cpu_us", "workers_mb")},
            "alone_cpu_us": round(statistics.median(
                one["worker_cpu_us"] + one["postgres_cpu_us"] for one, _ in both), 1),
            "requests": sum(load["requests"] for _, load in both),
            "borrowers": max(load["borrowers"] for _, load in both),
            "lost": sum(each["lost"] for each in mine),
        }  # fmt: skip
        for fault in CLEAN[:-1]:
            told[fault] = sum(one[fault] + load[fault] for one, load in both)
        told["examples"] = [
            text for one, load in both for text in one["examples"] + load["examples"]
        ]
        found[name] = told
    return found


def _ratios(found: dict[str, Figures]) -> dict[str, Figures]:
    """How many times as good ours is as each other stack; without ours, the first that was run."""
    ours = "ours" if "ours" in found else next(iter(found))
    mine = found[ours]

    def cpu(each: Figures) -> float:
        return float(each["worker_cpu_us"] + each["postgres_cpu_us"])

    return {
        f"{ours} over {name}": {
            "throughput": round(mine["requests_per_second"] / each["requests_per_second"], 2),
            "alone_p50": round(each["alone_p50_ms"] / mine["alone_p50_ms"], 2),
            "alone_p99": round(each["alone_p99_ms"] / mine["alone_p99_ms"], 2),
            "loaded_p99": round(each["loaded_p99_ms"] / mine["loaded_p99_ms"], 2),
            "processor_time": round(cpu(each) / cpu(mine), 2),
        }
        for name, each in found.items() if name != ours
    }  # fmt: skip


def _show(found: dict[str, Figures]) -> None:
    """The figures on standard error."""
    columns = ("requests_per_second", "alone_p50_ms", "alone_p99_ms", "loaded_p50_ms",
               "loaded_p99_ms", "worker_cpu_us", "postgres_cpu_us", *CLEAN)  # fmt: skip
    table = Table("stack", *(name.replace("_", " ") for name in columns))
    for name, each in found.items():
        table.add_row(name, *(f"{each[column]:,}" for column in columns))
    SAY.print(table)


if __name__ == "__main__":
    main()
