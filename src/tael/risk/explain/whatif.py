"""What would change the answer: the model asked again with other values, and least such changes.

These are answers of the model, not promises about the borrower: that firms with fewer enquiries
repay better does not mean that asking less often makes a firm repay.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.explain.importance import Predict
from tael.risk.explain.wording import is_protected
from tael.risk.facts import Facts, concepts
from tael.risk.sample import Values

# What a borrower can change from now on and may be told to. Records of the past, the register, the
# region, the peers and the use of the application are not; nor is spending or moving more money.
CHANGEABLE = frozenset(
    (
        "firm_balance", "firm_borrowing", "firm_cash", "firm_cost_share", "firm_credit_use",
        "firm_debt", "firm_enquiries", "firm_income_breadth", "firm_income_level",
        "firm_income_swing", "firm_income_trend", "firm_invoicing_breadth",
        "firm_invoicing_level", "firm_invoicing_swing", "firm_invoicing_trend",
        "firm_net_inflow", "firm_own_transfers", "firm_payables", "firm_receivables",
        "firm_refunds", "firm_repayment", "firm_takings_level", "firm_takings_swing",
        "firm_takings_trend", "firm_tax_lateness", "firm_utility_lateness", "owner_balance",
        "owner_card_use", "owner_cash", "owner_debt", "owner_due", "owner_enquiries",
        "owner_guarantees", "owner_transfers", "owner_utility_lateness",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """Log odds before and after, and the variables that were changed: from, to."""

    before: float
    after: float
    changes: Mapping[str, tuple[float, float]]


def what_if(
    predict: Predict, names: Sequence[str], row: npt.ArrayLike, changes: Mapping[str, float]
) -> Answer:
    """The log odds of a row as it is and with other values.

    Args:
        predict: log odds of float32 [rows, variables] in the order of ``names``.
        names: the model's variables.
        row: [variables]; NaN where missing.
        changes: new values by name; NaN for missing.

    Raises:
        BadInput: a name that the model does not know, an infinite value, or a row of another size.
    """
    held = _row(names, row)
    place = {name: i for i, name in enumerate(names)}
    changed = held.copy()
    for name, value in changes.items():
        if name not in place:
            raise BadInput(
                f"the model has no variable {name!r}", field=name, rule="a variable of the model"
            )
        if math.isinf(value):
            raise BadInput(f"{name!r} is infinite", field=name, rule="finite or missing")
        changed[place[name]] = value
    before, after = (float(z) for z in predict(np.stack([held, changed])))
    told = {name: (float(held[place[name]]), float(value)) for name, value in changes.items()}
    return Answer(before, after, told)


@dataclass(frozen=True, eq=False)
class Bounds:
    """How far training values reach.

    Attributes:
        shares: rising shares; 0.1, 0.25, 0.5, 0.75, 0.9 by default.
        quantiles: float32 [shares, variables]; NaN for a variable never seen.
    """

    shares: tuple[float, ...]
    quantiles: Values

    @classmethod
    def of(cls, matrix: Values, shares: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 0.9)) -> Bounds:
        """The quantiles of training rows, float32 [rows, variables]; values that were seen.

        Raises:
            BadInput: no rows, or shares that are not rising between 0 and 1.
        """
        ends = (0.0, *shares, 1.0)
        if list(ends) != sorted(set(ends)) or not len(matrix):
            raise BadInput(
                "quantiles need rows, and shares that rise between 0 and 1",
                field="shares",
                rule="rising shares",
            )
        found = np.full((len(shares), matrix.shape[1]), np.nan, dtype=np.float32)
        for i in range(matrix.shape[1]):
            seen = matrix[:, i][~np.isnan(matrix[:, i])]
            if len(seen):
                found[:, i] = np.quantile(seen, shares, method="inverted_cdf")
        return cls(shares, found)


@dataclass(frozen=True, slots=True)
class Step:
    """One change towards the target.

    Attributes:
        concept: what changes.
        share: of training rows that are no better: the new values are that quantile.
        changes: by variable, from and to; only variables that were worse change.
        words: what the borrower would do: the concept's better side as a sentence.
    """

    concept: str
    share: float
    changes: Mapping[str, tuple[float, float]]
    words: Words


@dataclass(frozen=True, slots=True)
class Path:
    """Steps to a target, the most telling first.

    Attributes:
        before: log odds of the row.
        after: log odds with all steps taken.
        reached: whether ``after`` is at or below the target.
        steps: the changes; empty where the target is met already or nothing helps.
    """

    before: float
    after: float
    reached: bool
    steps: tuple[Step, ...]


class Advisor:
    """Looks for the least changes of what a borrower can change that reach a target.

    Greedy over concepts: each time the one change, of one concept to one quantile of training,
    that brings the log odds lowest; when the target is met, each change is drawn back to the
    nearest quantile that still meets it, the last first. Values stay within training's, move the
    concept's better way only, and variables of a concept move together. After Wachter, Mittelstadt
    and Russell, Counterfactual explanations without opening the black box, Harvard JOLT 31 (2018).

    Args:
        predict: log odds of float32 [rows, variables].
        facts: of the variables, in the order of the columns.
        bounds: how far training values reach.
        signs: '+' or '-' by name, before those of ``facts``.
        actionable: concepts that may change.
    """

    def __init__(
        self,
        predict: Predict,
        facts: Sequence[Facts],
        bounds: Bounds,
        *,
        signs: Mapping[str, str] | None = None,
        actionable: Iterable[str] = CHANGEABLE,
    ) -> None:
        self.predict = predict
        self.bounds = bounds
        self.names = tuple(each.name for each in facts)
        allowed = frozenset(actionable)
        self.groups: dict[str, list[tuple[int, int]]] = {}
        for place, each in enumerate(facts):
            way = _better_way(each, (signs or {}).get(each.name, each.sign))
            if each.concept in allowed and way and not is_protected(each.name):
                self.groups.setdefault(each.concept, []).append((place, way))

    def path(self, row: npt.ArrayLike, target: float, most: int = 4) -> Path:
        """Changes that bring the log odds of ``row`` [variables] to ``target`` or below.

        Raises:
            BadInput: a row of another size, or a target that is not finite.
        """
        if not math.isfinite(target):
            raise BadInput("a target is finite log odds", field="target", rule="finite")
        held = _row(self.names, row)
        before = float(self.predict(held[None, :])[0])
        taken: dict[str, int] = {}
        after = before
        while after > target and len(taken) < most:
            found = self._best(held, taken)
            if found is None or found[0] >= after:
                break
            after, concept, level = found
            taken[concept] = level
        if after <= target:
            taken, after = self._drawn_back(held, taken, (target, after))
        steps = tuple(self._step(held, concept, level) for concept, level in taken.items())
        return Path(before, after, after <= target, steps)

    def _best(self, row: Values, taken: Mapping[str, int]) -> tuple[float, str, int] | None:
        """The lowest log odds that one more concept can give; ties by name, then the nearer."""
        tries = [
            (concept, level)
            for concept in sorted(set(self.groups) - set(taken))
            for level in range(len(self.bounds.shares))
            if self._moves(row, concept, level)
        ]
        if not tries:
            return None
        rows = np.stack([self._moved(row, {**taken, concept: at}) for concept, at in tries])
        answers = np.asarray(self.predict(rows)).tolist()
        return min((z, concept, level) for z, (concept, level) in zip(answers, tries, strict=True))

    def _drawn_back(
        self, row: Values, taken: dict[str, int], known: tuple[float, float]
    ) -> tuple[dict[str, int], float]:
        """The same concepts, each as little changed as still meets the target."""
        target, after = known
        for concept in reversed(tuple(taken)):
            for level in (None, *range(taken[concept])):
                fewer = {name: at for name, at in taken.items() if name != concept}
                tried = fewer if level is None else {**taken, concept: level}
                z = float(self.predict(self._moved(row, tried)[None, :])[0])
                if z <= target:
                    taken, after = tried, z
                    break
        return taken, after

    def _moves(self, row: Values, concept: str, level: int) -> dict[int, np.float32]:
        """New values by place: of variables that are known and worse than the quantile."""
        found = {}
        for place, way in self.groups[concept]:
            # Level 0 is the least ambitious; for what should fall, quantiles are counted down.
            at = level if way > 0 else len(self.bounds.shares) - 1 - level
            goal = self.bounds.quantiles[at, place]
            if way * (goal - row[place]) > 0:
                found[place] = goal
        return found

    def _moved(self, row: Values, taken: Mapping[str, int]) -> Values:
        changed = row.copy()
        for concept, level in taken.items():
            for place, goal in self._moves(row, concept, level).items():
                changed[place] = goal
        return changed

    def _step(self, row: Values, concept: str, level: int) -> Step:
        moves = self._moves(row, concept, level)
        changes = {self.names[i]: (float(row[i]), float(goal)) for i, goal in moves.items()}
        known = concepts().get(concept)
        better = Words(concept, concept)
        if known is not None:
            better = known.low if known.adverse == "high" else known.high
        return Step(concept, self.bounds.shares[level], changes, better)


def _better_way(facts: Facts, sign: str) -> int:
    """1 where a higher value is better, -1 where a lower one is, 0 where nobody says."""
    if sign in {"+", "-"}:
        return -1 if sign == "+" else 1
    known = concepts().get(facts.concept)
    if known is None:
        return 0
    return facts.side * (-1 if known.adverse == "high" else 1)


def _row(names: Sequence[str], row: npt.ArrayLike) -> Values:
    held = np.asarray(row, dtype=np.float32)
    if held.shape != (len(names),):
        raise BadInput(
            f"a row of {held.shape} for {len(names)} variables",
            field="row",
            rule="one value for each variable",
        )
    return held


def log_odds_of(pd: float) -> float:
    """The log odds of a probability of default, to set a target by: a tier's upper bound.

    Raises:
        BadInput: not strictly between 0 and 1.
    """
    if not 0.0 < pd < 1.0:
        raise BadInput(f"{pd} is no probability to reach", field="pd", rule="between 0 and 1")
    return math.log(pd / (1.0 - pd))
