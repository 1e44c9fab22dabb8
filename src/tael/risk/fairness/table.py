"""Groups side by side as a table for a page, in both languages."""

from __future__ import annotations

from typing import TypeAlias

from tael.report import Column, Kind, Words
from tael.risk.fairness.assess import Fairness
from tael.risk.fairness.shares import Share
from tael.risk.measures import Interval

Cell: TypeAlias = str | float | int | None

GROUP_COLUMNS = (
    Column(Words("组", "Group")),
    Column(Words("笔数", "Rows"), Kind.COUNT),
    Column(Words("坏", "Bads"), Kind.COUNT),
    Column(Words("通过率", "Approved"), Kind.PERCENT),
    Column(Words("与最高组之比", "Ratio to the highest"), Kind.NUMBER, 2),
    Column(Words("下限", "Low"), Kind.NUMBER, 2),
    Column(Words("上限", "High"), Kind.NUMBER, 2),
    Column(Words("好客户被拒", "Goods refused"), Kind.PERCENT),
    Column(Words("坏客户获批", "Bads approved"), Kind.PERCENT),
    Column(Words("平均 PD", "Mean PD"), Kind.PERCENT, 2),
    Column(Words("实际坏账率", "Observed"), Kind.PERCENT, 2),
    Column(Words("预测/实际", "Predicted / observed"), Kind.NUMBER, 2),
    Column(Words("AUC", "AUC"), Kind.NUMBER, 3),
)


def group_rows(found: Fairness) -> list[tuple[Cell, ...]]:
    """One row for each group, as ``GROUP_COLUMNS`` heads them; a dash where it is not judged."""
    return [
        (
            one.name, one.rows, one.bads, _rate(one.approval), _value(one.approval_ratio),
            one.approval_ratio.low if one.approval_ratio else None,
            one.approval_ratio.high if one.approval_ratio else None,
            _rate(one.goods_refused), _rate(one.bads_approved), one.mean_pd, _rate(one.observed),
            _value(one.calibration), _value(one.auc),
        )
        for one in found.groups
    ]  # fmt: skip


def _rate(share: Share | None) -> float | None:
    return share.rate.value if share and share.rate else None


def _value(interval: Interval | None) -> float | None:
    return interval.value if interval else None
