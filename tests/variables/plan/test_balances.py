"""Plans of balance variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.balances import BalancesOutput, BalancesPlan

BOTH = frozenset({0, 1})
PLAN = BalancesPlan(2, (BOTH, frozenset({0})), (60, None), 1, (BalancesOutput("mean", 0, 0),))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"filters": (BOTH, frozenset({2}))}, "filters[1]"),
        ({"windows": (60, 60)}, "windows"),
        ({"windows": ()}, "windows"),
        ({"outputs": (BalancesOutput("median", 0, 0),)}, "outputs[0]"),
        ({"outputs": (BalancesOutput("mean", 2, 0),)}, "outputs[0]"),
        ({"outputs": (BalancesOutput("mean", 0, 2),)}, "outputs[0]"),
        ({"outputs": (BalancesOutput("mean", 0, 0, 1),)}, "outputs[0]"),
        ({"outputs": (BalancesOutput("days_below", 0, 0, 0, 2**63),)}, "outputs[0]"),
    ],
)
def test_what_cannot_be_computed_is_refused_when_the_plan_is_made(change: dict, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        replace(PLAN, **change)
    assert caught.value.field == field


def test_every_part_of_a_plan_is_in_its_hash() -> None:
    plans = [
        PLAN,
        replace(PLAN, leaves=3),
        replace(PLAN, filters=(BOTH,)),
        replace(PLAN, windows=(61, None)),
        replace(PLAN, measures=2),
        replace(PLAN, outputs=(BalancesOutput("mean", 1, 0),)),
        replace(PLAN, outputs=(BalancesOutput("mean", 0, 1),)),
        replace(PLAN, outputs=(BalancesOutput("days_below", 0, 0),)),
        replace(PLAN, outputs=(BalancesOutput("days_below", 0, 0, 0, 7),)),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)


def test_a_limit_has_no_meaning_but_for_days_below() -> None:
    assert replace(PLAN, outputs=(BalancesOutput("mean", 0, 0, 0, 7),)).hash == PLAN.hash
