"""How well a model ranks, told from its own probabilities before any outcome is known.

If the probabilities are right, so is what they let expect. This is what NannyML calls
confidence-based performance estimation (its documentation, "Confidence-based Performance Estimation
(CBPE)"). It sees a population that became harder to rank, never a changed link between variables
and outcome: watch calibration and early bads for that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.risk.measures import Interval
from tael.risk.sample import Floats

_PERCENT = 100.0


@dataclass(frozen=True, slots=True)
class Expected:
    """What probabilities let expect of the rows that have them, with intervals for what is seen.

    Attributes:
        auc: expected pairs ranked rightly over expected pairs.
        ks: mean of the simulated gaps.
        bad_rate: mean probability.
    """

    auc: Interval
    ks: Interval
    bad_rate: Interval


def expected_auc(pd: Floats) -> float:
    """The AUC that probabilities ``pd`` let expect if they are right.

    The sum over pairs i, j of p_i (1 - p_j), where p_i > p_j (half where equal), over the same sum
    for all pairs; a row is no pair with itself. Not a number where all are 0 or all are 1.
    """
    p = np.sort(np.asarray(pd, dtype=np.float64))
    ends = _ends(p)
    bads, goods = np.cumsum(p)[ends], np.cumsum(1 - p)[ends]
    below = np.concatenate([[0.0], goods[:-1]])
    bads_here, goods_here = np.diff(bads, prepend=0.0), np.diff(goods, prepend=0.0)
    own = float((p * (1 - p)).sum())
    right = float((bads_here * (below + goods_here / 2)).sum()) - own / 2
    pairs = float(bads[-1] * goods[-1]) - own
    return right / pairs if pairs > 0 else float("nan")


def expected(pd: Floats, *, level: float = 0.95, draws: int = 200, seed: int = 0) -> Expected:
    """AUC, KS and bad rate that ``pd`` lets expect; the same for any order of rows.

    The interval holds what would be seen on these rows: outcomes are drawn from the probabilities
    ``draws`` times (a parametric bootstrap: Efron and Tibshirani, 1993, section 6.5). Draws without
    goods or without bads say nothing of ranks and are left out.
    """
    p = np.sort(np.asarray(pd, dtype=np.float64))
    random = np.random.Generator(np.random.PCG64(seed))
    ends = _ends(p)
    aucs, gaps, rates = [], [], []
    for _ in range(draws):
        bad = random.random(len(p)) < p
        rates.append(bad.mean())
        bads = np.cumsum(bad)[ends].astype(np.float64)
        goods = (ends + 1) - bads
        if bads[-1] and goods[-1]:
            here, below = np.diff(bads, prepend=0.0), np.concatenate([[0.0], goods[:-1]])
            right = here * (below + (goods - below) / 2)
            aucs.append(right.sum() / (bads[-1] * goods[-1]))
            gaps.append(np.abs(bads / bads[-1] - goods / goods[-1]).max())
    return Expected(
        _interval(expected_auc(p), aucs, level),
        _interval(float(np.mean(gaps)) if gaps else float("nan"), gaps, level),
        _interval(float(p.mean()), rates, level),
    )


def _ends(ordered: Floats) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The last row of each run of equal values."""
    return np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))


def _interval(value: float, draws: list[float], level: float) -> Interval:
    if not draws:
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - level) / 2 * _PERCENT
    low, high = np.percentile(draws, [tail, _PERCENT - tail])
    return Interval(value, float(low), float(high))
