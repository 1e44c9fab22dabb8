"""The report of an economy: its cycle, what its sources cover, cohorts, approvals and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tael.economy.figures import Cohort, Course, cohorts, course
from tael.economy.manifest import Manifest
from tael.economy.shard import Sums
from tael.economy.world.events import CHANNELS, Shock
from tael.economy.world.months import MONTHS, month_name, month_of
from tael.economy.world.parameters import Parameters
from tael.kernel import Day
from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words

LEAST_ORACLE, MOST_ORACLE = 0.78, 0.88
_YEAR, _QUARTER = 12, 3
_TEN_MILLION = 10_000_000
_COIN = 0.5  # the AUC of no knowledge

_SOURCES = {
    "bank_tx": Words("银行流水", "Bank transactions"),
    "vat_invoice": Words("增值税发票", "VAT invoices"),
    "tax_return": Words("纳税申报", "Tax returns"),
    "utility_bill": Words("水电气账单", "Utility bills"),
    "pos_day": Words("收单流水", "Takings by channel"),
    "book_entry": Words("记账", "Books"),
    "bureau_tradeline": Words("征信账户", "Bureau accounts"),
    "bureau_enquiry": Words("征信查询", "Bureau enquiries"),
    "court_record": Words("司法记录", "Court records"),
    "registry_change": Words("工商变更", "Registry changes"),
    "device_event": Words("设备行为", "Device events"),
}
_FLOWS = ("bank_tx", "vat_invoice", "tax_return", "utility_bill", "pos_day", "book_entry")
_SHOCKS = {
    "export_collapse_2008": Words("出口骤降", "Export collapse"),
    "stimulus_2009": Words("刺激计划", "Stimulus"),
    "private_lending_runs_2011": Words("民间借贷危机", "Runs on private lending"),
    "liquidity_squeeze_2013": Words("流动性紧张", "Liquidity squeeze"),
    "industrial_slump_2015": Words("工业下滑", "Industrial slump"),
    "equity_crash_2015": Words("股市下跌", "Equity crash"),
    "platform_collapse_2018": Words("网贷平台倒闭", "Collapse of lending platforms"),
    "deleveraging_2018": Words("去杠杆", "Deleveraging"),
    "standstill_2020": Words("停工停业", "Standstill"),
    "standstill_hubei_2020": Words("停工停业（湖北）", "Standstill, Hubei"),
    "export_boom_2021": Words("出口景气", "Export boom"),
    "property_slump_2021": Words("房地产下滑", "Property slump"),
    "lockdown_shanghai_2022": Words("封控（上海）", "Lockdown, Shanghai"),
    "lockdowns_2022": Words("各地封控", "Lockdowns"),
}
_TABLES = {
    "applications": Words("申请", "Applications"),
    "loans": Words("贷款", "Loans"),
    "loan_months": Words("贷款月度表现", "Loan months"),
    "firms": Words("企业", "Firms"),
    "role_link": Words("人企关系", "Roles"),
    "market_link": Words("企业所属市场", "Markets of firms"),
    "region_month": Words("区域月度观察", "Regional observations"),
    "sealed/truth": Words("封存：真实概率", "Sealed: true probabilities"),
    "sealed/firms": Words("封存：企业隐变量", "Sealed: latents of firms"),
}
_CHANNELS = dict(
    zip(
        CHANNELS,
        (
            Words("出口", "Exports"),
            Words("民间借贷", "Private lending"),
            Words("信贷", "Credit"),
            Words("重工业", "Heavy industry"),
            Words("接触性消费", "Contact services"),
            Words("房地产", "Property"),
        ),
        strict=True,
    )
)


def write_report(folder: Path, manifest: Manifest, sums: Sequence[Sums]) -> tuple[Path, Path]:
    """Write ``report.html`` (English) and ``report.zh.html`` of the economy in ``folder``."""
    page = page_of(manifest, course(sums), cohorts(folder))
    return (
        page.write(folder / "report.html", "en"),
        page.write(folder / "report.zh.html", "zh"),
    )


def page_of(manifest: Manifest, months: Course, by_year: tuple[list[Cohort], Cohort]) -> Page:
    """The report as a page."""
    identity, (years, every) = manifest.identity, by_year
    page = Page(
        Words("小微企业经济体", "An economy of small businesses"),
        source=Words(
            f"合成数据，种子 {identity.seed}，规模 {identity.size}",
            f"synthetic, seed {identity.seed}, size {identity.size}",
        ),
    )
    page.paragraph(
        Words(
            f"{month_name(0)} 至 {month_name(MONTHS - 1)} 的 {identity.firms:,} 家虚构企业。"
            "冲击与规则的日期取自现实，幅度均为虚构；结果只说明方法可行，不代表任何国家。",
            f"{identity.firms:,} invented firms from {month_name(0)} to {month_name(MONTHS - 1)}. "
            "Shocks and rules have the dates of the years lived through, all sizes are invented: "
            "results show that the machinery works, never how a country behaves.",
        )
    )
    _headline(page, manifest, every)
    _cycle(page, months)
    _coverage(page, months)
    _cohorts(page, years)
    _approvals(page, years)
    _oracle(page, years)
    _volumes(page, manifest)
    return page


def _headline(page: Page, manifest: Manifest, every: Cohort) -> None:
    counts = manifest.counts
    inside = every.oracle is not None and LEAST_ORACLE <= every.oracle <= MOST_ORACLE
    events = sum(count for name, count in counts.items() if name.startswith("events/"))
    band = f"{LEAST_ORACLE:.2f}–{MOST_ORACLE:.2f}"
    page.figures(
        [
            Figure(Words("企业", "Firms"), manifest.identity.firms, kind=Kind.COUNT),
            Figure(Words("事件", "Events"), _large(events), kind=Kind.COUNT),
            Figure(Words("申请", "Applications"), every.applications, kind=Kind.COUNT),
            Figure(Words("批准率", "Approved"), every.approval, kind=Kind.PERCENT),
            Figure(
                Words("12 个月违约率", "Default within 12 months"),
                every.all,
                Words("全部申请", "of all applications"),
                Kind.PERCENT,
                digits=2,
            ),
            Figure(
                Words("真实概率的 AUC", "AUC of the true probability"),
                every.oracle,
                Words(f"要求 {band}", f"required: {band}"),
                tone=Tone.GOOD if inside else Tone.WARNING,
                digits=3,
            ),
        ]
    )


def _cycle(page: Page, months: Course) -> None:
    shocks = Parameters().shocks
    page.section(
        Words("周期", "The cycle"),
        Words("圆点为冲击开始的月份。", "Dots mark the months in which a shock begins."),
    )
    marked = Words("冲击", "Shocks")
    page.line_chart(
        Words("景气指数（趋势 = 100）", "Business, trend = 100"),
        [
            Series(Words("指数", "Index"), _dated(months.index)),
            _marks(marked, months.index, shocks),
        ],
        Axes(from_zero=False),
    )
    page.line_chart(
        Words("每月违约（按季平均）", "Default by month, mean of the quarter"),
        [
            Series(Words("真实风险率", "True hazard"), _quarterly(months.hazard)),
            Series(Words("实际违约率", "Share that defaulted"), _quarterly(months.default_rate)),
            _marks(marked, [value for _, value in _quarterly(months.hazard, each=True)], shocks),
        ],
        Axes(kind=Kind.PERCENT),
    )
    page.table(
        [
            Words("开始", "Begins"),
            Words("冲击", "Shock"),
            Words("渠道", "Channel"),
            Column(Words("最深处的需求", "Demand at its peak"), Kind.PERCENT, 0),
        ],
        [
            (item.begins, _SHOCKS.get(item.code, item.code), _CHANNELS[item.channel], item.depth)
            for item in sorted(shocks, key=lambda item: item.begins)
        ],
        caption=Words("冲击（对数，平均暴露）", "Shocks, in logarithms at average exposure"),
    )


def _coverage(page: Page, months: Course) -> None:
    if not months.coverage:
        return
    page.section(
        Words("数据覆盖的漂移", "Coverage drifts"),
        Words(
            "当月至少有一条记录的企业（含企业主）占比，按年平均。制度变化使数据变，风险不变。",
            "Share of firms with a record in a month (their owners' included), mean of each year. "
            "Rules move the data and leave the risk alone.",
        ),
    )
    chosen = [source for source in _FLOWS if source in months.coverage]
    others = [source for source in months.coverage if source not in _FLOWS]
    for title, sources in (
        (Words("经营数据", "What the firm does"), chosen),
        (Words("信用与行为数据", "Credit and conduct"), others),
    ):
        lines = [
            Series(_SOURCES.get(source, source), _yearly(months.coverage[source]))
            for source in sources
        ]
        page.line_chart(title, lines, Axes(kind=Kind.PERCENT))


def _cohorts(page: Page, years: Sequence[Cohort]) -> None:
    page.section(
        Words("按年份的违约", "Default by cohort"),
        Words(
            "申请后 12 个月内违约。企业的结局对所有申请都已知，观察到的标签只有获批的贷款才有，"
            "2020 年的延期还本付息使二者分开。",
            "Within twelve months of the application. What the firm did is known of all; the label "
            "is seen of granted loans only, and the payment holidays of 2020 part the two.",
        ),
    )
    labels = [str(item.year) for item in years]
    page.bar_chart(
        Words("企业违约率", "Firms that defaulted"),
        labels,
        [
            Bars(Words("获批", "Granted"), [item.granted for item in years]),
            Bars(Words("被拒", "Declined"), [item.declined for item in years]),
        ],
        Axes(kind=Kind.PERCENT),
    )
    page.line_chart(
        Words("真实概率、结局与标签", "True probability, outcome and label"),
        [
            Series(Words("真实概率（均值）", "True probability, mean"), _by(years, "true_pd")),
            Series(Words("全部申请的企业", "Firms, all applications"), _by(years, "all")),
            Series(Words("获批贷款的企业", "Firms, granted loans"), _by(years, "granted")),
            Series(Words("获批贷款的标签", "Label of granted loans"), _by(years, "observed")),
        ],
        Axes(kind=Kind.PERCENT),
    )


def _approvals(page: Page, years: Sequence[Cohort]) -> None:
    page.section(Words("按年份的批准", "Approval by year"))
    labels = [str(item.year) for item in years]
    page.bar_chart(
        Words("批准率", "Approved"),
        labels,
        [Bars(Words("批准率", "Approved"), [item.approval for item in years])],
        Axes(kind=Kind.PERCENT),
    )
    page.bar_chart(
        Words("申请", "Applications"),
        labels,
        [
            Bars(Words("批准", "Approved"), [item.approved for item in years]),
            Bars(Words("拒绝", "Declined"), [item.applications - item.approved for item in years]),
        ],
        Axes(kind=Kind.COUNT),
        stacked=True,
    )


def _oracle(page: Page, years: Sequence[Cohort]) -> None:
    page.section(
        Words("可能达到的排序能力", "How well anybody could rank"),
        Words(
            "真实概率按实际走过的月份计算，连未来的景气也知道；可预见的概率只用申请当日的状态，"
            "是任何模型的上限。",
            "The true probability is over the months as they came, and so knows the weather to "
            "come; the foreseeable one knows the state on the day, and bounds any model.",
        ),
    )
    page.bar_chart(
        Words("按年份的 AUC（违约太少的年份除外）", "AUC by year, where enough default"),
        [str(item.year) for item in years],
        [
            Bars(Words("真实概率", "True probability"), [item.oracle for item in years]),
            Bars(Words("可预见的概率", "Foreseeable"), [item.foreseen for item in years]),
        ],
    )
    page.bar_chart(
        Words("可预见的部分：超出 0.5 的 AUC 之比", "Foreseeable part of the AUC above 0.5"),
        [str(item.year) for item in years],
        [Bars(Words("可预见的部分", "Foreseeable part"), [_foreseeable(item) for item in years])],
        Axes(kind=Kind.PERCENT),
    )
    header: list[Column | Words | str] = [
        Words("年份", "Year"),
        Column(Words("申请", "Applications"), Kind.COUNT),
        Column(Words("批准率", "Approved"), Kind.PERCENT),
        Column(Words("真实概率", "True PD"), Kind.PERCENT, 2),
        Column(Words("违约：全部", "Default: all"), Kind.PERCENT, 2),
        Column(Words("获批", "granted"), Kind.PERCENT, 2),
        Column(Words("被拒", "declined"), Kind.PERCENT, 2),
        Column(Words("标签", "label"), Kind.PERCENT, 2),
        Column("AUC", Kind.NUMBER, 3),
        Column(Words("可预见 AUC", "foreseeable AUC"), Kind.NUMBER, 3),
    ]
    page.table(
        header,
        [
            (str(item.year), item.applications, item.approval, item.true_pd, item.all,
             item.granted, item.declined, item.observed, item.oracle, item.foreseen)
            for item in years
        ],
    )  # fmt: skip


def _foreseeable(item: Cohort) -> float | None:
    if item.oracle is None or item.foreseen is None or item.oracle <= _COIN:
        return None
    return (item.foreseen - _COIN) / (item.oracle - _COIN)


def _volumes(page: Page, manifest: Manifest) -> None:
    page.section(Words("规模", "Volumes"))
    page.table(
        [Words("表", "Table"), Words("内容", "Content"), Column(Words("行数", "Rows"), Kind.COUNT)],
        [(name, _content(name), count) for name, count in manifest.counts.items()],
    )
    page.note(
        Words(
            f"参数哈希 {manifest.identity.parameters[:16]}，内容哈希 {manifest.content[:16]}。"
            "同一种子与规模得到同一内容，与进程数无关。",
            f"Hash of the figures {manifest.identity.parameters[:16]}, of the content "
            f"{manifest.content[:16]}. One seed and size give one content, whatever the number of "
            "processes.",
        )
    )


def _large(count: int) -> Words | int:
    """A count that fits a tile: from ten million on in the large units of each language."""
    if count < _TEN_MILLION:
        return count
    return Words(f"{count / 10_000:,.0f} 万", f"{count / 1_000_000:,.1f} million")


def _content(table: str) -> Words | str:
    return (_TABLES | _SOURCES).get(table.removeprefix("events/"), table)


def _day(month: int) -> Day:
    return Day.parse(f"{month_name(month)}-01")


def _dated(values: Sequence[float | None]) -> list[tuple[Day, float | None]]:
    return [(_day(month), value) for month, value in enumerate(values)]


def _yearly(values: Sequence[float | None]) -> list[tuple[int, float | None]]:
    """Means of the years; x is the year."""
    found: list[tuple[int, float | None]] = []
    for first in range(0, MONTHS, _YEAR):
        seen = [value for value in values[first : first + _YEAR] if value is not None]
        year = int(month_name(first)[:4])
        found.append((year, sum(seen) / len(seen) if seen else None))
    return found


def _quarterly(
    values: Sequence[float | None], *, each: bool = False
) -> list[tuple[Day, float | None]]:
    """Means of the quarters on their first days; with ``each``, on every month's."""
    found: list[tuple[Day, float | None]] = []
    for first in range(0, MONTHS, _QUARTER):
        seen = [value for value in values[first : first + _QUARTER] if value is not None]
        mean = sum(seen) / len(seen) if seen else None
        found += [(_day(first + month), mean) for month in range(_QUARTER if each else 1)]
    return found


def _by(years: Sequence[Cohort], name: str) -> list[tuple[int, float | None]]:
    return [(item.year or 0, getattr(item, name)) for item in years]


def _marks(name: Words, values: Sequence[float | None], shocks: Sequence[Shock]) -> Series:
    """A dot on the curve for each month in which a shock begins."""
    begins = {month_of(item.begins) for item in shocks}
    return Series(
        name,
        [(_day(month), value if month in begins else None) for month, value in enumerate(values)],
    )
