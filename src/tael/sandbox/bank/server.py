"""The bank over HTTP: the protocol of the package's docstring, on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from tael.kernel import Day, OutsideFailure
from tael.sandbox import serving
from tael.sandbox.bank.faults import Fault, FaultKind, FaultPlan, Faults
from tael.sandbox.bank.office import Office
from tael.sandbox.bank.records import Records
from tael.sandbox.bank.rules import BankPolicy, Malformed, text, whole

_LOG = logging.getLogger(__name__)
_NOTICE_TIMEOUT_S = 5
_POSTS = (
    "/v1/credit-applications",
    "/v1/disbursements",
    "/v1/repayments",
    "/v1/reversals",
    "/v1/claims",
)


class _Desk:
    """The HTTP side of the office: keys, faults and notices."""

    def __init__(
        self, office: Office, faults: Faults[FaultKind], connections: serving.Connections
    ) -> None:
        self._office = office
        self._faults = faults
        self._connections = connections
        self._notices: set[asyncio.Task[None]] = set()

    async def post(self, request: Request) -> Response:
        path, key = request.url.path, request.headers.get("idempotency-key", "")
        body = await _json(request)
        if not key or body is None:
            return _error(400, "malformed", "a JSON object and an Idempotency-Key are needed")
        fault = self._faults.next(path, key)
        if fault and fault.kind is FaultKind.ERROR:
            return _error(503, "unavailable", "try again later")
        notice_to = body.pop("notice_url", "")
        verdict, again = self._office.post(path, key, body)
        if fault and fault.kind is FaultKind.NONE:
            return await self._connections.drop(request)
        if notice_to:
            times = 2 if fault and fault.kind is FaultKind.TWICE else 1
            self._notify(str(notice_to), {"path": path, "key": key, "answer": verdict.body}, times)
        if fault and fault.kind is FaultKind.LATE:
            await asyncio.sleep(fault.delay_ms / 1000)
        headers = {"Idempotency-Replayed": "true"} if again else {}
        return JSONResponse(verdict.body, verdict.status, headers)

    def _notify(self, url: str, notice: dict[str, object], times: int) -> None:
        task = asyncio.get_running_loop().create_task(_send(url, notice, times))
        self._notices.add(task)
        task.add_done_callback(self._notices.discard)

    async def answer(self, request: Request) -> Response:
        path, _, key = request.url.path.rpartition("/")
        verdict = self._office.answer(path, key)
        return JSONResponse(verdict.body, verdict.status)

    async def balances(self, request: Request) -> Response:
        try:
            day = Day.fromisoformat(request.query_params.get("day", ""))
        except ValueError:
            return _error(400, "malformed", "day: a day like 2026-01-31")
        return JSONResponse(self._office.balances(day))

    async def order_fault(self, request: Request) -> Response:
        body = await _json(request) or {}
        try:
            kind = FaultKind(text(body, "fault"))
            delay = whole(body, "delay_ms") if "delay_ms" in body else 0
            times = whole(body, "times") if "times" in body else 1
        except (Malformed, ValueError) as wrong:
            return _error(400, "malformed", str(wrong))
        path, key = str(body.get("path", "")), str(body.get("key", ""))
        self._faults.order(Fault(kind, delay), place=path, key=key, times=times)
        return Response(status_code=204)

    async def clear_faults(self, _request: Request) -> Response:
        self._faults.clear()
        return Response(status_code=204)


def create_app(
    policy: BankPolicy, records: Records, plan: FaultPlan, connections: serving.Connections
) -> FastAPI:
    """The bank as an ASGI application, its state rebuilt from ``records``."""
    desk = _Desk(Office(policy, records), Faults(plan), connections)
    app = FastAPI(title=policy.name, openapi_url=None)
    for path in _POSTS:
        app.add_route(path, desk.post, methods=["POST"])
        app.add_route(path + "/{key}", desk.answer, methods=["GET"])
    app.add_route("/v1/balances", desk.balances, methods=["GET"])
    app.add_route("/v1/faults", desk.order_fault, methods=["POST"])
    app.add_route("/v1/faults", desk.clear_faults, methods=["DELETE"])
    return app


def prepare(state: Path, *, port: int, policy: BankPolicy, plan: FaultPlan) -> serving.Prepared:
    """A bank on ``port`` of loopback, its state read from ``state``.

    Raises:
        OutsideFailure: the port is taken.
    """
    records = Records(state)
    try:
        return serving.prepare(
            lambda connections: create_app(policy, records, plan, connections),
            port=port,
            close=records.close,
        )
    except OutsideFailure:
        records.close()
        raise


@contextmanager
def running_bank(
    state: Path, *, port: int = 0, policy: BankPolicy | None = None, plan: FaultPlan | None = None
) -> Iterator[str]:
    """A bank in a thread of this process while the block runs; yields its address.

    Args:
        state: the file of its records (JSON lines); created when absent, continued when present.
        port: on loopback; 0 takes a free one.
        policy: its own credit policy.
        plan: its scheduled faults; none by default.

    Raises:
        OutsideFailure: the port is taken, or the server did not start in 20 seconds.
    """
    bank = prepare(state, port=port, policy=policy or BankPolicy(), plan=plan or FaultPlan())
    with serving.running(bank) as url:
        yield url


async def _send(url: str, notice: dict[str, object], times: int) -> None:
    async with httpx.AsyncClient(timeout=_NOTICE_TIMEOUT_S, trust_env=False) as client:
        for _ in range(times):
            try:
                await client.post(url, json=notice)
            except httpx.HTTPError as failure:
                _LOG.warning("a notice to %s was lost: %s", url, failure)


async def _json(request: Request) -> dict[str, object] | None:
    try:
        body = json.loads(await request.body())
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)
