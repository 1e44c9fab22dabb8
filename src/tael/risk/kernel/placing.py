"""Bins of values that were not there when the bins were made."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tael.risk.kernel.compiled import compiled

Floats: TypeAlias = npt.NDArray[np.float64]
Singles: TypeAlias = npt.NDArray[np.float32]
Codes: TypeAlias = npt.NDArray[np.uint8]
Ints: TypeAlias = npt.NDArray[np.int64]

KINDS = 3


class Read(NamedTuple):
    """What is placed, and where.

    Values and reasons [variables, rows], ``cuts`` [variables, numeric - 1] ending in infinities,
    ``filled`` numeric bins a variable, ``special`` codes.
    """

    values: Singles
    reasons: Codes
    cuts: Floats
    filled: Ints
    special: Singles


@compiled
def place_all(first: int, last: int, read: Read, codes: Codes, faults: Ints) -> None:
    """The bin of each value; the row of an infinite one goes to ``faults``."""
    out = read.cuts.shape[1] + 1
    for i in range(first, last):
        cuts = read.cuts[i, : read.filled[i] - 1]
        for row in range(read.values.shape[1]):
            kind = read.reasons[i, row]
            value = read.values[i, row]
            if kind > 0 or value != value:  # noqa: PLR0124 - NaN differs from itself
                codes[i, row] = out + (min(kind, KINDS) if kind > 0 else KINDS) - 1
                continue
            if np.isinf(value):
                faults[i] = row
                break
            code = 0
            for k in range(len(cuts)):
                code += cuts[k] <= value
            for k in range(len(read.special)):
                if value == read.special[k]:
                    code = out + KINDS + k
            codes[i, row] = code


@compiled
def look_up(first: int, last: int, codes: Codes, table: Floats, out: Singles) -> None:
    """``table`` [variables, bins] at each code."""
    for i in range(first, last):
        for row in range(codes.shape[1]):
            out[i, row] = table[i, codes[i, row]]
