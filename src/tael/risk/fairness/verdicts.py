"""What a test of fairness found, in words of both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tael.report import Words
from tael.risk.calibration.kept import plain
from tael.risk.measures import Interval

# code: which side of the threshold is of concern, and the words.
_BELOW, _ABOVE, _FEW = "below", "above", "few"
_TESTS: Mapping[str, tuple[str, Words]] = {
    "approval_ratio": (
        _BELOW,
        Words(
            "通过率与最高组之比 {figure} (五分之四规则下限 {threshold})",
            "approval ratio to the group approved most {figure} (four-fifths rule: {threshold})",
        ),
    ),
    "opportunity_gap": (
        _BELOW,
        Words(
            "好客户通过率与参照组之差 {figure} (下限 {threshold})",
            "share of goods approved less the reference group's {figure} (not below {threshold})",
        ),
    ),
    "underestimated": (
        _BELOW,
        Words(
            "预测与实际违约率之比 {figure}, 下限 {threshold}: 低于则风险被低估",
            "predicted over observed {figure}, not below {threshold}: below, risk is understated",
        ),
    ),
    "overestimated": (
        _ABOVE,
        Words(
            "预测与实际违约率之比 {figure}, 上限 {threshold}: 高于则该组被高估风险",
            "predicted over observed {figure}, not above {threshold}: above, the group is "
            "charged for risk that it does not carry",
        ),
    ),
    "too_few_rows": (
        _FEW,
        Words(
            "样本少于 {threshold} 行, 不作判断",
            "fewer than {threshold} rows: not judged",
        ),
    ),
    "too_few_outcomes": (
        _FEW,
        Words(
            "已知结果的好、坏客户之一少于 {threshold}, 不按结果判断",
            "fewer than {threshold} goods or bads of known outcome: not judged by outcomes",
        ),
    ),
    "proxy": (
        _ABOVE,
        Words(
            "变量区分该组的 AUC 为 {figure} (警戒线 {threshold}): 可能成为代理变量",
            "the variable tells the group apart with AUC {figure} (alarm at {threshold}): "
            "it may stand in for it",
        ),
    ),
}
_STATES: Mapping[str, Words] = {
    "within": Words("符合", "within"),
    "unsure": Words("样本不足以断定", "not settled by these rows"),
    "beyond": Words("超出界限", "beyond the bound"),
    "too_small": Words("样本过少", "too small"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One test.

    Attributes:
        code: which test; ``words`` says it in zh and en.
        group: the group, or the variable of a proxy.
        figure: with its interval; None where the group is too small.
        threshold: what the figure is held against.
        state: ``within`` (point on the right side), ``unsure`` (point beyond, interval reaches
            the right side), ``beyond`` (whole interval beyond) or ``too_small``.
    """

    code: str
    group: str
    figure: Interval | None
    threshold: float
    state: str

    @property
    def words(self) -> Words:
        """The finding as a sentence."""
        texts, state = _TESTS[self.code][1], _STATES[self.state]
        shown = f"{self.figure.value:.3f}" if self.figure else ""
        bound = f"{self.threshold:g}"
        zh, en = (text.format(figure=shown, threshold=bound) for text in (texts.zh, texts.en))
        return Words(f"{self.group}: {zh}; {state.zh}", f"{self.group}: {en}; {state.en}")

    def to_json(self) -> dict[str, Any]:
        """code, group, figure, threshold, state and words."""
        found: dict[str, Any] = plain(self)
        return found | {"words": plain(self.words)}


def finding(code: str, group: str, figure: Interval | None, threshold: float) -> Finding:
    """The state of ``figure`` against ``threshold`` by the side that the test minds."""
    if figure is None:
        return Finding(code, group, None, threshold, "too_small")
    side = _TESTS[code][0]
    beyond = (
        (figure.value < threshold, figure.high < threshold)
        if side == _BELOW
        else (figure.value > threshold, figure.low > threshold)
    )
    state = "beyond" if all(beyond) else "unsure" if beyond[0] else "within"
    return Finding(code, group, figure, threshold, state)
