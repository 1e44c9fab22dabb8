"""Funding partners, their agreements, and how much of every limit is used."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter
from fastapi.responses import Response

from tael.console.visit import Visiting
from tael.kernel import Forbidden, Money

router = APIRouter(include_in_schema=False)


@router.get("/partners")
def partners(visit: Visiting) -> Response:
    """Who funds, under what, and what still fits."""
    visit.require("read", "partner")
    row = {"partner_id": ""}
    every = visit.house.permissions.allowed(visit.actor, "read", "partner", row)
    if not every:
        raise Forbidden("you may not read every partner", rule="partner.read")
    with visit.begin() as work:
        today = visit.today(work)
        funding = visit.house.rooms(work).funding
        limits = visit.house.limits(work, today)
        use = funding.guarantee.utilisation(limits)
        found = funding.partners()
    names = {one.id: one.name for one in found}
    return visit.page(
        "partners.html",
        today=today,
        partners=found,
        names=names,
        use=use,
        limits=limits,
        ceiling=use.total.weighted + use.head_room,
        share=share,
        seen=visit.sees("partner"),
    )


def share(part: Money, whole: Money) -> Decimal:
    """``part`` of ``whole`` for a bar: between 0 and 1, 0 of nothing."""
    if whole.minor <= 0:
        return Decimal(0)
    return min(max(Decimal(part.minor) / Decimal(whole.minor), Decimal(0)), Decimal(1))
