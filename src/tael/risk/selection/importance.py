"""Which variables trees use, time after time: stability selection over stretches of time.

Meinshausen and Bühlmann, Stability selection, Journal of the Royal Statistical Society B 72, 2010:
what is chosen again and again on parts of the data is chosen for a reason. The parts are all
blocks of time but one; a tree sees a few variables, so that copies do not hide one another.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from tael.risk.extras import need
from tael.risk.sample import Floats, Ints
from tael.risk.selection.evidence import Evidence

_BINS = 63
_LEAF_BADS = 5.0  # a leaf has the rows that hold so many bads on average
_SUBTRACTED = 20


@dataclass(frozen=True, eq=False)
class Importance:
    """How trees used the variables.

    Attributes:
        chosen: float64 [variables]: share of the folds in which a tree used it.
        gain: float64 [variables]: share of the gain of all splits, mean of the folds.
    """

    chosen: Floats
    gain: Floats


def importance(evidence: Evidence, alive: Ints) -> Importance:
    """Gain by variable over folds of time; zeros for those not in ``alive``.

    Raises:
        BadInput: lightgbm is not installed.
    """
    lightgbm = need("lightgbm", "models")
    asked, sample = evidence.settings.boosting, evidence.sample
    # By name: trees break ties by place, and the order of a plan must not choose.
    ordered = np.array(sorted(alive.tolist(), key=evidence.names.__getitem__), dtype=np.int64)
    chosen, gain = np.zeros((2, len(evidence.names)))
    if not len(ordered):  # every variable was dropped before: there is nothing to grow trees on
        return Importance(chosen, gain)
    rows = np.flatnonzero(evidence.prebins.used)
    matrix = np.empty((len(rows), len(ordered)), dtype=np.float32)
    for place, i in enumerate(ordered.tolist()):
        matrix[:, place] = sample.values[i, rows]
    whole = lightgbm.Dataset(
        matrix,
        sample.bad[rows],
        weight=evidence.weight[rows],
        params={**_parameters(evidence), "num_threads": evidence.settings.threads},
    ).construct()
    folds = min(asked.folds, evidence.blocks)
    parts = [
        whole.subset(np.flatnonzero(evidence.block[rows] != fold)).construct()
        for fold in range(folds)
    ]

    def gains(fold: int) -> Floats:
        told = {**_parameters(evidence), "seed": evidence.settings.seed + fold}
        grown = lightgbm.train(told, parts[fold], asked.trees)
        found: Floats = grown.feature_importance("gain")
        return found

    # A thread a fold: the threads of one tree would wait for one another at every leaf.
    with ThreadPoolExecutor(evidence.settings.threads) as pool:
        for found in pool.map(gains, range(folds)):
            chosen[ordered] += (found > 0) / folds
            gain[ordered] += found / max(float(found.sum()), 1e-300) / folds
    return Importance(chosen, gain)


def _parameters(evidence: Evidence) -> dict[str, object]:
    asked = evidence.settings.boosting
    used = evidence.prebins.used
    bads = float((used & evidence.bads).sum())
    return {
        "objective": "binary",
        "num_leaves": asked.leaves,
        "learning_rate": asked.learning_rate,
        "feature_fraction": asked.sampled,
        "min_data_in_leaf": max(_SUBTRACTED, int(_LEAF_BADS * used.sum() / bads / 2)),
        "lambda_l2": 1.0,
        "max_bin": _BINS,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
