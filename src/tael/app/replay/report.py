"""A replay as an HTML page: figures, tables and curves, in Chinese or English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from tael.app.replay.assumptions import assumptions
from tael.app.replay.figures import GroupFigures
from tael.app.replay.model import Ending
from tael.app.replay.play import ReplayResult
from tael.app.replay.ranking import Ranking
from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Tone, Words
from tael.risk import Interval

Text = str | Words

_MOST_FAULTS = 50
_GROUPS = {
    "matured": Words("成熟年份", "Matured vintages"),
    "later": Words("其后年份", "Later vintages"),
    "all": Words("全部样本外", "All later loans"),
}
_SIDES = {
    "labels_known_by_then": Words("仅用当时已知标签", "Labels known on the last training day"),
    "without_cautions": Words("不用存疑列", "Without the cautioned columns"),
}
_ENDINGS = {Ending.PAID: Words("结清", "Paid"), Ending.DEFAULT: Words("违约", "Default")}


def page_of(result: ReplayResult, made_at: datetime | None = None) -> Page:
    """The report of ``result``."""
    mapping, until = result.request.mapping, result.request.train_until
    title = Words(f"回放：{mapping.title}", f"Replay: {mapping.title or mapping.name}")
    page = Page(title, source=mapping.source or mapping.name, made_at=made_at)
    page.paragraph(
        Words(
            f"以 {until} 及以前批准的贷款训练评分卡，"
            f"对其后的 {result.all.decided:,} 笔逐笔决策、定价、入账。",
            f"A scorecard trained on loans approved by {until} decides, prices and books the "
            f"{result.all.decided:,} later ones in the order of their approval.",
        )
    )
    _headline(page, result)
    _rankings(page, result)
    _groups(page, result.tiers, Words("按等级", "By tier"), "tier")
    _groups(page, result.vintages, Words("按年份", "By vintage"), "vintage")
    _curves(page, result)
    _swap(page, result)
    _fund(page, result)
    _trust(page, result)
    return page


def _headline(page: Page, result: ReplayResult) -> None:
    judged, every = result.judged, result.all
    if result.alarm:
        detail = result.alarm.detail
        page.note(
            Words(
                f"疑似泄漏：样本外 AUC {detail['auc']} 高于警戒线 {detail['level']}；可疑变量："
                f"{detail['suspects']}。本次结果不可用于决策。",
                f"Leak suspected: out-of-time AUC {detail['auc']} is above the alarm level "
                f"{detail['level']}; suspects: {detail['suspects']}. Do not rely on this replay.",
            ),
            Tone.BAD,
        )
    alarm = result.request.mapping.alarm
    if alarm.raised_by:
        page.note(
            Words(
                f"警戒线由 {alarm.raised_by} 提高至 {alarm.level}：{alarm.reason}",
                f"The alarm level was raised to {alarm.level} by {alarm.raised_by}: {alarm.reason}",
            ),
            Tone.WARNING,
        )
    tone = Tone.BAD if result.alarm else Tone.GOOD
    aucs = [
        (Words("样本外 AUC", "Out-of-time AUC"), judged.auc if judged else None),
        (Words("样本外 AUC（加权）", "Same, weighted"), judged.auc_weighted if judged else None),
    ]
    accepted = Words("占已批准贷款", "of accepted loans")
    page.figures(
        [
            *(_auc_tile(label, interval, tone) for label, interval in aucs),
            Figure(Words("批准率", "Approval rate"), every.approval_rate, kind=Kind.PERCENT),
            Figure(
                Words("违约率（加权）", "Bad rate, weighted"),
                every.bad_rate_weighted,
                accepted,
                Kind.PERCENT,
            ),
            Figure(
                Words("担保基金结果（加权）", "Guarantee fund, weighted"),
                every.fund_result_weighted,
                every.fund_result.currency,
            ),
        ]
    )


def _auc_tile(label: Words, interval: Interval | None, tone: Tone) -> Figure:
    if interval is None:
        return Figure(label, None)
    return Figure(label, interval.value, _span(interval), tone=tone, digits=3)


def _rankings(page: Page, result: ReplayResult) -> None:
    page.section(
        Words("排序能力", "How it ranks"),
        Words(
            "区间为 95% 自助法区间。其后年份只含已结束的贷款，不能与成熟年份相比。",
            "Intervals are 95 % bootstrap intervals. Later vintages hold only loans that have "
            "ended already, and do not compare with matured ones.",
        ),
    )
    header: list[Column | Text] = [
        Words("组别", "Group"),
        Column(Words("笔数", "Loans"), Kind.COUNT),
        Column(Words("违约", "Bads"), Kind.COUNT),
        "AUC",
        Words("AUC（加权）", "AUC, weighted"),
        "KS",
        Words("KS（加权）", "KS, weighted"),
    ]
    page.table(header, [_ranking_row(ranking) for ranking in result.rankings.values()])
    _others(page, result)
    _variables(page, result)


def _others(page: Page, result: ReplayResult) -> None:
    header: list[Column | Text] = [
        Words("对照模型（成熟年份）", "Other models, matured vintages"),
        Column("AUC", Kind.NUMBER, 3),
        Column(Words("AUC（加权）", "AUC, weighted"), Kind.NUMBER, 3),
    ]
    if result.sides:
        page.table(header, [(_SIDES[s.name], s.auc, s.auc_weighted) for s in result.sides])


def _variables(page: Page, result: ReplayResult) -> None:
    header: list[Column | Text] = [
        Words("入选变量", "Variable"),
        Column(Words("信息值", "Information value"), Kind.NUMBER, 3),
        Column(Words("分箱", "Bins"), Kind.COUNT),
    ]
    trained = result.trained
    page.table(
        header,
        [
            (item.name, item.binning.information_value, len(item.binning.woe))
            for item in trained.model.card.characteristics_
        ],
        caption=Words(
            f"训练 {trained.rows:,} 笔，其中违约 {trained.bads:,} 笔。",
            f"Trained on {trained.rows:,} loans, {trained.bads:,} of them bad.",
        ),
    )


def _ranking_row(ranking: Ranking) -> list[Words | str | int]:
    measures = (ranking.auc, ranking.auc_weighted, ranking.ks, ranking.ks_weighted)
    return [_GROUPS[ranking.group], ranking.loans, ranking.bads, *map(_written, measures)]


def _written(interval: Interval) -> str:
    return f"{interval.value:.3f} ({_span(interval)})"


def _span(interval: Interval) -> str:
    return f"{interval.low:.3f}–{interval.high:.3f}"


def _groups(page: Page, groups: Sequence[GroupFigures], title: Words, kind: str) -> None:
    page.section(title)
    percent, money = Kind.PERCENT, Kind.MONEY
    header: list[Column | Text] = [
        Words("等级", "Tier") if kind == "tier" else Words("年份", "Vintage"),
        Column(Words("决策", "Decided"), Kind.COUNT),
        Column(Words("批准", "Accepted"), Kind.COUNT),
        Column(Words("批准率", "Approval rate"), percent),
        Column(Words("违约率", "Bad rate"), percent),
        Column(Words("违约率（加权）", "Bad rate, weighted"), percent),
        Column(Words("放款", "Lent"), money),
        Column(Words("本金损失", "Principal lost"), money),
        Column(Words("损失率（加权）", "Loss rate, weighted"), percent),
    ]
    rows = [
        [g.label, g.decided, g.accepted, g.approval_rate, g.bad_rate, g.bad_rate_weighted,
         g.lent, g.loss, g.loss_rate_weighted]
        for g in groups
    ]  # fmt: skip
    page.table(header, rows)
    labels = [g.label for g in groups]
    page.bar_chart(
        Words("违约率与损失率（加权）", "Bad rate and loss rate, weighted"),
        labels,
        [
            Bars(Words("违约率", "Bad rate"), [g.bad_rate_weighted for g in groups]),
            Bars(Words("损失率", "Loss rate"), [g.loss_rate_weighted for g in groups]),
        ],
        Axes(kind=percent),
    )
    page.bar_chart(
        Words("批准率", "Approval rate"),
        labels,
        [Bars(Words("批准率", "Approval rate"), [g.approval_rate for g in groups])],
        Axes(kind=percent),
    )


def _curves(page: Page, result: ReplayResult) -> None:
    page.section(
        Words("年份曲线", "Vintage curves"),
        Words(
            "每年批准的贷款中已损失的本金与已违约笔数的占比（加权），至整年份都可观察为止。",
            "Share of principal lost and of loans defaulted (weighted) of each year, while the "
            "whole vintage is observed.",
        ),
    )
    axes = Axes(Words("批准后月数", "Months since approval"), kind=Kind.PERCENT)
    losses = {(p.vintage, p.months): p.loss_share for p in result.curves}
    defaults = {(p.vintage, p.months): p.default_share for p in result.curves}
    page.line_chart(Words("累计损失率", "Cumulative loss"), _by_vintage(losses), axes)
    page.line_chart(Words("累计违约率", "Cumulative defaults"), _by_vintage(defaults), axes)


def _by_vintage(shares: Mapping[tuple[int, int], Decimal]) -> list[Series]:
    vintages = sorted({vintage for vintage, _ in shares})
    return [
        Series(str(one), [(months, share) for (of, months), share in shares.items() if of == one])
        for one in vintages
    ]


def _swap(page: Page, result: ReplayResult) -> None:
    page.section(
        Words("决策与结果", "Our decision against what happened"),
        Words(
            "被拒绝而违约的是避免的损失，被拒绝而结清的是放弃的业务。",
            "Declined and defaulted is loss avoided; declined and paid is business given up.",
        ),
    )
    header: list[Column | Text] = [
        Words("我们的决策", "Our decision"),
        Words("结果", "What happened"),
        Column(Words("笔数", "Loans"), Kind.COUNT),
        Column(Words("代表总体笔数", "Loans of the population"), Kind.COUNT, 0),
        Column(Words("金额", "Amount"), Kind.MONEY),
        Column(Words("本金损失", "Principal lost"), Kind.MONEY),
    ]
    page.table(
        header,
        [
            [Words("批准", "Approve") if cell.approved else Words("拒绝", "Decline"),
             _ENDINGS[cell.ending], cell.loans, cell.loans_weighted, cell.amount, cell.loss]
            for cell in result.swap
        ],
    )  # fmt: skip


def _fund(page: Page, result: ReplayResult) -> None:
    page.section(
        Words("担保基金", "Guarantee fund"),
        Words(
            "担保费减平台服务费减代偿。未加权数字与账簿一致；加权数字按总体推算。",
            "Fee less the platform's service fee less claims. Plain figures tie to the books; "
            "weighted ones are scaled to the population.",
        ),
    )
    money = Kind.MONEY
    header: list[Column | Text] = [
        Words("等级", "Tier"),
        Column(Words("担保费", "Fee"), money),
        Column(Words("服务费", "Service fee"), money),
        Column(Words("代偿", "Claims"), money),
        Column(Words("结果", "Result"), money),
        Column(Words("结果（加权）", "Result, weighted"), money),
    ]
    rows = [
        [Words("合计", "Total") if g is result.all else g.label, g.fee, g.servicing, g.claims,
         g.fund_result, g.fund_result_weighted]
        for g in (*result.tiers, result.all)
    ]  # fmt: skip
    page.table(header, rows, total=True, caption=result.all.fee.currency)
    page.bar_chart(
        Words("按年份的结果（加权）", "Result by vintage, weighted"),
        [g.label for g in result.vintages],
        [Bars(Words("结果", "Result"), [g.fund_result_weighted for g in result.vintages])],
        Axes(kind=money),
    )


def _trust(page: Page, result: ReplayResult) -> None:
    page.section(Words("账簿、假设与数据质量", "Books, assumptions and data quality"))
    proof = result.proof
    content = proof.content_hash[:16]
    page.note(
        Words(
            f"{len(result.lives):,} 笔贷款、{proof.entries:,} 条分录，"
            f"{'证明成立' if proof.sound else '证明不成立'}；内容哈希 {content}…。",
            f"{len(result.lives):,} loans in {proof.entries:,} entries, kept in {proof.kept_in}: "
            f"{'proved sound' if proof.sound else 'NOT sound'}; content hash {content}….",
        ),
        Tone.GOOD if proof.sound else Tone.BAD,
    )
    for words in assumptions(result):
        page.paragraph(words)
    never: list[Column | Text] = [Words("未使用的列", "Columns never used"), Words("原因", "Why")]
    page.table(never, list(result.request.mapping.known_later.items()))
    _left_out(page, result)


def _left_out(page: Page, result: ReplayResult) -> None:
    header: list[Column | Text] = [
        Column(Words("行", "Row"), Kind.COUNT),
        Words("字段", "Field"),
        Words("规则", "Rule"),
        Words("说明", "Message"),
    ]
    faults = result.book.faults
    page.table(
        header,
        [(f.row, f.field, f.rule, f.message) for f in faults[:_MOST_FAULTS]],
        caption=Words(
            f"{result.book.rows:,} 行中略去 {len(faults):,} 行",
            f"{len(faults):,} of {result.book.rows:,} rows left out",
        ),
    )
