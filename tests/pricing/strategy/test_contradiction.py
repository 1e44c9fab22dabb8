"""What cannot be had is told with its reasons, and with how little must give way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from tael.kernel import BadInput, Money, Rate
from tael.pricing.strategy import (
    Answer,
    Contradiction,
    Market,
    Partner,
    Search,
    Segment,
    Solved,
    Targets,
    bounds_of,
    contradiction_of,
    menu_of,
)

Make = Callable[..., Market]


def seeds(usual: int, slow: int) -> list[object]:
    """Some seeds for the usual run, more for the slow one."""
    more = [pytest.param(seed, marks=pytest.mark.slow) for seed in range(usual, slow)]
    return [*range(usual), *more]


def search(market: Market, targets: Targets) -> Search:
    return Search(menu_of(market), bounds_of(market, targets))


def refused(asked: Search) -> Contradiction:
    found = asked.run()
    assert isinstance(found, Solved)
    assert found.status.value == "infeasible"
    return contradiction_of(asked)


@pytest.mark.parametrize("seed", seeds(1, 8))
def test_a_conflict_is_a_least_one_and_its_remedies_suffice(seed: int, make: Make) -> None:
    market = make(seed)
    menu = menu_of(market)
    most = sum(max(menu.choices[n].worth.volume for n in cell) for cell in menu.of_cell())
    targets = Targets(
        prime_share=Decimal("0.97"), loss_rate=Decimal("0.5"), volume=Money(most * 97 // 100),
        budget=Money(most),
    )  # fmt: skip
    asked = search(market, targets)
    conflict = refused(asked)
    codes = [clash.bound.code for clash in conflict.clashes]
    assert codes == ["prime_share", "volume"]
    for clash in conflict.clashes:
        assert clash.reachable is not None
        # A millionth aside, for the rounding of loans that are priced one by one.
        scale = max(clash.reachable, Fraction(1))
        for part, possible in ((10**6, True), (-(10**4), False)):
            loose = clash.bound.with_limit(clash.reachable - scale / part)
            bounds = tuple(loose if one is clash.bound else one for one in asked.bounds)
            assert isinstance(replace(asked, bounds=bounds).run(), Answer) is possible


def test_what_contradicts_nothing_but_the_market_is_told_alone(make: Make) -> None:
    market = make(2, tiers=(4, 5))
    conflict = refused(search(market, Targets(prime_share=Decimal("0.5"), volume=Money(10**8))))
    assert "R1-R3" in conflict.words.en
    assert "It is enough to loosen one" in conflict.words.en
    assert "以下约束互相矛盾" in conflict.words.zh
    far = refused(search(market, Targets(profit=Money(10**12))))
    assert far.words.en.startswith("This cannot be reached: Profit at least 10,000,000,000.00 CNY.")
    assert far.words.zh.startswith("无法达到：利润 不低于")


def test_two_contradictions_at_once_say_that_one_remedy_is_not_enough(make: Make) -> None:
    market = make(2, tiers=(4, 5))
    targets = Targets(prime_share=Decimal("0.5"), volume=Money(10**8), profit=Money(10**12))
    conflict = refused(search(market, targets))
    assert [clash.bound.code for clash in conflict.clashes] == ["profit"]
    assert conflict.clashes[0].reachable is None
    assert "contradict each other, too" in conflict.words.en


def test_segments_banks_and_room_are_named_in_a_conflict(make: Make) -> None:
    market = make(3)
    segment = market.cells[-1].segment
    banks = (Partner("city bank", Money(10**7)),)
    targets = Targets(segment_volume={segment: Money(10**9)})
    conflict = refused(search(replace(market, partners=banks), targets))
    told = conflict.words.en
    assert "New lending in b at least 10,000,000.00 CNY" in told
    assert "Lending that only city bank may fund at most 100,000.00 CNY" in told


@pytest.mark.parametrize(
    ("targets", "field"),
    [
        ({"prime_share": Decimal("1.2")}, "targets.prime_share"),
        ({"prime_share_by_count": Decimal("-0.1")}, "targets.prime_share_by_count"),
        ({"loss_rate": Decimal("NaN")}, "targets.loss_rate"),
        ({"loss": "yearly"}, "targets.loss"),
        ({"budget": Money(-1)}, "targets.budget"),
    ],
)
def test_a_target_out_of_range_is_named(targets: dict[str, object], field: str) -> None:
    with pytest.raises(BadInput) as wrong:
        Targets(**targets)  # type: ignore[arg-type]
    assert wrong.value.field == field


def test_a_segment_that_nobody_is_in_and_too_many_banks_are_named(make: Make) -> None:
    market = make(1)
    nowhere = Targets(segment_volume={Segment((("industry", "z"),)): Money(1)})
    with pytest.raises(BadInput, match="segment z"):
        bounds_of(market, nowhere)
    banks = tuple(Partner(str(n), Money(1)) for n in range(11))
    with pytest.raises(BadInput, match="11 banks") as wrong:
        bounds_of(replace(market, partners=banks), Targets())
    assert wrong.value.field == "partners"


def test_a_cell_without_demand_or_with_another_fault_is_named(make: Make) -> None:
    market = make(1)
    cell = market.cells[0]
    ask = cell.asks[0]
    faults: list[tuple[str, Callable[[], object]]] = [
        ("no demand", lambda: replace(cell, asks=())),
        ("applications", lambda: replace(cell, asks=(replace(ask, applications=Decimal(0)), ask))),
        ("no tier R8", lambda: replace(cell, tier=8)),
        ("lifetime PD", lambda: replace(cell, pd_life=Rate.percent("0.1"))),
        ("no share", lambda: replace(cell, lgd=Rate.percent(101))),
        ("is there twice", lambda: replace(market, cells=(cell, cell))),
        ("no take-up curve", lambda: replace(market, take_up={})),
        ("there are no cells", lambda: replace(market, cells=())),
        ("no limit to choose", lambda: replace(market.grid, limits=())),
        ("does not come before", lambda: replace(market.grid, limits=market.grid.limits[::-1])),
        ("no price for R1", lambda: replace(market.grid, prices={})),
        ("is not among the limits", lambda: replace(
            market, grid=replace(market.grid, limits=market.grid.limits[:1])
        )),
    ]  # fmt: skip
    for told, make_fault in faults:
        with pytest.raises(BadInput, match=told):
            make_fault()
