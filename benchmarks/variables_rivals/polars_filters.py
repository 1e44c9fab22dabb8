"""Polars as it is usually written: a filter expression for each aggregate, filter and window.

Twelve expressions a cell on the streaming engine, forty cells a query (more or fewer are slower),
and arithmetic in numpy for what follows from them.
"""

from __future__ import annotations

import os
from itertools import product
from typing import NamedTuple

os.environ.setdefault("POLARS_MAX_THREADS", "2")  # read when polars is imported

import numpy as np
import polars as pl

from variables_rivals.dense import aggregates, arranged
from variables_rivals.workload import (
    AGGREGATES,
    COLUMNS,
    DAY,
    FILTERS,
    SECONDS,
    WINDOWS,
    Answers,
    Data,
    Done,
)

CELLS_A_QUERY = 40
CELLS = tuple(product(range(len(FILTERS)), range(len(WINDOWS))))


class Prepared(NamedTuple):
    events: pl.DataFrame
    borrowers: int


def prepare(data: Data, seconds: float) -> Prepared:  # noqa: ARG001 - one way for all rivals
    events = pl.from_arrow(data.events).with_columns(days=pl.col("age") // DAY)
    return Prepared(events, len(data.asof))


def compute(prepared: Prepared) -> Done:
    known = prepared.events.lazy().filter(pl.col("age") > 0)
    found: dict[str, np.ndarray] = {}
    for begin in range(0, len(CELLS), CELLS_A_QUERY):
        asked = [each for cell in CELLS[begin : begin + CELLS_A_QUERY] for each in _cell(*cell)]
        answer = known.group_by("borrower").agg(asked).collect(engine="streaming")
        rows = answer["borrower"].to_numpy()
        for name in answer.columns[1:]:
            column = np.zeros(prepared.borrowers)
            column[rows] = answer[name].to_numpy()
            found[name] = column
    shape = (prepared.borrowers, len(FILTERS), len(WINDOWS))
    names = ("n", "a", "low", "high", "std", "last", "d", "dd", "ad", "young", "old", "keys")
    cells = {
        name: np.stack([found[f"{name} {f} {w}"] for f, w in CELLS], axis=1).reshape(shape)
        for name in names
    }
    out = np.empty((len(AGGREGATES), *shape))
    aggregates(cells, out)
    return Done(len(COLUMNS), out)


def values(done: Done) -> Answers:
    return arranged(done.result)


def _cell(number: int, window: int) -> list[pl.Expr]:
    category, direction = FILTERS[number]
    tests = [] if WINDOWS[window] is None else [pl.col("age") <= SECONDS[window]]
    if category is not None:
        tests.append(pl.col("category") == category)
    if direction is not None:
        tests.append(pl.col("direction") == direction)

    def mine(column: pl.Expr) -> pl.Expr:
        return column.filter(*tests) if tests else column

    a, d, age = pl.col("amount"), pl.col("days"), pl.col("age")
    listed = {
        "n": mine(a).len(), "a": mine(a).sum(), "low": mine(a).min(), "high": mine(a).max(),
        "std": mine(a).std(), "last": mine(a).first(), "d": mine(d).sum(),
        "dd": mine(d * d).sum(), "ad": mine(a * d).sum(), "young": mine(age).min(),
        "old": mine(age).max(), "keys": mine(pl.col("key")).n_unique(),
    }  # fmt: skip
    return [each.alias(f"{name} {number} {window}") for name, each in listed.items()]
