"""Sequence variables: runs of late months, written as they were lived, oldest first."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.sequences import run
from tael.variables.kernel.sheet import NO_EVENT, NO_SOURCE, VALUE, make_sheet, row_hashes
from tael.variables.packing.packed import Packed
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan

DAY = 86_400
ASOF = np.array([1_700_000_000])
Pack, Pairs = Callable[..., Packed], Callable[..., list[list[tuple[float | None, int]]]]
NONE = (None, NO_EVENT)
# Leaves: . on time, 1 late, 2 later, of one tax; o and x, on time and late, of another.
LETTERS = ".12ox"
ONE, ALL = 0, 1
LATE, LATER = 0, 1
NAMES = ("longest", "current", "transitions", "since_last", "since_worst")
OUTPUTS = tuple(
    SequencesOutput(name, number, hit)
    for number in (ONE, ALL)
    for hit in (LATE, LATER)
    for name in NAMES
    if not (name == "since_worst" and hit == LATER)
)
PLAN = SequencesPlan(
    leaves=5,
    filters=(frozenset({0, 1, 2}), frozenset(range(5))),
    hits=(frozenset({1, 2, 4}), frozenset({2})),
    worst=((frozenset({1, 4}), frozenset({2})), ()),
    outputs=OUTPUTS,
)


def lived(months: str, key: int = 0) -> list[tuple]:
    """An event a letter, ten days apart, the last of them ten days ago; a blank is none."""
    return [
        (10 * DAY * age, LETTERS.index(letter), 0, key)
        for age, letter in enumerate(reversed(months), 1)
        if letter != " "
    ]


def found(rows: list[tuple], pack: Pack, pairs: Pairs) -> dict[tuple[str, int, int], tuple]:
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    keys = [(each.aggregate, each.filter, each.hit) for each in OUTPUTS]
    return dict(zip(keys, pairs(sheet)[0], strict=True))


# what · months, oldest first · filter · hit · longest, current, transitions, days since last, worst
CASES = [
    ("nothing", "", ONE, LATE, 0, 0, 0, None, None),
    ("never late", "...", ONE, LATE, 0, 0, 0, None, None),
    ("late at last", "..1", ONE, LATE, 1, 1, 1, 10, 10),
    ("late at first", "1..", ONE, LATE, 1, 0, 1, 30, 30),
    ("always late", "111", ONE, LATE, 3, 3, 1, 10, 10),
    ("two runs, the older longer", "111..1", ONE, LATE, 3, 1, 2, 10, 10),
    ("two runs, the newer longer", ".1..11", ONE, LATE, 2, 2, 2, 10, 10),
    ("three runs and well again", "1.1.1.", ONE, LATE, 1, 0, 3, 20, 20),
    ("the worst was long ago", "2..111", ONE, LATE, 3, 3, 2, 10, 60),
    ("the newest of two worst", "2.2.1.", ONE, LATE, 1, 0, 3, 20, 40),
    ("months apart break nothing", "1    1", ONE, LATE, 2, 2, 1, 10, 10),
    ("what is later is late too", ".12", ONE, LATE, 2, 2, 1, 10, 10),
    ("but late is not later", "212", ONE, LATER, 1, 1, 2, 10, None),
    ("another tax is not in the filter", "1xx1o", ONE, LATE, 2, 2, 1, 20, 20),
    ("in that of all it is", "1ox1o", ALL, LATE, 2, 0, 2, 20, 20),
]


@pytest.mark.parametrize(
    ("months", "track", "expected"),
    [pytest.param(case[1], case[2:4], case[4:], id=case[0]) for case in CASES],
)
def test_each_life_has_its_runs(
    months: str, track: tuple[int, int], expected: tuple, pack: Pack, pairs: Pairs
) -> None:
    answers = found(lived(months), pack, pairs)
    for name, value in zip(NAMES, expected, strict=True):
        if (name, *track) in answers:
            wanted = NONE if value is None else (float(value), VALUE)
            assert answers[name, *track] == wanted, name


# what · months of some tradelines · longest, current, transitions, days since last, worst
TRADELINES = [
    ("each has its own run", ["1.1.", ".1.1"], 1, 1, 4, 10, 10),
    ("which another does not go on", ["1.....", ".11111", "...111"], 5, 5, 3, 10, 10),
    ("nor break", ["11111.", "  ...."], 5, 0, 1, 20, 20),
    ("the longest current one", ["1111", "  11", "   ."], 4, 4, 2, 10, 10),
    ("the longest of all is over", ["111.  ", "     1"], 3, 1, 2, 10, 10),
    ("the worst of any", ["2...", "...1"], 1, 1, 2, 10, 40),
    ("the newest of the worst of any", ["2...", ".2.1"], 1, 1, 3, 10, 30),
]


@pytest.mark.parametrize(
    ("lives", "expected"), [pytest.param(case[1], case[2:], id=case[0]) for case in TRADELINES]
)
def test_each_tradeline_has_its_own_runs(
    lives: list[str], expected: tuple, pack: Pack, pairs: Pairs
) -> None:
    rows = [row for key, months in enumerate(lives) for row in lived(months, 2**62 - 3 * key)]
    answers = found(rows, pack, pairs)
    assert [answers[name, ONE, LATE][0] for name in NAMES] == list(expected)


# what · age, leaf, amount, key, ages of becoming known and of replacement · current · since last
SEEN = [
    ("a second before as-of", [(DAY, 0, 0, 0), (1, 1, 0, 0)], 1, 1 / DAY),
    ("at as-of it is out", [(DAY, 1, 0, 0), (0, 0, 0, 0)], 1, 1.0),
    ("known at as-of", [(DAY, 1, 0, 0), (9, 0, 0, 0, 0)], 0, 1.0),
    ("known too late", [(DAY, 1, 0, 0), (9, 0, 0, 0, -1)], 1, 1.0),
    ("corrected before", [(DAY, 1, 0, 0, DAY, 9), (DAY, 0, 0, 0, 9)], 0, None),
    ("corrected at as-of", [(DAY, 1, 0, 0, DAY, 0), (DAY, 0, 0, 0, 0)], 0, None),
    ("corrected later", [(DAY, 1, 0, 0, DAY, -9), (DAY, 0, 0, 0, -9)], 1, 1.0),
    ("withdrawn in between", [(DAY, 1, 0, 0), (2 * DAY, 0, 0, 0, DAY, 9), (3 * DAY, 1, 0, 0)],
     2, 1.0),
    ("same instant: known later is newer", [(DAY, 1, 0, 0, 9), (DAY, 0, 0, 0, 8)], 0, 1.0),
    ("same instants: higher id is newer", [(DAY, 0, 0, 0), (DAY, 1, 0, 0)], 1, 1.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "current", "since"), [pytest.param(*case[1:], id=case[0]) for case in SEEN]
)
def test_only_what_was_known_then_counts(
    rows: list[tuple], current: int, since: float | None, pack: Pack, pairs: Pairs
) -> None:
    answers = found(rows, pack, pairs)
    assert answers["current", ONE, LATE] == (float(current), VALUE)
    assert answers["since_last", ONE, LATE] == (NONE if since is None else (since, VALUE))


def test_each_borrower_has_its_own_runs_and_only_its_columns_are_written(
    pack: Pack, pairs: Pairs
) -> None:
    packed = pack(lived("111"), None, lived("1.1", 5) + lived(" 11", 6), [], lived("1"))
    sheet = make_sheet(4, PLAN.width + 2)
    sheet.values[:], sheet.reasons[:] = 4.0, VALUE
    run(PLAN, packed, np.repeat(ASOF, 5), 1, sheet.at(1))
    rows = pairs(sheet)
    assert rows[0][1:-1] == [(None, NO_SOURCE)] * PLAN.width
    assert [[pair[0] for pair in row[1:6]] for row in rows[1:]] == [
        [2.0, 2.0, 3.0, 10.0, 10.0], [0.0, 0.0, 0.0, None, None], [1.0, 1.0, 1.0, 10.0, 10.0],
    ]  # fmt: skip
    assert {(row[0], row[-1]) for row in rows} == {((4.0, VALUE), (4.0, VALUE))}


def test_events_that_do_not_fit_the_plan_are_refused(pack: Pack) -> None:
    with pytest.raises(BadInput) as caught:
        run(PLAN, pack([(DAY, 5, 1, 7)]), ASOF, 0, make_sheet(1, PLAN.width))
    assert caught.value.field == "leaf"


def test_no_bit_changes_without_a_new_version_of_the_kernel(pack: Pack) -> None:
    """When this fails on purpose, raise KERNEL_VERSION: stored results name it in their plan."""
    rows = [
        (day * DAY + 7 * day, day**3 % 5, 0, day % 7, day * DAY - day % 3 * DAY)
        for day in range(1, 120)
    ]
    sheet = make_sheet(1, PLAN.width)
    run(PLAN, pack(rows), ASOF, 0, sheet)
    assert row_hashes("", sheet) == [
        "46c045a9654cb96083a91f49181e32f18bf2f4f8d17adefcfb3fc3be5c6edeb4"
    ]
