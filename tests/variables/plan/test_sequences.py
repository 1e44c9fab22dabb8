"""Plans of sequence variables: what is refused when they are made, and their hash."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tael.kernel import BadInput
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan

ONE, TWO, ALL = frozenset({1}), frozenset({2}), frozenset({0, 1, 2})
PLAN = SequencesPlan(
    3, (ALL, ONE), (ONE | TWO, TWO), ((ONE, TWO), ()), (SequencesOutput("since_worst", 0, 0),)
)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaves": 0}, "leaves"),
        ({"filters": ()}, "filters"),
        ({"filters": (ALL, frozenset({3}))}, "filters[1]"),
        ({"hits": ()}, "hits"),
        ({"hits": (ONE | TWO, frozenset())}, "hits[1]"),
        ({"worst": ((ONE, TWO),)}, "worst"),
        ({"worst": ((ONE,), ())}, "worst[0]"),
        ({"worst": ((ONE, TWO, frozenset()), ())}, "worst[0]"),
        ({"worst": ((ONE, TWO), (TWO, TWO))}, "worst[1]"),
        ({"worst": ((ONE, TWO), (ONE,))}, "worst[1]"),
        ({"outputs": (SequencesOutput("median", 0, 0),)}, "outputs[0]"),
        ({"outputs": (SequencesOutput("longest", 2, 0),)}, "outputs[0]"),
        ({"outputs": (SequencesOutput("longest", 0, 2),)}, "outputs[0]"),
        ({"outputs": (SequencesOutput("since_worst", 0, 1),)}, "outputs[0]"),
    ],
)
def test_what_cannot_be_computed_is_refused_when_the_plan_is_made(change: dict, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        replace(PLAN, **change)
    assert caught.value.field == field


def test_every_part_of_a_plan_is_in_its_hash() -> None:
    plans = [
        PLAN,
        replace(PLAN, leaves=4),
        replace(PLAN, filters=(ALL,)),
        replace(PLAN, hits=(ONE | TWO, ALL)),
        replace(PLAN, worst=((TWO, ONE), ())),
        replace(PLAN, worst=((ONE, TWO), (TWO,))),
        replace(PLAN, outputs=(SequencesOutput("since_worst", 1, 0),)),
        replace(PLAN, outputs=(SequencesOutput("since_last", 0, 0),)),
    ]
    assert len({plan.hash for plan in plans}) == len(plans)
