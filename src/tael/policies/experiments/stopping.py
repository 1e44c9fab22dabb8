"""When an experiment may end: a rule fixed before it begins, and its state at each look."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from tael.kernel import BadInput
from tael.policies.experiments.estimates import squared_error
from tael.policies.experiments.sequential import (
    Counts,
    Prior,
    rules_out,
    sequence_of_means,
    sequence_of_shares,
)
from tael.report import Words
from tael.risk import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class Measure(Enum):
    """What an experiment is decided on; the values are the names in results."""

    DEFAULT = "default"  # share of the loans that defaulted by the month on book
    APPROVAL = "approval"  # share of the applications that were approved
    PROFIT = "profit"  # per application, minor units
    LOSS = "loss"  # per application, minor units


SHARES = frozenset({Measure.DEFAULT, Measure.APPROVAL})
LOWER_IS_BETTER = frozenset({Measure.DEFAULT, Measure.LOSS})


class State(Enum):
    """What may be said at a look."""

    CONTINUE = "continue"
    CHALLENGER_BETTER = "challenger_better"
    CHAMPION_BETTER = "champion_better"
    NO_DIFFERENCE = "no_difference"


STATE_WORDS = {
    State.CONTINUE: Words("继续观察", "Go on"),
    State.CHALLENGER_BETTER: Words("挑战者更好", "The challenger is better"),
    State.CHAMPION_BETTER: Words("冠军更好", "The champion is better"),
    State.NO_DIFFERENCE: Words("没有值得在意的差别", "No difference that matters"),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The stopping rule, written down before the first outcome.

    Attributes:
        measure: what is compared.
        margin: the smallest difference that matters, in the measure's unit (a share as a fraction,
            money in minor units).
        expected: the champion's share as expected; None for no idea. Only shares read it.
        alpha: chance, over all looks together, of telling a difference where there is none; it is
            divided among the challengers of one experiment.
        planned: rows of both arms at which one gives up: what is not told apart by then is held for
            no difference that matters; None: only an interval within the margin says so.
        least: rows of each arm before anything is said; means need them, shares do not.
    """

    measure: Measure
    margin: float
    expected: float | None = None
    alpha: float = 0.05
    planned: int | None = None
    least: int = 50

    def __post_init__(self) -> None:
        if not (math.isfinite(self.margin) and self.margin > 0):
            raise BadInput(f"a margin of {self.margin!r}", field="margin", rule="above zero")
        if not 0 < self.alpha < 1:
            raise BadInput(f"alpha {self.alpha!r}", field="alpha", rule="between 0 and 1")
        if self.planned is not None and self.planned <= 0:
            raise BadInput(f"{self.planned} rows planned", field="planned", rule="above zero")

    @property
    def prior(self) -> Prior:
        """The mixture of shares: around what is expected, as wide as what matters."""
        return Prior() if self.expected is None else Prior.around(self.expected, self.margin)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rule says at a look.

    Attributes:
        state: which of the four.
        difference: challenger less champion, in an interval that holds at all looks.
        rows: known of champion and challenger.
        given_up: whether the planned end was reached; then no difference was shown, which is less
            than showing that there is none.
    """

    state: State
    difference: Interval
    rows: tuple[int, int]
    given_up: bool = False

    @property
    def words(self) -> Words:
        """The state, as a person reads it."""
        if self.given_up:
            return Words(
                "到计划终点仍未见差别, 不等于证明没有差别",
                "No difference was shown by the planned end; that proves no equality",
            )
        return STATE_WORDS[self.state]


def judge_shares(rule: Rule, champion: Counts, challenger: Counts) -> Standing:
    """What the rule says of two shares, at this look."""
    found = sequence_of_shares(champion, challenger, alpha=rule.alpha, prior=rule.prior)
    return _standing(rule, found, (champion.rows, challenger.rows), least=1)


def judge_means(
    rule: Rule, champion: npt.NDArray[np.float64], challenger: npt.NDArray[np.float64]
) -> Standing:
    """What the rule says of two means per application, at this look; minor units."""
    rows = len(champion), len(challenger)
    if not min(rows):
        return Standing(State.CONTINUE, Interval(math.nan, math.nan, math.nan), rows)
    found = sequence_of_means(
        float(challenger.mean() - champion.mean()),
        squared_error(champion) + squared_error(challenger),
        sum(rows),
        planned=rule.planned or 10_000,
        alpha=rule.alpha,
    )
    return _standing(rule, found, rows, least=rule.least)


def first_end(rule: Rule, looks: Iterable[tuple[Counts, Counts]]) -> tuple[int, Standing]:
    """The number of the first look at two shares that ends the experiment, from 0, and its word.

    Where none does: the last look. What a later look says of an experiment that has ended does not
    count: the rule was written to stop at the first.

    Raises:
        BadInput: no look.
    """
    last: tuple[int, tuple[Counts, Counts]] | None = None
    for last in enumerate(looks):
        if _ends(rule, *last[1]):
            break
    if last is None:
        raise BadInput("no look was taken", field="looks", rule="one or more")
    return last[0], judge_shares(rule, *last[1])


def first_end_of_means(
    rule: Rule, looks: Iterable[tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]
) -> tuple[int, Standing]:
    """As ``first_end``, of looks at the amounts of both arms."""
    found: tuple[int, Standing] | None = None
    for number, (champion, challenger) in enumerate(looks):
        found = number, judge_means(rule, champion, challenger)
        if found[1].state is not State.CONTINUE:
            break
    if found is None:
        raise BadInput("no look was taken", field="looks", rule="one or more")
    return found


def _ends(rule: Rule, champion: Counts, challenger: Counts) -> bool:
    """Whether a look at two shares ends the experiment: its state without its interval."""
    if not champion.rows or not challenger.rows:
        return False
    if rule.planned is not None and champion.rows + challenger.rows >= rule.planned:
        return True
    ruled_out = rules_out(champion, challenger, alpha=rule.alpha, prior=rule.prior)
    return ruled_out(0.0) or (ruled_out(rule.margin) and ruled_out(-rule.margin))


def shared_alpha(rule: Rule, challengers: Sequence[str]) -> float:
    """Alpha for each of several challengers against one champion (Bonferroni)."""
    return rule.alpha / max(len(challengers), 1)


def _standing(rule: Rule, found: Interval, rows: tuple[int, int], *, least: int) -> Standing:
    if min(rows) < least or math.isnan(found.low):
        return Standing(State.CONTINUE, found, rows)
    lower_is_better = rule.measure in LOWER_IS_BETTER
    if found.high < 0 or found.low > 0:
        challenger = (found.high < 0) == lower_is_better
        state = State.CHALLENGER_BETTER if challenger else State.CHAMPION_BETTER
        return Standing(state, found, rows)
    if -rule.margin < found.low and found.high < rule.margin:
        return Standing(State.NO_DIFFERENCE, found, rows)
    if rule.planned is not None and sum(rows) >= rule.planned:
        return Standing(State.NO_DIFFERENCE, found, rows, given_up=True)
    return Standing(State.CONTINUE, found, rows)
