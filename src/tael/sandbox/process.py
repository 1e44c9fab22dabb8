"""A simulated party in a process of its own, which can be killed and started again."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tael.kernel import OutsideFailure

_STOP_TIMEOUT_S = 5


class _Process:
    """A child process: ``start`` it, ``kill`` it, ``start`` it again on its port.

    It ends with this process, even when this process is killed: its standard input is a pipe of
    ours, which the system closes.

    Args:
        state: the file of its records (JSON lines); what is in it survives a kill.
        port: on loopback; 0 takes a free one at the first start and keeps it.
        options: further options of ``python -m`` its module.
    """

    module = ""

    def __init__(self, state: Path, *, port: int = 0, options: Sequence[str] = ()) -> None:
        self._state = state
        self._port = port
        self._options = tuple(options)
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it and wait until it listens; returns its address.

        Raises:
            OutsideFailure: it ended before it listened.
        """
        command = [sys.executable, "-m", self.module, "--state", str(self._state)]
        command += ["--port", str(self._port), "--with-parent", *self._options]
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        out = self._process.stdout
        url = out.readline().strip() if out else ""
        if not url:
            self.kill()
            raise OutsideFailure(f"{self.module} did not start; its error is printed above")
        self._port = int(url.rpartition(":")[2])
        return url

    def kill(self) -> None:
        """End it at once (SIGKILL), as a crash does; nothing when it does not run."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order; nothing when it does not run."""
        self._end(signal.SIGTERM)

    def _end(self, sign: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(sign)
        try:
            process.wait(_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                pipe.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class BankProcess(_Process):
    """One bank as a child process, which can be killed and started again on its port."""

    module = "tael.sandbox.bank"


class SourcesProcess(_Process):
    """The nine sources as a child process, which can be killed and started again on its port.

    ``options`` name the economy and the keys: ``--economy``, ``--house-key``.
    """

    module = "tael.sandbox.sources"
