"""The written rule by which a challenger becomes champion: versioned data, with a hash."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from tael.kernel import BadInput
from tael.report import Words
from tael.risk.calibration.kept import canonical, hash_of, plain, read
from tael.risk.measures import Interval

_KIND = "tael.promotion_rule"


@dataclass(frozen=True, slots=True)
class PromotionRule:
    """What a challenger must show on rows that neither model was made from.

    Attributes:
        version: of the rule, as its owner counts.
        min_bads: bads of known outcome, and goods, under which nothing is decided.
        min_auc_gain: the lower bound of the AUC gain lies above it.
        ks_margin: the lower bound of the KS gain lies above minus this margin.
        slope: bounds of the challenger's calibration slope.
        calibration: bounds of its predicted over observed.
        max_psi: of its scores, later half of the rows against the earlier half.
        approval_rate: at which both approve the same number; the rest is refused.
        four_fifths: least approval ratio of any judged group at that rate.
        fairness_margin: parts of one that a group's approval rate may lose at that rate; a group
            that loses more for sure (upper bound, all groups together) stops the promotion.
        min_group: rows under which a group is not judged alone.
        level: of all intervals.
        resamples: of the paired bootstrap.
        seed: of the paired bootstrap.
    """

    version: str = "2026.1"
    min_bads: int = 100
    min_auc_gain: float = 0.0
    ks_margin: float = 0.02
    slope: tuple[float, float] = (0.8, 1.2)
    calibration: tuple[float, float] = (0.8, 1.25)
    max_psi: float = 0.1
    approval_rate: float = 0.6
    four_fifths: float = 0.8
    fairness_margin: float = 0.02
    min_group: int = 100
    level: float = 0.95
    resamples: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("approval_rate", "level"):
            if not 0 < getattr(self, name) < 1:
                raise BadInput(f"{name} lies between 0 and 1", field=name, rule="0 < x < 1")
        for name in ("slope", "calibration"):
            low, high = getattr(self, name)
            if not low < high:
                raise BadInput(f"{name} needs bounds that rise", field=name, rule="low < high")
        for name in ("min_bads", "min_group", "resamples"):
            if getattr(self, name) < 2:  # noqa: PLR2004 - a variance needs two
                raise BadInput(f"{name} is two or more", field=name, rule="at least 2")

    def to_json(self) -> str:
        """Canonical JSON."""
        return canonical({"format": _KIND} | plain(self))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: what a verdict cites."""
        return hash_of(self.to_json())

    @classmethod
    def from_json(cls, text: str) -> PromotionRule:
        """The rule of a canonical JSON.

        Raises:
            BadInput: another format, or a field that the rule does not have; names it.
        """
        data = read(text, _KIND)
        del data["format"]
        known = {each.name for each in fields(cls)}
        for name in data:
            if name not in known:
                raise BadInput(f"a rule has no {name!r}", field=name, rule="a field of the rule")
        given: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        return cls(**given)


_TEXTS: Mapping[str, Words] = {
    "auc_gain": Words(
        "AUC 增益的区间下限 {figure} 须高于 {low}",
        "the lower bound of the AUC gain, {figure}, must lie above {low}",
    ),
    "ks_gain": Words(
        "KS 增益的区间下限 {figure} 须高于 {low}",
        "the lower bound of the KS gain, {figure}, must lie above {low}",
    ),
    "calibration_slope": Words(
        "校准斜率 {figure} 须在 {low} 与 {high} 之间",
        "the calibration slope, {figure}, must lie within {low} and {high}",
    ),
    "calibration_ratio": Words(
        "预测与实际违约之比 {figure} 须在 {low} 与 {high} 之间",
        "predicted over observed, {figure}, must lie within {low} and {high}",
    ),
    "stability": Words(
        "前后两半样本评分的 PSI {figure} 不得高于 {high}",
        "the PSI of scores between the halves, {figure}, must not exceed {high}",
    ),
    "fairness_ratio": Words(
        "按 {of} 分组的最低通过率之比 {figure} 不得低于 {low}",
        "the lowest approval ratio by {of}, {figure}, must not lie below {low}",
    ),
    "fairness_not_worse": Words(
        "按 {of} 分组, 通过率下降最多之组的变化区间上限 {figure} 不得低于 {low}",
        "the upper bound of what the group of {of} that loses most gains in approvals, {figure}, "
        "must not lie below {low}",
    ),
    "swap_set": Words(
        "换入客户的坏账率 {figure} 不得高于换出客户的 {high}",
        "the bad rate of those swapped in, {figure}, must not exceed that of those out, {high}",
    ),
}
_PASSED, _FAILED = Words("通过", "passed"), Words("未通过", "failed")
_UNKNOWN = Words("无从得知", "not known")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of the rule, its figure and its bounds.

    Attributes:
        code: which clause.
        figure: what is held against the bounds; None where it can't be known: that fails.
        low, high: the bounds; infinite where the clause has none on that side.
        strict: whether the figure must lie above ``low``, not on it.
        of: the attribute of a clause of fairness.
        interval: the estimate behind the figure, where there is one.
    """

    code: str
    figure: float | None
    low: float = -math.inf
    high: float = math.inf
    strict: bool = False
    of: str = ""
    interval: Interval | None = None

    @property
    def passed(self) -> bool:
        """Whether the figure is known and lies inside."""
        if self.figure is None or not math.isfinite(self.figure):
            return False
        above = self.figure > self.low if self.strict else self.figure >= self.low
        return above and self.figure <= self.high

    @property
    def words(self) -> Words:
        """The clause as a sentence with its outcome."""
        outcome = _PASSED if self.passed else _FAILED
        said = {}
        for locale in ("zh", "en"):
            figure = getattr(_UNKNOWN, locale) if self.figure is None else f"{self.figure:.4f}"
            text = getattr(_TEXTS[self.code], locale).format(
                figure=figure, low=f"{self.low:.4g}", high=f"{self.high:.4g}", of=self.of
            )
            said[locale] = f"{text}: {getattr(outcome, locale)}"
        return Words(**said)

    def to_json(self) -> dict[str, Any]:
        """Fields, outcome and words."""
        found: dict[str, Any] = plain(self)
        return found | {"passed": self.passed, "words": plain(self.words)}
