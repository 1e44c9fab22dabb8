"""A worker of Tael that takes and gives what the peers do; ``python -m`` with a socket's number."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from starlette.types import Receive, Scope, Send

from tael.cli.http_workers import run
from tael.console.live import LiveDecisions
from tael.kernel import ApplicationId, Money
from tael.platform import Actor
from tael.policies.live import Answer, Request

_EPOCH = datetime(2024, 7, 1, tzinfo=UTC)
_CALLER = Actor("user", "load", frozenset({"risk_manager"}))


class Asked(LiveDecisions):
    """The live path under the peers' address, in their form, without keys as they are."""

    path = "/decisions"

    async def _actor(self, scope: Scope) -> Actor:  # noqa: ARG002 - nobody is asked who they are
        return _CALLER

    def _read(self, body: bytes) -> Request:
        told = json.loads(body)
        return Request(
            application_id=ApplicationId.derive(_EPOCH, told["application_id"]),
            amount=Money(told["amount_minor"], "CNY"),
            months=told["months"],
            borrower=told["borrower"],
            as_of=_instant(told["as_of"]),
        )

    def _written(self, answer: Answer) -> bytes:
        entry = answer.entry
        told = json.loads(entry.result)
        return json.dumps(
            {
                "decision_id": entry.id,
                **{name: told[name] for name in ("outcome", "tier", "pd", "points", "reasons")},
                "limit_minor": told["limit"]["minor"],
                "options": [_option(option) for option in told["options"]],
                "routing": told["routing"],
            },
            separators=(",", ":"),
        ).encode()


def _option(option: dict[str, Any]) -> dict[str, object]:
    return {
        "code": option["code"],
        "method": option["method"],
        "months": option["months"],
        "limit_minor": option["limit"]["minor"],
        **{each["name"]: each["rate"] for each in option["components"]},
        "penalty_rate": option["penalty_rate"],
    }


@lru_cache(maxsize=1_024)
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


class Served:
    """The worker: the live path, and who answers."""

    def __init__(self, house: Any) -> None:
        self._live = Asked(_nothing, house)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/worker":
            await _said(send, str(os.getpid()).encode())
            return
        await self._live(scope, receive, send)


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await _said(send, b"{}")
        return
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _said(send: Send, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    run(int(sys.argv[1]), Served)
