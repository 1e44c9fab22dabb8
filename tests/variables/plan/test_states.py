"""Plans of state variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.states import StatesOutput, StatesPlan

BOTH = frozenset({0, 1})
PLAN = StatesPlan(2, (frozenset({0}), BOTH), 1, (StatesOutput("share_count", 0),))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"filters": ()}, "filters"),
        ({"filters": (BOTH, frozenset({2}))}, "filters[1]"),
        ({"outputs": (StatesOutput("median", 0),)}, "outputs[0]"),
        ({"outputs": (StatesOutput("n", 2),)}, "outputs[0]"),
        ({"outputs": (StatesOutput("n", 0), StatesOutput("sum", 0, 1))}, "outputs[1]"),
        ({"outputs": (StatesOutput("ratio", 0, 0, 1),)}, "outputs[0]"),
        ({"outputs": (StatesOutput("share_count", 1, base=0),)}, "outputs[0]"),
        ({"outputs": (StatesOutput("share_count", 1, base=9),)}, "outputs[0]"),
        ({"filters": (frozenset({0}),)}, "outputs[0]"),
    ],
)
def test_what_cannot_be_computed_is_refused_when_the_plan_is_made(change: dict, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        replace(PLAN, **change)
    assert caught.value.field == field


def test_every_part_of_a_plan_is_in_its_hash() -> None:
    plans = [
        PLAN,
        replace(PLAN, leaves=3, filters=(*PLAN.filters, frozenset({0, 1, 2}))),
        replace(PLAN, filters=(frozenset({1}), BOTH)),
        replace(PLAN, measures=2),
        replace(PLAN, keyed=False),
        replace(PLAN, outputs=(StatesOutput("share_count", 0, base=0),)),
        replace(PLAN, outputs=(StatesOutput("share_amount", 0),)),
        replace(PLAN, outputs=()),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)


def test_a_base_left_out_is_the_filter_of_all_leaves() -> None:
    assert replace(PLAN, outputs=(StatesOutput("share_count", 0, base=1),)).hash == PLAN.hash
