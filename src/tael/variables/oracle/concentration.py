"""How much of a total falls to few keys, by brute force in plain Python integers.

T is the total of the weight over the events of one key; keys with T ≤ 0 are left out and W = ΣT:

    top1_share = max T / W     top5_share = the five largest T / W     hhi = ΣT² / (W · W)

each part converted once, then divided. No event: NO_EVENT; W = 0: UNDEFINED.
"""

from __future__ import annotations

from collections import Counter

from tael.variables.oracle.events import (
    ABSENT,
    NO_ANSWER,
    NOTHING,
    VALUE,
    Answer,
    Event,
    amounts,
    part,
    visible,
    within,
)
from tael.variables.packing.packed import Packed
from tael.variables.plan.concentration import ConcentrationPlan
from tael.variables.plan.windows import Output

_LARGEST = {"top1_share": 1, "top5_share": 5}


def answers(plan: ConcentrationPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    return [answer(plan, events, output) for output in plan.outputs]


def answer(plan: ConcentrationPlan, events: list[Event], output: Output) -> Answer:
    """Value and reason of one output."""
    mine = within(events, plan.filters[output.filter], plan.windows[output.window])
    if not mine:
        return NOTHING
    totals: Counter[int] = Counter()
    for event, weight in zip(mine, amounts(mine, output.measure), strict=True):
        totals[event.key] += weight
    falling = sorted((total for total in totals.values() if total > 0), reverse=True)
    whole = sum(falling)
    if output.aggregate in _LARGEST:
        return part(sum(falling[: _LARGEST[output.aggregate]]), whole)
    if whole == 0:
        return NO_ANSWER
    return float(sum(total * total for total in falling)) / (float(whole) * float(whole)), VALUE
