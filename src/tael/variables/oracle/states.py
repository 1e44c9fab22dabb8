"""How things stand now, by brute force in plain Python integers.

The newest visible event of each key says how that key stands (a source without keys: each event
stands for itself). Of the keys that stand in a filter:

    n, sum, max     how many, the total, the largest of a measure
    share_count     n / n of the base filter
    share_amount    sum / sum of the base filter
    ratio           sum / sum of another measure

NO_EVENT where there is nothing to divide by or to choose from, UNDEFINED where that adds up to 0.
"""

from __future__ import annotations

from tael.variables.oracle.events import (
    ABSENT,
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
from tael.variables.plan.states import StatesOutput, StatesPlan


def answers(plan: StatesPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    states = standing(plan, events)
    return [answer(plan, states, output) for output in plan.outputs]


def standing(plan: StatesPlan, events: list[Event]) -> list[Event]:
    """The newest event of each key; each event, where there are no keys."""
    if not plan.keyed:
        return events
    newest: dict[int, Event] = {}
    for event in events:
        newest.setdefault(event.key, event)
    return list(newest.values())


def answer(plan: StatesPlan, states: list[Event], output: StatesOutput) -> Answer:
    """Value and reason of one output."""
    mine = within(states, plan.filters[output.filter])
    if output.aggregate in {"share_count", "share_amount"}:
        base = plan.base(output)
        whole = [] if base is None else within(states, plan.filters[base])
        measure = -1 if output.aggregate == "share_count" else output.measure
        return part(sum(amounts(mine, measure)), sum(amounts(whole, measure))) if whole else NOTHING
    if output.aggregate == "n":
        return float(len(mine)), VALUE
    if output.aggregate == "sum":
        return float(sum(amounts(mine, output.measure))), VALUE
    if not mine:
        return NOTHING
    if output.aggregate == "max":
        return float(max(amounts(mine, output.measure))), VALUE
    return part(sum(amounts(mine, output.measure)), sum(amounts(mine, output.by)))
