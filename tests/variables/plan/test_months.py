"""Plans of month variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.months import EVENTS, MonthsOutput, MonthsPlan

PLAN = MonthsPlan(2, (frozenset({0}),), 1, (MonthsOutput("slope", 0),))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"filters": ()}, "filters"),
        ({"filters": (frozenset({0}), frozenset())}, "filters[1]"),
        ({"outputs": (MonthsOutput("last", 0),)}, "outputs[0]"),
        ({"outputs": (MonthsOutput("slope", 1),)}, "outputs[0]"),
        ({"outputs": (MonthsOutput("slope", 0), MonthsOutput("slope", 0, 1))}, "outputs[1]"),
        ({"outputs": (MonthsOutput("slope", 0, -2),)}, "outputs[0]"),
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
        replace(PLAN, measures=2),
        replace(PLAN, outputs=(MonthsOutput("cv", 0),)),
        replace(PLAN, outputs=(MonthsOutput("slope", 0, EVENTS),)),
        replace(PLAN, outputs=()),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)
    assert [plan.width for plan in plans] == [1] * 6 + [0]


def test_the_hash_of_a_plan_does_not_change_by_itself() -> None:
    assert PLAN.hash == "a5d78c9973cf9c46d43018127419e32b114f352a1cbebbfe271eacb60cca0385"
