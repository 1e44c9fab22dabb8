"""Plans of concentration variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.concentration import EVENTS, ConcentrationPlan
from tael.variables.plan.windows import Output

PLAN = ConcentrationPlan(2, (frozenset({0}),), (60, None), 1, (Output("hhi", 0, 0),))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"filters": ()}, "filters"),
        ({"filters": (frozenset({2}),)}, "filters[0]"),
        ({"windows": ()}, "windows"),
        ({"windows": (60, 60)}, "windows"),
        ({"windows": (None, 60)}, "windows"),
        ({"outputs": (Output("share_count", 0, 0),)}, "outputs[0]"),
        ({"outputs": (Output("hhi", 1, 0),)}, "outputs[0]"),
        ({"outputs": (Output("hhi", 0, 2),)}, "outputs[0]"),
        ({"outputs": (Output("hhi", 0, -1),)}, "outputs[0]"),
        ({"outputs": (Output("hhi", 0, 0), Output("hhi", 0, 0, 1))}, "outputs[1]"),
        ({"outputs": (Output("hhi", 0, 0, -2),)}, "outputs[0]"),
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
        replace(PLAN, filters=(frozenset({1}),)),
        replace(PLAN, windows=(61, None)),
        replace(PLAN, measures=2),
        replace(PLAN, outputs=(Output("top1_share", 0, 0),)),
        replace(PLAN, outputs=(Output("hhi", 0, 1),)),
        replace(PLAN, outputs=(Output("hhi", 0, 0, EVENTS),)),
        replace(PLAN, outputs=()),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)
    assert [plan.width for plan in plans] == [1] * 8 + [0]


def test_the_hash_of_a_plan_does_not_change_by_itself() -> None:
    assert PLAN.hash == "53a58c838905b455ea81afc1e97a9e0a9f3cd06db9f90e464945febb46a33105"
