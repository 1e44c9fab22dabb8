"""All smallest sets of changes that reach a target, each with its least effort: exact."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tael.policies.model import Verdict
from tael.policies.recourse.candidates import Movable
from tael.policies.recourse.judging import Judge, Places, Weighed

MOST_CHANGES = 3
# Combinations that are decided at most; what lies beyond is not looked at, and the advice says so.
MOST_ROWS = 1_000_000
_ROWS_AT_ONCE = 100_000
# So few combinations cost less together than a second look at some of them.
_FEW_ROWS = 4_000


@dataclass(frozen=True, eq=False)
class Found:
    """A smallest set of changes at its least effort.

    Attributes:
        levers: places of the levers that move, rising.
        chosen: place of the choice of every lever [levers].
        effort: billionths.
        verdict: of the policy itself, after the changes.
    """

    levers: tuple[int, ...]
    chosen: Places
    effort: int
    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Searched:
    """What a search found.

    Attributes:
        found: by number of changes, then by effort, then by the order of the levers.
        rows: combinations that were decided.
        complete: whether every combination of up to three changes was looked at.
    """

    found: tuple[Found, ...]
    rows: int
    complete: bool


NOTHING = Searched((), 0, complete=True)


def smallest(movables: Sequence[Movable], judge: Judge, *, most: int = MOST_CHANGES) -> Searched:
    """Every set of up to ``most`` levers that reaches the goal while no smaller part of it does.

    Sets of one lever are looked through first, then of two that hold none found before, and so on:
    a set with a smaller one inside adds only effort. Of each set every combination of values is
    decided, so the one of least effort is the least there is, and a set that is not found reaches
    the goal nowhere.
    """
    search = _Search(movables, judge)
    for sizes in _waves(movables, most):
        wanted = [
            levers
            for size in sizes
            for levers in combinations(range(len(movables)), size)
            if not search.holds_found(levers)
        ]
        for sets in _parts(wanted, movables):
            search.look_through(sets)
    return Searched(tuple(search.found), search.rows, search.complete)


class _Search:
    """What was found so far; sets are looked through with fewer levers first."""

    def __init__(self, movables: Sequence[Movable], judge: Judge) -> None:
        self._movables = movables
        self._judge = judge
        self._efforts = [np.array([c.effort for c in each.choices]) for each in movables]
        self.found: list[Found] = []
        self.rows = 0
        self.complete = True

    def holds_found(self, levers: tuple[int, ...]) -> bool:
        """Whether a part of these levers is enough: more adds effort only."""
        return any(set(one.levers) <= set(levers) for one in self.found)

    def look_through(self, sets: Sequence[tuple[int, ...]]) -> None:
        """Decide every combination of these sets together, and keep the least of each."""
        blocks = [_combinations(levers, self._movables) for levers in sets]
        rows = np.concatenate(blocks)
        if self.rows + len(rows) > MOST_ROWS:
            self.complete = False
            return
        self.rows += len(rows)
        weighed = self._judge.weigh(rows)
        may = np.array(sorted(weighed.keys), dtype=np.int64)
        ends = np.cumsum([0, *(len(block) for block in blocks)])
        places = np.searchsorted(may, ends).tolist()
        for levers, first, last in zip(sets, places[:-1], places[1:], strict=True):
            if not self.holds_found(levers):
                self._keep_least(levers, weighed, may[first:last])
        self.found.sort(key=lambda one: (len(one.levers), one.effort, one.levers))

    def _keep_least(self, levers: tuple[int, ...], weighed: Weighed, may: Places) -> None:
        rows = weighed.rows[may]
        effort = np.zeros(len(may), dtype=np.int64)
        for lever in levers:
            effort += self._efforts[lever][rows[:, lever]]
        for place in np.lexsort((*reversed(rows.T), effort)).tolist():
            row = int(may[place])
            if not self._judge.reaches(weighed, row):
                continue
            if (verdict := self._judge.confirm(weighed.rows[row])) is not None:
                self.found.append(Found(levers, weighed.rows[row], int(effort[place]), verdict))
                return


def _waves(movables: Sequence[Movable], most: int) -> Iterator[list[int]]:
    """Numbers of changes that are decided together: as many as are few combinations."""
    wave: list[int] = []
    held = 0
    for size in range(1, min(most, len(movables)) + 1):
        rows = sum(
            math.prod(len(movables[lever].choices) - 1 for lever in levers)
            for levers in combinations(range(len(movables)), size)
        )
        if wave and held + rows > _FEW_ROWS:
            yield wave
            wave, held = [], 0
        wave.append(size)
        held += rows
    if wave:
        yield wave


def _parts(
    wanted: Sequence[tuple[int, ...]], movables: Sequence[Movable]
) -> Iterator[list[tuple[int, ...]]]:
    """Sets, as many at once as are decided together."""
    sets: list[tuple[int, ...]] = []
    held = 0
    for levers in wanted:
        rows = math.prod(len(movables[lever].choices) - 1 for lever in levers)
        if held and held + rows > _ROWS_AT_ONCE:
            yield sets
            sets, held = [], 0
        sets.append(levers)
        held += rows
    if sets:
        yield sets


def _combinations(levers: tuple[int, ...], movables: Sequence[Movable]) -> Places:
    """Every choice in which just these levers move [rows, all levers]."""
    sizes = [len(movables[lever].choices) - 1 for lever in levers]
    rows = np.zeros((math.prod(sizes), len(movables)), dtype=np.int64)
    rows[:, list(levers)] = np.indices(sizes).reshape(len(levers), -1).T + 1
    return rows
