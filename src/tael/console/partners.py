"""Funding partners, their agreements, and how much of every limit is used."""

from __future__ import annotations

from decimal import Decimal

from fastapi import APIRouter
from fastapi.responses import Response

from tael.console.visit import NOBODYS, Visiting
from tael.kernel import Money

router = APIRouter(include_in_schema=False)


@router.get("/partners")
def partners(visit: Visiting) -> Response:
    """Who funds, under what, and what still fits; the guarantor's limits to who reads every row."""
    visit.require("read", "partner")
    with visit.begin() as work:
        today = visit.today(work)
        funding = visit.house.rooms(work).funding
        limits = visit.house.limits(work, today)
        use = funding.guarantee.utilisation(limits)
        every = funding.partners()
    rows = {one.id: {**NOBODYS, "partner_id": one.id} for one in every}
    found = [one for one in every if visit.may("read", "partner", rows[one.id])]
    return visit.page(
        "partners.html",
        today=today,
        partners=found,
        use=use,
        limits=limits,
        ceiling=use.total.weighted + use.head_room,
        share=share,
        whole=visit.may("read", "partner", NOBODYS) and "limits" in visit.sees("partner"),
        seen={one.id: visit.sees("partner", rows[one.id]) for one in found},
    )


def share(part: Money, whole: Money) -> Decimal:
    """``part`` of ``whole`` for a bar: between 0 and 1, 0 of nothing."""
    if whole.minor <= 0:
        return Decimal(0)
    return min(max(Decimal(part.minor) / Decimal(whole.minor), Decimal(0)), Decimal(1))
