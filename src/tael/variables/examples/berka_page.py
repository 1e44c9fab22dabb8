"""The page of the Czech accounts: what was read, and 38 loans that are too few to say more."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from tael.report import Axes, Bars, Column, Figure, Kind, Page, Tone, Words
from tael.variables.examples.berka import Transactions
from tael.variables.examples.blocks import add_making, add_rows, add_variables
from tael.variables.examples.computed import Computed, Ready, Steps

_SOURCE = Words(
    "PKDD 1999 挑战赛（Berka 与 Sochorova）：捷克银行，1993-01 至 1994-03 的流水",
    "PKDD 1999 challenge (Berka and Sochorova): a Czech bank, transactions of 1993-01 to 1994-03",
)
_SHOWN = (
    ("per.czech_tx.180d.balance.mean", Kind.NUMBER),
    ("per.czech_tx.180d.balance.min", Kind.NUMBER),
    ("per.czech_tx.180d.below_10000.days_below", Kind.NUMBER),
    ("per.czech_tx.in.180d.amount.sum", Kind.NUMBER),
    ("per.czech_tx.180d.out_to_in.ratio", Kind.PERCENT),
    ("per.czech_tx.out.24m.amount.cv", Kind.NUMBER),
    ("per.czech_tx.out.household.now.amount.sum", Kind.NUMBER),
    ("per.czech_tx.180d.swing.difference", Kind.NUMBER),
)
_QUARTILES = (0.25, 0.5, 0.75)
_LOAN = "per.czech_tx.loan.all.events.n"


def berka_page(
    read: Transactions,
    ready: Ready,
    computed: Computed,
    steps: Steps,
    made_at: datetime | None = None,
) -> Page:
    """The report of one run."""
    title = Words("捷克账户的流水变量", "Bank variables of Czech accounts")
    page = Page(title, source=_SOURCE, made_at=made_at)
    _headline(page, read, computed)
    _quality(page, read, ready)
    page.section(Words("变量", "Variables"))
    add_variables(page, computed)
    _loans(page, read, computed)
    _assumptions(page)
    add_making(page, computed, steps, ready.packing.packed.time.size)
    return page


def groups(read: Transactions) -> dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    """Masks over the accounts: with a good loan, with a bad one, without one in the file."""
    kinds = np.array([_kind(read, name) for name in read.accounts])
    return {kind: kinds == kind for kind in ("good", "bad", "none")}


def _kind(read: Transactions, name: str) -> str:
    if name not in read.loans:
        return "none"
    return "bad" if read.loans[name].bad else "good"


def _headline(page: Page, read: Transactions, computed: Computed) -> None:
    bads = sum(loan.bad for loan in read.loans.values())
    page.note(
        Words(
            f"文件内只发放了 {len(read.loans)} 笔贷款，其中 {bads} 笔坏账；"
            f"另有 {read.loans_beyond} 笔在流水截止之后发放，不予使用。"
            "样本太少，不给出任何排序能力。",
            f"Only {len(read.loans)} loans were granted within the file, {bads} of them bad; "
            f"{read.loans_beyond} were granted after its end and are left out. That is too few to "
            "say how well anything ranks, so nothing is said.",
        ),
        Tone.WARNING,
    )
    seen = computed.column(_LOAN)
    clean = not np.nansum(seen)
    page.note(
        Words(
            "每个贷款账户的时点是放款当日零点：没有任何账户能看到自己的还款。",
            "The instant of an account with a loan is the first second of the day it was "
            "granted: no account sees a payment of its loan.",
        )
        if clean
        else Words("有账户看到了自己的还款。", "Some accounts see payments of their loan."),
        Tone.GOOD if clean else Tone.BAD,
    )
    page.figures(
        [
            Figure(Words("流水", "Transactions"), read.events.num_rows, kind=Kind.COUNT),
            Figure(Words("账户", "Accounts"), len(read.accounts), kind=Kind.COUNT),
            Figure(
                Words("变量", "Variables"),
                len(computed.variables),
                Words(f"{computed.values.size:,} 个值", f"{computed.values.size:,} values"),
                Kind.COUNT,
            ),
            Figure(
                Words("文件内贷款", "Loans within the file"),
                len(read.loans),
                Words(f"{bads} 笔坏账", f"{bads} bad"),
                Kind.COUNT,
            ),
        ]
    )


def _quality(page: Page, read: Transactions, ready: Ready) -> None:
    page.section(Words("数据质量", "Data quality"))
    add_rows(page, ready)
    chain = read.chain
    page.table(
        [Words("余额", "Balances"), Column(Words("笔数", "Transactions"), Kind.COUNT)],
        [
            (Words("等于上一余额加本笔", "are the one before plus the amount"), chain.exact),
            (
                Words("差额不超过 0.10，舍入所致", "miss it by up to 0.10, by rounding"),
                chain.rounded,
            ),
            (Words("对不上", "do not follow"), chain.broken),
        ],
        caption=Words("余额是否接得上", "Whether balances follow from amounts"),
    )
    page.paragraph(
        Words(
            "文件没有时刻；同一账户同一日的先后按余额链还原，因为编号的次序多半与之不符。",
            "The file has no time of day. The order within a day is taken from the balances, "
            "since the order of the numbers mostly contradicts them.",
        )
    )


def _loans(page: Page, read: Transactions, computed: Computed) -> None:
    masks = groups(read)
    words = {
        "good": Words("好", "good loan"),
        "bad": Words("坏", "bad loan"),
        "none": Words("无贷款", "no loan"),
    }
    page.section(
        Words("放款前的账户", "Accounts before the loan"),
        Words(
            "四分位数；坏账组仅数户，图只作示意。无贷款账户取文件末日。",
            "Quartiles. The bad ones are a handful: the charts show, they prove nothing. "
            "Accounts without a loan are taken at the end of the file.",
        ),
    )
    texts = {each.name: Words(each.text.zh, each.text.en) for each in computed.variables}
    for name, kind in _SHOWN:
        values = computed.column(name)
        cuts = [_quartiles(values[mask]) for mask in masks.values()]
        page.bar_chart(
            texts[name],
            [words[group] for group in masks],
            [
                Bars(f"{share:.0%}", [each[place] for each in cuts])
                for place, share in enumerate(_QUARTILES)
            ],
            Axes(kind=kind),
        )


def _quartiles(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[float | None, ...]:
    here = values[~np.isnan(values)]
    if not here.size:
        return (None,) * len(_QUARTILES)
    return tuple(float(each) for each in np.quantile(here, _QUARTILES))


def _assumptions(page: Page) -> None:
    page.section(Words("假设", "Assumptions"))
    for text in (
        Words(
            "流水次日零点（布拉格时间）可知。",
            "A transaction is known from the first second of the next day in Prague.",
        ),
        Words(
            "文件最后一日 1994-03-31 不完整。",
            "The last day of the file, 1994-03-31, is not whole.",
        ),
        Words(
            "对方账户为 0 的 763 笔视为无对方。",
            "The account 0 on the other side, without a bank, is taken as nobody's.",
        ),
    ):
        page.paragraph(text)
