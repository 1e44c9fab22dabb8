"""A balance as a step function of time, by brute force in plain Python integers.

A balance stands from its event to the next newer event of the filter, the newest one to the as-of.
Of each, the seconds within the window [as-of - w, as-of) count (w = None: all of them):

    mean        Σ(balance · seconds) / Σ seconds, each sum converted once
    min, max    over the balances that stand for more than no time
    last        the newest balance
    days_below  seconds with balance < below, in days of 86,400 s

No event before the as-of: days_below is 0, all else NO_EVENT.
"""

from __future__ import annotations

from typing import NamedTuple

from tael.variables.oracle.events import (
    ABSENT,
    NOTHING,
    VALUE,
    Answer,
    Event,
    part,
    visible,
    within,
)
from tael.variables.packing.packed import Packed
from tael.variables.plan.balances import BalancesOutput, BalancesPlan


class Stand(NamedTuple):
    """A balance and for how long it stood within the window."""

    balance: int
    seconds: int


def answers(plan: BalancesPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    return [answer(plan, events, output) for output in plan.outputs]


def answer(plan: BalancesPlan, events: list[Event], output: BalancesOutput) -> Answer:
    """Value and reason of one output."""
    mine = within(events, plan.filters[output.filter])
    stands = _stands(mine, output.measure, plan.windows[output.window])
    if output.aggregate == "days_below":
        below = sum(each.seconds for each in stands if each.balance < output.below)
        return float(below) / 86400.0, VALUE
    if not stands:
        return NOTHING
    if output.aggregate == "last":
        return float(mine[0].amounts[output.measure]), VALUE
    if output.aggregate == "mean":
        weighted = sum(each.balance * each.seconds for each in stands)
        return part(weighted, sum(each.seconds for each in stands))
    balances = [each.balance for each in stands]
    return float(min(balances) if output.aggregate == "min" else max(balances)), VALUE


def _stands(events: list[Event], measure: int, window: int | None) -> list[Stand]:
    """Balances that stood within the window for more than no time, newest first."""
    found, until = [], 0
    for event in events:
        since = event.age_s if window is None else min(event.age_s, window)
        if since > until:
            found.append(Stand(event.amounts[measure], since - until))
            until = since
    return found
