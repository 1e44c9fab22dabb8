"""State variables: tradelines that stand somewhere, as a table; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.sheet import (
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    make_sheet,
    row_hashes,
)
from tael.variables.kernel.states import run
from tael.variables.packing.packed import Packed
from tael.variables.plan.states import StatesOutput, StatesPlan

DAY = 86_400
ASOF = np.array([1_700_000_000])
FINE, LATE, SETTLED = 0, 1, 2  # leaves, and the first filters
OPEN, ANY = 3, 4
Pack, Pairs = Callable[..., Packed], Callable[..., list[list[tuple[float | None, int]]]]
NONE, UNKNOWN = (None, NO_EVENT), (None, UNDEFINED)
OUTPUTS = {
    "n": StatesOutput("n", OPEN),
    "n late": StatesOutput("n", LATE),
    "sum": StatesOutput("sum", OPEN),
    "max": StatesOutput("max", OPEN),
    "late of open": StatesOutput("share_count", LATE, base=OPEN),
    "late balance": StatesOutput("share_amount", LATE, base=OPEN),
    "open of all": StatesOutput("share_count", OPEN),
    "use": StatesOutput("ratio", OPEN, 0, 1),
}
PLAN = StatesPlan(
    leaves=3,
    filters=(
        frozenset({FINE}), frozenset({LATE}), frozenset({SETTLED}),
        frozenset({FINE, LATE}), frozenset({FINE, LATE, SETTLED}),
    ),
    measures=2,
    outputs=tuple(OUTPUTS.values()),
)  # fmt: skip
# age, leaf, (balance, limit), tradeline; then the ages at which it came to be known and ceased
CARD = [(DAY, FINE, (30, 100), 7), (31 * DAY, LATE, (50, 100), 7)]
LOAN = [(2 * DAY, LATE, (60, 80), 8), (32 * DAY, FINE, (70, 80), 8)]
PAID = [(DAY, SETTLED, (0, 0), 9), (31 * DAY, LATE, (40, 40), 9)]

# what · events · output · value and reason
CASES = [
    ("only the newest of a tradeline counts", CARD, "n late", (0.0, VALUE)),
    ("one of each", CARD + LOAN, "n", (2.0, VALUE)),
    ("late now", CARD + LOAN, "n late", (1.0, VALUE)),
    ("balances now", CARD + LOAN, "sum", (90.0, VALUE)),
    ("largest now", CARD + LOAN, "max", (60.0, VALUE)),
    ("one of two is late", CARD + LOAN, "late of open", (0.5, VALUE)),
    ("60 of 90 are late", CARD + LOAN, "late balance", (60 / 90, VALUE)),
    ("90 of 180 are used", CARD + LOAN, "use", (0.5, VALUE)),
    ("a settled one is in no filter of open ones", PAID, "n", (0.0, VALUE)),
    ("nor in their sum", PAID, "sum", (0.0, VALUE)),
    ("nor in their largest", PAID, "max", NONE),
    ("two of three are open", CARD + LOAN + PAID, "open of all", (2 / 3, VALUE)),
    ("none open of some", PAID, "open of all", (0.0, VALUE)),
    ("nothing open to be a share of", PAID, "late of open", NONE),
    ("nothing open to use", PAID, "use", NONE),
    ("no event: n", [], "n", (0.0, VALUE)),
    ("no event: sum", [], "sum", (0.0, VALUE)),
    ("no event: max", [], "max", NONE),
    ("no event: share", [], "open of all", NONE),
    ("no event: ratio", [], "use", NONE),
    ("no limit to use", [(DAY, FINE, (5, 0), 7)], "use", UNKNOWN),
    ("a negative limit, nothing used: no -0.0", [(DAY, FINE, (0, -5), 7)], "use", (0.0, VALUE)),
    ("a negative balance", [(DAY, FINE, (-5, 10), 7)], "use", (-0.5, VALUE)),
    ("the largest of negative ones", [(DAY, FINE, (-5, 0), 7), (DAY, LATE, (-9, 0), 8)],
     "max", (-5.0, VALUE)),
    ("the largest of two in one leaf", [(DAY, FINE, (5, 0), 7), (DAY, FINE, (9, 0), 8)],
     "max", (9.0, VALUE)),
    ("balances that add up to nothing", [(DAY, FINE, (-5, 0), 7), (DAY, LATE, (5, 0), 8)],
     "late balance", UNKNOWN),
    ("a second before as-of", [*CARD, (1, LATE, (20, 100), 7)], "n late", (1.0, VALUE)),
    ("at as-of it is out", [*CARD, (0, LATE, (20, 100), 7)], "n late", (0.0, VALUE)),
    ("known at as-of", [*CARD, (9, LATE, (20, 100), 7, 0)], "n late", (1.0, VALUE)),
    ("not yet known: the one before stands", [*CARD, (9, LATE, (20, 100), 7, -1)],
     "sum", (30.0, VALUE)),
    ("corrected before", [(DAY, FINE, (30, 100), 7, DAY, 5), (DAY, LATE, (31, 100), 7, 5)],
     "sum", (31.0, VALUE)),
    ("corrected at as-of", [(DAY, FINE, (30, 100), 7, DAY, 0), (DAY, LATE, (31, 100), 7, 0)],
     "sum", (31.0, VALUE)),
    ("corrected later", [(DAY, FINE, (30, 100), 7, DAY, -5), (DAY, LATE, (31, 100), 7, -5)],
     "sum", (30.0, VALUE)),
    ("withdrawn: the one before stands", [*LOAN, (DAY, FINE, (1, 80), 8, DAY, 5)],
     "sum", (60.0, VALUE)),
    ("same instant: known later", [(DAY, FINE, (1, 9), 7, 5), (DAY, LATE, (2, 9), 7, 6)],
     "sum", (1.0, VALUE)),
    ("same instants: higher id", [(DAY, FINE, (1, 9), 7), (DAY, LATE, (2, 9), 7)],
     "sum", (2.0, VALUE)),
    ("odd keys", [(DAY, FINE, (1, 9), key) for key in (2**63 - 1, -(2**63), 0, -1)],
     "n", (4.0, VALUE)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "output", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_each_case_has_its_value_and_reason(
    rows: list[tuple], output: str, expected: tuple, pack: Pack, pairs: Pairs
) -> None:
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows) if rows else empty(pack), ASOF, 0, sheet)
    assert pairs(sheet)[0][list(OUTPUTS).index(output)] == expected
    assert not np.signbit(sheet.values[sheet.values == 0]).any()


def empty(pack: Pack) -> Packed:
    return replace(pack([]), measures=np.empty((2, 0), np.int64))


def test_without_keys_each_event_is_a_state_of_its_own(pack: Pack, pairs: Pairs) -> None:
    plan = replace(PLAN, keyed=False)
    sheet = make_sheet(1, PLAN.width)
    run(plan, pack([(*row[:3], 0) for row in CARD + LOAN]), ASOF, 0, sheet)
    found = dict(zip(OUTPUTS, pairs(sheet)[0], strict=True))
    assert found["n"] == (4.0, VALUE)
    assert found["sum"] == (210.0, VALUE)
    assert found["late balance"] == (110 / 210, VALUE)


def test_each_borrower_has_its_own_keys_and_only_its_columns_are_written(
    pack: Pack, pairs: Pairs
) -> None:
    packed = pack(CARD, None, CARD + LOAN, [], PAID)
    sheet = make_sheet(3, PLAN.width + 2)
    sheet.values[:], sheet.reasons[:] = 4.0, VALUE
    run(PLAN, packed, np.repeat(ASOF, 5), 1, sheet.at(1))
    rows = pairs(sheet)
    assert rows[0] == [(4.0, VALUE), *[(None, NO_SOURCE)] * PLAN.width, (4.0, VALUE)]
    assert [row[1][0] for row in rows[1:]] == [2.0, 0.0]
    assert [row[3][0] for row in rows[1:]] == [90.0, 0.0]
    assert {(row[0], row[-1]) for row in rows} == {((4.0, VALUE), (4.0, VALUE))}


def test_events_that_do_not_fit_the_plan_are_refused(pack: Pack) -> None:
    with pytest.raises(BadInput) as caught:
        run(PLAN, pack([(DAY, 3, (1, 1), 7)]), ASOF, 0, make_sheet(1, PLAN.width))
    assert caught.value.field == "leaf"


def test_no_bit_changes_without_a_new_version_of_the_kernel(pack: Pack) -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [
        (day * DAY + 7 * day, day % 3, (10**9 - day**4, 10**8 * (day % 5)), day % 11, day * DAY)
        for day in range(1, 120)
    ]
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert row_hashes("", sheet) == [
        "00d64a7ef403bdc0ed10eef375847e38fa1ea076764ddd324f28967074e11230"
    ]
