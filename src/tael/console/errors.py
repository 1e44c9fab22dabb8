"""The one mapping from failures to HTTP: one JSON shape for the API, one page for people."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from tael.console.pages import pages_of, wants_fragment
from tael.kernel import (
    BadInput,
    Conflict,
    Forbidden,
    NotFound,
    OutsideFailure,
    Refusal,
    TaelError,
    Unauthenticated,
)

STATUS: Mapping[type[TaelError], int] = {
    BadInput: 422,
    NotFound: 404,
    Conflict: 409,
    Forbidden: 403,
    Unauthenticated: 401,
    OutsideFailure: 503,
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large", 429: "too_many_requests"}
TOO_LARGE, TOO_MANY = 413, 429
_RULES = {"too_many_requests": "requests in a minute"}
_API = "/api/"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Fault:
    """What went wrong, as both the API and a page tell it. ``reference`` finds it in the log."""

    status: int
    code: str
    message: str
    reference: str
    field: str | None = None
    row: int | None = None
    rule: str | None = None
    retryable: bool = False

    def as_json(self) -> dict[str, object]:
        """The one shape of an error of the API."""
        names = ("code", "message", "field", "row", "rule", "retryable", "reference")
        return {"error": {name: getattr(self, name) for name in names}}


class TooLarge(HTTPException):
    """A body above the limit of its route; ``rule`` says the limit."""

    def __init__(self, rule: str) -> None:
        super().__init__(TOO_LARGE, f"the body is too large: {rule}")
        self.rule = rule


class Refused(TaelError):  # noqa: N818 - the name says what happened
    """A refusal of a room on its way to the caller: expected, nothing was written."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal), code=refusal.code)


def status_of(error: TaelError) -> int:
    """The HTTP status of a failure."""
    if isinstance(error, Refused):
        return 409
    return next((code for kind, code in STATUS.items() if isinstance(error, kind)), 500)


def fault_of(error: Exception) -> Fault:
    """Any exception as a fault; what we do not know says no more than its reference."""
    reference = secrets.token_hex(4)
    if isinstance(error, TaelError):
        return Fault(
            status_of(error), error.code, error.message, reference,
            error.field, error.row, error.rule, error.retryable,
        )  # fmt: skip
    if isinstance(error, RequestValidationError):
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"][1:])
        return Fault(422, "bad_input", str(first["msg"]), reference, field, None, first["type"])
    if isinstance(error, HTTPException):
        code = _CODES.get(error.status_code, "http_error")
        later = error.status_code == TOO_MANY
        return Fault(
            error.status_code,
            code,
            str(error.detail),
            reference,
            rule=getattr(error, "rule", None) or _RULES.get(code),
            retryable=later,
        )
    return Fault(500, "internal_error", "something went wrong on our side", reference)


def answer(request: Request, error: Exception) -> Response:
    """The response to a request that failed."""
    fault = fault_of(error)
    _note(request, fault, error)
    if request.url.path.startswith(_API):
        return JSONResponse(fault.as_json(), fault.status, headers=_api_headers(fault, error))
    if fault.status == 401:  # noqa: PLR2004 - HTTP's own number
        return _to_sign_in(request)
    name = "error_part.html" if wants_fragment(request) else "error.html"
    response = pages_of(request).show(request, name, status=fault.status, fault=fault)
    response.headers.update(_headers(fault))
    if fault.status == TOO_MANY and isinstance(error, HTTPException):
        response.headers.update(error.headers or {})
    return response


def install(app: FastAPI) -> None:
    """Let ``app`` answer every failure through this mapping."""
    for kind in (TaelError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, answer)


def _headers(fault: Fault) -> dict[str, str]:
    headers = {"X-Reference": fault.reference}
    if fault.retryable:
        headers["Retry-After"] = "2"
    return headers


def _api_headers(fault: Fault, error: Exception) -> dict[str, str]:
    """With what HTTP owes a program: how to name itself, which methods there are (RFC 9110)."""
    headers = _headers(fault)
    if isinstance(error, HTTPException):
        headers.update(error.headers or {})
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return headers


def _note(request: Request, fault: Fault, error: Exception) -> None:
    path, reference = request.url.path, fault.reference
    if fault.status >= 500:  # noqa: PLR2004 - HTTP's own number
        _log.error("request failed", path=path, reference=reference, exc_info=error)
    else:
        _log.info("request refused", path=path, code=fault.code, reference=reference)


def _to_sign_in(request: Request) -> Response:
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    target = str(request.url_for("sign_in_page").include_query_params(next=here).path)
    query = request.url_for("sign_in_page").include_query_params(next=here).query
    address = f"{target}?{query}" if request.method == "GET" else target
    if wants_fragment(request):
        return Response(status_code=204, headers={"HX-Redirect": address})
    return Response(status_code=303, headers={"Location": address})
