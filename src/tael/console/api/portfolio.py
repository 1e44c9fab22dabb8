"""The figures of the first page, each with its definition and how it ties to the journal."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, JsonValue

from tael.console.api.keys import Calling
from tael.console.api.schemas import Amount, DayText, DecimalText, day, json_of

router = APIRouter(prefix="/portfolio", tags=["portfolio"])


class FigureOut(BaseModel):
    """A figure: money, or a decimal in its unit; null where its base is zero."""

    id: str
    zh: str
    en: str
    unit: str
    formula: str
    value: JsonValue


class MonthOut(BaseModel):
    """The book at a month end; shares as decimal fractions."""

    month_end: str
    new_loans: Amount
    balance: Amount
    prime_share: DecimalText | None
    dpd30: DecimalText | None
    dpd90: DecimalText | None
    c_m3: DecimalText | None


class TieOut(BaseModel):
    """A figure from the loan rows beside the same one from the journal."""

    name: str
    from_rows: Amount
    from_journal: Amount
    ties: bool


class VintageOut(BaseModel):
    """Of what a month lent, the share ever past due at a month on book."""

    vintage: str
    months_on_book: int
    share: DecimalText


class DashboardOut(BaseModel):
    """Everything as of a month end."""

    as_of: str
    figures: list[FigureOut]
    months: list[MonthOut]
    vintages: list[VintageOut]
    tie_outs: list[TieOut]


@router.get("/dashboard")
def dashboard(caller: Calling, as_of: Annotated[DayText | None, Query()] = None) -> DashboardOut:
    """The figures as of the last month end up to `as_of`, today by default."""
    caller.require("read", "portfolio")
    with caller.begin(snapshot=True) as work:
        today = caller.today(work)
        asked = min(day(as_of, "as_of"), today) if as_of else today
        shown = caller.house.rooms(work).portfolio.dashboard(asked)
    figures = [
        FigureOut(
            id=one.definition.id,
            zh=one.definition.zh,
            en=one.definition.en,
            unit=one.definition.unit.value,
            formula=one.definition.formula,
            value=json_of(one.value),
        )
        for one in shown.figures
    ]
    months = [
        MonthOut.model_validate(
            {name: json_of(getattr(one, name)) for name in MonthOut.model_fields}
        )
        for one in shown.months
    ]
    vintages = [
        VintageOut(
            vintage=one.vintage.isoformat(),
            months_on_book=one.months_on_book,
            share=f"{one.share:f}",
        )
        for one in shown.vintages
    ]
    ties = [
        TieOut(
            name=one.name,
            from_rows=Amount.of(one.from_rows),
            from_journal=Amount.of(one.from_journal),
            ties=one.ties,
        )
        for one in shown.tie_outs
    ]
    return DashboardOut(
        as_of=shown.as_of.isoformat(),
        figures=figures,
        months=months,
        vintages=vintages,
        tie_outs=ties,
    )
