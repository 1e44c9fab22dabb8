"""The swap set: whom one version approves and another does not, and what came of them.

Of those whom only the new version approves, few have an outcome: they were refused then. Three
answers are told, none of them the truth: the bounds (all good, all bad) and what the PDs say, times
a band for what refused applicants are known to be worse by (C. F. Manski, Partial Identification of
Probability Distributions, 2003, chapter 1, for the bounds).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from tael.policies.backtest.cases import Cases, Ruled
from tael.policies.backtest.economics import Economics, Worth, realised
from tael.policies.backtest.judge import UNKNOWN
from tael.policies.backtest.measures import Columns, Figures
from tael.policies.backtest.numbers import BILLION, Whole, billionths, exact_sum, share_of

CELLS = ("in", "out", "both", "neither")
_PPM = 10**6


@dataclass(frozen=True, slots=True)
class Guess:
    """One answer about cases of which some have no outcome.

    Attributes:
        bad: how many of them are bad, in thousandths of a case: known and guessed.
        loss, profit: minor units.
    """

    bad: int
    loss: int
    profit: int

    def as_json(self) -> dict[str, int]:
        """The integers by name."""
        return {"bad_thousandths": self.bad, "loss": self.loss, "profit": self.profit}


@dataclass(frozen=True, slots=True)
class Inferred:
    """What those approved may have been: the bounds, and what the PDs say at three multiples.

    Attributes:
        cases: all of them; ``unknown`` those without an outcome.
        best: all unknown are good; ``worst``: all are bad.
        low, expected, high: the unknown default as their PDs say, times the multiples of the
            assumptions.
        truth: what came of them, where the history holds what nobody knew; None without it.
        truth_cases: how many of the unknown have such an answer.
    """

    cases: int
    unknown: int
    best: Guess
    worst: Guess
    low: Guess
    expected: Guess
    high: Guess
    truth: Guess | None
    truth_cases: int


@dataclass(frozen=True, slots=True)
class Swap:
    """One version against another.

    Attributes:
        before, after: their names.
        cells: figures by cell: ``in`` (only ``after`` approves), ``out`` (only ``before``),
            ``both``, ``neither``. Money of ``in`` and ``both`` is on the terms of ``after``, that
            of ``out`` on those of ``before``; ``neither`` has none.
        before_both: the cell ``both`` on the terms of ``before``.
        undecided: cases of which ``before`` says nothing; they stand in no cell.
        inferred: of the cell ``in``.
    """

    before: str
    after: str
    cells: dict[str, Figures]
    before_both: Figures
    undecided: int
    inferred: Inferred


def swap_of(
    cases: Cases,
    pair: tuple[Ruled, Ruled],
    columns: tuple[Columns, Columns],
    economics: Economics,
) -> Swap:
    """Cases by what both versions say, the earlier and the later, each with its columns."""
    (before, after), (theirs, mine) = pair, columns
    decided = before.outcome != 0
    old, new = before.approved, after.approved
    marks = {
        "in": decided & ~old & new,
        "out": decided & old & ~new,
        "both": decided & old & new,
        "neither": decided & ~old & ~new,
    }
    terms = {"in": mine, "out": theirs, "both": mine, "neither": mine}
    return Swap(
        before.name,
        after.name,
        {cell: terms[cell].marked(marks[cell]) for cell in CELLS},
        theirs.marked(marks["both"]),
        int((~decided).sum()),
        inferred_of(cases, after, marks["in"], economics),
    )


def inferred_of(
    cases: Cases, ruled: Ruled, marks: npt.NDArray[np.bool_], economics: Economics
) -> Inferred:
    """What the marked cases, all of them approved, may have been."""
    known = marks & (cases.bad != UNKNOWN)
    unknown = marks & ~known
    base = Guess(
        1000 * int((cases.bad[known] == 1).sum()),
        exact_sum(ruled.loss[known]),
        exact_sum(ruled.profit[known]),
    )
    good, gone = (_if(ruled, unknown, bad, economics) for bad in (0, 1))
    low, middle, high = (
        _added(base, _by_pd(ruled, unknown, factor, economics)) for factor in economics.rejects
    )
    truth, told = None, 0
    seen = unknown & (cases.truth != UNKNOWN)
    if seen.any():
        told = int(seen.sum())
        parts = [_if(ruled, seen & (cases.truth == bad), bad, economics) for bad in (0, 1)]
        truth = _added(base, *parts)
    return Inferred(
        cases=int(marks.sum()),
        unknown=int(unknown.sum()),
        best=_added(base, good),
        worst=_added(base, gone),
        low=low,
        expected=middle,
        high=high,
        truth=truth,
        truth_cases=told,
    )


def _if(ruled: Ruled, marks: npt.NDArray[np.bool_], bad: int, economics: Economics) -> Guess:
    """The marked cases, were they all good or all bad."""
    loss, profit = _outcomes(ruled.worth.of(marks), bad, economics)
    return Guess(1000 * len(loss) * bad, exact_sum(loss), exact_sum(profit))


def _by_pd(
    ruled: Ruled, marks: npt.NDArray[np.bool_], factor: Decimal, economics: Economics
) -> Guess:
    """The marked cases, each bad with its PD times ``factor``, at most 1."""
    chance = np.minimum(BILLION, ruled.pd[marks] * int(factor * _PPM) // _PPM)
    bad_loss, bad_profit = _outcomes(ruled.worth.of(marks), 1, economics)
    _, good_profit = _outcomes(ruled.worth.of(marks), 0, economics)
    # What a default costs of the profit: above zero, so that shares of it round as all others.
    given_up = np.maximum(0, good_profit - bad_profit)
    return Guess(
        exact_sum(chance) // (BILLION // 1000),
        exact_sum(share_of(bad_loss, chance)),
        exact_sum(good_profit - share_of(given_up, chance)),
    )


def _outcomes(worth: Worth, bad: int, economics: Economics) -> tuple[Whole, Whole]:
    rows = len(worth.loss)
    lost = np.full(rows, billionths(economics.loss_given_default.fraction))
    return realised(worth, np.full(rows, bad, np.int64), worth.exposed, lost, economics)


def _added(*guesses: Guess) -> Guess:
    return Guess(
        sum(one.bad for one in guesses),
        sum(one.loss for one in guesses),
        sum(one.profit for one in guesses),
    )
