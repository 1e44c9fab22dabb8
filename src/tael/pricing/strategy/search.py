"""The search for a strategy: solved in floats, priced again and proven in whole numbers."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING

from tael.kernel import Rate, check
from tael.pricing.strategy.bounds import Bound
from tael.pricing.strategy.chain import NO_CHOICE, Chain
from tael.pricing.strategy.economics import Worth
from tael.pricing.strategy.menu import Menu
from tael.pricing.strategy.model import Cell
from tael.pricing.strategy.offer import Offer, priced
from tael.pricing.strategy.solver import Effort, Program, Solved, Status, solve

if TYPE_CHECKING:
    from tael.pricing.strategy.chain import Integers

_MOST_ROUNDS = 12
# The named rule by which one of several equally good answers is taken.
TIES = "nearest to today in steps of the grid; then the lower price; then the larger limit"


@dataclass(frozen=True)
class Answer:
    """A strategy: what is offered to each cell, what it keeps, and how it was found.

    Args:
        offer: the terms, with their exact worth.
        bounds: what it keeps.
        solved: status, gap and time of the search.
        rounds: how often it was solved until the exact answer kept everything.
    """

    offer: Offer
    bounds: tuple[Bound, ...]
    solved: Solved
    rounds: int

    @property
    def total(self) -> Worth:
        """Of all cells."""
        return self.offer.total


@dataclass(frozen=True)
class Search:
    """A menu with bounds, ready to be searched.

    Args:
        menu: the choices.
        bounds: what an answer must keep.
        effort: time and gap.
        ties: whether equally good answers are told apart by ``TIES``, which takes a second search.
    """

    menu: Menu
    bounds: tuple[Bound, ...]
    effort: Effort = field(default_factory=Effort)
    ties: bool = True

    def run(self) -> Answer | Solved:
        """The most profitable strategy that keeps every bound; ``Solved`` when there is none.

        The solver's answer is priced again from exact schedules. A loan above the cap strikes its
        choice from the menu, a bound that is missed by a rounding is tightened by as much, and it
        is solved again.
        """
        menu, tighter = self.menu, [0] * len(self.bounds)
        for number in range(1, _MOST_ROUNDS + 1):
            program = Layout(menu).program(self.bounds, tighter)
            solved = solve(program, self.effort)
            if not solved.taken:
                return solved
            if self.ties and solved.status is Status.OPTIMAL:
                solved = self._nearest(menu, program, solved)
            terms = [menu.choices[taken].terms for taken in solved.taken]
            offer = priced(menu.market, menu.courses, terms)
            above = _above(offer, solved.taken)
            if above:
                menu = menu.without(above)
                continue
            missed = [_missed(bound, offer) for bound in self.bounds]
            if not any(missed):
                check(offer.keeps_order(), "a better tier never pays more and never gets less")
                return Answer(offer, self.bounds, solved, number)
            tighter = [one + 2 * more for one, more in zip(tighter, missed, strict=True)]
        return replace(solved, status=Status.UNKNOWN, taken=())

    def _nearest(self, menu: Menu, program: Program, solved: Solved) -> Solved:
        """Of the answers worth as much, the one that ``TIES`` names."""
        best = sum(program.value[number] for number in solved.taken)
        layout = Layout(menu)
        again = replace(
            program,
            value=layout.nearness(),
            rows=[*program.rows, [-value for value in program.value]],
            most=[*program.most, -best],
            seed=layout.plans(solved.taken),
        )
        found = solve(again, self.effort)
        worth = sum(program.value[number] for number in found.taken)
        if not found.taken or worth < best:
            return solved
        return replace(solved, taken=found.taken, elapsed_ms=solved.elapsed_ms + found.elapsed_ms)


def _above(offer: Offer, taken: Sequence[int]) -> list[int]:
    """The choices of which some loan costs more than the cap."""
    cap = offer.market.grid.cap
    return [number for number, cost in zip(taken, offer.costs, strict=True) if cost > cap]


def _missed(bound: Bound, offer: Offer) -> int:
    """By how much the exact worth breaks the bound's row; 0 when it keeps it."""
    coefficients, most = bound.row(offer.entries)
    return max(sum(coefficients) - most, 0)


class Layout:
    """A menu as the solver wants it: cells, chains of levels, rows of whole numbers."""

    def __init__(self, menu: Menu) -> None:
        self._menu = menu
        self.cells = menu.of_cell()

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        """A chain for each segment."""
        cells = enumerate(self._menu.market.cells)
        groups = groupby(cells, key=lambda pair: pair[1].segment.values)
        return tuple(self._chain([number for number, _ in group]) for _, group in groups)

    def program(self, bounds: Sequence[Bound], tighter: Sequence[int]) -> Program:
        """The program of ``bounds``, each row tighter by a whole number."""
        menu = self._menu
        entries = [(menu.market.cells[choice.cell], choice.worth) for choice in menu.choices]
        rows = [bound.row(entries) for bound in bounds]
        return Program(
            cells=self.cells,
            chains=self.chains,
            value=[choice.worth.profit for choice in menu.choices],
            rows=[row for row, _ in rows],
            most=[most - less for (_, most), less in zip(rows, tighter, strict=True)],
        )

    def plans(self, taken: Sequence[int]) -> tuple[tuple[int, ...], ...]:
        """An answer as plans, one a chain."""
        groups = groupby(
            zip(self._menu.market.cells, taken, strict=True),
            key=lambda pair: pair[0].segment.values,
        )
        return tuple(tuple(number for _, number in group) for _, group in groups)

    def nearness(self) -> list[int]:
        """How near each choice is to today's offer, as ``TIES`` weighs it; higher is nearer."""
        found = [0] * len(self._menu.choices)
        for cell, numbers in zip(self._menu.market.cells, self.cells, strict=True):
            found_here = self._near(cell, numbers)
            for place, number in enumerate(sorted(found_here, key=found_here.__getitem__)):
                found[number] = -(found_here[number][0] * 10_000 + place)
        return found

    def _near(self, cell: Cell, numbers: Sequence[int]) -> dict[int, tuple[int, Rate, int]]:
        """Steps away from today, price and limit of each choice of a cell."""
        grid = self._menu.market.grid
        offers = {n: terms for n in numbers if (terms := self._menu.choices[n].terms)}
        prices = sorted({terms.price.total for terms in offers.values()})
        far = len(prices) + len(grid.limits)
        found = {n: (0 if cell.today is None else far, Rate.zero(), 0) for n in numbers}
        for number, terms in offers.items():
            limit = grid.limits.index(terms.limit)
            steps = far
            if cell.today is not None:
                now = bisect_left(prices, cell.today.price.total)
                steps = abs(prices.index(terms.price.total) - now)
                steps += abs(limit - grid.limits.index(cell.today.limit))
            found[number] = steps, terms.price.total, -limit
        return found

    def _chain(self, cells: list[int]) -> Chain:
        """Levels of a segment's prices and limits, and where each choice stands on them."""
        import numpy as np

        grid, choices = self._menu.market.grid, self._menu.choices
        prices = sorted(
            {
                terms.price.total
                for cell in cells
                for number in self.cells[cell]
                if (terms := choices[number].terms)
            }
        )
        level = {price: number for number, price in enumerate(prices)}
        limit = {one: number for number, one in enumerate(grid.limits, 1)}
        places = []
        for cell in cells:
            place: Integers = np.full((len(prices) + 1, len(limit) + 1), NO_CHOICE)
            for number in self.cells[cell]:
                terms = choices[number].terms
                at = (level[terms.price.total], limit[terms.limit]) if terms else (len(prices), 0)
                check(place[at] == NO_CHOICE, "a price and a limit make one choice")
                place[at] = number
            places.append(place)
        return Chain(tuple(places), tuple(self._lowest(prices)))

    def _lowest(self, prices: Sequence[Rate]) -> Iterator[int]:
        smooth = self._menu.market.grid.smooth
        for price in prices:
            yield 0 if smooth is None else bisect_left(prices, price - smooth)
