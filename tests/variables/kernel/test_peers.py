"""Percentiles among peers: which distribution is read, where a value lies, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.peers import make_peers, run
from tael.variables.kernel.sheet import (
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    Sheet,
    make_sheet,
)
from tael.variables.plan.peers import CUTS, PeersPlan, PeerTable, join_tables

Pairs = Callable[..., list[list[tuple[float | None, int]]]]
PLAN = PeersPlan((1, 0))
EARLY, LATER = 1_600_000_000, 1_650_000_000
HERE, NEXT_DOOR, FAR, OTHER = 11_005, 12_005, 13_005, 11_006
UNKNOWN = (None, UNDEFINED)


def sheet_of(values: list[float | None], more: int = 0) -> Sheet:
    """Two columns, the second twice the first; None has no event."""
    sheet = make_sheet(len(values), 2 + more)
    numbers = np.array([np.nan if value is None else value for value in values])
    sheet.values[:, 0], sheet.values[:, 1] = numbers, 2 * numbers
    sheet.reasons[:, :2] = np.where(np.isnan(numbers), NO_EVENT, VALUE)[:, np.newaxis]
    return sheet


def table_of(known_at: int, **firms: tuple[int, list[float | None]]) -> PeerTable:
    """A table of firms: of each set of them the group and the values."""
    groups = np.array([group for group, values in firms.values() for _ in values], np.int64)
    values = [value for _, each in firms.values() for value in each]
    return make_peers(PLAN, sheet_of(values), groups, known_at)


# A hundred firms here with values 1 … 100, 19 next door, too few, and 20 of another trade.
TABLE = table_of(
    EARLY,
    here=(HERE, [float(value) for value in range(1, 101)]),
    next_door=(NEXT_DOOR, [1000.0] * 19),
    other=(OTHER, [-5.0] * 20),
    nowhere=(-1, [10.0**9] * 50),
)


@dataclass(frozen=True)
class Placing:
    """What a place is read from."""

    group: int = HERE
    asof: int = EARLY
    table: PeerTable | None = TABLE


def placed(
    value: float | None, pairs: Pairs, placing: Placing = Placing()
) -> tuple[float | None, int]:
    """The percentile and reason of one value; twice it, by twice the values, has the same."""
    sheet = sheet_of([value], more=2)
    run(PLAN, placing.table, np.array([placing.group]), np.array([placing.asof]), sheet.at(2))
    (answers,) = pairs(sheet)
    assert answers[2] == answers[3]
    return answers[3]


# what · value · group · percentile
CASES = [
    ("below all", 0.0, HERE, 0.0),
    ("the lowest: at the first cut", 1.0, HERE, 1 / 198),
    ("between two cuts", 50.5, HERE, 100 / 198),
    ("at a cut", 50.0, HERE, 99 / 198),
    ("at the last cut", 99.0, HERE, 197 / 198),
    ("the highest lies above the last cut", 100.0, HERE, 1.0),
    ("above all", 1e9, HERE, 1.0),
    # Industry 5: 1 … 100 and nineteen times 1000; the k-th cut is the ceil(1.19·k)-th of 119.
    ("too few next door: the industry", 50.0, NEXT_DOOR, (41 + 42) / 198),
    ("nobody there: the industry", 1000.0, FAR, (84 + 99) / 198),
    ("an industry unheard of: all firms", -5.0, 11_007, (0 + 14) / 198),
    ("one value of twenty", -5.0, OTHER, 0.5),
    ("below it", -5.5, OTHER, 0.0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "group", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_each_value_has_its_place(value: float, group: int, expected: float, pairs: Pairs) -> None:
    assert placed(value, pairs, Placing(group)) == (expected, VALUE)


def test_without_a_group_a_table_or_enough_firms_a_place_is_undefined(pairs: Pairs) -> None:
    few = table_of(EARLY, here=(HERE, [1.0] * 10), there=(OTHER, [2.0] * 9 + [None]))
    assert few.groups.size == 0
    assert placed(5.0, pairs, Placing(-1)) == UNKNOWN
    assert placed(5.0, pairs, Placing(table=None)) == UNKNOWN
    assert placed(5.0, pairs, Placing(table=few)) == UNKNOWN
    assert placed(None, pairs) == (None, NO_EVENT)
    assert placed(None, pairs, Placing(-1, table=None)) == (None, NO_EVENT)


def test_only_the_newest_distribution_known_by_then_is_read(pairs: Pairs) -> None:
    low, high = [float(value) for value in range(20)], [float(value) for value in range(50, 70)]
    both = join_tables(
        [table_of(LATER, here=(HERE, high)), table_of(EARLY, here=(HERE, low), one=(OTHER, low))]
    )
    assert both.known.tolist() == [EARLY, LATER]
    places = [placed(30.0, pairs, Placing(HERE, asof, both))
              for asof in (EARLY - 1, EARLY, LATER - 1, LATER, LATER + 1)]  # fmt: skip
    assert places == [UNKNOWN, (1.0, VALUE), (1.0, VALUE), (0.0, VALUE), (0.0, VALUE)]
    # Of the newer table the other trade has no firm: all firms of it, not its own of before.
    assert placed(30.0, pairs, Placing(OTHER, LATER, both)) == (0.0, VALUE)


def test_rows_are_placed_each_for_itself(pairs: Pairs) -> None:
    sheet = sheet_of([50.5, None, 50.5, 50.5], more=4)
    sheet.values[:, 2:], sheet.reasons[:, 2:] = 4.0, VALUE
    sheet.reasons[2, 0] = NO_SOURCE
    groups, asof = np.array([HERE, HERE, OTHER, -1]), np.array([EARLY, EARLY, EARLY, EARLY])
    run(PLAN, TABLE, groups, asof, sheet.at(3))
    rows = pairs(sheet)
    assert [row[4] for row in rows] == [(100 / 198, VALUE), (None, NO_EVENT),
                                        (None, NO_SOURCE), UNKNOWN]  # fmt: skip
    assert rows[2][3] == (1.0, VALUE)
    assert {(row[2], row[5]) for row in rows} == {((4.0, VALUE), (4.0, VALUE))}


def test_cuts_are_values_of_firms_whatever_their_order() -> None:
    values = [float(value) for value in range(1, 21)]
    groups = np.full(20, HERE)
    table = make_peers(PLAN, sheet_of(values), groups, EARLY, ("V2", "V1"))
    again = make_peers(PLAN, sheet_of(values[::-1]), groups, EARLY, ("V2", "V1"))
    assert table.hash == again.hash
    assert table.groups.tolist() == [0, 5, HERE]
    # Twenty firms: the k-th cut is the ceil(k / 5)-th value.
    assert table.cuts[0, 2, 1].tolist() == [float(-(-k // 5)) for k in range(1, CUTS + 1)]
    assert (table.cuts[0, :, 0] == 2 * table.cuts[0, :, 1]).all()


def test_a_group_may_have_enough_values_of_one_variable_only(pairs: Pairs) -> None:
    sheet = sheet_of([float(value) for value in range(30)])
    sheet.reasons[5:, 1] = NO_EVENT
    table = make_peers(PLAN, sheet, np.full(30, HERE), EARLY)
    placed_sheet = sheet_of([30.0], more=2)
    run(PLAN, table, np.array([HERE]), np.array([EARLY]), placed_sheet.at(2))
    assert pairs(placed_sheet)[0][2:] == [UNKNOWN, (1.0, VALUE)]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"groups": np.array([5])}, "groups"),
        ({"groups": np.array([11_000])}, "groups"),
        ({"groups": np.array([-2])}, "groups"),
        ({"groups": np.array([HERE, HERE])}, "groups"),
        ({"asof": np.array([5])}, "asof"),
        ({"asof": np.array([EARLY, EARLY])}, "asof"),
        ({"plan": PeersPlan((0, 2))}, "outputs"),
        ({"plan": PeersPlan((0,))}, "table"),
        ({"start": 3}, "sheet"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(change: dict, field: str) -> None:
    given = {"plan": PLAN, "groups": np.array([HERE]), "asof": np.array([EARLY]), "start": 2}
    given |= change
    with pytest.raises(BadInput) as caught:
        run(given["plan"], TABLE, given["groups"], given["asof"],
            sheet_of([1.0], more=2).at(given["start"]))  # fmt: skip
    assert caught.value.field == field


def test_distributions_of_impossible_groups_or_instants_are_refused() -> None:
    with pytest.raises(BadInput, match="counted from 1"):
        make_peers(PLAN, sheet_of([1.0]), np.array([7]), EARLY)
    with pytest.raises(BadInput, match="1990"):
        make_peers(PLAN, sheet_of([1.0]), np.array([HERE]), 7)
    with pytest.raises(BadInput, match="columns"):
        make_peers(PeersPlan((2,)), sheet_of([1.0]), np.array([HERE]), EARLY)


def test_a_table_of_one_instant_is_not_changed_by_joining() -> None:
    assert join_tables([TABLE]).hash == TABLE.hash
    assert replace(TABLE, names=("V2", "V1")).hash != TABLE.hash
