"""The report of a model: funnel, ranks, calibration, tiers and drivers on one page, with plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words
from tael.risk.calibration import GAP_COLUMNS, NORMAL_BAND, gap_lines, gap_rows
from tael.risk.card import Performance
from tael.risk.facts import Facts, concepts, facts_of
from tael.risk.pipeline.config import TrainingConfig
from tael.risk.pipeline.evaluation import ALL, Evaluation
from tael.risk.pipeline.rated import RatedModel
from tael.risk.rating import RISE_COLUMNS, TIER_COLUMNS
from tael.risk.sample import Sample
from tael.risk.selection import STEPS, Funnel
from tael.risk.stress import STRESS_COLUMNS, STRESS_PLAN

_DRIVERS = 25
_DRIVER_ROWS = 1000
_RANK_COLUMNS = (
    Column(Words("笔数", "Rows"), Kind.COUNT),
    Column(Words("坏", "Bads"), Kind.COUNT),
    Column("AUC", Kind.NUMBER, 3),
    Column(Words("下限", "Low"), Kind.NUMBER, 3),
    Column(Words("上限", "High"), Kind.NUMBER, 3),
    Column("KS", Kind.NUMBER, 3),
    Column("Brier", Kind.NUMBER, 4),
)


@dataclass(frozen=True, eq=False)
class Reported:
    """What the page shows.

    Attributes:
        config, rated, funnel, evaluation: of one model.
        training: the record of its training.
        rows: some rows, for what drives the score.
        facts: of the variables, by name.
        made_at: instant of making (aware), from the caller's clock.
    """

    config: TrainingConfig
    rated: RatedModel
    funnel: Funnel
    evaluation: Evaluation
    training: Mapping[str, Any]
    rows: Sample
    facts: Mapping[str, Facts]
    made_at: datetime


def page_of(reported: Reported) -> Page:
    """The report; ``write(path, locale)`` makes it a file in 'zh' or 'en'."""
    config = reported.config
    page = Page(
        Words(
            f"风险模型 {config.name} {config.version}", f"Risk model {config.name} {config.version}"
        ),
        source=_source(reported),
        made_at=reported.made_at,
    )
    _head(page, reported)
    _funnel(page, reported.funnel)
    _ranks(page, reported.evaluation)
    _calibration(page, reported.evaluation)
    _tiers(page, reported.evaluation)
    _drivers(page, reported)
    _hashes(page, reported)
    return page


def _source(reported: Reported) -> Words:
    periods, record = reported.config.periods, reported.training
    return Words(
        f"训练 {record['rows']} 行 ({record['bads']} 坏), {periods.train.first} 至 "
        f"{periods.train.until}; 建于 {periods.built_on}; 测试 {periods.test.first} 至 "
        f"{periods.test.until}",
        f"Trained on {record['rows']} rows ({record['bads']} bad) of {periods.train.first} to "
        f"{periods.train.until}; built on {periods.built_on}; tested on {periods.test.first} to "
        f"{periods.test.until}",
    )


def _head(page: Page, reported: Reported) -> None:
    found = reported.evaluation
    whole, line = found.overall, found.line
    slope = line.slope if line else None
    sound = not found.off_band
    page.figures(
        [
            Figure(
                Words("测试 AUC", "AUC out of time"),
                whole.auc.value if whole.auc else None,
                _between(whole),
                tone=Tone.BAD if found.leak else Tone.PLAIN,
                digits=3,
            ),
            Figure(Words("KS", "KS"), whole.ks.value if whole.ks else None, digits=3),
            Figure(
                Words("校准斜率", "Calibration slope"),
                slope.value if slope else None,
                f"{slope.low:.2f}-{slope.high:.2f}" if slope else "",
                digits=2,
            ),
            Figure(
                Words("带外的正常年份", "Normal years off the band"),
                len(found.off_band),
                Words("预测/实际 0.8 至 1.25", "predicted / observed 0.8 to 1.25"),
                Kind.COUNT,
                Tone.GOOD if sound else Tone.WARNING,
            ),
            Figure(
                Words("变量", "Variables"),
                len(reported.rated.names),
                Words(f"候选 {len(reported.funnel.fates)}", f"of {len(reported.funnel.fates)}"),
                Kind.COUNT,
            ),
        ]
    )
    if found.leak is not None:
        auc, level = (found.leak.detail[name] for name in ("auc", "level"))
        page.note(
            Words(
                f"泄漏警报: AUC {auc} 高于 {level}, 诚实的数据做不到",
                f"Leak alarm: AUC {auc} above {level}, which honest data does not give",
            ),
            Tone.BAD,
        )


def _between(one: Performance) -> str:
    return f"{one.auc.low:.3f}-{one.auc.high:.3f}" if one.auc else ""


def _funnel(page: Page, funnel: Funnel) -> None:
    page.section(
        Words("变量筛选", "Selection of variables"),
        Words(
            f"从 {len(funnel.fates)} 个到 {len(funnel.kept)} 个; 每个变量的去留都有记录",
            f"From {len(funnel.fates)} to {len(funnel.kept)}; why each was kept or dropped is kept",
        ),
    )
    page.bar_chart(
        Words("各步之后剩余", "Left after each step"),
        [str(number) for number in range(1, len(funnel.steps) + 1)],
        [Bars(Words("变量", "Variables"), [s.entered - s.dropped for s in funnel.steps])],
        Axes(x=Words("步骤", "Step"), kind=Kind.COUNT),
    )
    page.table(
        [
            Column(Words("步骤", "Step")),
            Column(Words("内容", "What is asked")),
            Column(Words("进入", "Entered"), Kind.COUNT),
            Column(Words("剔除", "Dropped"), Kind.COUNT),
        ],
        [
            (str(number), STEPS[step.code], step.entered, step.dropped)
            for number, step in enumerate(funnel.steps, 1)
        ],
    )
    page.table(
        [
            Column(Words("来源", "Source")),
            Column(Words("候选", "Offered"), Kind.COUNT),
            Column(Words("入选", "Kept"), Kind.COUNT),
        ],
        [(name or "-", *counts) for name, counts in funnel.counts("source").items()],
    )
    for relaxed in funnel.relaxations:
        page.note(relaxed.words)


def _ranks(page: Page, found: Evaluation) -> None:
    page.section(Words("排序能力", "How well it ranks"))
    years = [one for one in found.by_year if one.key != ALL]
    page.line_chart(
        Words("各年 AUC 及区间", "AUC by year with its interval"),
        [
            Series("AUC", [(int(o.key), o.auc.value if o.auc else None) for o in years]),
            Series(
                Words("下限", "Low"), [(int(o.key), o.auc.low if o.auc else None) for o in years]
            ),
            Series(
                Words("上限", "High"), [(int(o.key), o.auc.high if o.auc else None) for o in years]
            ),
        ],
        Axes(x=Words("年份", "Year"), from_zero=False),
    )
    page.table([Column(Words("年份", "Year")), *_RANK_COLUMNS], _rank_rows(found.by_year))
    for name, segment in found.segments.items():
        page.table([Column(name), *_RANK_COLUMNS], _rank_rows(segment))


def _rank_rows(found: Sequence[Performance]) -> list[tuple[Any, ...]]:
    return [
        (
            one.key, one.rows, one.bads,
            one.auc.value if one.auc else None,
            one.auc.low if one.auc else None,
            one.auc.high if one.auc else None,
            one.ks.value if one.ks else None,
            one.brier.value,
        )
        for one in found
    ]  # fmt: skip


def _calibration(page: Page, found: Evaluation) -> None:
    low, high = NORMAL_BAND
    page.section(
        Words("校准", "Calibration"),
        Words(
            f"正常年份预测/实际应在 {low} 至 {high} 之间; 危机年份按事先固定的压力带 "
            f"(版本 {STRESS_PLAN.version})",
            f"In normal years predicted over observed lies in {low} to {high}; crisis years are "
            f"judged by the stress band fixed beforehand (version {STRESS_PLAN.version})",
        ),
    )
    page.line_chart(
        Words("按分数十分位: 实际对预测", "By tenth of the score: observed over predicted"),
        gap_lines(found.curve),
        Axes(Words("预测", "Predicted"), Words("实际", "Observed"), Kind.PERCENT),
    )
    page.table(GAP_COLUMNS, _cells(gap_rows(found.gaps)))
    if found.stressed:
        page.table(
            STRESS_COLUMNS,
            _cells([one.row() for one in found.stressed]),
            caption=Words("危机年份", "Crisis years"),
        )


def _tiers(page: Page, found: Evaluation) -> None:
    page.section(
        Words("风险等级", "Tiers"),
        Words("R1 最好; 等级在决策时冻结", "R1 is the best; a tier is frozen at the decision"),
    )
    rows = found.tiers.of(ALL)
    page.bar_chart(
        Words("各等级预测与实际违约率", "Predicted and observed default rate by tier"),
        [f"R{row.tier}" for row in rows],
        [
            Bars(Words("平均PD", "Mean PD"), [row.pd_mean for row in rows]),
            Bars(Words("违约率", "Default rate"), [row.observed.value for row in rows]),
        ],
        Axes(kind=Kind.PERCENT),
    )
    page.table(RISE_COLUMNS, _cells(found.tiers.printed_rises()))
    page.table(TIER_COLUMNS, _cells(found.tiers.printed()))
    page.line_chart(
        Words("等级分布相对首年的PSI", "PSI of the tiers against the first year"),
        [Series("PSI", [(int(year), value) for year, value in found.shift.items()])],
        Axes(x=Words("年份", "Year")),
    )


def _cells(rows: Sequence[Sequence[object]]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in rows]


def _drivers(page: Page, reported: Reported) -> None:
    page.section(
        Words("驱动因素", "What drives the score"),
        Words("平均绝对贡献, 按概念汇总", "Mean absolute contribution to the log odds, by concept"),
    )
    sample = reported.rows.take(np.arange(min(reported.rows.rows, _DRIVER_ROWS)))
    told = np.abs(reported.rated.model.contributions(sample)[:, :-1]).mean(axis=0)
    names = reported.rated.names
    known = concepts()
    weight: Counter[str] = Counter()
    for name, value in zip(names, told.tolist(), strict=True):
        weight[(reported.facts.get(name) or facts_of(name)).concept] += value
    top = weight.most_common(_DRIVERS)
    page.bar_chart(
        Words("概念", "Concepts"),
        [known[code].noun if code in known else code for code, _ in top],
        [Bars(Words("平均绝对贡献", "Mean absolute contribution"), [value for _, value in top])],
    )
    order = np.argsort(-told, kind="stable")[:_DRIVERS]
    page.table(
        [
            Column(Words("变量", "Variable")),
            Column(Words("含义", "Meaning")),
            Column(Words("平均绝对贡献", "Mean absolute contribution"), Kind.NUMBER, 4),
        ],
        [
            (names[i], _meaning(reported.facts.get(names[i])), float(told[i]))
            for i in order.tolist()
        ],
    )


def _meaning(fact: Facts | None) -> Words | str:
    return Words(fact.zh, fact.en) if fact and fact.zh else ""


def _hashes(page: Page, reported: Reported) -> None:
    page.section(Words("谱系", "Lineage"))
    record = reported.training
    rows = [
        (Words("模型", "Model"), reported.rated.hash),
        (Words("配置", "Configuration"), reported.config.hash),
        (Words("变量计划", "Plan of variables"), reported.rated.plan),
        (Words("数据", "Data"), record["data"]),
        (Words("筛选", "Selection"), reported.funnel.hash),
        (Words("代码", "Code"), record["code"]),
    ]
    page.table([Column(Words("对象", "What")), Column("SHA-256")], rows)
