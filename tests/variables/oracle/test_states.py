"""How things stand now: cases reckoned by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.variables.oracle.states import answers
from tael.variables.packing.packed import FOREVER, Packed
from tael.variables.plan.states import StatesOutput, StatesPlan

ASOF = 1_700_000_000
OPEN, LATE, ANY = 0, 1, 2
FILTERS = (frozenset({0, 1}), frozenset({1}), frozenset({0, 1, 2}))
# age, leaf (0 current, 1 late, 2 settled), balance, limit, key; newest first
Row = tuple[int, int, int, int, int]


def stands(rows: list[Row], output: StatesOutput, *, keyed: bool = True) -> tuple[float, int]:
    table = np.array(rows, np.int64).reshape(-1, 5)
    packed = Packed(
        offsets=np.array([0, len(rows)]),
        time=ASOF - table[:, 0],
        visible_from=ASOF - table[:, 0],
        visible_to=np.full(len(rows), FOREVER),
        leaf=table[:, 1].astype(np.uint16),
        measures=np.ascontiguousarray(table[:, 2:4].T),
        key=table[:, 4].copy(),
        present=np.array([True]),
    )
    plan = StatesPlan(3, FILTERS, 2, (output,), keyed)
    return answers(plan, packed, 0, ASOF)[0]


TWO = [(1, 1, 30, 100, 7), (2, 0, 50, 60, 8), (3, 0, 40, 100, 7)]
# what · events · output · value, None for none · reason
CASES = [
    ("the newest of each key", TWO, StatesOutput("sum", OPEN), 80.0, 0),
    ("how many", TWO, StatesOutput("n", OPEN), 2.0, 0),
    ("each event, without keys", TWO, StatesOutput("n", OPEN), 3.0, 0),
    ("late now", TWO, StatesOutput("n", LATE), 1.0, 0),
    ("no more late", [(1, 0, 9, 9, 7), (2, 1, 9, 9, 7)], StatesOutput("n", LATE), 0.0, 0),
    ("settled, once open", [(1, 2, 0, 9, 7), (2, 0, 9, 9, 7)], StatesOutput("n", OPEN), 0.0, 0),
    ("largest", TWO, StatesOutput("max", OPEN), 50.0, 0),
    ("largest, all below zero", [(1, 0, -5, 9, 7), (1, 0, -3, 9, 8)], StatesOutput("max", OPEN),
     -3.0, 0),
    ("share of amounts", TWO, StatesOutput("share_amount", LATE), 0.375, 0),
    ("share of number", TWO, StatesOutput("share_count", LATE), 0.5, 0),
    ("share of the open", [*TWO, (9, 2, 5, 5, 1)], StatesOutput("share_count", LATE, base=OPEN),
     0.5, 0),
    ("share of all", [*TWO, (9, 2, 5, 5, 1)], StatesOutput("share_count", LATE), 1 / 3, 0),
    ("use of limits", TWO, StatesOutput("ratio", OPEN, 0, 1), 0.5, 0),
    ("limits of nothing", [(1, 0, 5, 0, 7)], StatesOutput("ratio", OPEN, 0, 1), None, 3),
    ("nothing used", [(1, 0, 0, 5, 7)], StatesOutput("ratio", OPEN, 0, 1), 0.0, 0),
    ("none: number", [], StatesOutput("n", OPEN), 0.0, 0),
    ("none: sum", [], StatesOutput("sum", OPEN), 0.0, 0),
    ("none: largest", [], StatesOutput("max", OPEN), None, 2),
    ("none: ratio", [], StatesOutput("ratio", OPEN, 0, 1), None, 2),
    ("none: share", [], StatesOutput("share_count", OPEN), None, 2),
    ("none open: share of all", [(1, 2, 5, 5, 7)], StatesOutput("share_amount", OPEN), 0.0, 0),
    ("none open: ratio", [(1, 2, 5, 5, 7)], StatesOutput("ratio", OPEN, 0, 1), None, 2),
    ("they cancel out: share", [(1, 0, 5, 5, 7), (2, 0, -5, 5, 8)],
     StatesOutput("share_amount", OPEN), None, 3),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "output", "value", "reason"), CASES)
def test_states_are_as_reckoned_by_hand(
    what: str, rows: list[Row], output: StatesOutput, value: float | None, reason: int
) -> None:
    found = stands(rows, output, keyed="without keys" not in what)
    assert found[1] == reason
    assert math.isnan(found[0]) if value is None else found[0] == value
