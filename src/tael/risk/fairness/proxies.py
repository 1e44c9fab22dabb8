"""Which variables stand in for an attribute that must not decide."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.calibration.kept import plain
from tael.risk.columns import Bools, Column, Floats, Ints
from tael.risk.fairness.groups import Group, split
from tael.risk.fairness.verdicts import Finding, finding
from tael.risk.measures import Interval
from tael.risk.sample import Sample


class Classifier(Protocol):
    """An estimator with the scikit-learn contract, cloned before it is fitted."""

    def fit(self, X: npt.NDArray[np.float32], y: Floats) -> object: ...  # noqa: N803
    def predict_proba(self, X: npt.NDArray[np.float32]) -> Floats: ...  # noqa: N803


@dataclass(frozen=True, slots=True)
class ProxySettings:
    """How proxies are looked for.

    Attributes:
        alarm: AUC for telling a group from the rest at which a variable is named.
        min_rows: groups under it are put together.
        bins: quantile bins for the mutual information, missing apart.
        bands: bands of risk within which the conditional AUC is taken.
        top: how many variables are kept, strongest first.
        folds: folds by borrower for all variables together.
        level: of the intervals.
    """

    alarm: float = 0.7
    min_rows: int = 100
    bins: int = 10
    bands: int = 5
    top: int = 20
    folds: int = 3
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class Proxy:
    """How well one variable, or all together, predicts membership of a group.

    Attributes:
        name: of the variable; ``*`` for all of them together.
        group: the group it tells apart best.
        auc: of that group against the rest, folded above one half, with Hanley and McNeil's
            interval (Radiology 143 (1982) 29-36).
        auc_given_risk: the same group inside bands of the model's probability, averaged by the
            pairs in each band: what is left once risk is accounted for. None without a model.
        information: mutual information with the attribute over its entropy, 0 to 1, less Miller's
            bias. None for all together.
    """

    name: str
    group: str
    auc: Interval
    auc_given_risk: float | None
    information: float | None


@dataclass(frozen=True, slots=True)
class Proxies:
    """The strongest proxies of an attribute.

    Attributes:
        attribute: the attribute.
        top: variables by their AUC, strongest first.
        together: all variables in one model, out of fold; empty where no model was asked.
            One for each group.
        findings: the variables above the alarm.
    """

    attribute: str
    top: tuple[Proxy, ...]
    together: tuple[Proxy, ...]
    findings: tuple[Finding, ...]
    looked_at: int
    settings: ProxySettings = field(default_factory=ProxySettings)

    def summary(self) -> Words:
        """One sentence of verdict."""
        alarms = sum(one.state == "beyond" for one in self.findings)
        best = self.top[0]
        return Words(
            f"{self.looked_at} 个变量中 {alarms} 个可能代替 {self.attribute}; 最强者 {best.name} "
            f"区分 {best.group} 的 AUC 为 {best.auc.value:.3f}",
            f"{alarms} of {self.looked_at} variables may stand in for {self.attribute}; the "
            f"strongest, {best.name}, tells {best.group} apart with AUC {best.auc.value:.3f}",
        )

    def to_json(self) -> dict[str, object]:
        """Variables, all together, findings and the verdict in both languages."""
        said = self.summary()
        return {
            "attribute": self.attribute,
            "settings": plain(self.settings),
            "looked_at": self.looked_at,
            "top": plain(self.top),
            "together": plain(self.together),
            "findings": [one.to_json() for one in self.findings],
            "verdict": plain(said),
        }


def proxies(
    attribute: str,
    values: Column,
    sample: Sample,
    pd: npt.ArrayLike | None = None,
    settings: ProxySettings | None = None,
) -> Proxies:
    """Look for variables of ``sample`` that predict ``values`` [rows].

    Rows count alike, whatever their weight. A missing value ranks lowest, for that it is missing
    may tell a group too. A proxy is no guilt: what tells a group apart may tell risk apart, hence
    the AUC inside bands of ``pd``.

    Raises:
        BadInput: columns of different lengths, one group only, no variable.
    """
    chosen = settings or ProxySettings()
    if not sample.names:
        raise BadInput("the sample has no variable", field="names", rule="one variable")
    groups = split(values, sample.rows, chosen.min_rows)
    if len(groups) < 2:  # noqa: PLR2004 - a group and another
        raise BadInput(
            f"no two groups once those under {chosen.min_rows} rows are put together",
            field="groups",
            rule="two groups",
        )
    member = _numbered(groups, sample.rows)
    band = None if pd is None else _bands(np.asarray(pd, dtype=np.float64), chosen.bands)
    found = [
        _proxy(name, np.nan_to_num(sample.values[i], nan=-np.inf), groups, (member, band, chosen))
        for i, name in enumerate(sample.names)
    ]
    found.sort(key=lambda one: (-one.auc.value, one.name))
    findings = [finding("proxy", f"{o.name} / {o.group}", o.auc, chosen.alarm) for o in found]
    return Proxies(
        attribute,
        tuple(found[: chosen.top]),
        (),
        tuple(one for one in findings if one.state != "within"),
        len(found),
        chosen,
    )


def together(found: Proxies, values: Column, sample: Sample, estimator: Classifier) -> Proxies:
    """``found`` with how well all variables of ``sample`` together predict each group.

    A clone of ``estimator`` is fitted for each group on all folds but one and judged on that one;
    a borrower stands in one fold only. Raises as ``proxies``.
    """
    from sklearn.base import clone  # noqa: PLC0415

    settings = found.settings
    groups = split(values, sample.rows, settings.min_rows)
    member, fold = _numbered(groups, sample.rows), borrower_folds(sample.borrower, settings.folds)
    order = np.argsort(sample.borrower.astype(str), kind="stable")
    matrix = sample.matrix()
    proxies = []
    for number, group in enumerate(groups):
        score = np.zeros(sample.rows)
        for one in range(settings.folds):
            train = order[fold[order] != one]
            model = clone(estimator).fit(matrix[train], (member[train] == number).astype(float))
            score[fold == one] = model.predict_proba(matrix[fold == one])[:, 1]
        value = float(_rank_aucs(score, member, len(groups))[number])
        sizes = int((member == number).sum()), int((member != number).sum())
        interval = _hanley_mcneil(value, sizes, settings.level)
        proxies.append(Proxy("*", group.name, interval, None, None))
    return replace(found, together=tuple(proxies))


def borrower_folds(borrower: npt.NDArray[np.object_], folds: int) -> Ints:
    """A fold from 0 for each row, by a hash of the borrower: the same in any order of rows."""
    names, place = np.unique(borrower.astype(str), return_inverse=True)
    digests = [hashlib.blake2b(name.encode(), digest_size=8).digest() for name in names.tolist()]
    held = np.array([int.from_bytes(one, "big") % folds for one in digests], dtype=np.int64)
    return held[place]


def _numbered(groups: Sequence[Group], rows: int) -> Ints:
    member = np.zeros(rows, dtype=np.int64)
    for number, group in enumerate(groups):
        member[group.rows] = number
    return member


def _bands(pd: Floats, bands: int) -> Ints:
    """Quantile bands, from 0; equal probabilities share one."""
    edges = np.quantile(pd, np.arange(1, bands) / bands)
    return np.searchsorted(edges, pd, side="right").astype(np.int64)


def _proxy(
    name: str,
    score: npt.NDArray[np.float32],
    groups: Sequence[Group],
    held: tuple[Ints, Ints | None, ProxySettings],
) -> Proxy:
    member, band, settings = held
    aucs = _rank_aucs(score, member, len(groups))
    best = int(np.argmax(np.abs(aucs - 0.5)))
    value = max(float(aucs[best]), 1.0 - float(aucs[best]))
    sizes = int((member == best).sum()), int((member != best).sum())
    return Proxy(
        name,
        groups[best].name,
        _hanley_mcneil(value, sizes, settings.level),
        None if band is None else _given_risk(score, member == best, band),
        _information(score, member, len(groups), settings.bins),
    )


def _rank_aucs(score: npt.NDArray[np.floating], member: Ints, groups: int) -> Floats:
    """AUC of each group against all others, by one ranking (Mann and Whitney, 1947)."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    starts = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    ends = np.append(starts[1:], len(score))
    ranks = np.repeat((starts + ends + 1) / 2, ends - starts)
    sums = np.bincount(member[order], weights=ranks, minlength=groups)
    sizes = np.bincount(member, minlength=groups).astype(np.float64)
    others = len(score) - sizes
    with np.errstate(invalid="ignore", divide="ignore"):
        found = (sums - sizes * (sizes + 1) / 2) / (sizes * others)
    return np.nan_to_num(found, nan=0.5)


def _given_risk(score: npt.NDArray[np.float32], inside: Bools, band: Ints) -> float:
    """AUC within each band, averaged by its pairs, folded above one half."""
    total = pairs = 0.0
    for one in np.unique(band):
        rows = band == one
        member = (~inside[rows]).astype(np.int64)  # 0 is the group
        count = float((member == 0).sum()) * float((member == 1).sum())
        total += count * float(_rank_aucs(score[rows], member, 2)[0])
        pairs += count
    value = total / pairs if pairs else 0.5
    return max(value, 1.0 - value)


def _hanley_mcneil(value: float, sizes: tuple[int, int], level: float) -> Interval:
    one, other = sizes
    first, second = value / (2 - value), 2 * value**2 / (1 + value)
    square = (
        value * (1 - value) + (one - 1) * (first - value**2) + (other - 1) * (second - value**2)
    ) / max(one * other, 1)
    width = NormalDist().inv_cdf((1 + level) / 2) * max(square, 0.0) ** 0.5
    return Interval(value, max(value - width, 0.0), min(value + width, 1.0))


def _information(score: npt.NDArray[np.float32], member: Ints, groups: int, bins: int) -> float:
    """Mutual information over the attribute's entropy, less (cells - 1) / 2n for each margin.

    Miller, Note on the bias of information estimates, 1955.
    """
    real = score[np.isfinite(score)]
    edges = np.unique(np.quantile(real, np.arange(1, bins) / bins)) if len(real) else real
    place = np.where(np.isfinite(score), 1 + np.searchsorted(edges, score, side="right"), 0)
    cells = np.bincount(place * groups + member, minlength=(len(edges) + 2) * groups)
    table = cells.reshape(-1, groups) / len(score)
    across, down = table.sum(axis=1, keepdims=True), table.sum(axis=0, keepdims=True)
    held = table > 0
    told = float((table[held] * np.log(table[held] / (across @ down)[held])).sum())
    freedom = ((across > 0).sum() - 1) * ((down > 0).sum() - 1)
    entropy = -float((down[down > 0] * np.log(down[down > 0])).sum())
    return max(told - float(freedom) / (2 * len(score)), 0.0) / entropy if entropy else 0.0
