"""Arithmetic on other variables, in plain Python.

    ratio = a / b     difference = a - b

An answer that a parent lacks is lacking here for the gravest reason of the parents: NO_SOURCE, then
NO_EVENT, then UNDEFINED, which also are a ratio to 0 and a result beyond the range of doubles. Zero
is 0.0, never -0.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from tael.variables.oracle.events import (
    NO_ANSWER,
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    Answer,
)
from tael.variables.plan.derived import DerivedOutput, DerivedPlan


def answers(plan: DerivedPlan, sheet: Sequence[Answer]) -> list[Answer]:
    """Value and reason of each output; ``sheet`` holds the answers of all columns before.

    An output may be made of one before it in the same plan.
    """
    grown = list(sheet)
    for output in plan.outputs:
        grown.append(answer(grown, output))
    return grown[len(sheet) :]


def answer(sheet: Sequence[Answer], output: DerivedOutput) -> Answer:
    """Value and reason of one output."""
    parents = [sheet[place] for place in (output.of, output.by) if place is not None]
    reasons = [reason for _, reason in parents]
    for reason in (NO_SOURCE, NO_EVENT, UNDEFINED):
        if reason in reasons:
            return math.nan, reason
    (one, _), (other, _) = parents
    if output.operation == "ratio" and other == 0.0:
        return NO_ANSWER
    result = one / other if output.operation == "ratio" else one - other
    return (result or 0.0, VALUE) if math.isfinite(result) else NO_ANSWER
