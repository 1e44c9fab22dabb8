"""What a run writes: a row a borrower, a column an output; and the hash of it."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

VALUE: Final = 0  # there is a value
NO_SOURCE: Final = 1  # not asked for, or no consent
NO_EVENT: Final = 2  # the source is there and holds nothing to compute from
UNDEFINED: Final = 3  # arithmetic has no answer, such as the deviation of one amount


class Sheet(NamedTuple):
    """Results of some borrowers; a buffer to be used again and again.

    Attributes:
        values: float64[rows, outputs], NaN wherever the reason is not `VALUE`.
        reasons: uint8[rows, outputs]: `VALUE`, `NO_SOURCE`, `NO_EVENT` or `UNDEFINED`.
        start: the column at which the next section of variables begins to write.
    """

    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]
    start: int = 0

    def top(self, rows: int) -> Sheet:
        """The first rows, sharing memory."""
        return Sheet(self.values[:rows], self.reasons[:rows], self.start)

    def at(self, start: int) -> Sheet:
        """The same rows, sharing memory, for a section that begins at column ``start``."""
        return Sheet(self.values, self.reasons, start)


def make_sheet(rows: int, outputs: int) -> Sheet:
    """An empty buffer."""
    return Sheet(np.empty((rows, outputs)), np.empty((rows, outputs), np.uint8))


def row_hashes(plan_hash: str, sheet: Sheet) -> list[str]:
    """SHA-256 of each row: the plan's hash, little-endian values, reasons."""
    values = sheet.values.astype("<f8", copy=False)
    found = []
    for row in range(len(values)):
        made = hashlib.sha256(plan_hash.encode())
        made.update(values[row].tobytes())
        made.update(sheet.reasons[row].tobytes())
        found.append(made.hexdigest())
    return found
