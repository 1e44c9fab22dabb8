"""The course of 24 months, by brute force in plain Python integers.

Block i of 24 is [as-of - 30·(i + 1) days, as-of - 30·i days), so S₀ is the newest total. With
ΣS over all blocks, Σi = 276 and Σi² = 4324:

    mean   ΣS / 24
    std    √((24·ΣS² - (ΣS)²) / 552)                    552 = 24 · 23
    cv     std / (|ΣS| / 24)                            UNDEFINED if ΣS = 0
    slope  (ΣS·Σi - 24·Σ(i·S)) / (24·Σi² - (Σi)²)       a month, rising towards the as-of
    max, min, zero_months (blocks of S = 0), longest_zero_run (the longest run of these)
    drawdown  the largest (peak - low) / peak of a peak > 0 and a newer low, at least 0.0;
              UNDEFINED if no S > 0
    last3_to_prev3, last3_to_last12   S₀…S₂ to S₃…S₅, and to S₀…S₁₁; UNDEFINED if that is 0
    months_since_peak   the least i whose S is the largest

Whole numbers are exact and converted once. Without an event in the 24 blocks all is NO_EVENT but
zero_months and longest_zero_run, which are 24.
"""

from __future__ import annotations

import math
from itertools import groupby
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
from tael.variables.plan.months import MonthsOutput, MonthsPlan

_MONTHS: Final = 24
_MONTH_S: Final = 30 * 86_400


def answers(plan: MonthsPlan, packed: Packed, borrower: int, asof: int) -> list[Answer]:
    """Value and reason of each output for one borrower as of an instant in UTC seconds."""
    events = visible(packed, borrower, asof)
    if events is None:
        return [ABSENT] * len(plan.outputs)
    return [answer(plan, events, output) for output in plan.outputs]


def answer(plan: MonthsPlan, events: list[Event], output: MonthsOutput) -> Answer:
    """Value and reason of one output."""
    mine = within(events, plan.filters[output.filter], _MONTHS * _MONTH_S)
    totals = [0] * _MONTHS
    for event, amount in zip(mine, amounts(mine, output.measure), strict=True):
        # An event right at the older end of a block, an age of 30 days, still is in it.
        totals[(event.age_s - 1) // _MONTH_S] += amount
    if output.aggregate == "zero_months":
        return float(totals.count(0)), VALUE
    if output.aggregate == "longest_zero_run":
        return float(_longest_run_of_zero(totals)), VALUE
    return _series(totals, output.aggregate) if mine else NOTHING


def _longest_run_of_zero(totals: list[int]) -> int:
    runs = groupby(totals, key=lambda total: total == 0)
    return max((len(list(run)) for zero, run in runs if zero), default=0)


def _series(totals: list[int], aggregate: str) -> Answer:  # noqa: PLR0911 - a line each
    if aggregate == "mean":
        return float(sum(totals)) / 24.0, VALUE
    if aggregate == "max":
        return float(max(totals)), VALUE
    if aggregate == "min":
        return float(min(totals)), VALUE
    if aggregate == "months_since_peak":
        return float(totals.index(max(totals))), VALUE
    if aggregate == "slope":
        return _slope(totals), VALUE
    if aggregate == "drawdown":
        return _drawdown(totals)
    if aggregate == "last3_to_prev3":
        return part(sum(totals[:3]), sum(totals[3:6]))
    if aggregate == "last3_to_last12":
        return part(sum(totals[:3]), sum(totals[:12]))
    return _scatter(totals, aggregate)


def _slope(totals: list[int]) -> float:
    places = range(_MONTHS)
    moment = sum(place * total for place, total in enumerate(totals))
    spread = _MONTHS * sum(place * place for place in places) - sum(places) ** 2
    return float(sum(totals) * sum(places) - _MONTHS * moment) / float(spread)


def _drawdown(totals: list[int]) -> Answer:
    if max(totals) <= 0:
        return NO_ANSWER
    falls = [
        float(peak - low) / float(peak)
        for place, peak in enumerate(totals)
        if peak > 0
        for low in totals[:place]
    ]
    return max([0.0, *falls]), VALUE


def _scatter(totals: list[int], aggregate: str) -> Answer:
    whole = sum(totals)
    squares = _MONTHS * sum(total * total for total in totals) - whole * whole
    deviation = math.sqrt(float(squares) / 552.0)
    if aggregate == "std":
        return deviation, VALUE
    return (deviation / (float(abs(whole)) / 24.0), VALUE) if whole else NO_ANSWER
