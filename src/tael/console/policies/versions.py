"""Every policy version, and who decides now."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from tael.console.visit import Visiting

router = APIRouter(include_in_schema=False)


@router.get("/policies")
def versions(visit: Visiting) -> Response:
    """Every version, newest first."""
    visit.require("read", "policy")
    with visit.begin() as work:
        found = visit.house.policies.versions(work)
        names = visit.names(work)
    return visit.page("policy_versions.html", versions=found, names=names)
