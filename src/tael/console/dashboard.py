"""The first page: what the book does, and that it ties to the journal."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import RedirectResponse, Response

from tael.console.charts import curves
from tael.console.visit import NAV, Visiting
from tael.kernel import Day
from tael.portfolio import Figure

router = APIRouter(include_in_schema=False)
_FIRST = ("new_loans", "balance", "prime_share", "dpd30")


@router.get("/")
def dashboard(visit: Visiting, as_of: Annotated[str, Query()] = "") -> Response:
    """The figures as of a month end, the last one by default."""
    permissions = visit.house.permissions
    if not permissions.allowed(visit.actor, "read", "portfolio"):
        for path, _, _, resource in NAV[1:]:
            if permissions.allowed(visit.actor, "read", resource):
                return RedirectResponse(path, status_code=303)
    visit.require("read", "portfolio")
    asked = Day.parse(as_of, field="as_of") if as_of else None
    with visit.begin() as work:
        portfolio = visit.house.rooms(work).portfolio
        today = visit.today(work)
        now = portfolio.dashboard(today)
        shown = now if asked is None else portfolio.dashboard(min(asked, today))
    figures = {figure.definition.id: figure for figure in shown.figures}
    return visit.page(
        "dashboard.html",
        shown=shown,
        month_ends=[point.month_end for point in reversed(now.months)],
        first=[figures[name] for name in _FIRST],
        others=[figure for name, figure in figures.items() if name not in _FIRST],
        before=shown.months[-2] if len(shown.months) > 1 else None,
        ties=all(one.ties for one in shown.tie_outs),
        charts=curves(shown),
        name_of=lambda figure: _name(figure, visit.tongue.short),
    )


def _name(figure: Figure, language: str) -> str:
    return figure.definition.zh if language == "zh" else figure.definition.en
