"""Whether the process lives, and whether it can answer."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from tael.console.ports import House
from tael.platform import SYSTEM

router = APIRouter(prefix="/health", tags=["health"])


class Health(BaseModel):
    """All is well; otherwise the answer is an error."""

    status: Literal["ok"] = "ok"


@router.get("/live")
def live() -> Health:
    """The process answers."""
    return Health()


@router.get("/ready")
def ready(request: Request) -> Health:
    """The database answers too; 503 while it does not."""
    house: House = request.app.state.house
    with house.database.begin(SYSTEM) as work:
        house.identity.sessions.resolve(work, "")
    return Health()
