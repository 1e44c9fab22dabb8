"""An experiment as a page: arms, differences, the rule's word, the shadow, and the lot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tael.policies.experiments.arms import ArmFigures, Course, Ending, Experiment
from tael.policies.experiments.declines import DeclineFigures
from tael.policies.experiments.equal_rate import EqualRate
from tael.policies.experiments.planning import Needed, Plan
from tael.policies.experiments.shadow import (
    CLASS_WORDS,
    OUTCOME_CHANGES,
    TERM_CHANGES,
    Class,
    Shadow,
)
from tael.policies.experiments.stopping import SHARES, Measure, Rule, State
from tael.report import Axes, Bars, Column, Figure, Kind, Page, Series, Text, Tone, Value, Words
from tael.risk import Interval

_CENT = 100
_EXAMPLES = 3
_TITLE = Words("冠军与挑战者", "Champion and challengers")
MEASURE_WORDS = {
    Measure.APPROVAL: Words("通过率", "Approval rate"),
    Measure.DEFAULT: Words("违约率", "Default rate"),
    Measure.LOSS: Words("每笔申请损失", "Loss per application"),
    Measure.PROFIT: Words("每笔申请利润", "Profit per application"),
}
_BETWEEN = Words("区间", "Interval")
_ARM = Words("组", "Arm")
_ROLES = {"champion": Words("冠军", "Champion"), "challenger": Words("挑战者", "Challenger")}
_TONES = {
    State.CONTINUE: Tone.PLAIN,
    State.CHALLENGER_BETTER: Tone.GOOD,
    State.CHAMPION_BETTER: Tone.WARNING,
    State.NO_DIFFERENCE: Tone.PLAIN,
}


@dataclass(frozen=True)
class Results:
    """What a page tells; a part that is None or empty is left out.

    Attributes:
        experiment: the arms.
        courses: how each difference narrowed.
        needed: how many applications the experiment was to take, and the plan.
        shadow: the differences of a shadow; ``shadow_name`` is its name.
        equal: whose approvals default less.
        declines: what the lot says.
        measures: which are told of each arm: leave out what nobody knows.
    """

    experiment: Experiment | None = None
    courses: tuple[Course, ...] = ()
    needed: tuple[Plan, Needed] | None = None
    shadow: Shadow | None = None
    shadow_name: str = ""
    equal: EqualRate | None = None
    declines: DeclineFigures | None = None
    measures: tuple[Measure, ...] = tuple(Measure)


def experiment_page(
    results: Results,
    *,
    title: Text = _TITLE,
    source: Text = "",
    made_at: datetime | None = None,
    onto: Page | None = None,
) -> Page:
    """The results as a page in Chinese and English; money in the major unit of two decimals.

    Args:
        results: what it tells.
        title: of the page.
        source: on which data, below the title.
        made_at: instant of making, aware; left out when None.
        onto: a page that they are added to, instead of one of their own.
    """
    page = onto or Page(title, source=source, made_at=made_at)
    if results.experiment is not None:
        _experiment(page, results.experiment, results.measures)
        _courses(page, results)
    if results.shadow is not None:
        _shadow(page, results.shadow, results.shadow_name)
    if results.equal is not None:
        _equal(page, results.equal)
    if results.declines is not None:
        _declines(page, results.declines)
    return page


def _experiment(page: Page, found: Experiment, measures: Sequence[Measure]) -> None:
    window, months = found.window, found.window.months
    page.section(
        Words("各组结果", "Arms"),
        Words(
            f"第{months}个账龄月, 截至{window.as_of:%Y-%m-%d}, {window.level:.0%}区间",
            f"At month {months} on book, as of {window.as_of:%Y-%m-%d}, "
            f"intervals of {window.level:.0%}",
        ),
    )
    page.table(_ARM_COLUMNS, [_arm_row(arm) for arm in found.arms])
    page.table(
        [Column(_ARM), *_columns(measures)],
        [[arm_words(arm.name), *_cells(arm.figures, measures)] for arm in found.arms],
        caption=Words("一次观察的估计与区间", "Estimates and intervals at one look"),
    )
    page.bar_chart(
        MEASURE_WORDS[Measure.DEFAULT],
        [arm_words(arm.name) for arm in found.arms],
        [
            Bars(
                MEASURE_WORDS[Measure.DEFAULT],
                [_known(a.figures[Measure.DEFAULT]) for a in found.arms],
            )
        ],
        Axes(kind=Kind.PERCENT),
    )
    if found.comparisons:
        page.table(
            [Column(_ARM), *_columns(measures)],
            [
                [arm_words(one.challenger), *_cells(one.differences, measures)]
                for one in found.comparisons
            ],
            caption=Words("与冠军之差", "Difference from the champion"),
        )
    for ending in found.endings:
        page.note(_told(ending, found.rule), _TONES[ending.standing.state])
    tally = found.tally
    page.paragraph(
        Words(
            f"结果回报{tally.reports}条: 采用{tally.used}, 重复{tally.repeated}, "
            f"被更正{tally.superseded}, 同日矛盾取较差{tally.contradicting}, "
            f"不属任何组{tally.unknown}, 晚于截止日{tally.after}, 账龄超出{tally.beyond}",
            f"{tally.reports} reports of outcomes: {tally.used} used, {tally.repeated} repeated, "
            f"{tally.superseded} corrected later, {tally.contradicting} contradicted on the same "
            f"day (the worse taken), {tally.unknown} of no arm, {tally.after} after the day, "
            f"{tally.beyond} beyond the month",
        )
    )


_ARM_COLUMNS = (
    Column(_ARM),
    Column(Words("申请", "Applications"), Kind.COUNT),
    Column(Words("通过", "Approved"), Kind.COUNT),
    Column(Words("已到期龄", "Old enough"), Kind.COUNT),
    Column(Words("已放款且结果已知", "Drawn and known"), Kind.COUNT),
    Column(Words("违约", "Defaults"), Kind.COUNT),
    Column(Words("迟报", "Late"), Kind.COUNT),
    Column(Words("迟报全好时违约率", "Default rate, late all good"), Kind.PERCENT, 2),
    Column(Words("迟报全坏时违约率", "Default rate, late all bad"), Kind.PERCENT, 2),
)


def _arm_row(arm: ArmFigures) -> list[Value]:
    return [
        arm_words(arm.name), arm.applications, arm.approved, arm.old, arm.drawn, arm.bads, arm.late,
        *arm.default_if_late,
    ]  # fmt: skip


def arm_words(name: str) -> Text:
    """An arm as a person calls it."""
    role, _, version = name.partition(" ")
    known = _ROLES.get(role)
    return name if known is None else Words(f"{known.zh} {version}", f"{known.en} {version}")


def _columns(measures: Sequence[Measure]) -> list[Column]:
    found = []
    for measure in measures:
        words = MEASURE_WORDS[measure]
        kind = Kind.PERCENT if measure in SHARES else Kind.MONEY
        found += [Column(words, kind, 2), Column(_BETWEEN)]
    return found


def _cells(figures: Mapping[Measure, Interval], measures: Sequence[Measure]) -> list[Value]:
    cells: list[Value] = []
    for measure in measures:
        interval = figures[measure]
        if measure in SHARES:
            cells += [_known(interval), between(interval)]
        else:
            money = Interval(
                *(each / _CENT for each in (interval.value, interval.low, interval.high))
            )
            cells += [_known(money), between(money, percent=False)]
    return cells


def _told(ending: Ending, rule: Rule | None) -> Words:
    standing = ending.standing
    shares = rule is None or rule.measure in SHARES
    span = _span(standing.difference, percent=shares)
    words, name = standing.words, arm_words(ending.challenger)
    zh, en = (name, name) if isinstance(name, str) else (name.zh, name.en)
    return Words(
        f"{zh}: {words.zh} ({ending.on:%Y-%m-%d}, 第{ending.looks}次观察, "
        f"差 {span}, 该区间对每次观察同时成立)",
        f"{en}: {words.en} ({ending.on:%Y-%m-%d}, look {ending.looks}, "
        f"difference {span}, an interval that holds at all looks at once)",
    )


def _courses(page: Page, results: Results) -> None:
    """The intervals over time, and what the experiment was to take."""
    rule = results.experiment.rule if results.experiment else None
    if rule is None:
        return
    page.section(
        Words("差异随时间", "The difference over time"),
        Words(
            f"{MEASURE_WORDS[rule.measure].zh}, 挑战者减冠军; 上下界对每次观察同时成立, "
            "零在外面的那一天即可停止。",
            f"{MEASURE_WORDS[rule.measure].en}, challenger less champion; the bounds hold at all "
            "looks at once: the first day that leaves out zero may end it.",
        ),
    )
    for course in results.courses:
        page.line_chart(
            arm_words(course.challenger),
            _lines(course, rule),
            Axes(kind=Kind.PERCENT if rule.measure in SHARES else Kind.MONEY, from_zero=False),
        )
    if results.needed is not None:
        _needed(page, *results.needed)


def _lines(course: Course, rule: Rule) -> list[Series]:
    unit = 1 if rule.measure in SHARES else _CENT
    # The first looks, at a few rows, would press all others into a line.
    widest = 1.0 if rule.measure in SHARES else math.inf
    looks = [one for one in course.looks if one.difference.high - one.difference.low < widest]
    ends = [looks[0].on, looks[-1].on] if looks else []
    more = [(on, rule.margin / unit) for on in ends]
    return [
        Series(Words("差", "Difference"), [(one.on, one.difference.value / unit) for one in looks]),
        Series(Words("下界", "Lower"), [(one.on, one.difference.low / unit) for one in looks]),
        Series(Words("上界", "Upper"), [(one.on, one.difference.high / unit) for one in looks]),
        Series(Words("有意义的差, 上", "What matters, above"), more),
        Series(Words("有意义的差, 下", "What matters, below"), [(on, -each) for on, each in more]),
    ]


def _needed(page: Page, plan: Plan, needed: Needed) -> None:
    page.paragraph(
        Words(
            f"要以{plan.power:.0%}的把握看出 {plan.champion:.2%} 与 {plan.challenger:.2%} 之差, "
            f"挑战者占{plan.share:.1%}: 只在最后看一次需要{needed.at_once:,}笔申请, "
            f"随时观察最多需要{needed.watched:,}笔。",
            f"To find {plan.challenger:.2%} against {plan.champion:.2%} with a chance of "
            f"{plan.power:.0%}, {plan.share:.1%} going to the challenger: {needed.at_once:,} "
            f"applications looked at once at the end, at most {needed.watched:,} when one watches.",
        )
    )


def _span(interval: Interval, *, percent: bool) -> str:
    if percent:
        return f"{interval.value:+.2%} [{interval.low:+.2%}, {interval.high:+.2%}]"
    value, low, high = (each / _CENT for each in (interval.value, interval.low, interval.high))
    return f"{value:+,.2f} [{low:+,.2f}, {high:+,.2f}]"


def _shadow(page: Page, found: Shadow, name: str) -> None:
    page.section(
        Words(f"影子运行 {name}".strip(), f"Shadow {name}".strip()),
        Words(
            f"{found.rows:,}笔申请中{found.different:,}笔不同, 每笔归入一类",
            f"{found.different:,} of {found.rows:,} applications differ; each has one class",
        ),
    )
    outcome = sum(one.rows for one in found.classes if one.kind in OUTCOME_CHANGES)
    terms = sum(one.rows for one in found.classes if one.kind in TERM_CHANGES)
    page.figures(
        [
            _tile(Words("结论不同", "Another outcome"), outcome, found.rows),
            _tile(Words("等级、额度或价格不同", "Another tier, limit or price"), terms, found.rows),
            _tile(
                Words("只有原因或细节不同", "Only reasons or details"),
                found.different - outcome - terms - found.count(Class.WOULD_ASK),
                found.rows,
            ),
            _tile(CLASS_WORDS[Class.WOULD_ASK], found.count(Class.WOULD_ASK), found.rows),
            _tile(Words("完全相同", "The same"), found.count(Class.SAME), found.rows),
        ]
    )
    page.table(
        [
            Column(Words("类别", "Class")),
            Column(Words("笔数", "Applications"), Kind.COUNT),
            Column(Words("占比", "Share"), Kind.PERCENT, 2),
            Column(Words("含兼有", "With those of an earlier class"), Kind.COUNT),
            Column(Words("例", "Examples")),
        ],
        [
            [CLASS_WORDS[one.kind], one.rows, one.share, found.also.get(one.kind, one.rows),
             ", ".join(one.examples[:_EXAMPLES])]
            for one in found.classes
        ],
    )  # fmt: skip
    if found.asked:
        page.table(
            [
                Column(Words("影子还要查询的来源", "The shadow would have asked for more")),
                Column(Words("笔数", "Applications"), Kind.COUNT),
                Column(Words("占比", "Share"), Kind.PERCENT, 2),
            ],
            [[source, rows, rows / found.rows] for source, rows in found.asked.items()],
        )


def _tile(label: Words, rows: int, of: int) -> Figure:
    share = f"{rows / of:.2%}" if of else ""
    return Figure(label, rows, share, Kind.COUNT)


def _equal(page: Page, found: EqualRate) -> None:
    first, second = found.default
    page.section(
        Words("相同通过率下的违约", "Default at an equal approval rate"),
        Words(f"各通过{found.rate:.1%}", f"Each approves {found.rate:.1%}"),
    )
    better = found.difference.high < 0
    page.figures(
        [
            Figure(
                Words("现行", "Incumbent"), _known(first), between(first), Kind.PERCENT, digits=2
            ),
            Figure(
                Words("影子", "Shadow"), _known(second), between(second), Kind.PERCENT, digits=2
            ),
            Figure(
                Words("差", "Difference"),
                _known(found.difference),
                between(found.difference),
                Kind.PERCENT,
                Tone.GOOD if better else Tone.PLAIN,
                digits=2,
            ),
            Figure(Words("换入笔数", "Swapped in"), found.swapped, kind=Kind.COUNT),
        ]
    )
    page.paragraph(
        Words(
            f"结果已知的占比: 现行{found.known[0]:.1%}, 影子{found.known[1]:.1%}; "
            f"未知者全好时差{found.if_good:.2%}, 全坏时差{found.if_bad:.2%}",
            f"Outcomes known: {found.known[0]:.1%} and {found.known[1]:.1%}; the difference is "
            f"{found.if_good:.2%} were all unknown ones good, {found.if_bad:.2%} were all bad",
        )
    )


def _declines(page: Page, found: DeclineFigures) -> None:
    page.section(
        Words("随机接受", "Random accept"),
        Words(
            f"{found.declines:,}笔应拒绝, {found.eligible:,}笔可抽中, 抽中{found.accepted:,}笔 "
            f"({found.share:.2%}), 结果已知{found.known:,}笔",
            f"{found.declines:,} would-be declines, {found.eligible:,} could be drawn, "
            f"{found.accepted:,} were ({found.share:.2%}), {found.known:,} have an outcome",
        ),
    )
    rows: Sequence[Sequence[Value]] = [
        [
            Words("随机接受, 逆概率加权", "The lot, inverse probability weights"),
            _known(found.default),
            between(found.default),
            None,
            "",
        ],
        *(
            [
                Words("模型违约概率", "The model's pd") if one.name == "pd" else one.name,
                one.claim,
                "",
                None if math.isnan(one.ratio) else one.ratio,
                Words("在区间内", "Within") if one.within else Words("在区间外", "Outside"),
            ]
            for one in found.against
        ),
    ]
    page.table(
        [
            Column(Words("来源", "Source")),
            Column(Words("违约率", "Default rate"), Kind.PERCENT, 2),
            Column(_BETWEEN),
            Column(Words("与随机接受之比", "Over the lot's"), Kind.NUMBER, 2),
            Column(""),
        ],
        rows,
    )


def between(interval: Interval, *, percent: bool = True) -> str:
    """An interval's bounds for a cell."""
    if math.isnan(interval.low) or math.isnan(interval.high):
        return "–"
    if percent:
        return f"{interval.low:.2%} – {interval.high:.2%}"
    return f"{interval.low:,.2f} – {interval.high:,.2f}"


def _known(interval: Interval) -> float | None:
    return None if math.isnan(interval.value) else interval.value
