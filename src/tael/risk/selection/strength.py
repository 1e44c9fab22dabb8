"""Stability of the population and information against chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.risk.bins import fit_bins, permutation_null
from tael.risk.psi import psi_by
from tael.risk.sample import Floats, Ints
from tael.risk.selection.evidence import Dropped, Evidence

# Information found by chance grows with the pieces a variable has: like is compared with like.
_PIECES = (2, 3, 6, 12, 20)
_ALIKE_LEAST = 400  # values of a class, or all classes serve


def drifts(evidence: Evidence) -> Floats:
    """By variable, the largest population stability index of a block against all rows."""
    everything = np.ones(evidence.sample.rows, dtype=np.bool_)
    shifts = psi_by(evidence.sample, evidence.block, everything, prebins=evidence.prebins)
    found: Floats = shifts.psi.max(axis=1)
    return found


def drifted(evidence: Evidence, alive: Ints, psi: Floats) -> list[Dropped]:
    """Variables whose population moved too far in one block."""
    level = evidence.settings.stability.psi
    return [Dropped(i, "psi", float(psi[i]), level) for i in alive.tolist() if psi[i] > level]


@dataclass(frozen=True, eq=False)
class Values:
    """Information values, and what chance gives variables with as many pieces.

    Attributes:
        iv: float64 [variables].
        chance: float64 [variables].
    """

    iv: Floats
    chance: Floats


def values(evidence: Evidence) -> Values:
    """Information value of every variable, and the quantile of it with permuted outcomes."""
    asked, held = evidence.settings, evidence.prebins
    bins = fit_bins(evidence.sample, held.settings, prebins=held)
    null = permutation_null(
        evidence.sample,
        held.settings,
        asked.strength.permutations,
        asked.seed,
        prebins=held,
    )
    level = asked.strength.quantile
    chance = np.full(len(evidence.names), null.quantile(level))
    alike = np.digitize(held.filled, _PIECES)
    for kind in np.unique(alike).tolist():
        of_kind = null.iv[:, alike == kind]
        if of_kind.size >= _ALIKE_LEAST:
            chance[alike == kind] = np.quantile(of_kind, level)
    return Values(bins.iv, chance)


def chances(alive: Ints, found: Values) -> list[Dropped]:
    """Variables that tell no more than chance."""
    return [
        Dropped(i, "iv", float(found.iv[i]), float(found.chance[i]))
        for i in alive.tolist()
        if found.iv[i] <= found.chance[i]
    ]
