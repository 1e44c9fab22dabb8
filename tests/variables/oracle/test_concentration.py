"""How much of a total falls to few keys: cases reckoned by hand."""

from __future__ import annotations

import math

import pytest

from tael.variables.oracle.concentration import answer
from tael.variables.oracle.events import Event
from tael.variables.plan.concentration import ConcentrationPlan
from tael.variables.plan.windows import Output

DAY = 86_400
NAN = math.nan
PLAN = ConcentrationPlan(2, (frozenset({0}),), (7 * DAY, None), 1, ())
SEVEN = [(DAY, key, amount) for key, amount in enumerate([40, 20, 10, 10, 10, 5, 5])]
TOP1, TOP5, HHI = Output("top1_share", 0, 0), Output("top5_share", 0, 0), Output("hhi", 0, 0)
TOP1_OF_EVENTS, TOP1_OF_EVER = Output("top1_share", 0, 0, -1), Output("top1_share", 0, 1)
# what · (age, key, amount) · output · value · reason
CASES = [
    ("largest", SEVEN, TOP1, 0.4, 0),
    ("five largest", SEVEN, TOP5, 0.9, 0),
    ("sum of squares", SEVEN, HHI, 2350 / 10_000, 0),
    ("by number of events", SEVEN, TOP1_OF_EVENTS, 1 / 7, 0),
    ("one key", [(DAY, 5, 3), (2 * DAY, 5, 4)], HHI, 1.0, 0),
    ("fewer than five", [(DAY, 5, 3), (DAY, 6, 1)], TOP5, 1.0, 0),
    ("a key is added up first", [(DAY, 5, 9), (DAY, 5, -8), (DAY, 6, 3)], TOP1, 0.75, 0),
    ("a key below zero is left out", [(DAY, 5, 9), (DAY, 6, -3)], TOP1, 1.0, 0),
    ("out of the window", [(DAY, 5, 1), (7 * DAY + 1, 6, 3)], TOP1, 1.0, 0),
    ("of ever", [(DAY, 5, 1), (7 * DAY + 1, 6, 3)], TOP1_OF_EVER, 0.75, 0),
    ("nothing above zero", [(DAY, 5, -1)], HHI, NAN, 3),
    ("nothing above zero: largest", [(DAY, 5, 2), (DAY, 5, -2)], TOP1, NAN, 3),
    ("no event", [], TOP1, NAN, 2),
    ("none in the window", [(8 * DAY, 5, 3)], HHI, NAN, 2),
]  # fmt: skip


@pytest.mark.parametrize(("what", "rows", "output", "value", "reason"), CASES)
def test_concentration_is_as_reckoned_by_hand(
    what: str, rows: list[tuple[int, int, int]], output: Output, value: float, reason: int
) -> None:
    events = [Event(age, 0, (amount,), key) for age, key, amount in rows]
    found, why = answer(PLAN, events, output)
    assert why == reason, what
    assert found.hex() == value.hex(), what
