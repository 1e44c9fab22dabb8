"""Risk models on real loans beside their rivals; prints one JSON object.

Run: ``uv run --group bench python benchmarks/risk.py [--only sba|slovak|polish|taiwan|german]``,
some ten minutes on two cores, more the first time: optbinning, scorecardpy and toad run in
environments of their own, which the script makes with uv and keeps. Data beside the project, found
through TAEL_TEST_DATA (default ../shared).

US small-business loans (SBA 7a): trained on approvals to 2004, judged on matured vintages 2005 to
2008, unweighted and with the population weights of the data's README; with the final labels, and
with those known on 2004-12-31. Every honest model above an AUC of 0.75 fails the run as a leak,
and a planted leak must ring. Slovak firms out of time; Polish firms, Taiwan cards and German
credit, which have no dates, in stratified folds. A table goes to standard error.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table as Shown
from risk_data import german, judge, polish, sba_run, slovak, taiwan
from risk_data.environments import cache
from risk_data.ours import fitted
from risk_data.rivals import lightgbm_default, scorecards
from risk_data.tables import Table

SAY = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else 110)
Figures = dict[str, Any]  # of JSON
SETS: dict[str, tuple[tuple[str, Callable[[int], Table]], ...]] = {
    "slovak": (("slovak", slovak.load),),
    "polish": (
        ("polish-1year", lambda seeds: polish.load("1year", seeds)),
        ("polish-5year", lambda seeds: polish.load("5year", seeds)),
    ),
    "taiwan": (("taiwan", taiwan.load),),
    "german": (("german", german.load),),
}
REPEATS = {"slovak": 2, "german": 2}  # of drawing folds, or seeds; the others have enough rows
BESIDE = {
    "scorecard": ("optbinning",),
    "booster": ("lightgbm", "optbinning"),
    "ensemble": ("lightgbm", "optbinning"),
}


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    seeds: int
    quick: bool
    threads: int
    environments: Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=["sba", *SETS])
    parser.add_argument("--seeds", type=int, default=3, help="of SBA; others take 1 or 2")
    parser.add_argument("--quick", action="store_true", help="one seed, fewer drawings")
    parser.add_argument("--threads", type=int, default=1, help="more waste a busy machine")
    parser.add_argument("--environments", type=Path, default=cache(), help="folder that keeps them")
    chosen = parser.parse_args()
    judge.proven()
    began = time.perf_counter()
    seeds = 1 if chosen.quick else chosen.seeds
    options = Options(seeds, chosen.quick, chosen.threads, chosen.environments)
    only = chosen.only or ["sba", *SETS]
    found: Figures = {}
    if "sba" in only:
        found["sba"] = sba_run.run(options.seeds, _judging(options), _said(began))
    for name in only:
        for title, load in SETS.get(name, ()):
            found[title] = _compared(
                load(min(REPEATS.get(name, 1), seeds)), options, _said(began, title)
            )
    show(found)
    report = {
        "benchmark": "risk",
        "processors": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg(),
        "seconds": round(time.perf_counter() - began),
        "sets": found,
    }
    print(json.dumps(report, indent=1))
    if failed := [
        rule for rule, met in found.get("sba", {}).get("required", {}).items() if not met
    ]:
        SAY.print("not met: " + "; ".join(failed))
        raise SystemExit(1)


def _judging(options: Options) -> sba_run.Judging:
    return sba_run.Judging(
        50 if options.quick else judge.RESAMPLES, options.threads, options.environments
    )


def _said(began: float, title: str = "sba") -> Callable[[str], None]:
    def say(what: str) -> None:
        SAY.print(f"{time.perf_counter() - began:4.0f} s  {title}: {what}")

    return say


def _compared(table: Table, options: Options, say: Callable[[str], None]) -> Figures:
    """Every model on every split, and how they rank the rows tested."""
    rows = table.tested()
    scores: dict[str, np.ndarray] = {}
    chosen = []
    for repeat, splits in enumerate(table.repeats):
        for number, (train, test) in enumerate(splits, start=1):
            say(f"repeat {repeat + 1}, split {number} of {len(splits)}")
            seen, bad = (table.take(train), table.bad[train]), table.take(test)
            found, told = fitted(seen, bad, repeat, threads=options.threads)
            found["lightgbm"] = lightgbm_default(seen, bad, repeat, options.threads)
            found |= scorecards(("optbinning",), seen, bad, options.environments)
            for name, one in found.items():
                blank = np.full((len(table.repeats), len(table.bad)), np.nan)
                scores.setdefault(name, blank)[repeat, test] = one
            chosen.append(told)
    complete = {name: held[:, rows] for name, held in scores.items()}
    complete = {name: held for name, held in complete.items() if not np.isnan(held).any()}
    resamples = 50 if options.quick else judge.RESAMPLES
    judged = judge.Judged(table.bad[rows], complete, np.ones(len(rows)), resamples)
    return {
        "rows": len(table.bad),
        "bads": int(table.bad.sum()),
        "judged": len(rows),
        "judged_bads": int(table.bad[rows].sum()),
        "split": table.split,
        "models": judge.judged(judged, BESIDE),
        "chosen": chosen,
    }


def show(found: Figures) -> None:
    """Figures with intervals, a row a model, on standard error."""
    shown = Shown("data", "model", "AUC", "KS", "Brier", "AUC over LightGBM", "AUC over optbinning")
    for title, each in found.items():
        for part, models in each.get("parts", {"": each.get("models", {})}).items():
            for name, figures in models.items():
                gains = figures.get("auc_gain", {})
                shown.add_row(
                    f"{title} {part}".strip(), name,
                    *(_told(figures[m]) for m in judge.MEASURES),
                    *(_told(gains[other], sign=True) if other in gains else ""
                      for other in ("lightgbm", "optbinning")),
                )  # fmt: skip
            shown.add_section()
    SAY.print(shown)


def _told(interval: dict[str, float], *, sign: bool = False) -> str:
    value = f"{interval['value']:{'+' if sign else ''}.3f}"
    return f"{value} [{interval['low']:.3f}, {interval['high']:.3f}]"


if __name__ == "__main__":
    main()
