"""Plans of window variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.windows import Output, WindowPlan

BOTH = frozenset({0, 1})
PLAN = WindowPlan(2, (frozenset({0}), BOTH), (60, None), 1, (Output("share_count", 0, 0),))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"leaves": 1_025}, "leaves"),
        ({"filters": ()}, "filters"),
        ({"filters": (BOTH, frozenset())}, "filters[1]"),
        ({"filters": (frozenset({2}),)}, "filters[0]"),
        ({"windows": ()}, "windows"),
        ({"windows": (0, 60)}, "windows"),
        ({"windows": (60, 60)}, "windows"),
        ({"windows": (None, 60)}, "windows"),
        ({"outputs": (Output("median", 0, 0),)}, "outputs[0]"),
        ({"outputs": (Output("n", 2, 0),)}, "outputs[0]"),
        ({"outputs": (Output("n", 0, 2),)}, "outputs[0]"),
        ({"outputs": (Output("sum", 0, 0, 1),)}, "outputs[0]"),
        ({"outputs": (Output("velocity", 0, 1),)}, "outputs[0]"),
        ({"outputs": (Output("share_count", 1, 0, base=0),)}, "outputs[0]"),
        ({"outputs": (Output("share_count", 1, 0, base=9),)}, "outputs[0]"),
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
        replace(PLAN, windows=(61, None)),
        replace(PLAN, measures=2),
        replace(PLAN, outputs=(Output("share_count", 0, 1),)),
        replace(PLAN, outputs=(Output("share_count", 0, 0, base=0),)),
        replace(PLAN, outputs=()),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)


def test_a_base_left_out_is_the_filter_of_all_leaves() -> None:
    named = replace(PLAN, outputs=(Output("share_count", 0, 0, base=1),))
    assert named.hash == PLAN.hash


def test_the_hash_of_a_plan_does_not_change_by_itself() -> None:
    assert PLAN.hash == "10ddb56488d27023ec245c6899e49ab909ce4f1bbc776d5a7e9a6e52ccaabeaa"
