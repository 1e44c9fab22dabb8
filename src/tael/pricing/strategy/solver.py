"""The integer program: one choice a cell, never worse for a better tier, within linear bounds.

Segments meet only in the bounds. So the program is solved in three steps, each exact but for the
solver's tolerance:

1. Column generation (Dantzig and Wolfe 1960): the linear program over whole plans of segments, with
   plans found by ``Chain.best``. Its duals give an upper bound on the profit (Geoffrion 1974).
2. An integer program over the plans found gives a plan that keeps the bounds: a lower bound.
3. A choice whose best plan under those duals stays below the lower bound stands in no best answer
   (variable fixing by Lagrangian bounds). What is left goes to HiGHS as one mixed-integer program.

Floats live here and in ``chain`` only. Whoever calls prices the answer again, exactly.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise
from typing import TYPE_CHECKING

from tael.kernel import check
from tael.pricing.strategy.chain import NO_CHOICE, Chain

if TYPE_CHECKING:
    import numpy as np
    from scipy.optimize import LinearConstraint, OptimizeResult
    from scipy.sparse import csr_matrix

    from tael.pricing.strategy.chain import Floats, Integers

# Values are scaled so that the solver's absolute tolerances are far below one minor unit.
_LARGEST = 10_000
_MOST_ROUNDS = 400
_HALF = 1 / 2
# Of a row scaled to coefficients of at most 1: what the solver takes for nothing.
_NO_SLACK = 1 / 10**7
_NO_VALUE = 1 / 10**9
# How far below the upper bound answers are looked for while none is known; the last is anywhere.
_WIDER = (1 / 1000, 1 / 100, 1 / 10)
_NO_ANSWER = 2
_BILLION = 10**9
_HIGHS = b"Highs"
# Standard output is one for all threads.
_ONE_AT_A_TIME = threading.Lock()


class Status(Enum):
    """How a search ended: the best there is, the best found in the time, or none there can be."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    INFEASIBLE = "infeasible"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Program:
    """What is to be solved.

    Args:
        cells: numbers of the choices of each cell; exactly one is taken.
        chains: the segments; every cell stands in one.
        value: of each choice, to be made as large as may be.
        rows: coefficients by choice, each sum at most ``most``.
        most: the bounds of the rows.
        seed: a plan for each chain that is known to keep the rows; empty when none is.
        enough: an answer is good enough when none is better by more than this.
    """

    cells: tuple[tuple[int, ...], ...]
    chains: tuple[Chain, ...]
    value: Sequence[int] = field(repr=False)
    rows: Sequence[Sequence[int]] = field(repr=False)
    most: Sequence[int] = ()
    seed: tuple[tuple[int, ...], ...] = ()
    enough: int = 0


@dataclass(frozen=True, slots=True)
class Solved:
    """What the solver found: status, numbers of the choices, and how far the best may be away.

    Args:
        status: see ``Status``.
        taken: a choice for each cell, in their order; empty when there is none.
        gap_ppb: how much better an answer could be, in billionths of this one's value.
        elapsed_ms: time it took.
        left: choices that the bounds left to the last program.
        whole: choices in all.
    """

    status: Status
    taken: tuple[int, ...] = field(repr=False)
    gap_ppb: int
    elapsed_ms: int
    left: int
    whole: int


@dataclass(frozen=True, slots=True)
class Effort:
    """How long and how exactly to search: seconds for a program, and the gap that is enough."""

    seconds: int = 60
    gap_ppm: int = 0


def solve(program: Program, effort: Effort = Effort()) -> Solved:
    """The choices with the largest value that keep every row.

    Deterministic: one thread, fixed order, no random seed of ours.
    """
    started = time.perf_counter_ns()
    work = _Work(program, effort)
    with _quiet():
        found = work.run()
    return replace(found, elapsed_ms=(time.perf_counter_ns() - started) // 10**6)


def mixable(program: Program) -> bool:
    """Whether whole plans of segments, mixed, could keep every row: where not, nothing can."""
    with _quiet():
        return _Work(program, Effort()).mixable()


class _Work:
    """One search: the program in floats, the plans found so far."""

    def __init__(self, program: Program, effort: Effort) -> None:
        import numpy as np

        self._program, self._effort = program, effort
        value = np.array([int(v) for v in program.value], dtype=np.float64)
        self._scale = _LARGEST / max(np.abs(value).max(initial=0), 1)
        self._value = value * self._scale
        self._enough = program.enough * self._scale
        rows = np.array(program.rows, dtype=np.float64).reshape(len(program.rows), len(value))
        most = np.array([int(m) for m in program.most], dtype=np.float64)
        size = np.maximum(np.abs(rows).max(axis=1, initial=0), 1)
        self._rows, self._most = rows / size[:, None], most / size
        self._plans: list[tuple[int, tuple[int, ...]]] = []
        self._known: set[tuple[int, tuple[int, ...]]] = set()

    def mixable(self) -> bool:
        import numpy as np

        self._add(np.zeros(len(self._value)))
        self._add(self._value)
        for chain, plan in enumerate(self._program.seed):
            self._remember(chain, plan)
        return not self._rows.shape[0] or bool(self._least_slack() <= _NO_SLACK)

    def run(self) -> Solved:
        count = len(self._value)
        if not self.mixable():
            return Solved(Status.INFEASIBLE, (), 0, 0, 0, count)
        duals, upper = self._upper()
        lower, taken = self._among_plans()
        if lower is not None and upper - lower <= self._enough:
            return Solved(Status.OPTIMAL, taken, self._gap(upper, lower), 0, 0, count)
        for room in self._rooms(lower, upper):
            status, found, gap, left = self._within(duals, room, taken)
            if status is not Status.INFEASIBLE:
                return Solved(status, found, gap, 0, left, count)
        return Solved(Status.INFEASIBLE, (), 0, 0, count, count)

    @staticmethod
    def _gap(upper: np.float64, lower: np.float64) -> int:
        return int(max(upper - lower, 0) / max(abs(lower), 1) * _BILLION)

    def _rooms(self, lower: np.float64 | None, upper: np.float64) -> Iterator[np.float64]:
        """Values to look above: that of the best plans known, else ever less until one is found."""
        import numpy as np

        if lower is not None:
            yield lower
        yield from (upper - share * max(abs(upper), 1) for share in _WIDER)
        yield np.float64(-np.inf)

    def _within(
        self, duals: Floats, room: np.float64, known: tuple[int, ...]
    ) -> tuple[Status, tuple[int, ...], int, int]:
        """The best answer of at least ``room``; one that is worth less is looked below again."""
        kept = self._kept(duals, room)
        status, taken, gap = self._whole(kept, known)
        reached = self._value[list(taken)].sum() if taken else room
        if status is Status.OPTIMAL and reached < room - _NO_VALUE * max(abs(room), 1):
            kept = self._kept(duals, reached)
            status, taken, gap = self._whole(kept, taken)
        return status, taken, gap, len(kept)

    # --- plans

    def _add(self, value: Floats) -> bool:
        """Put the best plan of each segment for ``value`` among the plans; whether any was new."""
        before = len(self._plans)
        for number, chain in enumerate(self._program.chains):
            self._remember(number, chain.best(value)[1])
        return len(self._plans) > before

    def _remember(self, chain: int, plan: tuple[int, ...]) -> None:
        if (chain, plan) not in self._known:
            self._known.add((chain, plan))
            self._plans.append((chain, plan))

    def _least_slack(self) -> np.float64:
        """By how much whole plans, mixed, must break the rows at least; 0 when they need not."""
        import numpy as np

        nothing = np.zeros(len(self._value))
        for _ in range(_MOST_ROUNDS):
            least, duals = self._master(nothing, slack=True)
            if least <= _NO_SLACK or not self._add(-(duals @ self._rows)):
                break
        return least

    def _upper(self) -> tuple[Floats, np.float64]:
        """The linear program over plans: duals with the least upper bound, and that bound."""
        import numpy as np

        best, kept = np.float64(np.inf), np.zeros(len(self._most))
        for _ in range(_MOST_ROUNDS):
            _, duals = self._master(self._value, slack=False)
            reduced = self._value - duals @ self._rows
            bound = self._bound(reduced) + duals @ self._most
            if bound < best:
                best, kept = bound, duals
            if not self._add(reduced):
                break
        return kept, best

    def _bound(self, reduced: Floats) -> np.float64:
        import numpy as np

        return np.float64(sum(chain.best(reduced)[0] for chain in self._program.chains))

    def _columns(self, value: Floats) -> tuple[Floats, Floats, csr_matrix]:
        """Value, rows and segment of each plan."""
        import numpy as np
        from scipy.sparse import csr_matrix

        of = [list(plan) for _, plan in self._plans]
        worth = np.array([value[plan].sum() for plan in of])
        rows = np.stack([self._rows[:, plan].sum(axis=1) for plan in of], axis=1)
        segment = [number for number, _ in self._plans]
        ones = np.ones(len(of))
        one_each = csr_matrix((ones, (segment, range(len(of)))))
        return worth, rows, one_each

    def _master(self, value: Floats, *, slack: bool) -> tuple[np.float64, Floats]:
        """Optimum of the linear program over the plans (the slack needed), and duals of rows."""
        import numpy as np
        from scipy.optimize import linprog
        from scipy.sparse import csr_matrix, hstack

        worth, rows, one_each = self._columns(value)
        count = rows.shape[0]
        cost, left = -worth, csr_matrix(rows)
        if slack:
            cost = np.concatenate([np.zeros(len(worth)), np.ones(count)])
            left = hstack([left, -csr_matrix(np.eye(count))]).tocsr()
            one_each = hstack([one_each, csr_matrix((one_each.shape[0], count))]).tocsr()
        found = linprog(
            cost,
            A_ub=left if count else None,
            b_ub=self._most if count else None,
            A_eq=one_each,
            b_eq=np.ones(one_each.shape[0]),
            method="highs",
        )
        check(found.status == 0, f"the program over plans has an optimum: {found.message}")
        duals = -found.ineqlin.marginals if count else np.zeros(0)
        return np.float64(found.fun if slack else -found.fun), np.maximum(duals, 0)

    def _among_plans(self) -> tuple[np.float64 | None, tuple[int, ...]]:
        """The best whole plans among those found; None when none keep the rows."""
        import numpy as np
        from scipy.optimize import LinearConstraint

        worth, rows, one_each = self._columns(self._value)
        constraints = [LinearConstraint(one_each, 1, 1)]
        if rows.shape[0]:
            constraints.append(LinearConstraint(rows, -np.inf, self._most))
        found = self._milp(worth, constraints, len(self._program.chains))
        if found.x is None:
            return None, ()
        plans = [self._plans[n][1] for n in np.flatnonzero(found.x > _HALF)]
        taken = self._in_order(number for plan in plans for number in plan)
        return self._value[list(taken)].sum(), taken

    def _milp(
        self, value: Floats, constraints: list[LinearConstraint], picks: int
    ) -> OptimizeResult:
        """HiGHS over yes and no, one thread, its own order of branching.

        It knows gaps relative to the optimum only: where an absolute one is enough, the same is
        added to each of the ``picks`` that are taken, so that the optimum has a known size.
        """
        import numpy as np
        from scipy.optimize import Bounds, milp

        gap, size = self._effort.gap_ppm / 10**6, max(np.abs(value).max(initial=0), 1)
        if self._enough:
            value, gap = value + size, self._enough / (2 * size * picks)
        return milp(
            -value,
            constraints=constraints,
            integrality=np.ones(len(value)),
            bounds=Bounds(0, 1),
            options={"time_limit": self._effort.seconds, "mip_rel_gap": gap},
        )

    def _in_order(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """A choice for each cell, in the order of cells."""
        taken = set(numbers)
        found = tuple(next(n for n in cell if n in taken) for cell in self._program.cells)
        check(len(found) == len(taken), "an answer has one choice for each cell")
        return found

    # --- choices

    def _kept(self, duals: Floats, least: np.float64) -> Integers:
        """Choices that some answer of value ``least`` may have."""
        import numpy as np

        reduced = self._value - duals @ self._rows
        margins = [chain.margins(reduced) for chain in self._program.chains]
        bests = np.array([values.max() for _, values in margins])
        spare = bests.sum() + duals @ self._most - least
        spare += _NO_VALUE * max(abs(least), 1) if np.isfinite(least) else 0
        kept = [
            numbers[best - values <= spare]
            for (numbers, values), best in zip(margins, bests, strict=True)
        ]
        return np.sort(np.concatenate(kept))

    def _whole(self, kept: Integers, known: tuple[int, ...]) -> tuple[Status, tuple[int, ...], int]:
        """The program over the choices that are left; ``known`` when its time is over."""
        import numpy as np
        from scipy.optimize import LinearConstraint

        constraints = [LinearConstraint(_one_each(self._program.cells, kept), 1, 1)]
        order = _order(self._program.chains, kept)
        if order.shape[0]:
            constraints.append(LinearConstraint(order, -np.inf, 0))
        if self._rows.shape[0]:
            constraints.append(LinearConstraint(self._rows[:, kept], -np.inf, self._most))
        found = self._milp(self._value[kept], constraints, len(self._program.cells))
        if found.status == _NO_ANSWER:
            return Status.INFEASIBLE, (), 0
        if found.x is None:
            return (Status.FEASIBLE, known, _BILLION) if known else (Status.UNKNOWN, (), _BILLION)
        taken = self._in_order(int(kept[n]) for n in np.flatnonzero(found.x > _HALF))
        gap = int(max(found.mip_gap or 0, 0) * _BILLION)
        return (Status.OPTIMAL if found.status == 0 else Status.FEASIBLE), taken, gap


def _one_each(cells: Sequence[Sequence[int]], kept: Integers) -> csr_matrix:
    """A row for each cell: the choices of it that are left."""
    from scipy.sparse import csr_matrix

    place = {int(number): column for column, number in enumerate(kept)}
    pairs = [
        (row, place[number]) for row, cell in enumerate(cells) for number in cell if number in place
    ]
    shape = len(cells), len(kept)
    return csr_matrix(([1] * len(pairs), tuple(zip(*pairs, strict=True))), shape=shape)


def _order(chains: Sequence[Chain], kept: Integers) -> csr_matrix:
    """Rows that keep the order of tiers, each at most 0: the strong form, level by level."""
    import numpy as np
    from scipy.sparse import csr_matrix

    columns = {int(number): column for column, number in enumerate(kept)}
    rows: list[tuple[list[int], list[int]]] = []
    for chain in chains:
        stands = [_stands(place, columns) for place in chain.places]
        for better, worse in pairwise(stands):
            rows += _between(better, worse, chain)
    at = np.array([row for row, (less, more) in enumerate(rows) for _ in (*less, *more)])
    column = np.array([one for less, more in rows for one in (*less, *more)])
    sign = np.array([s for less, more in rows for s in [1] * len(less) + [-1] * len(more)])
    return (
        csr_matrix((sign, (at, column)), shape=(len(rows), len(kept)))
        if rows
        else (csr_matrix((0, len(kept))))
    )


def _stands(place: Integers, columns: dict[int, int]) -> list[tuple[int, int, int]]:
    """Column, price level and limit level of the choices of a cell that are left."""
    return [
        (columns[int(number)], level, limit)
        for level, row in enumerate(place)
        for limit, number in enumerate(row)
        if number != NO_CHOICE and int(number) in columns
    ]


def _between(
    better: list[tuple[int, int, int]], worse: list[tuple[int, int, int]], chain: Chain
) -> Iterator[tuple[list[int], list[int]]]:
    """Pairs of columns: where one of the first is taken, the other tier takes one of the second."""
    none = len(chain.lowest)
    for level in sorted({level for _, level, _ in worse if level < none}):
        enough = [one for one, at, _ in better if at <= level]
        if len(enough) < len(better):
            yield [one for one, at, _ in worse if at <= level], enough
    for limit in sorted({limit for _, _, limit in worse if limit}):
        enough = [one for one, _, at in better if at >= limit]
        if len(enough) < len(better):
            yield [one for one, _, at in worse if at >= limit], enough
    if not chain.smooth:
        return
    for level in sorted({level for _, level, _ in better if level < none}):
        near = chain.highest[level]
        enough = [one for one, at, _ in worse if at <= near or at == none]
        if len(enough) < len(worse):
            yield [one for one, at, _ in better if at <= level], enough


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what HiGHS says on standard output, past its own switch; all else goes on."""
    with _ONE_AT_A_TIME, tempfile.TemporaryFile() as said:
        sys.stdout.flush()
        kept = os.dup(1)
        os.dup2(said.fileno(), 1)
        try:
            yield
        finally:
            sys.stdout.flush()
            os.dup2(kept, 1)
            os.close(kept)
            said.seek(0)
            for line in said:
                if not line.startswith(_HIGHS):
                    os.write(1, line)
