"""The oracle's events: what is visible as of an instant, and parts of a whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.variables.oracle.events import (
    NO_ANSWER,
    Event,
    amounts,
    part,
    visible,
    within,
)
from tael.variables.packing.packed import FOREVER, Packed

ASOF = 1_700_000_000


def one(time: int, visible_from: int, visible_to: int, *, present: bool = True) -> Packed:
    return Packed(
        offsets=np.array([0, 1]),
        time=np.array([ASOF + time]),
        visible_from=np.array([ASOF + visible_from]),
        visible_to=np.array([visible_to if visible_to == FOREVER else ASOF + visible_to]),
        leaf=np.array([4], np.uint16),
        measures=np.array([[7], [-8]]),
        key=np.array([9]),
        present=np.array([present]),
    )


# what · seconds from the as-of: time, visible from, visible to · whether it is visible
VISIBLE = [
    ("a second before", -1, -1, FOREVER, True),
    ("at the as-of", 0, -1, FOREVER, False),
    ("of the future", 1, -1, FOREVER, False),
    ("known at the as-of", -5, 0, FOREVER, True),
    ("known a second later", -5, 1, FOREVER, False),
    ("replaced a second later", -5, -5, 1, True),
    ("replaced at the as-of", -5, -5, 0, False),
]


@pytest.mark.parametrize(("what", "time", "known", "until", "seen"), VISIBLE)
def test_what_had_happened_and_was_known_and_not_replaced_is_visible(
    what: str, time: int, known: int, until: int, *, seen: bool
) -> None:
    expected = [Event(-time, 4, (7, -8), 9)] if seen else []
    assert visible(one(time, known, until), 0, ASOF) == expected, what


def test_a_source_that_is_not_there_is_told_from_one_without_events() -> None:
    assert visible(one(-1, -1, FOREVER, present=False), 0, ASOF) is None


def test_a_window_holds_its_older_end() -> None:
    events = [Event(7, 0, (), 0), Event(8, 0, (), 0), Event(7, 1, (), 0)]
    assert within(events, frozenset({0}), 7) == events[:1]
    assert within(events, frozenset({0, 1})) == events


def test_events_are_counted_by_measure_minus_one() -> None:
    events = [Event(7, 0, (5, -6), 0), Event(8, 0, (1, 0), 0)]
    assert amounts(events, 1) == [-6, 0]
    assert amounts(events, -1) == [1, 1]


def test_no_part_is_negative_zero() -> None:
    assert part(1, 4) == (0.25, 0)
    assert math.copysign(1.0, part(0, -4)[0]) == 1.0
    assert part(3, 0) is NO_ANSWER
