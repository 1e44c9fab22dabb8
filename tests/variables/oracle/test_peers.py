"""Places among peers: cases reckoned by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.variables.oracle.events import ABSENT, NO_ANSWER, NOTHING, Answer
from tael.variables.oracle.peers import answer, answers, cuts_of
from tael.variables.plan.peers import PeersPlan, PeerTable

NOW = 1_700_000_000
HUNDRED = [float(cut) for cut in range(1, 100)]


def test_of_a_hundred_values_the_cuts_are_all_but_the_largest() -> None:
    assert cuts_of([float(value) for value in range(100, 0, -1)]) == HUNDRED


def test_of_twenty_values_each_is_a_cut_about_five_times() -> None:
    cuts = cuts_of([float(value) for value in range(20)])
    assert cuts[:6] == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
    assert cuts[-4:] == [19.0] * 4


def test_of_nineteen_values_there_are_no_cuts() -> None:
    assert cuts_of([1.0] * 19) == []


# value and reason · its place among 1 … 99 · reason
CASES: list[tuple[Answer, float, int]] = [
    ((0.5, 0), 0.0, 0),
    ((1.0, 0), 0.5 / 99, 0),
    ((1.5, 0), 1 / 99, 0),
    ((50.0, 0), 0.5, 0),
    ((99.0, 0), 98.5 / 99, 0),
    ((1e9, 0), 1.0, 0),
    (ABSENT, math.nan, 1),
    (NOTHING, math.nan, 2),
    (NO_ANSWER, math.nan, 3),
]


@pytest.mark.parametrize(("parent", "value", "reason"), CASES)
def test_places_are_as_reckoned_by_hand(parent: Answer, value: float, reason: int) -> None:
    found, why = answer(parent, HUNDRED)
    assert why == reason
    assert found.hex() == value.hex()


def table() -> PeerTable:
    """Two years; cuts are all the same number, its tens the year, its ones the group."""
    cuts = np.empty((2, 3, 1, 99))
    cuts[:] = np.array([[[10], [11], [12]], [[20], [21], [22]]])[..., np.newaxis]
    cuts[1, 2] = math.nan
    return PeerTable(np.array([0, 7, 1007]), np.array([NOW, NOW + 9]), cuts)


# what · group · seconds from the first year · the cuts that are read, None for none
READ = [
    ("the firm's group", 1007, 0, 12),
    ("of the newest year known", 1008, 9, 20),
    ("a second before that", 1008, 8, 10),
    ("too few firms: its industry", 1007, 9, 21),
    ("no such group: its industry", 2007, 0, 11),
    ("no such industry: all firms", 2008, 0, 10),
    ("before any was known", 1007, -1, None),
    ("of no known group", -1, 0, None),
]


@pytest.mark.parametrize(("what", "group", "after", "cut"), READ)
def test_the_newest_distribution_of_the_narrowest_group_is_read(
    what: str, group: int, after: int, cut: int | None
) -> None:
    plan = PeersPlan((0,))
    if cut is None:
        assert answers(plan, table(), group, NOW + after, [(1.0, 0)]) == [NO_ANSWER], what
        return
    below, on, above = (
        answers(plan, table(), group, NOW + after, [(cut + step, 0)])[0] for step in (-0.5, 0, 0.5)
    )
    assert (below, on, above) == ((0.0, 0), (0.5, 0), (1.0, 0)), what


def test_without_a_table_there_is_no_place() -> None:
    assert answers(PeersPlan((0,)), None, 1007, NOW, [(1.0, 0)]) == [NO_ANSWER]
