"""The audit trail: who did what, and whether the chain over it holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response

from tael.console.pages import wants_fragment
from tael.console.visit import Visiting, path_id
from tael.kernel import AuditId

router = APIRouter(include_in_schema=False)
_ROWS = 50


@router.get("/audit")
def audit(
    request: Request,
    visit: Visiting,
    subject: Annotated[str, Query()] = "",
    after: Annotated[str, Query()] = "",
) -> Response:
    """The latest rows; the next ones only when htmx asks for them."""
    visit.require("read", "audit")
    before = path_id(AuditId, after) if after else None
    wanted = subject.strip() or None
    trail = visit.house.audit
    with visit.begin() as work:
        found = list(trail.rows(work, subject=wanted, before=before, limit=_ROWS + 1))
    part = "audit_rows.html" if after else "audit_list.html"
    return visit.page(
        part if wants_fragment(request) else "audit.html",
        rows=found[:_ROWS],
        after=found[_ROWS - 1].id if len(found) > _ROWS else None,
        subject=subject.strip(),
        may_verify=visit.house.permissions.allowed(visit.actor, "verify", "audit"),
    )


@router.post("/audit/verify")
def verify(visit: Visiting, csrf: Annotated[str, Form()] = "") -> Response:
    """Walk the chain of seals now."""
    visit.session.check_csrf(csrf)
    visit.require("verify", "audit")
    with visit.begin() as work:
        proof = visit.house.audit.verify(work)
    return visit.page("audit_proof.html", proof=proof)
