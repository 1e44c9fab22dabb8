"""``POST /api/v1/live/decisions``: one application decided on evidence, durably, in milliseconds.

Stands before the web framework: at a thousand requests a second its routing and models cost more
than the decision. The same keys, permissions, errors and headers hold as for the rest of the API.
Whoever has a key may ask as often as he likes; keys that are not known yet are looked up as often
as ``TAEL_API_PER_MINUTE`` lets an address ask.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request as WebRequest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tael.console.batching import Batcher
from tael.console.errors import answer
from tael.console.gate import Buckets, demand
from tael.console.ports import House
from tael.kernel import ApplicationId, BadInput, Money, TaelError, Unauthenticated
from tael.platform import SYSTEM, Actor
from tael.policies.live import Answer, Request

_log = structlog.get_logger(__name__)
PATH = "/api/v1/live/decisions"
_LARGEST_BODY_BYTES = 65_536
# For so long a key that was good is taken for good: a revoked one still decides that long.
_KEY_SECONDS = 2.0
_MOST_KEYS = 1_000
_THREADS = 1  # of two, each would find half of what waits: a batch of twice the size costs less
_WARM_SECONDS = 1.0
_JSON = (b"content-type", b"application/json")
_FIELDS = {
    "application_id", "amount", "months", "borrower", "features", "evidence", "as_of", "round",
}  # fmt: skip
_MOST_FEATURES = 10_000


class LiveDecisions:
    """Answers ``PATH`` and hands everything else to ``app``.

    Args:
        app: the rest of the console.
        house: the installation.
    """

    path = PATH

    def __init__(self, app: ASGIApp, house: House) -> None:
        self._app = app
        self._house = house
        self._lane = house.lane
        self._database = house.database.apart(connections=_THREADS + 1)
        self._batcher: Batcher[tuple[str, Request], Answer] | None = None
        # By a hash of what was sent: no key is kept.
        self._keys: dict[bytes, tuple[float, Actor]] = {}
        self._lookups = Buckets(house.settings.api_per_minute)
        self._ended = threading.Event()
        self._warmer = threading.Thread(target=self._keep_warm, name="live-warm", daemon=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, self._living(receive), send)
            return
        if scope["type"] != "http" or scope["path"] != self.path:
            await self._app(scope, receive, send)
            return
        try:
            body = await self._answer(scope, receive)
        except Exception as error:  # noqa: BLE001 - the edge: every failure is told in one form
            await answer(WebRequest(scope), error)(scope, receive, send)
            return
        length = (b"content-length", str(len(body)).encode())
        await send({"type": "http.response.start", "status": 200, "headers": [_JSON, length]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> bytes:
        if scope["method"] != "POST":
            raise HTTPException(405, "decisions are asked for with POST", {"Allow": "POST"})
        actor = await self._actor(scope)
        self._house.permissions.require(actor, "decide", "decision")
        asked = self._read(await _body(receive))
        return self._written(await self._batches().ask((actor.id, asked)))

    def _read(self, body: bytes) -> Request:
        return request_of(body)

    def _written(self, answer: Answer) -> bytes:
        """The answer in JSON: put together of texts that are JSON already."""
        entry = answer.entry
        return (
            f'{{"id":"{entry.id}","application_id":"{entry.application_id}",'
            f'"policy":"{entry.policy_id}","as_of":"{entry.as_of.isoformat()}",'
            f'"repeated":{"true" if answer.repeated else "false"},'
            f'"result_hash":"{entry.result_hash}","reasons":{self._lane.reasons(entry)},'
            f'"result":{entry.result}}}'
        ).encode()

    async def _actor(self, scope: Scope) -> Actor:
        """Whose key it is."""
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        name = hashlib.sha256(given).digest()
        known = self._keys.get(name)
        if known is not None and time.monotonic() < known[0]:
            return known[1]
        demand(self._lookups.take(scope["client"][0] if scope.get("client") else ""))
        scheme, _, key = given.decode("latin-1").partition(" ")
        found = None
        if scheme.lower() == "bearer":
            found = await asyncio.to_thread(self._looked_up, key.strip())
        if found is None:
            raise Unauthenticated("send an API key as `Authorization: Bearer tael_key_...`")
        if len(self._keys) >= _MOST_KEYS:
            self._keys.clear()
        self._keys[name] = (time.monotonic() + _KEY_SECONDS, found)
        return found

    def _looked_up(self, key: str) -> Actor | None:
        with self._house.database.begin(SYSTEM) as work:
            return self._house.identity.api_keys.resolve(work, key)

    def _batches(self) -> Batcher[tuple[str, Request], Answer]:
        if self._batcher is None:  # no thread before the first request
            self._batcher = Batcher(self._decide, threads=_THREADS)
        return self._batcher

    def _living(self, receive: Receive) -> Receive:
        """``receive`` of the server's life: what runs beside requests starts and ends with it."""

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await asyncio.to_thread(self._warm)
                self._warmer.start()
            elif message["type"] == "lifespan.shutdown":
                await asyncio.to_thread(self._end)
            return message

        return receiving

    def _end(self) -> None:
        self._ended.set()
        self._warmer.join()
        if self._batcher is not None:
            self._batcher.close()
        self._database.close()

    def _keep_warm(self) -> None:
        while not self._ended.wait(_WARM_SECONDS):
            self._warm()

    def _warm(self) -> None:
        """Lay out versions before they come into force: no application waits for it."""
        try:
            with self._database.begin(SYSTEM) as work:
                self._lane.warm(work)
        except Exception as error:  # noqa: BLE001 - the edge of the thread: the next round goes on
            _log.warning("versions were not laid out", error=f"{type(error).__name__}: {error}")

    def _decide(self, asked: Sequence[tuple[str, Request]]) -> list[Answer | Exception]:
        def together() -> list[Answer | TaelError]:
            with self._database.begin(SYSTEM) as work:
                return self._lane.decide(work, asked)

        # Every row has a key of its own: asked again after a failure, none is written twice.
        return list(self._database.insist(together))


def request_of(body: bytes) -> Request:
    """The request that a body of JSON writes.

    Raises:
        BadInput: no JSON object, a field that is unknown, missing, or not what it must be.
    """
    try:
        data = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise BadInput("the body is no JSON", field="body", rule="a JSON object") from None
    if not isinstance(data, dict):
        raise BadInput("the body is no JSON object", field="body", rule="a JSON object")
    for name in data:
        if name not in _FIELDS:
            raise BadInput(
                f"there is no field {name!r}", field=name, rule=", ".join(sorted(_FIELDS))
            )
    return Request(
        application_id=ApplicationId.parse(_text(data, "application_id"), field="application_id"),
        amount=_amount(data.get("amount")),
        months=_whole(data, "months"),
        borrower=_text(data, "borrower", ""),
        features=_features(data.get("features", {})),
        evidence=_text(data, "evidence", ""),
        as_of=_instant(data.get("as_of")),
        round=_whole(data, "round", 1),
    )


def _text(data: Mapping[str, Any], name: str, default: str | None = None) -> str:
    found = data.get(name, default)
    if not isinstance(found, str):
        raise BadInput(f"{name} is {_shown(found)}, not a text", field=name, rule="a text")
    return found


def _whole(data: Mapping[str, Any], name: str, default: int | None = None) -> int:
    found = data.get(name, default)
    if not isinstance(found, int) or isinstance(found, bool) or found < 1:
        raise BadInput(f"{name} is {_shown(found)}", field=name, rule="a whole number from 1")
    return found


def _amount(found: object) -> Money:
    if not isinstance(found, dict) or set(found) != {"minor", "currency"}:
        rule = "minor units and currency"
        raise BadInput(f"amount is {_shown(found)}", field="amount", rule=rule)
    minor, currency = _whole(found, "minor"), _text(found, "currency")
    return Money(minor, currency)


def _features(found: object) -> dict[str, object]:
    if not isinstance(found, dict) or len(found) > _MOST_FEATURES:
        raise BadInput("features are no JSON object", field="features", rule="an object")
    for name, value in found.items():
        if not isinstance(value, str | bool | int | Decimal):
            rule = "text, number, true or false"
            raise BadInput(f"{name} is {_shown(value)}", field=f"features.{name}", rule=rule)
    return found


def _instant(found: object) -> datetime | None:
    if found is None:
        return None
    try:
        at = datetime.fromisoformat(str(found))
    except ValueError:
        at = datetime.min  # noqa: DTZ901 - refused below, as any without a zone
    if at.tzinfo is None:
        rule = "an instant with its zone, like 2026-01-05T08:00:00Z"
        raise BadInput(f"as_of is {_shown(found)}", field="as_of", rule=rule)
    return at.astimezone(UTC)


def _shown(value: object) -> str:
    return "missing" if value is None else repr(value)[:60]


async def _body(receive: Receive) -> bytes:
    parts, size = [], 0
    while True:
        message: Message = await receive()
        part = message.get("body", b"")
        size += len(part)
        if size > _LARGEST_BODY_BYTES:
            rule = f"at most {_LARGEST_BODY_BYTES} bytes"
            raise BadInput("the body is too large", field="body", rule=rule)
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
