"""One hash over all results of a run, whichever way it ran."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.sheet import Sheet, row_hashes


class Identity:
    """SHA-256 over borrower id, as-of and row hash of borrower after borrower.

    Two runs with the same identity have the same plan, borrowers, as-of instants and bits.
    """

    def __init__(self, plan_hash: str) -> None:
        self.plan_hash = plan_hash
        self._made = hashlib.sha256()

    def add(self, borrowers: Sequence[str], asof: NDArray[np.int64], sheet: Sheet) -> None:
        """The next rows, with their borrowers and as-of instants (UTC seconds)."""
        self.add_hashes(borrowers, asof, row_hashes(self.plan_hash, sheet))

    def add_hashes(
        self, borrowers: Sequence[str], asof: NDArray[np.int64], hashes: Sequence[str]
    ) -> None:
        """The next rows, by the hashes that were made of them."""
        for borrower, instant, row in zip(borrowers, asof.tolist(), hashes, strict=True):
            self.add_row(borrower, instant, row)

    def add_row(self, borrower: str, asof: int, row_hash: str) -> None:
        """The next row, by the hash that was made of it where it was computed."""
        self._made.update(f"{borrower}\n{asof}\n{row_hash}\n".encode())

    def hexdigest(self) -> str:
        """The hash of all rows so far, in hexadecimal."""
        return self._made.hexdigest()
