"""What reject inference is worth on an economy whose truth for rejects is known; prints JSON.

Run: ``python benchmarks/risk_rejects.py --data DIR [--until 2021] [--from 2023]``.
DIR holds ``X.npy`` (float32 [applications, variables]), ``names.json`` and ``meta.parquet`` of a
small economy. Rows to learn from: applications up to the end of ``--until``, accepted ones with
their outcome. Judged on every application from the year ``--from`` on whose year after is over,
accepted or not, by the sealed truth, which nothing but the judge and the marked yardsticks reads.
Variables: the papers of the application without its three known traps and the policy's own
results, and the best by information value on the accepted rows to learn from.

The economy lends to nobody elsewhere. ``bureau_performance`` is therefore a simulation: other
lenders are made to take more of the better papers, and their outcome is the sealed truth. Outcomes
read off a firm's next application are no way round: firms that failed do not come back.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sklearn
from rich.console import Console
from rich.table import Table

from tael.kernel import Refusal
from tael.risk.bins import fit_bins
from tael.risk.rejects import Bias, Evidence, RejectSettings, Trial, measure_bias
from tael.risk.sample import Sample

PAPERS = [
    "amount_asked", "months_asked", "owner_age", "firm_age_months", "property", "stated_sales_12m",
    "bank_sales_12m", "bank_sales_growth", "invoice_sales_12m", "tax_late_12m", "overdue_24m",
    "enquiries_6m", "debt_ratio", "court_cases",
]  # fmt: skip
CODED = ["province", "industry", "size", "channel", "purpose"]
BLOCK = 2_048
# How many of the rejects other lenders take: of the half with more points, of the other.
TAKEN = (0.5, 0.2)
MATURE_TO = 2023  # the year after an application of 2024 is not over


def model(threads: int) -> Any:
    """Fixed before any result was seen; the same for scoring rejects and for the judged model."""
    return lightgbm.LGBMClassifier(
        n_estimators=150, learning_rate=0.08, num_leaves=15, min_child_samples=60,
        colsample_bytree=0.3, reg_lambda=5.0, random_state=7, n_jobs=threads, verbose=-1,
        deterministic=True, force_col_wise=True,
    )  # fmt: skip


class Applications:
    """The table of applications, and the rows of the matrix that belong to it."""

    def __init__(self, folder: Path) -> None:
        self.table = pq.read_table(folder / "meta.parquet")
        self.matrix = np.load(folder / "X.npy", mmap_mode="r")
        self.reasons = np.load(folder / "R.npy", mmap_mode="r")
        self.names = json.loads((folder / "names.json").read_text(encoding="utf-8"))
        self.instant = self.column("applied_at").astype("datetime64[s]")
        self.year = self.instant.astype("datetime64[Y]").astype(int) + 1970
        self.approved = self.column("approved").astype(bool)
        self.at_random = self.column("at_random").astype(bool)
        self.outcome = self.numbers("default_12m")
        self.truth = self.numbers("would_default_12m")

    def column(self, name: str) -> Any:
        return self.table[name].to_numpy()

    def numbers(self, name: str) -> Any:
        held = self.table[name]
        return pc.cast(pc.cast(held, pa.float64()), pa.float64()).to_numpy(zero_copy_only=False)

    def papers(self) -> Any:
        coded = [pc.rank(self.table[name], tiebreaker="dense").to_numpy() for name in CODED]
        found = [self.numbers(name) for name in PAPERS] + coded
        return np.array(found, dtype=np.float32)

    def sample(self, rows: Any, values: Any, names: list[str]) -> Sample:
        table = self.table.take(rows)
        known = pc.cast(table["label_known_on"], pa.timestamp("s")).to_numpy()
        return Sample(
            tuple(names),
            np.ascontiguousarray(values),
            np.isnan(values).astype(np.uint8),
            self.outcome[rows].copy(),
            np.ones(len(rows)),
            table["enterprise_id"].to_numpy().astype(object),
            self.instant[rows],
            known.astype("datetime64[s]"),
            plan="benchmark",
        )

    def best(self, rows: Any, wanted: int) -> list[int]:
        """Places of the variables with the highest information value on ``rows``."""
        values = self.values(rows, list(range(len(self.names))))
        iv = fit_bins(self.sample(rows, values, self.names)).iv
        return [int(place) for place in np.argsort(-iv, kind="stable")[:wanted]]

    def values(self, rows: Any, places: list[int]) -> Any:
        """float32 [variables, rows], read in blocks of rows."""
        found = np.empty((len(places), len(rows)), dtype=np.float32)
        for start in range(0, len(rows), BLOCK):
            part = np.sort(rows[start : start + BLOCK])
            back = np.searchsorted(part, rows[start : start + BLOCK])
            held = self.matrix[part[0] : part[-1] + 1][part - part[0]]
            found[:, start : start + BLOCK] = held[back][:, places].T
        return found


def simulated_bureau(held: Applications, rows: Any) -> Any:
    """Outcomes elsewhere [rows]: NaN for those whom no other lender took."""
    points = held.numbers("points")[rows]
    better = points >= np.median(points)
    ids = held.column("application_id")[rows]
    draw = np.array([hashlib.blake2b(str(i).encode(), digest_size=4).digest() for i in ids])
    chance = draw.view(np.uint32).reshape(-1) / 2**32
    taken = chance < np.where(better, *TAKEN)
    return np.where(taken, held.truth[rows], np.nan)


def trial(held: Applications, until: int, start: int, wanted: int) -> Trial:
    """Rows to learn from and to judge, with the best variables."""
    place = held.column("row")
    learn, later = held.year <= until, (held.year >= start) & (held.year <= MATURE_TO)
    accepted = np.flatnonzero(learn & held.approved & ~np.isnan(held.outcome))
    refused = np.flatnonzero(learn & ~held.approved)
    judged = np.flatnonzero(later)
    if not (place == np.arange(len(place))).all():
        held.matrix = held.matrix[place]
    chosen = held.best(accepted, wanted)
    papers = held.papers()
    names = PAPERS + CODED + [held.names[i] for i in chosen]

    def sample(rows: Any) -> Sample:
        values = np.concatenate([papers[:, rows], held.values(rows, chosen)])
        return held.sample(rows, values, names)

    whole = sample(judged)
    object.__setattr__(whole, "bad", held.truth[judged].copy())
    return Trial(
        sample(accepted),
        sample(refused),
        whole,
        held.approved[judged],
        Evidence(held.at_random[accepted], simulated_bureau(held, refused)),
        held.truth[refused].copy(),
    )


def row(name: str, one: Bias) -> list[str]:
    gain = one.gain.get("rejected")
    swapped, left = one.swap.swapped_in, one.swap.swapped_out
    return [
        name,
        f"{one.rejected.predicted:.4f}",
        f"{one.rejected.ratio:.2f}",
        f"{one.accepted.ratio:.2f}",
        f"{one.auc['everyone'].value:.4f}",
        f"{one.auc['rejected'].value:.4f}",
        f"{gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]" if gain else "",
        f"{one.calibration_error:.4f}",
        f"{swapped.bad.rate.value:.4f}" if swapped.bad.rate else "",
        f"{left.bad.rate.value:.4f} ({left.rows})" if left.bad.rate else "",
    ]


def show(found: dict[str, Bias | Refusal]) -> None:
    table = Table(title="Reject inference")
    heads = ["method", "PD rejects", "/ true", "/ true acc.", "AUC all", "AUC rejects",
             "gain on rejects", "ECE", "bad in", "bad out"]  # fmt: skip
    for head in heads:
        table.add_column(head)
    for name, one in found.items():
        if isinstance(one, Refusal):
            table.add_row(name, str(one))
        else:
            table.add_row(*row(name, one))
    Console(file=sys.stderr, width=150).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--until", type=int, default=2021, help="last year to learn from")
    parser.add_argument("--from", dest="start", type=int, default=2023, help="first year judged")
    parser.add_argument("--variables", type=int, default=200)
    parser.add_argument("--min-cell-bads", type=int, default=10)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    began = time.perf_counter()
    made = trial(Applications(chosen.data), chosen.until, chosen.start, chosen.variables)
    read = time.perf_counter() - began
    print(f"read and selected in {read:.0f} s", file=sys.stderr, flush=True)
    one = model(chosen.threads)
    found: dict[str, Bias | Refusal] = {}
    for uplift, mark in ((1.0, ""), (None, ", by cell")):
        settings = RejectSettings(one, uplift=uplift, min_cell_bads=chosen.min_cell_bads)
        methods = ["parcelling", "fuzzy"] if mark else None
        asked = replace(made, rejected_truth=None) if mark else made
        results = measure_bias(asked, one, settings, *([methods] if methods else []))
        for name, result in results.items():
            if not mark or name in {"parcelling", "fuzzy"}:
                found[name + mark] = result
    show(found)
    answer = {
        "learnt": {"until": chosen.until, "accepted": made.accepted.rows,
                   "bads": int(made.accepted.bad.sum()), "rejected": made.rejected.rows},
        "judged": {"from": chosen.start, "applications": made.later.rows,
                   "rejected": int((~made.later_accepted).sum())},
        "variables": len(made.accepted.names),
        "bureau_performance": "simulated from the sealed truth: a yardstick, no result",
        "methods": {
            name: {"refused": str(one)} if isinstance(one, Refusal) else one.to_json()
            for name, one in found.items()
        },
        "read_s": round(read, 1),
        "seconds": round(time.perf_counter() - began, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3),
        "load": os.getloadavg()[0],
        "versions": {"python": platform.python_version(), "numpy": np.__version__,
                     "lightgbm": lightgbm.__version__, "sklearn": sklearn.__version__},
    }  # fmt: skip
    print(json.dumps(answer, indent=2, ensure_ascii=False))


if __name__ == "__main__":
    main()
