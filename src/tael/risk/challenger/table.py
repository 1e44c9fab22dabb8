"""A verdict as tables for a page, in both languages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TypeAlias

from tael.kernel import Refusal
from tael.report import Column, Kind, Words
from tael.risk.challenger.compare import Verdict
from tael.risk.challenger.swap import SwapSet

Cell: TypeAlias = str | Words | float | int | None

REFUSAL_WORDS: Mapping[str, Words] = {
    "challenger.other_data": Words(
        "{model} 评分所用的数据与本样本不同", "{model} scored other rows than these"
    ),
    "challenger.other_plan": Words(
        "{model} 读取的变量方案与本样本不同", "{model} read another plan of variables"
    ),
    "challenger.too_few_bads": Words(
        "坏客户 {bads}、好客户 {goods}, 各需 {needed}",
        "{bads} bads and {goods} goods; {needed} of each are needed",
    ),
}
CLAUSE_COLUMNS = (
    Column(Words("条款", "Clause")),
    Column(Words("数值", "Figure"), Kind.NUMBER, 4),
    Column(Words("下限", "Low"), Kind.NUMBER, 4),
    Column(Words("上限", "High"), Kind.NUMBER, 4),
    Column(Words("结果", "Result")),
)
SWAP_COLUMNS = (
    Column(Words("部分", "Part")),
    Column(Words("笔数", "Rows"), Kind.COUNT),
    Column(Words("占比", "Share"), Kind.PERCENT),
    Column(Words("坏账率", "Bad rate"), Kind.PERCENT, 2),
    Column(Words("下限", "Low"), Kind.PERCENT, 2),
    Column(Words("上限", "High"), Kind.PERCENT, 2),
)
_PARTS: Mapping[str, Words] = {
    "both": Words("均批准", "both approve"),
    "swapped_in": Words("换入", "swapped in"),
    "swapped_out": Words("换出", "swapped out"),
    "neither": Words("均拒绝", "neither approves"),
}
_PASSED = {True: Words("通过", "passed"), False: Words("未通过", "failed")}


def refusal_words(refusal: Refusal) -> Words:
    """A refusal of this package as a sentence."""
    text = REFUSAL_WORDS[refusal.code]
    return Words(text.zh.format(**refusal.detail), text.en.format(**refusal.detail))


def clause_rows(verdict: Verdict) -> list[tuple[Cell, ...]]:
    """One row for each clause, as ``CLAUSE_COLUMNS`` heads them; no bound where it has none."""

    def bound(value: float) -> float | None:
        return value if math.isfinite(value) else None

    return [
        (one.words, one.figure, bound(one.low), bound(one.high), _PASSED[one.passed])
        for one in verdict.clauses
    ]


def swap_rows(swap: SwapSet) -> list[tuple[Cell, ...]]:
    """The four parts, as ``SWAP_COLUMNS`` heads them."""
    found: list[tuple[Cell, ...]] = []
    for name, words in _PARTS.items():
        part = getattr(swap, name)
        rate = part.bad.rate
        bounds = (rate.value, rate.low, rate.high) if rate else (None, None, None)
        found.append((words, part.rows, part.share, *bounds))
    return found
