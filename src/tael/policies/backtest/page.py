"""The report of a back-test: one page, in Chinese or English, with plots."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tael.kernel import minor_digits
from tael.policies.backtest.amounts import amount, interval, share, thousandths
from tael.policies.backtest.cases import THEN
from tael.policies.backtest.measures import QUANTILES, Figures
from tael.policies.backtest.page_parts import assumptions, history_notes, sensitivity
from tael.policies.backtest.result import Backtest, Told
from tael.policies.backtest.swaps import CELLS, Guess, Swap
from tael.policies.model import Reason
from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Value, Words

Measure = Callable[[Figures], float | None]

_MOST_GROUPS = 20
_MOST_REASONS = 15
_LEAST_KNOWN = 30  # below it a bad rate is told with its interval, not drawn
_PERIODS = {"month", "quarter", "year"}
CELL_WORDS = {
    "in": Words("换入: 只有新的通过", "In: only the new"),
    "out": Words("换出: 只有旧的通过", "Out: only the old"),
    "both": Words("都通过", "Both approve"),
    "neither": Words("都不通过", "Neither approves"),
}
_SEGMENTS = {
    "region": Words("地区", "Region"), "industry": Words("行业", "Industry"),
    "channel": Words("渠道", "Channel"), "size": Words("规模", "Size"),
    "enterprise_kind": Words("主体类型", "Legal form"), "tier": Words("等级", "Tier"),
    "decided": Words("当时的决定", "Decided then"),
}  # fmt: skip
_THEN = Words("当时的决定", "Decided then")


def page(
    found: Backtest,
    *,
    reasons: Mapping[str, Reason] | None = None,
    source: Words | str = "",
    made_at: datetime | None = None,
) -> Page:
    """The page of a back-test.

    Args:
        found: what it found.
        reasons: texts of the policy's reasons by code.
        source: on which data, below the title.
        made_at: instant of making, aware; left out when None.
    """
    made = Page(Words("策略回测", "Back-test of a policy"), source=source, made_at=made_at)
    _headline(made, found)
    history_notes(made, found)
    _side_by_side(made, found)
    for swap in found.swaps:
        _swap(made, swap, found.economics.currency)
    _vintages(made, found)
    _tiers(made, found)
    _segments(made, found)
    _distributions(made, found)
    _reasons(made, found.versions[0], reasons or {})
    if found.moves is not None:
        sensitivity(made, found.moves, found.economics.currency)
    assumptions(made, found)
    return made


def name_of(told: Told | str) -> Words | str:
    """A version's name for people."""
    name = told if isinstance(told, str) else told.name
    return _THEN if name == THEN else name


def _headline(made: Page, found: Backtest) -> None:
    first, currency = found.versions[0], found.economics.currency
    then = next((told for told in found.versions if told.name == THEN), None)
    figures = first.overall

    def against(measure: Measure) -> Words | str:
        value = measure(then.overall) if then else None
        if value is None:
            return ""
        return Words(f"当时 {value:.1%}", f"then {value:.1%}")

    bad = interval(figures.bad, figures.known)
    made.figures(
        [
            Figure(Words("申请", "Applications"), figures.applications,
                   Words(f"{first.name} 无法作答 {figures.unanswered:,}",
                         f"{figures.unanswered:,} without an answer"), Kind.COUNT),
            Figure(Words("通过率", "Approved"), figures.approval, against(lambda f: f.approval),
                   Kind.PERCENT),
            Figure(Words("已知坏账率", "Bad, of those known"), figures.bad_rate,
                   Words(f"95% 区间 {bad}, {figures.known:,} 笔已知",
                         f"95% interval {bad}, {figures.known:,} known"), Kind.PERCENT, digits=2),
            Figure(Words("R1–R3 占比", "R1 to R3"), figures.prime_share,
                   Words(f"按金额 {share(figures.prime_share_of_amount)}",
                         f"{share(figures.prime_share_of_amount)} of the amount"), Kind.PERCENT),
            Figure(Words("预期损失", "Expected loss"), amount(figures.expected_loss, currency),
                   Words(f"占放款额 {share(figures.expected_loss / (figures.lent or 1), 2)}",
                         f"{share(figures.expected_loss / (figures.lent or 1), 2)} of the amount")),
            Figure(Words("预期利润", "Expected profit"), amount(figures.expected_profit, currency),
                   Words(f"放款 {amount(figures.lent, currency).zh}",
                         f"of {amount(figures.lent, currency).en} lent"),
                   tone=Tone.GOOD if figures.expected_profit > 0 else Tone.BAD),
        ]
    )  # fmt: skip


def _side_by_side(made: Page, found: Backtest) -> None:
    currency = found.economics.currency
    made.section(
        Words("版本并列", "Side by side"),
        Words(
            "同样的申请, 各版本的决定与结果; 已知结果只有当时放款的申请才有。",
            "The same applications under each version; an outcome is known of loans lent then.",
        ),
    )
    made.table(
        [
            Words("版本", "Version"), Column(Words("通过", "Approved"), Kind.COUNT),
            Column(Words("通过率", "Share"), Kind.PERCENT),
            Column(Words("转人工", "Referred"), Kind.PERCENT),
            Column(Words("R1–R3", "R1 to R3"), Kind.PERCENT),
            Column(Words("R1–R3 金额", "of the amount"), Kind.PERCENT),
            Column(Words("平均 PD", "Mean PD"), Kind.PERCENT, 2),
            Column(Words("结果已知", "Known"), Kind.COUNT),
            Column(Words("坏账率", "Bad"), Kind.PERCENT, 2), Words("95% 区间", "95% interval"),
        ],
        [_risk_row(told) for told in found.versions],
    )  # fmt: skip
    made.table(
        [
            Words("版本", "Version"), Column(Words("放款", "Lent"), Kind.MONEY),
            Column(Words("预期收费", "Charges"), Kind.MONEY),
            Column(Words("预期损失", "Expected loss"), Kind.MONEY),
            Column(Words("预期利润", "Expected profit"), Kind.MONEY),
            Column(Words("占放款", "of lent"), Kind.PERCENT, 2),
            Column(Words("已知部分: 预期损失", "Known: expected loss"), Kind.MONEY),
            Column(Words("实际损失", "their loss"), Kind.MONEY),
            Column(Words("实际利润", "their profit"), Kind.MONEY),
        ],
        [_money_row(told, currency) for told in found.versions],
    )  # fmt: skip
    names = [name_of(told) for told in found.versions]
    charts: tuple[tuple[Words, Measure], ...] = (
        (Words("通过率", "Approval rate"), lambda f: f.approval),
        (Words("已知坏账率", "Bad rate, of those known"), lambda f: f.bad_rate),
    )
    for title, measure in charts:
        made.bar_chart(
            title,
            names,
            [Bars(title, [measure(told.overall) for told in found.versions])],
            Axes(kind=Kind.PERCENT),
        )


def _risk_row(told: Told) -> tuple[Value, ...]:
    figures = told.overall
    tiered = told.name != THEN
    return (
        name_of(told), figures.approved, figures.approval,
        figures.referred / figures.applications if figures.applications else None,
        figures.prime_share if tiered else None,
        figures.prime_share_of_amount if tiered else None, figures.mean_pd, figures.known,
        figures.bad_rate, interval(figures.bad, figures.known),
    )  # fmt: skip


def _money_row(told: Told, currency: str) -> tuple[Value, ...]:
    figures = told.overall
    return (
        name_of(told), amount(figures.lent, currency), amount(figures.revenue, currency),
        amount(figures.expected_loss, currency), amount(figures.expected_profit, currency),
        figures.expected_profit / figures.lent if figures.lent else None,
        amount(figures.known_expected_loss, currency), amount(figures.loss, currency),
        amount(figures.profit, currency),
    )  # fmt: skip


def _swap(made: Page, swap: Swap, currency: str) -> None:
    before, after = name_of(swap.before), name_of(swap.after)
    old = before.zh if isinstance(before, Words) else before
    new = after.zh if isinstance(after, Words) else after
    old_en = before.en if isinstance(before, Words) else before
    new_en = after.en if isinstance(after, Words) else after
    made.section(
        Words(f"换入换出: {old} → {new}", f"Swap set: {old_en} → {new_en}"),
        Words(
            f"换入与都通过按 {new} 的条件计, 换出按 {old} 的条件计。",
            f"In and both are counted on the terms of {new_en}, out on those of {old_en}.",
        ),
    )
    made.table(
        [
            Words("单元", "Cell"), Column(Words("申请", "Applications"), Kind.COUNT),
            Column(Words("放款", "Lent"), Kind.MONEY),
            Column(Words("预期损失", "Expected loss"), Kind.MONEY),
            Column(Words("预期利润", "Expected profit"), Kind.MONEY),
            Column(Words("结果已知", "Known"), Kind.COUNT),
            Column(Words("坏账率", "Bad rate"), Kind.PERCENT, 2),
            Words("95% 区间", "95% interval"),
            Column(Words("实际损失", "Their loss"), Kind.MONEY),
            Column(Words("实际利润", "Their profit"), Kind.MONEY),
        ],
        [_cell_row(cell, swap.cells[cell], currency) for cell in CELLS],
    )  # fmt: skip
    if swap.undecided:
        made.note(
            Words(
                f"{swap.undecided:,} 笔申请没有旧决定, 不在任何单元中。",
                f"{swap.undecided:,} applications have no decision to compare with; "
                "they stand in no cell.",
            )
        )
    _inferred(made, swap, currency)


def _cell_row(cell: str, figures: Figures, currency: str) -> tuple[Value, ...]:
    if cell == "neither":
        return (CELL_WORDS[cell], figures.applications, *[None] * 5, "", None, None)
    return (
        CELL_WORDS[cell], figures.applications, amount(figures.lent, currency),
        amount(figures.expected_loss, currency), amount(figures.expected_profit, currency),
        figures.known, figures.bad_rate, interval(figures.bad, figures.known),
        amount(figures.loss, currency), amount(figures.profit, currency),
    )  # fmt: skip


def _inferred(made: Page, swap: Swap, currency: str) -> None:
    inferred = swap.inferred
    if not inferred.unknown:
        return
    made.paragraph(
        Words(
            f"换入的 {inferred.cases:,} 笔中有 {inferred.unknown:,} 笔当时未放款, 结果无从得知。"
            "下表是界限与推断: 全好、全坏, 以及按 PD 乘以倍数。没有一个是事实。",
            f"Of {inferred.cases:,} swapped in, {inferred.unknown:,} were not lent to then: nobody "
            "knows their outcome. Below are bounds (all good, all bad) and what the PDs say times "
            "a multiple; none of these is a fact.",
        )
    )
    guesses: list[tuple[Words, Guess]] = [
        (Words("界限: 全好", "Bound: all good"), inferred.best),
        (Words("PD, 低倍数", "PD, low multiple"), inferred.low),
        (Words("PD, 中倍数 (预期)", "PD, middle multiple (expected)"), inferred.expected),
        (Words("PD, 高倍数", "PD, high multiple"), inferred.high),
        (Words("界限: 全坏", "Bound: all bad"), inferred.worst),
    ]
    if inferred.truth is not None:
        told = inferred.truth_cases
        guesses.append(
            (Words(f"真相 ({told:,} 笔有)", f"The truth (held of {told:,})"), inferred.truth)
        )
    made.table(
        [
            Words("换入若是", "Were those swapped in"), Column(Words("坏", "Bad"), Kind.NUMBER, 0),
            Column(Words("坏账率", "Bad rate"), Kind.PERCENT, 2),
            Column(Words("损失", "Loss"), Kind.MONEY),
            Column(Words("利润", "Profit"), Kind.MONEY),
        ],
        [
            (words, thousandths(guess.bad), guess.bad / (1000 * inferred.cases),
             amount(guess.loss, currency), amount(guess.profit, currency))
            for words, guess in guesses
        ],
    )  # fmt: skip


def _vintages(made: Page, found: Backtest) -> None:
    first = found.versions[0]
    by = "quarter" if len(first.by["quarter"]) > 1 else "month"
    made.section(
        Words("按申请时间", "By vintage"),
        Words(
            f"已知结果少于 {_LEAST_KNOWN} 笔的坏账率不画。",
            f"A bad rate of fewer than {_LEAST_KNOWN} known outcomes is not drawn.",
        ),
    )
    labels = list(first.by[by])
    charts: tuple[tuple[Words, Measure], ...] = (
        (Words("通过率", "Approval rate"), lambda f: f.approval),
        (Words("R1–R3 占比 (笔数)", "R1 to R3, by count"), lambda f: f.prime_share),
        (Words("已知坏账率", "Bad rate, of those known"), _drawn_bad_rate),
        (Words("平均 PD", "Mean PD of the approved"), lambda f: f.mean_pd),
    )
    for title, measure in charts:
        series = [
            Series(name_of(told), _points(told, by, labels, measure))
            for told in found.versions
            if told.name != THEN or title.en != "R1 to R3, by count"
        ]
        axis = Words("季度", "Quarter") if by == "quarter" else Words("月", "Month")
        made.line_chart(title, series, Axes(axis, kind=Kind.PERCENT))
    made.table(
        _group_columns(Words("年份", "Year")),
        [_group_row(name, figures, found.economics.currency)
         for name, figures in first.by["year"].items()],
        caption=Words(f"{first.name}, 按年", f"{first.name}, by year"),
    )  # fmt: skip


def _points(
    told: Told, by: str, labels: Sequence[str], measure: Measure
) -> list[tuple[float, Value]]:
    groups = told.by[by]
    return [(_time(label), measure(groups[label]) if label in groups else None) for label in labels]


def _time(label: str) -> float:
    """A period as a year with its part: 2021Q3 is 2021.5."""
    if "Q" in label:
        year, _, quarter = label.partition("Q")
        return int(year) + (int(quarter) - 1) / 4
    year, _, month = label.partition("-")
    return int(year) + (int(month or 1) - 1) / 12


def _drawn_bad_rate(figures: Figures) -> float | None:
    return figures.bad_rate if figures.known >= _LEAST_KNOWN else None


def _tiers(made: Page, found: Backtest) -> None:
    tiered = [told for told in found.versions if told.name != THEN]
    names = [name for name in tiered[0].by["tier"] if name]
    made.section(Words("按风险等级", "By tier"))
    made.bar_chart(
        Words("通过的申请", "Approved applications"),
        names,
        [
            Bars(told.name, [_of(told, name, lambda f: f.approved) for name in names])
            for told in tiered
        ],
        Axes(kind=Kind.COUNT),
    )
    first = tiered[0]
    made.bar_chart(
        Words(f"{first.name}: 坏账率与平均 PD", f"{first.name}: bad rate and mean PD"),
        names,
        [
            Bars(Words("已知坏账率", "Bad, of those known"),
                 [_of(first, name, lambda f: f.bad_rate) for name in names]),
            Bars(Words("已知部分平均 PD", "Mean PD of the same"),
                 [_of(first, name, _known_pd) for name in names]),
        ],
        Axes(kind=Kind.PERCENT),
    )  # fmt: skip
    made.table(
        _group_columns(Words("等级", "Tier")),
        [_group_row(name, first.by["tier"][name], found.economics.currency) for name in names],
        caption=first.name,
    )


def _of(told: Told, name: str, measure: Measure) -> float | None:
    figures = told.by["tier"].get(name)
    return None if figures is None else measure(figures)


def _known_pd(figures: Figures) -> float | None:
    return figures.known_pd / (figures.known * 10**9) if figures.known else None


def _segments(made: Page, found: Backtest) -> None:
    first = found.versions[0]
    made.section(Words("按分组", "By segment"))
    for by, groups in first.by.items():
        if by in _PERIODS or by == "tier":
            continue
        largest = sorted(groups.items(), key=lambda item: (-item[1].applications, item[0]))
        label = _SEGMENTS.get(by, by)
        made.table(
            _group_columns(label),
            [
                _group_row(name or Words("未知", "unknown"), figures, found.economics.currency)
                for name, figures in largest[:_MOST_GROUPS]
            ],
            caption=_left_out(len(largest)),
        )


def _left_out(groups: int) -> Words | str:
    more = groups - _MOST_GROUPS
    if more <= 0:
        return ""
    return Words(f"另有 {more} 组在 figures.parquet 中", f"{more} more stand in figures.parquet")


def _group_columns(label: Words | str) -> list[Column | Words | str]:
    return [
        label, Column(Words("申请", "Applications"), Kind.COUNT),
        Column(Words("通过率", "Approved"), Kind.PERCENT),
        Column(Words("R1–R3", "R1 to R3"), Kind.PERCENT),
        Column(Words("放款", "Lent"), Kind.MONEY),
        Column(Words("结果已知", "Known"), Kind.COUNT),
        Column(Words("坏账率", "Bad"), Kind.PERCENT, 2), Words("95% 区间", "95% interval"),
        Column(Words("预期损失", "Expected loss"), Kind.MONEY),
        Column(Words("预期利润", "Expected profit"), Kind.MONEY),
    ]  # fmt: skip


def _group_row(name: Words | str, figures: Figures, currency: str) -> tuple[Value, ...]:
    return (
        name, figures.applications, figures.approval, figures.prime_share,
        amount(figures.lent, currency), figures.known, figures.bad_rate,
        interval(figures.bad, figures.known), amount(figures.expected_loss, currency),
        amount(figures.expected_profit, currency),
    )  # fmt: skip


def _distributions(made: Page, found: Backtest) -> None:
    made.section(
        Words("价格与额度", "Prices and limits"),
        Words(
            "通过的申请中, 从最低到最高; 横轴为百分位。",
            "Of the approved, from the least to the most; percentiles along the bottom.",
        ),
    )
    at = Words("百分位", "Percentile")
    minor = 10 ** minor_digits(found.economics.currency)
    for name, title, axes, unit in (
        ("price", Words("综合年化价格 (最低的报价)", "All-in price a year, cheapest offer"),
         Axes(at, kind=Kind.PERCENT), 10**9),
        ("limit", Words("额度 (元)", "Limit"), Axes(at, kind=Kind.MONEY), minor),
        ("lent", Words("放款额 (元)", "Amount lent"), Axes(at, kind=Kind.MONEY), minor),
    ):  # fmt: skip
        made.line_chart(
            title,
            [
                Series(name_of(told), [(q, told.distributions[name][f"p{q}"] / unit)
                                       for q in QUANTILES])
                for told in found.versions
                if told.distributions[name]
            ],
            axes,
        )  # fmt: skip
    years = list(found.versions[0].by["year"])
    charts: tuple[tuple[str, Words, Kind, int], ...] = (
        ("price_p50", Words("价格中位数, 按申请年份", "Median price by year"), Kind.PERCENT, 10**9),
        (
            "limit_p50",
            Words("额度中位数 (元), 按申请年份", "Median limit by year"),
            Kind.MONEY,
            100,
        ),
    )
    for key, title, kind, unit in charts:
        made.line_chart(
            title,
            [
                Series(name_of(told), [(int(year), _over(told.spreads["year"][year].get(key), unit))
                                       for year in years])
                for told in found.versions
            ],
            Axes(Words("年份", "Year"), kind=kind),
        )  # fmt: skip


def _over(value: int | None, unit: int) -> float | None:
    return None if value is None else value / unit


def _reasons(made: Page, told: Told, texts: Mapping[str, Reason]) -> None:
    if not told.reasons:
        return
    made.section(
        Words("首要原因", "First reasons"),
        Words("每笔申请的第一个原因。", "The first reason of each application."),
    )
    rows = list(told.reasons.items())
    made.table(
        [
            Words("原因", "Reason"), Words("代码", "Code"),
            Column(Words("申请", "Applications"), Kind.COUNT),
            Column(Words("占比", "Share"), Kind.PERCENT),
        ],
        [
            (_reason_words(code, texts), code, count, count / told.overall.applications)
            for code, count in rows[:_MOST_REASONS]
        ],
        caption="" if len(rows) <= _MOST_REASONS else Words(
            f"另有 {len(rows) - _MOST_REASONS} 个在 summary.json 中",
            f"{len(rows) - _MOST_REASONS} more stand in summary.json",
        ),
    )  # fmt: skip


def _reason_words(code: str, texts: Mapping[str, Reason]) -> Words | str:
    known = texts.get(code)
    if known is not None:
        return Words(known.zh, known.en)
    kind, _, name = code.partition(":")
    words = {
        "input_missing": Words(f"缺少输入 {name}", f"The input {name} is missing"),
        "input_refused": Words(f"输入 {name} 不被接受", f"The input {name} is refused"),
        "policy_undetermined": Words("策略没有给出答案", "The policy leaves the answer open"),
    }
    return words.get(kind, code)
