"""Workers and database are killed while applications are decided: none twice, none lost."""

from __future__ import annotations

import http.client
import json
import os
import queue
import random
import signal
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tael.app.installation import Installation, open_installation
from tael.cli.http_workers import HttpWorkers, environ_of
from tael.kernel import VersionId
from tael.platform import SYSTEM, Actor, EmbeddedPostgres, Settings
from tael.policies import Bundle
from tael.policies.live import Evidence, Lane, Request, replay
from tael.policies.model import Traffic

from .conftest import ASOF

PATH = "/api/v1/live/decisions"
# The campaign before a release: TAEL_FAULT_RUNS=100; here as many as show that it works.
RUNS = int(os.environ.get("TAEL_FAULT_RUNS", "1"))
APPLICATIONS, CLIENTS, PATIENCE_S = 150, 6, 120
KNOWN = "known, and meant so"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600 + 120 * RUNS)]


@dataclass
class Served:
    """An installation of its own, two workers that answer, and a key."""

    house: Installation
    workers: HttpWorkers
    port: int
    key: str
    refused: Counter[int] = field(default_factory=Counter)
    killed: int = 0
    answered: int = 0

    def ask(self, body: bytes) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {self.key}"}
            connection.request("POST", PATH, body, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def insist(self, body: bytes) -> dict[str, Any]:
        """As a caller does: again until there is an answer."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with suppress(OSError, http.client.HTTPException, ValueError):
                status, told = self.ask(body)
                if status == 200:
                    return told
                self.refused[status] += 1
                if not told["error"]["retryable"]:
                    raise AssertionError(told)
            time.sleep(0.05)
        raise AssertionError("no answer in time")

    def approved(self, bundle: Bundle) -> VersionId:
        policies, database = self.house.policies, self.house.database
        with database.begin(Actor("user", "wang")) as work:
            version = policies.draft(work, "served", bundle).id
            found = policies.check(work, version)
            for finding in found.open:
                policies.accept_finding(work, version, finding.id, KNOWN)
            assert found.passed or policies.check(work, version).passed
            policies.waive_backtest(work, version, "there is no history of it yet")
        with database.begin(Actor("user", "li")) as work:
            policies.approve(work, version)
        return version

    def deploy(self, version: VersionId, traffic: Traffic | None = None) -> None:
        with self.house.database.begin(Actor("user", "li")) as work:
            self.house.policies.deploy(work, version, traffic or Traffic(challengers={}))

    def log(self) -> list[Any]:
        query = (
            "SELECT id, application_id, result_hash, policy_id, context FROM policies.decision_log"
        )
        with self.house.database.begin(SYSTEM) as work:
            return list(work.connection.exec_driver_sql(query))


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, events: Mapping[str, bytes], bundle: Bundle
) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    with open_installation(Settings(data_dir=home)) as house:
        with house.database.begin(SYSTEM) as work:
            house.parameters.install_defaults(work)
            user = house.identity.users.add(
                work, login="risk", password="a-long-pass-phrase-9", roles=["risk_manager"]
            )
            _, key = house.identity.api_keys.issue(
                work, user.id, name="load", scopes=["decision.*"], lasts=timedelta(days=1)
            )
            lane = Lane(house.policies)
            for borrower, packed in events.items():
                lane.keep(work, Evidence(borrower, ASOF, "{}", packed))
        environ = environ_of(str(home)) | {"TAEL_API_PER_MINUTE": "0"}
        with (
            socket.create_server(("127.0.0.1", 0), backlog=512) as listening,
            HttpWorkers(2, listening, environ) as workers,
        ):
            made = Served(house, workers, listening.getsockname()[1], key)
            made.deploy(made.approved(bundle))
            yield made


def body_of(request: Request) -> bytes:
    told = {
        "application_id": request.application_id,
        "amount": {"minor": request.amount.minor, "currency": request.amount.currency},
        "months": request.months,
        "borrower": request.borrower,
        "as_of": ASOF.isoformat(),
        "features": {n: v if isinstance(v, str | bool | int) else float(v)  # type: ignore[arg-type]
                     for n, v in request.features.items()},
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode()


def ask_all(served: Served, bodies: list[bytes]) -> dict[str, list[dict[str, Any]]]:
    """Every body asked, by clients at once; the answers by application."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    for body in bodies:
        waiting.put(body)
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    failed: list[BaseException] = []

    def client() -> None:
        while not failed:
            try:
                told = served.insist(waiting.get_nowait())
            except queue.Empty:
                return
            except BaseException as error:  # noqa: BLE001 - shown by the test
                failed.append(error)
                return
            answers[told["application_id"]].append(told)
            served.answered += 1

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed[0]
    return answers


def kill_now_and_then(
    served: Served, home: Path, chance: random.Random, over: threading.Event
) -> None:
    """A worker, and now and then the database, as a crash ends them."""
    server = EmbeddedPostgres(home)
    # By what was answered, not by the clock: a quick machine would be done before the first crash.
    first = served.answered + chance.randrange(APPLICATIONS // 2)
    while served.answered < first and not over.wait(0.001):
        pass
    wait_s = 0.0
    while not over.wait(wait_s):
        victim = server.postmaster_pid() if chance.random() < 0.3 else None
        pids = served.workers.pids
        victim = victim or (chance.choice(pids) if pids else None)
        wait_s = 0.01
        if victim:
            with suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
                served.killed += 1
                # A worker that is killed while it starts answers nobody.
                wait_s = chance.uniform(8, 15)


@pytest.mark.parametrize("run", range(RUNS))
def test_whatever_is_killed_no_application_is_decided_twice_and_none_is_lost(
    served: Served, events: Mapping[str, bytes], request_for: Callable[..., Request], run: int
) -> None:
    chance, who = random.Random(run), sorted(events)  # noqa: S311 - no secret
    asked = [request_for(1_000 * (run + 1) + n, who[n % len(who)]) for n in range(APPLICATIONS)]
    bodies = [body_of(request) for request in asked]
    mixed = bodies + [body for body in bodies if chance.random() < 0.3]  # some ask twice
    chance.shuffle(mixed)
    over, before = threading.Event(), served.killed
    home = served.house.settings.data_dir
    killer = threading.Thread(target=kill_now_and_then, args=(served, home, chance, over))
    killer.start()
    try:
        answers = ask_all(served, mixed)
    finally:
        over.set()
        killer.join()
    assert served.killed > before
    logged = defaultdict(list)
    for row in served.house.database.insist(served.log):
        logged[row[1]].append((row[0], row[2]))
    for request in asked:
        told = {(each["id"], each["result_hash"]) for each in answers[request.application_id]}
        assert logged[request.application_id] == list(told)


def test_versions_change_under_load_without_a_failed_or_a_mixed_decision(
    served: Served,
    bundle: Bundle,
    events: Mapping[str, bytes],
    request_for: Callable[..., Request],
) -> None:
    rate, seconds, who = 200, 6, sorted(events)
    others = [
        served.approved(replace(bundle, prices=bundle.prices.replace('"0.03",', f'"0.0{n}",', 1)))
        for n in (4, 5)
    ]
    first = served.approved(replace(bundle, prices=bundle.prices + " "))
    for number in range(8):  # both workers answer, and have laid everything out
        served.insist(body_of(request_for(900_000 + number, who[0])))
    time.sleep(2.5)
    bodies = [body_of(request_for(500_000 + n, who[n % len(who)])) for n in range(rate * seconds)]
    before = served.refused.copy()
    failed: list[object] = []
    due = iter(enumerate(bodies))
    began, lock = time.monotonic() + 0.1, threading.Lock()

    def client() -> None:
        while True:
            with lock:
                number, body = next(due, (-1, b""))
            if number < 0:
                return
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            try:
                status, told = served.ask(body)
                if status != 200:
                    failed.append(told)
            except (OSError, http.client.HTTPException) as error:
                failed.append(error)

    threads = [threading.Thread(target=client) for _ in range(16)]
    for thread in threads:
        thread.start()
    for version, traffic in (
        (first, None),
        (others[0], None),
        (others[0], Traffic(challengers={others[1]: 3_000})),
        (others[1], None),
    ):
        time.sleep(seconds / 6)
        served.deploy(version, traffic)
    for thread in threads:
        thread.join()
    assert not failed, failed[0]
    assert served.refused == before
    with served.house.database.begin(SYSTEM) as work:
        arms = {
            each.number: {arm.version for arm in each.deciding}
            for each in served.house.policies.deployments(work)
        }
        mine = [row for row in served.log() if json.loads(row[4])["deployment"] in arms]
        assert all(row[3] in arms[json.loads(row[4])["deployment"]] for row in mine)
        chosen = [row[0] for row in mine][-rate * seconds :]
        found = replay(work, Lane(served.house.policies), chosen)
    assert (found.looked, found.equal) == (rate * seconds, rate * seconds)
    assert len({row[3] for row in mine}) >= 4
