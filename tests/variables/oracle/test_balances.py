"""A balance as a step function of time: cases reckoned by hand."""

from __future__ import annotations

import math

import pytest

from tael.variables.oracle.balances import answer
from tael.variables.oracle.events import Event
from tael.variables.plan.balances import BalancesOutput, BalancesPlan

DAY = 86_400
TEN, HUNDRED, ALL = 0, 1, 2
PLAN = BalancesPlan(
    leaves=2,
    filters=(frozenset({0}), frozenset({0, 1})),
    windows=(10 * DAY, 100 * DAY, None),
    measures=1,
    outputs=(),
)
STEPS = [(4 * DAY, 0, 100), (8 * DAY, 0, -20), (20 * DAY, 0, 60)]
# what · (age, leaf, balance), newest first · aggregate · window · value, None for no event
CASES = [
    # 4 days of 100, 4 of -20, 2 of 60: what is in force at the start counts from there.
    ("within ten days", STEPS, "mean", TEN, (400 - 80 + 120) / 10),
    ("since the oldest", STEPS, "mean", HUNDRED, (400 - 80 + 720) / 20),
    ("of ever", STEPS, "mean", ALL, 52.0),
    ("lowest", STEPS, "min", TEN, -20.0),
    ("highest", STEPS, "max", TEN, 100.0),
    ("last", STEPS, "last", TEN, 100.0),
    ("below 70", STEPS, "days_below", TEN, 6.0),
    ("below 70, of ever", STEPS, "days_below", ALL, 16.0),
    ("below 60 is not 60", [(DAY, 0, 70)], "days_below", ALL, 0.0),
    ("oldest at the start", [(10 * DAY, 0, 5)], "mean", TEN, 5.0),
    ("replaced at the start", [(10 * DAY, 0, 5), (11 * DAY, 0, 999)], "max", TEN, 5.0),
    ("replaced a second later", [(10 * DAY - 1, 0, 5), (11 * DAY, 0, 999)], "max", TEN, 999.0),
    ("long ago is still in force", [(5000 * DAY, 0, 7)], "min", TEN, 7.0),
    ("at one instant: the newest", [(DAY, 0, 5), (DAY, 0, 999)], "max", TEN, 5.0),
    ("at one instant: last", [(DAY, 0, 5), (DAY, 0, 999)], "last", TEN, 5.0),
    ("another leaf ends nothing", [(DAY, 1, 5), (2 * DAY, 0, 9)], "min", TEN, 9.0),
    ("nothing in all", [(DAY, 0, 5), (2 * DAY, 0, -5)], "mean", TEN, 0.0),
    ("a second of it", [(1, 0, 10**12)], "mean", ALL, 1e12),
    ("none: mean", [], "mean", TEN, None),
    ("none: lowest", [], "min", TEN, None),
    ("none: last", [(DAY, 1, 5)], "last", TEN, None),
    ("none: days below", [], "days_below", TEN, 0.0),
]


@pytest.mark.parametrize(("what", "rows", "aggregate", "window", "value"), CASES)
def test_balances_are_as_reckoned_by_hand(
    what: str, rows: list[tuple[int, int, int]], aggregate: str, window: int, value: float | None
) -> None:
    events = [Event(age, leaf, (balance,), 0) for age, leaf, balance in rows]
    output = BalancesOutput(aggregate, 0, window, 0, 70 if "70" in what else 60)
    found, reason = answer(PLAN, events, output)
    assert reason == (2 if value is None else 0), what
    assert math.isnan(found) if value is None else found == value, what


def test_a_wider_filter_is_another_balance() -> None:
    events = [Event(DAY, 1, (5,), 0), Event(2 * DAY, 0, (9,), 0)]
    assert answer(PLAN, events, BalancesOutput("mean", 1, TEN)) == (7.0, 0)
    assert answer(PLAN, events, BalancesOutput("mean", 0, TEN)) == (9.0, 0)
