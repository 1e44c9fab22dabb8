"""One data set: its columns, outcomes, and the rows each model is trained and judged on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]


def data() -> Path:
    """The folder of data sets, through TAEL_TEST_DATA (default ../shared)."""
    return (ROOT / os.environ.get("TAEL_TEST_DATA", "../shared")).resolve() / "data"


@dataclass(frozen=True, eq=False)
class Table:
    """A data set and its splits.

    Attributes:
        columns: arrays by name; text or float.
        bad: 1 or 0 [rows].
        repeats: of each repeat, pairs of row numbers (train, test) whose tests do not overlap;
            all repeats test the same rows.
        split: how, in words.
    """

    columns: dict[str, np.ndarray]
    bad: np.ndarray
    repeats: list[list[tuple[np.ndarray, np.ndarray]]]
    split: str

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(name for name, held in self.columns.items() if held.dtype == object)

    def take(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        return {name: held[rows] for name, held in self.columns.items()}

    def tested(self) -> np.ndarray:
        """The rows that are judged, in rising order."""
        return np.sort(np.concatenate([test for _, test in self.repeats[0]]))


def read(*place: str) -> dict[str, np.ndarray]:
    """The columns of a parquet file: text as objects, anything else as floats."""
    table = pq.read_table(data().joinpath(*place))
    found = {}
    for name in table.column_names:
        values = table[name].to_numpy()
        text = values.dtype.kind in "OUS" and any(isinstance(v, str) for v in values[:200])
        found[name] = values.astype(object) if text else values.astype(np.float64)
    return found


def stratified(
    bad: np.ndarray, folds: int, seeds: int
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """``folds`` tests of equal bad rates that cover all rows, once a seed."""
    repeats = []
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        fold = np.empty(len(bad), dtype=np.int64)
        for outcome in (0, 1):
            rows = random.permutation(np.flatnonzero(bad == outcome))
            fold[rows] = np.arange(len(rows)) % folds
        repeats.append(
            [(np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(folds)]
        )
    return repeats
