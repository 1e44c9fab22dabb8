"""Kill the demo, or its database, at random moments: the books end as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tael.app.demo import Story
from tael.app.installation import open_installation
from tael.app.invariants import check_invariants
from tael.funding import BankClient
from tael.kernel import FixedClock
from tael.platform import SYSTEM, EmbeddedPostgres, Settings
from tael.sandbox import running_bank
from tael.servicing import LoanQuery

KILLS = int(os.environ.get("TAEL_KILLS", "50"))
SEED = int(os.environ.get("TAEL_KILL_SEED", "1"))
_RUNNER = Path(__file__).with_name("demo_run.py")
_STORY = Story(applications=14, months=6)
_LONGEST_S = 300
_POLL_S = 0.02
# A kill comes within this time of the one before, and a run takes so many of them.
_WINDOW_S = 12
_MOST_A_RUN = 10


@dataclass
class Run:
    """One installation's folder, played until the story ends, killed now and then."""

    home: Path
    story: Story
    seconds: float = 0.0
    kills: list[str] = field(default_factory=list)

    def play(self, plan: random.Random, *, kills: int, within_s: float) -> dict[str, object]:
        """Play to the end; up to ``kills`` times something is killed within ``within_s``."""
        while True:
            began = time.monotonic()
            process = self._start()
            while len(self.kills) < kills and self._lives(process, plan.uniform(0.1, within_s)):
                self._kill(process, plan.choice(["process", "postgres"]))
            out, error = process.communicate(timeout=_LONGEST_S)
            self.seconds = time.monotonic() - began
            if process.returncode == 0:
                answer: dict[str, object] = json.loads(out)
                return answer
            assert self.kills, f"it failed unharmed: {error}"
            last = self.kills[-1]
            assert process.returncode == -signal.SIGKILL or last == "postgres", error

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(_RUNNER), str(self.home)]
        command += [str(self.story.applications), str(self.story.months)]
        return subprocess.Popen(  # noqa: S603 - our own interpreter
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def _lives(self, process: subprocess.Popen[str], seconds: float) -> bool:
        """Whether it still runs after some seconds."""
        end = time.monotonic() + seconds
        while process.poll() is None and time.monotonic() < end:
            time.sleep(_POLL_S)
        return process.poll() is None

    def _kill(self, process: subprocess.Popen[str], victim: str) -> None:
        server = EmbeddedPostgres(self.home).postmaster_pid()
        if victim == "process":
            process.kill()
            process.wait()
        elif server is not None:
            os.kill(server, signal.SIGKILL)
        else:
            return
        self.kills.append(victim)


def reference(home: Path, story: Story) -> tuple[dict[str, object], float]:
    """What an undisturbed run ends with, and its seconds."""
    run = Run(home, story)
    answer = run.play(random.Random(0), kills=0, within_s=1)  # noqa: S311 - seeded on purpose
    return answer, run.seconds


def processes_about(home: Path) -> list[str]:
    """Command lines of living processes that name the folder, or work in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                folder = str((entry / "cwd").readlink())
            except OSError:  # gone meanwhile
                continue
            if str(home) in words or folder.startswith(str(home)):
                found.append(words)
    return found


def left_running(home: Path) -> list[str]:
    """What is still there after the moment that a bank without a parent needs to go."""
    end = time.monotonic() + 5
    while (found := processes_about(home)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def look_into(home: Path, story: Story) -> None:
    """Every invariant holds, and the bank has lent each loan once and counts as we do."""
    clock = FixedClock.on(story.end)
    with (
        open_installation(Settings.from_env({"TAEL_HOME": str(home)}), clock) as house,
        running_bank(home / "demo-bank.jsonl") as bank,
    ):
        with house.database.begin(SYSTEM) as work:
            rooms = house.rooms(work)
            partners = [one.id for one in rooms.funding.partners()]
            loans = [row.loan_id for _, row in rooms.servicing.store.find(LoanQuery(limit=10_000))]
        with BankClient(bank) as wire:
            assert check_invariants(house, story.end, dict.fromkeys(partners, wire)) == []
    assert sorted(lent_by_bank(home)) == sorted(loans)


def lent_by_bank(home: Path) -> list[str]:
    """The loan of every payout in the bank's own records."""
    lines = (home / "demo-bank.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    return [
        answer["body"]["loan"]
        for answer in answers
        if answer["path"] == "/v1/disbursements" and answer["body"].get("state") == "DISBURSED"
    ]


def campaign(folder: Path, story: Story, *, kills: int, seed: int) -> list[str]:
    """Play the story over and over until ``kills`` victims have fallen; what was killed."""
    wanted, seconds = reference(folder / "reference", story)
    within_s, runs = min(seconds, _WINDOW_S), 0
    plan, fallen = random.Random(seed), list[str]()  # noqa: S311 - seeded on purpose
    while len(fallen) < kills:
        run = Run(folder / f"run-{runs}", story)
        end = run.play(plan, kills=min(kills - len(fallen), _MOST_A_RUN), within_s=within_s)
        fallen += run.kills
        assert end == wanted, f"killed {run.kills}: other books than undisturbed"
        assert left_running(run.home) == []
        look_into(run.home, story)
        shutil.rmtree(run.home)
        # The machine was busy before and is not now: a run must not get away for ever.
        within_s = within_s if run.kills else min(within_s, run.seconds)
        runs += 1
    return fallen


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_books_survive_a_campaign_of_kills(tmp_path: Path) -> None:
    assert len(campaign(tmp_path, _STORY, kills=KILLS, seed=SEED)) == KILLS
