"""Derived variables: arithmetic on columns of a sheet, as a table; and what is refused."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables.kernel.derived import run
from tael.variables.kernel.sheet import (
    NO_EVENT,
    NO_SOURCE,
    UNDEFINED,
    VALUE,
    Sheet,
    make_sheet,
)
from tael.variables.plan.derived import DerivedOutput, DerivedPlan

Pairs = Callable[..., list[list[tuple[float | None, int]]]]
PLAN = DerivedPlan((DerivedOutput("ratio", 0, 1), DerivedOutput("difference", 0, 1)))
ABSENT, NONE, UNKNOWN = (None, NO_SOURCE), (None, NO_EVENT), (None, UNDEFINED)

# what · a · b · ratio · difference; a number is a value
CASES = [
    ("two values", 6.0, 4.0, 1.5, 2.0),
    ("a negative divisor", 6.0, -4.0, -1.5, 10.0),
    ("zero over something", 0.0, 4.0, 0.0, -4.0),
    ("zero over something negative is no -0.0", 0.0, -4.0, 0.0, 4.0),
    ("something over zero", 4.0, 0.0, UNKNOWN, 4.0),
    ("zero over zero", 0.0, 0.0, UNKNOWN, 0.0),
    ("equals", 4.0, 4.0, 1.0, 0.0),
    ("one IEEE operation", 1.0, 3.0, 1 / 3, -2.0),
    ("beyond doubles", 1e308, 1e-10, UNKNOWN, 1e308),
    ("too small for doubles is no -0.0", 1e-308, -1e308, 0.0, 1e308),
    ("no source, a value", ABSENT, 4.0, ABSENT, ABSENT),
    ("a value, no source", 4.0, ABSENT, ABSENT, ABSENT),
    ("a value, no event", 4.0, NONE, NONE, NONE),
    ("undefined, a value", UNKNOWN, 4.0, UNKNOWN, UNKNOWN),
    ("no source goes before no event", NONE, ABSENT, ABSENT, ABSENT),
    ("and before undefined", ABSENT, UNKNOWN, ABSENT, ABSENT),
    ("no event goes before undefined", UNKNOWN, NONE, NONE, NONE),
    ("undefined twice", UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN),
    ("no event over nothing", NONE, 0.0, NONE, NONE),
]
Cell = float | tuple[float | None, int]


def cell(what: Cell) -> tuple[float | None, int]:
    return (what, VALUE) if isinstance(what, float) else what


def filled(*cells: Cell, more: int = 0) -> Sheet:
    sheet = make_sheet(1, len(cells) + more)
    for column, (value, reason) in enumerate(map(cell, cells)):
        sheet.values[0, column] = np.nan if value is None else value
        sheet.reasons[0, column] = reason
    return sheet


@pytest.mark.parametrize(
    ("parents", "expected"), [pytest.param(case[1:3], case[3:], id=case[0]) for case in CASES]
)
def test_each_pair_of_parents_has_its_answers(
    parents: tuple[Cell, Cell], expected: tuple[Cell, Cell], pairs: Pairs
) -> None:
    sheet = filled(*parents, more=2)
    run(PLAN, sheet.at(2))
    assert pairs(sheet)[0] == [cell(each) for each in (*parents, *expected)]
    assert not np.signbit(sheet.values[0, 2:][sheet.values[0, 2:] == 0]).any()


def test_a_derived_variable_may_be_a_parent_and_a_column_may_meet_itself(pairs: Pairs) -> None:
    plan = DerivedPlan(
        (
            DerivedOutput("ratio", 1, 2),
            DerivedOutput("difference", 3, 1),
            DerivedOutput("ratio", 4, 4),
        )
    )
    sheet = filled(9.0, 6.0, 4.0, more=4)
    sheet.values[0, 6], sheet.reasons[0, 6] = 7.0, VALUE
    run(plan, sheet.at(3))
    assert [value for value, _ in pairs(sheet)[0]] == [9.0, 6.0, 4.0, 1.5, -4.5, 1.0, 7.0]


@pytest.mark.parametrize(
    ("output", "start", "field"),
    [
        (DerivedOutput("ratio", 2, 0), 2, "outputs[0]"),
        (DerivedOutput("ratio", 0, 3), 2, "outputs[0]"),
        (DerivedOutput("ratio", 0, 1), 3, "sheet"),
    ],
)
def test_a_parent_stands_before_its_variable(output: DerivedOutput, start: int, field: str) -> None:
    with pytest.raises(BadInput) as caught:
        run(DerivedPlan((output,)), filled(1.0, 1.0, more=1).at(start))
    assert caught.value.field == field
