"""Concentration variables: customers and what they pay, as a table; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.concentration import run
from tael.variables.kernel.sheet import (
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    make_sheet,
    row_hashes,
)
from tael.variables.packing.packed import MOST_AMOUNT, Packed
from tael.variables.plan.concentration import AGGREGATES, EVENTS, ConcentrationPlan
from tael.variables.plan.windows import Output

DAY = 86_400
ASOF = np.array([1_700_000_000])
SALE, REFUND, ANY = 0, 1, 2  # leaves, and filters
WEEK, MONTH, ALL = 0, 1, 2
AMOUNT, TICKETS = 0, 1
Pack, Pairs = Callable[..., Packed], Callable[..., list[list[tuple[float | None, int]]]]
NONE, UNKNOWN = (None, NO_EVENT), (None, UNDEFINED)
PLAN = ConcentrationPlan(
    leaves=2,
    filters=(frozenset({SALE}), frozenset({REFUND}), frozenset({SALE, REFUND})),
    windows=(7 * DAY, 30 * DAY, None),
    measures=2,
    outputs=tuple(
        Output(aggregate, number, window, measure)
        for measure in (TICKETS, EVENTS, AMOUNT)
        for window in (ALL, WEEK, MONTH)
        for aggregate in AGGREGATES
        for number in (ANY, SALE, REFUND)
    ),
)
# A row is an age, a leaf, amount and tickets, a customer.
THREE = [(DAY, SALE, (50, 1), 1), (2 * DAY, SALE, (30, 1), 2), (3 * DAY, SALE, (20, 2), 3)]
LATER = [(8 * DAY, SALE, (100, 4), 3)]
SEVEN = [(DAY * key, SALE, (key, 1), key) for key in (4, 2, 7, 1, 6, 3, 5)]
ODD = [(DAY, SALE, (1, 1), 2**63 - 1), (DAY, SALE, (2, 1), -(2**63)), (DAY, SALE, (1, 1), 0)]
PAIR = [(DAY, SALE, (1, 1), 1), (DAY, REFUND, (1, 1), 1), (2 * DAY, SALE, (2, 1), 2)]
HUGE = [
    (DAY * day, SALE, (MOST_AMOUNT - day % 2, 1), day % 3) for day in range(1, 7)
]  # customers 0, 1, 2 pay 2·10^12 - 1 each

# what · events · aggregate · filter · window · weight · value and reason
CASES = [
    ("the largest of three", THREE, "top1_share", SALE, WEEK, AMOUNT, (0.5, VALUE)),
    ("three are among five", THREE, "top5_share", SALE, WEEK, AMOUNT, (1.0, VALUE)),
    ("squares of a half and others", THREE, "hhi", SALE, WEEK, AMOUNT, (0.38, VALUE)),
    ("by tickets", THREE, "top1_share", SALE, WEEK, TICKETS, (0.5, VALUE)),
    ("by events", THREE, "top1_share", SALE, WEEK, EVENTS, (1 / 3, VALUE)),
    ("a longer window adds to a key", THREE + LATER, "top1_share", SALE, MONTH, AMOUNT,
     (0.6, VALUE)),
    ("and the shorter does not know", THREE + LATER, "top1_share", SALE, WEEK, AMOUNT,
     (0.5, VALUE)),
    ("nothing new in the longest", THREE + LATER, "top1_share", SALE, ALL, AMOUNT, (0.6, VALUE)),
    ("five of seven", SEVEN, "top5_share", SALE, WEEK, AMOUNT, (25 / 28, VALUE)),
    ("one of seven", SEVEN, "top1_share", SALE, WEEK, AMOUNT, (0.25, VALUE)),
    ("seven alike", SEVEN, "hhi", SALE, WEEK, EVENTS, (7 / 49, VALUE)),
    ("five of seven alike", SEVEN, "top5_share", SALE, WEEK, EVENTS, (5 / 7, VALUE)),
    ("one customer", LATER, "hhi", SALE, MONTH, AMOUNT, (1.0, VALUE)),
    ("odd keys", ODD, "top1_share", SALE, WEEK, AMOUNT, (0.5, VALUE)),
    ("each filter by itself: sales", PAIR, "top1_share", SALE, WEEK, AMOUNT, (2 / 3, VALUE)),
    ("each filter by itself: refunds", PAIR, "top1_share", REFUND, WEEK, AMOUNT, (1.0, VALUE)),
    ("each filter by itself: both", PAIR, "top1_share", ANY, WEEK, AMOUNT, (0.5, VALUE)),
    ("paid back: left out", [*THREE, (DAY, REFUND, (-60, 1), 1)], "top1_share", ANY, WEEK, AMOUNT,
     (0.6, VALUE)),
    ("and there again in a longer window",
     [*THREE, (DAY, REFUND, (-60, 1), 1), (9 * DAY, SALE, (110, 1), 1)],
     "top1_share", ANY, MONTH, AMOUNT, (100 / 150, VALUE)),
    ("all paid back", [(DAY, SALE, (5, 1), 1), (DAY, SALE, (-5, 1), 1)],
     "hhi", SALE, WEEK, AMOUNT, UNKNOWN),
    ("amounts of nothing", [(DAY, SALE, (0, 1), 1)], "top5_share", SALE, WEEK, AMOUNT, UNKNOWN),
    ("but one ticket", [(DAY, SALE, (0, 1), 1)], "top5_share", SALE, WEEK, TICKETS, (1.0, VALUE)),
    ("no event", [], "top1_share", SALE, WEEK, AMOUNT, NONE),
    ("none of these", THREE, "hhi", REFUND, WEEK, AMOUNT, NONE),
    ("none lately", LATER, "hhi", SALE, WEEK, AMOUNT, NONE),
    ("at the left end it is in", [(7 * DAY, SALE, (5, 1), 1)], "hhi", SALE, WEEK, AMOUNT,
     (1.0, VALUE)),
    ("a second before it is out", [(7 * DAY + 1, SALE, (5, 1), 1)], "hhi", SALE, WEEK, AMOUNT,
     NONE),
    ("a second before as-of it is in", [(1, SALE, (5, 1), 1)], "hhi", SALE, WEEK, AMOUNT,
     (1.0, VALUE)),
    ("at as-of it is out", [(0, SALE, (5, 1), 1)], "hhi", SALE, ALL, AMOUNT, NONE),
    ("known at as-of", [(DAY, SALE, (5, 1), 1, 0)], "hhi", SALE, ALL, AMOUNT, (1.0, VALUE)),
    ("not yet known", [(DAY, SALE, (5, 1), 1, -1)], "hhi", SALE, ALL, AMOUNT, NONE),
    ("replaced at as-of", [(DAY, SALE, (5, 1), 1, DAY, 0)], "hhi", SALE, ALL, AMOUNT, NONE),
    ("replaced later", [(DAY, SALE, (5, 1), 1, DAY, -1)], "hhi", SALE, ALL, AMOUNT, (1.0, VALUE)),
    ("sums beyond 64 bits", HUGE, "hhi", SALE, WEEK, AMOUNT, (1 / 3, VALUE)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "output", "expected"),
    [pytest.param(case[1], Output(*case[2:6]), case[6], id=case[0]) for case in CASES],
)
def test_each_case_has_its_value_and_reason(
    rows: list[tuple],
    output: Output,
    expected: tuple[float | None, int],
    pack: Pack,
    pairs: Pairs,
) -> None:
    sheet = make_sheet(1, PLAN.width)
    packed = pack(rows) if rows else replace(pack([]), measures=np.empty((2, 0), np.int64))
    run(PLAN, packed, ASOF, 0, sheet)
    value, reason = pairs(sheet)[0][PLAN.outputs.index(output)]
    assert (value, reason) == (pytest.approx(expected[0], rel=1e-15), expected[1])


def test_borrowers_do_not_share_keys_and_one_may_lack_the_source(pack: Pack, pairs: Pairs) -> None:
    plan = replace(PLAN, outputs=(Output("top1_share", SALE, WEEK, AMOUNT),))
    sheet = make_sheet(4, 3)
    sheet.values[:], sheet.reasons[:] = 7.0, 9
    run(plan, pack(THREE, None, THREE[:2], SEVEN), np.repeat(ASOF, 4), 0, sheet.at(1))
    middle = [(0.5, VALUE), (None, NO_SOURCE), (0.625, VALUE), (0.25, VALUE)]
    assert pairs(sheet) == [[(7.0, 9), each, (7.0, 9)] for each in middle]


def test_chunks_of_borrowers_give_the_same(pack: Pack, pairs: Pairs) -> None:
    packed = pack(THREE, SEVEN, None, HUGE)
    sheet, row = make_sheet(4, PLAN.width), make_sheet(1, PLAN.width)
    run(PLAN, packed, np.repeat(ASOF, 4), 0, sheet)
    for first in range(4):
        run(PLAN, packed, np.repeat(ASOF, 4), first, row)
        assert pairs(row) == [pairs(sheet)[first]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"leaf": np.full(3, 2, np.uint16)}, "leaf"),
        ({"measures": np.zeros((1, 3), np.int64)}, "measures"),
    ],
)
def test_events_that_do_not_fit_the_plan_are_refused(change: dict, field: str, pack: Pack) -> None:
    with pytest.raises(BadInput) as caught:
        run(PLAN, replace(pack(THREE), **change), ASOF, 0, make_sheet(1, PLAN.width))
    assert caught.value.field == field


def test_no_bit_changes_without_a_new_version_of_the_kernel(pack: Pack) -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [
        (day * DAY + 7 * day, day % 2, (10**9 - day**4, day % 5 - 1), day * day % 17)
        for day in range(1, 120)
    ]
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert row_hashes(PLAN.hash, sheet) == [
        "cad59cd6c09f272d100c8eb43e56f4f981294d07394b8b04ca86c43fe83e0ead"
    ]
