"""The back-test of a peer: its deployed rules over a Parquet of inputs, in two processes.

    python -m decisioning_peers.change_backtest JOB   (JSON: folder, history, out, processes)

Each row is decided by the code that decides live, so that a changed rule stands in one place alone;
a second writing of the rules in SQL or expressions would be quicker and would have to be changed,
and held equal, by hand. Columns are read by Polars, a batch at a time. It writes a verdict a row,
figures by segment and quarter, the swap set against what was decided then, and a page with them;
it counts no money, no intervals, and moves no threshold.
"""

from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import polars as pl

from decisioning_peers.decide import Decider
from decisioning_peers.names import INPUTS

_BATCH, _PRIME = 50_000, 3
_INPUTS = (*(each.name for each in INPUTS), "amount", "months", "pd")
_SEGMENTS = ("region", "industry", "size", "channel", "quarter", "tier")
_KEPT = ("application_id", "applied_on", "decided", "funded", "bad", "region", "industry", "size",
         "channel")  # fmt: skip


@cache
def _decider(folder: str) -> Decider:
    return Decider(Path(folder))


def part(job: dict[str, Any], first: int) -> str:
    """Decide a batch of rows; the file with their verdicts."""
    ruled = _decider(job["folder"]).ruled
    rows = pl.scan_parquet(f"{job['history']}/*.parquet").slice(first, _BATCH)
    table = rows.select(*_KEPT, *(pl.col(name).cast(pl.Float64) for name in _INPUTS)).collect()
    columns = [table[name].to_list() for name in _INPUTS]
    columns[_INPUTS.index("months")] = [int(each) for each in columns[_INPUTS.index("months")]]
    outcomes, tiers, limits, prices, codes = [], [], [], [], []
    for row in zip(*columns, strict=True):
        told = dict(zip(_INPUTS, row, strict=True))
        found, (outcome, limit, options, hard) = ruled(told, round(told["amount"] * 100))
        outcomes.append(outcome)
        tiers.append(found["tier"])
        limits.append(limit)
        prices.append(min((o["bank_interest"] + o["guarantee_fee"] for o in options), default=None))
        codes.append(hard[0] if hard else "")
    day = pl.col("applied_on").dt
    quarter = day.year().cast(pl.String) + "Q" + day.quarter().cast(pl.String)
    made = table.select(*_KEPT, "pd").with_columns(
        quarter=quarter,
        outcome=pl.Series(outcomes, dtype=pl.String),
        tier=pl.Series(tiers, dtype=pl.Int8),
        limit_minor=pl.Series(limits, dtype=pl.Int64),
        price=pl.Series(prices, dtype=pl.Float64),
        reason=pl.Series(codes, dtype=pl.String),
    )
    path = f"{job['out']}/verdicts-{first:09d}.parquet"
    made.write_parquet(path)
    return path


def main() -> None:
    job = json.loads(sys.argv[1])
    out = Path(job["out"])
    out.mkdir(parents=True, exist_ok=True)
    rows = pl.scan_parquet(f"{job['history']}/*.parquet").select(pl.len()).collect().item()
    starts = range(0, rows, _BATCH)
    context = get_context("spawn")  # Polars has threads, which a fork would leave hanging
    with ProcessPoolExecutor(job["processes"], mp_context=context) as pool:
        files = [*pool.map(part, [job] * len(starts), starts)]
    verdicts = pl.concat([pl.read_parquet(file) for file in files])
    approved = pl.col("outcome") == "approve"
    figures = [
        pl.len().alias("applications"), approved.sum().alias("approved"),
        (approved & (pl.col("tier") <= _PRIME)).sum().alias("prime"),
        (approved & pl.col("bad").is_not_null()).sum().alias("known"),
        (approved & pl.col("bad")).sum().alias("bad"),
        pl.col("limit_minor").filter(approved).sum().alias("limits_minor"),
        pl.col("price").filter(approved).mean().alias("price"),
    ]  # fmt: skip
    tables = {"all": verdicts.select(figures)}
    tables |= {name: verdicts.group_by(name).agg(figures).sort(name) for name in _SEGMENTS}
    tables["swap"] = verdicts.group_by("decided", "outcome").agg(figures).sort("decided", "outcome")
    tables["reasons"] = verdicts.group_by("reason").len().sort("len", descending=True)
    page = "".join(f"<h2>{name}</h2>{table._repr_html_()}" for name, table in tables.items())
    (out / "report.html").write_text(f"<!doctype html><meta charset=utf-8>{page}", "utf-8")
    print(json.dumps({"applications": rows, "approved": int(tables["all"]["approved"][0])}))


if __name__ == "__main__":
    main()
