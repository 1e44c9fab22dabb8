"""The HTTP API for programs, under ``/api/v1``: one file per room, no business rule.

A request names its caller by an API key (``Authorization: Bearer``) or a session; a changing one
carries an ``Idempotency-Key`` of its own. Money travels as minor units with its currency, rates as
decimal text, days as ISO dates; every error has one shape (``schemas.Error``).
"""

from fastapi import APIRouter

from tael.console.api import (
    applications,
    audit,
    bank,
    cash,
    data,
    decisions,
    health,
    jobs,
    ledger,
    loans,
    parameters,
    partners,
    portfolio,
)
from tael.console.api.schemas import ERRORS

router = APIRouter(prefix="/api/v1", responses=ERRORS)
for _room in (
    health,
    applications,
    data,
    decisions,
    bank,
    loans,
    cash,
    jobs,
    partners,
    portfolio,
    ledger,
    parameters,
    audit,
):
    router.include_router(_room.router)

__all__ = ["router"]
