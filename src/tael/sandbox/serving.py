"""Servers of the sandbox: on loopback, in a thread or a process, with wires that can be cut."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from tael.kernel import OutsideFailure

_HOST = "127.0.0.1"
_START_TIMEOUT_S = 20


class Connections:
    """Open connections by the client's address, so that an answer can be dropped with its wire."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], asyncio.BaseTransport] = {}

    def protocol(self) -> type[H11Protocol]:
        """The HTTP protocol that tells of every connection."""
        connections = self._open

        class Droppable(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                connections[transport.get_extra_info("peername")] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                connections.pop(self.transport.get_extra_info("peername"), None)
                super().connection_lost(exc)

        return Droppable

    def cut(self, request: Request) -> None:
        """Cut the wire on which ``request`` came; what was written is flushed as far as it is."""
        client = request.client
        transport = self._open.get((client.host, client.port)) if client else None
        if transport is not None:
            cast("asyncio.Transport", transport).abort()

    async def drop(self, request: Request) -> Response:
        """Cut the wire before any answer."""
        self.cut(request)
        await request.receive()  # the rest of the request, or the news that the wire is gone
        return Response(status_code=500)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A server that is ready to serve at ``url``; ``close`` lets go of what it holds."""

    url: str
    server: uvicorn.Server
    listening: socket.socket
    close: Callable[[], None]

    def serve(self) -> None:
        """Answer until ``server.should_exit``, then let everything go."""
        try:
            self.server.run([self.listening])
        finally:
            self.listening.close()
            self.close()


def prepare(
    application: Callable[[Connections], FastAPI], *, port: int, close: Callable[[], None]
) -> Prepared:
    """A server of ``application`` on ``port`` of loopback; 0 takes a free one.

    Raises:
        OutsideFailure: the port is taken.
    """
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((_HOST, port))
    except OSError as taken:
        listening.close()
        raise OutsideFailure(f"port {port} is taken; choose another", field="port") from taken
    listening.listen()  # a client that reads the address may connect at once
    connections = Connections()
    config = uvicorn.Config(
        application(connections),
        http=connections.protocol(),
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    config.load()  # who reads the address is answered at once, not after the first imports
    url = f"http://{_HOST}:{listening.getsockname()[1]}"
    return Prepared(url, uvicorn.Server(config), listening, close)


@contextmanager
def running(prepared: Prepared) -> Iterator[str]:
    """The server in a thread of this process while the block runs; yields its address.

    Raises:
        OutsideFailure: it did not start in 20 seconds.
    """
    thread = threading.Thread(target=prepared.serve, daemon=True)
    thread.start()
    try:
        _await_start(prepared.server, thread)
        yield prepared.url
    finally:
        prepared.server.should_exit = True
        thread.join(_START_TIMEOUT_S)


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    pause = threading.Event()
    for _ in range(_START_TIMEOUT_S * 100):
        if server.started:
            return
        if not thread.is_alive():
            break
        pause.wait(0.01)
    raise OutsideFailure("the sandbox's server did not start")
