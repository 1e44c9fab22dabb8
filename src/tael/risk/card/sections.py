"""The parts of a card from what the other modules of the engine found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tael.report import Column, Kind, Value, Words
from tael.risk.calibration import GAP_COLUMNS, Gap, gap_rows
from tael.risk.card.parts import Part, Table
from tael.risk.facts import Facts
from tael.risk.fairness import GROUP_COLUMNS, Fairness, Proxies, group_rows
from tael.risk.monitoring import ACT, Monitoring, source_words
from tael.risk.registry import Lineage
from tael.risk.sample import Sample
from tael.risk.selection import Funnel

_STATES = {
    True: Words("通过", "passed"),
    False: Words("未通过", "failed"),
    None: Words("未检验", "not tested"),
}
_PROXIES = 5
_FAIRNESS = {
    "within": Words("在界限内", "within"),
    "unsure": Words("不能断定", "not settled"),
    "beyond": Words("超出界限", "beyond"),
    "too_small": Words("样本太少", "too small"),
}


@dataclass(frozen=True, slots=True)
class LeakTest:
    """One way in which the future could have got in, and whether it was found.

    Attributes:
        what: what was tested.
        figure: what was measured; None where the test gives none.
        limit: what it was held against; None where there is none.
        passed: the outcome; None where it was not tested.
    """

    what: Words
    figure: float | None = None
    limit: float | None = None
    passed: bool | None = None


def leaks_part(tests: Sequence[LeakTest]) -> Part:
    """What was tested for leaks, with the result of each."""
    columns = (
        Column(Words("检验", "Test")),
        Column(Words("数值", "Figure"), Kind.NUMBER, 4),
        Column(Words("界限", "Limit"), Kind.NUMBER, 4),
        Column(Words("结果", "Result")),
    )
    rows = tuple((one.what, one.figure, one.limit, _STATES[one.passed]) for one in tests)
    return Part(tables=(Table(columns, rows),) if rows else ())


def data_part(sample: Sample, note: Words | None = None) -> Part:
    """Span, rows, borrowers and bads of the rows a model was trained on, by year."""
    if not sample.rows:
        return Part((note,) if note else ())
    first, last = (str(day) for day in _days(sample))
    known = sample.labelled
    borrowers = len(set(sample.borrower.tolist()))
    told = Words(
        f"{first} 至 {last}, {sample.rows:,} 笔申请, {borrowers:,} 个借款人, "
        f"{int(known.sum()):,} 笔结果已知, 其中坏 {int(sample.bad[known].sum()):,}; "
        f"{len(sample.names):,} 个变量。",
        f"{first} to {last}: {sample.rows:,} applications of {borrowers:,} borrowers, "
        f"{int(known.sum()):,} with a known outcome, {int(sample.bad[known].sum()):,} of them bad; "
        f"{len(sample.names):,} variables.",
    )
    year = sample.asof.astype("datetime64[Y]").astype(np.int64) + 1970
    rows = []
    for one in np.unique(year).tolist():
        here = year == one
        seen = here & known
        bads = int(sample.bad[seen].sum())
        share = bads / int(seen.sum()) if seen.any() else None
        rows.append((str(one), int(here.sum()), int(seen.sum()), bads, share))
    columns = (
        Column(Words("年份", "Year")),
        Column(Words("申请", "Applications"), Kind.COUNT),
        Column(Words("结果已知", "Outcome known"), Kind.COUNT),
        Column(Words("坏", "Bads"), Kind.COUNT),
        Column(Words("坏账率", "Bad rate"), Kind.PERCENT, 2),
    )
    return Part((told, note) if note else (told,), (Table(columns, tuple(rows)),))


def variables_part(facts: Sequence[Facts], weight: Mapping[str, float] | None = None) -> Part:
    """The variables with where they come from, by source and one by one.

    Args:
        facts: of the model's variables, from the catalogue where there is one.
        weight: share of the model's information by name; the heaviest come first.
    """
    if not facts:
        return Part()
    shares = weight or {}
    held: dict[tuple[str, str], list[float]] = {}
    for fact in facts:
        held.setdefault((fact.subject, fact.source), []).append(shares.get(fact.name, 0.0))
    ordered = sorted(facts, key=lambda fact: (-shares.get(fact.name, 0.0), fact.name))
    share = (Column(Words("贡献占比", "Share of weight"), Kind.PERCENT, 2),) if weight else ()
    source = Column(Words("数据源", "Source"))
    return Part(
        tables=(
            Table(
                (source, Column(Words("变量", "Variables"), Kind.COUNT), *share),
                tuple(
                    (source_words(*key), len(parts), *((sum(parts),) if weight else ()))
                    for key, parts in sorted(held.items())
                ),
                Words("按数据源", "By source"),
            ),
            Table(
                (
                    Column(Words("变量", "Variable")), Column(Words("含义", "Meaning")), source,
                    Column(Words("概念", "Concept")), Column(Words("方向", "Sign")), *share,
                ),
                tuple(
                    (*_variable(fact), *((shares.get(fact.name, 0.0),) if weight else ()))
                    for fact in ordered
                ),
                Words("变量清单", "Variables"),
            ),
        )
    )  # fmt: skip


def _variable(fact: Facts) -> tuple[Value, ...]:
    meaning = Words(fact.zh or fact.name, fact.en or fact.name)
    where = source_words(fact.subject, fact.source) if fact.source else None
    return (fact.name, meaning, where, fact.concept, fact.sign or None)


def selection_part(funnel: Funnel) -> Part:
    """What each step of the funnel dropped, and what was relaxed."""
    told = Words(
        f"{funnel.period.rows:,} 行 ({funnel.period.first[:10]} 至 {funnel.period.last[:10]}), "
        f"{len(funnel.fates):,} 个变量中保留 {len(funnel):,} 个。",
        f"{len(funnel):,} of {len(funnel.fates):,} variables kept, on {funnel.period.rows:,} rows "
        f"from {funnel.period.first[:10]} to {funnel.period.last[:10]}.",
    )
    columns = (
        Column(Words("步骤", "Step")),
        Column(Words("进入", "Entered"), Kind.COUNT),
        Column(Words("剔除", "Dropped"), Kind.COUNT),
    )
    rows = tuple((step.words, step.entered, step.dropped) for step in funnel.steps)
    return Part((told,), (Table(columns, rows),))


def calibration_part(gaps: Sequence[Gap], note: Words | None = None) -> Part:
    """Predicted and observed by group, as ``gaps_by`` finds them."""
    rows = tuple(gap_rows(gaps))
    tables = (Table(GAP_COLUMNS, rows),) if rows else ()  # type: ignore[arg-type]
    return Part((note,) if note else (), tables)


def fairness_part(found: Sequence[Fairness], stand_ins: Sequence[Proxies] = ()) -> Part:
    """The verdict on each attribute, every test beyond its bound or not settled, and the groups.

    ``stand_ins`` add a sentence and the strongest variables of each attribute.
    """
    columns = (
        Column(Words("属性", "Attribute")),
        Column(Words("检验", "Test")),
        Column(Words("数值", "Figure"), Kind.NUMBER, 3),
        Column(Words("界限", "Bound"), Kind.NUMBER, 3),
        Column(Words("结果", "Result")),
    )
    rows = tuple(
        (
            one.attribute, test.words, test.figure.value if test.figure else None, test.threshold,
            _FAIRNESS[test.state],
        )
        for one in found
        for test in one.findings
        if test.state in {"beyond", "unsure"}
    )  # fmt: skip
    tables = [Table(columns, rows)] if rows else []
    tables += [Table(GROUP_COLUMNS, tuple(group_rows(one)), one.attribute) for one in found]
    tables += [_proxies(one) for one in stand_ins]
    told = (*(one.summary() for one in found), *(one.summary() for one in stand_ins))
    return Part(told, tuple(tables))


def _proxies(found: Proxies) -> Table:
    columns = (
        Column(Words("变量", "Variable")),
        Column(Words("组", "Group")),
        Column("AUC", Kind.NUMBER, 3),
        Column(Words("同等风险内 AUC", "AUC at equal risk"), Kind.NUMBER, 3),
    )
    rows = tuple(
        (one.name, one.group, one.auc.value, one.auc_given_risk) for one in found.top[:_PROXIES]
    )
    told = Words(
        f"最能区分 {found.attribute} 的变量", f"Variables that tell {found.attribute} apart most"
    )
    return Table(columns, rows, told)


def monitoring_part(watched: Monitoring) -> Part:
    """What rang, by kind, and the version of the thresholds."""
    acts = sum(alarm.step == ACT for alarm in watched.alarms)
    first, last = watched.figures[0].period.label, watched.figures[-1].period.label
    told = Words(
        f"{first} 至 {last}, 截至 {watched.settings.as_of}: {len(watched.alarms)} 条警报, "
        f"其中须处置 {acts} 条; 阈值版本 {watched.settings.thresholds.version}。",
        f"{first} to {last}, as of {watched.settings.as_of}: {len(watched.alarms)} alarms, {acts} "
        f"of them to act on; thresholds of version {watched.settings.thresholds.version}.",
    )
    return Part((told,))


def hashes_part(model: str, lineage: Lineage, others: Mapping[str, str] | None = None) -> Part:
    """The hashes of what the model was made of, and of ``others`` by name."""
    named = {
        Words("模型", "Model"): model,
        Words("变量计划", "Plan of variables"): lineage.plan,
        Words("数据", "Data"): lineage.data,
        Words("代码", "Code"): lineage.code,
        Words("配置", "Configuration"): lineage.config,
    }
    rows: list[tuple[Words | str, str]] = list(named.items())
    rows += [(Words("上级模型", "Parent"), parent) for parent in lineage.parents]
    rows += list((others or {}).items())
    columns = (Column(Words("对象", "What")), Column("SHA-256"))
    return Part(tables=(Table(columns, tuple(rows)),))


def limits_part(limits: Sequence[Words]) -> Part:
    """What the model must not be trusted with, a sentence each."""
    return Part(tuple(limits))


def _days(sample: Sample) -> tuple[np.datetime64, np.datetime64]:
    days = sample.asof.astype("datetime64[D]")
    return days.min(), days.max()
