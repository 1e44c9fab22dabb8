"""Parts of a back-test's page: what was wrong with the history, thresholds, assumptions."""

from __future__ import annotations

from decimal import Decimal

from tael.kernel import minor_digits
from tael.policies.backtest.amounts import amount
from tael.policies.backtest.result import Backtest
from tael.policies.backtest.sensitivity import Move, Sensitivity, by_threshold
from tael.report import Axes, Bars, Column, Kind, Page, Tone, Value, Words

_MOST_BARS = 12
_MOST_UNANSWERED = 0.01
_FIGURES = {
    "as_of": Words("回测日", "Day of the back-test"),
    "cap": Words("综合成本上限", "All-in cap"),
    "funding": Words("资金成本 (报价未载明时)", "Cost of funds, where an offer does not say it"),
    "operating_minor": Words("每笔运营成本 (分)", "Operating cost of a loan, minor units"),
    "operating": Words("运营成本, 按余额年化", "Operating cost a year on the balance"),
    "loss_given_default": Words("违约损失率 (无记录时)", "Loss given default, where none is known"),
    "prepayment": Words("年提前还款率", "Prepayment a year"),
    "paid_by_bad": Words("坏账已付费用占比", "Share of its charges that a bad loan pays"),
    "ripe": Words("月份成熟所需已知比例", "Known share of a month that makes it ripe"),
    "rejects": Words("换入者 PD 倍数", "Multiples of the PD of those swapped in"),
}


def history_notes(made: Page, found: Backtest) -> None:
    """What the reader must know of the rows before the figures."""
    doubles, first = found.doubles, found.versions[0].overall
    told = (
        (doubles.repeated, "行重复, 以回测日前最晚得知的结果为准",
         "rows came again; the outcome known latest, not after the day of the back-test, counts"),
        (doubles.conflicting, "个申请号的各行内容不一致", "applications have rows that differ"),
        (doubles.late, "行的结果在回测日之后才得知, 未使用",
         "rows have an outcome known only after the day of the back-test; not used"),
        (doubles.undated, "行的结果没有得知日期, 未使用",
         "rows have an outcome without the day on which it was known; not used"),
        (doubles.early, "行的结果早于申请, 未使用",
         "rows have an outcome known before the application; not used"),
        (doubles.unripe, "个结果属于未成熟月份, 未使用 (坏账先于好账得知)",
         "outcomes are of months too young to judge, for bads are known before goods; not used"),
    )  # fmt: skip
    parts = [(count, zh, en) for count, zh, en in told if count]
    if parts:
        made.note(
            Words(
                "历史数据: " + "; ".join(f"{count:,} {zh}" for count, zh, _ in parts) + "。",
                "The history: " + "; ".join(f"{count:,} {en}" for count, _, en in parts) + ".",
            ),
            Tone.WARNING,
        )
    for name, decisions in found.slow.items():
        made.note(
            Words(
                f"{name}: 以下决策逐行计算, 较慢: {', '.join(decisions)}。",
                f"{name}: these decisions are computed row by row, which is slow: "
                + "; ".join(f"{each} ({why})" for each, why in decisions.items())
                + ".",
            )
        )
    if first.applications and first.unanswered / first.applications > _MOST_UNANSWERED:
        made.note(
            Words(
                f"{first.unanswered:,} 笔申请缺少输入或策略没有给出答案, 计入未通过。",
                f"{first.unanswered:,} applications lack an input or get no answer of the policy; "
                "they count as not approved.",
            ),
            Tone.WARNING,
        )


def sensitivity(made: Page, moves: Sensitivity, currency: str) -> None:
    """What each threshold is worth: the largest as bars, all as a table, what was left out."""
    made.section(
        Words("阈值敏感性", "What each threshold is worth"),
        Words(
            f"{moves.version}: 每次只移动一个阈值, 受影响的申请重新决定, 结果精确; "
            "分位阈值按申请的百分位移动, 其余按百分比移动。",
            f"{moves.version}: one threshold moves at a time and the applications it concerns are "
            "decided again, exactly. Cuts move by percentiles of the applications, other figures "
            "by per cent.",
        ),
    )
    base = moves.base
    largest = sorted(by_threshold(moves.moves), key=lambda pair: -_worth(moves, pair[1]))
    shown = [pair for pair in largest if _worth(moves, pair[1])][:_MOST_BARS]
    if shown:
        made.bar_chart(
            Words("预期利润的变化, 首步", "Change of the expected profit, first step"),
            [f"#{number}" for number in range(1, len(shown) + 1)],
            [
                Bars(
                    Words("向下", "Down"),
                    [_change(moves, found, -1, currency) for _, found in shown],
                ),
                Bars(
                    Words("向上", "Up"), [_change(moves, found, 1, currency) for _, found in shown]
                ),
            ],
            Axes(kind=Kind.MONEY),
        )
    made.table(
        [
            Words("序", "#"), Words("阈值", "Threshold"), Words("移到", "To"),
            Words("步长", "Step"),
            Column(Words("有变化", "Changed"), Kind.COUNT),
            Column(Words("通过", "Approved"), Kind.COUNT),
            Column(Words("通过率", "Approval"), Kind.PERCENT, 2),
            Column(Words("坏账率", "Bad rate"), Kind.PERCENT, 2),
            Column(Words("预期损失", "Expected loss"), Kind.MONEY),
            Column(Words("预期利润", "Expected profit"), Kind.MONEY),
        ],
        [
            _move_row(f"#{number}", moves, move, currency)
            for number, (_, found) in enumerate(largest, 1)
            for move in found
        ],
        caption=Words(
            f"与原策略之差, 影响最大的在前; 原策略通过率 {base.approval or 0:.2%}",
            "differences to the policy as it stands, the largest first; it approves "
            f"{base.approval or 0:.2%}",
        ),
    )  # fmt: skip
    if moves.left_out:
        made.table(
            [Words("未计算", "Left out"), Words("原因", "Why")],
            [(one.name, one.why) for one in moves.left_out],
        )


def _worth(moves: Sensitivity, found: list[Move]) -> int:
    base = moves.base.expected_profit
    return max(abs(move.figures.expected_profit - base) for move in found)


def _change(moves: Sensitivity, found: list[Move], way: int, currency: str) -> Value:
    """The smallest step that way, in major units."""
    steps = sorted((move for move in found if move.step * way > 0), key=lambda m: abs(m.step))
    if not steps:
        return None
    change = steps[0].figures.expected_profit - moves.base.expected_profit
    return Decimal(change).scaleb(-minor_digits(currency))


def _move_row(number: str, moves: Sensitivity, move: Move, currency: str) -> tuple[Value, ...]:
    base, after = moves.base, move.figures
    return (
        number, move.threshold.name, str(move.to), f"{move.step:+}", move.changed,
        after.approved - base.approved,
        _difference(after.approval, base.approval),
        _difference(after.bad_rate, base.bad_rate),
        amount(after.expected_loss - base.expected_loss, currency),
        amount(after.expected_profit - base.expected_profit, currency),
    )  # fmt: skip


def _difference(after: float | None, before: float | None) -> float | None:
    if after is None or before is None:
        return None
    return round(after - before, 4) + 0.0  # no minus before a zero


def assumptions(made: Page, found: Backtest) -> None:
    """What was assumed and where from, how money is counted, and the hashes."""
    economics = found.economics
    made.section(
        Words("假设与方法", "Assumptions and method"),
        Words(
            "利润 = 收费 − 资金成本 − 运营成本 − 预期损失, 按还款计划与提前还款逐月计算, "
            "通过的申请都按最低价借满可借金额。",
            "Profit is charges less cost of funds, operating cost and expected loss, month by "
            "month on the schedule with prepayment; whoever is approved takes the cheapest offer, "
            "and as much as was asked for and is allowed.",
        ),
    )
    data = economics.as_json()
    made.table(
        [Words("假设", "Assumption"), Words("取值", "Value"), Words("来源", "Source")],
        [
            (words, _told(data[name]), economics.sources.get(name, Words("", "")))
            for name, words in _FIGURES.items()
        ],
    )
    made.table(
        [Words("版本", "Version"), Words("文本", "Text"), Words("SHA-256", "SHA-256")],
        [
            (told.name, text, digest[:16])
            for told in found.versions
            for text, digest in told.hashes.items()
        ],
    )
    made.paragraph(
        Words(
            f"结果哈希 {in_parts(found.result_hash)}。文件、分块、线程与集群不影响它。",
            f"Result hash {in_parts(found.result_hash)}. Files, chunks, threads and clusters do "
            "not change it.",
        )
    )


def in_parts(digest: str) -> str:
    """A hash in groups of eight, so that a narrow screen can break it."""
    return " ".join(digest[place : place + 8] for place in range(0, len(digest), 8))


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
