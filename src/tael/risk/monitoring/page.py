"""The results of monitoring as one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

import numpy as np

from tael.report import Axes, Column, Figure, Kind, Page, Series, Tone, Value, Words
from tael.risk.calibration import NORMAL_BAND
from tael.risk.measures import Interval
from tael.risk.monitoring.inputs import EARLY
from tael.risk.monitoring.result import ACT, WATCH, Alarm, Figures, Monitoring, SourceDrift
from tael.risk.monitoring.words import CODES, STEPS, source_words

_MOST_ALARMS = 30
_MOST_VARIABLES = 25
_MOST_SOURCES_A_CHART = 6
_OF_DATA = {"variable_psi", "coverage"}
_LOW, _HIGH = Words("区间下限", "Lower bound"), Words("区间上限", "Upper bound")

Measure = Callable[[Figures], Interval | None]


def page(watched: Monitoring, *, source: Words | str = "", made_at: datetime | None = None) -> Page:
    """The page of ``watched``: alarms first, then what they stand on; zh and en.

    Args:
        watched: what ``monitor`` found.
        source: on which data, below the title.
        made_at: instant of making, aware; left out when None.
    """
    made = Page(Words("模型监控", "Model monitoring"), source=source, made_at=made_at)
    _headline(made, watched)
    _alarms(made, watched)
    _score(made, watched)
    _ranks(made, watched)
    _calibration(made, watched)
    _early(made, watched)
    _sources(made, watched)
    _variables(made, watched)
    _rules(made, watched)
    return made


def _headline(made: Page, watched: Monitoring) -> None:
    last = watched.figures[-1]
    model = [alarm for alarm in watched.alarms if alarm.code not in _OF_DATA]
    now = [alarm for alarm in model if alarm.period == last.period]
    moved = {a.about for a in watched.alarms if a.code == "coverage" and a.period == last.period}
    standing = watched.drift.standing[WATCH][:, -1]
    auc = [one for one in watched.figures if one.auc is not None]
    made.figures(
        [
            Figure(Words("监控期数", "Periods"), len(watched.figures),
                   Words(f"截至 {watched.settings.as_of}", f"as of {watched.settings.as_of}"),
                   Kind.COUNT),
            Figure(Words("申请", "Applications"), sum(one.rows for one in watched.figures),
                   kind=Kind.COUNT),
            Figure(Words("模型警报", "Alarms on the model"), len(model),
                   Words(f"最近一期 {len(now)} 条", f"{len(now)} in the last period"), Kind.COUNT,
                   _tone(model)),
            Figure(Words("最近一期变化的数据源", "Sources that changed"), len(moved),
                   Words(f"共 {len(watched.sources)} 个, {last.period.label}",
                         f"of {len(watched.sources)}, {last.period.label}"), Kind.COUNT,
                   Tone.WARNING if moved else Tone.GOOD),
            Figure(Words("最近一期漂移的变量", "Variables that moved"), int(standing.sum()),
                   Words(f"共 {len(standing):,} 个, {last.period.label}",
                         f"of {len(standing):,}, {last.period.label}"), Kind.COUNT,
                   Tone.WARNING if standing.any() else Tone.GOOD),
            Figure(Words("最近的 AUC", "Latest AUC"), auc[-1].auc.value if auc and auc[-1].auc
                   else None, _auc_detail(auc), digits=3),
        ]
    )  # fmt: skip


def _tone(alarms: Sequence[Alarm]) -> Tone:
    if any(alarm.step == ACT for alarm in alarms):
        return Tone.BAD
    return Tone.WARNING if alarms else Tone.GOOD


def _auc_detail(known: Sequence[Figures]) -> Words | str:
    if not known or known[-1].auc is None:
        return Words("标签尚未成熟", "no outcome is known yet")
    at, auc = known[-1].period.label, known[-1].auc
    return f"{at}: {auc.low:.3f}–{auc.high:.3f}"


def _alarms(made: Page, watched: Monitoring) -> None:
    made.section(
        Words("警报", "Alarms"),
        Words(
            "区间整体越过阈值才报警, 单个估计值不报警。",
            "Alarms ring when the whole interval lies beyond the threshold, never on the figure.",
        ),
    )
    tests = watched.tests
    tail = watched.settings.tail
    made.note(
        Words(
            f"共检验 {tests['model']:,} 个模型指标, "
            f"恰在阈值处时平均误报 {tests['model'] * tail:.1f} 次; "
            f"{tests['variables']:,} 个变量检验按期用 Benjamini–Hochberg 控制误报比例 "
            f"{tail:.1%}; {tests['sources']:,} 个数据源检验。",
            f"{tests['model']:,} figures of the model were tested: were all just at their "
            f"thresholds, {tests['model'] * tail:.1f} would ring by chance. The "
            f"{tests['variables']:,} tests of variables hold the share of false alarms of a "
            f"period at {tail:.1%} (Benjamini and Hochberg). Sources: {tests['sources']:,} tests.",
        )
    )
    _unjudged(made, watched)
    if not watched.alarms:
        made.note(Words("没有警报。", "No alarm."), Tone.WARNING if watched.unjudged else Tone.GOOD)
        return
    runs = _runs(watched.alarms)
    for code, words in CODES.items():
        mine = [worst for _, worst in runs if worst.code == code]
        if mine:
            _advise(made, words, mine)
    rows: list[tuple[Value, ...]] = [
        (
            STEPS[worst.step], CODES[worst.code], _about(worst), _span(run), worst.period.label,
            worst.figure.value, _written(worst.figure), worst.threshold,
        )
        for run, worst in runs[:_MOST_ALARMS]
    ]  # fmt: skip
    made.table(
        [
            Words("级别", "Step"), Words("指标", "Figure"), Words("对象", "About"),
            Words("出现期", "Periods"), Words("最重一期", "Worst"),
            Column(Words("数值", "Value"), Kind.NUMBER, 3), Words("区间", "Interval"),
            Column(Words("阈值", "Threshold"), Kind.NUMBER, 2),
        ],
        rows,
        caption=Words(
            f"按对象合并, 共 {len(runs)} 组, 显示前 {len(rows)} 组",
            f"Joined by subject: {len(runs)} groups, the first {len(rows)} are shown",
        ),
    )  # fmt: skip


def _unjudged(made: Page, watched: Monitoring) -> None:
    """Say which periods were too small to ring: their silence is no good news."""
    few = [one.period.label for one in watched.unjudged]
    if few:
        least, all_of = watched.settings.least_rows, len(watched.figures)
        made.note(
            Words(
                f"{all_of} 期中有 {len(few)} 期申请不足 {least} 笔, 未作判断: {', '.join(few)}。",
                f"{len(few)} of {all_of} periods hold fewer than {least} applications and were "
                f"not judged: {', '.join(few)}.",
            ),
            Tone.WARNING,
        )


def _advise(made: Page, name: Words, worst: Sequence[Alarm]) -> None:
    """What rang and what to do, once for each kind of alarm."""
    acts = sum(alarm.step == ACT for alarm in worst)
    told, advice = worst[0].words, worst[0].advice
    made.note(
        Words(
            f"{name.zh} ({len(worst)} 组, 其中须处置 {acts} 组): {told.zh}。{advice.zh}。",
            f"{name.en} ({len(worst)}, of which {acts} to act on): {told.en}. {advice.en}.",
        ),
        Tone.BAD if acts else Tone.WARNING,
    )


def _runs(alarms: Sequence[Alarm]) -> list[tuple[list[Alarm], Alarm]]:
    """Alarms of one thing together with the worst of them: the model, then sources, then most."""
    joined: dict[tuple[str, str], list[Alarm]] = {}
    for alarm in alarms:
        joined.setdefault((alarm.code, alarm.about), []).append(alarm)
    codes = list(CODES)

    def weight(item: tuple[list[Alarm], Alarm]) -> tuple[object, ...]:
        run, worst = item
        late = worst.code in _OF_DATA
        return late, codes.index(worst.code), worst.step != ACT, -len(run), -abs(worst.figure.value)

    found = [
        (run, min(run, key=lambda a: (a.step != ACT, -abs(a.figure.value))))
        for run in joined.values()
    ]
    return sorted(found, key=weight)


def _span(run: Sequence[Alarm]) -> str:
    first, last = run[0].period.label, run[-1].period.label
    return first if len(run) == 1 else f"{first} – {last} ({len(run)})"


def _about(alarm: Alarm) -> Words | str:
    if alarm.code == "early_ratio":
        return EARLY[alarm.about].words
    if alarm.code == "coverage":
        subject, _, source = alarm.about.partition(".")
        return source_words(subject, source) if source else alarm.about
    return alarm.about or Words("模型", "the model")


def _written(figure: Interval) -> str:
    return f"{figure.low:.3f} – {figure.high:.3f}"


def _score(made: Page, watched: Monitoring) -> None:
    limit = watched.settings.thresholds.score_psi
    made.section(
        Words("评分分布", "Scores"),
        Words(
            "稳定性指数已扣除抽样噪声; 区间由非中心卡方分布反推。",
            "The stability index less what sampling adds; the interval turns the non-central "
            "chi-square round.",
        ),
    )
    made.line_chart(
        Words("评分 PSI", "PSI of the score"),
        [
            *_with_bounds(watched, Words("PSI", "PSI"), lambda one: one.score_psi),
            *_levels(watched, {STEPS[WATCH]: limit.watch, STEPS[ACT]: limit.act}),
        ],
    )
    made.line_chart(
        Words("申请量", "Applications"),
        [Series(Words("申请", "Applications"), [(_x(one), one.rows) for one in watched.figures])],
        Axes(kind=Kind.COUNT),
    )


def _ranks(made: Page, watched: Monitoring) -> None:
    base = watched.reference
    made.section(
        Words("排序能力", "Ranking"),
        Words(
            "预期值只由预测概率得出, 不等标签成熟; 看不到变量与违约关系的改变。"
            "坏样本少时 KS 偏高。",
            "Expected: from the PDs alone, before outcomes are known; blind to a changed link "
            "between variables and default. KS of few bads is too high.",
        ),
    )
    hidden = [one for one in watched.figures if one.ripe and one.auc is None]
    if hidden:
        made.note(
            Words(
                f"{len(hidden)} 期的坏样本不足 {watched.settings.least_bads} 个, "
                "不计算 AUC 与 KS。",
                f"{len(hidden)} periods have fewer than {watched.settings.least_bads} bads: "
                "no AUC and no KS.",
            )
        )
    reference = Words("参照样本", "Reference")
    for title, seen, foreseen, level in (
        ("AUC", lambda one: one.auc, lambda one: one.expected.auc, base.auc),
        ("KS", lambda one: one.ks, lambda one: one.expected.ks, base.ks),
    ):
        made.line_chart(
            title,
            [
                *_with_bounds(watched, Words("实际", "Realised"), seen),
                _line(watched, Words("预期", "Expected"), _known(foreseen)),
                *(_levels(watched, {reference: level.value}) if level else ()),
            ],
            Axes(from_zero=False),
        )
    made.table(
        [
            Words("期", "Period"), Column(Words("申请", "Applications"), Kind.COUNT),
            Column(Words("已成熟", "Matured"), Kind.COUNT), Column(Words("坏", "Bads"), Kind.COUNT),
            Column("AUC", Kind.NUMBER, 3), Words("区间", "Interval"),
            Column(Words("预期 AUC", "Expected AUC"), Kind.NUMBER, 3),
            Words("预期区间", "Expected interval"),
            Column("KS", Kind.NUMBER, 3), Words("区间", "Interval"),
        ],
        [
            (
                one.period.label, one.rows, one.ripe, one.bads, _value(one.auc), _bounds(one.auc),
                _value(one.expected.auc if one.expected else None),
                _bounds(one.expected.auc if one.expected else None),
                _value(one.ks), _bounds(one.ks),
            )
            for one in watched.figures
        ],
    )  # fmt: skip


def _calibration(made: Page, watched: Monitoring) -> None:
    made.section(
        Words("校准", "Calibration"),
        Words(
            "只含整批成熟的申请; 区间假定违约相互独立, 周期使它偏窄。",
            "Matured cohorts only. The intervals take defaults for independent: a cycle makes them "
            "too narrow.",
        ),
    )
    made.line_chart(
        Words("预测与实际坏账率", "Predicted and observed bad rate"),
        [
            *_with_bounds(
                watched,
                Words("实际", "Observed"),
                lambda one: one.gap.observed if one.gap else None,
            ),
            Series(
                Words("预测", "Predicted"),
                [(_x(one), one.gap.pd_mean if one.gap else None) for one in watched.figures],
            ),
            Series(
                Words("预测 (含未成熟)", "Predicted, not yet matured"),
                [
                    (_x(one), one.expected.bad_rate.value if one.expected and not one.gap else None)
                    for one in watched.figures
                ],
            ),
        ],
        Axes(kind=Kind.PERCENT),
    )
    low, high = NORMAL_BAND
    made.line_chart(
        Words("预测 / 实际", "Predicted over observed"),
        [
            *_with_bounds(
                watched, Words("比值", "Ratio"), lambda one: one.gap.ratio if one.gap else None
            ),
            *_levels(
                watched,
                {Words("正常带下限", "Band, low"): low, Words("正常带上限", "Band, high"): high},
            ),
        ],
    )


def _early(made: Page, watched: Monitoring) -> None:
    codes = [code for code in EARLY if any(code in one.early for one in watched.figures)]
    if not codes and not watched.curves:
        return
    made.section(
        Words("早期逾期与账龄", "Early bads and vintages"),
        Words("先于 12 个月标签的信号。", "What speaks before the twelve months are over."),
    )
    for code in codes:
        bads, rows = watched.reference.early.get(code, (0, 0))
        reference = {Words("参照样本", "Reference"): bads / rows} if rows else {}

        def share(one: Figures, code: str = code) -> Interval | None:
            return one.early[code].share if code in one.early else None

        made.line_chart(
            EARLY[code].words,
            [*_with_bounds(watched, Words("比例", "Share"), share), *_levels(watched, reference)],
            Axes(kind=Kind.PERCENT),
        )
    if watched.curves:
        made.line_chart(
            Words("账龄曲线: 累计坏账率", "Vintage curves: cumulative bads"),
            [Series(curve.label, list(enumerate(curve.shares))) for curve in watched.curves],
            Axes(Words("申请后月数", "Months since the application"), kind=Kind.PERCENT),
        )


def _sources(made: Page, watched: Monitoring) -> None:
    if not watched.sources:
        return
    limit = watched.settings.thresholds.coverage
    made.section(
        Words("数据源", "Sources"),
        Words(
            f"缺失比例的变化区间越过 ±{limit.watch:.0%} 关注, ±{limit.act:.0%} 处置。",
            f"A change of the share without the source beyond ±{limit.watch:.0%} asks for a look, "
            f"beyond ±{limit.act:.0%} for a deed.",
        ),
    )
    moved = sorted(watched.sources, key=_largest, reverse=True)
    for start in range(0, len(moved), _MOST_SOURCES_A_CHART):
        made.line_chart(
            Words("没有该数据源的申请占比", "Share of applications without the source"),
            [
                Series(
                    source_words(source.subject, source.source),
                    [
                        (_x(one), _number(source.silent[number + 1]))
                        for number, one in enumerate(watched.figures)
                    ],
                )
                for source in moved[start : start + _MOST_SOURCES_A_CHART]
            ],
            Axes(kind=Kind.PERCENT),
        )
    made.table(
        [
            Words("数据源", "Source"), Column(Words("变量", "Variables"), Kind.COUNT),
            Column(Words("参照: 无此数据源", "Reference: without it"), Kind.PERCENT),
            Column(Words("最近: 无此数据源", "Latest: without it"), Kind.PERCENT),
            Words("变化区间", "Change, interval"),
            Column(Words("参照: 值缺失", "Reference: values missing"), Kind.PERCENT),
            Column(Words("最近: 值缺失", "Latest: values missing"), Kind.PERCENT),
            Column(Words("PSI 中位数", "Median PSI"), Kind.NUMBER, 3),
            Column(Words("漂移变量占比", "Variables that moved"), Kind.PERCENT),
        ],
        [_source_row(source) for source in moved],
    )  # fmt: skip


def _source_row(source: SourceDrift) -> tuple[Value, ...]:
    known = [i for i, change in enumerate(source.change) if change is not None]
    if not known:
        return (source_words(source.subject, source.source), len(source.places), *[None] * 7)
    last = known[-1]
    change = source.change[last]
    return (
        source_words(source.subject, source.source),
        len(source.places),
        _number(source.silent[0]),
        _number(source.silent[last + 1]),
        f"{change.low:+.1%} – {change.high:+.1%}" if change else "",
        _number(1 - source.shares[0][0]),
        _number(1 - source.shares[last + 1][0]),
        _number(source.median_psi[last]),
        _number(source.standing[last]),
    )


def _variables(made: Page, watched: Monitoring) -> None:
    drift, periods = watched.drift, watched.figures
    made.section(
        Words("变量", "Variables"),
        Words(
            f"{len(drift.names):,} 个变量逐期与参照样本比较。",
            f"{len(drift.names):,} variables against the reference, period by period.",
        ),
    )
    made.line_chart(
        Words("漂移变量占比", "Share of variables that moved"),
        [
            Series(
                STEPS[step],
                [
                    (_x(one), float(drift.standing[step][:, number].mean()))
                    for number, one in enumerate(periods)
                ],
            )
            for step in (WATCH, ACT)
        ],
        Axes(kind=Kind.PERCENT),
    )
    known = np.flatnonzero(~np.isnan(drift.psi).all(axis=0))
    if not len(known):
        return
    made.line_chart(
        Words("变量 PSI 的分布", "PSI of the variables"),
        [
            Series(name, [(_x(periods[i]), float(np.quantile(drift.psi[:, i], q))) for i in known])
            for name, q in (
                (Words("中位数", "Median"), 0.5),
                (Words("九成分位", "90th percentile"), 0.9),
                (Words("99% 分位", "99th percentile"), 0.99),
            )
        ],
    )
    _most_moved(made, watched, int(known[-1]))


def _most_moved(made: Page, watched: Monitoring, last: int) -> None:
    drift, periods = watched.drift, watched.figures
    order = np.argsort(-drift.psi[:, last], kind="stable")[:_MOST_VARIABLES]
    made.table(
        [
            Words("变量", "Variable"),
            Column(Words("PSI", "PSI"), Kind.NUMBER, 3),
            Column(Words("偶然所致", "By chance"), Kind.NUMBER, 3),
            Words("级别", "Step"),
            Column(Words("曾报警期数", "Periods with an alarm"), Kind.COUNT),
        ],
        [
            (
                drift.names[i],
                float(drift.psi[i, last]),
                float(drift.freedom[i, last] * drift.noise[last]),
                _step(watched, i, last),
                int(drift.standing[WATCH][i].sum()),
            )
            for i in order.tolist()
        ],
        caption=Words(
            f"{periods[last].period.label} 漂移最大的变量",
            f"Variables that moved most, {periods[last].period.label}",
        ),
    )


def _step(watched: Monitoring, variable: int, period: int) -> Words | str:
    for step in (ACT, WATCH):
        if watched.drift.standing[step][variable, period]:
            return STEPS[step]
    return ""


def _rules(made: Page, watched: Monitoring) -> None:
    thresholds = watched.settings.thresholds
    made.section(
        Words("阈值与方法", "Thresholds and methods"),
        Words(
            f"阈值版本 {thresholds.version}, 区间水平 {watched.settings.level:.0%}。",
            f"Thresholds of version {thresholds.version}; "
            f"intervals of {watched.settings.level:.0%}.",
        ),
    )
    made.table(
        [
            Words("指标", "Figure"),
            Column(Words("关注", "Watch"), Kind.NUMBER, 2),
            Column(Words("处置", "Act"), Kind.NUMBER, 2),
        ],
        [
            (words, getattr(thresholds, code).watch, getattr(thresholds, code).act)
            for code, words in CODES.items()
        ],
    )
    made.paragraph(
        Words(
            f"阈值哈希 {thresholds.hash[:16]}, 结果哈希 {watched.hash[:16]}。",
            f"Hash of the thresholds {thresholds.hash[:16]}, of the results {watched.hash[:16]}.",
        )
    )


def _with_bounds(watched: Monitoring, name: Words, measure: Measure) -> list[Series]:
    kept = [(_x(one), measure(one)) for one in watched.figures]
    return [
        Series(name, [(x, _value(i)) for x, i in kept]),
        Series(_LOW, [(x, _number(i.low) if i else None) for x, i in kept]),
        Series(_HIGH, [(x, _number(i.high) if i else None) for x, i in kept]),
    ]


def _line(watched: Monitoring, name: Words, measure: Measure) -> Series:
    return Series(name, [(_x(one), _value(measure(one))) for one in watched.figures])


def _known(measure: Measure) -> Measure:
    return lambda one: measure(one) if one.expected else None


def _levels(watched: Monitoring, levels: Mapping[Words, float]) -> list[Series]:
    ends = [_x(watched.figures[0]), _x(watched.figures[-1])]
    return [Series(name, [(x, level) for x in ends]) for name, level in levels.items()]


def _x(one: Figures) -> date:
    return one.period.day


def _value(figure: Interval | None) -> float | None:
    return _number(figure.value) if figure else None


def _bounds(figure: Interval | None) -> str:
    return _written(figure) if figure and np.isfinite(figure.low) else ""


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _largest(source: SourceDrift) -> float:
    return max((abs(change.value) for change in source.change if change), default=0.0)
