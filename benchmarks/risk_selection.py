"""Speed and memory of the selection funnel; prints one JSON object, and words on standard error.

Run: ``python benchmarks/risk_selection.py [--variables 7056] [--rows 20000] [--threads 2]
[--economy DIR --values DIR --before 2020-01-01]``.

Made rows: 48 months, 12 % bads, two subjects with nine sources each, 60 hidden factors of which 20
matter, every variable a factor behind noise (some of it as counts, a third with missing values),
and three planted traps. With ``--economy``, the loans of a folder that ``tael economy build`` made
whose outcome was known before the day given, with the variables of ``tael variables backfill`` and
the numbers of the applications, traps among them. Seconds are told by step; compiled loops are
warm. The peak is that of the process, sample included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import lightgbm
import numba
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tael.risk.dataset import OutcomeColumns, Wanted, join, read_outcomes
from tael.risk.sample import UNDEFINED, Sample
from tael.risk.selection import Funnel, SelectionSettings, future_columns, select

MONTHS, FACTORS, TELLING, SOURCES = 48, 60, 20, 9
BADS, MISSING, COUNTS = 0.12, 0.3, 0.3
TRAPS = ("trap.future", "trap.outcome", "trap.era")
MEGABYTE = 1 << 20
FIRST_MONTH = 480


def made(variables: int, rows: int, seed: int = 5) -> Sample:
    """Rows with known causes, and traps."""
    random = np.random.default_rng(seed)
    factors = random.standard_normal((FACTORS, rows)).astype(np.float32)
    months = np.sort(random.integers(0, MONTHS, rows))
    risk = factors[:TELLING].sum(axis=0) / np.sqrt(TELLING) + random.standard_normal(rows)
    bad = (risk > np.quantile(risk, 1 - BADS)).astype(np.float64)
    values = np.empty((variables, rows), dtype=np.float32)
    for i in range(variables - len(TRAPS)):
        factor = factors[i % FACTORS]
        values[i] = random.uniform(0.1, 1) * factor + random.standard_normal(rows)
        if random.random() < COUNTS:
            values[i] = np.maximum(0, np.rint(values[i]))
        if random.random() < MISSING:
            values[i, random.random(rows) < random.uniform(0, 0.9)] = np.nan
    values[-3] = 2.5 * bad + random.standard_normal(rows)
    values[-2] = np.where(bad == 1, random.poisson(9, rows) + 4, random.poisson(1, rows))
    values[-1] = months * 30 + random.integers(0, 30, rows)
    names = [
        f"{'ent' if i % 2 else 'per'}.s{i // 2 % SOURCES}.x{i}.90d.amount.sum"
        for i in range(variables - len(TRAPS))
    ]
    asof = (FIRST_MONTH + months).astype("datetime64[M]").astype("datetime64[s]")
    return Sample(
        (*names, *TRAPS),
        values,
        np.where(np.isnan(values), UNDEFINED, 0).astype(np.uint8),
        bad,
        np.ones(rows),
        np.array([f"B{row:07d}" for row in random.permutation(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
    )


def of_economy(folder: Path, values: Path, before: str) -> tuple[Sample, dict[str, object]]:
    """Loans whose outcome was known by a day, and what the stamps of their applications say."""
    labels = ["application_id", "default_12m", "label_known_on"]
    loans = pq.read_table(folder / "loans", columns=labels)
    table = pq.read_table(folder / "applications").join(loans, "application_id")
    day = pa.scalar(date.fromisoformat(before), pa.date32())
    table = table.filter(pc.less(table["label_known_on"], day)).combine_chunks()
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "outcomes.parquet"
        pq.write_table(table, file)
        named = OutcomeColumns("enterprise_id", "applied_at", "default_12m", "label_known_on")
        outcomes = read_outcomes(file, named)
    form = [
        name
        for name in table.column_names
        if pa.types.is_integer(table[name].type) or pa.types.is_floating(table[name].type)
    ]
    sample = join([values], outcomes, Wanted(form=form))
    columns = {name: outcomes.numbers(name) for name in form}
    stamps = {"turnover_checked_at": outcomes.instants("turnover_checked_at")}
    late = future_columns(sample.asof, {**columns, **stamps})
    told = {each.name: {"share": each.share, "companions": each.companions} for each in late}
    return sample, {"stamps_after_asof": told}


def measured(sample: Sample, settings: SelectionSettings) -> dict[str, object]:
    """One run: seconds by step, processor seconds, the peak, and what came out."""
    seconds: dict[str, float] = {}
    begun = last = time.perf_counter()
    used = time.process_time()

    def observe(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step], last = round(now - last, 2), now

    funnel = select(sample, settings, observe=observe)
    total = time.perf_counter() - begun
    seconds["record"] = round(time.perf_counter() - last, 2)
    return {
        "variables": len(sample.names),
        "rows": sample.rows,
        "bads": int((sample.bad == 1).sum()),
        "seconds": round(total, 1),
        "processor_seconds": round(time.process_time() - used, 1),
        "seconds_by_step": seconds,
        "sample_mb": round((sample.values.nbytes + sample.reasons.nbytes) / MEGABYTE),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE),
        **_told(funnel),
    }


def _told(funnel: Funnel) -> dict[str, object]:
    suspicious = ("leak", "era")
    return {
        "kept": len(funnel.kept),
        "hash": funnel.hash,
        "steps": {step.code: [step.entered, step.dropped] for step in funnel.steps},
        "rules": {rule: n for rule, (n, _) in funnel.counts("rule").items()},
        "sources": {source: kept for source, (_, kept) in funnel.counts("source").items()},
        "subjects": {subject: kept for subject, (_, kept) in funnel.counts("subject").items()},
        "relaxations": [each.words.en for each in funnel.relaxations],
        "alarms": {fate.name: fate.words.en for fate in funnel.fates if fate.step in suspicious},
    }


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variables", type=int, default=7056)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--wanted", type=int, default=1063)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--economy", type=Path)
    parser.add_argument("--values", type=Path)
    parser.add_argument("--before", default="2020-01-01")
    asked = parser.parse_args()
    settings = SelectionSettings(wanted=asked.wanted, threads=asked.threads)
    # The first run on a machine compiles.
    select(made(120, 2_000), SelectionSettings(wanted=20, threads=asked.threads))
    more: dict[str, object] = {}
    if asked.economy:
        sample, more = of_economy(asked.economy, asked.values, asked.before)
    else:
        sample = made(asked.variables, asked.rows)
    print("the sample stands", file=sys.stderr)
    result = measured(sample, settings)
    versions = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
        "lightgbm": lightgbm.__version__,
    }
    machine = {"cores": os.cpu_count(), "threads": asked.threads, "load": os.getloadavg()[0]}
    told = {"benchmark": "risk_selection", **result, **more, "machine": machine, **versions}
    print(json.dumps(told, ensure_ascii=False))


if __name__ == "__main__":
    main()
