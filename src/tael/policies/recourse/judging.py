"""Every combination of changes, decided in columns: which of them reach the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tael.kernel import Rate, TaelError, check
from tael.policies import rules
from tael.policies.backtest.scores import scores_of
from tael.policies.model import Feature, Verdict
from tael.policies.recourse.candidates import Links, Movable
from tael.policies.recourse.compiled import Advised
from tael.policies.recourse.declared import WAITED, Kind

Places = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]
_DECIDED = ("outcome", "tier", "limit", "prices")
_RANK = {"decline": 0, "refer": 1, "approve": 2}


class Target(Enum):
    """What is to be reached; the values are the words of the command line."""

    APPROVE = "approve"
    AMOUNT = "amount"
    TIER = "tier"


@dataclass(frozen=True, slots=True)
class Goal:
    """A target, from where the applicant stands; ``asked`` is the amount applied for."""

    target: Target
    before: Verdict
    asked: Decimal

    def reached(self, verdict: Verdict) -> bool:
        """Whether a verdict is what is wanted."""
        if self.target is Target.TIER:
            no_worse = _RANK[verdict.outcome] >= _RANK[self.before.outcome]
            return no_worse and verdict.tier < self.before.tier
        if verdict.outcome != "approve":
            return False
        return self.target is Target.APPROVE or verdict.limit.decimal() >= self.asked

    def may_be(self, outcome: Any, tier: Any) -> Any:
        """Rows that may reach it, by what the rules say of outcome and tier (Arrow arrays)."""
        if self.target is not Target.TIER:
            return pc.equal(outcome, "approve")
        kept = [name for name, rank in _RANK.items() if rank >= _RANK[self.before.outcome]]
        good = pc.is_in(outcome, value_set=pa.array(kept))
        return pc.and_(good, pc.less(tier, pa.scalar(self.before.tier)))


@dataclass(frozen=True, eq=False)
class Weighed:
    """Combinations, and of those that may reach the goal what their verdict is made of."""

    rows: Places
    keys: Mapping[int, tuple[object, ...]]


class Judge:
    """Decides combinations of one applicant's changes; a row of places names a choice a lever."""

    def __init__(
        self, advised: Advised, links: Links, movables: Sequence[Movable], goal: Goal, cap: Rate
    ) -> None:
        self._advised = advised
        self._links = links
        self._movables = movables
        self.goal = goal
        self.held = links.inputs
        self._cap = cap
        self._columns = _Columns(advised, links, movables)
        self._settled: dict[tuple[object, ...], bool] = {}

    def weigh(self, rows: Places) -> Weighed:
        """Decide combinations [rows, levers] in columns: which may reach the goal."""
        table = self._columns.table(rows)
        decided = self._decided(table)
        outcome, tier = (decided.table.column(name) for name in ("outcome", "tier"))
        may = pc.fill_null(self.goal.may_be(outcome, tier), False)
        marks = np.asarray(may.to_numpy(zero_copy_only=False), dtype=bool)
        marks[list(decided.warned)] = False
        left = np.flatnonzero(marks)
        keys = _keys(decided.table.take(pa.array(left)))
        return Weighed(rows, dict(zip(left.tolist(), keys, strict=True)))

    def reaches(self, weighed: Weighed, row: int) -> bool:
        """Whether a combination reaches the goal, as far as what it shares with others tells."""
        key = weighed.keys[row]
        if key not in self._settled:
            self._settled[key] = self.confirm(weighed.rows[row]) is not None
        return self._settled[key]

    def confirm(self, chosen: npt.NDArray[np.int64]) -> Verdict | None:
        """The verdict on a combination, by the policy itself; None where it misses the goal."""
        try:
            inputs = rules.checked(self._advised.policy, self.inputs(chosen))
            verdict, _ = rules.evaluate(self._advised.policy, inputs, cap=self._cap)
        except TaelError:  # the policy leaves the answer open: no goal is reached
            return None
        return verdict if self.goal.reached(verdict) else None

    def inputs(self, chosen: npt.NDArray[np.int64]) -> dict[str, Feature]:
        """The applicant's inputs after a combination of changes."""
        return self._columns.row(chosen)

    def possible(self) -> dict[str, list[Feature]]:
        """Every value that an input could take, of those that any choice moves."""
        return self._columns.possible()

    def _decided(self, table: pa.Table) -> Any:
        names = self._advised.model.decisions
        asked = [name for name in names if name in _DECIDED]
        watched = [name for name in names if name not in _DECIDED and "." not in name]
        return self._advised.model.watch_batch(table, asked, watched)


def _keys(table: pa.Table) -> list[tuple[object, ...]]:
    """What the room makes its verdict of, a row: rows with one key have one verdict."""
    prices = table.column("prices").combine_chunks()
    parts = [table.column(name).to_pylist() for name in ("outcome", "tier", "limit")]
    rates = ("bank_interest", "guarantee_fee")
    parts += [pc.struct_field(prices, name).to_pylist() for name in rates]
    return list(zip(*parts, strict=True))


class _Columns:
    """Combinations of choices as columns of inputs and scores."""

    def __init__(self, advised: Advised, links: Links, movables: Sequence[Movable]) -> None:
        self._advised = advised
        self._held = links.inputs
        self._links = links
        self._movables = movables
        self._names = [
            WAITED if each.lever.kind is Kind.WAIT else each.lever.name for each in movables
        ]
        self._sizes = [len(each.choices) for each in movables]
        self._values: dict[str, tuple[list[int], list[Feature]]] = {}
        for number, each in enumerate(movables):
            for name in each.inputs:
                if name not in self._values:
                    self._values[name] = self._became(name, number)

    def row(self, chosen: npt.NDArray[np.int64]) -> dict[str, Feature]:
        """One combination's inputs."""
        found = dict(self._held)
        for name, (levers, values) in self._values.items():
            found[name] = values[int(self._flat(chosen[None, :], levers)[0])]
        return found

    def possible(self) -> dict[str, list[Feature]]:
        """Values by moved input."""
        return {name: values for name, (_, values) in self._values.items()}

    def table(self, rows: Places) -> pa.Table:
        """Combinations [rows, levers] as a table of what the rules read."""
        wanted = self._advised.policy.rules.inputs.keys()
        gives = self._advised.policy.scorer.gives.keys()
        columns = {name: self._column(name, rows) for name in wanted if name not in gives}
        scored = self._scores(rows)
        columns |= {name: column for name, column in scored.items() if name in wanted}
        return pa.table(columns)

    def _became(self, name: str, number: int) -> tuple[list[int], list[Feature]]:
        """The levers that an input depends on, and its value for every choice of theirs."""
        if name == self._movables[number].lever.name:
            return [number], [choice.value for choice in self._movables[number].choices]
        reads = self._links.declared.reads[name]
        levers = [place for place, each in enumerate(self._names) if each in reads]
        values: list[Feature] = []
        for places in np.ndindex(*(self._sizes[lever] for lever in levers)):
            moved = {
                self._names[lever]: self._movables[lever].choices[place].value
                for lever, place in zip(levers, places, strict=True)
                if place
            }
            values.append(self._links.value(name, moved) if moved else self._held[name])
        return levers, values

    def _flat(self, rows: Places, levers: Sequence[int]) -> Places:
        shape = tuple(self._sizes[lever] for lever in levers)
        flat = np.ravel_multi_index(tuple(rows[:, lever] for lever in levers), shape)
        return np.asarray(flat, dtype=np.int64)

    def _column(self, name: str, rows: Places) -> Any:
        if name not in self._values:
            held = self._held.get(name)
            return pa.repeat(_scalar(held), len(rows))
        levers, values = self._values[name]
        return pa.array(values).take(pa.array(self._flat(rows, levers)))

    def _scores(self, rows: Places) -> dict[str, Any]:
        """What the model gives, scored once for each combination it can tell apart."""
        scorer = self._advised.policy.scorer
        moves = sorted(
            {lever for name in scorer.variables for lever in self._values.get(name, ([], []))[0]}
        )
        if not moves:
            return self._scored(rows[:1], np.zeros(len(rows), dtype=np.int64))
        _, first, back = np.unique(self._flat(rows, moves), return_index=True, return_inverse=True)
        return self._scored(rows[first], back)

    def _scored(self, some: Places, back: Places) -> dict[str, Any]:
        scorer = self._advised.policy.scorer
        table = pa.table({name: self._column(name, some) for name in scorer.variables})
        found = scores_of(self._advised.bundle.model, scorer, table)
        places = pa.array(back)
        return {name: column.take(places) for name, column in found.items()}


def _scalar(value: Feature) -> Any:
    if value is None:
        return pa.scalar(None, pa.decimal128(38, 9))
    check(isinstance(value, bool | str | Decimal), "an input is checked before it is changed")
    return pa.scalar(value)
