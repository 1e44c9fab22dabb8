"""The variables of borrowers by DuckDB, on demand, from frames that `frames` stored.

Processor time of one borrower in milliseconds, on 500 borrowers of about 1,240 events: one SELECT
with a FILTER for each variable on the stored frame 38 (`filters`), on a table of DuckDB's own with
a prepared statement 33 (an index changes nothing); one GROUP BY of cells on the stored frame 2.1
(`cells`), on its own table 1.8. One thread is quicker than two. Polars is quicker in each form.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from decisioning_peers.cells import Layout
from decisioning_peers.polars_variables import Compute, _apart, groups_of

_KNOWN = "visible_from <= $asof and visible_to > $asof and time < $asof"
_FILTERED = """
    select {listed} from (
        select *, $asof - time as age, row_number() over () as place from events where {known})
"""
_SEEN = 'visible_from <= "asof" and visible_to > "asof" and time < "asof"'  # a word of its SQL
_GROUPED = """
    select who::bigint * {own} + case when {seen} then 0 else {cells} end + leaf::bigint * {ages}
        + {older} as cell, count(*) as len, sum(m0)::double as s0, sum(m1)::double as s1,
        min(m0) as low, max(m0) as high0, max(m1) as high1, first(m0) as last,
        max(time) as newest, min(time) as oldest
    from whole group by 1 order by 1
"""


def filters(layout: Layout) -> Compute:
    """One SELECT with a FILTER for each variable."""
    connection = duckdb.connect(config={"threads": 1})
    listed = ", ".join(f"({_value(layout, each)})::double" for each in layout.spec["variables"])
    query = _FILTERED.format(listed=listed, known=_KNOWN)

    def one(stored: bytes, asof: int) -> list[float]:
        events = pa.ipc.open_stream(stored).read_all()  # noqa: F841 - DuckDB reads it by its name
        row = connection.execute(query, {"asof": asof}).fetchone()
        return [math.nan if each is None else each for each in row or ()]

    return lambda stored, asof: [one(*each) for each in zip(stored, asof, strict=True)]


def _value(layout: Layout, each: dict[str, Any]) -> str:
    amount, aggregate = f"m{layout.measure(each)}", each["aggregate"]
    mine = _filter(layout, each, each["filter"], each["window_s"])
    whole = _filter(layout, each, {}, each["window_s"])
    if aggregate == "velocity":
        whole = _filter(layout, each, each["filter"], each["longer_s"])
    plain = {"min": "min", "max": "max", "mean": "avg", "std": "stddev_samp"}
    if aggregate in plain:
        return f"{plain[aggregate]}({amount}) {mine}"
    return {
        "n": f"count(*) {mine}",
        "sum": f"coalesce(sum({amount}) {mine}, 0)",
        "cv": f"stddev_samp({amount}) {mine} / abs(avg({amount}) {mine})",
        "last": f"arg_min({amount}, place) {mine}",
        "distinct": f"count(distinct key) {mine}",
        "days_since_last": f"min(age) {mine} / 86400.0::double",
        "days_since_first": f"max(age) {mine} / 86400.0::double",
        "share_amount": f"coalesce(sum({amount}) {mine}, 0)::double / (sum({amount}) {whole})",
        "share_count": f"(count(*) {mine})::double / (count(*) {whole})",
        "velocity": f"(count(*) {mine})::double / (count(*) {whole})",
    }[aggregate]


def _filter(
    layout: Layout, each: dict[str, Any], codes: dict[str, list[int]], window_s: int | None
) -> str:
    leaves = layout.leaves_of(each["slot"], codes)
    low, high = leaves[0], leaves[-1]
    test = f"leaf between {low} and {high}"
    if high - low + 1 != len(leaves):
        test = f"leaf in ({', '.join(map(str, leaves))})"
    aged = "" if window_s is None else f" and age <= {window_s}"
    return f"filter (where {test}{aged})"


def cells(layout: Layout) -> Compute:
    """Group by borrower, leaf and age once."""
    connection = duckdb.connect(config={"threads": 1})
    older = " + ".join(f'(time - "asof" < {-seconds})::int' for seconds in layout.windows)
    query = _GROUPED.format(
        own=2 * layout.cells, cells=layout.cells, ages=layout.ages, older=older, seen=_SEEN
    )
    apart = _apart(layout)

    def compute(stored: Sequence[bytes], asof: Sequence[int]) -> list[list[float]]:
        tables = [pa.ipc.open_stream(each).read_all() for each in stored]
        sizes = [each.num_rows for each in tables]
        whole = pa.concat_tables(tables).combine_chunks()
        column = {name: whole[name].to_numpy() for name in whole.column_names}
        instants = np.array(asof, np.int32)
        column["asof"] = np.repeat(instants, sizes)
        column["who"] = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)
        for name in ("asof", "who"):
            whole = whole.append_column(name, pa.array(column[name]))
        found = connection.execute(query).fetchnumpy()
        groups = groups_of(layout, found, apart(column, len(sizes)), instants)
        return layout.values(groups).tolist()

    return compute
