"""Signing in and out, and the reader's choice of language."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from tael.console.pages import pages_of
from tael.console.ports import House
from tael.console.security import CSRF, LANGUAGE, SESSION, inside, keep
from tael.console.tongue import TAGS
from tael.console.visit import Visiting
from tael.kernel import Forbidden, NotFound, Refusal
from tael.platform import SYSTEM

router = APIRouter(include_in_schema=False)


@router.get("/sign-in", name="sign_in_page")
def sign_in_page(request: Request, target: Annotated[str, Query(alias="next")] = "/") -> Response:
    """The form."""
    return _form(request, inside(target))


@router.post("/sign-in")
def sign_in(
    request: Request,
    login: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    form_token: Annotated[str, Form()] = "",
    target: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """A session, or the form again with the reason."""
    known = request.cookies.get(CSRF, "")
    if not known or not hmac.compare_digest(known.encode(), form_token.encode()):
        raise Forbidden("reload the page and try again", code="csrf", rule="CSRF token")
    house: House = request.app.state.house
    with house.database.begin(SYSTEM) as work:
        answer = house.identity.sessions.sign_in(work, login, password)
    if isinstance(answer, Refusal):
        return _form(request, inside(target), login=login, refusal=answer)
    response = RedirectResponse(inside(target), status_code=303)
    keep(request, response, SESSION, answer.token)
    response.delete_cookie(CSRF, path="/")
    return response


@router.post("/sign-out")
def sign_out(visit: Visiting, csrf: Annotated[str, Form()] = "") -> Response:
    """End the session."""
    visit.session.check_csrf(csrf)
    with visit.begin() as work:
        visit.house.identity.sessions.sign_out(work, visit.session)
    response = RedirectResponse("/sign-in", status_code=303)
    response.delete_cookie(SESSION, path="/")
    return response


@router.get("/language/{tag}")
def language(
    request: Request, tag: str, target: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """Go on in another language."""
    if tag not in TAGS:
        raise NotFound(f"there is no language {tag[:20]!r}")
    response = RedirectResponse(inside(target), status_code=303)
    keep(request, response, LANGUAGE, tag, lasting=True)
    return response


def _form(
    request: Request, target: str, *, login: str = "", refusal: Refusal | None = None
) -> Response:
    token = request.cookies.get(CSRF) or secrets.token_urlsafe(24)
    until = refusal.detail.get("until") if refusal else None
    response: Response = pages_of(request).show(
        request,
        "sign_in.html",
        status=200 if refusal is None else 429 if until else 401,
        token=token,
        target=target,
        login=login,
        refusal=refusal,
        until=datetime.fromisoformat(until) if until else None,
    )
    keep(request, response, CSRF, token)
    return response
