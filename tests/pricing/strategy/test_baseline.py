"""Simpler ways to the same targets: they keep the bounds, and never earn more than the best."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tael.kernel import Money, Rate
from tael.pricing.strategy import (
    Answer,
    Market,
    Search,
    Targets,
    bounds_of,
    cut_off,
    menu_of,
    uniform,
)

Make = Callable[..., Market]


def test_simple_ways_keep_the_bounds_and_say_what_they_change(make: Make) -> None:
    menu = menu_of(make(5, segments=("a",)))
    bounds = bounds_of(menu.market, Targets(prime_share=Decimal("0.8")))
    cut, shifted = cut_off(menu, bounds), uniform(menu, bounds)
    assert cut is not None
    assert shifted is not None
    assert (cut.prime, cut.others) == (Rate.zero(), Rate.zero())
    for cell, terms in zip(menu.market.cells, cut.offer.terms, strict=True):
        assert terms == (cell.today if cell.tier <= cut.last else None)
    for cell, terms in zip(menu.market.cells, shifted.offer.terms, strict=True):
        if cell.tier <= shifted.last and terms is not None and cell.today is not None:
            change = shifted.prime if cell.prime else shifted.others
            wanted = cell.today.price.total + change
            assert terms.price.total == min(max(wanted, Rate.percent(6)), Rate.percent(16))
    for base in (cut, shifted):
        assert all(bound.kept(base.offer.entries) for bound in bounds)
    assert shifted.offer.total.profit >= cut.offer.total.profit


def test_no_simple_way_earns_more_than_the_best_of_the_same_prices(make: Make) -> None:
    menu = menu_of(make(4, segments=("a",)))
    bounds = bounds_of(menu.market, Targets(prime_share=Decimal("0.7"), volume=Money(10**8)))
    best, cut = Search(menu, bounds).run(), cut_off(menu, bounds)
    assert isinstance(best, Answer)
    assert cut is not None
    # Today's price of 12 % is on the grid, and the order of tiers holds: one price for all.
    assert cut.offer.total.profit <= best.total.profit


def test_a_target_that_no_simple_way_reaches_is_said_so(make: Make) -> None:
    menu = menu_of(make(5, segments=("a",)))
    bounds = bounds_of(menu.market, Targets(profit=Money(10**12)))
    assert cut_off(menu, bounds) is None
    assert uniform(menu, bounds) is None
