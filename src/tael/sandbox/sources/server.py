"""The sources over HTTP: the protocol of the package's docstring, on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from tael.sandbox import serving
from tael.sandbox.sources.authority import Authority, Question, Refused
from tael.sandbox.sources.delivery import delivered
from tael.sandbox.sources.documents import SOURCES
from tael.sandbox.sources.economy import EconomyFolder
from tael.sandbox.sources.faults import Fault, FaultKind, FaultPlan, Faults, Latency
from tael.sandbox.sources.office import Ledger, Office, Paper, Reused, Seal

_LOG = logging.getLogger(__name__)
_NOTICE_TIMEOUT_S = 5
ASYNCHRONOUS = frozenset({"tax", "invoice"})
_BEFORE_WORK = frozenset({FaultKind.ERROR, FaultKind.TIMEOUT})
_TEXTS = ("subject", "subject_kind", "entity", "route", "mode")


@dataclass(frozen=True, slots=True)
class SourcesSetup:
    """How the sources behave.

    Attributes:
        authority: whose authorisations count and who may see what.
        seed: of faults, latencies and the sources' own key.
        plan: scheduled faults.
        latency: how long answers take.
    """

    authority: Authority
    seed: int = 1
    plan: FaultPlan = field(default_factory=FaultPlan)
    latency: Latency = field(default_factory=Latency)


class _Desk:
    """The HTTP side of the office: keys, tickets, faults and notices."""

    def __init__(
        self, office: Office, setup: SourcesSetup, connections: serving.Connections
    ) -> None:
        self._office, self._setup, self._connections = office, setup, connections
        self._faults, self._seal = Faults(setup.plan), Seal(setup.seed)
        self._ready: dict[tuple[str, str], float] = {}
        self._spoilt: dict[tuple[str, str], FaultKind] = {}
        self._notices: set[asyncio.Task[None]] = set()

    async def ask(self, request: Request) -> Response:
        source, key = request.path_params["source"], request.headers.get("idempotency-key", "")
        body = await _json(request)
        question = _question(source, body) if key and body is not None else None
        if question is None:
            return _error(400, "malformed", "a question of the protocol and an Idempotency-Key")
        fault = self._faults.next(source, key)
        if fault and fault.kind in _BEFORE_WORK:
            return await _nothing(fault)
        await asyncio.sleep(self._setup.latency.of(self._setup.seed, source, key) / 1000)
        try:
            paper = await asyncio.to_thread(self._office.ask, key, question)
        except Refused as no:
            return _error(403, no.code, no.message)
        except Reused:
            return _error(409, "key_reused", "this Idempotency-Key came with another question")
        notice_to = str((body or {}).get("notice_url", ""))
        if source in ASYNCHRONOUS:
            return await self._later(request, (source, key), fault, notice_to)
        return await self._send(request, paper, fault)

    async def answer(self, request: Request) -> Response:
        place = (request.path_params["source"], request.path_params["key"])
        paper = await asyncio.to_thread(self._office.find, *place)
        if paper is None:
            return _error(404, "unknown_key", "no such question here")
        left = self._ready.get(place, 0.0) - time.monotonic()
        if left > 0:
            return _ticket(left)
        kind = self._spoilt.pop(place, None)
        return await self._send(request, paper, Fault(kind) if kind else None)

    async def _later(
        self,
        request: Request,
        place: tuple[str, str],
        fault: Fault[FaultKind] | None,
        notice_to: str,
    ) -> Response:
        """A ticket; what is wrong with the answer is wrong when it is fetched."""
        late = self._setup.latency.later(self._setup.seed, *place) / 1000
        if fault and fault.kind is FaultKind.LATE:
            late += fault.delay_ms / 1000
        elif fault and fault.kind is FaultKind.DROP:
            return await self._connections.drop(request)
        elif fault:
            self._spoilt[place] = fault.kind
        self._ready.setdefault(place, time.monotonic() + late)
        if notice_to:
            times = 2 if fault and fault.kind is FaultKind.TWICE else 1
            task = asyncio.get_running_loop().create_task(self._notify(notice_to, place, times))
            self._notices.add(task)
            task.add_done_callback(self._notices.discard)
        return _ticket(max(self._ready[place] - time.monotonic(), 0.0))

    async def _notify(self, url: str, place: tuple[str, str], times: int) -> None:
        await asyncio.sleep(max(self._ready[place] - time.monotonic(), 0.0))
        notice = {"source": place[0], "key": place[1]}
        async with httpx.AsyncClient(timeout=_NOTICE_TIMEOUT_S, trust_env=False) as client:
            for _ in range(times):
                try:
                    await client.post(url, json=notice)
                except httpx.HTTPError as failure:
                    _LOG.warning("a notice to %s was lost: %s", url, failure)

    async def _send(
        self, request: Request, paper: Paper, fault: Fault[FaultKind] | None
    ) -> Response:
        kind = fault.kind if fault else None
        if kind is FaultKind.DROP:
            return await self._connections.drop(request)
        if fault and kind is FaultKind.LATE:
            await asyncio.sleep(fault.delay_ms / 1000)
        raw, headers = delivered(paper, self._seal, kind)
        headers["content-type"] = "application/json"
        if kind is FaultKind.HALF:
            headers["content-length"] = str(len(raw))
            return StreamingResponse(self._half(request, raw), headers=headers)
        return Response(raw, headers=headers)

    async def _half(self, request: Request, raw: bytes) -> AsyncIterator[bytes]:
        yield raw[: len(raw) // 2]
        await asyncio.sleep(0.02)  # let the first half out
        self._connections.cut(request)

    async def order_fault(self, request: Request) -> Response:
        body = await _json(request) or {}
        delay, times = body.get("delay_ms", 0), body.get("times", 1)
        try:
            kind = FaultKind(body.get("fault"))
        except ValueError:
            kind = None
        if kind is None or type(delay) is not int or type(times) is not int:
            known = ", ".join(one.value for one in FaultKind)
            return _error(400, "malformed", f"fault: one of {known}; delay_ms, times: whole")
        source, key = str(body.get("source", "")), str(body.get("key", ""))
        self._faults.order(Fault(kind, delay), place=source, key=key, times=times)
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)

    async def charges(self, _request: Request) -> Response:
        return JSONResponse({"charges": self._office.charges()})

    async def withdraw(self, request: Request) -> Response:
        body = await _json(request) or {}
        self._office.authority.withdrawn.add(str(body.get("authorisation", "")))
        return Response(status_code=204)

    async def key(self, _request: Request) -> Response:
        return JSONResponse({"public_key": self._seal.public_key.hex()})


def create_app(office: Office, setup: SourcesSetup, connections: serving.Connections) -> FastAPI:
    """The sources as an ASGI application."""
    desk = _Desk(office, setup, connections)
    app = FastAPI(title="tael sandbox sources", openapi_url=None)
    app.add_route("/v1/faults", desk.order_fault, methods=["POST"])
    app.add_route("/v1/faults", desk.clear_faults, methods=["DELETE"])
    app.add_route("/v1/charges", desk.charges, methods=["GET"])
    app.add_route("/v1/withdrawals", desk.withdraw, methods=["POST"])
    app.add_route("/v1/key", desk.key, methods=["GET"])
    app.add_route("/v1/{source}/reports", desk.ask, methods=["POST"])
    app.add_route("/v1/{source}/reports/{key}", desk.answer, methods=["GET"])
    return app


def prepare(
    economy: Path, setup: SourcesSetup, *, port: int = 0, state: Path | None = None
) -> serving.Prepared:
    """The sources on ``port`` of loopback, fed by the folder ``economy``.

    Raises:
        BadInput: this is no folder of an economy.
        OutsideFailure: the port is taken.
    """
    folder, ledger = EconomyFolder(economy), Ledger(state)
    office = Office(folder, setup.authority, ledger)
    return serving.prepare(
        lambda connections: create_app(office, setup, connections), port=port, close=ledger.close
    )


@contextmanager
def running_sources(
    economy: Path, setup: SourcesSetup, *, port: int = 0, state: Path | None = None
) -> Iterator[str]:
    """The sources in a thread of this process while the block runs; yields their address.

    Args:
        economy: the folder that they know.
        setup: how they behave.
        port: on loopback; 0 takes a free one.
        state: the file of their charges (JSON lines), continued when present; None: in memory.

    Raises:
        BadInput: this is no folder of an economy.
        OutsideFailure: the port is taken, or the server did not start in 20 seconds.
    """
    with serving.running(prepare(economy, setup, port=port, state=state)) as url:
        yield url


def public_key(seed: int) -> bytes:
    """The key with which the sources of this seed sign: 32 bytes (Ed25519)."""
    return Seal(seed).public_key


def _question(source: str, body: dict[str, Any] | None) -> Question | None:
    if body is None or source not in SOURCES:
        return None
    texts = {name: body[name] for name in _TEXTS if isinstance(body.get(name), str)}
    paper = body.get("authorisation")
    try:
        as_of = datetime.fromisoformat(str(body.get("as_of")))
    except ValueError:
        return None
    if len(texts) < len(_TEXTS) or as_of.tzinfo is None or not isinstance(paper, dict | None):
        return None
    return Question(source=source, as_of=as_of, authorisation=paper, **texts)


async def _nothing(fault: Fault[FaultKind]) -> Response:
    if fault.kind is FaultKind.TIMEOUT:
        await asyncio.sleep(fault.delay_ms / 1000)
        return _error(504, "timeout", "nothing was done")
    return _error(503, "unavailable", "try again later")


def _ticket(left_s: float) -> Response:
    return JSONResponse({"ready_in_ms": int(left_s * 1000) + 1}, 202)


async def _json(request: Request) -> dict[str, Any] | None:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
