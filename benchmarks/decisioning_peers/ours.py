"""Tael as one of the stacks: an installation in the same PostgreSQL, its own workers on one socket.

Requests and answers have the peers' form, so that one load asks all; what stands behind is the live
path as it is served: evidence and log in PostgreSQL, the deployment in force read and proven in
every transaction, one commit for all that came together.
"""

from __future__ import annotations

import os
import socket
from datetime import datetime

import psycopg
import pyarrow.parquet as pq

from decisioning_peers.stacks import HERE, Place, connection_of, family, wait_for
from tael.app.installation import Installation, open_installation
from tael.cli.http_workers import HttpWorkers
from tael.platform import SYSTEM, Actor, Settings
from tael.policies import Bundle
from tael.policies.live import Evidence, Lane

_SAID = "a policy for a measurement of speed, it has no history"
MODULE = "decisioning_peers.ours_server"


class Ours:
    """The stack."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._workers: HttpWorkers | None = None
        self._listening: socket.socket | None = None
        self._before = 0

    def start(self, workers: int) -> str:
        place = self._place
        settings = Settings(data_dir=place.folder, database_url=place.url)
        with open_installation(settings) as house:
            _fill(house, place)
        self._before = self._rows()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=512)
        os.set_inheritable(self._listening.fileno(), True)
        path = os.pathsep.join((str(HERE), *filter(None, [os.environ.get("PYTHONPATH")])))
        environ = {
            **os.environ, "TAEL_HOME": str(place.folder), "TAEL_DATABASE_URL": place.url,
            "PYTHONPATH": path,
        }  # fmt: skip
        self._workers = HttpWorkers(workers, self._listening, environ, module=MODULE)
        self._workers.__enter__()
        url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        wait_for(url, workers, lambda: True)
        return url

    def stop(self) -> None:
        if self._workers is not None:
            self._workers.__exit__(None, None, None)
            self._workers = None
        if self._listening is not None:
            self._listening.close()
            self._listening = None

    def kept(self) -> int:
        return self._rows() - self._before

    def _rows(self) -> int:
        with psycopg.connect(**connection_of(self._place.url)) as connection:
            row = connection.execute("SELECT count(*) FROM policies.decision_log").fetchone()
        return int(row[0]) if row else 0

    @property
    def processes(self) -> list[int]:
        pids = self._workers.pids if self._workers else ()
        return [each for pid in pids for each in family(pid)]


def make(place: Place) -> Ours:
    """The stack in ``place``."""
    return Ours(place)


def _fill(house: Installation, place: Place) -> None:
    """Policy in force and evidence of every borrower; what is there already stays."""
    folder = place.workload.folder
    with house.database.begin(SYSTEM) as work:
        house.parameters.install_defaults(work)
        if house.policies.deployed(work) is not None:
            return
    texts = {path.stem: path.read_text("utf-8") for path in (folder / "policy").iterdir()}
    policies = house.policies
    with house.database.begin(Actor("user", "author")) as work:
        version = policies.draft(work, "decisioning", Bundle(**texts)).id
        found = policies.check(work, version)
        for finding in found.open:
            policies.accept_finding(work, version, finding.id, "known, and of no weight here")
        if not found.passed:
            policies.check(work, version)
        policies.waive_backtest(work, version, _SAID)
    with house.database.begin(Actor("user", "second")) as work:
        policies.approve(work, version)
        policies.deploy(work, version, why="what is measured here")
    table = pq.read_table(folder / "borrowers.parquet", columns=["borrower", "stored"])
    at, lane = datetime.fromisoformat(place.workload.asof), Lane(policies)
    with house.database.begin(SYSTEM) as work:
        for row in table.to_pylist():
            lane.keep(work, Evidence(row["borrower"], at, "{}", row["stored"]))
        work.connection.exec_driver_sql("ANALYZE policies.evidence")
