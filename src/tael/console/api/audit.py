"""The audit trail: who did what, and whether the chain over it holds."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from tael.console.api.keys import Calling
from tael.console.api.paging import Page, Paged
from tael.console.ports import AuditRow
from tael.kernel import AuditId, BadInput

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditOut(BaseModel):
    """Who did what to whom, and when."""

    id: str
    recorded_at: str
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    detail: dict[str, str]


class ProblemOut(BaseModel):
    """A sealed row that does not hold."""

    kind: str
    number: int
    audit_id: str


class AuditProofOut(BaseModel):
    """The chain, walked: `head` is worth keeping elsewhere."""

    holds: bool
    sealed: int
    unsealed: int
    number: int
    seal: str
    problems: list[ProblemOut]


@router.get("")
def rows(
    caller: Calling,
    paging: Paged,
    subject: Annotated[str, Query(max_length=100, description="An id.")] = "",
) -> Page[AuditOut]:
    """The latest rows, newest first."""
    caller.require("read", "audit")
    if not subject.isprintable():
        raise BadInput("a subject is an id", field="subject", rule="printable text")
    before = AuditId.parse(paging.after, field="after") if paging.after else None
    with caller.begin() as work:
        found = list(
            caller.house.audit.rows(
                work, subject=subject or None, before=before, limit=paging.limit + 1
            )
        )
    items = [_shown(one) for one in found[: paging.limit]]
    return Page(items=items, next=items[-1].id if len(found) > paging.limit else None)


@router.get("/proof")
def proof(caller: Calling) -> AuditProofOut:
    """Walk the chain of seals; takes time on long trails."""
    caller.require("verify", "audit")
    with caller.begin(snapshot=True) as work:
        found = caller.house.audit.verify(work)
    return AuditProofOut(
        holds=found.holds,
        sealed=found.sealed,
        unsealed=found.unsealed,
        number=found.head.number,
        seal=found.head.seal,
        problems=[
            ProblemOut(kind=one.kind, number=one.number, audit_id=one.audit_id)
            for one in found.problems
        ],
    )


def _shown(one: AuditRow) -> AuditOut:
    return AuditOut(
        id=one.id,
        recorded_at=one.recorded_at.isoformat(),
        actor_kind=one.actor_kind,
        actor_id=one.actor_id,
        action=one.action,
        subject=one.subject,
        detail=dict(one.detail),
    )
