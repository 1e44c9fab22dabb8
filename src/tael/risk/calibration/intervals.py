"""Exact intervals of shares and counts, where a normal approximation would mislead."""

from __future__ import annotations

import math

from tael.kernel import BadInput
from tael.risk.calibration.distributions import beta_cdf, beta_quantile, gamma_quantile
from tael.risk.measures import Interval


def jeffreys(bads: float, count: float, *, level: float = 0.95) -> Interval:
    """The share of bads with its equal-tailed Jeffreys interval.

    Beta(bads + 1/2, goods + 1/2); the lower bound is 0 without bads, the upper 1 without goods.
    Brown, Cai and DasGupta, Interval Estimation for a Binomial Proportion, Statistical Science
    16 (2001), section 3.1.1. Counts may be fractions (weighted rows).

    Raises:
        BadInput: bads outside 0 to ``count``, or no row.
    """
    _check(bads, count, level)
    tail, goods = (1.0 - level) / 2.0, count - bads
    low = beta_quantile(tail, bads + 0.5, goods + 0.5) if bads > 0 else 0.0
    high = beta_quantile(1.0 - tail, bads + 0.5, goods + 0.5) if goods > 0 else 1.0
    return Interval(bads / count, low, high)


def jeffreys_test(bads: float, count: float, pd: float) -> float:
    """How likely the true rate lies at or below ``pd``: small means that ``pd`` is too low.

    The distribution function of Beta(bads + 1/2, goods + 1/2) at ``pd``: the one-sided p-value of
    the hypothesis that the estimate is not below the truth. European Central Bank, Instructions
    for reporting the validation results of internal models (February 2019), section 2.5.3.1.

    Raises:
        BadInput: as ``jeffreys``.
    """
    _check(bads, count, 0.5)
    return beta_cdf(pd, bads + 0.5, count - bads + 0.5)


def upper_bound(bads: float, count: float, confidence: float) -> float:
    """The largest rate that ``confidence`` does not rule out (Clopper and Pearson 1934).

    Raises:
        BadInput: as ``jeffreys``.
    """
    _check(bads, count, confidence)
    return beta_quantile(confidence, bads + 1.0, count - bads) if bads < count else 1.0


def poisson(events: float, *, level: float = 0.95) -> Interval:
    """The expected number behind ``events`` seen, with its exact interval (Garwood 1936).

    Raises:
        BadInput: a number below zero.
    """
    if not (math.isfinite(events) and events >= 0):
        raise BadInput(f"{events!r} is no number of events", field="events", rule="not below zero")
    tail = (1.0 - level) / 2.0
    low = gamma_quantile(tail, events) if events > 0 else 0.0
    return Interval(float(events), low, gamma_quantile(1.0 - tail, events + 1.0))


def expected_to_observed(expected: float, bads: float, *, level: float = 0.95) -> Interval:
    """Predicted over observed bads, with the interval that the number of bads leaves open.

    The expectation counts as known; only the bads vary, as a Poisson number does. Without bads the
    ratio and its upper bound are infinite.

    Raises:
        BadInput: a number below zero, or an expectation of zero.
    """
    if not (math.isfinite(expected) and expected > 0):
        raise BadInput(f"{expected!r} bads expected", field="expected", rule="above zero")
    seen = poisson(bads, level=level)

    def ratio(count: float) -> float:
        return expected / count if count > 0 else math.inf

    return Interval(ratio(seen.value), ratio(seen.high), ratio(seen.low))


def _check(bads: float, count: float, level: float) -> None:
    if not (math.isfinite(count) and count > 0 and 0 <= bads <= count):
        raise BadInput(
            f"{bads!r} bads among {count!r} rows", field="bads", rule="0 <= bads <= rows, rows > 0"
        )
    if not 0.0 < level < 1.0:
        raise BadInput(f"{level!r} is no level", field="level", rule="between 0 and 1")
