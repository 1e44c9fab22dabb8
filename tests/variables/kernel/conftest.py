"""Packed events from rows that a person can read, and answers as pairs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tael.variables.kernel.sheet import Sheet
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify

ASOF = 1_700_000_000


def pack(*borrowers: list[tuple] | None) -> Packed:
    """Events of some borrowers as of `ASOF`; None has not the source. Later rows have higher ids.

    A row is: age in seconds, leaf, amount or amounts, key; then the ages at which it came to be
    known and was replaced, if not when it happened and never.

    Raises:
        BadInput: they break a limit.
    """
    rows = [row for each in borrowers for row in each or ()]
    owner = np.repeat(np.arange(len(borrowers)), [len(each or ()) for each in borrowers])
    amounts = [row[2] if isinstance(row[2], tuple) else (row[2],) for row in rows]
    times = np.array([ASOF - row[0] for row in rows], np.int64)
    known = np.array([ASOF - row[4] if len(row) > 4 else ASOF - row[0] for row in rows], np.int64)
    until = np.array([ASOF - row[5] if len(row) > 5 else FOREVER for row in rows], np.int64)
    order = sort_order(owner, times, known, np.arange(len(rows)))
    offsets = np.append(0, np.cumsum([len(each or ()) for each in borrowers])).astype(np.int64)
    measures = np.array(amounts, np.int64).reshape(len(rows), -1 if rows else 1)
    packed = Packed(
        offsets=offsets,
        time=times[order],
        visible_from=known[order],
        visible_to=until[order],
        leaf=np.array([row[1] for row in rows], np.uint16)[order],
        measures=np.ascontiguousarray(measures[order].T),
        key=np.array([row[3] for row in rows], np.int64)[order],
        present=np.array([each is not None for each in borrowers]),
    )
    verify(packed)
    return packed


@pytest.fixture(name="pack", scope="session")
def pack_fixture() -> Callable[..., Packed]:
    """`pack`, for tests, which cannot import from here."""
    return pack


@pytest.fixture(scope="session")
def pairs() -> Callable[[Sheet], list[list[tuple[float | None, int]]]]:
    """Value and reason, row by row and column by column; NaN as None, so that they compare."""

    def read(sheet: Sheet) -> list[list[tuple[float | None, int]]]:
        return [
            [
                (None if np.isnan(value) else value, reason)
                for value, reason in zip(values, reasons, strict=True)
            ]
            for values, reasons in zip(sheet.values.tolist(), sheet.reasons.tolist(), strict=True)
        ]

    return read
