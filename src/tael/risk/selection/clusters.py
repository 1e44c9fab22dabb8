"""Clusters of variables that rank borrowers alike; of each the strongest one to three stay."""

from __future__ import annotations

import numpy as np

from tael.risk.sample import Bools, Floats, Ints, Values
from tael.risk.selection.evidence import EXACT_ROWS, Dropped, Evidence
from tael.risk.selection.leaks import correlations

_BLOCK = 512  # leaders compared at a time
_CANDIDATES = 32  # members of a cluster that may stay beside its leader


def clusters(evidence: Evidence, alive: Ints, iv: Floats) -> list[Dropped]:
    """Variables too close to a stronger one.

    The strongest by information value that is in no cluster leads one and takes all that correlate
    with it (ranks of pieces, Pearson) from ``correlation`` on. Whole numbers are multiplied, so
    that sums are exact; memory is 4 bytes a row and variable of ``alive``.
    """
    # Information values are compared as the record tells them; then names decide.
    order = sorted(alive.tolist(), key=lambda i: (-float(f"{iv[i]:.6g}"), evidence.names[i]))
    ordered = np.array(order, dtype=np.int64)
    asked = evidence.settings.clusters
    graded = evidence.graded(ordered, _rows(evidence))
    leader = np.full(len(ordered), -1)
    close = np.zeros(len(ordered))
    for first in range(0, len(ordered), _BLOCK):
        free = np.arange(first, min(first + _BLOCK, len(ordered)))
        free = free[leader[free] < 0]
        later = np.arange(first, len(ordered))
        later = later[leader[later] < 0]
        between = np.abs(correlations(graded[free], graded[later]))
        for k, i in enumerate(free.tolist()):
            if leader[i] >= 0:
                continue
            members = later[(between[k] >= asked.correlation) & (leader[later] < 0) & (later > i)]
            leader[i], leader[members] = i, i
            close[members] = between[k][np.searchsorted(later, members)]
    stays = _stays(evidence, graded, leader)
    return [
        Dropped(
            int(ordered[i]), "cluster", float(close[i]), asked.correlation,
            evidence.names[int(ordered[leader[i]])],
        )
        for i in range(len(ordered))
        if not stays[i]
    ]  # fmt: skip


def _rows(evidence: Evidence) -> Ints:
    """The rows to compare: all that count, or an even part where sums would not be exact."""
    rows = np.flatnonzero(evidence.prebins.used)
    if len(rows) > EXACT_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, EXACT_ROWS).astype(np.int64)]
    return rows.astype(np.int64)


def _stays(evidence: Evidence, graded: Values, leader: Ints) -> Bools:
    asked = evidence.settings.clusters
    stays: Bools = leader == np.arange(len(leader))
    size = np.bincount(leader, minlength=len(leader))
    for i in np.flatnonzero(stays & (size > asked.each)).tolist():
        members = np.flatnonzero(leader == i)[: _CANDIDATES + 1]
        allowed = min(asked.most, 1 + int(size[i]) // asked.each)
        between = np.abs(correlations(graded[members], graded[members]))
        kept = [0]
        for k in range(1, len(members)):
            if len(kept) < allowed and between[k, kept].max() < asked.copy:
                kept.append(k)
        stays[members[kept]] = True
    return stays
