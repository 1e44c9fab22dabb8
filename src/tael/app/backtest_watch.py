"""Watches the process that makes a back-test: it ends when it is done, cancelled, or left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Event

from tael.app.backtest_files import RunFolder
from tael.kernel import OutsideFailure

_PROCESS = "tael.app.backtest_process"
_LOOK_S = 0.1
_GOODBYE_S = 3


def in_process(folder: RunFolder, history: Path, halt: Event) -> None:
    """Run the process and wait, until it ends, is cancelled or this one halts.

    What it found, or why it failed, stands in the folder.

    Raises:
        OutsideFailure: this process is about to end.
    """
    command = [sys.executable, "-m", _PROCESS, str(folder.path), str(history)]
    with (folder.path / "errors.txt").open("wb") as errors:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            while process.poll() is None and not folder.cancelled and not halt.wait(_LOOK_S):
                pass
        finally:
            _end(process)
    if halt.is_set() and process.returncode:
        raise OutsideFailure("the server is about to end", code="backtest_halted")
    if process.returncode and folder.get("failure") is None:
        folder.failed(f"the process of the back-test ended with {process.returncode}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(_GOODBYE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdin:
        process.stdin.close()
