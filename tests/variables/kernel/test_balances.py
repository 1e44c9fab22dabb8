"""Balance variables: how long each balance stood, as a table; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.balances import run
from tael.variables.kernel.sheet import NO_EVENT, NO_SOURCE, VALUE, make_sheet, row_hashes
from tael.variables.packing.packed import Packed
from tael.variables.plan.balances import BalancesOutput, BalancesPlan

DAY = 86_400
ASOF = np.array([1_700_000_000])
Pack, Pairs = Callable[..., Packed], Callable[..., list[list[tuple[float | None, int]]]]
WEEK, MONTH, ALL = 0, 1, 2
MINE, ANY = 0, 1
LIMIT, HIGHER = 100, 1_000
NONE = (None, NO_EVENT)
HUGE = 10**12
NAMES = ("mean", "min", "max", "last", "days_below")
OUTPUTS = (
    *(BalancesOutput(name, number, window, 0, LIMIT)
      for number in (MINE, ANY) for window in (WEEK, MONTH, ALL) for name in NAMES),
    BalancesOutput("days_below", ANY, MONTH, 0, HIGHER),
)  # fmt: skip
PLAN = BalancesPlan(2, (frozenset({0}), frozenset({0, 1})), (7 * DAY, 30 * DAY, None), 1, OUTPUTS)


def found(rows: list[tuple], pack: Pack, pairs: Pairs) -> dict[tuple[str, int, int], tuple]:
    """Value and reason by aggregate, filter and window."""
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert not np.signbit(sheet.values[sheet.values == 0]).any()
    keys = [(each.aggregate, each.filter, each.window) for each in OUTPUTS[:-1]]
    return dict(zip([*keys, ("below higher", ANY, MONTH)], pairs(sheet)[0], strict=True))


def days(*rows: tuple[float, int]) -> list[tuple]:
    """Balances of the first leaf by age in days."""
    return [(int(age * DAY), 0, balance, 0) for age, balance in rows]


# what · balances by age in days · window · mean, min, max, last, days below 100
CASES = [
    ("it stands since a day: only that day counts", [(1, 50)], WEEK, 50, 50, 50, 50, 1),
    ("a second is enough", [(1 / DAY, 50)], WEEK, 50, 50, 50, 50, 1 / DAY),
    ("two days of 300, one of 0", [(3, 300), (1, 0)], WEEK, 200, 0, 300, 0, 1),
    ("it came before the window and counts from its start", [(100, 700), (1, 0)], WEEK,
     600, 0, 700, 0, 1),
    ("in all it counts from the beginning", [(100, 700), (1, 0)], ALL, 693, 0, 700, 0, 1),
    ("at the left end: in force from there", [(7, 70), (1, 0)], WEEK, 60, 0, 70, 0, 7),
    ("what ended at the left end is out", [(9, 5), (7, 70)], WEEK, 70, 70, 70, 70, 7),
    ("a second longer and it is in", [(9, 5), (7 - 1 / DAY, 70)], WEEK, None, 5, 70, 70, 7),
    ("the newest is older than the window", [(90, 3), (40, 20)], WEEK, 20, 20, 20, 20, 7),
    ("and than the longer one", [(90, 3), (40, 20)], MONTH, 20, 20, 20, 20, 30),
    ("through three windows", [(60, 10), (20, 400), (3, 50)], WEEK, 250, 50, 400, 50, 3),
    ("the second of them", [(60, 10), (20, 400), (3, 50)], MONTH, 235, 10, 400, 50, 13),
    ("the third", [(60, 10), (20, 400), (3, 50)], ALL, 122.5, 10, 400, 50, 43),
    ("just at the limit is not below", [(4, 100), (2, 99)], WEEK, 99.5, 99, 100, 99, 2),
    ("an overdraft", [(4, -60), (1, 20)], WEEK, -40, -60, 20, 20, 4),
    ("as much above as below nothing", [(2, -60), (1, 60)], WEEK, 0, -60, 60, 60, 2),
    ("of one instant the newest stands", [(2, 10), (2, 20)], WEEK, 20, 20, 20, 20, 2),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "window", "expected"),
    [pytest.param(days(*case[1]), case[2], case[3:], id=case[0]) for case in CASES],
)
def test_each_balance_counts_for_as_long_as_it_stood(
    rows: list[tuple], window: int, expected: tuple, pack: Pack, pairs: Pairs
) -> None:
    answers = found(rows, pack, pairs)
    for name, value in zip(NAMES, expected, strict=True):
        if value is not None:
            assert answers[name, MINE, window] == (float(value), VALUE), name
            assert answers[name, ANY, window] == (float(value), VALUE), name


# what · age, leaf, balance, key, ages of becoming known and of replacement · mean of all · last
SEEN = [
    ("at as-of it is out", [(2 * DAY, 0, 10, 0), (0, 0, 99, 0)], 10.0, 10.0),
    ("known at as-of", [(2 * DAY, 0, 10, 0), (DAY, 0, 20, 0, 0)], 15.0, 20.0),
    ("not yet known: the older one stands on", [(2 * DAY, 0, 10, 0), (DAY, 0, 20, 0, -1)],
     10.0, 10.0),
    ("corrected before", [(DAY, 0, 10, 0, DAY, 9), (DAY, 0, 30, 0, 9)], 30.0, 30.0),
    ("corrected at as-of", [(DAY, 0, 10, 0, DAY, 0), (DAY, 0, 30, 0, 0)], 30.0, 30.0),
    ("corrected later", [(DAY, 0, 10, 0, DAY, -9), (DAY, 0, 30, 0, -9)], 10.0, 10.0),
    ("withdrawn", [(2 * DAY, 0, 10, 0), (DAY, 0, 30, 0, DAY, 9)], 10.0, 10.0),
    ("of one instant: known later", [(DAY, 0, 10, 0, 5), (DAY, 0, 30, 0, 9)], 10.0, 10.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "mean", "last"), [pytest.param(*case[1:], id=case[0]) for case in SEEN]
)
def test_only_what_was_known_then_counts(
    rows: list[tuple], mean: float, last: float, pack: Pack, pairs: Pairs
) -> None:
    answers = found(rows, pack, pairs)
    assert answers["mean", MINE, ALL] == (mean, VALUE)
    assert answers["last", MINE, ALL] == (last, VALUE)


def test_each_filter_has_steps_of_its_own(pack: Pack, pairs: Pairs) -> None:
    answers = found([(4 * DAY, 0, 10, 0), (2 * DAY, 1, 510, 0)], pack, pairs)
    assert [answers[name, MINE, WEEK][0] for name in NAMES] == [10.0, 10.0, 10.0, 10.0, 4.0]
    assert [answers[name, ANY, WEEK][0] for name in NAMES] == [260.0, 10.0, 510.0, 510.0, 2.0]
    assert answers["below higher", ANY, MONTH] == (4.0, VALUE)


def test_without_an_event_only_days_below_have_a_value(pack: Pack, pairs: Pairs) -> None:
    for rows in ([], [(0, 0, 10, 0)], [(DAY, 1, 10, 0)]):
        answers = found(rows, pack, pairs)
        for window in (WEEK, MONTH, ALL):
            got = [answers[name, MINE, window] for name in NAMES]
            assert got == [NONE, NONE, NONE, NONE, (0.0, VALUE)]


def test_means_of_huge_balances_over_decades_are_rounded_once(pack: Pack, pairs: Pairs) -> None:
    rows = [
        (day * 100 * DAY + day, 0, (HUGE - day**5) * (-1 if day % 3 else 1), 0)
        for day in range(120)
    ]
    answers = found(rows, pack, pairs)
    seen = [row for row in rows if row[0] > 0]
    until, weighted = 0, 0
    for age, _, balance, _ in seen:
        weighted += balance * (age - until)
        until = age
    assert abs(weighted) > 2**63
    assert answers["mean", MINE, ALL] == (float(weighted) / float(until), VALUE)
    assert Fraction(weighted, until) == pytest.approx(answers["mean", MINE, ALL][0])


@pytest.mark.parametrize("balance", [HUGE, -HUGE, 2**32, -(2**32), 2**32 - 1, -1])
def test_one_balance_for_decades_is_its_own_mean(balance: int, pack: Pack, pairs: Pairs) -> None:
    answers = found([(11_000 * DAY, 0, balance, 0)], pack, pairs)
    for window in (WEEK, MONTH, ALL):
        assert answers["mean", MINE, window] == (float(balance), VALUE)


def test_each_borrower_has_its_own_steps_and_only_its_columns_are_written(
    pack: Pack, pairs: Pairs
) -> None:
    packed = pack(days((1, 9)), None, days((3, 300), (1, 0)), [], days((1, 9)))
    sheet = make_sheet(4, PLAN.width + 2)
    sheet.values[:], sheet.reasons[:] = 4.0, VALUE
    run(PLAN, packed, np.repeat(ASOF, 5), 1, sheet.at(1))
    rows = pairs(sheet)
    assert rows[0][1:-1] == [(None, NO_SOURCE)] * PLAN.width
    assert [row[1] for row in rows[1:]] == [(200.0, VALUE), NONE, (9.0, VALUE)]
    assert {(row[0], row[-1]) for row in rows} == {((4.0, VALUE), (4.0, VALUE))}


def test_a_plan_may_read_another_measure_and_windows_that_end(pack: Pack, pairs: Pairs) -> None:
    outputs = (BalancesOutput("mean", 0, 0, 1), BalancesOutput("last", 0, 0, 0))
    plan = BalancesPlan(1, (frozenset({0}),), (DAY,), 2, outputs)
    sheet = make_sheet(1, 2)
    run(plan, pack([(5 * DAY, 0, (1, 10), 0), (DAY // 2, 0, (2, 20), 0)]), ASOF, 0, sheet)
    assert pairs(sheet) == [[(15.0, VALUE), (2.0, VALUE)]]


def test_events_that_do_not_fit_the_plan_are_refused(pack: Pack) -> None:
    for plan, field in ((PLAN, "leaf"), (replace(PLAN, measures=2), "measures")):
        with pytest.raises(BadInput) as caught:
            run(plan, pack([(DAY, 2, 1, 7)]), ASOF, 0, make_sheet(1, PLAN.width))
        assert caught.value.field == field


def test_no_bit_changes_without_a_new_version_of_the_kernel(pack: Pack) -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [
        (day * DAY + 7 * day, day % 2, 10**11 - day**6 % 10**12, 0, day * DAY - day % 3 * DAY)
        for day in range(1, 120)
    ]
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert row_hashes("", sheet) == [
        "26012b51f5250b9022ca2a7e8b8b8eccbc1b8665cc61e7ca474fc2ada8e05968"
    ]
