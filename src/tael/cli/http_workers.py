"""Processes that serve HTTP side by side on one socket; one that dies is replaced.

``python -m tael.cli.http_workers FD`` is one of them: it answers on the listening socket FD that
it was given, and ends when its parent does, however that ended.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import structlog

if TYPE_CHECKING:  # a worker loads it when it runs
    from tael.app.installation import Installation

_STOP_TIMEOUT_S = 5
# A worker that ends at once, again and again, is not started more often than this.
_LEAST_LIFE_S = 1.0
_log = structlog.get_logger(__name__)


class HttpWorkers:
    """So many processes that accept on ``listening``; as a context they start and stop.

    Connections wait at the socket, not at a process: when one is killed, those that it had accepted
    are lost, and all others are answered by the rest.

    Args:
        count: how many.
        listening: a bound, listening socket; stays open in this process.
        environ: of the workers; names the installation.
        module: what a worker runs, with the number of the socket as its argument.
    """

    def __init__(
        self,
        count: int,
        listening: socket.socket,
        environ: Mapping[str, str],
        *,
        module: str = "tael.cli.http_workers",
    ) -> None:
        self._module = module
        self._listening = listening
        self._environ = dict(environ)
        self._stopping = Event()
        self._running: dict[int, subprocess.Popen[bytes]] = {}
        self._keepers = [
            Thread(target=self._keep, args=(number,), name=f"http-{number}", daemon=True)
            for number in range(count)
        ]

    @property
    def pids(self) -> tuple[int, ...]:
        """Of the workers that run now."""
        return tuple(process.pid for process in list(self._running.values()))

    def __enter__(self) -> Self:
        for keeper in self._keepers:
            keeper.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        for process in list(self._running.values()):
            process.send_signal(signal.SIGTERM)
        for keeper in self._keepers:
            keeper.join(_STOP_TIMEOUT_S)
        for process in list(self._running.values()):
            process.kill()

    def _keep(self, number: int) -> None:
        """Start one worker, and another whenever it has ended."""
        while not self._stopping.is_set():
            began = time.monotonic()
            process = self._start()
            self._running[number] = process
            code = process.wait()
            if process.stdin:
                process.stdin.close()
            del self._running[number]
            if self._stopping.is_set():
                return
            _log.warning("an HTTP worker ended and is replaced", code=code, worker=number)
            self._stopping.wait(max(0.0, _LEAST_LIFE_S - (time.monotonic() - began)))

    def _start(self) -> subprocess.Popen[bytes]:
        descriptor = self._listening.fileno()
        return subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-m", self._module, str(descriptor)],
            stdin=subprocess.PIPE,  # closed by the system when this process ends
            env=self._environ,
            pass_fds=(descriptor,),
        )


def environ_of(home: str) -> dict[str, str]:
    """The environment of this process, for workers of the installation in ``home``."""
    return {**os.environ, "TAEL_HOME": home}


def run(descriptor: int, make: Callable[[Installation], Any] | None = None) -> None:
    """Serve on the listening socket ``descriptor`` until told to stop.

    ``make`` makes what is served; the console by default.
    """
    import uvicorn

    from tael.app.installation import open_installation
    from tael.cli.installation import set_up_logs
    from tael.console import create_app
    from tael.platform import Settings

    settings = Settings.from_env(os.environ)
    set_up_logs(settings)
    with open_installation(settings) as house, socket.socket(fileno=descriptor) as listening:
        config = uvicorn.Config(
            (make or create_app)(house),
            log_level="warning",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_STOP_TIMEOUT_S - 2,
        )
        server = uvicorn.Server(config)
        Thread(target=_end_with_parent, args=(server,), daemon=True).start()
        server.run([listening])


def _end_with_parent(server: object) -> None:
    # Not through the buffer: its lock would be held when this process ends by itself.
    while os.read(sys.stdin.fileno(), 1):
        pass
    server.should_exit = True  # type: ignore[attr-defined]


if __name__ == "__main__":
    run(int(sys.argv[1]))
