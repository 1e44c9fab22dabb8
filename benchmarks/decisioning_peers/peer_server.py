"""A peer as a service: FastAPI on uvicorn with uvloop and httptools, one process a worker.

    python -m decisioning_peers.peer_server SETTINGS      (JSON, see `Settings`)

What was tried is in the docstring of ``benchmarks/decisioning.py``.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import orjson
import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.responses import Response as PlainResponse

from decisioning_peers.decide import Asked, Decider, Row
from decisioning_peers.peer_store import Store, asked_of, columns_of, decoder

_VARIABLE = "DECISIONING_PEER"
_JSON = "application/json"
_SAMPLE = "x" * 900  # an answer's usual length


@dataclass(frozen=True)
class Settings:
    """How a peer runs.

    Attributes:
        folder: a workload's.
        dsn: of asyncpg.
        inputs: the table that is read.
        log: the table that is written.
        form: how ``inputs`` holds what is read, see ``peer_store.FORMS``.
        engine: of form ``events``: polars-cells, polars-filters, duckdb-cells or duckdb-filters.
        style: plain (pydantic in and out), lean (a request and a response), route (the same as a
            route of Starlette).
        lanes: 0 gives each request a connection of its own; so many connections otherwise take all
            requests that wait, with one statement to read and one to write.
        connections: of each worker, where each request has its own.
        workers: processes.
        port: on 127.0.0.1.
    """

    folder: str
    dsn: dict[str, str]
    inputs: str
    log: str
    form: str = "bytes"
    engine: str = "polars-cells"
    style: str = "route"
    lanes: int = 0
    connections: int = 8
    workers: int = 2
    port: int = 8700


class Body(BaseModel):
    """A request, for the plain style."""

    application_id: str
    borrower: str
    amount_minor: int
    months: int
    as_of: str


class Offer(BaseModel):
    code: str
    method: str
    months: int
    limit_minor: int
    bank_interest: float
    guarantee_fee: float
    servicing_fee: float
    penalty_rate: float


class Told(BaseModel):
    """An answer, for the plain style."""

    decision_id: str
    outcome: str
    tier: int
    pd: float
    points: int
    limit_minor: int
    options: list[Offer]
    reasons: list[str]
    routing: str


class Peer:
    """Decides requests; `start` connects it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        folder = Path(settings.folder)
        self._decider = Decider(folder)
        names = json.loads((folder / "spec.json").read_text("utf-8"))["names"]
        self._columns = columns_of(settings.form, len(names))
        self._values = _fresh(settings, folder) if settings.form == "events" else _cached(
            settings, len(names))  # fmt: skip
        self._free: list[Store] = []
        self._waiting: deque[asyncio.Future[Store]] = deque()
        self._pending: deque[tuple[Asked, asyncio.Future[str]]] = deque()
        self._come = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        settings = self._settings
        tables = settings.inputs, settings.log
        many = settings.lanes or settings.connections
        self._free = [await Store.open(settings.dsn, tables, self._columns) for _ in range(many)]
        if settings.lanes:
            self._tasks = [asyncio.create_task(self._lane(store)) for store in self._free]

    async def decide(self, asked: Asked) -> str:
        """The answer as it is kept; '' where nobody knows the borrower."""
        if self._settings.lanes:
            answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            self._pending.append((asked, answer))
            self._come.set()
            return await answer
        store = self._free.pop() if self._free else await self._next()
        try:
            record = await store.read(asked.borrower)
            return await store.add(self._rows([asked], [record])[0]) if record else ""
        finally:
            if self._waiting:
                self._waiting.popleft().set_result(store)
            else:
                self._free.append(store)

    async def _next(self) -> Store:
        free: asyncio.Future[Store] = asyncio.get_running_loop().create_future()
        self._waiting.append(free)
        return await free

    def _rows(self, asked: list[Asked], records: list[Any]) -> list[Row]:
        values = self._values(records, [each.as_of for each in asked])
        return [self._decider.row(*each) for each in zip(asked, values, strict=True)]

    async def _lane(self, store: Store) -> None:
        """Take all that wait, again and again."""
        most = 64
        while True:
            await self._come.wait()
            taken = [self._pending.popleft() for _ in range(min(most, len(self._pending)))]
            if not self._pending:
                self._come.clear()
            if taken:
                try:
                    await self._together(store, taken)
                except Exception as error:  # noqa: BLE001 - each caller hears of it
                    for _, answer in taken:
                        if not answer.done():
                            answer.set_exception(error)

    async def _together(self, store: Store, taken: list[tuple[Asked, asyncio.Future[str]]]) -> None:
        records = await store.reads([asked.borrower for asked, _ in taken])
        known = [each for each in taken if each[0].borrower in records]
        asked = [each for each, _ in known]
        rows = self._rows(asked, [records[each.borrower] for each in asked]) if asked else []
        for (_, answer), text in zip(known, await store.adds(rows) if rows else [], strict=True):
            answer.set_result(text)
        for each, answer in taken:
            if each.borrower not in records:
                answer.set_result("")


Values = Callable[[list[Any], list[str]], list[list[float]]]


def _cached(settings: Settings, width: int) -> Values:
    decode = decoder(settings.form, width)
    return lambda records, _as_of: [decode(record) for record in records]


def _fresh(settings: Settings, folder: Path) -> Values:
    from decisioning_peers import duckdb_variables, polars_variables  # noqa: PLC0415 - slow to load
    from decisioning_peers.cells import Layout  # noqa: PLC0415 - not asked of the other peer

    module, _, name = settings.engine.partition("-")
    engines = {"polars": polars_variables, "duckdb": duckdb_variables}
    compute = getattr(engines[module], name)(Layout(folder))

    def values(records: list[Any], as_of: list[str]) -> list[list[float]]:
        instants = [int(datetime.fromisoformat(each).timestamp()) for each in as_of]
        found: list[list[float]] = compute([record[1] for record in records], instants)
        return found

    return values


def make_app() -> FastAPI:
    """The application of one worker; its settings stand in the environment."""
    settings = Settings(**json.loads(os.environ[_VARIABLE]))
    peer = Peer(settings)

    @asynccontextmanager
    async def life(_app: FastAPI) -> Any:
        await peer.start()
        yield

    app = FastAPI(lifespan=life, openapi_url=None)
    _STYLES[settings.style](app, peer)

    async def worker(_request: Request) -> Response:
        return PlainResponse(str(os.getpid()))

    async def nothing(request: Request) -> Response:
        """What HTTP alone costs: the same bytes in and out."""
        asked_of(orjson.loads(await request.body()))
        return PlainResponse(_SAMPLE, media_type=_JSON)

    app.add_route("/worker", worker)
    app.add_route("/nothing", nothing, methods=["POST"])
    return app


def _plain(app: FastAPI, peer: Peer) -> None:
    @app.post("/decisions")
    async def decisions(body: Body) -> Told:
        asked = asked_of(body.model_dump())
        return Told.model_validate_json(await peer.decide(asked))


def _answering(peer: Peer) -> Callable[[Request], Awaitable[Response]]:
    async def decisions(request: Request) -> Response:
        try:
            asked = asked_of(orjson.loads(await request.body()))
        except (KeyError, ValueError) as wrong:
            return PlainResponse(str(wrong), 422)
        answer = await peer.decide(asked)
        if not answer:
            return PlainResponse("no such borrower", 404)
        return PlainResponse(answer, media_type=_JSON)

    return decisions


def _lean(app: FastAPI, peer: Peer) -> None:
    app.post("/decisions", response_class=Response)(_answering(peer))


def _route(app: FastAPI, peer: Peer) -> None:
    app.add_route("/decisions", _answering(peer), methods=["POST"])


_STYLES = {"plain": _plain, "lean": _lean, "route": _route}


def main() -> None:
    told = json.loads(sys.argv[1])
    known = {each.name for each in fields(Settings)}
    settings = Settings(**{name: value for name, value in told.items() if name in known})
    os.environ[_VARIABLE] = sys.argv[1]
    uvicorn.run(
        "decisioning_peers.peer_server:make_app", factory=True, host="127.0.0.1",
        port=settings.port, workers=settings.workers, loop="uvloop", http="httptools",
        log_level="warning", access_log=False, server_header=False, date_header=False,
        ws="none", timeout_keep_alive=600,
    )  # fmt: skip


if __name__ == "__main__":
    main()
