"""The data sources: how they answer, what they cost and spare, who may ask, what ends soon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Protocol

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tael.console.charts import major
from tael.console.visit import Visit, Visiting
from tael.kernel import Day, Money
from tael.origination.sources import SOURCES, model
from tael.platform import Work
from tael.policies.live import Spending

router = APIRouter(include_in_schema=False)
PERIODS = (7, 30, 90)
SOON_DAYS = 30
_MOST_ENDING = 8
_MOST_MOVES = 10
# The first of these that holds of any process is how a source stands.
_WORST = (model.BreakerState.OPEN, model.BreakerState.HALF_OPEN, model.BreakerState.CLOSED)
_ANSWERED = ("ok", "partial", "stale")


class SourcesOf(Protocol):
    """What this page needs of the installation; periods are the last so many days."""

    def health(self, work: Work, days: int) -> Sequence[model.SourceHealth]: ...
    def days(self, work: Work, days: int) -> Sequence[model.SourceDay]: ...
    def routes(self, work: Work) -> Sequence[model.Route]: ...
    def ending(self, work: Work, days: int, *, limit: int) -> Sequence[model.Ending]: ...
    def ending_by_source(self, work: Work, days: int) -> Mapping[str, int]: ...
    def moves(self, work: Work, *, limit: int) -> Sequence[model.BreakerMove]: ...
    def spending(self, work: Work, days: int) -> Sequence[Spending]: ...


@dataclass(frozen=True, slots=True)
class Line:
    """One source: how it did, and what staged decisions did not ask of it."""

    health: model.SourceHealth
    spent: Spending

    @property
    def answered(self) -> Decimal | None:
        """The share of the calls that brought something, out of date or in part included."""
        return _share(sum(self.health.codes.get(code, 0) for code in _ANSWERED), self.health.reads)

    @property
    def failures(self) -> Sequence[tuple[str, int]]:
        """Calls that came to nothing, by code, the most first."""
        bad = ((code, n) for code, n in self.health.codes.items() if code not in _ANSWERED)
        return sorted(bad, key=lambda each: (-each[1], each[0]))

    @property
    def breaker(self) -> model.BreakerState:
        """The worst of what the processes say; closed where none said anything."""
        states = set(self.health.breaker.values())
        return next((state for state in _WORST if state in states), model.BreakerState.CLOSED)


@dataclass(frozen=True, slots=True)
class Total:
    """All sources together; ``everything`` is what asking always would have cost."""

    reads: int
    answered: Decimal | None
    spent: Money
    stored: Money
    spared: Money
    spared_share: Decimal | None


@router.get("/policies/sources")
def sources(visit: Visiting, days: Annotated[int, Query()] = 30) -> Response:
    """Health and cost of every source over a period, and what people have to look after."""
    visit.require("read", "policy")
    period = days if days in PERIODS else PERIODS[1]
    book, consents = visit.house.sources, "consents" in visit.sees("party")
    with visit.begin() as work:
        lines = _lines(book.health(work, period), book.spending(work, period))
        along = book.days(work, period)
        ending = book.ending(work, SOON_DAYS, limit=_MOST_ENDING) if consents else ()
        ending_count = book.ending_by_source(work, SOON_DAYS) if consents else {}
        names = visit.house.parties.display_names(work, [one.party_id for one in ending])
        lenders = dict(visit.partners(work))
        routes, moves = book.routes(work), book.moves(work, limit=_MOST_MOVES)
        today = visit.today(work)
    return visit.page(
        "policy_sources.html",
        period=period,
        periods=PERIODS,
        soon=SOON_DAYS,
        lines=lines,
        total=_total(lines),
        charts=_charts(visit, along, today.plus_days(1 - period), period),
        may_see_consents=consents,
        ending=ending,
        ending_count=ending_count,
        names=names,
        lenders=lenders,
        routes=routes,
        moves=moves,
        money=Money,
    )


def _lines(health: Iterable[model.SourceHealth], spending: Iterable[Spending]) -> list[Line]:
    spent = {one.source: one for one in spending}
    return [Line(one, spent.get(one.source, Spending(one.source, 0, 0, 0, 0))) for one in health]


def _total(lines: Sequence[Line]) -> Total:
    every = [line.health for line in lines]
    reads = sum(one.reads for one in every)
    answered = sum(one.codes.get(code, 0) for one in every for code in _ANSWERED)
    paid = sum(line.spent.paid_minor for line in lines)
    spared = sum(line.spent.spared_minor for line in lines)
    return Total(
        reads=reads,
        answered=_share(answered, reads),
        spent=Money(sum(one.spent_minor for one in every)),
        stored=Money(sum(one.saved_minor for one in every)),
        spared=Money(spared),
        spared_share=_share(spared, paid + spared),
    )


def _share(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None


def _charts(
    visit: Visit, along: Sequence[model.SourceDay], first: Day, days: int
) -> dict[str, object]:
    """Money by day and source, and calls by day: what the charts draw."""
    every = [first.plus_days(number) for number in range(days)]
    spent = {(one.day, one.source): one.spent_minor for one in along}
    used = [name for name in SOURCES if any(one.source == name for one in along)]
    reads, answered = (dict.fromkeys(every, 0) for _ in range(2))
    for one in along:
        if one.day in reads:
            reads[one.day] += one.reads
            answered[one.day] += one.answered
    return {
        "days": [day.isoformat() for day in every],
        "spent": [
            {
                "name": visit.tongue.label(name, "data_source"),
                "values": [major(Money(spent.get((day, name), 0))) for day in every],
            }
            for name in used
        ],
        "answered": [answered[day] for day in every],
        "failed": [reads[day] - answered[day] for day in every],
    }
