"""Whether the forms of the fresh peer give Tael's values: a missing one alike, others to 1e-9.

python -m decisioning_peers.peer_check JOB      (JSON: folder, engines, count); prints JSON
"""

from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("POLARS_MAX_THREADS", "1")  # read when polars is imported

import numpy as np
import pyarrow.parquet as pq

from decisioning_peers import duckdb_variables, polars_variables
from decisioning_peers.cells import Layout
from decisioning_peers.frames import frames, stored

_RELATIVE, _TOGETHER = 1e-9, 16
_MODULES = {"polars": polars_variables, "duckdb": duckdb_variables}


def main() -> None:
    job = json.loads(sys.argv[1])
    folder, count = Path(job["folder"]), job["count"]
    layout = Layout(folder)
    table = pq.read_table(folder / "borrowers.parquet", columns=["values"])
    count = min(count, table.num_rows)
    values = table["values"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    wanted = values.reshape(table.num_rows, -1)[:count]
    given = [stored(each) for each in frames(folder, layout, count)]
    asof = int(datetime.fromisoformat(job["asof"]).timestamp())
    found = {}
    for engine in job["engines"]:
        module, _, form = engine.partition("-")
        compute = getattr(_MODULES[module], form)(layout)
        found[engine] = compared(layout, compute, given, (wanted, asof))
    print(json.dumps(found))


def compared(
    layout: Layout, compute: Any, given: list[bytes], wanted: tuple[np.ndarray, int]
) -> dict[str, Any]:
    """Findings, and processor time of a borrower in milliseconds."""
    values, asof = wanted
    used = time.process_time()
    got = np.array([compute([each], [asof])[0] for each in given])
    used = time.process_time() - used
    together = [row for first in range(0, len(given), _TOGETHER)
                for row in _batch(compute, given[first : first + _TOGETHER], asof)]  # fmt: skip
    same = np.array_equal(got, together, equal_nan=True)
    missing = np.isnan(got) != np.isnan(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = np.where(got == values, 0.0, np.abs(got - values) / np.abs(values))
    apart[np.isnan(values)] = 0.0
    beyond = missing.any(axis=0) | (apart > _RELATIVE).any(axis=0)
    return {
        "equal": same and not beyond.any() and got.size > 0,
        "borrowers": len(got),
        "variables": got.shape[1],
        "differing": [layout.names[place] for place in np.flatnonzero(beyond)],
        "largest_relative_difference": float(apart.max(initial=0.0)),
        "cpu_ms": round(1e3 * used / len(got), 3),
    }


def _batch(compute: Any, given: list[bytes], asof: int) -> list[list[float]]:
    found: list[list[float]] = compute(given, [asof] * len(given))
    return found


if __name__ == "__main__":
    main()
