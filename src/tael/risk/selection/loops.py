"""The loop that counts codes by group; compiled, loaded only when a funnel runs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled


@compiled
def tabulate(
    codes: npt.NDArray[np.uint8],
    group: npt.NDArray[np.int64],
    weight: npt.NDArray[np.float64],
    out: npt.NDArray[np.float64],
) -> None:
    """Add weights to ``out`` [variables, groups, codes]; a group below zero does not count."""
    for i in range(codes.shape[0]):
        for row in range(codes.shape[1]):
            if group[row] >= 0:
                out[i, group[row], codes[i, row]] += weight[row]
