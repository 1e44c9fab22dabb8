"""The bank as a child process ends with the process that started it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

_PARENT = """
import sys, time
from pathlib import Path
from tael.sandbox import BankProcess

print(BankProcess(Path(sys.argv[1])).start(), flush=True)
time.sleep(60)
"""
_PATIENCE_S = 10


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_the_bank_ends_however_its_parent_ends(tmp_path: Path, sign: signal.Signals) -> None:
    command = [sys.executable, "-c", _PARENT, str(tmp_path / "bank.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:  # noqa: S603
        assert parent.stdout is not None
        url = parent.stdout.readline().strip()
        assert httpx.get(f"{url}/v1/health", trust_env=False).status_code < 500
        parent.send_signal(sign)
        parent.wait()

    deadline = time.monotonic() + _PATIENCE_S
    while _answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(url)


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True
