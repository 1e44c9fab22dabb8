"""Sums over bins: of what each variable's bin adds to a row, and of what rows add to each bin."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled

Floats: TypeAlias = npt.NDArray[np.float64]
Codes: TypeAlias = npt.NDArray[np.uint8]

BLOCK = 4096  # rows whose sums stay in the cache while the variables pass


@compiled
def add_rows(first: int, last: int, codes: Codes, table: Floats, out: Floats) -> None:
    """``out[row] += table[variable, code]`` over all variables, in their order."""
    for begin in range(first, last, BLOCK):
        end = min(begin + BLOCK, last)
        for j in range(codes.shape[0]):
            for row in range(begin, end):
                out[row] += table[j, codes[j, row]]


@compiled
def add_bins(first: int, last: int, codes: Codes, value: Floats, out: Floats) -> None:
    """``out[variable, code] += value[row]`` over all rows, in their order."""
    for j in range(first, last):
        for row in range(codes.shape[1]):
            out[j, codes[j, row]] += value[row]
