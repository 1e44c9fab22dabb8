"""Plans of derived variables: what is refused when they are made, and their hash."""

from __future__ import annotations

import pytest

from tael.kernel import BadInput
from tael.variables.plan.derived import DerivedOutput, DerivedPlan


@pytest.mark.parametrize(
    "output",
    [
        DerivedOutput("percentile", 0, None),
        DerivedOutput("ratio", 0, None),
        DerivedOutput("ratio", -1, 0),
        DerivedOutput("difference", 0, -1),
    ],
)
def test_what_cannot_be_computed_is_refused_when_the_plan_is_made(output: DerivedOutput) -> None:
    with pytest.raises(BadInput) as caught:
        DerivedPlan((DerivedOutput("ratio", 0, 1), output))
    assert caught.value.field == "outputs[1]"


def test_every_part_of_a_plan_is_in_its_hash() -> None:
    outputs = [
        (),
        (DerivedOutput("ratio", 0, 1),),
        (DerivedOutput("ratio", 1, 0),),
        (DerivedOutput("ratio", 0, 2),),
        (DerivedOutput("difference", 0, 1),),
        (DerivedOutput("ratio", 0, 1), DerivedOutput("ratio", 0, 1)),
    ]
    assert len({DerivedPlan(each).hash for each in outputs}) == len(outputs)
