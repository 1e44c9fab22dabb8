"""The page of a strategy, in Chinese and English: what it gives, and what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from tael.app.strategy_trust import assumptions, baselines, curves, sensitivity, tolls
from tael.app.strategy_work import Strategy, loss_rate, share_of, yuan
from tael.pricing.strategy import Answer, Contradiction, Offer, Stage, Terms, Worth
from tael.report import Axes, Column, Figure, Kind, Page, Series, Text, Tone, Value, Words, written

_MOST_CELLS = 30
_PERCENT, _MONEY = Kind.PERCENT, Kind.MONEY


def page_of(found: Strategy) -> Page:
    """The page; its figures are expected ones, of one period."""
    settings = found.settings
    page = Page(
        Words(f"客群上移策略：{settings.name}", f"Prime strategy: {settings.name}"),
        source=Words(
            f"{len(found.cells)} 个单元（等级 x 客群），{settings.months} 个月的需求；起息日 "
            f"{settings.day}；校验和 {found.hash[:12]}",
            f"{len(found.cells)} cells (tier x segment), demand of {settings.months} months; loans "
            f"begin {settings.day}; hash {found.hash[:12]}",
        ),
    )
    _summary(page, found)
    _frontier(page, found)
    _path(page, found)
    _cells(page, found)
    tolls(page, found)
    baselines(page, found)
    sensitivity(page, found)
    curves(page, found)
    assumptions(page, found)
    return page


def _loans(worth: Worth) -> Decimal:
    return Decimal(worth.loans_micro).scaleb(-6)


def _change(new: int, old: int) -> Words:
    share = Decimal(new - old) / old if old else None
    told = "–" if share is None else f"{share * 100:+.1f} %"
    return Words(f"相对今天 {told}", f"{told} on today")


def _summary(page: Page, found: Strategy) -> None:
    page.section(
        Words("结果", "Result"),
        Words(
            "全部是模型中的期望值，同今天的报价用同一个模型比较。",
            "All figures are expected ones; today's offers are valued by the same model.",
        ),
    )
    outcome = found.target.outcome
    if isinstance(outcome, Contradiction):
        page.note(outcome.words, Tone.BAD)
    elif not isinstance(outcome, Answer):
        page.note(Words("限定时间内没有找到答案。", "No answer was found in the time."), Tone.BAD)
    shown = outcome.offer if isinstance(outcome, Answer) else found.today
    whose = (
        Words("今天", "today")
        if shown is found.today
        else Words(f"今天 {share_of(found.today):.1%}", f"{share_of(found.today):.1%} today")
    )
    page.figures(_tiles(shown, found.today, whose))
    if isinstance(outcome, Answer):
        _search_note(page, outcome)


def _tiles(shown: Offer, today: Offer, whose: Words) -> list[Figure]:
    total, now = shown.total, today.total
    sums = (
        (Words("放款", "Lent"), total.volume, now.volume),
        (Words("利润", "Profit"), total.profit, now.profit),
        (Words("预期损失", "Expected loss"), total.loss, now.loss),
    )
    return [
        Figure(Words("R1-R3 占新增放款", "R1-R3 of new lending"), share_of(shown), whose, _PERCENT),
        *(Figure(name, _short(new), _change(new, old)) for name, new, old in sums),
        Figure(
            Words("预期损失率", "Loss of what is lent"), loss_rate(total),
            _points(loss_rate(now)), _PERCENT, digits=2,
        ),
        Figure(
            Words("借款人", "Borrowers"), _loans(total),
            _change(total.loans_micro, now.loans_micro), digits=0,
        ),
    ]  # fmt: skip


def _short(minor: int) -> Words:
    """A sum that fits a tile: ten thousands in Chinese, thousands in English."""
    return Words(f"{yuan(minor) / 10_000:,.1f} 万", f"{yuan(minor) / 1000:,.0f} k")


def _points(today: Decimal | None) -> Words:
    told = written(today, _PERCENT, "en", 2)
    return Words(f"今天 {told}", f"{told} today")


def _search_note(page: Page, answer: Answer) -> None:
    solved = answer.solved
    proven = solved.gap_ppb == 0
    state = "已证明为最优" if proven else f"可行，距最优至多十亿分之 {solved.gap_ppb}"
    page.note(
        Words(
            f"{state}。从 {solved.whole:,} 个选项中由界限留下 {solved.left:,} 个；"
            "答案按每笔贷款的还款计划重新定价，约束按整数重新检查，"
            f"最高综合成本 {written(answer.offer.highest, _PERCENT, 'zh', 4)}。",
            f"Solver: {solved.status.value}, gap {solved.gap_ppb} billionths; of "
            f"{solved.whole:,} choices bounds left {solved.left:,}. The answer was priced again "
            "from the schedule of every loan and its bounds checked in whole numbers; highest "
            f"all-in cost {written(answer.offer.highest, _PERCENT, 'en', 4)}.",
        ),
        Tone.GOOD if proven else Tone.WARNING,
    )


def _frontier(page: Page, found: Strategy) -> None:
    if not found.frontier:
        return
    page.section(
        Words("每一步的代价", "What each step costs"),
        Words(
            "每个 R1-R3 目标单独求最优；左端是不设目标时的最优。",
            "The best strategy for each share of R1-R3 by itself, beginning without any target.",
        ),
    )
    stages = [found.free, *found.frontier]
    done = [(stage, stage.outcome.offer) for stage in stages if isinstance(stage.outcome, Answer)]
    shares = [(share_of(offer) * 100, offer.total) for _, offer in done]
    for title, pick, kind in (
        (Words("利润", "Profit"), lambda w: yuan(w.profit), _MONEY),
        (Words("放款", "Lent"), lambda w: yuan(w.volume), _MONEY),
        (Words("预期损失率", "Loss of what is lent"), loss_rate, _PERCENT),
        (Words("借款人", "Borrowers"), _loans, Kind.COUNT),
    ):  # fmt: skip
        points = sorted((float(share), pick(total)) for share, total in shares)
        now = [(float(share_of(found.today) * 100), pick(found.today.total))]
        lines = [
            Series(Words("最优", "Best"), points),
            Series(Words("今天的报价", "Today's offers"), now),
        ]
        axes = Axes(x=Words("R1-R3 占比，%", "share of R1-R3, %"), kind=kind, from_zero=False)
        page.line_chart(title, lines, axes)
    _stage_table(page, stages, found)


def _stage_table(page: Page, stages: Sequence[Stage], found: Strategy) -> None:
    columns = [
        Column(Words("目标", "Target")),
        Column(Words("R1-R3", "R1-R3"), _PERCENT),
        Column(Words("放款", "Lent"), _MONEY, 0),
        Column(Words("利润", "Profit"), _MONEY, 0),
        Column(Words("预期损失", "Expected loss"), _MONEY, 0),
        Column(Words("损失率", "Loss rate"), _PERCENT, 2),
        Column(Words("借款人", "Borrowers"), Kind.NUMBER, 0),
        Column(Words("放弃的借款人", "Borrowers given up"), Kind.NUMBER, 0),
        Column(Words("比不设目标少的利润", "Profit given up for the target"), _MONEY, 0),
    ]
    rows: list[list[Value]] = [_row(Words("今天的报价", "Today's offers"), found.today, found)]
    for stage in stages:
        name: Text = (
            Words("不设目标", "No target")
            if stage.share is None
            else written(stage.share, _PERCENT, "en", 2)
        )
        if isinstance(stage.outcome, Answer):
            rows.append(_row(name, stage.outcome.offer, found))
        else:
            rows.append([name, *[None] * (len(columns) - 1)])
    page.table(columns, rows)
    for stage in stages:
        if isinstance(stage.outcome, Contradiction):
            told = stage.outcome.words
            share = written(stage.share, _PERCENT, "en", 2)
            page.note(Words(f"{share}：{told.zh}", f"{share}: {told.en}"), Tone.WARNING)


def _row(name: Text, offer: Offer, found: Strategy) -> list[Value]:
    total, free = offer.total, found.free.outcome
    less = free.total.profit - total.profit if isinstance(free, Answer) else None
    return [
        name, share_of(offer), yuan(total.volume), yuan(total.profit), yuan(total.loss),
        loss_rate(total), _loans(total), _loans(found.today.total) - _loans(total),
        None if less is None else yuan(less),
    ]  # fmt: skip


def _path(page: Page, found: Strategy) -> None:
    if not found.path:
        return
    steps = found.settings.journey.steps
    price = "–" if steps.price is None else str(steps.price)
    limits = "–" if steps.limits is None else str(steps.limits)
    page.section(
        Words("逐季过渡", "Quarter by quarter"),
        Words(
            f"每季价格变动不超过 {price}，额度不超过 {limits} 档；每季都与上一季相连。",
            f"Each quarter within {price} of price and {limits} levels of limit of the one before.",
        ),
    )
    _stage_table(page, found.path, found)
    last = found.path[-1].outcome
    if isinstance(last, Answer) and isinstance(found.target.outcome, Answer):
        short = found.target.outcome.total.profit - last.total.profit
        page.paragraph(
            Words(
                f"若一步到位，最后一季的利润会多 {yuan(short):,.0f}。",
                f"Without such steps the last quarter would earn {yuan(short):,.0f} more.",
            )
        )


def _cells(page: Page, found: Strategy) -> None:
    outcome = found.target.outcome
    if not isinstance(outcome, Answer):
        return
    page.section(
        Words("价格与额度", "Prices and limits"),
        Words(
            "按等级与客群；收缩最多的在前。全表见 strategy.csv。",
            "By tier and segment, those that shrink most first; strategy.csv has all.",
        ),
    )
    _by_tier(page, found, outcome.offer)
    columns = [
        Column(Words("单元", "Cell")),
        Column(Words("违约概率", "PD"), _PERCENT, 2),
        Column(Words("今天价格", "Price today"), _PERCENT, 2),
        Column(Words("新价格", "New price"), _PERCENT, 2),
        Column(Words("今天额度", "Limit today")),
        Column(Words("新额度", "New limit")),
        Column(Words("今天放款", "Lent today"), _MONEY, 0),
        Column(Words("新放款", "New lending"), _MONEY, 0),
        Column(Words("利润变动", "Change of profit"), _MONEY, 0),
    ]
    rows = sorted(_cell_rows(found, outcome.offer), key=lambda row: row[0])
    page.table(columns, [row[1] for row in rows[:_MOST_CELLS]])


def _by_tier(page: Page, found: Strategy, offer: Offer) -> None:
    columns = [
        Column(Words("等级", "Tier")),
        Column(Words("今天均价", "Mean price today"), _PERCENT, 2),
        Column(Words("新均价", "New mean price"), _PERCENT, 2),
        Column(Words("今天放款", "Lent today"), _MONEY, 0),
        Column(Words("新放款", "New lending"), _MONEY, 0),
        Column(Words("利润", "Profit"), _MONEY, 0),
        Column(Words("预期损失", "Expected loss"), _MONEY, 0),
    ]
    rows: list[list[Value]] = []
    for tier in sorted({cell.tier for cell in found.cells}):
        numbers = [n for n, cell in enumerate(found.cells) if cell.tier == tier]
        new = [offer.worth[n] for n in numbers]
        rows.append([
            f"R{tier}", _mean_price(found.today, numbers), _mean_price(offer, numbers),
            yuan(sum(found.today.worth[n].volume for n in numbers)),
            yuan(sum(w.volume for w in new)), yuan(sum(w.profit for w in new)),
            yuan(sum(w.loss for w in new)),
        ])  # fmt: skip
    page.table(columns, rows)


def _mean_price(offer: Offer, numbers: Sequence[int]) -> Decimal | None:
    pairs = [
        (terms.price.total.fraction, offer.worth[n].volume)
        for n in numbers
        if (terms := offer.terms[n])
    ]
    whole = sum(volume for _, volume in pairs)
    return sum((price * volume for price, volume in pairs), Decimal(0)) / whole if whole else None


def _cell_rows(found: Strategy, offer: Offer) -> Iterator[tuple[int, list[Value]]]:
    rows = zip(found.cells, offer.terms, offer.worth, found.today.worth, strict=True)
    for cell, terms, worth, now in rows:
        change = worth.volume - now.volume
        yield change, [
            cell.name, cell.pd_12m, cell.today.price.total if cell.today else None,
            terms.price.total if terms else None, _limit(cell.today), _limit(terms),
            yuan(now.volume), yuan(worth.volume), yuan(worth.profit - now.profit),
        ]  # fmt: skip


def _limit(terms: Terms | None) -> Text:
    if terms is None:
        return Words("不放款", "no offer")
    if terms.limit.ceiling is not None:
        return written(terms.limit.ceiling.decimal(), Kind.COUNT, "en", 0)
    return Words(f"申请额的 {terms.limit.share:.0%}", f"{terms.limit.share:.0%} of what is asked")
