"""Speed of window variables on workload W1; prints one JSON object.

Run: ``python benchmarks/variables.py [BORROWERS]``.
W1: lognormal counts of 500 events on average, 20 skewed categories, 2 directions, 63 filters, 7
nested windows, 16 aggregates, an own as-of instant each, 4 % of events after it. Processor time of
one thread, best of some rounds; the buffer is used again. One borrower: wall time of a call, warm,
for numbers of events.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time

import numba
import numpy as np

from tael.variables.kernel.sheet import make_sheet, row_hashes
from tael.variables.kernel.windows import run
from tael.variables.packing.packed import FOREVER, Packed, sort_order, verify
from tael.variables.plan.windows import AGGREGATES, Output, WindowPlan

DAY, START = 86_400, 1_600_000_000
CATEGORIES, CHUNK, ROUNDS, CALLS = 20, 128, 5, 2_000
LATER = 0.04  # share of events after the as-of instant
WINDOWS = (7, 30, 90, 180, 365, 730)


def plan() -> WindowPlan:
    """63 filters, 7 windows, 16 aggregates; velocity has no answer in the longest window."""
    filters = tuple(
        frozenset(
            leaf
            for leaf in range(2 * CATEGORIES)
            if category in {None, leaf // 2} and direction in {None, leaf % 2}
        )
        for category in [*range(CATEGORIES), None]
        for direction in (0, 1, None)
    )
    outputs = tuple(
        Output(aggregate, number, window)
        for number in range(len(filters))
        for window in range(7)
        for aggregate in AGGREGATES[:16]
        if not (aggregate == "velocity" and window == len(WINDOWS))
    )
    windows = (*(days * DAY for days in WINDOWS), None)
    return WindowPlan(2 * CATEGORIES, filters, windows, 1, outputs)


def events(lengths: np.ndarray, seed: int) -> tuple[Packed, np.ndarray]:
    """Packed events of borrowers with so many events each, and an as-of instant each."""
    rng = np.random.default_rng(seed)
    size, total = len(lengths), int(lengths.sum())
    asof = START + rng.integers(0, 365 * DAY, size)
    ages = rng.exponential(250 * DAY, total).astype(np.int64)
    ages[rng.random(total) < LATER] *= -1
    owner = np.repeat(np.arange(size), lengths)
    times = asof[owner] - ages
    order = sort_order(owner, times, times, np.arange(total))
    category = np.minimum(rng.zipf(1.5, total) - 1, CATEGORIES - 1)
    packed = Packed(
        offsets=np.append(0, np.cumsum(lengths)).astype(np.int64),
        time=times[order],
        visible_from=times[order],
        visible_to=np.full(total, FOREVER),
        leaf=(2 * category + rng.integers(0, 2, total)).astype(np.uint16),
        measures=np.round(np.exp(rng.normal(11, 1.2, (1, total)))).astype(np.int64),
        key=rng.integers(0, 80, total),
        present=np.ones(size, np.bool_),
    )
    verify(packed)
    return packed, asof


def throughput(made: WindowPlan, borrowers: int) -> dict[str, object]:
    drawn = np.random.default_rng(1).lognormal(np.log(500) - 0.32, 0.8, borrowers)
    packed, asof = events(np.maximum(1, drawn).astype(np.int64), 2)
    sheet = make_sheet(CHUNK, len(made.outputs))

    def once() -> float:
        began = time.process_time()
        for first in range(0, borrowers, CHUNK):
            run(made, packed, asof, first, sheet.top(min(CHUNK, borrowers - first)))
        return time.process_time() - began

    once()
    seconds = min(once() for _ in range(ROUNDS))
    digest = hashlib.sha256()
    for first in range(0, borrowers, CHUNK):
        rows = sheet.top(min(CHUNK, borrowers - first))
        run(made, packed, asof, first, rows)
        digest.update("".join(row_hashes(made.hash, rows)).encode())
    return {
        "borrowers": borrowers,
        "events": int(packed.time.size),
        "variables": len(made.outputs),
        "borrowers_per_second_per_core": round(borrowers / seconds),
        "microseconds_per_borrower": round(1e6 * seconds / borrowers, 1),
        "sha256": digest.hexdigest(),
    }


def latency(made: WindowPlan, size: int) -> dict[str, object]:
    packed, asof = events(np.array([size]), 3)
    sheet = make_sheet(1, len(made.outputs))
    calls = []
    for _ in range(CALLS):
        began = time.perf_counter()
        run(made, packed, asof, 0, sheet)
        calls.append(1e3 * (time.perf_counter() - began))
    p50, p99 = np.percentile(calls[CALLS // 10 :], [50, 99])
    return {"events": size, "p50_ms": round(float(p50), 3), "p99_ms": round(float(p99), 3)}


def main() -> None:
    borrowers = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000
    began = time.perf_counter()
    made = plan()
    packed, asof = events(np.array([500]), 4)
    run(made, packed, asof, 0, make_sheet(1, len(made.outputs)))
    first = time.perf_counter() - began
    report = {
        "workload": "W1",
        "plan": made.hash,
        "first_answer_s": round(first, 2),
        "throughput": throughput(made, borrowers),
        "one_borrower": [latency(made, size) for size in (500, 2_000, 50_000)],
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "numba": numba.__version__,
        },
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
