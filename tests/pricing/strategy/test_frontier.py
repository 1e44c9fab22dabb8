"""The way to a target: each step costs, each quarter stays within reach of the one before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from tael.kernel import BadInput, Money, Rate
from tael.pricing.strategy import (
    Answer,
    Contradiction,
    Market,
    Offer,
    Plan,
    Search,
    Steps,
    Targets,
    bounds_of,
    cases_of,
    changes,
    frontier,
    menu_of,
    path,
    sensitivity,
    shares_between,
    today_of,
    tolls,
)

Make = Callable[..., Market]


def plan_of(market: Market, **targets: object) -> Plan:
    return Plan(menu_of(market), Targets(**targets))  # type: ignore[arg-type]


def share(offer: Offer) -> Decimal:
    return Decimal(offer.prime.volume) / offer.total.volume


def test_each_step_of_the_frontier_reaches_its_share_and_earns_no_more(make: Make) -> None:
    plan = plan_of(make(5), volume=Money(10**9))
    shares = shares_between(Decimal("0.41"), Decimal("0.9"), 5)
    stages = frontier(plan, (None, *shares))
    profits = []
    for stage in stages:
        assert isinstance(stage.outcome, Answer)
        profits.append(stage.outcome.total.profit)
        assert stage.share is None or share(stage.outcome.offer) >= stage.share
    assert profits == sorted(profits, reverse=True)
    assert profits[0] > profits[-1]


def test_a_frontier_goes_on_behind_what_cannot_be_reached(make: Make) -> None:
    plan = plan_of(make(5), volume=Money(2 * 10**10))
    stages = frontier(plan, (Decimal(1), Decimal("0.1")))
    assert isinstance(stages[0].outcome, Contradiction)
    assert isinstance(stages[1].outcome, Answer | Contradiction)


def test_steps_between_shares_are_even_and_end_at_the_last() -> None:
    assert shares_between(Decimal("0.41"), Decimal("0.82"), 4) == tuple(
        Decimal(text) for text in ("0.5125", "0.6150", "0.7175", "0.82")
    )
    with pytest.raises(BadInput, match="0 steps") as wrong:
        shares_between(Decimal("0.41"), Decimal("0.82"), 0)
    assert wrong.value.field == "path"


def test_a_quarter_stays_within_its_steps_of_the_one_before(make: Make) -> None:
    market = make(6)
    plan, steps = plan_of(market), Steps(Rate.percent(2), 0)
    today = share(today_of(market, plan.menu.courses))
    stages = path(plan, shares_between(today, Decimal("0.9"), 3), steps)
    before = [cell.today for cell in market.cells]
    for stage in stages:
        assert isinstance(stage.outcome, Answer)
        for old, new in zip(before, stage.outcome.offer.terms, strict=True):
            if old and new:
                assert abs(new.price.total.fraction - old.price.total.fraction) <= Decimal("0.02")
                assert new.limit == old.limit
        before = list(stage.outcome.offer.terms)
    free = plan.at(Decimal("0.9")).outcome
    last = stages[-1].outcome
    assert isinstance(free, Answer)
    assert isinstance(last, Answer)
    assert free.total.profit >= last.total.profit


def test_a_path_ends_with_the_quarter_that_is_out_of_reach(make: Make) -> None:
    plan = plan_of(make(6), volume=Money(16 * 10**9))
    stages = path(plan, shares_between(Decimal("0.4"), Decimal(1), 6), Steps(Rate.percent(1), 1))
    assert isinstance(stages[-1].outcome, Contradiction)
    assert len(stages) < 6
    assert all(isinstance(stage.outcome, Answer) for stage in stages[:-1])


def test_other_worlds_move_what_a_strategy_is_worth_the_way_they_should(make: Make) -> None:
    plan = plan_of(make(7), prime_share=Decimal("0.6"))
    answer = plan.at(Decimal("0.6")).outcome
    assert isinstance(answer, Answer)
    tried = {
        one.case.code: one for one in sensitivity(plan, answer.offer, cases_of(plan.menu.market))
    }
    own = answer.total
    assert tried["take_up_low"].same.total.volume < own.volume
    assert tried["take_up_high"].same.total.volume > own.volume
    assert tried["pd_double"].same.total.loss > tried["pd_half_more"].same.total.loss > own.loss
    for code in ("no_adverse", "adverse_double"):
        # Below the price at which risk was seen a dearer offer draws the better ones.
        assert tried[code].same.total.loss != own.loss
    for one in tried.values():
        best = one.best.outcome
        assert isinstance(best, Answer)
        keeps = share(one.same) >= Decimal("0.6")
        assert not keeps or best.total.profit >= one.same.total.profit - 1000


def test_the_toll_of_a_bound_is_what_one_step_less_of_it_brings(make: Make) -> None:
    market = make(8)
    menu = menu_of(market)
    bounds = bounds_of(market, Targets(prime_share=Decimal("0.66"), budget=Money(10**12)))
    search = Search(menu, bounds)
    answer = search.run()
    assert isinstance(answer, Answer)
    found = {toll.bound.code: toll for toll in tolls(search, answer)}
    looser = replace(search, bounds=bounds_of(market, Targets(prime_share=Decimal("0.65")))).run()
    assert isinstance(looser, Answer)
    gained = looser.total.profit - answer.total.profit
    assert gained > 0
    assert found["prime_share"].profit == gained
    assert (found["budget"].profit, found["guarantee"].profit) == (0, 0)


def test_changes_name_the_cells_that_are_offered_something_else(make: Make) -> None:
    plan = plan_of(make(9))
    answer = plan.at(Decimal("0.95")).outcome
    assert isinstance(answer, Answer)
    today = today_of(plan.menu.market, plan.menu.courses)
    found = list(changes(today, answer.offer))
    named = {number for number, _, _ in found}
    assert named == {
        n for n, cell in enumerate(plan.menu.market.cells) if cell.today != answer.offer.terms[n]
    }
    assert sum(volume for _, _, volume in found) == answer.total.volume - today.total.volume
