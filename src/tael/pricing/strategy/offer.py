"""What is offered to every cell, priced from the schedules of the very loans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import groupby, pairwise

from tael.kernel import BadInput, Rate
from tael.pricing.strategy.economics import Courses, Worth, takers, unit, worth
from tael.pricing.strategy.menu import NOTHING, granted_of, lender_of
from tael.pricing.strategy.model import Cell, Market, Terms


@dataclass(frozen=True)
class Offer:
    """Terms for every cell, and what they are expected to bring in a period.

    Args:
        market: whose cells.
        terms: of each cell, in their order; None for no offer.
        worth: of each cell, exact.
        costs: the highest all-in cost of any loan of a cell, nominal a year.
    """

    market: Market
    terms: tuple[Terms | None, ...]
    worth: tuple[Worth, ...]
    costs: tuple[Rate, ...]

    @cached_property
    def total(self) -> Worth:
        """Of all cells."""
        return reduce(Worth.__add__, self.worth, NOTHING)

    @property
    def entries(self) -> tuple[tuple[Cell, Worth], ...]:
        """Each cell with its worth."""
        return tuple(zip(self.market.cells, self.worth, strict=True))

    @property
    def prime(self) -> Worth:
        """Of the cells of R1 to R3."""
        return reduce(Worth.__add__, (w for cell, w in self.entries if cell.prime), NOTHING)

    @property
    def highest(self) -> Rate:
        """The highest all-in cost of any loan."""
        return max(self.costs)

    def keeps_order(self) -> bool:
        """Whether no better tier of a segment pays more or gets less than a worse one; exactly."""
        pairs = zip(self.market.cells, self.terms, strict=True)
        for _, group in groupby(pairs, key=lambda pair: pair[0].segment.values):
            for (_, better), (_, worse) in pairwise(group):
                if worse is not None and not _in_order(better, worse):
                    return False
        return True


def priced(market: Market, courses: Courses, terms: Sequence[Terms | None]) -> Offer:
    """``terms`` of each cell with their worth; ``courses`` keeps the schedules for the next time.

    Raises:
        BadInput: a price that the cell's curve refuses; names the cell.
    """
    found = [
        _priced(market, courses, cell, one) for cell, one in zip(market.cells, terms, strict=True)
    ]
    return Offer(
        market, tuple(terms), tuple(value for value, _ in found), tuple(cost for _, cost in found)
    )


def today_of(market: Market, courses: Courses) -> Offer:
    """What is offered today, in the same model.

    Raises:
        BadInput: today's price of a cell was not observed and its curve refuses it.
    """
    return priced(market, courses, [cell.today for cell in market.cells])


def _priced(
    market: Market, courses: Courses, cell: Cell, terms: Terms | None
) -> tuple[Worth, Rate]:
    if terms is None:
        return NOTHING, Rate.zero()
    try:
        take_up = market.take_up[cell.tier].at(terms.price.total)
    except BadInput as wrong:
        raise BadInput(
            f"{cell.name} at {terms.price.total}: {wrong.message}",
            field=f"cells.{cell.name}", rule=wrong.rule,
        ) from wrong  # fmt: skip
    lender, highest, parts = lender_of(market), Rate.zero(), []
    for ask, granted in granted_of(market, cell, terms.limit):
        course = courses.of(terms.price, ask.months, granted)
        highest = max(highest, course.all_in)
        loans = takers(ask, granted, take_up, market.risk)
        whole = unit(course, cell, terms, lender).scaled(loans)
        parts.append(worth(whole, loans, lender.weight(granted, small=cell.small), lender))
    return reduce(Worth.__add__, parts, NOTHING), highest


def _in_order(better: Terms | None, worse: Terms) -> bool:
    if better is None:
        return False
    return better.price.total <= worse.price.total and worse.limit.no_more_than(better.limit)
