"""Window variables by brute force: each from the list of its events, in plain Python integers.

Slow and plain on purpose. It shares no step with the compiled loops: no leaf cells, no nested
windows, no limbs. The two must agree in every bit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from tael.variables.packing.packed import Packed
from tael.variables.plan.windows import Output, WindowPlan

VALUE: Final = 0
NO_SOURCE: Final = 1
NO_EVENT: Final = 2
UNDEFINED: Final = 3
_DAY: Final = 86_400

Answer = tuple[float, int]
NOTHING: Final[Answer] = (math.nan, NO_EVENT)
NO_ANSWER: Final[Answer] = (math.nan, UNDEFINED)


@dataclass(frozen=True, slots=True)
class Event:
    """A visible event: age in seconds, leaf, amounts, key."""

    age_s: int
    leaf: int
    amounts: tuple[int, ...]
    key: int


def answers(plan: WindowPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    if not packed.present[borrower]:
        return [(math.nan, NO_SOURCE)] * len(plan.outputs)
    events = visible(packed, borrower, asof)
    return [answer(plan, events, output) for output in plan.outputs]


def visible(packed: Packed, borrower: int, asof: int) -> list[Event]:
    """The events that had happened, were known and not yet replaced; newest first."""
    found = []
    for place in range(int(packed.offsets[borrower]), int(packed.offsets[borrower + 1])):
        time = int(packed.time[place])
        known = int(packed.visible_from[place]) <= asof < int(packed.visible_to[place])
        if known and time < asof:
            amounts = tuple(int(amount) for amount in packed.measures[:, place])
            leaf, key = int(packed.leaf[place]), int(packed.key[place])
            found.append(Event(asof - time, leaf, amounts, key))
    return found


def answer(  # noqa: PLR0911 - a line a family
    plan: WindowPlan, events: list[Event], output: Output
) -> Answer:
    """Value and reason of one output."""
    mine = _within(plan, events, output.filter, output.window)
    if output.aggregate == "share_count":
        base = _base(plan, events, output)
        return _part(len(mine), len(base), base)
    if output.aggregate == "share_amount":
        base = _base(plan, events, output)
        parts, whole = _amounts(mine, output), _amounts(base, output)
        return _part(sum(parts), sum(whole), base)
    if output.aggregate == "velocity":
        longer = _within(plan, events, output.filter, output.window + 1)
        return _part(len(mine), len(longer), longer)
    if output.aggregate in {"n", "sum", "distinct"}:
        return float(_total(mine, output)), VALUE
    if not mine:
        return NOTHING
    if output.aggregate in {"days_since_last", "days_since_first", "gap_mean"}:
        return _timing([each.age_s for each in mine], output.aggregate)
    days = [each.age_s // _DAY for each in mine]
    return _amount(_amounts(mine, output), days, output.aggregate)


def _within(plan: WindowPlan, events: list[Event], number: int, window: int) -> list[Event]:
    leaves, seconds = plan.filters[number], plan.windows[window]
    return [
        each
        for each in events
        if each.leaf in leaves and (seconds is None or each.age_s <= seconds)
    ]


def _base(plan: WindowPlan, events: list[Event], output: Output) -> list[Event]:
    base = plan.base(output)
    return [] if base is None else _within(plan, events, base, output.window)


def _amounts(events: list[Event], output: Output) -> list[int]:
    return [each.amounts[output.measure] for each in events]


def _total(events: list[Event], output: Output) -> int:
    if output.aggregate == "n":
        return len(events)
    if output.aggregate == "distinct":
        return len({each.key for each in events})
    return sum(_amounts(events, output))


def _part(part: int, whole: int, events: list[Event]) -> Answer:
    if not events:
        return NOTHING
    if whole == 0:
        return NO_ANSWER
    return (float(part) / float(whole) if part else 0.0), VALUE


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
