"""Funding partners, their agreements, and how much of every limit is used."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from tael.console.api.keys import NOBODYS, Calling
from tael.console.api.schemas import Amount, DecimalText
from tael.funding import Agreement
from tael.kernel import Forbidden

router = APIRouter(prefix="/partners", tags=["partners"])


class AgreementOut(BaseModel):
    """What a partner funds under an agreement; `end` is excluded."""

    id: str
    product: str
    start: str
    end: str
    bank_rate: DecimalText
    least: Amount
    most: Amount
    months: list[int]
    capacity: Amount


class PartnerOut(BaseModel):
    """A funding partner; its agreements for who may see terms."""

    id: str
    name: str
    agreements: list[AgreementOut] | None = None


class Partners(BaseModel):
    """The partners the caller may see."""

    items: list[PartnerOut]


class Used(BaseModel):
    """How much of an agreement's capacity is used."""

    agreement_id: str
    partner_id: str
    used: Amount
    capacity: Amount


class Utilisation(BaseModel):
    """How much of the guarantee company's limits is used; `leverage` is a multiple."""

    day: str
    outstanding: Amount
    weighted: Amount
    net_assets: Amount
    leverage: DecimalText
    leverage_max: DecimalText
    head_room: Amount
    agreements: list[Used]


@router.get("", response_model_exclude_unset=True)
def partners(caller: Calling) -> Partners:
    """Who funds, under what."""
    caller.require("read", "partner")
    with caller.begin() as work:
        funding = caller.house.rooms(work).funding
        found, agreements = funding.partners(), funding.agreements()
    items = []
    for one in found:
        row = {**NOBODYS, "partner_id": one.id}
        if not caller.may("read", "partner", row):
            continue
        shown = PartnerOut(id=one.id, name=one.name)
        if "agreements" in caller.house.permissions.visible_fields(caller.actor, "partner", row):
            own = [_agreement(each) for each in agreements if each.partner == one.id]
            shown = PartnerOut(id=one.id, name=one.name, agreements=own)
        items.append(shown)
    return Partners(items=items)


@router.get("/utilisation")
def utilisation(caller: Calling) -> Utilisation:
    """What is used and what still fits, today."""
    caller.require("read", "partner", NOBODYS)
    if "limits" not in caller.house.permissions.visible_fields(caller.actor, "partner"):
        raise Forbidden("you may not see the limits", rule="partner.terms")
    with caller.begin() as work:
        today = caller.today(work)
        limits = caller.house.limits(work, today)
        use = caller.house.rooms(work).funding.guarantee.utilisation(limits)
    return Utilisation(
        day=today.isoformat(),
        outstanding=Amount.of(use.total.outstanding),
        weighted=Amount.of(use.total.weighted),
        net_assets=Amount.of(use.net_assets),
        leverage=f"{use.leverage:f}",
        leverage_max=f"{limits.leverage_max:f}",
        head_room=Amount.of(use.head_room),
        agreements=[
            Used(
                agreement_id=each.id,
                partner_id=each.partner,
                used=Amount.of(used),
                capacity=Amount.of(each.capacity),
            )
            for each, used in use.agreements
        ],
    )


def _agreement(one: Agreement) -> AgreementOut:
    return AgreementOut(
        id=one.id,
        product=one.product,
        start=one.period.start.isoformat(),
        end=one.period.end.isoformat(),
        bank_rate=f"{one.bank_rate.fraction:f}",
        least=Amount.of(one.least),
        most=Amount.of(one.most),
        months=list(one.months),
        capacity=Amount.of(one.capacity),
    )
