"""The stacks side by side: how each is started on one PostgreSQL, and what it uses of processors.

A stack answers ``POST /decisions`` (and tells at ``/worker`` which process answers, so that the
load is spread evenly):

    {"application_id": "...", "borrower": "E00000007", "amount_minor": 20000000, "months": 12,
     "as_of": "2024-07-01T00:00:00Z"}
    {"decision_id": "...", "outcome": "approve", "tier": 3, "pd": 0.012345678, "points": 612,
     "limit_minor": 45000000, "options": [{"code", "method", "months", "limit_minor",
     "bank_interest", "guarantee_fee", "servicing_fee", "penalty_rate"}], "reasons": [...],
     "routing": "prime"}

Before it answers, a row with inputs, result, what fired, versions and a hash of inputs and of the
result is committed with ``synchronous_commit`` on; an application asked twice gets one answer, and
the same text. ``ours`` is what the module ``decisioning_peers.ours`` makes, where there is one:
``make(place: Place) -> Stack``.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import psycopg
from psycopg import sql

from decisioning_peers.workload import Workload

HERE = Path(__file__).resolve().parents[1]
# The same for all: durable, with memory and log space so that no checkpoint falls into a run.
SERVER = {
    "synchronous_commit": "on",
    "fsync": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1h",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "wal_buffers": "64MB",
}
_START_S = 60
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Place:
    """What a stack is made in.

    Attributes:
        workload: what is decided.
        url: SQLAlchemy's address of the database.
        folder: for files of its own.
    """

    workload: Workload
    url: str
    folder: Path


class Stack(Protocol):
    """One of the stacks."""

    def start(self, workers: int) -> str:
        """Run so many processes that answer; returns the base URL once they do."""

    def stop(self) -> None:
        """End them."""

    def kept(self) -> int:
        """Rows of its log since it was started: none may be lost."""

    @property
    def processes(self) -> list[int]:
        """Ids of the processes that answer, without PostgreSQL's."""


def dsn(url: str) -> dict[str, str]:
    """What asyncpg needs of SQLAlchemy's address."""
    parts = urlsplit(url)
    return {"host": parse_qs(parts.query)["host"][0], "user": parts.username or "",
            "database": parts.path.strip("/")}  # fmt: skip


def connection_of(url: str) -> dict[str, str]:
    """The same for psycopg."""
    told = dsn(url)
    return {"host": told["host"], "user": told["user"], "dbname": told["database"]}


def prepare_peers(place: Place, python: Path, forms: tuple[str, ...]) -> None:
    """Fill the tables that the peers read."""
    job = {"folder": str(place.workload.folder), "dsn": dsn(place.url), "forms": forms, "logs": []}
    _run(python, "peer_fill", job)


def _run(python: Path, module: str, job: Mapping[str, object]) -> str:
    done = subprocess.run(  # noqa: S603 - our own module
        [str(python), "-m", f"decisioning_peers.{module}", json.dumps(job)], cwd=HERE, check=True,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return done.stdout


class Peer:
    """A peer in its environment.

    Args:
        place: where.
        python: of the peers' environment.
        options: of ``peer_server.Settings``, beside folder, addresses and tables.
    """

    def __init__(self, place: Place, python: Path, **options: object) -> None:
        self._place, self._python = place, python
        self._options: dict[str, Any] = {"form": "bytes"} | options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, workers: int) -> str:
        place, form = self._place, self._options["form"]
        base = {"folder": str(place.workload.folder), "dsn": dsn(place.url)}
        _run(self._python, "peer_fill", base | {"forms": [], "logs": [self._log]})
        port = free_port()
        settings = {
            **base, **self._options, "inputs": f"peer_{form}", "log": self._log,
            "workers": workers, "port": port,
        }  # fmt: skip
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [str(self._python), "-m", "decisioning_peers.peer_server", json.dumps(settings)],
            cwd=HERE, start_new_session=True,
        )  # fmt: skip
        url = f"http://127.0.0.1:{port}"
        wait_for(url, workers, lambda: self._process is not None and self._process.poll() is None)
        return url

    def stop(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(_START_S)
            self._process = None

    def kept(self) -> int:
        with psycopg.connect(**connection_of(self._place.url)) as connection:
            query = sql.SQL("SELECT count(*) FROM {}")
            row = connection.execute(query.format(sql.Identifier(self._log))).fetchone()
        return int(row[0]) if row else 0

    @property
    def _log(self) -> str:
        return f"log_{self._options['form']}"

    @property
    def processes(self) -> list[int]:
        return family(self._process.pid) if self._process else []


def make(name: str, place: Place, python: Path) -> Stack:
    """The stack of that name, see `PEERS`; ``ours`` is the lead's.

    Raises:
        KeyError: there is none.
    """
    if name == "ours":
        ours: Callable[[Place], Stack] = importlib.import_module("decisioning_peers.ours").make
        return ours(place)
    return Peer(place, python, **PEERS[name])


def known() -> tuple[str, ...]:
    """Names of the stacks that can be run here."""
    there = importlib.util.find_spec("decisioning_peers.ours") is not None
    return (*PEERS, "ours") if there else tuple(PEERS)


# What each peer runs with: `a` and `b` are the best settings, the others what they are compared to;
# `-each` gives each request a connection of its own, as such services are usually written.
PEERS: dict[str, dict[str, object]] = {
    "a": {"form": "events", "lanes": 1},
    "b": {"form": "bytes", "lanes": 1},
    "a-each": {"form": "events"},
    "a-filters": {"form": "events", "engine": "polars-filters"},
    "a-duckdb-cells": {"form": "events", "engine": "duckdb-cells"},
    "a-duckdb": {"form": "events", "engine": "duckdb-filters"},
    "b-each": {"form": "bytes"},
    "b-array": {"form": "array"},
    "b-columns": {"form": "columns"},
    "b-lean": {"form": "bytes", "style": "lean"},
    "b-plain": {"form": "bytes", "style": "plain"},
}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(url: str, workers: int, alive: Callable[[], bool]) -> None:
    """Until so many processes answer at ``url``/worker.

    Raises:
        TimeoutError: they do not within a minute, or ended.
    """
    seen: set[str] = set()
    until = time.monotonic() + _START_S
    while len(seen) < workers:
        if time.monotonic() > until or not alive():
            raise TimeoutError(f"{len(seen)} of {workers} workers answer at {url}")
        try:
            with urllib.request.urlopen(f"{url}/worker", timeout=1) as answer:  # noqa: S310 - ours
                seen.add(answer.read().decode())
        except OSError:
            time.sleep(0.05)


def family(pid: int) -> list[int]:
    """A process and all that it started, as long as they live."""
    found, places = [pid], _parents()
    for each in found:
        found += [child for child, parent in places.items() if parent == each]
    return found


def _parents() -> dict[int, int]:
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text("utf-8").rpartition(")")[2].split()
        except OSError:  # it ended meanwhile
            continue
        found[int(stat.parent.name)] = int(fields[1])
    return found


def processor_seconds(pids: list[int]) -> float:
    """Processor time of living processes so far, children that were waited for included."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        total += sum(int(each) for each in fields[11:15])
    return total / _TICKS


def resident_mb(pids: list[int]) -> float:
    """Memory that living processes hold now, each with what it shares."""
    pages = 0
    for pid in pids:
        try:
            pages += int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
        except OSError:  # it ended meanwhile
            continue
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
