"""Arithmetic on other variables: cases reckoned by hand."""

from __future__ import annotations

import math

import pytest

from tael.variables.oracle.derived import answers
from tael.variables.oracle.events import ABSENT, NO_ANSWER, NOTHING, Answer
from tael.variables.plan.derived import DerivedOutput, DerivedPlan

NAN = math.nan
# operation · one · other · value · reason
CASES = [
    ("ratio", (3.0, 0), (4.0, 0), 0.75, 0),
    ("difference", (3.0, 0), (4.0, 0), -1.0, 0),
    ("ratio", (3.0, 0), (-4.0, 0), -0.75, 0),
    ("ratio", (3.0, 0), (0.0, 0), NAN, 3),
    ("ratio", (0.0, 0), (0.0, 0), NAN, 3),
    ("ratio", (0.0, 0), (-4.0, 0), 0.0, 0),
    ("difference", (4.0, 0), (4.0, 0), 0.0, 0),
    ("ratio", (1e300, 0), (1e-300, 0), NAN, 3),
    ("ratio", NOTHING, (4.0, 0), NAN, 2),
    ("ratio", NOTHING, (0.0, 0), NAN, 2),
    ("difference", (3.0, 0), NO_ANSWER, NAN, 3),
    ("difference", NOTHING, NO_ANSWER, NAN, 2),
    ("difference", NO_ANSWER, NOTHING, NAN, 2),
    ("ratio", NO_ANSWER, ABSENT, NAN, 1),
    ("ratio", ABSENT, NOTHING, NAN, 1),
]


@pytest.mark.parametrize(("operation", "one", "other", "value", "reason"), CASES)
def test_arithmetic_is_as_reckoned_by_hand(
    operation: str, one: Answer, other: Answer, value: float, reason: int
) -> None:
    plan = DerivedPlan((DerivedOutput(operation, 2, 1),))
    ((found, why),) = answers(plan, [ABSENT, other, one])
    assert why == reason
    assert found.hex() == value.hex()


def test_what_is_made_of_others_may_be_made_of_again() -> None:
    twice = (DerivedOutput("difference", 0, 1), DerivedOutput("ratio", 2, 1))
    assert answers(DerivedPlan(twice), [(9.0, 0), (3.0, 0)]) == [(6.0, 0), (2.0, 0)]
