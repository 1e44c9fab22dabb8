"""Least and greatest sum of leaves of a row that is known in part. Imports numba."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled
from tael.risk.kernel.trees import Places

_DEEPEST = 4_096  # places waiting at once: more than any tree has leaves


@compiled
def reach_row(
    row: npt.NDArray[np.float32],
    known: npt.NDArray[np.bool_],
    places: Places,
    out: npt.NDArray[np.float64],
) -> None:
    """``out`` [2]: both sides are gone where float32 ``row`` [variables] is not known."""
    waiting = np.empty(_DEEPEST, np.int32)
    out[0] = out[1] = 0.0
    for tree in range(len(places.start)):
        low, high = np.inf, -np.inf
        waiting[0] = places.start[tree]
        left = 1
        while left:
            left -= 1
            at = waiting[left]
            child = places.child[2 * at]
            if child == at:
                low, high = min(low, places.value[at]), max(high, places.value[at])
                continue
            feature = places.feature[at]
            if known[feature]:
                value = row[feature]
                right = value > places.threshold[at]
                if value != value:  # noqa: PLR0124 - NaN differs from itself
                    right = places.missing_right[at] != 0
                waiting[left] = places.child[2 * at + 1] if right else child
                left += 1
            else:
                waiting[left], waiting[left + 1] = child, places.child[2 * at + 1]
                left += 2
        out[0] += low
        out[1] += high
