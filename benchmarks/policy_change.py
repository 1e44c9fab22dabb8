"""A change of a policy from the edit to the first decision it makes; prints one JSON object.

Run: ``uv run python benchmarks/policy_change.py --economy DIR [--values DIR] [--rows 1000000]
[--rounds 1]``. ``--economy`` is what `tael economy build` made, ``--values`` a backfill of its
applications that holds the policy's 76 variables; without it they are computed first, in minutes.

One threshold of the policy of ``decisioning.py`` is moved, in Tael and in stack **a** as it stands
there (zen-engine, FastAPI, PostgreSQL). Both decide live meanwhile. Both try the change on the same
Parquet of inputs and scores as known then: the applications of the economy, repeated up to
``--rows`` under fresh numbers. The number that each would approve must be the same.

- **Tael**: `tael serve` with two processes on an installation of its own; every act is the command
  that a person types. Its back-test counts money, intervals, swap sets and quantiles besides.
- **a**: the policy's files in git. The rule is edited in the JSON of the graph, tested by a script
  of cases, tried by a script that runs the deployed code over the Parquet in two processes
  (``decisioning_peers/change_backtest.py``), committed and pushed, reviewed, merged, and new
  workers are started beside the old ones. What is not counted against it: a pipeline, an image and
  its rollout, a second run of the tests, and whatever records who approved what.

``machine_s`` is the time of commands from a shell to their end, Python's start and all files
included, and from the deployment to the first answer by the new policy. Human steps are listed by
name and counted, not timed: ``with_minutes_a_step`` says what the whole ratio would be if each
took so long.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from backtest import history_in
from decisioning_peers import reference, stacks
from decisioning_peers.workload import Workload, make
from rich.console import Console
from source_savings import backfilled
from variables_rivals.environments import cache, python_of

from tael.app.history_columns import read_origins
from tael.app.history_work import HistoryWanted, build_history
from tael.app.installation import Installation, open_installation
from tael.kernel import ApplicationId
from tael.platform import SYSTEM, Actor, EmbeddedPostgres, Settings
from tael.policies import Bundle
from tael.policies.live import Evidence, Lane

SAY = Console(stderr=True, highlight=False)
TAEL = str(Path(sys.executable).with_name("tael"))
PASSWORD, CASES, ASKED_EVERY_S, WAIT_S = "a long enough password", 20, 0.02, 300
RULE, EDITED = "<text>&gt; 3</text>", "<text>&gt; {}</text>"
ZEN_RULE = "owner_enquiries_3m > 3"
REQUIRED = {"machine_s": 60.0, "human_steps": 5, "times_the_peer": 5.0}
OURS = (
    "edit the rule and hand it in as a draft",
    "check it: findings and its own cases",
    "try it on the past, and read the report",
    "another person approves it",
    "put it in force",
)
PEER = (
    "edit the rule in the graph's JSON",
    "run the test script",
    "run the back-test script, and read what it wrote",
    "commit, push, and write the figures into the request for review",
    "another person reviews the difference of two JSON files",
    "merge",
    "start new workers and take the old ones away",
    "look that the new version answers",
)
Times = dict[str, float]


def main() -> None:
    asked = _options()
    workload = make(asked.economy, 3_000, asked.cache)
    python = python_of("decisioning", asked.environments)
    with tempfile.TemporaryDirectory(dir=asked.cache) as kept:
        root = Path(kept)
        bundle, peer_cases = _with_cases(workload)
        history = _history(asked, bundle, root)
        rounds = []
        with _ours(root / "ours", workload, bundle) as ours, _peer(
            root, workload, python, peer_cases
        ) as peer:  # fmt: skip
            for number in range(asked.rounds):
                threshold = 2 - number % 3
                mine, approved = ours.change(threshold, history)
                theirs, theirs_approved = peer.change(threshold, history)
                SAY.print(f"ours {_median([mine])}, a {_median([theirs])}")
                rounds.append((mine, theirs, approved == theirs_approved))
            answered = dict(ours.asking.found)
    told = _told(rounds, answered, asked)
    print(json.dumps(told, indent=1))
    if not (told["same_approvals"] and told["live"]["failed"] == 0):
        raise SystemExit(1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--values", type=Path, help="variables of its applications")
    parser.add_argument("--history", type=Path, help="one that was made of both, instead")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=cache().parent / "decisioning")
    parser.add_argument("--environments", type=Path, default=cache())
    return parser.parse_args()


def _told(
    rounds: list[tuple[Times, Times, bool]], answered: dict[str, int], asked: argparse.Namespace
) -> dict[str, Any]:
    sides = [_median([each[side] for each in rounds]) for side in (0, 1)]
    mine, theirs = (round(sum(side.values()), 2) for side in sides)
    people = len(PEER) / len(OURS)
    return {
        "benchmark": "policy_change",
        "rows": asked.rows,
        "rounds": len(rounds),
        "ours": {"machine_s": mine, "steps_s": sides[0], "human_steps": list(OURS)},
        "a": {"machine_s": theirs, "steps_s": sides[1], "human_steps": list(PEER)},
        "same_approvals": all(each[2] for each in rounds),
        "live": {"answered": answered.get("answered", 0), "failed": answered.get("failed", 0)},
        "ratios": {
            "machine_time": round(theirs / mine, 2),
            "human_steps": round(people, 2),
            "with_minutes_a_step": {
                str(minutes): round(
                    (theirs + 60 * minutes * len(PEER)) / (mine + 60 * minutes * len(OURS)), 2
                )
                for minutes in (1, 5)
            },
        },
        "required": REQUIRED,
        "reached": {
            "machine_s": mine <= REQUIRED["machine_s"],
            "human_steps": len(OURS) <= REQUIRED["human_steps"],
            "times_the_peer": theirs / mine >= REQUIRED["times_the_peer"],
        },
        "machine": {"processors": len(os.sched_getaffinity(0)), "machine": platform.machine()},
        "load_average": os.getloadavg()[0],
    }


def _median(found: list[Times]) -> Times:
    return {step: round(statistics.median(each[step] for each in found), 2) for step in found[0]}


# --- what both are asked


def _with_cases(workload: Workload) -> tuple[Bundle, list[dict[str, Any]]]:
    """The policy with cases of its own, and the same cases for the peer's script.

    They are borrowers whom the moved threshold does not concern.
    """
    place = workload.names.index("per.bureau_enquiry.all.hard.90d.events.n")
    calm = np.flatnonzero(np.nan_to_num(workload.values[:, place]) == 0)[:CASES]
    some = replace(
        workload,
        borrowers=tuple(workload.borrowers[at] for at in calm),
        amounts_minor=tuple(workload.amounts_minor[at] for at in calm),
        months=tuple(workload.months[at] for at in calm),
        values=workload.values[calm],
    )
    ours, peers = [], []
    for at, answer in enumerate(reference.answers(some)):
        values = [None if np.isnan(value) else value for value in some.values[at].tolist()]
        lost = {name for name, value in zip(some.names, values, strict=True) if value is None}
        features = reference.features_of(some, at)
        inputs = {name: float(v) for name, v in features.items() if name not in lost}
        inputs["months"] = some.months[at]
        expect = {name: answer[name] for name in ("outcome", "tier", "reasons", "routing")}
        limit = {"limit": answer["limit_minor"] // 100}  # type: ignore[operator] # an int
        ours.append({"name": some.borrowers[at], "inputs": inputs, "expect": expect | limit})
        peers.append({
            "name": some.borrowers[at], "values": values, "amount_minor": some.amounts_minor[at],
            "months": some.months[at], "expect": expect | {"limit_minor": answer["limit_minor"]},
        })  # fmt: skip
    text = json.dumps({"cap": "0.24", "cases": ours})
    return Bundle(**workload.texts, cases=text), peers


def _history(asked: argparse.Namespace, bundle: Bundle, root: Path) -> Path:
    """The economy's applications with inputs and scores as known then, up to ``--rows``."""
    if asked.history is not None:
        return history_in(root / "history", asked.history, asked.rows)
    values = asked.values
    if values is None:
        parts = sorted((asked.economy / "applications").glob("part-*.parquet"))
        rows = [
            row
            for part in parts
            for row in pq.read_table(part, columns=["enterprise_id", "applied_at"]).to_pylist()
        ]
        names = json.loads(bundle.variables)["names"]
        values = backfilled(asked.economy, rows, names, root)
    wanted = HistoryWanted(asked.economy, (values,), (bundle,), (), read_origins(None))
    build_history(wanted, root / "small")
    return history_in(root / "history", root / "small", asked.rows)


def _timed(times: Times, step: str, *command: str, **options: Any) -> str:
    """Run a command; its time is added to the step's. What it printed."""
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own commands, and git
        command, check=False, capture_output=True, text=True, **options
    )
    times[step] = times.get(step, 0.0) + time.perf_counter() - started
    if done.returncode:
        raise SystemExit(f"{step}: {done.stdout}{done.stderr}")
    return done.stdout


# --- ours


@dataclass
class Asking:
    """Asks for decisions all the while, from another thread; who answered first, and when."""

    port: int
    key: str
    workload: Workload
    found: Counter[str] = field(default_factory=Counter)
    first: dict[str, float] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection, number = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10), 0
        head = {"authorization": f"Bearer {self.key}", "content-type": "application/json"}
        while not self.ended.wait(ASKED_EVERY_S):
            number += 1
            at = number % len(self.workload.borrowers)
            body = {
                "application_id": ApplicationId.derive(datetime.now(UTC), f"change-{number}"),
                "amount": {"minor": self.workload.amounts_minor[at], "currency": "CNY"},
                "months": self.workload.months[at],
                "borrower": self.workload.borrowers[at],
                "as_of": self.workload.asof,
            }
            try:
                connection.request("POST", "/api/v1/live/decisions", json.dumps(body), head)
                answer = connection.getresponse()
                told = json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                connection.close()
                self.found["failed"] += 1
                continue
            if answer.status != http.client.OK:
                SAY.print(told)
                self.found["failed"] += 1
                continue
            self.found["answered"] += 1
            self.first.setdefault(told["policy"], time.perf_counter())


@dataclass
class Ours:
    """An installation that serves."""

    home: Path
    bundle: Bundle
    asking: Asking
    number: int = 0

    def change(self, threshold: int, history: Path) -> tuple[Times, int]:
        """Time of each step, and how many the new version would approve."""
        times: Times = {}
        self.number += 1
        folder = self.home.parent / f"edit-{self.number}"
        self._tael(times, "draft", "show", "--save", str(folder), "--json")
        rules = folder / "policy.dmn"
        edited = self.bundle.dmn.replace(RULE, EDITED.format(threshold), 1)
        if edited == rules.read_text("utf-8"):
            raise SystemExit("nothing was edited")
        rules.write_text(edited, "utf-8")
        name = f"at most {threshold} enquiries in a quarter"
        made = self._tael(times, "draft", "draft", name, "--dmn", str(rules), by="lin")
        version = made["version"]["id"]
        self._tael(times, "check", "check", version, by="lin")
        out = self.home.parent / f"tried-{self.number}"
        tried = ("backtest", version, "--history", str(history), "--out", str(out))
        found = self._tael(times, "backtest", *tried, by="lin")
        self._tael(times, "approve", "approve", version, by="wang")
        began = time.perf_counter()
        self._tael(times, "live", "deploy", version, "--why", name, by="wang")
        until = began + WAIT_S
        while version not in self.asking.first:
            if time.perf_counter() > until:
                raise SystemExit(f"{version} decides nothing")
            time.sleep(0.002)
        times["live"] = max(times["live"], self.asking.first[version] - began)
        shutil.rmtree(out)
        figures = next(each for name, each in found["versions"].items() if name != "then")
        return times, int(figures["approved"])

    def _tael(self, times: Times, step: str, *words: str, by: str = "") -> dict[str, Any]:
        signed = ("--as", by, "--password-stdin", "--json") if by else ()
        given = {"input": f"{PASSWORD}\n"} if by else {}
        environ = {**os.environ, "TAEL_HOME": str(self.home)}
        text = _timed(times, step, TAEL, "policies", *words, *signed, env=environ, **given)
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def _ours(home: Path, workload: Workload, bundle: Bundle) -> Iterator[Ours]:
    with open_installation(Settings(data_dir=home)) as house:
        key = _installed(house, workload, bundle)
    port = stacks.free_port()
    server = subprocess.Popen(  # noqa: S603 - this package's own command
        [TAEL, "serve", "--port", str(port), "--processes", "2"],
        env={**os.environ, "TAEL_HOME": str(home)}, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    asking = Asking(port, key, workload)
    thread = threading.Thread(target=asking.run)
    try:
        _wait_for(port)
        thread.start()
        yield Ours(home, bundle, asking)
    finally:
        asking.ended.set()
        if thread.ident:
            thread.join()
        server.send_signal(signal.SIGTERM)  # an interrupt may be ignored in the background
        server.wait(WAIT_S)


def _wait_for(port: int) -> None:
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/v1/live/decisions")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("the installation does not answer")


def _installed(house: Installation, workload: Workload, bundle: Bundle) -> str:
    """Two people, a policy in force, evidence of all borrowers; a key that may decide."""
    policies, people = house.policies, {}
    with house.database.begin(SYSTEM) as work:
        house.parameters.install_defaults(work)
        for login in ("lin", "wang"):
            people[login] = house.identity.users.add(
                work, login=login, password=PASSWORD, roles=["risk_manager"]
            )
        lasts = timedelta(days=1)
        _, key = house.identity.api_keys.issue(
            work, people["lin"].id, name="change", scopes=["decision.decide"], lasts=lasts
        )
    with house.database.begin(Actor("user", people["lin"].id)) as work:
        version = policies.draft(work, "before", bundle).id
        if not policies.check(work, version).passed:
            raise SystemExit("the policy is not in order before it is changed")
        policies.waive_backtest(work, version, "what is measured is the change after it")
    with house.database.begin(Actor("user", people["wang"].id)) as work:
        policies.approve(work, version)
        policies.deploy(work, version, why="what decides before the change")
    table = pq.read_table(workload.folder / "borrowers.parquet", columns=["borrower", "stored"])
    at, lane = datetime.fromisoformat(workload.asof), Lane(policies)
    with house.database.begin(SYSTEM) as work:
        for row in table.to_pylist():
            lane.keep(work, Evidence(row["borrower"], at, "{}", row["stored"]))
    return key


# --- stack a


@dataclass
class Peer:
    """The policy's files in git, and the workers that run them."""

    repository: Path
    place: stacks.Place
    python: Path
    serving: subprocess.Popen[bytes] | None = None
    number: int = 0

    def change(self, threshold: int, history: Path) -> tuple[Times, int]:
        times: Times = {}
        self.number += 1
        branch, folder = f"change-{self.number}", self.repository
        self._git(times, "edit", "switch", "--quiet", "--create", branch)
        graph = folder / "zen.json"
        before = (self.place.workload.folder / "zen.json").read_text("utf-8")
        edited = before.replace(ZEN_RULE, f"{ZEN_RULE[:-1]}{threshold}")
        if edited == graph.read_text("utf-8"):
            raise SystemExit("nothing was edited")
        graph.write_text(edited, "utf-8")
        self._run(times, "tests", "change_tests", cases=str(folder / "cases.json"))
        out = folder.parent / f"peer-tried-{self.number}"
        told = {"history": str(history), "out": str(out), "processes": 2}
        found = json.loads(self._run(times, "backtest", "change_backtest", **told))
        self._git(times, "review", "commit", "--quiet", "--all", "--message", branch)
        self._git(times, "review", "push", "--quiet", "origin", branch)
        self._git(times, "review", "diff", "--stat", "main", branch)
        self._git(times, "review", "switch", "--quiet", "main")
        self._git(times, "review", "merge", "--quiet", "--no-edit", branch)
        self._git(times, "review", "push", "--quiet", "origin", "main")
        began = time.perf_counter()
        old, self.serving = self.serving, self.serve()
        times["live"] = time.perf_counter() - began
        _stop(old)
        shutil.rmtree(out)
        return times, int(found["approved"])

    def serve(self) -> subprocess.Popen[bytes]:
        """New workers; returns when the first decision is answered."""
        port, told = stacks.free_port(), stacks.PEERS["a"]
        settings = {
            "folder": str(self.repository), "dsn": stacks.dsn(self.place.url), **told,
            "inputs": "peer_events", "log": "log_events", "workers": 2, "port": port,
        }  # fmt: skip
        process = subprocess.Popen(  # noqa: S603 - our own module
            [str(self.python), "-m", "decisioning_peers.peer_server", json.dumps(settings)],
            cwd=stacks.HERE, start_new_session=True,
        )  # fmt: skip
        stacks.wait_for(f"http://127.0.0.1:{port}", 2, lambda: process.poll() is None)
        workload = self.place.workload
        body = {
            "application_id": f"first-{port}", "borrower": workload.borrowers[0],
            "amount_minor": workload.amounts_minor[0], "months": workload.months[0],
            "as_of": workload.asof,
        }  # fmt: skip
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WAIT_S)
        connection.request("POST", "/decisions", json.dumps(body))
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise SystemExit(f"the peer does not decide: {answer.read()!r}")
        return process

    def _run(self, times: Times, step: str, module: str, **job: object) -> str:
        told = json.dumps({"folder": str(self.repository), **job})
        command = (str(self.python), "-m", f"decisioning_peers.{module}", told)
        return _timed(times, step, *command, cwd=stacks.HERE)

    def _git(self, times: Times, step: str, *words: str) -> None:
        who = ("-c", "user.name=peer", "-c", "user.email=peer@example.com")
        _timed(times, step, shutil.which("git") or "git", *who, *words, cwd=self.repository)


@contextmanager
def _peer(
    root: Path, workload: Workload, python: Path, cases: list[dict[str, Any]]
) -> Iterator[Peer]:
    repository = root / "repository"
    left = shutil.ignore_patterns("events", "borrowers.parquet", "done")
    shutil.copytree(workload.folder, repository, ignore=left)
    (repository / "cases.json").write_text(json.dumps(cases), "utf-8")
    with EmbeddedPostgres(root / "postgres", options=stacks.SERVER) as server:
        place = stacks.Place(workload, server.url, root / "own")
        stacks.prepare_peers(place, python, ("events",))
        job = {"folder": str(workload.folder), "dsn": stacks.dsn(server.url), "forms": []}
        filled = json.dumps(job | {"logs": ["log_events"]})
        command = (str(python), "-m", "decisioning_peers.peer_fill", filled)
        _timed({}, "log", *command, cwd=stacks.HERE)
        peer, spent = Peer(repository, place, python), Times()
        bare = root / "origin.git"
        for words in (
            ("init", "--quiet", "--bare", str(bare)), ("init", "--quiet", "-b", "main"),
            ("add", "."), ("commit", "--quiet", "--message", "before"),
            ("remote", "add", "origin", str(bare)), ("push", "--quiet", "origin", "main"),
        ):  # fmt: skip
            peer._git(spent, "begin", *words)  # noqa: SLF001 - the same repository
        try:
            peer.serving = peer.serve()
            yield peer
        finally:
            _stop(peer.serving)


def _stop(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(WAIT_S)


if __name__ == "__main__":
    main()
