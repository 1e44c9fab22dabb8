"""Window variables: boundary cases as a table, and what is refused."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.sheet import Sheet, make_sheet, row_hashes
from tael.variables.kernel.windows import run
from tael.variables.oracle.windows import answers
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify
from tael.variables.plan.windows import AGGREGATES, VELOCITIES, Output, WindowPlan

DAY = 86_400
ASOF = 1_700_000_000
WEEK, MONTH, ALL = 0, 1, 2
RENT, WAGE, ANY = 0, 1, 2
NAN = math.nan
OUTPUTS = tuple(
    Output(aggregate, number, window)
    for number in range(3)
    for window in range(3)
    for aggregate in AGGREGATES
    if not (aggregate in VELOCITIES and window == ALL)
)
PLAN = WindowPlan(
    leaves=2,
    filters=(frozenset({0}), frozenset({1}), frozenset({0, 1})),
    windows=(7 * DAY, 30 * DAY, None),
    measures=1,
    outputs=OUTPUTS,
)
# age in seconds, leaf, amount, key; known a second after it happened, for ever, if not said else
Row = tuple[int, ...]
HUGE = 10**12


def packed(rows: list[Row], *, present: bool = True) -> Packed:
    """Events of one borrower; a row may go on with the ages at which it came to be and ceased."""
    times = np.array([ASOF - row[0] for row in rows], np.int64)
    known = np.array([ASOF - row[4] if len(row) > 4 else ASOF - row[0] for row in rows], np.int64)
    until = np.array([ASOF - row[5] if len(row) > 5 else FOREVER for row in rows], np.int64)
    size = len(rows)
    order = sort_order(np.zeros(size, np.int64), times, known, np.arange(size))
    made = Packed(
        offsets=np.array([0, size], np.int64),
        time=times[order],
        visible_from=known[order],
        visible_to=until[order],
        leaf=np.array([row[1] for row in rows], np.uint16)[order],
        measures=np.array([row[2] for row in rows], np.int64)[order][np.newaxis, :],
        key=np.array([row[3] for row in rows], np.int64)[order],
        present=np.array([present]),
    )
    verify(made)
    return made


def computed(events: Packed, plan: WindowPlan = PLAN) -> dict[tuple[str, int, int], tuple]:
    """Value and reason by aggregate, filter and window; checked against the oracle, bit for bit."""
    sheet = make_sheet(1, len(plan.outputs))
    run(plan, events, np.array([ASOF]), 0, sheet)
    pairs = list(zip(sheet.values[0].tolist(), sheet.reasons[0].tolist(), strict=True))
    expected = answers(plan, events, 0, ASOF)
    other = make_sheet(1, len(plan.outputs))
    other.values[0] = [value for value, _ in expected]
    other.reasons[0] = [reason for _, reason in expected]
    assert row_hashes(plan.hash, sheet) == row_hashes(plan.hash, other)
    return {
        (each.aggregate, each.filter, each.window): pair
        for each, pair in zip(plan.outputs, pairs, strict=True)
    }


# what · events · aggregate · filter · window · value · reason
CASES = [
    ("at the left end it is in", [(7 * DAY, RENT, 5, 1)], "n", RENT, WEEK, 1.0, 0),
    ("a second before it is out", [(7 * DAY + 1, RENT, 5, 1)], "n", RENT, WEEK, 0.0, 0),
    ("but in the longer one", [(7 * DAY + 1, RENT, 5, 1)], "n", RENT, MONTH, 1.0, 0),
    ("at as-of it is out", [(0, RENT, 5, 1)], "n", RENT, ALL, 0.0, 0),
    ("a second before as-of it is in", [(1, RENT, 5, 1)], "n", RENT, WEEK, 1.0, 0),
    ("of the future: out", [(-DAY, RENT, 5, 1)], "n", RENT, ALL, 0.0, 0),
    ("known at as-of: in", [(DAY, RENT, 5, 1, 0)], "n", RENT, WEEK, 1.0, 0),
    ("not yet known: out", [(DAY, RENT, 5, 1, -1)], "n", RENT, WEEK, 0.0, 0),
    ("replaced before", [(DAY, RENT, 5, 1, DAY, 9), (DAY, RENT, 7, 1, 9)],
     "sum", RENT, WEEK, 7.0, 0),
    ("replaced at as-of", [(DAY, RENT, 5, 1, DAY, 0)], "n", RENT, WEEK, 0.0, 0),
    ("replaced later", [(DAY, RENT, 5, 1, DAY, -9), (DAY, RENT, 7, 1, -9)],
     "sum", RENT, WEEK, 5.0, 0),
    ("none: sum", [], "sum", RENT, WEEK, 0.0, 0),
    ("none: distinct", [], "distinct", ANY, ALL, 0.0, 0),
    ("none: mean", [], "mean", RENT, WEEK, NAN, 2),
    ("none: share", [], "share_count", RENT, WEEK, NAN, 2),
    ("none: velocity", [], "velocity", RENT, WEEK, NAN, 2),
    ("none of these: share", [(DAY, WAGE, 5, 1)], "share_amount", RENT, WEEK, 0.0, 0),
    ("none lately: velocity", [(9 * DAY, RENT, 5, 1)], "velocity", RENT, WEEK, 0.0, 0),
    ("sums: velocity", [(DAY, RENT, 6, 1), (9 * DAY, RENT, 2, 1)],
     "velocity_amount", RENT, WEEK, 0.75, 0),
    ("sum of nothing: velocity", [(DAY, RENT, 5, 1), (9 * DAY, RENT, -5, 1)],
     "velocity_amount", RENT, WEEK, NAN, 3),
    ("nothing in all: share", [(DAY, RENT, 5, 1), (DAY, WAGE, -5, 1)],
     "share_amount", RENT, WEEK, NAN, 3),
    ("one: mean", [(DAY, RENT, -5, 1)], "mean", RENT, WEEK, -5.0, 0),
    ("one: std", [(DAY, RENT, 5, 1)], "std", RENT, WEEK, NAN, 3),
    ("one: slope", [(DAY, RENT, 5, 1)], "slope", RENT, WEEK, NAN, 3),
    ("one: gap", [(DAY, RENT, 5, 1)], "gap_mean", RENT, WEEK, NAN, 3),
    ("one: since last", [(DAY // 2, RENT, 5, 1)], "days_since_last", RENT, WEEK, 0.5, 0),
    ("two: std", [(DAY, RENT, 1, 1), (DAY, RENT, 3, 1)], "std", RENT, WEEK, math.sqrt(2), 0),
    ("sum of nothing: cv", [(DAY, RENT, 1, 1), (DAY, RENT, -1, 1)], "cv", RENT, WEEK, NAN, 3),
    ("same day: slope", [(DAY, RENT, 1, 1), (DAY + 9, RENT, 3, 1)], "slope", RENT, WEEK, NAN, 3),
    ("a cent a day", [(DAY, RENT, 3, 1), (3 * DAY, RENT, 1, 1)], "slope", RENT, WEEK, 1.0, 0),
    ("gap", [(DAY, RENT, 3, 1), (2 * DAY, WAGE, 1, 1), (5 * DAY, RENT, 1, 1)],
     "gap_mean", ANY, WEEK, 2.0, 0),
    ("last of two leaves", [(2 * DAY, RENT, 3, 1), (DAY, WAGE, 8, 1)], "last", ANY, WEEK, 8.0, 0),
    ("same instant: later known", [(DAY, RENT, 3, 1, 5), (DAY, WAGE, 8, 1, 9)],
     "last", ANY, WEEK, 3.0, 0),
    ("a key twice", [(DAY, RENT, 3, 7), (9 * DAY, WAGE, 8, 7)], "distinct", ANY, MONTH, 1.0, 0),
    ("a key in each", [(DAY, RENT, 3, 7), (9 * DAY, WAGE, 8, 7)], "distinct", WAGE, MONTH, 1.0, 0),
    ("odd keys", [(DAY, RENT, 3, 2**63 - 1), (DAY, RENT, 3, -(2**63)), (DAY, RENT, 3, 0)],
     "distinct", RENT, WEEK, 3.0, 0),
    ("huge: std", [(DAY, RENT, HUGE, 1), (2 * DAY, RENT, HUGE - 1, 1)],
     "std", RENT, WEEK, math.sqrt(0.5), 0),
    ("huge, signs: std", [(DAY, RENT, HUGE, 1), (2 * DAY, RENT, -HUGE, 1)],
     "std", RENT, WEEK, HUGE * math.sqrt(2), 0),
    ("huge: slope", [(DAY, RENT, HUGE, 1), (2 * DAY, RENT, HUGE - 1, 1)],
     "slope", RENT, WEEK, 1.0, 0),
    ("huge and old: slope", [(9000 * DAY, RENT, HUGE, 1), (9001 * DAY, RENT, HUGE - 1, 1)],
     "slope", RENT, ALL, 1.0, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "output", "expected"),
    [pytest.param(case[1], case[2:5], case[5:], id=case[0]) for case in CASES],
)
def test_each_case_has_its_value_and_reason(
    rows: list[Row], output: tuple[str, int, int], expected: tuple[float, int]
) -> None:
    value, reason = computed(packed(rows))[output]
    assert (value, reason) == (pytest.approx(expected[0], rel=1e-15, nan_ok=True), expected[1])


def test_without_the_source_nothing_has_a_value() -> None:
    found = computed(packed([(DAY, RENT, 5, 1)], present=False))
    assert {reason for _, reason in found.values()} == {1}
    assert all(math.isnan(value) for value, _ in found.values())


def test_sums_that_nearly_cancel_are_exact_in_128_bits() -> None:
    rows = [(day * DAY, RENT, 10**12 - day % 3, day) for day in range(1, 400)]
    found = computed(packed(rows))
    assert found["std", RENT, ALL][0] == statistics.stdev(day % 3 for day in range(1, 400))


def test_more_than_64_filters_count_keys_each_for_itself() -> None:
    filters = (*(frozenset({leaf}) for leaf in range(100)), frozenset(range(100)))
    outputs = tuple(Output("distinct", number, 0) for number in range(101))
    plan = WindowPlan(100, filters, (None,), 1, outputs)
    rows = [(DAY + leaf * step, leaf, 1, step) for leaf in range(100) for step in range(leaf % 4)]
    found = computed(packed(rows), plan)
    assert [found["distinct", leaf, 0][0] for leaf in (0, 1, 66, 99)] == [0, 1, 2, 3]
    assert found["distinct", 100, 0][0] == 3


def test_a_source_without_amounts_is_counted() -> None:
    plan = WindowPlan(1, (frozenset({0}),), (None,), 0, (Output("n", 0, 0),))
    events = packed([(DAY, RENT, 5, 1), (2 * DAY, RENT, 5, 2)])
    found = computed(replace(events, measures=np.empty((0, 2), np.int64)), plan)
    assert found == {("n", 0, 0): (2.0, 0)}


def test_a_section_writes_its_own_columns_only() -> None:
    plan = WindowPlan(2, PLAN.filters, (None,), 1, (Output("n", ANY, 0), Output("sum", ANY, 0)))
    events = packed([(DAY, RENT, 5, 1), (2 * DAY, RENT, 6, 2)])
    sheet = make_sheet(1, 5)
    for present in (True, False):
        sheet.values[:], sheet.reasons[:] = 7.0, 9
        some = replace(events, present=np.array([present]))
        run(plan, some, np.array([ASOF]), 0, sheet.at(2))
        expected = [2.0, 11.0] if present else [NAN, NAN]
        np.testing.assert_array_equal(sheet.values[0], [7.0, 7.0, *expected, 7.0])
        assert sheet.reasons[0].tolist() == [9, 9, *([0, 0] if present else [1, 1]), 9]


@pytest.mark.parametrize(
    "sheet",
    [
        make_sheet(1, len(OUTPUTS)).at(1),
        make_sheet(1, len(OUTPUTS)).at(-1),
        Sheet(np.empty((1, len(OUTPUTS)), np.float32), np.empty((1, len(OUTPUTS)), np.uint8)),
        Sheet(np.empty((1, 2 * len(OUTPUTS)))[:, ::2], np.empty((1, len(OUTPUTS)), np.uint8)),
    ],
)
def test_a_sheet_that_the_loops_cannot_write_is_refused(sheet: Sheet) -> None:
    with pytest.raises(BadInput) as caught:
        run(PLAN, packed([(DAY, RENT, 5, 1)]), np.array([ASOF]), 0, sheet)
    assert caught.value.field == "sheet"


def test_each_measure_has_its_own_sums() -> None:
    outputs = (Output("sum", 0, 0, 0), Output("max", 0, 0, 1), Output("last", 0, 0, 1))
    plan = WindowPlan(1, (frozenset({0}),), (None,), 2, outputs)
    events = packed([(DAY, RENT, 5, 1), (2 * DAY, RENT, 6, 2)])
    both = replace(events, measures=np.array([[5, 6], [-7, -8]]))
    assert computed(both, plan) == {
        ("sum", 0, 0): (11.0, 0), ("max", 0, 0): (-7.0, 0), ("last", 0, 0): (-7.0, 0),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaf": np.array([2], np.uint16)}, "leaf"),
        ({"measures": np.zeros((2, 1), np.int64)}, "measures"),
    ],
)
def test_events_that_do_not_fit_the_plan_are_refused(change: dict, field: str) -> None:
    events = replace(packed([(DAY, RENT, 5, 1)]), **change)
    with pytest.raises(BadInput) as caught:
        run(PLAN, events, np.array([ASOF]), 0, make_sheet(1, len(OUTPUTS)))
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("asof", "first", "columns", "field"),
    [
        ([5], 0, 0, "asof"),
        ([ASOF, ASOF], 0, 0, "asof"),
        ([ASOF], 1, 0, "first"),
        ([ASOF], 0, -1, "sheet"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    asof: list[int], first: int, columns: int, field: str
) -> None:
    sheet = make_sheet(1, len(OUTPUTS) + columns)
    with pytest.raises(BadInput) as caught:
        run(PLAN, packed([(DAY, RENT, 5, 1)]), np.array(asof), first, sheet)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("rows", "field", "words"),
    [
        ([(DAY, RENT, HUGE + 1, 1)], "measures[0]", "at most"),
        ([(DAY + day, RENT, HUGE, 1) for day in range(501)], "measures[0]", "add up"),
        ([(ASOF, RENT, 1, 1)], "time", "1990"),
    ],
)
def test_events_beyond_a_limit_are_refused(rows: list[Row], field: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as caught:
        packed(rows)
    assert caught.value.field == field
    assert caught.value.row == 1


def test_events_out_of_order_are_refused() -> None:
    events = packed([(DAY, RENT, 5, 1), (2 * DAY, RENT, 5, 1)])
    with pytest.raises(BadInput, match="newest first"):
        verify(replace(events, time=events.time[::-1].copy()))


def test_total_at_the_limit_is_let_through() -> None:
    verify(packed([(DAY + day, RENT, HUGE, 1) for day in range(500)]))


def test_no_bit_changes_without_a_new_version_of_the_kernel() -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [
        (day * DAY + 7 * day, day % 2, 10**9 - day**4, day % 11, day * DAY - day % 3 * DAY)
        for day in range(1, 120)
    ]
    first = tuple(each for each in OUTPUTS if each.aggregate != "velocity_amount")
    plan = replace(PLAN, outputs=first)
    sheet = make_sheet(1, len(first))
    run(plan, packed(rows), np.array([ASOF]), 0, sheet)
    assert row_hashes(plan.hash, sheet) == [
        "55068006a47603f72282a590419d81cd2bfb0f3cb87f207a615436c59447b39f"
    ]
