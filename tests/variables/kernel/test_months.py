"""Month variables: courses of 24 months as a table of totals, newest first; and their bounds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tael.variables.kernel.months import run
from tael.variables.kernel.sheet import (
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    make_sheet,
    row_hashes,
)
from tael.variables.packing.packed import Packed
from tael.variables.plan.months import AGGREGATES, EVENTS, MonthsOutput, MonthsPlan

DAY = 86_400
MONTH = 30 * DAY
ASOF = np.array([1_700_000_000])
SALE, REFUND, ANY = 0, 1, 2  # leaves, and filters
Pack, Pairs = Callable[..., Packed], Callable[..., list[list[tuple[float | None, int]]]]
NONE, UNKNOWN = (None, NO_EVENT), (None, UNDEFINED)
PLAN = MonthsPlan(
    leaves=2,
    filters=(frozenset({SALE}), frozenset({REFUND}), frozenset({SALE, REFUND})),
    measures=1,
    outputs=tuple(
        MonthsOutput(aggregate, number, measure)
        for aggregate in AGGREGATES
        for number in (ANY, SALE)
        for measure in (EVENTS, 0)
    ),
)
RISING = list(range(24, 0, -1))  # 24 in the newest month
ONE = [0, 0, 5]
DIP = [10, 4, 8, 20, 6]  # from 20 to 4, newer
LARGE = [10**12 - month % 2 for month in range(24)]

# what · totals, newest first, the others 0 · aggregate · value and reason
COURSES = [
    ("mean of all 24", RISING, "mean", (12.5, VALUE)),
    ("mean with empty months", ONE, "mean", (5 / 24, VALUE)),
    ("mean of a loss", [-48], "mean", (-2.0, VALUE)),
    ("std", RISING, "std", (statistics.stdev(RISING), VALUE)),
    ("std of the same", [3] * 24, "std", (0.0, VALUE)),
    ("std of nearly the same, in 128 bits", LARGE, "std", (math.sqrt(6 / 23), VALUE)),
    ("std to the limits", [10**12, -(10**12)], "std", (10**12 * math.sqrt(2 / 23), VALUE)),
    ("cv", RISING, "cv", (statistics.stdev(RISING) / 12.5, VALUE)),
    ("cv of losses is not negative", [-each for each in RISING], "cv",
     (statistics.stdev(RISING) / 12.5, VALUE)),
    ("cv of nothing", [5, -5], "cv", UNKNOWN),
    ("one more a month", RISING, "slope", (1.0, VALUE)),
    ("one less a month", RISING[::-1], "slope", (-1.0, VALUE)),
    ("the same each month: no -0.0", [3] * 24, "slope", (0.0, VALUE)),
    ("max", DIP, "max", (20.0, VALUE)),
    ("max of losses: the empty months", [-5], "max", (0.0, VALUE)),
    ("min: the empty months", DIP, "min", (0.0, VALUE)),
    ("min of losses", [3, -5, -2], "min", (-5.0, VALUE)),
    ("from 20 to 4", DIP, "drawdown", (0.8, VALUE)),
    ("rising: no fall", RISING, "drawdown", (0.0, VALUE)),
    ("to nothing", ONE, "drawdown", (1.0, VALUE)),
    ("below nothing", [-5, 10], "drawdown", (1.5, VALUE)),
    ("a small peak falls deeper", [1, 4, 50, 100], "drawdown", (0.99, VALUE)),
    ("a fall before the peak does not count", [9, 8, 1, 2], "drawdown", (0.5, VALUE)),
    ("only losses", [-5, -3], "drawdown", UNKNOWN),
    ("amounts of nothing", [5, 0], "zero_months", (23.0, VALUE)),
    ("no zero month", RISING, "zero_months", (0.0, VALUE)),
    ("no zero run", RISING, "longest_zero_run", (0.0, VALUE)),
    ("two runs", [0, 0, 5, *[0] * 9, *[1] * 12], "longest_zero_run", (9.0, VALUE)),
    ("the run to the end", ONE, "longest_zero_run", (21.0, VALUE)),
    ("last 3", [1, 2, 3, 2, 1, 0], "last3_to_prev3", (2.0, VALUE)),
    ("nothing before", [1, 2, 3], "last3_to_prev3", UNKNOWN),
    ("nothing now, a loss before: no -0.0", [0, 0, 0, -4], "last3_to_prev3", (0.0, VALUE)),
    ("3 of 12", [1] * 24, "last3_to_last12", (0.25, VALUE)),
    ("nothing in 12", [0] * 12 + [7], "last3_to_last12", UNKNOWN),
    ("the peak", DIP, "months_since_peak", (3.0, VALUE)),
    ("the newer of two", [1, 7, 3, 7], "months_since_peak", (1.0, VALUE)),
    ("losses: the newest empty month", [-1, -2], "months_since_peak", (2.0, VALUE)),
]  # fmt: skip


def course(totals: list[int]) -> list[tuple]:
    return [(month * MONTH + DAY, SALE, total, 1) for month, total in enumerate(totals) if total]


def read(output: MonthsOutput, packed: Packed, pairs: Pairs) -> tuple[float | None, int]:
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, packed, ASOF, 0, sheet)
    return pairs(sheet)[0][PLAN.outputs.index(output)]


@pytest.mark.parametrize(
    ("totals", "aggregate", "expected"),
    [pytest.param(*case[1:], id=case[0]) for case in COURSES],
)
def test_each_course_has_its_value_and_reason(
    totals: list[int],
    aggregate: str,
    expected: tuple[float | None, int],
    pack: Pack,
    pairs: Pairs,
) -> None:
    value, reason = read(MonthsOutput(aggregate, SALE), pack(course(totals)), pairs)
    assert (value, reason) == (pytest.approx(expected[0], rel=1e-15), expected[1])
    assert value is None or math.copysign(1, value) == 1 or value < 0


# what · events · aggregate · filter · measure · value and reason
CASES = [
    ("none: the mean", [], "mean", SALE, 0, NONE),
    ("none: drawdown", [], "drawdown", SALE, 0, NONE),
    ("none: zero months", [], "zero_months", SALE, 0, (24.0, VALUE)),
    ("none: zero run", [], "longest_zero_run", SALE, EVENTS, (24.0, VALUE)),
    ("none of these", [(DAY, REFUND, 5, 1)], "max", SALE, 0, NONE),
    ("but of all", [(DAY, REFUND, 5, 1)], "max", ANY, 0, (5.0, VALUE)),
    ("events of no amount are events", [(DAY, SALE, 0, 1)], "mean", SALE, 0, (0.0, VALUE)),
    ("counted", [(DAY, SALE, 0, 1), (DAY, REFUND, 5, 1)], "max", ANY, EVENTS, (2.0, VALUE)),
    ("amounts that cancel", [(DAY, SALE, 5, 1), (DAY, SALE, -5, 1)], "zero_months", SALE, 0,
     (24.0, VALUE)),
    ("but events in that month", [(DAY, SALE, 5, 1), (DAY, SALE, -5, 1)], "zero_months", SALE,
     EVENTS, (23.0, VALUE)),
    ("a second before as-of: the newest month", [(1, SALE, 5, 1)], "months_since_peak", SALE, 0,
     (0.0, VALUE)),
    ("at as-of it is out", [(0, SALE, 5, 1)], "max", SALE, 0, NONE),
    ("the left end of the newest month", [(MONTH, SALE, 5, 1)], "months_since_peak", SALE, 0,
     (0.0, VALUE)),
    ("a second more: the second", [(MONTH + 1, SALE, 5, 1)], "months_since_peak", SALE, 0,
     (1.0, VALUE)),
    ("the left end of all", [(24 * MONTH, SALE, 5, 1)], "months_since_peak", SALE, 0,
     (23.0, VALUE)),
    ("a second more: not looked at", [(24 * MONTH + 1, SALE, 5, 1)], "max", SALE, 0, NONE),
    ("nor is its month", [(24 * MONTH + 1, SALE, 5, 1)], "zero_months", SALE, 0, (24.0, VALUE)),
    ("known at as-of", [(DAY, SALE, 5, 1, 0)], "max", SALE, 0, (5.0, VALUE)),
    ("not yet known", [(DAY, SALE, 5, 1, -1)], "max", SALE, 0, NONE),
    ("replaced", [(DAY, SALE, 5, 1, DAY, 9), (DAY, SALE, 7, 1, 9)], "max", SALE, 0, (7.0, VALUE)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "output", "expected"),
    [pytest.param(case[1], MonthsOutput(*case[2:5]), case[5], id=case[0]) for case in CASES],
)
def test_each_case_has_its_value_and_reason(
    rows: list[tuple],
    output: MonthsOutput,
    expected: tuple[float | None, int],
    pack: Pack,
    pairs: Pairs,
) -> None:
    assert read(output, pack(rows), pairs) == expected


def test_a_section_writes_its_own_columns_and_one_borrower_may_lack_the_source(
    pack: Pack, pairs: Pairs
) -> None:
    plan = replace(PLAN, outputs=(MonthsOutput("max", SALE), MonthsOutput("min", SALE, EVENTS)))
    sheet = make_sheet(3, 4)
    sheet.values[:], sheet.reasons[:] = 7.0, 9
    packed = pack(course(RISING), None, course(ONE))
    run(plan, packed, np.repeat(ASOF, 3), 0, sheet.at(1))
    parts = [
        [(24.0, VALUE), (1.0, VALUE)],
        [(None, NO_SOURCE), (None, NO_SOURCE)],
        [(5.0, VALUE), (0.0, VALUE)],
    ]
    assert pairs(sheet) == [[(7.0, 9), *part, (7.0, 9)] for part in parts]


def test_no_bit_changes_without_a_new_version_of_the_kernel(pack: Pack) -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [(9 * day * DAY + 7 * day, day % 2, 10**9 - day**5, day % 11) for day in range(1, 80)]
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert row_hashes(PLAN.hash, sheet) == [
        "5032efe579c8845c4c08a8e4f6f13beba81866cf2838e79fa1b32bd436b7286f"
    ]
