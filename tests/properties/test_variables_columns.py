"""Variables made of other columns: arithmetic and places among peers agree with the oracle."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.variables.kernel import derived as derived_kernel
from tael.variables.kernel import peers as peers_kernel
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.oracle import derived, peers
from tael.variables.oracle.events import Answer
from tael.variables.plan.derived import DerivedOutput, DerivedPlan
from tael.variables.plan.peers import PeersPlan, join_tables

NOW = 1_700_000_000
YEAR = 365 * 86_400
COLUMNS = 3
DERIVED = DerivedPlan(
    (
        *(
            DerivedOutput(operation, of, by)
            for operation in ("ratio", "difference")
            for of in range(COLUMNS)
            for by in range(COLUMNS)
        ),
        DerivedOutput("difference", COLUMNS + 1, COLUMNS + 5),
        DerivedOutput("ratio", COLUMNS + 18, 0),
    )
)
PLACED = PeersPlan((0, 2, 0))
# Whole numbers that fall together often, and values at the ends of what a double holds.
numbers = (
    st.integers(-3, 3).map(float)
    | st.sampled_from([1e300, -1e300, 1e-300, 0.1, 5e-324])
    | st.floats(-1e15, 1e15).map(lambda value: value or 0.0)
)
answers = st.one_of(
    *[numbers.map(lambda value: (value, 0))] * 4,
    st.sampled_from([1, 2, 3]).map(lambda reason: (math.nan, reason)),
)
GROUPS = [1001, 1002, 2001, 2002, -1]


class Firm(NamedTuple):
    """A row of a sheet and the group that its firm is of."""

    row: tuple[Answer, ...]
    group: int


firms = st.builds(Firm, st.tuples(*[answers] * COLUMNS), st.sampled_from(GROUPS))
# A draw of a group fits its size to the least number of peers: some groups have enough, some not.
references = st.lists(firms, max_size=24).flatmap(
    lambda some: st.integers(0, 4).map(lambda times: some * times)
)


def sheet_of(rows: list[tuple[Answer, ...]], more: int) -> Sheet:
    """The rows, and room for more columns behind them."""
    sheet = make_sheet(len(rows), COLUMNS + more)
    for place, row in enumerate(rows):
        sheet.values[place, :COLUMNS] = [value for value, _ in row]
        sheet.reasons[place, :COLUMNS] = [reason for _, reason in row]
    return sheet.at(COLUMNS)


def groups_of(firms: list[Firm]) -> np.ndarray:
    return np.array([each.group for each in firms], np.int64)


def written(sheet: Sheet) -> list[list[tuple[str, int]]]:
    """What was written behind the rows, in hexadecimal."""
    values, reasons = sheet.values[:, COLUMNS:].tolist(), sheet.reasons[:, COLUMNS:].tolist()
    return [
        [(value.hex(), reason) for value, reason in zip(*row, strict=True)]
        for row in zip(values, reasons, strict=True)
    ]


def in_hex(rows: list[list[Answer]]) -> list[list[tuple[str, int]]]:
    return [[(value.hex(), reason) for value, reason in row] for row in rows]


@given(rows=st.lists(st.tuples(*[answers] * COLUMNS), min_size=1, max_size=12))
def test_arithmetic_on_columns_is_that_of_the_oracle(rows: list[tuple[Answer, ...]]) -> None:
    sheet = sheet_of(rows, DERIVED.width)
    derived_kernel.run(DERIVED, sheet)
    assert written(sheet) == in_hex([derived.answers(DERIVED, row) for row in rows])


@settings(max_examples=30)
@given(before=references, later=references, asked=st.lists(firms, min_size=1, max_size=8))
def test_places_among_peers_are_those_of_the_oracle(
    before: list[Firm], later: list[Firm], asked: list[Firm]
) -> None:
    """Distributions of two years; firms placed in each, in between and before any was known."""
    tables = [
        peers_kernel.make_peers(PLACED, sheet_of([each.row for each in some], 0), groups_of(some),
                                known)
        for some, known in ((before, NOW), (later, NOW + YEAR))
    ]  # fmt: skip
    table = join_tables(tables)
    for asof in (NOW - 1, NOW, NOW + YEAR - 1, NOW + YEAR):
        sheet = sheet_of([each.row for each in asked], PLACED.width)
        instants = np.full(len(asked), asof)
        peers_kernel.run(PLACED, table, groups_of(asked), instants, sheet)
        expected = [peers.answers(PLACED, table, each.group, asof, each.row) for each in asked]
        assert written(sheet) == in_hex(expected)


@settings(max_examples=30)
@given(reference=references, data=st.data())
def test_distributions_are_those_of_the_oracle_in_whatever_order_firms_come(
    reference: list[Firm], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(reference))
    sheet = sheet_of([each.row for each in mixed], 0)
    table = peers_kernel.make_peers(PLACED, sheet, groups_of(mixed), NOW)
    for output, column in enumerate(PLACED.outputs):
        for code in (0, 1, 2, *GROUPS[:-1]):
            values = [
                each.row[column][0]
                for each in reference
                if each.row[column][1] == 0
                and (each.group == code or each.group % 1000 == code or code == 0)
                and each.group != -1
            ]
            assert _cuts(table.groups.tolist(), table.cuts[0, :, output], code) == peers.cuts_of(
                values
            )


def _cuts(groups: list[int], cuts: np.ndarray, code: int) -> list[float]:
    """The cuts of one group; empty where there are none."""
    found = cuts[groups.index(code)] if code in groups else np.array([math.nan])
    return [] if np.isnan(found).all() else found.tolist()
