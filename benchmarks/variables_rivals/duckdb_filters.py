"""DuckDB as it is usually written: an aggregate with FILTER for each variable.

Forty aggregates a query are quickest; with 441, planning takes longer than computing. Cells come in
a mixed order, so that what is done when time is up stands for all.
"""

from __future__ import annotations

import random
import time
from itertools import product
from typing import NamedTuple

import duckdb
import numpy as np

from variables_rivals.workload import COLUMNS, DAY, FILTERS, SECONDS, WINDOWS, Answers, Data, Done

# The other six of the sixteen follow from these by arithmetic, which costs nothing here.
ASKED = {
    "n": "count(*)",
    "sum": "sum(amount)",
    "min": "min(amount)",
    "max": "max(amount)",
    "std": "stddev_samp(amount)",
    "last": "arg_min(amount, place)",
    "slope": "regr_slope(amount, -days)",
    "days_since_last": "min(age)",
    "days_since_first": "max(age)",
    "distinct": "count(distinct key)",
}


class Prepared(NamedTuple):
    connection: duckdb.DuckDBPyConnection
    borrowers: int
    seconds: float
    a_query: int


def prepare(data: Data, seconds: float, *, a_query: int = 40) -> Prepared:
    connection = duckdb.connect(config={"threads": 2})
    connection.execute("set preserve_insertion_order = false")
    connection.register("given", data.events)
    connection.execute(
        f"""create table events as select borrower, category, direction, age, key, place,
        amount::double as amount, (age // {DAY})::double as days from given where age > 0"""  # noqa: S608 - our own text
    )
    return Prepared(connection, len(data.asof), seconds, a_query)


def compute(prepared: Prepared) -> Done:
    """As many variables as the time allows, at least one query; all if there is enough."""
    cells = list(product(range(len(FILTERS)), range(len(WINDOWS))))
    random.Random(1).shuffle(cells)  # noqa: S311 - an order, no secret
    asked = [(number, window, name) for number, window in cells for name in ASKED]
    began, answers = time.perf_counter(), {}
    for begin in range(0, len(asked), prepared.a_query):
        some = asked[begin : begin + prepared.a_query]
        answers[tuple(some)] = prepared.connection.execute(_query(some)).fetchnumpy()
        if time.perf_counter() - began > prepared.seconds:
            break
    done = sum(len(each) for each in answers)
    return Done(len(COLUMNS) * done / len(asked), answers)


def values(done: Done) -> Answers:
    columns, found = [], []
    for asked, answer in done.result.items():
        order = np.argsort(answer["borrower"])
        known = {name: place for place, name in enumerate(COLUMNS)}
        for place, variable in enumerate(asked):
            columns.append(known[variable])
            plain = np.ma.filled(answer[f"v{place}"].astype(np.float64), np.nan)[order]
            found.append(_finished(plain, variable[2]))
    rows = np.sort(next(iter(done.result.values()))["borrower"])
    return Answers(rows, np.array(columns), np.array(found).T)


def _finished(plain: np.ndarray, name: str) -> np.ndarray:
    """In days; the sum of nothing is zero here, not null."""
    if name == "sum":
        return np.nan_to_num(plain)
    return plain / DAY if name.startswith("days_since") else plain


def _query(asked: list[tuple[int, int, str]]) -> str:
    listed = ", ".join(
        f"{ASKED[name]} filter (where {_test(number, window)}) as v{place}"
        for place, (number, window, name) in enumerate(asked)
    )
    return f"select borrower, {listed} from events group by borrower"  # noqa: S608 - our own text


def _test(number: int, window: int) -> str:
    category, direction = FILTERS[number]
    tests = ["true"] if WINDOWS[window] is None else [f"age <= {SECONDS[window]}"]
    if category is not None:
        tests.append(f"category = {category}")
    if direction is not None:
        tests.append(f"direction = {direction}")
    return " and ".join(tests)
