"""Commands as processes: served and stopped, interrupted, killed and taken up again."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("cli")
_STORY = ("--no-serve", "--applications", "6", "--months", "2", "--start", "2024-10-01")
_PATIENCE_S = 60
# Started from a shell's background, a process ignores the interrupt; here it must not.
_PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
import tael.cli
tael.cli.main()
"""


@contextmanager
def running(environment: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    program = [sys.executable, "-c", _PROGRAM, *words]
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        program,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def said(stream: IO[str] | None) -> str:
    assert stream is not None
    return stream.read()


def test_the_console_is_served_until_an_interrupt(company: dict[str, str]) -> None:
    with running(company, "serve", "--port", "0") as server:
        url = address(server)
        assert httpx.get(url, trust_env=False, follow_redirects=True).status_code == 200

        server.send_signal(signal.SIGINT)
        assert server.wait(_PATIENCE_S) == 0
        assert said(server.stderr).endswith("The console has stopped.\n")


def test_a_taken_port_is_an_outside_failure_with_a_remedy(company: dict[str, str]) -> None:
    with running(company, "serve", "--port", "0") as first:
        port = str(httpx.URL(address(first)).port)
        with running(company, "serve", "--port", port) as second:
            assert second.wait(_PATIENCE_S) == 5
            assert "choose another with --port" in said(second.stderr)


def address(server: subprocess.Popen[str]) -> str:
    """What the first line of a server's messages says."""
    assert server.stderr is not None
    first = server.stderr.readline()
    found = re.search(r"http://\S+:\d+/", first)
    assert found is not None, first + server.stderr.read()
    return found[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)],
    ids=["interrupt", "terminate", "kill"],
)
def test_a_demo_that_was_cut_off_goes_on_to_the_same_books(
    place: Callable[[str], dict[str, str]],
    played: tuple[dict[str, str], dict[str, Any]],
    sign: signal.Signals,
    code: int,
) -> None:
    environment = place(f"cut_{sign.name.lower()}")
    home = Path(environment["TAEL_HOME"])
    with running(environment, "demo", *_STORY) as demo:
        wait_for((home / "demo-progress.json").exists)
        demo.send_signal(sign)
        assert demo.wait(_PATIENCE_S) == code
        assert "Traceback" not in said(demo.stderr)
    wait_for(lambda: not banks_of(home))

    with running(environment, "demo", *_STORY, "--json") as again:
        out = said(again.stdout)
        assert again.wait(_PATIENCE_S) == 0
    assert json.loads(out)["resumed_from"] is not None
    assert json.loads(out)["journal_hash"] == played[1]["journal_hash"]


def wait_for(happens: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def banks_of(home: Path) -> list[str]:
    """The processes whose command line names the demo's bank records."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:  # it has gone meanwhile
            continue
        if str(home / "demo-bank.jsonl").encode() in words:
            found.append(entry.parent.name)
    return found


def test_a_demo_that_ends_within_a_month_is_sealed_to_its_last_day(
    place: Callable[[str], dict[str, str]],
) -> None:
    environment = place("sealed")
    story = ("--no-serve", "--applications", "2", "--months", "1", "--start", "2024-10-10")
    with running(environment, "demo", *story, "--json") as demo:
        assert json.loads(said(demo.stdout))["as_of"] == "2024-11-09"
    with running(environment, "audit", "verify", "--json") as audit:
        # Only whoever signs in is added afterwards.
        assert json.loads(said(audit.stdout))["unsealed"] == 1
