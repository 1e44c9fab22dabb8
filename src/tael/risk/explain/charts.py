"""Importance, curves and reasons as blocks of a page, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.report import Axes, Bars, Column, Kind, Page, Series, Words
from tael.risk.columns import Floats
from tael.risk.explain.causes import Explanation
from tael.risk.explain.curves import Curve
from tael.risk.explain.importance import Drop
from tael.risk.explain.whatif import Path
from tael.risk.facts import Facts, concepts

_MOST_BARS = 14
_MOST_ROWS_DRAWN = 12

SOURCES: Mapping[str, Words] = {
    "bank_tx": Words("银行流水", "Bank transactions"),
    "book_entry": Words("商户记账", "Merchant books"),
    "bureau_enquiry": Words("征信查询", "Bureau enquiries"),
    "bureau_tradeline": Words("征信账户", "Bureau tradelines"),
    "court_record": Words("司法记录", "Court records"),
    "cross": Words("跨来源", "Across sources"),
    "device_event": Words("设备行为", "Device events"),
    "pos_day": Words("收单", "Till takings"),
    "region_month": Words("区域市场", "Regional market"),
    "registry_change": Words("工商变更", "Registry changes"),
    "tax_return": Words("纳税申报", "Tax returns"),
    "utility_bill": Words("公用事业账单", "Utility bills"),
    "vat_invoice": Words("增值税发票", "VAT invoices"),
    "enterprise": Words("企业", "Firm"),
    "person": Words("企业主", "Owner"),
    "pair": Words("企业与企业主", "Firm and owner"),
}

_LOG_ODDS = Words("对数几率", "Log odds")


def name_of(group: str) -> Words | str:
    """A concept, source or subject in words; any other name as it is."""
    if group in concepts():
        noun = concepts()[group].noun
        return Words(noun.zh, noun.en[:1].upper() + noun.en[1:])
    return SOURCES.get(group, group)


def add_importance(page: Page, title: Words, shares: Sequence[tuple[str, float]]) -> Page:
    """A bar chart of the largest groups, and a table of all with their share of the sum."""
    total = sum(value for _, value in shares) or 1.0
    largest = shares[:_MOST_BARS]
    page.bar_chart(
        title,
        [name_of(group) for group, _ in largest],
        [Bars(Words("占比", "Share"), [value / total for _, value in largest])],
        Axes(kind=Kind.PERCENT),
    )
    return page.table(
        [
            Column(Words("事项", "Matter")),
            Column(Words("平均贡献", "Mean contribution"), Kind.NUMBER, 4),
            Column(Words("占比", "Share"), Kind.PERCENT),
        ],
        [(name_of(group), value, value / total) for group, value in shares],
        caption=title,
    )


def add_drops(page: Page, title: Words, drops: Sequence[Drop]) -> Page:
    """What shuffling each group costs in AUC, with the least and the largest fall seen."""
    return page.table(
        [
            Column(Words("事项", "Matter")),
            Column(Words("AUC 平均下降", "Mean fall of AUC"), Kind.NUMBER, 4),
            Column(Words("最小", "Least"), Kind.NUMBER, 4),
            Column(Words("最大", "Largest"), Kind.NUMBER, 4),
        ],
        [(name_of(each.group), each.mean, each.low, each.high) for each in drops],
        caption=title,
    )


def add_curve(page: Page, facts: Facts, curves: Mapping[str, Curve]) -> Page:
    """Curves over one variable, by their name: 'dependence' and 'effects' have words of ours."""
    known = {
        "dependence": Words("部分依赖", "Partial dependence"),
        "effects": Words("累积局部效应", "Accumulated local effects"),
    }
    series = [
        Series(known.get(name, name), list(zip(c.grid.tolist(), c.effect.tolist(), strict=True)))
        for name, c in curves.items()
    ]
    title = Words(facts.zh or facts.name, facts.en or facts.name)
    return page.line_chart(title, series, Axes(x=facts.unit, y=_LOG_ODDS, from_zero=False))


def add_individual_curves(page: Page, facts: Facts, grid: Floats, rows: Floats) -> Page:
    """The first rows' own curves, float64 [rows, points], each a line."""
    series = [
        Series(str(number), list(zip(grid.tolist(), line.tolist(), strict=True)))
        for number, line in enumerate(rows[:_MOST_ROWS_DRAWN], 1)
    ]
    title = Words(f"{facts.zh or facts.name}: 个体曲线", f"{facts.en or facts.name}: single rows")
    return page.line_chart(title, series, Axes(x=facts.unit, y=_LOG_ODDS, from_zero=False))


def add_explanation(page: Page, explanation: Explanation) -> Page:
    """The reasons of one row for an officer: sentence, fact, weight, against and in favour."""
    rows = [
        (side, each.words, each.fact or "", each.weight)
        for side, reasons in (
            (Words("不利", "Against"), explanation.against),
            (Words("有利", "In favour"), explanation.favour),
        )
        for each in reasons
    ]
    return page.table(
        [
            Column(Words("方向", "Way")),
            Column(Words("原因", "Reason")),
            Column(Words("事实", "Fact")),
            Column(_LOG_ODDS, Kind.NUMBER, 3),
        ],
        rows,
        caption=Words("主要原因", "Main reasons"),
    )


def add_path(page: Page, path: Path) -> Page:
    """What would change the answer: a line for each variable that moves."""
    rows = [
        (step.words, name, start, end)
        for step in path.steps
        for name, (start, end) in sorted(step.changes.items())
    ]
    return page.table(
        [
            Column(Words("改变", "Change")),
            Column(Words("变量", "Variable")),
            Column(Words("现值", "Now"), Kind.NUMBER),
            Column(Words("改为", "To"), Kind.NUMBER),
        ],
        rows,
        caption=Words("怎样会改变结果", "What would change the answer"),
    )
