"""Train the scorecard of the benchmark; its JSON is kept beside this file, so peers need no data.

    PYTHONPATH=benchmarks python -m decisioning_peers.training BACKFILL OUTCOMES

``BACKFILL`` holds all variables of an economy's applications (`tael variables backfill`),
``OUTCOMES`` is what `tael risk label` made of it. Loans that were granted teach; half a minute.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from decisioning_peers.names import CANDIDATES
from tael.risk import Scorecard
from tael.risk.pipeline import MISSING_CODES
from tael.variables import compile_plan, load_definitions

KEPT = Path(__file__).with_name("scorecard.json")


def main() -> None:
    backfill, outcomes = map(Path, sys.argv[1:])
    columns, bad = read(backfill, outcomes)
    card = Scorecard(min_information=0.0).fit(columns, bad)
    KEPT.write_text(with_codes(card.to_json()) + "\n", "utf-8")
    print(f"{len(card.characteristics_)} characteristics of {len(bad)} loans, {bad.mean():.2%} bad")


def with_codes(card: str) -> str:
    """The card with a bin for each kind of missing value, all of them worth what missing is.

    Tael tells the kinds apart by codes. To have them worth different points would ask of the peers
    that they tell them apart too.
    """
    told = json.loads(card)
    for item in told["characteristics"]:
        item["binning"]["feature"]["special"] = [*MISSING_CODES]
        for found in (item, item["binning"]):
            for name in ("woe", "bad_rates", "logits", "points"):
                if name in found:
                    found[name] += [found[name][-1]] * len(MISSING_CODES)
        item["binning"]["shares"][-1:-1] = [0.0] * len(MISSING_CODES)
    text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Scorecard.from_json(text).to_json()


def read(backfill: Path, outcomes: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The candidates of each granted loan whose outcome is known, and the outcome (1: bad)."""
    known = _outcomes(outcomes)
    plan = compile_plan(load_definitions())
    chosen = np.array([plan.column(name) for name in CANDIDATES])
    parts, bad = [], []
    for file in sorted(backfill.glob("part-*.parquet")):
        table = pq.read_table(file, columns=["borrower", "asof", "values"])
        keys = [*zip(table["borrower"].to_pylist(), table["asof"].to_pylist(), strict=True)]
        rows = [row for row, key in enumerate(keys) if key in known]
        values = table["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        parts.append(values.reshape(len(keys), -1)[np.ix_(rows, chosen)])
        bad += [known[keys[row]] for row in rows]
    matrix = np.concatenate(parts)
    return {name: matrix[:, place] for place, name in enumerate(CANDIDATES)}, np.array(bad)


def _outcomes(path: Path) -> dict[tuple[str, object], float]:
    rows = pq.read_table(path, columns=["borrower", "asof", "bad", "population"]).to_pylist()
    granted = [row for row in rows if row["population"] == "granted" and row["bad"] is not None]
    return {(row["borrower"], row["asof"]): row["bad"] for row in granted if row["bad"] in {0, 1}}


if __name__ == "__main__":
    main()
