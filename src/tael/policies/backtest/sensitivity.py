"""What each threshold of a policy is worth: moved a step either way, everything else as it is.

A cut moves along the distribution of what it cuts: to the value so many percentiles of the
applications away, at least to the next value that occurs, never past the next cut. A figure without
a distribution (a ceiling, the least amount) moves by so many per cent. Only the applications that
a move concerns are decided again, by the policy with the figure moved: the result is exact.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from tael.kernel import BadInput, minor_digits
from tael.policies.backtest import measures
from tael.policies.backtest.cases import Cases, Ruled, ruled_of
from tael.policies.backtest.economics import Economics
from tael.policies.backtest.history import ID
from tael.policies.backtest.inputs import one_array
from tael.policies.backtest.judge import Judge, Version, decider_of, told_of
from tael.policies.backtest.measures import Columns, Figures
from tael.policies.backtest.numbers import Truths, Whole, exact_sum
from tael.policies.backtest.thresholds import (
    BOUND,
    CUT,
    FIGURE,
    LeftOut,
    Threshold,
    moved,
    thresholds_of,
)
from tael.policies.backtest.verdict import APPROVE, REFER, UNANSWERED
from tael.report import Words

_DIGITS = Context(prec=6, rounding=ROUND_HALF_EVEN)
_NEAR = 1e-9  # of a value: far above how far a double may be from the decimal it stands for
_ROWS = 131_072
NO_EFFECT = Words("此处的指标都不依赖它", "nothing that is told here hangs on it")
NO_SCORES = Words("历史数据中没有该模型的评分", "the history holds no scores of the model")
INNER_TABLE = Words("该表在另一个表达式之内", "its table is part of another expression")
NO_NUMBER = Words(
    "比较的不是历史数据或策略中的数", "it compares what is no number of the history or the policy"
)
NOBODY = Words(
    "该方向没有申请, 或另有阈值", "no application lies on that side, or another cut does"
)
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Steps:
    """How far thresholds move, and how much may be computed.

    Attributes:
        percentiles: steps of a cut, in percentiles of the applications.
        per_cent: steps of a figure without a distribution, in the same order.
        most_rows: so many applications are decided again in all; what needs more is left out and
            named, smaller steps before larger ones.
    """

    percentiles: tuple[Decimal, ...] = (Decimal(2),)
    per_cent: tuple[Decimal, ...] = (Decimal(10),)
    most_rows: int = 20_000_000


@dataclass(frozen=True, slots=True)
class Move:
    """One threshold at another value.

    Attributes:
        threshold: which.
        step: percentiles or per cent, below zero for down.
        to: the value.
        cases: how many applications were decided again.
        changed: how many of them got another outcome, limit or price.
        figures: of all applications, with the threshold moved.
    """

    threshold: Threshold
    step: Decimal
    to: Decimal
    cases: int
    changed: int
    figures: Figures


@dataclass(frozen=True)
class Sensitivity:
    """The moves of every threshold of one version.

    Attributes:
        version: its name.
        base: its figures, no threshold moved.
        moves: by threshold in the order of the policy's texts, then by step.
        left_out: thresholds and steps that were not computed, and why.
    """

    version: str
    base: Figures
    moves: tuple[Move, ...]
    left_out: tuple[LeftOut, ...]

    def as_json(self) -> dict[str, object]:
        """Every figure, with the hash of them."""
        moves = [
            {
                "threshold": move.threshold.name,
                "kind": move.threshold.kind,
                "from": str(move.threshold.value),
                "to": str(move.to),
                "step": str(move.step),
                "cases": move.cases,
                "changed": move.changed,
                "figures": move.figures.as_json(),
            }
            for move in self.moves
        ]
        left = [{"name": one.name, "why": one.why.en} for one in self.left_out]
        told = {"version": self.version, "moves": moves, "left_out": left}
        text = json.dumps(told, sort_keys=True, ensure_ascii=False)
        return {**told, "hash": hashlib.sha256(text.encode()).hexdigest()}


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A move that may be computed: which applications it concerns, as rows of the cases."""

    threshold: Threshold
    step: Decimal
    to: Decimal
    rows: Whole


def sensitivity_of(
    history: ds.Dataset, judge: Judge, known: tuple[Cases, Economics], steps: Steps
) -> Sensitivity:
    """How the figures of the first version of ``judge`` move with each of its thresholds.

    ``known`` are the cases of ``history``, and what is assumed.

    Raises:
        BadInput: the cases came from a cluster, and some application stands there more than once.
    """
    cases, economics = known
    layout = replace(judge.layout, scores=judge.layout.scores[:1], inputs=judge.layout.inputs[:1])
    one = replace(judge, versions=judge.versions[:1], layout=layout)
    table = history.to_table(columns=list(layout.columns))
    rows = cases.rows if len(cases.rows) else _rows_of(cases, table)
    if len(cases) < table.num_rows or (np.diff(rows) < 0).any():
        table = table.take(pa.array(rows))
    work = _Work(one, table.combine_chunks(), cases, economics)
    wanted, left = _chosen(work, steps)
    with ThreadPoolExecutor(2, "sensitivity") as pool:
        moves = tuple(pool.map(work.moved, wanted))
    return Sensitivity(judge.versions[0].name, work.base, moves, tuple(left))


def _rows_of(cases: Cases, table: pa.Table) -> Whole:
    """The row of each case, where a cluster saw the rows and this machine did not."""
    if cases.doubles.repeated:
        raise BadInput(
            f"{cases.doubles.repeated} rows came again: thresholds of such a history are moved "
            "where it is read, on one machine",
            field=ID,
            rule="each application once",
        )
    ids = one_array(table.column(ID)).cast(pa.string())
    found = pc.index_in(cases.ids, value_set=ids)
    return np.asarray(found.to_numpy(zero_copy_only=False)).astype(np.int64)


def _chosen(work: _Work, steps: Steps) -> tuple[list[_Wanted], list[LeftOut]]:
    """The moves that the budget allows, small steps first, in the order of the policy's texts."""
    thresholds, left = thresholds_of(work.decider)
    wanted: list[tuple[int, _Wanted]] = []
    spent = 0
    for step, per_cent in zip(steps.percentiles, steps.per_cent, strict=True):
        for place, threshold in enumerate(thresholds):
            size = step if threshold.kind in (CUT, BOUND) else per_cent
            for signed in (-size, size):
                found = work.wanted(threshold, signed)
                if isinstance(found, LeftOut):
                    left.append(found)
                elif spent + len(found.rows) > steps.most_rows:
                    why = over_budget(len(found.rows))
                    left.append(LeftOut(f"{threshold.name}, step {signed:+}", why))
                else:
                    spent += len(found.rows)
                    wanted.append((place, found))
    wanted.sort(key=lambda pair: (pair[0], pair[1].step))
    return [found for _, found in wanted], left


class _Work:
    """One version with its applications in memory."""

    def __init__(self, judge: Judge, table: pa.Table, cases: Cases, economics: Economics) -> None:
        self.judge = judge
        self.version = judge.versions[0]
        self._table = judge.seen(table, 0)
        self._facts = cases.facts
        self._economics = economics
        ruled = cases.version(self.version.name)
        self._sound = ruled.outcome != UNANSWERED
        self._columns = measures.columns_of(ruled, cases.bad)
        self._said = _said(ruled)
        self.base = self._columns.total()
        self.decider = decider_of(self.version.bundle, judge.cap)
        self._doubles, self._fired, self._limits, self._lends = self._looked_into()
        self._sorted: dict[str, Doubles] = {}

    def _looked_into(self) -> tuple[dict[str, Doubles], dict[str, Whole], Whole, Truths]:
        """Values of every number a threshold may cut, rules that fired, limits before any cut.

        And to whom the rules alone would lend.
        """
        starts = range(0, self._table.num_rows, _ROWS)
        parts = [self._table.slice(start, _ROWS) for start in starts]
        with ThreadPoolExecutor(2, "sensitivity") as pool:
            found = list(pool.map(lambda part: self.decider.decide(part, look=True), parts))
        doubles = {
            name: np.concatenate([v.doubles[name] for v in found]) for name in found[0].doubles
        }
        fired = {
            name: np.concatenate([v.fired[name] for v in found]).astype(np.int64)
            for name in found[0].fired
        }
        ruled = np.concatenate([v.ruled for v in found if v.ruled is not None])
        lends = (ruled == APPROVE) | (ruled == REFER)
        return doubles, fired, np.concatenate([v.offers.whole for v in found]), lends

    def wanted(self, threshold: Threshold, step: Decimal) -> _Wanted | LeftOut:
        """Whom a move concerns, and where it goes."""
        found = self._moves(threshold, step)
        if isinstance(found, Words):
            return LeftOut(f"{threshold.name}, step {step:+}", found)
        to, rows = found
        owner = threshold.table.partition(" / ")[0]
        if threshold.kind in (CUT, FIGURE) and not self.decider.decides(owner):
            rows = rows[self._lends[rows]]  # a decline stands: it hangs on other decisions
        return _Wanted(threshold, step, to, rows)

    def _moves(self, threshold: Threshold, step: Decimal) -> tuple[Decimal, Whole] | Words:
        """Where a threshold goes and whom that may concern; or why it stays."""
        kind, owner = threshold.kind, threshold.table.partition(" / ")[0]
        if kind in (CUT, FIGURE) and not self.decider.tells(owner):
            return NO_EFFECT
        if kind == BOUND and not self.judge.layout.scores[0]:
            return NO_SCORES
        if kind in (CUT, BOUND):
            return self._cut(threshold, step)
        to = _short(threshold.value * (100 + step) / 100)
        if kind != FIGURE:
            unit = 10 ** minor_digits(self._economics.currency)
            return to, _between(self._limits / unit, threshold.value, to)
        fired = self._fired.get(threshold.table)
        if fired is None:
            return INNER_TABLE
        return to, np.flatnonzero(fired == threshold.rule)

    def _cut(self, threshold: Threshold, step: Decimal) -> tuple[Decimal, Whole] | Words:
        values = self._values(threshold.column)
        if values is None:
            return NO_NUMBER
        to = self._along(threshold, values, step)
        if to is None:
            return NOBODY
        return to, _between(values, threshold.value, to)

    def _values(self, column: str) -> Doubles | None:
        """What a cut compares with, of each case; NaN where it has no number."""
        if column in self._doubles:
            return self._doubles[column]
        if column not in self._table.column_names:
            return None
        held = self._table.column(column)
        if not (pa.types.is_integer(held.type) or pa.types.is_decimal(held.type)
                or pa.types.is_floating(held.type)):  # fmt: skip
            return None
        doubles: Doubles = held.cast(pa.float64()).fill_null(np.nan).to_numpy()
        self._doubles[column] = doubles
        return doubles

    def _along(self, threshold: Threshold, values: Doubles, step: Decimal) -> Decimal | None:
        """The value so many percentiles away, at least the next one, before the next cut."""
        ordered = self._sorted.get(threshold.column)
        if ordered is None:
            ordered = self._sorted[threshold.column] = np.sort(values[~np.isnan(values)])
        cut = float(threshold.value)
        near = abs(cut) * _NEAR
        below, above = ordered.searchsorted([cut - near, cut + near], side="left").tolist()
        shift = int(len(ordered) * step / 100)
        if step < 0:
            place = max(0, min(below + shift, below - 1))
            found = ordered[place] if below else None
        else:
            place = min(len(ordered) - 1, max(above + shift, above))
            found = ordered[place] if above < len(ordered) else None
        if found is None:
            return None
        to = _short(Decimal(repr(float(found))))
        inside = (threshold.low is None or to > threshold.low) and (
            threshold.high is None or to < threshold.high
        )
        return to if inside and to != threshold.value else None

    def moved(self, wanted: _Wanted) -> Move:
        """The figures with one threshold moved."""
        figures, changed, places = self.base, 0, wanted.rows
        if len(places):
            bundle = moved(self.version.bundle, wanted.threshold, wanted.to)
            version = Version(self.version.name, bundle)
            rows = self._table.take(pa.array(places)).combine_chunks()
            if wanted.threshold.kind == BOUND:
                rows = self._with_tiers(rows, wanted)
            # Inputs are as they were: where all had an answer, none is looked through again.
            sound = bool(self._sound[places].all())
            verdicts = decider_of(bundle, self.judge.cap).decide(rows, sound=sound)
            facts = self._facts.of(places)
            told = told_of(verdicts, facts.asked)
            ruled = ruled_of(version, told, (facts, self._economics))
            after = measures.columns_of(ruled, facts.bad)
            figures = _with(self.base, self._columns, after, places)
            pairs = zip(self._said, _said(ruled), strict=True)
            changed = int(np.any([old[places] != new for old, new in pairs], axis=0).sum())
        return Move(wanted.threshold, wanted.step, wanted.to, len(places), changed, figures)

    def _with_tiers(self, rows: pa.Table, wanted: _Wanted) -> pa.Table:
        """The model's tier of those between the old bound and the new: one up or one down."""
        place = rows.column_names.index("model_tier")
        cycle = self._doubles["pd_cycle"][wanted.rows]
        bound = int(wanted.to.scaleb(9))
        # As ``tael.risk.rating.tiers_of``: a PD on the bound is still of the tier below it.
        over = np.rint(cycle * 1e9).astype(np.int64) > bound
        tier = np.where(over, wanted.threshold.rule + 1, wanted.threshold.rule)
        field: Any = rows.schema.field(place)
        told = pa.array(tier).cast(pa.decimal128(19, 0)).cast(field.type)
        return rows.set_column(place, field, told)


def _said(ruled: Ruled) -> tuple[Whole, ...]:
    """By what two answers differ."""
    return ruled.outcome.astype(np.int64), ruled.limit, ruled.lent, ruled.rate


def over_budget(rows: int) -> Words:
    """Why a move was not computed that concerns so many applications."""
    return Words(f"{rows} 笔申请超出预算", f"{rows} applications are over the budget")


def _short(number: Decimal) -> Decimal:
    """Six digits, written without an exponent."""
    return Decimal(f"{_DIGITS.create_decimal(number).normalize():f}")


def _between(values: Doubles, one: Decimal, other: Decimal) -> Whole:
    """Rows whose value lies between two cuts or on one, or so near that a double cannot tell."""
    low, high = sorted((float(one), float(other)))
    near = _NEAR * (abs(low) + abs(high))
    return np.flatnonzero((values >= low - near) & (values <= high + near))


def _with(base: Figures, before: Columns, after: Columns, rows: Whole) -> Figures:
    """The figures of all, with those of some rows exchanged."""
    at = np.minimum(before.rows.searchsorted(rows), max(0, len(before.rows) - 1))
    some = at[before.rows[at] == rows] if len(before.rows) else at[:0]
    old = {name: exact_sum(values[rows]) for name, values in before.every.items()}
    old |= {name: exact_sum(values[some]) for name, values in before.approved.items()}
    new, told = after.total().as_json(), base.as_json()
    return Figures(**{name: value - old[name] + new[name] for name, value in told.items()})


def by_threshold(moves: Sequence[Move]) -> Iterator[tuple[Threshold, list[Move]]]:
    """Moves together by their threshold, in their order."""
    found: dict[Threshold, list[Move]] = {}
    for move in moves:
        found.setdefault(move.threshold, []).append(move)
    yield from found.items()
