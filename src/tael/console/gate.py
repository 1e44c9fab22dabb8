"""What is turned away before any work is done: requests too many, bodies too large."""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tael.console.errors import TOO_MANY, TooLarge, answer
from tael.console.ports import SettingsOf
from tael.console.security import SESSION
from tael.policies.books import MOST_BYTES

LARGEST_BODY_BYTES = 2**20
# Whole files come in on these alone; they are read as streams.
# A policy's texts come together; a rated model has some megabytes.
_LARGER = {
    ("POST", "/books"): MOST_BYTES + LARGEST_BODY_BYTES,
    ("POST", "/policies"): 16 * LARGEST_BODY_BYTES + LARGEST_BODY_BYTES,
}
# A decision table may have some ten thousand rules, and is sent as text or as a file.
_TABLES = re.compile(r"/policies/versions/[^/]+/tables/.+")
_TABLE_BYTES = 16 * LARGEST_BODY_BYTES + LARGEST_BODY_BYTES
_MINUTE_S = 60
_MOST_CALLERS = 10_000
# A monitor asks these without a key, as often as it likes.
_HEALTH = "/api/v1/health/"


@dataclass
class Buckets:
    """A bucket of requests for each caller: it fills evenly and holds one minute's worth.

    In the memory of this process, and only of callers that came lately.
    """

    per_minute: int
    seconds: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, caller: str) -> int:
        """Take one request: 0 when there was one, else in how many seconds there will be."""
        if not self.per_minute:
            return 0
        now, rate = self.seconds(), self.per_minute / _MINUTE_S
        left, since = self._left.pop(caller, (float(self.per_minute), now))
        left = min(float(self.per_minute), left + (now - since) * rate)
        served = left >= 1
        # Put back as the last: whom we have not seen for longest stands first.
        self._left[caller] = (left - 1 if served else left, now)
        if len(self._left) > _MOST_CALLERS:
            del self._left[next(iter(self._left))]
        return 0 if served else math.ceil((1 - left) / rate)


class Gate:
    """Answers 429 to callers that ask too often and 413 to bodies that are too large."""

    def __init__(self, app: ASGIApp, settings: SettingsOf) -> None:
        self._app = app
        self._api = Buckets(settings.api_per_minute)
        self._sign_in = Buckets(settings.sign_ins_per_minute)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            self._count(request)
            limit = _limit(request.method, request.url.path)
            _check_length(request.headers.get("content-length", ""), limit)
        except HTTPException as refused:
            await answer(request, refused)(scope, receive, send)
            return
        await self._app(scope, _measured(receive, limit), send)

    def _count(self, request: Request) -> None:
        path, address = request.url.path, request.client.host if request.client else ""
        wait_s = 0
        if path.startswith("/api/") and not path.startswith(_HEALTH):
            wait_s = self._api.take(_caller(request) or address)
        elif (request.method, path) == ("POST", "/sign-in"):
            wait_s = self._sign_in.take(address)
        demand(wait_s)


def demand(wait_s: int) -> None:
    """Stop whoever has to wait so many seconds.

    Raises:
        HTTPException: 429, unless ``wait_s`` is 0.
    """
    if wait_s:
        headers = {"Retry-After": str(wait_s)}
        raise HTTPException(TOO_MANY, "too many requests; wait a little", headers)


def _limit(method: str, path: str) -> int:
    if method == "POST" and _TABLES.fullmatch(path):
        return _TABLE_BYTES
    return _LARGER.get((method, path), LARGEST_BODY_BYTES)


def _caller(request: Request) -> str:
    """Names who sends a key or a session, without keeping it."""
    credential = request.headers.get("authorization") or request.cookies.get(SESSION)
    return hashlib.sha256(credential.encode()).hexdigest() if credential else ""


def _measured(receive: Receive, limit: int) -> Receive:
    """``receive``, for a body that does not say its length, or says another."""
    seen = 0

    async def receiving() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        _check_length(str(seen), limit)
        return message

    return receiving


def _check_length(text: str, limit: int) -> None:
    if text.isascii() and text.isdigit() and int(text) > limit:
        # A form of several parts is a little longer than the file in it.
        raise TooLarge(f"at most {limit // 2**20 - (limit > LARGEST_BODY_BYTES)} MiB")
