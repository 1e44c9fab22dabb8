"""The first step: is anything known, of enough rows, and does it differ from row to row."""

from __future__ import annotations

import numpy as np

from tael.risk.sample import NO_EVENT
from tael.risk.selection.evidence import Dropped, Evidence


def coverage(evidence: Evidence) -> list[Dropped]:
    """Variables without a value, constant, of too few rows, or nearly constant."""
    asked, most = evidence.settings.coverage, evidence.prebins.most
    by_block = evidence.counts.sum(axis=2)
    total = by_block.sum(axis=1)
    rows = total.sum(axis=1)
    values = total[:, :most].sum(axis=1) + total[:, most + 3 :].sum(axis=1)
    covered = (values + total[:, most + NO_EVENT - 1]) / rows
    latest = by_block[:, -1]
    late = latest[:, :most].sum(axis=1) + latest[:, most + 3 :].sum(axis=1)
    late = (late + latest[:, most + NO_EVENT - 1]) / latest.sum(axis=1)
    top = total.max(axis=1) / rows
    kinds = np.count_nonzero(total, axis=1)
    found = []
    for i in range(len(evidence.names)):
        if values[i] == 0:
            found.append(Dropped(i, "all_missing", 0.0, 0.0))
        elif kinds[i] == 1:
            found.append(Dropped(i, "constant", 1.0, 1.0))
        elif covered[i] < asked.least:
            found.append(Dropped(i, "coverage", float(covered[i]), asked.least))
        elif late[i] < asked.least:
            found.append(Dropped(i, "coverage_late", float(late[i]), asked.least))
        elif top[i] > asked.most_same:
            found.append(Dropped(i, "nearly_constant", float(top[i]), asked.most_same))
    return found
