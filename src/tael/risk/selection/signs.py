"""Stability of the direction: does each stretch of time rank as the others say it should?"""

from __future__ import annotations

import numpy as np

from tael.risk.sample import Floats, Ints
from tael.risk.selection.evidence import Dropped, Evidence

_PRIOR_ROWS = 50.0
_NEAR = (1.0, 2.0, 3.0, 2.0, 1.0)  # neighbouring pieces lend one another weight


def signs(evidence: Evidence, alive: Ints) -> list[Dropped]:
    """Variables whose order of risk one block contradicts, or too few blocks share.

    The order of the pieces is learnt on all blocks but one, smoothed over neighbours, so that a
    direction need not be a straight one; the block left out is ranked by it.
    """
    asked = evidence.settings.stability
    area, error = areas_by_block(evidence, alive)
    against = ((0.5 - area) / error).max(axis=1)
    agreeing = (area > 0.5).mean(axis=1)  # noqa: PLR2004 - one half is no order
    found = []
    for k, i in enumerate(alive.tolist()):
        if against[k] > asked.against:
            found.append(Dropped(i, "sign_against", float(against[k]), asked.against))
        elif agreeing[k] < asked.agreeing:
            found.append(Dropped(i, "sign_agreeing", float(agreeing[k]), asked.agreeing))
    return found


def areas_by_block(evidence: Evidence, alive: Ints) -> tuple[Floats, Floats]:
    """AUC of each block by the others' order, and the standard error of no order at all.

    Mann and Whitney, Annals of Mathematical Statistics 18, 1947.

    Returns:
        float64 [alive, blocks] and float64 [blocks].
    """
    counts = evidence.counts[alive]
    total = counts.sum(axis=1)
    areas = np.empty((len(alive), evidence.blocks))
    for block in range(evidence.blocks):
        held = counts[:, block]
        areas[:, block] = _areas(held, _risk(total - held, evidence.prebins.most))
    rows = evidence.counts[0].sum(axis=2)
    return areas, np.sqrt((rows.sum(axis=1) + 1) / (12 * rows.prod(axis=1)))


def _risk(counts: Floats, most: int) -> Floats:
    """Smoothed share of bads by piece: float64 [variables, codes]."""
    smooth = counts.copy()
    numeric = np.pad(counts[:, :, :most], ((0, 0), (0, 0), (2, 2)))
    smooth[:, :, :most] = sum(w * numeric[:, :, k : k + most] for k, w in enumerate(_NEAR))
    rows = smooth.sum(axis=1)
    totals = counts.sum(axis=2)
    rate = (totals[:, 1] / totals.sum(axis=1))[:, None]
    found: Floats = (smooth[:, 1] + _PRIOR_ROWS * rate) / (rows + _PRIOR_ROWS)
    return found


def _areas(counts: Floats, score: Floats) -> Floats:
    order = np.argsort(score, axis=1, kind="stable")
    goods = np.take_along_axis(counts[:, 0], order, axis=1)
    bads = np.take_along_axis(counts[:, 1], order, axis=1)
    below = np.cumsum(goods, axis=1) - goods / 2
    every = goods.sum(axis=1) * bads.sum(axis=1)
    found: Floats = (bads * below).sum(axis=1) / every
    return found
