"""Binning 7,056 variables of 20,000 rows, against optbinning; prints one JSON object.

Run: ``python benchmarks/risk_kernels.py [--variables 7056] [--rows 20000] [--rounds 3]``.
One row in eight or so is bad; a third of the variables is continuous and heavy-tailed, a third
counts, a third amounts with a heap of zeros; two in three have the three kinds of missing, one in
ten tells something. We bin them all with two threads. optbinning bins ``--rival`` of them, evenly
spaced, the kinds of missing given as special codes: one by one and as a process with two jobs, with
the monotone trend of ours and with its own default; its time for all is that times the number of
variables. Rounds take turns; medians of wall time; of ours the processor time of both threads too,
which a busy machine stretches less. Compiling is not timed: it happens once a machine. Memory is
the peak of the process before optbinning is loaded, less what the data takes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from importlib import metadata
from typing import Any

import numpy as np

from tael.risk.bins import BinSettings, at_edge, aucs, fit_bins, iv_by, permutation_null, prebin
from tael.risk.psi import psi, psi_by
from tael.risk.sample import Sample

BAD_LOG_ODDS, TELLS, EVERY = -2.17, 0.35, 10
THREADS = 2
TREND = "auto_asc_desc"


def sample(variables: int, rows: int, seed: int = 20) -> Sample:
    """Mixed columns; every tenth goes with the risk of the row."""
    random = np.random.default_rng(seed)
    risk = random.normal(size=rows)
    bad = random.random(rows) < 1 / (1 + np.exp(-BAD_LOG_ODDS - 0.8 * risk))
    values = np.empty((variables, rows), dtype=np.float32)
    reasons = np.zeros((variables, rows), dtype=np.uint8)
    for i in range(variables):
        hidden = random.standard_normal(rows) + (TELLS * risk if i % EVERY == 0 else 0.0)
        values[i] = _column(i % 3, hidden, random)
        if i % 9 < 6:  # noqa: PLR2004 - two in three
            shares = random.dirichlet([1, 4, 0.2]) * random.uniform(0.05, 0.7)
            kind = np.searchsorted(np.cumsum(shares), random.random(rows))
            reasons[i] = (kind + 1) % 4
            values[i][reasons[i] > 0] = np.nan
    return Sample(
        tuple(f"x{i}" for i in range(variables)),
        values,
        reasons,
        bad.astype(np.float64),
        np.ones(rows),
        np.array([f"b{k}" for k in range(rows)], dtype=object),
        np.datetime64("2015-01-01", "s") + np.arange(rows) * (86_400 * 1_460 // rows),
        np.full(rows, np.datetime64("NaT", "s")),
    )


def _column(kind: int, hidden: Any, random: np.random.Generator) -> Any:
    if kind == 0:
        return np.exp(random.uniform(0.5, 2.0) * hidden + 8)
    if kind == 1:
        return np.floor(np.exp(random.uniform(0.3, 1.2) * hidden + random.uniform(0, 3)))
    return np.where(hidden > random.uniform(-1, 1), np.exp(1.5 * hidden + 6), 0.0)


class Rival:
    """optbinning on some of the variables."""

    def __init__(self, data: Sample, count: int) -> None:
        self.places = np.unique(np.linspace(0, len(data.names) - 1, count).astype(int))
        part = data.select([data.names[i] for i in self.places])
        self.names, self.bad = list(part.names), data.bad.astype(int)
        self.matrix = np.ascontiguousarray(at_edge(part).T)
        self.codes = [-9999.0, -9998.0, -9997.0]
        self.ivs: list[float] = []

    def alone(self, trend: str) -> None:
        from optbinning import OptimalBinning  # noqa: PLC0415 - loaded after our memory is read

        self.ivs = []
        for k, name in enumerate(self.names):
            found = OptimalBinning(
                name=name, monotonic_trend=trend, special_codes=self.codes, max_n_bins=8
            )
            found.fit(self.matrix[:, k], self.bad)
            found.binning_table.build()
            self.ivs.append(found.binning_table.iv)

    def process(self, trend: str) -> None:
        from optbinning import BinningProcess  # noqa: PLC0415 - loaded after our memory is read

        how = {name: {"monotonic_trend": trend, "max_n_bins": 8} for name in self.names}
        made = BinningProcess(
            self.names, special_codes=self.codes, n_jobs=THREADS, binning_fit_params=how
        )
        made.fit(self.matrix, self.bad)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variables", type=int, default=7_056)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rival", type=int, default=150)
    asked = parser.parse_args()
    data = sample(asked.variables, asked.rows)
    how = BinSettings(threads=THREADS)
    compiled(data, how)
    before = peak_mb()
    ours = rounds(asked.rounds, {"bins": lambda: fit_bins(data, how)})
    used = peak_mb() - before
    began = time.process_time()
    fit_bins(data, how)
    busy = time.process_time() - began
    rest = rounds(asked.rounds, others(data, how))
    report = {
        "sizes": {"variables": asked.variables, "rows": asked.rows, "bads": int(data.bad.sum())},
        "threads": THREADS,
        "bins_s": ours["bins"],
        "bins_processor_s": busy,
        "bins_ms_per_variable": ours["bins"] * 1_000 / asked.variables,
        "rest_s": rest,
        "memory_mb": {"data": size_mb(data), "binning_beside_data": used},
        "rival": rival(data, how, asked),
        "versions": versions(),
    }
    sys.stdout.write(json.dumps(rounded(report), indent=1) + "\n")


def compiled(data: Sample, how: BinSettings) -> None:
    small = data.select(data.names[:2])
    bins = fit_bins(small, how)
    for work in others(small, how).values():
        work()
    bins.transform(small)


def others(data: Sample, how: BinSettings) -> dict[str, Callable[[], object]]:
    """What else a funnel asks, each from the pre-bins where it can."""
    half = np.arange(data.rows) < data.rows // 2
    years = data.vintage // 12
    bins = fit_bins(data, how)
    held = prebin(data, how)
    first, second = data.take(half), data.take(~half)
    return {
        "prebins_and_auc": lambda: aucs(data, how),
        "bins_of_prebins": lambda: fit_bins(data, how, prebins=held),
        "weights_of_evidence": lambda: bins.transform(data),
        "psi_of_two_halves": lambda: psi(first, second),
        "psi_by_year": lambda: psi_by(data, years, half, prebins=held),
        "iv_by_year": lambda: iv_by(data, bins, years),
        "null_of_20_permutations": lambda: permutation_null(data, how, 20, prebins=held),
    }


def rounds(count: int, works: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median wall time of each, in seconds; they take turns."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(count):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(each) for name, each in times.items()}


def rival(data: Sample, how: BinSettings, asked: argparse.Namespace) -> dict[str, object]:
    other = Rival(data, asked.rival)
    warnings.simplefilter("ignore")  # it and its solver warn about their own calls
    found = rounds(
        asked.rounds,
        {
            "ours": lambda: fit_bins(data, how),
            "alone_monotone": lambda: other.alone(TREND),
            "process_monotone": lambda: other.process(TREND),
            "alone_default": lambda: other.alone("auto"),
            "process_default": lambda: other.process("auto"),
        },
    )
    ours = found.pop("ours")
    scaled = {name: each / len(other.names) * asked.variables for name, each in found.items()}
    other.alone(TREND)
    values, theirs = fit_bins(data, how).iv[other.places], np.array(other.ivs)
    tells = other.places % EVERY == 0
    return {
        "variables": len(other.names),
        "seconds_for_all": scaled,
        "ours_in_these_rounds_s": ours,
        "times_slower": {name: each / ours for name, each in scaled.items()},
        "times_slower_least": min(scaled.values()) / ours,
        "iv_rank_correlation": rank_correlation(values, theirs),
        "iv_rank_correlation_of_what_tells": rank_correlation(values[tells], theirs[tells]),
        "iv_ratio_median": float(np.median(values / theirs)),
        "iv_ratio_median_of_what_tells": float(np.median((values / theirs)[tells])),
    }


def rank_correlation(one: Any, two: Any) -> float:
    ranks = np.array([np.argsort(np.argsort(each)) for each in (one, two)])
    return float(np.corrcoef(ranks)[0, 1])


def size_mb(data: Sample) -> float:
    return (data.values.nbytes + data.reasons.nbytes) / 1e6


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


def versions() -> dict[str, str]:
    names = ("numpy", "numba", "optbinning")
    found = {name: metadata.version(name) for name in names}
    return {**found, "python": platform.python_version(), "cores": str(os.cpu_count())}


def rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: rounded(each) for name, each in value.items()}
    return round(value, 4) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
