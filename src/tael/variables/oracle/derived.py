"""Arithmetic on other variables, in plain Python.

    ratio = a / b     difference = a - b

An answer that a parent lacks is lacking here for the gravest reason of the parents: NO_SOURCE, then
NO_EVENT, then UNDEFINED, which also is a ratio to 0. Zero is 0.0, never -0.0.
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
    """Value and reason of each output; ``sheet`` holds the answers of the columns before."""
    return [answer(sheet, output) for output in plan.outputs]


def answer(sheet: Sequence[Answer], output: DerivedOutput) -> Answer:
    """Value and reason of one output."""
    parents = [sheet[place] for place in (output.of, output.by) if place is not None]
    reasons = [reason for _, reason in parents]
    for reason in (NO_SOURCE, NO_EVENT, UNDEFINED):
        if reason in reasons:
            return math.nan, reason
    (one, _), (other, _) = parents
    if output.operation == "difference":
        return (one - other or 0.0), VALUE
    if other == 0.0:
        return NO_ANSWER
    return (one / other or 0.0), VALUE
