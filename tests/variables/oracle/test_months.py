"""The course of 24 months: cases reckoned by hand."""

from __future__ import annotations

import math

import pytest

from tael.variables.oracle.events import Event
from tael.variables.oracle.months import answer
from tael.variables.plan.months import MonthsOutput, MonthsPlan

MONTH = 30 * 86_400
NAN = math.nan
PLAN = MonthsPlan(1, (frozenset({0}),), 1, ())
EVEN = [6] * 24
RISING = list(range(24, 0, -1))  # the newest month first
# what · total of each month, the newest first · aggregate · value · reason
CASES = [
    ("mean", [12, 0, 36], "mean", 2.0, 0),
    ("mean of losses", [12, -60], "mean", -2.0, 0),
    ("no spread", EVEN, "std", 0.0, 0),
    # A sum of 24 and of squares 24²: (24·24² - 24²) / (24·23) = 24.
    ("spread of one month", [24], "std", math.sqrt(24.0), 0),
    ("spread to the mean", [24], "cv", math.sqrt(24.0), 0),
    ("spread to a loss", [-24], "cv", math.sqrt(24.0), 0),
    ("spread to nothing", [5, -5], "cv", NAN, 3),
    ("one more each month", RISING, "slope", 1.0, 0),
    ("one less each month", RISING[::-1], "slope", -1.0, 0),
    ("no slope", EVEN, "slope", 0.0, 0),
    ("highest", [1, 9, 4], "max", 9.0, 0),
    ("lowest of few is none", [1, 9, 4], "min", 0.0, 0),
    ("all lost", [-1] * 24, "max", -1.0, 0),
    ("fall from the peak", [4, 2, 8, 9, *[9] * 20], "drawdown", 7 / 9, 0),
    ("a fall before the rise", [9, 2, 3, *[3] * 21], "drawdown", 1 / 3, 0),
    ("no fall", RISING, "drawdown", 0.0, 0),
    ("a fall below zero", [-4, 8, *[8] * 22], "drawdown", 1.5, 0),
    ("up from a loss is no fall", [8, -4], "drawdown", 0.0, 0),
    ("the newest month is the peak", [8], "drawdown", 0.0, 0),
    ("nothing to fall from", [-4, -8], "drawdown", NAN, 3),
    ("months of nothing", [5, 0, 0, 7], "zero_months", 22.0, 0),
    ("the longest run of them", [5, 0, 0, 7, *[1] * 15, 0], "longest_zero_run", 5.0, 0),
    ("a run at the newest end", [0, 0, 0, *[1] * 19, 0], "longest_zero_run", 3.0, 0),
    ("none", EVEN, "longest_zero_run", 0.0, 0),
    ("three to three", [1, 2, 3, 4, 4, 4], "last3_to_prev3", 0.5, 0),
    ("three to none", [1, 2, 3, 4, -4], "last3_to_prev3", NAN, 3),
    ("none to three", [0, 0, 0, -4], "last3_to_prev3", 0.0, 0),
    ("three to twelve", [1, 2, 3, *[2] * 9], "last3_to_last12", 0.25, 0),
    ("three to none of twelve", [0] * 12 + [7], "last3_to_last12", NAN, 3),
    ("the newer of two peaks", [1, 9, 4, 9], "months_since_peak", 1.0, 0),
    ("nothing is above a loss", [-1, -2], "months_since_peak", 2.0, 0),
    ("no event: mean", [], "mean", NAN, 2),
    ("no event: drawdown", [], "drawdown", NAN, 2),
    ("no event: ratio", [], "last3_to_prev3", NAN, 2),
    ("no event: months of nothing", [], "zero_months", 24.0, 0),
    ("no event: their run", [], "longest_zero_run", 24.0, 0),
]


@pytest.mark.parametrize(("what", "totals", "aggregate", "value", "reason"), CASES)
def test_courses_are_as_reckoned_by_hand(
    what: str, totals: list[int], aggregate: str, value: float, reason: int
) -> None:
    events = [Event(MONTH * at + 1, 0, (total,), 0) for at, total in enumerate(totals) if total]
    found, why = answer(PLAN, events, MonthsOutput(aggregate, 0, 0))
    assert why == reason, what
    assert found.hex() == value.hex(), what


@pytest.mark.parametrize(
    ("age", "month"), [(1, 0), (MONTH, 0), (MONTH + 1, 1), (2 * MONTH, 1), (24 * MONTH, 23)]
)
def test_a_block_holds_its_older_end(age: int, month: int) -> None:
    events = [Event(age, 0, (5,), 0)]
    assert answer(PLAN, events, MonthsOutput("months_since_peak", 0, 0)) == (float(month), 0)


def test_what_is_older_than_24_months_is_not_looked_at() -> None:
    events = [Event(24 * MONTH + 1, 0, (5,), 0)]
    assert answer(PLAN, events, MonthsOutput("mean", 0, 0))[1] == 2
    assert answer(PLAN, events, MonthsOutput("zero_months", 0, 0)) == (24.0, 0)


def test_amounts_of_one_month_add_up_and_events_are_counted() -> None:
    events = [Event(1, 0, (5,), 0), Event(9, 0, (-5,), 0)]
    assert answer(PLAN, events, MonthsOutput("max", 0, 0)) == (0.0, 0)
    assert answer(PLAN, events, MonthsOutput("max", 0, -1)) == (2.0, 0)
