"""What chance leaves open of a share."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()


def wilson(hits: float, count: float, *, level: float = 0.95) -> tuple[float, float]:
    """The score interval of ``hits`` of ``count`` rows, of which there is at least one.

    It holds for small counts and for shares near nothing (E. B. Wilson, Journal of the American
    Statistical Association 22, 1927, p. 209-212).
    """
    z = _NORMAL.inv_cdf((1 + level) / 2)
    share, square = hits / count, z * z / count
    middle = (share + square / 2) / (1 + square)
    half = z * math.sqrt(share * (1 - share) / count + square / (4 * count)) / (1 + square)
    # At the ends the bound is the end itself; rounding would leave it a hair inside.
    low = middle - half if hits else 0.0
    high = middle + half if hits < count else 1.0
    return max(0.0, low), min(1.0, high)
