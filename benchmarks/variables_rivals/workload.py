"""Workload W1 by name, and its events as a table; what every environment reads. Imports pyarrow.

Variables: 63 filters (20 categories and all, times in, out and both) by 7 nested windows by 16
aggregates; the velocity to the next longer window has no answer in the longest. A window of w days
is [asof - w, asof): an event belongs to it when 0 < age <= w.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DAY = 86_400
CATEGORIES = 20
WINDOWS = (7, 30, 90, 180, 365, 730, None)  # days
SECONDS = tuple(DAY * days if days else 2**40 for days in WINDOWS)
FILTERS = tuple(
    (category, direction) for category in (*range(CATEGORIES), None) for direction in (0, 1, None)
)
ALL = len(FILTERS) - 1  # the filter that holds every event
AGGREGATES = (
    "n", "sum", "mean", "min", "max", "std", "cv", "last", "slope", "days_since_last",
    "days_since_first", "gap_mean", "distinct", "share_amount", "share_count", "velocity",
)  # fmt: skip
COLUMNS = tuple(
    (number, window, aggregate)
    for number in range(len(FILTERS))
    for window in range(len(WINDOWS))
    for aggregate in AGGREGATES
    if not (aggregate == "velocity" and window == len(WINDOWS) - 1)
)


class Done(NamedTuple):
    """What one run of a rival left.

    Attributes:
        variables: how many variables of each borrower it computed; what needs no more than
            arithmetic on others counts as computed with them.
        result: whatever its ``values`` reads.
    """

    variables: float
    result: object


class Answers(NamedTuple):
    """What a rival found for some borrowers.

    Attributes:
        borrowers: int64[rows], their numbers.
        columns: int64[columns], places in `COLUMNS`.
        values: float64[rows, columns]; NaN where there is no value.
    """

    borrowers: np.ndarray
    columns: np.ndarray
    values: np.ndarray


class Data(NamedTuple):
    """Events and borrowers, for rivals to prepare as they like; that is not timed.

    Attributes:
        events: ``borrower`` int32, ``category`` int8, ``direction`` int8, ``time`` and ``age``
            int64 (UTC seconds; seconds before the as-of instant, not positive for what had not
            happened yet), ``amount`` int64, ``key`` int32, ``place`` int32 (0 is the newest event
            of a borrower: it decides between two of the same second); sorted newest first.
        asof: int64[borrowers], UTC seconds.
    """

    events: pa.Table
    asof: np.ndarray


def read(folder: Path, borrowers: int) -> Data:
    """The first borrowers of the files that `write` made."""
    asof = pq.read_table(folder / "borrowers.parquet")["asof"].to_numpy()[:borrowers]
    events = pq.read_table(folder / "events.parquet", filters=[("borrower", "<", borrowers)])
    return Data(events.combine_chunks(), asof)


def write(folder: Path, data: Data) -> None:
    pq.write_table(data.events, folder / "events.parquet")
    pq.write_table(pa.table({"asof": data.asof}), folder / "borrowers.parquet")
