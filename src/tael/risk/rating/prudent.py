"""Portfolios with few or no defaults: the most prudent estimate of Pluto and Tasche."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from tael.kernel import BadInput
from tael.risk.calibration.distributions import beta_cdf
from tael.risk.calibration.intervals import upper_bound
from tael.risk.columns import Floats
from tael.risk.cycle.vasicek import conditional_pd

_STATES = np.linspace(-6.0, 6.0, 161)
_CLOSE = 1e-10


def most_prudent(
    counts: Sequence[int], bads: Sequence[int], *, confidence: float = 0.75, rho: float = 0.0
) -> tuple[float, ...]:
    """An upper bound of the PD of each tier, best first, that never falls as tiers get worse.

    Pluto and Tasche, Estimating probabilities of default for low default portfolios (2005),
    sections 2 to 4: the data do not tell the better tiers from worse ones, so tier i is bounded by
    the pool of itself and of every worse tier: the largest PD at which so few bads would still be
    seen with chance 1 - ``confidence``. With ``rho`` bads hang together through one factor.

    Args:
        counts: loans by tier, from the best.
        bads: bads by tier.
        confidence: 0.5, 0.75 and 0.9 are usual; the choice is a matter of prudence.
        rho: asset correlation; 0 for independent bads.

    Raises:
        BadInput: no loans, bads outside 0 to count, confidence or correlation out of range.
    """
    if len(counts) != len(bads) or not sum(counts) > 0:
        raise BadInput("one number of bads for each tier with loans", field="counts", rule="n > 0")
    for tier, (count, bad) in enumerate(zip(counts, bads, strict=True), 1):
        if not 0 <= bad <= count:
            raise BadInput(
                f"R{tier}: {bad} bads among {count} loans", field="bads", rule="0 <= bads <= loans"
            )
    if not 0.0 < confidence < 1.0 or not 0.0 <= rho < 1.0:
        raise BadInput(
            f"confidence {confidence!r}, correlation {rho!r}",
            field="confidence",
            rule="0 < confidence < 1, 0 <= rho < 1",
        )
    pools = [(sum(counts[i:]), sum(bads[i:])) for i in range(len(counts))]
    found = [_bound(count, bad, confidence, rho) for count, bad in pools]
    # A worst tier without loans is bounded by what bounds the tier before it.
    return tuple(np.maximum.accumulate(found).tolist())


def _bound(count: int, bads: int, confidence: float, rho: float) -> float:
    if not count:
        return 0.0
    if rho == 0.0 or bads == count:
        return upper_bound(bads, count, confidence)
    return _halved(lambda pd: _so_few(pd, count, bads, rho) - (1.0 - confidence))


def _so_few(pd: float, count: int, bads: int, rho: float) -> float:
    """The chance of at most ``bads`` bads: the mean over states of the binomial one."""
    weight: Floats = np.exp(-(_STATES**2) / 2.0)
    weight /= weight.sum()
    by_state = conditional_pd(pd, rho, _STATES).tolist()
    chances = [1.0 - beta_cdf(one, bads + 1.0, count - bads) for one in by_state]
    return math.fsum((weight * chances).tolist())


def _halved(falling: Callable[[float], float]) -> float:
    low, high = 0.0, 1.0
    while high - low > _CLOSE:
        middle = (low + high) / 2.0
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2.0
