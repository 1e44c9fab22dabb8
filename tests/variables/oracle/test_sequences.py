"""Runs in the order of events: cases reckoned by hand."""

from __future__ import annotations

import math

import pytest

from tael.variables.oracle.events import Event
from tael.variables.oracle.sequences import answer
from tael.variables.plan.sequences import SequencesOutput, SequencesPlan

DAY = 86_400
# Leaves: 0 current, 1 a little late, 2 very late, 3 late with another product.
PLAN = SequencesPlan(
    leaves=4,
    filters=(frozenset(range(4)), frozenset({0, 1, 2})),
    hits=(frozenset({1, 2, 3}),),
    worst=((frozenset({1, 3}), frozenset({2})),),
    outputs=(),
)
LATE_OF_TWO = [(1, 0), (1, 1), (1, 1), (0, 0), (0, 1), (1, 0), (1, 0), (1, 0)]
# what · (leaf, key) of the events, the newest first and a day apart · aggregate · filter · value
CASES = [
    ("one run of a key", LATE_OF_TWO, "longest", 0, 3.0),
    ("at the newest end of any key", LATE_OF_TWO, "current", 0, 2.0),
    ("begun once with an end, once with none", LATE_OF_TWO, "transitions", 0, 3.0),
    ("current only where the newest is a hit", [(0, 0), (1, 0)], "current", 0, 0.0),
    ("newest is a hit, behind it none", [(1, 0), (0, 0), (1, 0)], "transitions", 0, 2.0),
    ("all one run", [(1, 0)] * 5, "transitions", 0, 1.0),
    ("a run through what the filter leaves out", [(1, 0), (3, 0), (2, 0)], "longest", 1, 2.0),
    ("a run with it", [(1, 0), (3, 0), (2, 0)], "longest", 0, 3.0),
    ("no event", [], "longest", 0, 0.0),
    ("no event: current", [], "current", 0, 0.0),
    ("no event: transitions", [], "transitions", 0, 0.0),
    ("no hit", [(0, 0)], "longest", 0, 0.0),
    ("newest hit", [(0, 0), (1, 0), (2, 1)], "since_last", 0, 2.0),
    ("newest of the worst", [(1, 0), (2, 0), (0, 0), (2, 0)], "since_worst", 0, 2.0),
    ("the worst that occurred", [(0, 0), (0, 0), (1, 0), (3, 0)], "since_worst", 0, 3.0),
    ("no hit: since", [(0, 0)], "since_last", 0, None),
    ("no hit: since the worst", [(0, 0)], "since_worst", 0, None),
    ("no event: since", [], "since_last", 0, None),
    ("hit outside of the filter", [(3, 0)], "since_last", 1, None),
]


@pytest.mark.parametrize(("what", "order", "aggregate", "number", "value"), CASES)
def test_runs_are_as_reckoned_by_hand(
    what: str, order: list[tuple[int, int]], aggregate: str, number: int, value: float | None
) -> None:
    events = [Event((at + 1) * DAY, leaf, (), key) for at, (leaf, key) in enumerate(order)]
    found, reason = answer(PLAN, events, SequencesOutput(aggregate, number, 0))
    assert reason == (2 if value is None else 0), what
    assert math.isnan(found) if value is None else found == value, what


def test_seconds_of_a_day_count() -> None:
    found = answer(PLAN, [Event(DAY + DAY // 4, 1, (), 0)], SequencesOutput("since_last", 0, 0))
    assert found == (1.25, 0)
