"""From intervals to alarms: what rings, in words, and what to do then."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tael.report import Words
from tael.risk.measures import Interval
from tael.risk.monitoring.inputs import EARLY, Period, Settings
from tael.risk.monitoring.intervals import adjusted_level, psi_interval
from tael.risk.monitoring.result import (
    ACT,
    WATCH,
    Alarm,
    Drift,
    Figures,
    Reference,
    SourceDrift,
)
from tael.risk.monitoring.thresholds import Limit
from tael.risk.monitoring.words import CODES

# What a single alarm says, and what to do. {about} is its subject, numbers are filled in.
TEXTS: Mapping[str, tuple[Words, Words]] = {
    "score_psi": (
        Words("评分分布偏离参照样本", "The scores have moved from the reference"),
        Words(
            "按渠道、地区、政策分解客群; 若校准同时偏离, 重新校准",
            "Split by channel, region and policy; recalibrate if calibration is off as well",
        ),
    ),
    "variable_psi": (
        Words("变量分布偏离参照样本", "The variable has moved from the reference"),
        Words(
            "先查数据源与口径变更, 再看其贡献; 无法解释时从模型中移除并重训",
            "Look for a change of source or definition, then at its weight in the score; "
            "retrain without it where nobody can explain it",
        ),
    ),
    "coverage": (
        Words("数据源缺失比例变化", "The share without the source has changed"),
        Words(
            "联系数据源核对接口与授权; 核对缺失箱的坏账率是否仍成立",
            "Ask the source about its feed and consents; check that the bin of the missing still "
            "has its bad rate",
        ),
    ),
    "auc_drop": (
        Words("排序能力低于参照样本", "The model ranks worse than on the reference"),
        Words(
            "与挑战者模型比较; 按分群找出失效处, 准备重训",
            "Compare with a challenger; find the segments that fail; prepare to retrain",
        ),
    ),
    "ks_drop": (
        Words("KS 低于参照样本", "KS is lower than on the reference"),
        Words("与 AUC 一并判断, 检查审批线附近", "Judge with the AUC; look near the cut-off"),
    ),
    "expected_auc_drop": (
        Words("预期排序能力下降", "The PDs let expect worse ranks"),
        Words(
            "客群变得更难区分; 等待标签的同时检查覆盖率与客群结构",
            "The population is harder to rank; while labels mature look at coverage and mix",
        ),
    ),
    "understated": (
        Words("违约率高于预测", "More default than predicted"),
        Words(
            "立即检查定价与限额, 用最近成熟样本重新校准或加宏观覆盖层",
            "Look at prices and limits now; recalibrate on the latest matured cohorts or raise the "
            "overlay",
        ),
    ),
    "overstated": (
        Words("违约率低于预测", "Less default than predicted"),
        Words(
            "核对延期还款是否掩盖了违约, 再考虑重新校准",
            "Check whether payment holidays hide defaults before recalibrating",
        ),
    ),
    "early_ratio": (
        Words("早期逾期高于参照样本", "More early bads than in the reference"),
        Words(
            "按渠道与顾问排查欺诈, 收紧相应审批规则",
            "Look for fraud by channel and consultant; tighten the rules concerned",
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class _Ringing:
    code: str
    about: str
    period: Period
    figure: Interval


def alarms_of(
    reference: Reference,
    figures: Sequence[Figures],
    drift: Drift,
    sources: Sequence[SourceDrift],
    settings: Settings,
) -> tuple[Alarm, ...]:
    """All alarms by period, deeds before looks."""
    found: list[Alarm] = []
    for one in figures:
        found += _of_model(one, reference, settings)
    found += _of_sources(sources, figures, settings)
    found += _of_variables(drift, figures, settings)
    return tuple(
        sorted(found, key=lambda a: (a.period, a.step != ACT, _ORDER.index(a.code), a.about))
    )


_ORDER = tuple(CODES)


def tests_of(
    figures: Sequence[Figures], drift: Drift, sources: Sequence[SourceDrift]
) -> dict[str, int]:
    """How many intervals were held against a threshold, by kind."""
    return {
        "model": sum(
            (one.score_psi is not None) + (one.auc is not None) + (one.ks is not None)
            + (one.expected is not None) + 2 * (one.gap is not None) + len(one.early)
            for one in figures
        ),
        "sources": sum(change is not None for source in sources for change in source.change),
        "variables": int((~np.isnan(drift.psi)).sum()),
    }  # fmt: skip


def _of_model(one: Figures, base: Reference, settings: Settings) -> Iterator[Alarm]:
    limits = settings.thresholds
    rings = [("score_psi", "", one.score_psi, limits.score_psi)]
    rings.append(("auc_drop", "", _drop(base.auc, one.auc), limits.auc_drop))
    rings.append(("ks_drop", "", _drop(base.ks, one.ks), limits.ks_drop))
    if one.expected:
        drop = _drop(base.expected.auc, one.expected.auc)
        rings.append(("expected_auc_drop", "", drop, limits.expected_auc_drop))
    if one.gap:
        ratio = one.gap.ratio
        rings.append(("overstated", "", ratio, limits.overstated))
        rings.append(("understated", "", _turned(ratio), limits.understated))
    for code, rate in one.early.items():
        rings.append(("early_ratio", code, rate.ratio, limits.early_ratio))
    for code, about, figure, limit in rings:
        if figure is not None:
            yield from _alarm(_Ringing(code, about, one.period, figure), limit)


def _of_sources(
    sources: Sequence[SourceDrift], figures: Sequence[Figures], settings: Settings
) -> Iterator[Alarm]:
    limit = settings.thresholds.coverage
    for source in sources:
        for one, change in zip(figures, source.change, strict=True):
            if change is None:
                continue
            # A source gained is as much a change as a source lost: the larger way counts.
            size = change if change.value >= 0 else _negative(change)
            for alarm in _alarm(_Ringing("coverage", source.name, one.period, size), limit):
                yield replace(alarm, figure=change)


def _of_variables(drift: Drift, figures: Sequence[Figures], settings: Settings) -> Iterator[Alarm]:
    limit = settings.thresholds.variable_psi
    for step, threshold in ((ACT, limit.act), (WATCH, limit.watch)):
        stands = drift.standing[step]
        for number, one in enumerate(figures):
            where = np.flatnonzero(stands[:, number])
            level = adjusted_level(settings.level, len(where), len(drift.names))
            for i in where.tolist():
                # One that acts is not told a second time as one to watch.
                if step == WATCH and drift.standing[ACT][i, number]:
                    continue
                figure = psi_interval(
                    float(drift.psi[i, number]), float(drift.noise[number]),
                    int(drift.freedom[i, number]), level,
                )  # fmt: skip
                ringing = _Ringing("variable_psi", drift.names[i], one.period, figure)
                yield _told(ringing, step, threshold)


def _alarm(ringing: _Ringing, limit: Limit) -> Iterator[Alarm]:
    if ringing.figure.low > limit.act:
        yield _told(ringing, ACT, limit.act)
    elif ringing.figure.low > limit.watch:
        yield _told(ringing, WATCH, limit.watch)


def _told(ringing: _Ringing, step: str, threshold: float) -> Alarm:
    words, advice = TEXTS[ringing.code]
    if ringing.code == "early_ratio":
        sign = EARLY[ringing.about].words
        words = Words(f"{words.zh}: {sign.zh}", f"{words.en}: {sign.en}")
    return Alarm(
        ringing.code, step, ringing.about, ringing.period, ringing.figure, threshold, words, advice
    )


def _drop(base: Interval | None, now: Interval | None) -> Interval | None:
    """How far ``now`` lies below the reference's value."""
    if base is None or now is None or math.isnan(now.low):
        return None
    return Interval(base.value - now.value, base.value - now.high, base.value - now.low)


def _turned(ratio: Interval) -> Interval:
    def over(value: float) -> float:
        return 1 / value if value else math.inf

    return Interval(over(ratio.value), over(ratio.high), over(ratio.low))


def _negative(change: Interval) -> Interval:
    return Interval(-change.value, -change.high, -change.low)
