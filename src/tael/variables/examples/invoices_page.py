"""The page of the invoice firms: what was read, how it ranks default, how little that proves."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words
from tael.variables.definitions.model import Variable
from tael.variables.examples.blocks import add_making, add_rows, add_variables
from tael.variables.examples.computed import Computed, Ready, Steps
from tael.variables.examples.days import day_of
from tael.variables.examples.invoices import STATUSES, ZONE, Invoices
from tael.variables.examples.invoices_default import add_against_default
from tael.variables.examples.invoices_figures import (
    QUANTILES,
    InvoiceFigures,
    by_rating,
    quantiles,
)

_SOURCE = Words(
    "2020 年全国大学生数学建模竞赛 C 题附件 1、2：425 家企业的增值税发票，名称已脱敏",
    "CUMCM 2020, problem C, attachments 1 and 2: VAT invoices of 425 masked Chinese firms",
)
_STATUS = {
    "valid": Words("有效", "valid"),
    "reversed": Words("有效但后被全额红冲", "valid, later reversed in full"),
    "void": Words("作废", "void"),
    "red": Words("红字，原票已找到", "red, original found"),
    "open_red": Words("红字，原票未找到", "red, original not found"),
}
_UNRATED = Words("未评级", "not rated")
_SPREAD = ("10%", "25%", "50%", "75%", "90%")
_MIDDLE = 2
# Variables shown by rating, and what their values are.
_BY_RATING = (
    ("ent.sme_invoice.365d.void_rate_out.ratio", Kind.PERCENT),
    ("ent.sme_invoice.365d.red_rate_out.ratio", Kind.PERCENT),
    ("ent.sme_invoice.365d.reversed_rate_out.ratio", Kind.PERCENT),
    ("ent.sme_invoice.out.valid.365d.counterparty.top1_share", Kind.PERCENT),
    ("ent.sme_invoice.out.valid.365d.counterparty.hhi", Kind.NUMBER),
    ("ent.sme_invoice.in.valid.365d.counterparty.top5_share", Kind.PERCENT),
    ("ent.sme_invoice.out.net.365d.amount.sum", Kind.NUMBER),
    ("ent.sme_invoice.out.net.24m.amount.cv", Kind.NUMBER),
    ("ent.sme_invoice.out.valid.24m.amount.zero_months", Kind.NUMBER),
    ("ent.sme_invoice.365d.tax_burden.ratio", Kind.PERCENT),
    ("ent.sme_invoice.365d.festival_share_out.ratio", Kind.PERCENT),
    ("ent.sme_invoice.365d.quarter_end_share_out.ratio", Kind.PERCENT),
)


def invoices_page(
    invoices: Invoices,
    ready: Ready,
    computed: Computed,
    found: tuple[InvoiceFigures, Steps],
    made_at: datetime | None = None,
) -> Page:
    """The report of one run."""
    figures, steps = found
    count = len(invoices.firms)
    title = Words(f"{count} 家企业的发票变量", f"Invoice variables of {count} firms")
    page = Page(title, source=_SOURCE, made_at=made_at)
    _headline(page, invoices, computed, (figures, steps))
    _quality(page, invoices, ready, figures)
    _over_time(page, figures)
    page.section(
        Words("变量", "Variables"),
        Words(
            "由一份 YAML 定义展开；缺失分三种，从不以零代替。",
            "Expanded from one YAML definition. A missing value says which of three kinds it is "
            "and is never a zero.",
        ),
    )
    add_variables(page, computed)
    add_against_default(page, computed, figures)
    _quiet(page, figures)
    _ratings(page, invoices, computed)
    _assumptions(page)
    add_making(page, computed, steps, ready.packing.packed.time.size)
    return page


def text_of(variable: Variable) -> Words:
    """What a variable is called."""
    return Words(variable.text.zh, variable.text.en)


def _headline(
    page: Page, invoices: Invoices, computed: Computed, found: tuple[InvoiceFigures, Steps]
) -> None:
    figures, steps = found
    screening, day = figures.screening, day_of(invoices.asof, ZONE)
    page.note(
        Words(
            f"只有 {screening.firms} 家企业有标签，其中 {screening.bads} 家违约；违约没有日期，"
            "评级 D 即按违约划定。以下各项说明发票与违约同现，并不证明能预测违约。",
            f"Only {screening.firms} firms have a label, {screening.bads} of them defaulted; no "
            "default has a date, and rating D is given for default. What follows says which "
            "invoices go with default. It does not prove that they foretell it.",
        ),
        Tone.WARNING,
    )
    page.figures(
        [
            Figure(Words("文件行数", "Rows of the files"), invoices.reading.rows, kind=Kind.COUNT),
            Figure(
                Words("企业", "Firms"),
                len(invoices.firms),
                Words(f"{screening.firms} 家有标签", f"{screening.firms} with a label"),
                Kind.COUNT,
            ),
            Figure(
                Words("变量", "Variables"),
                len(computed.variables),
                Words(f"{computed.values.size:,} 个值", f"{computed.values.size:,} values"),
                Kind.COUNT,
            ),
            Figure(
                Words("时点", "As of"),
                day.isoformat(),
                Words("最后一张发票的次日", "the day after the last invoice"),
                Kind.TEXT,
            ),
            Figure(
                Words("从文件到变量（秒）", "From files to variables, s"),
                sum(steps.seconds.values()),
                digits=1,
            ),
        ]
    )


def _quality(page: Page, invoices: Invoices, ready: Ready, figures: InvoiceFigures) -> None:
    reading = invoices.reading
    page.section(
        Words("数据质量", "Data quality"),
        Words(
            "没有一行被悄悄丢弃：每一行都有去向，各去向之和等于总行数。",
            "No row is dropped in silence: each has one fate, and the fates add up.",
        ),
    )
    add_rows(page, ready)
    page.paragraph(
        Words(
            f"文件共 {reading.rows:,} 行；红冲使 {reading.made:,} 张原票各多一个版本。"
            f"{reading.odd_totals} 行的金额加税额与价税合计相差超过 2 分，保留。",
            f"The files have {reading.rows:,} rows; reversals give {reading.made:,} originals a "
            f"second version. In {reading.odd_totals} rows amount and tax miss the total by more "
            "than 2 fen; they stay.",
        )
    )
    worst = Counter(ready.packing.quarantine["subject_id"].to_pylist()).most_common(3)
    if worst:
        told = ", ".join(f"{name} ({count:,})" for name, count in worst)
        page.note(
            Words(
                f"被隔离的行几乎都是同一张发票以两个对手代码出现两次，无从判断哪个为真：{told}。"
                "这些企业的金额因此偏低。",
                "Nearly all rows set aside are one invoice listed twice under two codes of its "
                f"counterparty; nothing says which is true: {told}. Amounts of these firms are "
                "too low by that.",
            ),
            Tone.WARNING,
        )
    _reversals(page, invoices, figures)


def _reversals(page: Page, invoices: Invoices, figures: InvoiceFigures) -> None:
    reading = invoices.reading
    share = reading.matched / reading.reds if reading.reds else 0.0
    page.table(
        [
            Words("状态", "Status"),
            Column(Words("销项张数", "Issued"), Kind.COUNT),
            Column(Words("销项金额（元）", "Amount, CNY"), Kind.NUMBER, 2),
            Column(Words("进项张数", "Received"), Kind.COUNT),
            Column(Words("进项金额（元）", "Amount, CNY"), Kind.NUMBER, 2),
        ],
        [
            (_STATUS[status], *figures.by_status["out", status], *figures.by_status["in", status])
            for status in STATUSES
        ],
        caption=Words("作废与红冲", "Voids and reversals"),
    )
    page.paragraph(
        Words(
            f"隔离之前，{reading.reds:,} 张红字发票中 {reading.matched:,} 张（{share:.0%}）"
            "找到了原票：同企业、同方向、同对手，金额与税额相反，且不晚于红字。原票自红字可知之日起改为“已被红冲”，"
            "此前仍算有效；其余红字按折让或部分退回计入净额。",
            f"Of {reading.reds:,} red invoices {reading.matched:,} ({share:.0%}) have their "
            "original in the files: same firm, direction and counterparty, amount and tax "
            "opposite, issued no later. The original counts as valid until the red one is known "
            "and as reversed from then on; the other red ones count as discounts or partial "
            "returns in net amounts.",
        )
    )


def _over_time(page: Page, figures: InvoiceFigures) -> None:
    page.section(Words("时间与季节", "Time and season"))
    words = {"out": Words("销项", "issued"), "in": Words("进项", "received")}
    page.line_chart(
        Words("每月有效发票金额", "Valid invoices by month"),
        [
            Series(words[direction], list(zip(figures.months, totals, strict=True)))
            for direction, totals in figures.monthly.items()
        ],
        Axes(y="CNY", kind=Kind.NUMBER),
    )
    page.line_chart(
        Words("春节前后每周销项（当年均值 = 1）", "Weekly sales around Spring Festival (mean = 1)"),
        [
            Series(str(year), list(zip(range(-8, 8), weeks, strict=True)))
            for year, weeks in figures.festival.items()
        ],
        Axes(x=Words("距正月初一的周数", "Weeks from New Year's Day"), kind=Kind.NUMBER),
    )


def _quiet(page: Page, figures: InvoiceFigures) -> None:
    page.section(
        Words("因果可能相反", "Cause and effect may stand the other way round"),
        Words(
            "已违约的企业可能因违约而停止开票：此时变量看到的是结果。",
            "A firm may have stopped invoicing because it defaulted; a variable then sees the "
            "outcome.",
        ),
    )
    rows = [
        (name or _UNRATED, firms, silent, silent / firms if firms else None)
        for name, (firms, silent) in figures.quiet.items()
    ]
    page.table(
        [
            Words("评级", "Rating"),
            Column(Words("企业", "Firms"), Kind.COUNT),
            Column(Words("近 180 天未开票", "None issued in 180 days"), Kind.COUNT),
            Column(Words("占比", "Share"), Kind.PERCENT),
        ],
        rows,
    )


def _ratings(page: Page, invoices: Invoices, computed: Computed) -> None:
    masks = by_rating(invoices)
    page.section(
        Words("按评级的分布", "Distribution by rating"),
        Words(
            "作废、红冲、集中度、规模与季节；每组给出四分位数。",
            "Voids, reversals, concentration, size and season: quartiles in the charts, more in "
            "the table.",
        ),
    )
    names = {variable.name: variable for variable in computed.variables}
    medians = []
    for name, kind in _BY_RATING:
        values, text = computed.column(name), text_of(names[name])
        spread = [quantiles(values[mask])[1] for mask in masks.values()]
        page.bar_chart(
            text,
            [rating or _UNRATED for rating in masks],
            [
                Bars(_SPREAD[place], [cuts[place] for cuts in spread])
                for place in range(1, len(QUANTILES) - 1)
            ],
            Axes(kind=kind),
        )
        medians.append((*(_median(cuts[_MIDDLE], kind) for cuts in spread), text))
    firms = [(rating or _UNRATED, int(mask.sum())) for rating, mask in masks.items()]
    page.table(
        [*(_group(name, count) for name, count in firms), Words("变量", "Variable")],
        medians,
        caption=Words("中位数（括号内为企业数）", "Medians (firms in brackets)"),
    )


def _median(value: float | None, kind: Kind) -> str | None:
    if value is None:
        return None
    return f"{value:.1%}" if kind is Kind.PERCENT else f"{value:,.2f}"


def _group(name: Words | str, count: int) -> Words:
    zh, en = (name, name) if isinstance(name, str) else (name.zh, name.en)
    return Words(f"{zh}（{count}）", f"{en} ({count})")


def _assumptions(page: Page) -> None:
    page.section(Words("假设", "Assumptions"))
    for text in (
        Words(
            "文件只有日期：开票视为当日零点（北京时间），次日零点可知。",
            "The files tell days only: an invoice is issued at the first second of its day in "
            "China and known from the first second of the next.",
        ),
        Words(
            "全部企业取同一时点：违约无日期，没有哪一天可证明早于违约；同一时点至少可比，且用尽全部发票。",
            "All firms are taken as of one instant: defaults have no dates, so no day can be "
            "shown to lie before them; one instant makes firms comparable and uses every invoice.",
        ),
        Words(
            "文件只给出最终状态：作废视为自开票可知起即为作废（税法只许当月作废）。",
            "The files tell final states: a void counts as void from the first (an invoice may "
            "be voided within its month only).",
        ),
        Words(
            "发票代码缺失：发票号码在同一企业、方向与日期内视为唯一。",
            "The invoice code is missing: a number is taken as unique within firm, direction and "
            "day.",
        ),
    ):
        page.paragraph(text)
