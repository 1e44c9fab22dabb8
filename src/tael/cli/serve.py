"""``tael serve``: the console and the HTTP API."""

from __future__ import annotations

import socket
from collections.abc import Callable
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


def serve(ctx: typer.Context, port: Port = None) -> None:
    """Serve the console and the HTTP API until Ctrl-C.

    The address is TAEL_HTTP_HOST and TAEL_HTTP_PORT: http://127.0.0.1:8765/ by default.

    Examples:

        tael serve
        tael serve --port 9000
    """
    with opened(ctx) as house:
        serve_console(house, port, lambda url: say(f"Console: {url} (Ctrl-C ends)"))


def serve_console(house: Installation, port: int | None, tell: Callable[[str], None]) -> None:
    """Listen, ``tell`` the address, and answer until interrupted.

    Raises:
        OutsideFailure: the port is taken.
    """
    import uvicorn

    from tael.console import create_app

    chosen = house.settings.http_port if port is None else port
    listening = _listen(house.settings.http_host, chosen)
    config = uvicorn.Config(
        create_app(house),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_LONGEST_GOODBYE_S,
    )
    host, bound = listening.getsockname()[:2]
    tell(f"http://{f'[{host}]' if ':' in host else host}:{bound}/")
    try:
        uvicorn.Server(config).run([listening])
    except KeyboardInterrupt:
        say("The console has stopped.")
    finally:
        listening.close()


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
