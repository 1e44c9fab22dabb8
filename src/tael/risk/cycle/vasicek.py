"""One common factor behind all defaults: Vasicek's link, Basel's correlations, an estimate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.calibration.distributions import normal_cdf, normal_quantile
from tael.risk.columns import Floats

_LEAST_YEARS = 3


def conditional_pd(pd: npt.ArrayLike, rho: float, factor: npt.ArrayLike) -> Floats:
    """The probability of default in a state of the economy.

    Phi((Phi^-1(pd) - sqrt(rho) factor) / sqrt(1 - rho)); ``factor`` is standard normal, low in bad
    years. Vasicek, The distribution of loan portfolio value, Risk (December 2002). The mean over
    the factor is ``pd``.

    Raises:
        BadInput: a PD outside 0 to 1, or a correlation outside [0, 1).
    """
    chances = _checked(pd, rho)
    moved = _quantiles(chances) - math.sqrt(rho) * np.asarray(factor, dtype=np.float64)
    return normal_cdf(moved / math.sqrt(1.0 - rho))


def implied_factor(pd: float, seen: float, rho: float) -> float:
    """The state of the economy in which ``pd`` becomes ``seen``; below zero in a bad year.

    Raises:
        BadInput: as ``conditional_pd``, or a correlation of zero.
    """
    _checked([pd, seen], rho)
    if rho == 0.0:
        raise BadInput("without correlation there is no factor", field="rho", rule="above zero")
    through, here = normal_quantile([pd, seen]).tolist()
    return float((through - math.sqrt(1.0 - rho) * here) / math.sqrt(rho))


@dataclass(frozen=True, slots=True)
class Correlation:
    """A supervisory asset correlation: from ``high`` at a PD of 0 to ``low`` at a high PD.

    Basel Committee, CRE31 (2019): corporates 31.5, small firms 31.9, other retail 31.24.

    Attributes:
        low, high: the bounds.
        decay: how fast it falls with the PD.
    """

    low: float
    high: float
    decay: float

    def of(self, pd: float) -> float:
        """The correlation at a PD: low w + high (1 - w), w = (1 - e^(-decay pd)) / (1 - e^-decay).

        Raises:
            BadInput: not a PD.
        """
        _checked([pd], 0.0)
        weight = math.expm1(-self.decay * pd) / math.expm1(-self.decay)
        return self.low * weight + self.high * (1.0 - weight)


CORPORATE = Correlation(0.12, 0.24, 50.0)
OTHER_RETAIL = Correlation(0.03, 0.16, 35.0)
MORTGAGE = Correlation(0.15, 0.15, 35.0)
_SMALLEST_SALES, _LARGEST_SALES, _SMALL_FIRM_RELIEF = 5.0, 50.0, 0.04


def small_firm_correlation(pd: float, sales_million: float) -> float:
    """The corporate correlation less up to 0.04 for small firms.

    ``sales_million`` are annual sales in million euro, read as 5 below 5 and as 50 above: 0.04 *
    (1 - (S - 5) / 45). Basel Committee, CRE31.9. Firms below a million of exposure may count as
    ``OTHER_RETAIL`` instead (CRE20.65).

    Raises:
        BadInput: not a PD.
    """
    sales = min(max(sales_million, _SMALLEST_SALES), _LARGEST_SALES)
    relief = 1.0 - (sales - _SMALLEST_SALES) / (_LARGEST_SALES - _SMALLEST_SALES)
    return CORPORATE.of(pd) - _SMALL_FIRM_RELIEF * relief


def estimate_correlation(bads: Sequence[float], counts: Sequence[float]) -> float:
    """The correlation that yearly default rates show, by moments.

    The variance v of Phi^-1(rate) is rho / (1 - rho) under Vasicek's model; the variance that
    binomial sampling alone would give is taken off first, or small books would look correlated.
    Duellmann and Gehde-Trapp, Bundesbank discussion paper 2004/02, section 3.2 (moments). With few
    years it is far too low as often as far too high: read it beside the supervisory one.

    Raises:
        BadInput: fewer than three years, or bads outside 0 to count.
    """
    seen, total = (np.asarray(side, dtype=np.float64) for side in (bads, counts))
    if len(seen) < _LEAST_YEARS or len(seen) != len(total):
        raise BadInput(
            f"{len(seen)} years; {_LEAST_YEARS} are needed", field="years", rule="three or more"
        )
    if (seen < 0).any() or (seen > total).any() or not (total > 0).all():
        raise BadInput("bads lie between 0 and the count", field="bads", rule="0 <= bads <= count")
    rate = (seen + 0.5) / (total + 1.0)
    scores = normal_quantile(rate)
    density = np.exp(-(scores**2) / 2.0) / math.sqrt(2.0 * math.pi)
    noise = float(np.mean(rate * (1.0 - rate) / total / density**2))
    variance = max(float(np.var(scores, ddof=1)) - noise, 0.0)
    return variance / (1.0 + variance)


def _quantiles(chances: Floats) -> Floats:
    ends = (chances <= 0) | (chances >= 1)
    inside: Floats = normal_quantile(np.where(ends, 0.5, chances))
    return np.where(ends, np.where(chances <= 0, -np.inf, np.inf), inside)


def _checked(pd: npt.ArrayLike, rho: float) -> Floats:
    chances = np.asarray(pd, dtype=np.float64)
    if not (np.isfinite(chances).all() and (chances >= 0).all() and (chances <= 1).all()):
        raise BadInput("a PD lies between 0 and 1", field="pd", rule="a probability")
    if not 0.0 <= rho < 1.0:
        raise BadInput(f"a correlation of {rho!r}", field="rho", rule="0 <= rho < 1")
    return chances
