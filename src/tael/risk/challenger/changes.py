"""Which groups would be approved more or less often by the challenger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from tael.risk.calibration.calibrator import effective
from tael.risk.columns import Bools, Column
from tael.risk.fairness.groups import split
from tael.risk.measures import Interval
from tael.risk.sample import Sample


@dataclass(frozen=True, slots=True)
class Change:
    """A group's approval rate by the challenger less that by the champion.

    Attributes:
        group: its name.
        rows: how many.
        change: in parts of one; both models approve as many in all, so what one group gains
            others lose. The interval is paired, and Bonferroni's over all groups.
    """

    group: str
    rows: int
    change: Interval


def approval_changes(
    values: Column,
    approvals: tuple[Bools, Bools],
    sample: Sample,
    *,
    min_rows: int = 100,
    level: float = 0.95,
) -> tuple[Change, ...]:
    """The change of every group of ``values`` [rows]; small ones together.

    The variance is that of the paired differences: McNemar, Psychometrika 12 (1947) 153-157; with
    many groups the worst of them looks bad by chance alone, hence the correction.

    Raises:
        BadInput: groups of another length, or one group only.
    """
    groups = split(values, sample.rows, min_rows)
    z = NormalDist().inv_cdf(1 - (1 - level) / 2 / len(groups))
    found = []
    for group in groups:
        weight = sample.weight[group.rows]
        before, after = (one[group.rows] for one in approvals)
        total = float(weight.sum())
        entered = float(weight[after & ~before].sum()) / total
        left = float(weight[before & ~after].sum()) / total
        change = entered - left
        width = z * math.sqrt(max(entered + left - change**2, 0.0) / effective(weight))
        interval = Interval(change, change - width, change + width)
        found.append(Change(group.name, int(group.rows.sum()), interval))
    return tuple(found)
