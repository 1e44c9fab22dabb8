"""The bias of reject inference as a table for a page, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tael.kernel import Refusal
from tael.report import Column, Kind, Words
from tael.risk.rejects.bias import YARDSTICK, Bias

Cell: TypeAlias = str | Words | float | None

METHOD_WORDS: Mapping[str, Words] = {
    "none": Words("不推断", "none"),
    "augmentation": Words("通过概率倒数加权", "augmentation"),
    "parcelling": Words("分段打包", "parcelling"),
    "fuzzy": Words("模糊增补", "fuzzy"),
    "random_accept": Words("随机放行样本", "random accept cell"),
    "bureau_performance": Words("他行表现", "bureau performance"),
    YARDSTICK: Words("真实结果 (标尺, 实务中没有)", "truth (a yardstick nobody has)"),
}
REFUSAL_WORDS: Mapping[str, Words] = {
    "rejects.none": Words("没有被拒申请", "there are no rejects"),
    "rejects.cell_too_small": Words(
        "随机放行样本不足: {rows} 行、{bads} 个坏客户, 约需 {needed_rows} 行、{needed_bads} 个",
        "control cell too small: {rows} rows, {bads} bads; about {needed_rows} rows and "
        "{needed_bads} bads are needed",
    ),
    "rejects.elsewhere_too_few": Words(
        "他行结果不足: {rows} 行、{bads} 个坏客户, 约需 {needed_rows} 行、{needed_bads} 个",
        "too few outcomes elsewhere: {rows} rows, {bads} bads; about {needed_rows} rows and "
        "{needed_bads} bads are needed",
    ),
}
BIAS_COLUMNS = (
    Column(Words("方法", "Method")),
    Column(Words("被拒者预测 PD", "PD of rejects"), Kind.PERCENT, 2),
    Column(Words("被拒者真实违约率", "True rate of rejects"), Kind.PERCENT, 2),
    Column(Words("预测/真实", "Predicted / true"), Kind.NUMBER, 2),
    Column(Words("已批者预测/真实", "The same, accepted"), Kind.NUMBER, 2),
    Column(Words("全体 AUC", "AUC, everyone"), Kind.NUMBER, 4),
    Column(Words("被拒者 AUC", "AUC, rejects"), Kind.NUMBER, 4),
    Column(Words("被拒者增益下限", "Gain on rejects, low"), Kind.NUMBER, 4),
    Column(Words("上限", "high"), Kind.NUMBER, 4),
    Column(Words("换入坏账率", "Bad rate swapped in"), Kind.PERCENT, 2),
    Column(Words("换出坏账率", "Bad rate swapped out"), Kind.PERCENT, 2),
    Column(Words("备注", "Note")),
)


def refusal_words(refusal: Refusal) -> Words:
    """A refusal of this package as a sentence."""
    text = REFUSAL_WORDS[refusal.code]
    return Words(text.zh.format(**refusal.detail), text.en.format(**refusal.detail))


def bias_rows(found: Mapping[str, Bias | Refusal]) -> list[tuple[Cell, ...]]:
    """One row for each method, as ``BIAS_COLUMNS`` heads them; a refusal says why in its note."""
    return [_row(name, one) for name, one in found.items()]


def _row(name: str, one: Bias | Refusal) -> tuple[Cell, ...]:
    said = METHOD_WORDS.get(name, name)
    if isinstance(one, Refusal):
        return (said, *[None] * (len(BIAS_COLUMNS) - 2), refusal_words(one))
    gain = one.gain.get("rejected")
    entered, left = one.swap.swapped_in.bad.rate, one.swap.swapped_out.bad.rate
    return (
        said, one.rejected.predicted, one.rejected.true.value, one.rejected.ratio,
        one.accepted.ratio, one.auc["everyone"].value, one.auc["rejected"].value,
        gain.low if gain else None, gain.high if gain else None,
        entered.value if entered else None, left.value if left else None, "",
    )  # fmt: skip
