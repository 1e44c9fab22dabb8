"""The optimum, proven on small markets by trying everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby, pairwise, product
from random import Random

import pytest

from tael.kernel import Money, Rate
from tael.pricing.strategy import (
    Bound,
    Market,
    Menu,
    Search,
    Solved,
    Targets,
    Terms,
    bounds_of,
    menu_of,
)

Make = Callable[..., Market]


def in_order(better: Terms | None, worse: Terms | None, smooth: Rate | None) -> bool:
    if worse is None:
        return True
    if better is None:
        return False
    jump = worse.price.total - better.price.total
    calm = smooth is None or jump <= smooth
    return jump.fraction >= 0 and calm and worse.limit.no_more_than(better.limit)


def plans(menu: Menu) -> Iterator[list[tuple[int, ...]]]:
    """Of each segment, every list of choices that keeps the order of tiers."""
    cells = list(zip(menu.market.cells, menu.of_cell(), strict=True))
    for _, group in groupby(cells, key=lambda pair: pair[0].segment.values):
        offered = [numbers for _, numbers in group]
        yield [
            plan
            for plan in product(*offered)
            if all(
                in_order(menu.choices[a].terms, menu.choices[b].terms, menu.market.grid.smooth)
                for a, b in pairwise(plan)
            )
        ]


def tried(menu: Menu, bounds: tuple[Bound, ...]) -> int | None:
    """The best profit of all answers that keep every bound; None when none does."""
    cells = menu.market.cells
    rows = [
        bound.row((cells[choice.cell], choice.worth) for choice in menu.choices) for bound in bounds
    ]
    best = None
    for chosen in product(*plans(menu)):
        taken = [number for plan in chosen for number in plan]
        profit = sum(menu.choices[number].worth.profit for number in taken)
        if (best is None or profit > best) and all(
            sum(row[number] for number in taken) <= most for row, most in rows
        ):
            best = profit
    return best


def found(menu: Menu, bounds: tuple[Bound, ...]) -> int | None:
    answer = Search(menu, bounds).run()
    if isinstance(answer, Solved):
        assert answer.status.value == "infeasible"
        return None
    chosen = {(c.cell, c.terms): c.worth.profit for c in menu.choices}
    return sum(chosen[cell, terms] for cell, terms in enumerate(answer.terms))


@pytest.mark.parametrize("seed", range(12))
def test_the_answer_is_the_best_of_all_that_keep_the_bounds(seed: int, make: Make) -> None:
    market = make(seed)
    dice, menu = Random(seed), menu_of(market)  # noqa: S311 - targets, no secrets
    targets = Targets(
        prime_share=Decimal(dice.randrange(40, 100)) / 100,
        loss_rate=Decimal(dice.randrange(5, 20)) / 1000,
        volume=Money(dice.randrange(0, 4) * 10**9),
    )
    bounds = bounds_of(market, targets)
    assert found(menu, bounds) == tried(menu, bounds)
