"""The optimum, proven on small markets by trying everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import groupby, pairwise, product
from random import Random

import pytest

from tael.kernel import BadInput, Day, Money, Rate
from tael.pricing.strategy import (
    Answer,
    Ask,
    Bound,
    Costs,
    Grid,
    Guarantor,
    Limit,
    Market,
    Menu,
    MonotoneCurve,
    Partner,
    Point,
    Price,
    Search,
    Solved,
    Status,
    Targets,
    Terms,
    bounds_of,
    menu_of,
)

Make = Callable[..., Market]


def seeds(usual: int, slow: int) -> list[object]:
    """Some seeds for the usual run, more for the slow one."""
    more = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(usual, slow)]
    return [*range(usual), *more]


def price_of(percent: int) -> Price:
    return Price(Rate.percent(4), Rate.percent(percent - 4))


def grid_of(*percents: int, limits: tuple[str, ...] = ("0.5", "1")) -> Grid:
    return Grid(
        prices={tier: [price_of(percent) for percent in percents] for tier in range(1, 8)},
        limits=tuple(Limit(Decimal(share)) for share in limits),
        cap=Rate.percent(24),
        start=Day(2026, 1, 5),
    )


def everyone() -> MonotoneCurve:
    return MonotoneCurve.fit([Point(Rate.percent(n), Decimal(1)) for n in (1, 12, 30)])


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
    return sum(chosen[cell, terms] for cell, terms in enumerate(answer.offer.terms))


@pytest.mark.parametrize("seed", seeds(4, 24))
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


@pytest.mark.parametrize("seed", seeds(1, 6))
def test_smooth_steps_are_kept_and_still_the_best(seed: int, make: Make) -> None:
    offers = replace(grid_of(6, 8, 11, 12, limits=("1",)), smooth=Rate.percent(3))
    market = make(seed, offers, tiers=(1, 4, 6))
    menu, bounds = menu_of(market), bounds_of(market, Targets(prime_share=Decimal("0.55")))
    assert found(menu, bounds) == tried(menu, bounds)


@pytest.mark.parametrize("seed", seeds(1, 6))
def test_banks_and_guarantor_are_kept_and_still_the_best(seed: int, make: Make) -> None:
    market = make(seed)
    segments = sorted({cell.segment for cell in market.cells}, key=lambda one: one.name)
    banks = (
        Partner("one", Money(6 * 10**8), tiers=frozenset({2, 3})),
        Partner("two", Money(5 * 10**8), segments=frozenset({segments[1]})),
    )
    guarantor = Guarantor(Money.parse("20000000"), in_force=Money.parse("192000000"))
    market = replace(market, partners=banks, guarantor=guarantor)
    menu, bounds = menu_of(market), bounds_of(market, Targets(budget=Money.parse("120000")))
    # R5 of the first segment has no bank: the bound of no bank lets nothing be lent there.
    partners = {f"partner:{name}" for name in ("-", "one", "two", "one + two")}
    assert {bound.code for bound in bounds} == {"budget", "guarantee", *partners}
    assert found(menu, bounds) == tried(menu, bounds)


def searched(market: Market, targets: Targets) -> Answer:
    answer = Search(menu_of(market), bounds_of(market, targets)).run()
    assert isinstance(answer, Answer)
    return answer


TARGETS = Targets(
    prime_share=Decimal("0.7"), prime_share_by_count=Decimal("0.6"), loss_rate=Decimal("0.02")
)


def test_the_answer_is_exact_and_keeps_every_bound_in_whole_numbers(make: Make) -> None:
    answer = searched(make(5), TARGETS)
    assert answer.offer.keeps_order()
    assert all(bound.kept(answer.offer.entries) for bound in answer.bounds)
    total, prime = answer.total, answer.offer.prime
    assert prime.volume * 10 >= total.volume * 7
    assert prime.loans_micro * 10 >= total.loans_micro * 6
    assert total.loss * 100 <= total.volume * 2
    assert answer.solved.status is Status.OPTIMAL


def test_the_order_in_which_cells_come_does_not_matter(make: Make) -> None:
    market = make(5)
    turned = replace(market, cells=tuple(reversed(market.cells)))
    first, second, third = (searched(one, TARGETS) for one in (market, turned, market))
    assert first.offer.terms == second.offer.terms == third.offer.terms
    assert first.offer.worth == second.offer.worth


def test_of_equally_good_limits_the_one_of_today_is_taken(make: Make) -> None:
    ceilings = [Money.parse(text) for text in ("5000000", "6000000", "7000000")]
    offers = replace(grid_of(8, 12), limits=tuple(Limit(ceiling=one) for one in ceilings))
    for today in offers.limits:
        market = make(1, offers, tiers=(2, 3))
        cells = tuple(replace(c, today=Terms(price_of(12), today)) for c in market.cells)
        market = replace(market, cells=cells, guarantor=None)
        answer = searched(market, Targets())
        assert {terms.limit for terms in answer.offer.terms if terms} == {today}


def test_a_loan_that_rounding_lifts_above_the_cap_is_struck_and_searched_again(make: Make) -> None:
    offers = replace(grid_of(8, 10, 12, limits=("1",)), cap=Rate(Decimal("0.1200000005")))
    market = make(2, offers, tiers=(3,), segments=("a",))
    courses = menu_of(market).courses
    amounts = (Money(amount) for amount in range(1_000_000, 1_000_400))
    above = next(a for a in amounts if courses.of(price_of(12), 12, a).all_in > offers.cap)
    cell = replace(market.cells[0], asks=(Ask(Decimal(50), above, 12),), pd_12m=Rate.percent(1))
    market = replace(market, cells=(cell,), take_up={3: everyone()}, costs=Costs())
    menu = menu_of(market)
    # A large loan stays within the cap at 12 %; this small one does not, by its rounded cents.
    assert price_of(12) in {choice.terms.price for choice in menu.choices if choice.terms}
    answer = searched(market, Targets())
    assert answer.rounds == 2
    assert answer.offer.terms[0] == Terms(price_of(10), Limit())
    assert answer.offer.highest <= offers.cap


def test_what_is_no_choice_is_counted_by_its_reason(make: Make) -> None:
    offers = replace(
        grid_of(5, 8, 12, 15, limits=("0.1", "1")), cap=Rate.percent(14),
        most_rise=Rate.percent("-1"), least_amount=Money.parse("60000"),
    )  # fmt: skip
    market = replace(make(4, offers), guarantor=Guarantor(Money.parse("2000000")))
    assert set(menu_of(market).left_out) == {"rise", "unobserved", "one_party", "too_small"}
    capped = replace(market, grid=replace(offers, most_rise=None))
    assert menu_of(capped).left_out["cap"] > 0


def test_a_grid_that_leaves_nothing_is_refused(make: Make) -> None:
    offers = replace(grid_of(8, 12), cap=Rate.percent(7))
    with pytest.raises(BadInput, match="mostly because of 'cap'") as wrong:
        menu_of(make(1, offers))
    assert wrong.value.field == "grid"
