"""``tael serve``: the console and the HTTP API."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from tael.cli.installation import opened
from tael.cli.output import say
from tael.kernel import OutsideFailure

if TYPE_CHECKING:  # a command loads it when it runs; help must not
    from tael.app.installation import Installation

Port = Annotated[
    int | None,
    typer.Option(min=0, max=65535, help="Port to listen on, before TAEL_HTTP_PORT; 0: a free one."),
]
_LONGEST_GOODBYE_S = 3


def serve(
    ctx: typer.Context,
    port: Port = None,
    worker: Annotated[
        bool,
        typer.Option(help="Run durable jobs, close days and deliver facts in this process too."),
    ] = True,
    catch_up: Annotated[
        bool, typer.Option("--catch-up", help="Close missed days even when more than 31.")
    ] = False,
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="Processes that answer HTTP, on one port.")
    ] = 1,
) -> None:
    """Serve the console and the HTTP API until Ctrl-C.

    The address is TAEL_HTTP_HOST and TAEL_HTTP_PORT: http://127.0.0.1:8765/ by default. Jobs are
    run, ended days are closed one after the other, and facts are delivered meanwhile; further
    processes of one installation are started with --no-worker, or with a TAEL_WORKER of their own.
    With --processes several answer HTTP beside this one, and one that dies is replaced.

    Examples:

        tael serve
        tael serve --port 9000 --no-worker
        tael serve --processes 4
    """
    with opened(ctx) as house:
        own = Company(worker=worker, catch_up=catch_up, processes=processes)
        serve_console(house, port, lambda url: say(f"Console: {url} (Ctrl-C ends)"), own)


@dataclass(frozen=True)
class Company:
    """What runs beside the console in its process."""

    worker: bool = True
    catch_up: bool = False
    processes: int = 1


def serve_console(
    house: Installation,
    port: int | None,
    tell: Callable[[str], None],
    company: Company = Company(),
) -> None:
    """Listen, ``tell`` the address, answer and work until interrupted.

    Raises:
        OutsideFailure: the port is taken, or the name of the worker.
    """
    chosen = house.settings.http_port if port is None else port
    listening = _listen(house.settings.http_host, chosen)
    host, bound = listening.getsockname()[:2]
    try:
        with _beside(house, company) as rounds:
            tell(f"http://{f'[{host}]' if ':' in host else host}:{bound}/")
            with rounds:  # after the address: the rounds may have something to say
                _answer(house, listening, company.processes)
    except KeyboardInterrupt:
        say("The console has stopped.")
    finally:
        listening.close()


def _answer(house: Installation, listening: socket.socket, processes: int) -> None:
    """Answer HTTP until interrupted: here, or in processes of their own."""
    if processes > 1:
        from tael.cli.http_workers import HttpWorkers, environ_of

        with HttpWorkers(processes, listening, environ_of(str(house.settings.data_dir))):
            threading.Event().wait()
        return
    import uvicorn

    from tael.console import create_app

    config = uvicorn.Config(
        create_app(house),
        log_level="warning",
        log_config=None,  # ours: masked, and in the form of TAEL_LOG_FORMAT
        access_log=False,
        timeout_graceful_shutdown=_LONGEST_GOODBYE_S,
    )
    uvicorn.Server(config).run([listening])


@contextmanager
def _beside(house: Installation, company: Company) -> Iterator[AbstractContextManager[object]]:
    """The worker, running, and the rounds to begin."""
    if not company.worker:
        yield nullcontext()
        return
    from tael.app.rounds import at_work
    from tael.console import purge_replies

    with at_work(house, catch_up=company.catch_up, purges=(purge_replies,)) as rounds:
        yield rounds


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as taken:
        listening.close()
        raise OutsideFailure(
            f"cannot listen on {host} port {port}: {taken.strerror}; choose another with --port",
            code="port_taken",
            field="port",
        ) from taken
    listening.listen()
    return listening
