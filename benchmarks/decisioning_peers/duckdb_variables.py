"""The variables of one borrower by DuckDB, on demand, from a frame that `frames` stored.

Processor time of one borrower in milliseconds, on 500 borrowers of about 1,240 events: one SELECT
with a FILTER for each variable on the stored frame 38 (`filters`), on a table of DuckDB's own with
a prepared statement 33 (an index changes nothing); one GROUP BY of cells on the stored frame 2.1
(`cells`), on its own table 1.8. One thread is quicker than two. Parquet files of each borrower add
a millisecond of opening them. Polars is quicker in each form.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from decisioning_peers.cells import Floats, Groups, Layout
from decisioning_peers.polars_variables import Compute, _apart

_KNOWN = "visible_from <= $asof and visible_to > $asof and time < $asof"
_FILTERED = """
    select {listed} from (
        select *, $asof - time as age, row_number() over () as place from events where {known})
"""
_GROUPED = """
    select leaf::bigint * {ages} + {older} as cell, count(*)::double as n, sum(m0)::double as s0,
        sum(m1)::double as s1, min(m0) as low, max(m0) as high0, max(m1) as high1,
        first(m0) as newest_amount, max(time) as newest, min(time) as oldest
    from events where {known} group by 1
"""


def filters(layout: Layout) -> Compute:
    """One SELECT with a FILTER for each variable."""
    connection = duckdb.connect(config={"threads": 1})
    listed = ", ".join(f"({_value(layout, each)})::double" for each in layout.spec["variables"])
    query = _FILTERED.format(listed=listed, known=_KNOWN)

    def compute(stored: bytes, asof: int) -> Floats:
        events = pa.ipc.open_stream(stored).read_all()  # noqa: F841 - DuckDB reads it by its name
        row = connection.execute(query, {"asof": asof}).fetchone()
        return np.array([np.nan if each is None else each for each in row or ()])

    return compute


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
    """Group by leaf and age once."""
    import polars as pl  # noqa: PLC0415 - only what lies apart is read with it

    connection = duckdb.connect(config={"threads": 1})
    older = " + ".join(f"(time < $asof - {seconds})::int" for seconds in layout.windows)
    query = _GROUPED.format(ages=layout.ages, older=older, known=_KNOWN)
    apart = _apart(layout)

    def compute(stored: bytes, asof: int) -> Floats:
        events = pa.ipc.open_stream(stored).read_all()
        column = connection.execute(query, {"asof": asof}).fetchnumpy()
        return layout.values(Groups(
            cell=column["cell"], n=column["n"], sums=(column["s0"], column["s1"]),
            least=column["low"], most=(column["high0"], column["high1"]),
            last=column["newest_amount"], young=asof - column["newest"],
            old=asof - column["oldest"], apart=apart(pl.from_arrow(events), asof),
        ))  # fmt: skip

    return compute
