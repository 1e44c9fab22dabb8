"""Champion against challenger: every figure the promotion rule asks for, and its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.report import Words
from tael.risk.calibration.calibrator import effective
from tael.risk.calibration.intervals import expected_to_observed
from tael.risk.calibration.judge import Judged, Line, calibration_line
from tael.risk.calibration.kept import canonical, hash_of, plain
from tael.risk.challenger.changes import Change, approval_changes
from tael.risk.challenger.paired import DeLong, Gain, Pairs, delong, paired_gain
from tael.risk.challenger.rule import Clause, PromotionRule
from tael.risk.challenger.swap import SwapSet, approve, swap_set
from tael.risk.columns import Bools, Column, Floats
from tael.risk.fairness.assess import Decided, Fairness, FairnessSettings, assess
from tael.risk.measures import Interval
from tael.risk.psi import stability_index
from tael.risk.sample import Sample

_BINS = 10
_Grouped = tuple[tuple[Fairness, Fairness], tuple[Change, ...]]


@dataclass(frozen=True, eq=False)
class Scored:
    """What a model said of the rows of a sample.

    Attributes:
        name: of the model, for people.
        model: its hash.
        pd: probability of default [rows], float64.
        data: ``data_hash`` of the sample that it scored.
        plan: hash of the plan of variables that it read.
    """

    name: str
    model: str
    pd: Floats
    data: str
    plan: str


@dataclass(frozen=True, slots=True)
class Quality:
    """One model alone.

    Attributes:
        line: calibration intercept and slope.
        ratio: predicted over observed bads.
        psi: of its log odds, the later half of the rows against the earlier.
    """

    line: Line
    ratio: Interval
    psi: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the challenger is promoted, and why.

    Attributes:
        champion, challenger: name and hash of each.
        clauses: every clause with figure and bounds; promoted when all passed.
        gains: AUC and KS, paired bootstrap.
        delong: the test of the AUC gain, unweighted.
        quality: of champion and challenger.
        swap: who changes places at the rule's approval rate.
        fairness: by attribute, of champion and challenger at that rate.
        changes: by attribute, what each group gains or loses.
        rows, bads: of known outcome.
        data, rule: hashes of the rows and of the rule.
    """

    champion: tuple[str, str]
    challenger: tuple[str, str]
    clauses: tuple[Clause, ...]
    gains: Mapping[str, Gain]
    delong: DeLong
    quality: tuple[Quality, Quality]
    swap: SwapSet
    fairness: Mapping[str, tuple[Fairness, Fairness]]
    changes: Mapping[str, tuple[Change, ...]]
    rows: int
    bads: int
    data: str
    rule: str

    @property
    def promoted(self) -> bool:
        """Every clause passed."""
        return all(clause.passed for clause in self.clauses)

    def summary(self) -> Words:
        """One sentence of verdict."""
        failed = sum(not clause.passed for clause in self.clauses)
        count, name = len(self.clauses), self.challenger[0]
        if not failed:
            return Words(
                f"{name} 晋升为冠军: {count} 条规则全部通过",
                f"{name} is promoted: all {count} clauses passed",
            )
        return Words(
            f"{name} 不晋升: {count} 条规则中 {failed} 条未通过",
            f"{name} is not promoted: {failed} of {count} clauses failed",
        )

    def to_json(self) -> dict[str, Any]:
        """Every figure, clause and word."""
        found: dict[str, Any] = {
            name: plain(getattr(self, name))
            for name in self.__dataclass_fields__
            if name not in {"clauses", "fairness"}
        }
        found["clauses"] = [clause.to_json() for clause in self.clauses]
        found["fairness"] = {
            name: [one.to_json() for one in pair] for name, pair in self.fairness.items()
        }
        return found | {"promoted": self.promoted, "verdict": plain(self.summary())}

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: what a promotion cites."""
        return hash_of(canonical(self.to_json()))


def data_hash(sample: Sample) -> str:
    """SHA-256 of the rows judged: borrower, instant, outcome and weight, in any order, and plan.

    Values are left out: two models may read different variables of one plan.
    """
    columns = zip(
        sample.borrower.tolist(),
        sample.asof.astype(np.int64).tolist(),
        sample.bad.tolist(),
        sample.weight.tolist(),
        strict=True,
    )
    whole = hashlib.sha256(sample.plan.encode())
    for line in sorted(f"\n{row!r}" for row in columns):
        whole.update(line.encode())
    return whole.hexdigest()


def compare(
    champion: Scored,
    challenger: Scored,
    sample: Sample,
    rule: PromotionRule,
    groups: Mapping[str, Column] | None = None,
) -> Verdict | Refusal:
    """Judge both models on the same rows and apply the rule.

    Args:
        champion: the model in force.
        challenger: the model that ran in its shadow.
        sample: rows later than those that made either; outcomes NaN where not known.
        rule: the written rule.
        groups: by attribute, the group of each row; each adds two clauses.

    Returns:
        the verdict; or ``challenger.other_data``, ``challenger.other_plan`` or
        ``challenger.too_few_bads`` (says how many are needed).

    Raises:
        BadInput: probabilities that are none, groups of another length.
    """
    refusal = _refusal(champion, challenger, sample, rule)
    if refusal:
        return refusal
    known = sample.labelled
    pairs = Pairs(
        sample.bad[known],
        champion.pd[known],
        challenger.pd[known],
        sample.weight[known],
        sample.borrower[known],
    )
    approvals = (
        approve(champion.pd, sample, rule.approval_rate),
        approve(challenger.pd, sample, rule.approval_rate),
    )
    return _verdict(
        (champion, challenger),
        sample,
        rule,
        (
            paired_gain(pairs, level=rule.level, resamples=rule.resamples, seed=rule.seed),
            delong(pairs, level=rule.level),
            swap_set(*approvals, sample, rule.level),
        ),
        {
            name: _by_group(name, values, ((champion, challenger), approvals, sample), rule)
            for name, values in sorted((groups or {}).items())
        },
    )


def _refusal(
    champion: Scored, challenger: Scored, sample: Sample, rule: PromotionRule
) -> Refusal | None:
    data = data_hash(sample)
    for one in (champion, challenger):
        if one.data != data:
            return Refusal("challenger.other_data", {"model": one.name, "data": one.data[:12]})
        if one.plan != sample.plan:
            return Refusal("challenger.other_plan", {"model": one.name, "plan": one.plan[:12]})
        if one.pd.shape != (sample.rows,):
            raise BadInput(
                f"{one.name} has {one.pd.shape} probabilities for {sample.rows} rows",
                field="pd",
                rule="one per row",
            )
    bads, goods = int((sample.bad == 1).sum()), int((sample.bad == 0).sum())
    if min(bads, goods) < rule.min_bads:
        return Refusal(
            "challenger.too_few_bads",
            {"bads": str(bads), "goods": str(goods), "needed": str(rule.min_bads)},
        )
    return None


def _verdict(
    models: tuple[Scored, Scored],
    sample: Sample,
    rule: PromotionRule,
    found: tuple[Mapping[str, Gain], DeLong, SwapSet],
    grouped: Mapping[str, _Grouped],
) -> Verdict:
    gains, test, swap = found
    before, after = (_quality(one.pd, sample, rule.level) for one in models)
    clauses = (
        *_gain_clauses(gains, rule),
        *_quality_clauses(after, rule),
        *(clause for name, held in grouped.items() for clause in _fair_clauses(name, held, rule)),
        _swap_clause(swap),
    )
    champion, challenger = ((one.name, one.model) for one in models)
    return Verdict(
        champion=champion,
        challenger=challenger,
        clauses=clauses,
        gains=gains,
        delong=test,
        quality=(before, after),
        swap=swap,
        fairness={name: held[0] for name, held in grouped.items()},
        changes={name: held[1] for name, held in grouped.items()},
        rows=int(sample.labelled.sum()),
        bads=int((sample.bad == 1).sum()),
        data=models[0].data,
        rule=rule.hash,
    )


def _quality(pd: Floats, sample: Sample, level: float) -> Quality:
    known = sample.labelled
    order = np.lexsort((sample.weight, sample.bad, pd))
    order = order[known[order]]  # an order of content: sums do not depend on that of rows
    bad, chance, weight = sample.bad[order], pd[order], sample.weight[order]
    scale = effective(weight) / float(weight.sum())
    ratio = expected_to_observed(
        float(chance @ weight) * scale, float(bad @ weight) * scale, level=level
    )
    late = _later_half(sample)
    return Quality(
        calibration_line(Judged.of(bad, chance, weight), level=level),
        ratio,
        score_psi((pd[~late], sample.weight[~late]), (pd[late], sample.weight[late])),
    )


def _later_half(sample: Sample) -> Bools:
    """Rows after the median month; the month itself counts as early unless it is the first."""
    middle = np.median(sample.vintage)
    late: Bools = sample.vintage > middle
    return late if late.any() else sample.vintage >= middle


def score_psi(early: tuple[Floats, Floats], late: tuple[Floats, Floats]) -> float:
    """Population stability index of scores, each side with its weights, on deciles of the early.

    ``tael.risk.psi.stability_index`` on rows of evidence; 0 where one side has no rows.
    """
    if not len(early[0]) or not len(late[0]):
        return 0.0
    edges = np.unique(np.quantile(early[0], np.arange(1, _BINS) / _BINS))
    counts = []
    for score, weight in (early, late):
        order = np.lexsort((weight, score))
        place = np.searchsorted(edges, score[order], side="left")
        held = np.bincount(place, weights=weight[order], minlength=len(edges) + 1)
        counts.append(held * (effective(weight) / float(weight.sum())))
    return stability_index(counts[0], counts[1])


def _by_group(
    name: str,
    values: Column,
    held: tuple[tuple[Scored, Scored], tuple[Bools, Bools], Sample],
    rule: PromotionRule,
) -> _Grouped:
    models, approvals, sample = held
    settings = FairnessSettings(
        min_rows=rule.min_group,
        four_fifths=rule.four_fifths,
        calibration=rule.calibration,
        level=rule.level,
    )
    first, second = (
        assess(name, values, Decided(one.pd, approved, sample.bad, sample.weight), settings)
        for one, approved in zip(models, approvals, strict=True)
    )
    changes = approval_changes(values, approvals, sample, min_rows=rule.min_group, level=rule.level)
    return (first, second), changes


def _gain_clauses(gains: Mapping[str, Gain], rule: PromotionRule) -> tuple[Clause, ...]:
    auc, ks = gains["auc"].gain, gains["ks"].gain
    return (
        Clause("auc_gain", auc.low, rule.min_auc_gain, strict=True, interval=auc),
        Clause("ks_gain", ks.low, -rule.ks_margin, strict=True, interval=ks),
    )


def _quality_clauses(found: Quality, rule: PromotionRule) -> tuple[Clause, ...]:
    slope, ratio = found.line.slope, found.ratio
    return (
        Clause("calibration_slope", slope.value, *rule.slope, interval=slope),
        Clause("calibration_ratio", ratio.value, *rule.calibration, interval=ratio),
        Clause("stability", found.psi, high=rule.max_psi),
    )


def _fair_clauses(name: str, held: _Grouped, rule: PromotionRule) -> tuple[Clause, Clause]:
    """The four fifths; and that no group loses more approvals than the margin for sure."""
    (_, after), changes = held
    worst = min(changes, key=lambda one: (one.change.high, one.group)).change
    return (
        Clause(
            "fairness_ratio", after.worst_ratio, rule.four_fifths, of=name, interval=after.worst
        ),
        Clause("fairness_not_worse", worst.high, -rule.fairness_margin, of=name, interval=worst),
    )


def _swap_clause(swap: SwapSet) -> Clause:
    """Nobody swapped: nothing to hold against the challenger. Nobody known: not passed."""
    if not swap.swapped_in.rows and not swap.swapped_out.rows:
        return Clause("swap_set", 0.0, high=0.0)
    entered, left = swap.swapped_in.bad.rate, swap.swapped_out.bad.rate
    if entered is None or left is None:
        return Clause("swap_set", None)
    return Clause("swap_set", entered.value, high=left.value, interval=entered)
