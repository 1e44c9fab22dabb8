"""Does the model treat groups alike? Approvals, chances of the good, calibration, ranking."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.calibration.calibrator import effective
from tael.risk.calibration.intervals import expected_to_observed
from tael.risk.calibration.kept import plain
from tael.risk.columns import Bools, Column, Floats, weights
from tael.risk.fairness.groups import Group, split
from tael.risk.fairness.shares import Share, difference, ratio, share
from tael.risk.fairness.verdicts import Finding, finding
from tael.risk.measures import Interval, auc_interval


@dataclass(frozen=True, slots=True)
class FairnessSettings:
    """When a group is judged, and what is worth a word.

    Attributes:
        min_rows: groups under it are put together; what is still under it is not judged.
        min_bads: bads of known outcome, and goods, under which outcomes are not judged.
        four_fifths: least approval ratio to the group approved most, 29 CFR 1607.4 D.
        max_gap: most points by which goods of a group are approved less often than the reference's.
        calibration: bounds of predicted over observed.
        level: of all intervals.
    """

    min_rows: int = 100
    min_bads: int = 20
    four_fifths: float = 0.8
    max_gap: float = 0.05
    calibration: tuple[float, float] = (0.8, 1.25)
    level: float = 0.95


@dataclass(frozen=True, eq=False)
class Decided:
    """What the model said, what was decided, and what became of it.

    Attributes:
        pd: probability of default [rows].
        approved: the decision [rows].
        bad: 1, 0, or NaN where the outcome is not known [rows].
        weight: [rows]; None: all alike.
    """

    pd: npt.ArrayLike
    approved: npt.ArrayLike
    bad: npt.ArrayLike
    weight: npt.ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group. A figure is None where it can't be known or rests on too few rows.

    Attributes:
        name: of the group; ``merged`` names the small ones it is made of.
        rows, goods, bads: unweighted counts; goods and bads of known outcome.
        enough_rows, enough_outcomes: whether it is judged by approvals, by outcomes.
        approval: share approved.
        approval_ratio: over the reference group's share.
        goods_approved: share of goods approved (equal opportunity: Hardt, Price and Srebro, 2016).
        opportunity_gap: that less the reference group's.
        goods_refused: share of goods refused, the false positives of "will go bad".
        bads_approved: share of bads approved, its false negatives.
        mean_pd: weighted mean of the model's probability over all rows of the group.
        observed: bad rate of the rows with a known outcome.
        calibration: predicted over observed on those rows.
        auc: how well the model ranks inside the group.
    """

    name: str
    rows: int
    goods: int
    bads: int
    enough_rows: bool
    enough_outcomes: bool
    approval: Share
    mean_pd: float
    observed: Share
    approval_ratio: Interval | None = None
    goods_approved: Share | None = None
    opportunity_gap: Interval | None = None
    goods_refused: Share | None = None
    bads_approved: Share | None = None
    calibration: Interval | None = None
    auc: Interval | None = None
    merged: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fairness:
    """How the groups of one attribute fare. Reported, never silently corrected.

    Attributes:
        attribute: what groups are of, for instance ``province``.
        reference: the group approved most often among those of enough rows.
        groups: by name.
        findings: every test with its figure, threshold and words.
        refused_known: whether outcomes of refused rows are known; where they are not, nothing can
            be said about refused goods, and those figures are None.
    """

    attribute: str
    reference: str
    groups: tuple[GroupFigures, ...]
    findings: tuple[Finding, ...]
    refused_known: bool
    settings: FairnessSettings = field(default_factory=FairnessSettings)

    @property
    def worst(self) -> Interval | None:
        """The lowest approval ratio of a judged group; None where only one is judged."""
        found = [group.approval_ratio for group in self.groups if group.approval_ratio]
        return min(found, key=lambda one: one.value, default=None)

    @property
    def worst_ratio(self) -> float | None:
        """The value of ``worst``."""
        return self.worst.value if self.worst else None

    @property
    def alarms(self) -> tuple[Finding, ...]:
        """The findings whose whole interval lies beyond the threshold."""
        return tuple(one for one in self.findings if one.state == "beyond")

    def summary(self) -> Words:
        """One sentence of verdict."""
        alarms, unsure = len(self.alarms), sum(o.state == "unsure" for o in self.findings)
        return Words(
            f"按 {self.attribute} 分组: 共 {len(self.findings)} 项检验, {alarms} 项超出界限, "
            f"{unsure} 项样本不足以断定",
            f"By {self.attribute}: {len(self.findings)} tests, {alarms} beyond their bound, "
            f"{unsure} that the rows do not settle",
        )

    def to_json(self) -> dict[str, object]:
        """Groups, findings and the verdict in both languages."""
        said = self.summary()
        return {
            "attribute": self.attribute,
            "settings": plain(self.settings),
            "reference": self.reference,
            "refused_known": self.refused_known,
            "groups": plain(self.groups),
            "findings": [one.to_json() for one in self.findings],
            "verdict": plain(said),
        }


@dataclass(frozen=True)
class _Rows:
    """The columns of ``Decided`` as arrays, in an order of content alone."""

    pd: Floats
    approved: Bools
    bad: Floats
    weight: Floats
    values: Column
    refused_known: bool


def assess(
    attribute: str, values: Column, judged: Decided, settings: FairnessSettings | None = None
) -> Fairness:
    """Compare the groups of ``values`` [rows].

    The reference is the group with the highest approval rate, as 29 CFR 1607.4 D asks. The four
    fifths rule speaks of selection rates; it also says that a difference on small numbers that is
    not significant may not count, hence the state ``unsure``.

    Raises:
        BadInput: columns of different lengths, a probability outside 0 to 1, one group only.
    """
    chosen = settings or FairnessSettings()
    rows = _rows(values, judged)
    groups = split(rows.values, len(rows.pd), chosen.min_rows)
    alone = [_alone(group, rows, chosen) for group in groups]
    reference = _reference(alone)
    pairs = [one if one is reference else _against(one, reference, chosen) for one in alone]
    findings = tuple(found for one in pairs for found in _findings(one, chosen))
    return Fairness(attribute, reference.name, tuple(pairs), findings, rows.refused_known, chosen)


def _rows(values: Column, judged: Decided) -> _Rows:
    pd = np.asarray(judged.pd, dtype=np.float64)
    held = {
        "approved": np.asarray(judged.approved).astype(bool),
        "bad": np.asarray(judged.bad, dtype=np.float64),
        "groups": np.asarray(values, dtype=object),
    }
    for name, column in held.items():
        if column.shape != pd.shape:
            raise BadInput(
                f"{name} has {len(column)} rows, pd {len(pd)}",
                field=name,
                rule="columns of one length",
            )
    if not ((pd >= 0) & (pd <= 1)).all():
        raise BadInput("pd lies between 0 and 1", field="pd", rule="a probability")
    weight = weights(judged.weight, len(pd))
    order = np.lexsort((weight, held["bad"], held["approved"], pd))
    known = bool((~held["approved"] & ~np.isnan(held["bad"])).any())
    return _Rows(
        pd[order], held["approved"][order], held["bad"][order], weight[order],
        held["groups"][order], known,
    )  # fmt: skip


def _alone(group: Group, rows: _Rows, settings: FairnessSettings) -> GroupFigures:
    """What can be said of a group without looking at another."""
    pd, bad, weight = rows.pd[group.rows], rows.bad[group.rows], rows.weight[group.rows]
    approved, level = rows.approved[group.rows], settings.level
    goods, bads, known = bad == 0, bad == 1, ~np.isnan(bad)
    enough = min(int(goods.sum()), int(bads.sum())) >= settings.min_bads
    observed = share(bads[known], weight[known], level)
    judged = enough and rows.refused_known
    return GroupFigures(
        name=group.name,
        rows=len(pd),
        goods=int(goods.sum()),
        bads=int(bads.sum()),
        enough_rows=len(pd) >= settings.min_rows,
        enough_outcomes=enough,
        approval=share(approved, weight, level),
        mean_pd=float(np.average(pd, weights=weight)) if weight.sum() else float("nan"),
        observed=observed,
        goods_approved=share(approved[goods], weight[goods], level) if judged else None,
        goods_refused=share(~approved[goods], weight[goods], level) if judged else None,
        bads_approved=share(approved[bads], weight[bads], level) if judged else None,
        calibration=_calibration(pd[known], bads[known], weight[known], level) if enough else None,
        auc=auc_interval(bads[known], pd[known], weight[known], level=level) if enough else None,
        merged=group.merged,
    )


def _calibration(pd: Floats, bads: Bools, weight: Floats, level: float) -> Interval:
    """Predicted over observed bads, both counted in rows of evidence."""
    scale = effective(weight) / float(weight.sum())
    seen = float(weight[bads].sum()) * scale
    return expected_to_observed(float(pd @ weight) * scale, seen, level=level)


def _reference(groups: list[GroupFigures]) -> GroupFigures:
    """The group of enough rows that is approved most; a rest of small ones only if need be."""

    def place(one: GroupFigures) -> tuple[bool, bool, float, str]:
        rate = one.approval.rate.value if one.approval.rate else -1.0
        return (not one.enough_rows, bool(one.merged), -rate, one.name)

    return min(groups, key=place)


def _against(
    one: GroupFigures, reference: GroupFigures, settings: FairnessSettings
) -> GroupFigures:
    """The same group with what it is compared with the reference."""
    found = one
    if one.enough_rows and reference.enough_rows:
        found = replace(
            found, approval_ratio=ratio(one.approval, reference.approval, settings.level)
        )
    ours, theirs = one.goods_approved, reference.goods_approved
    if ours and theirs and ours.rate and theirs.rate:
        found = replace(found, opportunity_gap=difference(ours.rate, theirs.rate))
    return found


def _findings(one: GroupFigures, settings: FairnessSettings) -> list[Finding]:
    found = []
    if not one.enough_rows:
        found.append(finding("too_few_rows", one.name, None, float(settings.min_rows)))
    if not one.enough_outcomes:
        found.append(finding("too_few_outcomes", one.name, None, float(settings.min_bads)))
    if one.approval_ratio:
        found.append(finding("approval_ratio", one.name, one.approval_ratio, settings.four_fifths))
    if one.opportunity_gap:
        found.append(finding("opportunity_gap", one.name, one.opportunity_gap, -settings.max_gap))
    if one.calibration:
        low, high = settings.calibration
        found.append(finding("underestimated", one.name, one.calibration, low))
        found.append(finding("overestimated", one.name, one.calibration, high))
    return found
