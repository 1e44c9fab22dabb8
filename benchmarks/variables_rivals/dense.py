"""Cells of borrowers as arrays, for rivals that finish in numpy: the sixteen aggregates of them.

A cell array is float64[borrowers, 63, 7] or float64[borrowers, 21, 3, 7]: filters by windows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from variables_rivals.workload import AGGREGATES, COLUMNS, DAY, FILTERS, WINDOWS, Answers

# Sums and extremes of a cell, from which arithmetic gives the rest: number, amounts, their squares,
# days of age, their squares, amounts times days, extremes of amount and age, newest amount, keys.
BASE = ("n", "a", "aa", "d", "dd", "ad", "low", "high", "young", "old", "last", "keys")
_KEPT = np.array([
    number * len(WINDOWS) * len(AGGREGATES) + window * len(AGGREGATES) + AGGREGATES.index(aggregate)
    for number, window, aggregate in COLUMNS
])  # fmt: skip


def aggregates(cells: Mapping[str, np.ndarray], out: np.ndarray) -> None:
    """Write the aggregates of `BASE` cells into float64[16, ...cells]; what is not finite is none.

    ``std`` may be given too; then the squares ``aa`` are not needed.
    """
    n, a, d = cells["n"], cells["a"], cells["d"]
    whole = (slice(None), *(slice(-1, None) for _ in range(n.ndim - 2)))  # the filter of all events
    with np.errstate(all="ignore"):
        np.divide(a, n, out=out[2])
        if "std" in cells:
            out[5] = cells["std"]
        else:
            np.sqrt((n * cells["aa"] - a * a) / (n * (n - 1)), out=out[5])
        np.divide(out[5], np.abs(out[2]), out=out[6])
        np.divide(a * d - n * cells["ad"], n * cells["dd"] - d * d, out=out[8])
        np.divide(cells["young"], DAY, out=out[9])
        np.divide(cells["old"], DAY, out=out[10])
        np.divide(cells["old"] - cells["young"], DAY * (n - 1), out=out[11])
        np.divide(a, a[whole], out=out[13])
        np.divide(n, n[whole], out=out[14])
        np.divide(n[..., :-1], n[..., 1:], out=out[15][..., :-1])
    for place, name in ((0, "n"), (1, "a"), (3, "low"), (4, "high"), (7, "last"), (12, "keys")):
        out[place] = cells[name]


def arranged(out: np.ndarray) -> Answers:
    """Aggregates float64[16, borrowers, ...cells] in the order of `COLUMNS`."""
    flat = out.reshape(len(AGGREGATES), -1, len(FILTERS), len(WINDOWS))
    values = np.moveaxis(flat, 0, -1).reshape(flat.shape[1], -1)[:, _KEPT]
    borrowers = np.arange(len(values))
    return Answers(
        borrowers, np.arange(len(COLUMNS)), np.where(np.isfinite(values), values, np.nan)
    )
