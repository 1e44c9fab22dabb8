"""How wrong each way of inferring rejects is, where the truth about them is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tael.kernel import BadInput, Refusal
from tael.risk.calibration.intervals import jeffreys
from tael.risk.calibration.judge import Gap, Judged, expected_calibration_error, reliability_curve
from tael.risk.calibration.kept import plain
from tael.risk.challenger.paired import Pairs, paired_auc_gain
from tael.risk.challenger.swap import SwapSet, approve, swap_set
from tael.risk.columns import Bools, Floats
from tael.risk.measures import Interval, auc_interval
from tael.risk.rejects.methods import infer
from tael.risk.rejects.rows import joined, readable
from tael.risk.rejects.settings import (
    METHODS,
    Classifier,
    Evidence,
    Inference,
    Record,
    RejectSettings,
)
from tael.risk.sample import Sample

BASELINE = "none"
YARDSTICK = "truth"


@dataclass(frozen=True, eq=False)
class Trial:
    """Rows to learn from as a lender has them, and later rows whose truth is known for all.

    Attributes:
        accepted: with outcomes.
        rejected: outcomes are not read, but by the yardstick.
        later: all applications of a later time, accepted or not; ``bad`` is the truth.
        later_accepted: which of them the policy accepted.
        evidence: of the rows to learn from.
        rejected_truth: outcomes of ``rejected`` as they would have been: a yardstick that no
            lender has, the best that any inference could do. None: left out.
        resamples: of the paired bootstrap.
        seed: of it.
    """

    accepted: Sample
    rejected: Sample
    later: Sample
    later_accepted: Bools
    evidence: Evidence = field(default_factory=Evidence)
    rejected_truth: Floats | None = None
    resamples: int = 200
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Predicted and true risk of some rows.

    Attributes:
        rows: how many.
        predicted: mean probability of default.
        true: the bad rate that came, or would have come, with its interval.
    """

    rows: int
    predicted: float
    true: Interval

    @property
    def ratio(self) -> float:
        """Predicted over true; infinite where there are no bads."""
        return self.predicted / self.true.value if self.true.value else float("inf")


@dataclass(frozen=True, slots=True)
class Bias:
    """One method, judged on later applications through the door.

    Attributes:
        method: one of ``METHODS``, or ``truth`` for the yardstick.
        record: how its rows came about; None for the yardstick.
        everyone, accepted, rejected: level of risk, predicted and true.
        auc: by the same three names, with bootstrap interval.
        gain: AUC less that of ``none`` on everyone and on rejected, paired; empty for ``none``.
        deciles: predicted and true by decile of the prediction, everyone.
        calibration_error: the mean distance of predicted and true over those groups.
        swap: who would change places at the policy's own number of approvals.
    """

    method: str
    record: Record | None
    everyone: Level
    accepted: Level
    rejected: Level
    auc: Mapping[str, Interval]
    gain: Mapping[str, Interval]
    deciles: tuple[Gap, ...]
    calibration_error: float
    swap: SwapSet

    def to_json(self) -> dict[str, Any]:
        """Every figure."""
        found: dict[str, Any] = plain(self)
        for name in ("everyone", "accepted", "rejected"):
            found[name]["ratio"] = plain(getattr(self, name).ratio)
        if self.record:
            found["record"] = self.record.to_json()
        return found


def measure_bias(
    trial: Trial,
    model: Classifier,
    settings: RejectSettings,
    methods: Sequence[str] = METHODS,
) -> dict[str, Bias | Refusal]:
    """Fit a clone of ``model`` on what each method makes, and judge it on ``trial.later``.

    ``none`` is always judged, for the others are held against it; a method that refuses stands
    with its refusal; one whose evidence is missing is left out.

    Raises:
        BadInput: later rows of unknown truth, or a borrower's later row before the last one to
            learn from.
    """
    _check(trial)
    found: dict[str, Bias | Refusal] = {}
    made: dict[str, Inference | Refusal] = {}
    for method in dict.fromkeys([BASELINE, *methods]):
        if _has_evidence(method, trial.evidence):
            made[method] = infer(method, trial.accepted, trial.rejected, settings, trial.evidence)
    baseline: Floats | None = None
    for method, one in made.items():
        if isinstance(one, Refusal):
            found[method] = one
            continue
        pd = _fitted(model, one.sample, trial.later, named=settings.named)
        found[method] = _judge((method, one.record), pd, baseline, trial)
        baseline = pd if method == BASELINE else baseline
    if trial.rejected_truth is not None:
        known = ~np.isnan(trial.rejected_truth)
        truth = replace(trial.rejected, bad=trial.rejected_truth).take(known)
        whole = joined(trial.accepted.take(trial.accepted.labelled), truth)
        pd = _fitted(model, whole, trial.later, named=settings.named)
        found[YARDSTICK] = _judge((YARDSTICK, None), pd, baseline, trial)
    return found


def _check(trial: Trial) -> None:
    if not trial.later.labelled.all():
        raise BadInput(
            f"{int((~trial.later.labelled).sum())} later rows have no known truth",
            field="later",
            rule="the truth of every row",
        )
    last = max(trial.accepted.asof.max(), trial.rejected.asof.max())
    if trial.later.asof.min() <= last:
        raise BadInput(
            f"later rows begin on {trial.later.asof.min()}, those to learn from end on {last}",
            field="later",
            rule="after all rows to learn from",
        )


def _has_evidence(method: str, evidence: Evidence) -> bool:
    needed = {"random_accept": evidence.at_random, "bureau_performance": evidence.elsewhere}
    return method not in needed or needed[method] is not None


def _fitted(model: Classifier, train: Sample, later: Sample, *, named: bool) -> Floats:
    from sklearn.base import clone  # noqa: PLC0415

    fitted = clone(model)
    fitted.fit(readable(train, named=named), train.bad, sample_weight=train.weight)
    chances = fitted.predict_proba(readable(later, named=named))[:, 1]
    found: Floats = np.asarray(chances, dtype=np.float64)
    return found


def _judge(
    made: tuple[str, Record | None], pd: Floats, baseline: Floats | None, trial: Trial
) -> Bias:
    later, accepted = trial.later, trial.later_accepted
    parts = {"everyone": np.ones(later.rows, dtype=bool), "accepted": accepted}
    parts["rejected"] = ~accepted
    levels = {name: _level(pd, later, rows) for name, rows in parts.items()}
    gains = {}
    if baseline is not None:
        for name in ("everyone", "rejected"):
            rows = parts[name]
            pairs = Pairs(later.bad[rows], baseline[rows], pd[rows], None, later.borrower[rows])
            gains[name] = paired_auc_gain(pairs, resamples=trial.resamples, seed=trial.seed)
    judged = Judged.of(later.bad, pd)
    approved = approve(pd, later, float(accepted.mean()))
    return Bias(
        method=made[0],
        record=made[1],
        everyone=levels["everyone"],
        accepted=levels["accepted"],
        rejected=levels["rejected"],
        auc={
            name: auc_interval(later.bad[rows], pd[rows], seed=trial.seed)
            for name, rows in parts.items()
        },
        gain=gains,
        deciles=reliability_curve(judged),
        calibration_error=expected_calibration_error(judged),
        swap=swap_set(accepted, approved, later),
    )


def _level(pd: Floats, later: Sample, rows: Bools) -> Level:
    bads, count = float(later.bad[rows].sum()), int(rows.sum())
    return Level(count, float(pd[rows].mean()), jeffreys(bads, count))
