"""Window variables by brute force: each from the list of its events, in plain Python integers.

Slow and plain on purpose. It shares no step with the compiled loops: no leaf cells, no nested
windows, no limbs. The two must agree in every bit.
"""

from __future__ import annotations

import math
from typing import Final

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
from tael.variables.plan.windows import Output, WindowPlan

_DAY: Final = 86_400


def answers(plan: WindowPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    return [answer(plan, events, output) for output in plan.outputs]


def answer(plan: WindowPlan, events: list[Event], output: Output) -> Answer:
    """Value and reason of one output."""
    mine = within(events, plan.filters[output.filter], plan.windows[output.window])
    if output.aggregate in {"share_count", "share_amount"}:
        base = _base(plan, events, output)
        return _compared(mine, base, -1 if output.aggregate == "share_count" else output.measure)
    if output.aggregate in {"velocity", "velocity_amount"}:
        longer = within(events, plan.filters[output.filter], plan.windows[output.window + 1])
        return _compared(mine, longer, -1 if output.aggregate == "velocity" else output.measure)
    if output.aggregate in {"n", "sum", "distinct"}:
        return float(_total(mine, output)), VALUE
    if not mine:
        return NOTHING
    if output.aggregate in {"days_since_last", "days_since_first", "gap_mean"}:
        return _timing([each.age_s for each in mine], output.aggregate)
    days = [each.age_s // _DAY for each in mine]
    return _amount(amounts(mine, output.measure), days, output.aggregate)


def _base(plan: WindowPlan, events: list[Event], output: Output) -> list[Event]:
    base = plan.base(output)
    if base is None:
        return []
    return within(events, plan.filters[base], plan.windows[output.window])


def _compared(mine: list[Event], whole: list[Event], measure: int) -> Answer:
    """The events' number (measure -1) or total to that of the events that they are part of."""
    if not whole:
        return NOTHING
    return part(sum(amounts(mine, measure)), sum(amounts(whole, measure)))


def _total(events: list[Event], output: Output) -> int:
    if output.aggregate == "n":
        return len(events)
    if output.aggregate == "distinct":
        return len({each.key for each in events})
    return sum(amounts(events, output.measure))


def _timing(ages: list[int], aggregate: str) -> Answer:
    if aggregate == "days_since_last":
        return min(ages) / 86400.0, VALUE
    if aggregate == "days_since_first":
        return max(ages) / 86400.0, VALUE
    if len(ages) == 1:
        return NO_ANSWER
    return float(max(ages) - min(ages)) / float(_DAY * (len(ages) - 1)), VALUE


def _amount(amounts: list[int], days: list[int], aggregate: str) -> Answer:
    if aggregate == "mean":
        return float(sum(amounts)) / float(len(amounts)), VALUE
    if aggregate == "min":
        return float(min(amounts)), VALUE
    if aggregate == "max":
        return float(max(amounts)), VALUE
    if aggregate == "last":
        return float(amounts[0]), VALUE
    if len(amounts) == 1:
        return NO_ANSWER
    return _trend(amounts, days) if aggregate == "slope" else _scatter(amounts, aggregate)


def _trend(amounts: list[int], days: list[int]) -> Answer:
    n = len(amounts)
    spread = n * sum(day * day for day in days) - sum(days) ** 2
    if spread == 0:
        return NO_ANSWER
    moment = sum(amount * day for amount, day in zip(amounts, days, strict=True))
    return float(sum(amounts) * sum(days) - n * moment) / float(spread), VALUE


def _scatter(amounts: list[int], aggregate: str) -> Answer:
    n, total = len(amounts), sum(amounts)
    squares = n * sum(amount * amount for amount in amounts) - total * total
    deviation = math.sqrt(float(squares) / float(n * (n - 1)))
    if aggregate == "std":
        return deviation, VALUE
    return (deviation / (float(abs(total)) / float(n)), VALUE) if total else NO_ANSWER
