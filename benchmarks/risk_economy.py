"""The whole pipeline on an economy whose truth is known; prints one JSON object.

Run: ``python benchmarks/risk_economy.py --economy DIR [--work DIR] [--wanted 1063]``, where
``tael economy build --size small`` made DIR. Some half an hour the first time on two cores; what
stands in the work folder is used again. Everything runs as a user would run it, through the
commands; the sealed truth is read at the end, to judge.

The model is built on 1 January 2019 from what was known by then, and judged on the applications of
2019 to 2023. ``all``: every application, with the outcome that those declined would have had;
``granted``: the loans. The oracle ranks by the true probability. Beside it: every planted trap, how
many variables it takes, person and enterprise alone and together, and the same model from shuffled
rows.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from tael.risk import Interval, Sample, auc
from tael.risk.challenger import Pairs, paired_auc_gain
from tael.risk.pipeline import Outcomes, TrainingConfig, read_config, read_model
from tael.risk.pipeline.rows import outcomes_of_config, sample_of, training_rows
from tael.risk.pipeline.steps import new_model
from tael.risk.selection import Funnel

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
TEST = (np.datetime64("2019-01-01"), np.datetime64("2024-01-01"))
PANEL = ("2010-01-01", "2017-07-01")
COUNTS = (30, 200, 1063, 0)  # 0: all
FORM = (
    "amount_asked", "months_asked", "batch_series", "owner_age", "firm_age_months", "property",
    "stated_sales_12m", "bank_sales_12m", "bank_sales_growth", "turnover_check",
    "invoice_sales_12m", "tax_late_12m", "overdue_24m", "enquiries_6m", "follow_up_calls",
    "debt_ratio", "court_cases",
)  # fmt: skip
CONFIG = """\
format: tael.risk.training/1
name: small-firms
version: 1
values: [{values}]
outcomes: {outcomes}
form: [{form}]
periods:
  built_on: 2019-01-01
  settle_days: 535
  train: {{first: 2009-07-01, until: 2018-01-01}}
  test: {{first: 2019-01-01, until: 2024-01-01}}
  stressed: [2019, 2020, 2022]
populations:
  own: [granted]
  select: [granted, declined]
  train: [granted, declined, market]
  judge: [granted, declined]
  calibrate: [granted]
  test: [granted]
selection: {{wanted: {wanted}}}
model:
  kind: ensemble
  members: [booster, shrunk_logistic]
  signs: false
  booster: {{rounds: 400, leaves: 8, learning_rate: 0.03, min_rows: 200, row_share: 0.7,
            column_share: 0.08, l2: 10.0, max_bins: 63}}
  shrunk_logistic: {{penalty: 100.0, power: 1.0}}
  folds: {{by: borrower, count: 2}}
downturn_years: [2012, 2013, 2015]
"""


def main() -> None:
    """Run all, judge, print."""
    asked = _asked()
    asked.work.mkdir(parents=True, exist_ok=True)
    steps = Steps(asked.economy, asked.work, asked.wanted)
    seconds = steps.run()
    config = read_config(steps.config("train"))
    truth = Truth.of(asked.economy, config)
    found: dict[str, Any] = {"seconds": seconds, "rows": len(truth.pd)}
    rated = read_model(steps.model / "rated.json")
    sample = sample_of(config, truth.outcomes, rated.names)
    odds = rated.model.log_odds(sample)
    found["ranks"] = truth.judged(odds)
    found["members"] = {
        name: truth.judged(one.log_odds(sample))
        for name, one in getattr(rated.model, "members_", {}).items()
    }
    found["evaluation"] = _evaluation(steps)
    found["traps"] = _traps(asked.economy, steps)
    found["funnel"] = _funnel(steps)
    if not asked.quick:
        found["variables"] = _by_count(steps, truth)
        found["subjects"] = _by_subject(config, steps, truth)
        found["shuffled"] = _shuffled(config, steps)
    found["peak_gb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2)
    print(json.dumps(found, indent=1))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("risk-economy"))
    parser.add_argument("--wanted", type=int, default=1063)
    parser.add_argument("--quick", action="store_true", help="the model alone, no comparisons")
    return parser.parse_args()


@dataclass(frozen=True)
class Steps:
    """The commands, in their order; each is left out where its result stands."""

    economy: Path
    work: Path
    wanted: int

    @property
    def model(self) -> Path:
        return self.work / "model"

    def config(self, name: str) -> Path:
        return self.work / f"{name}.yaml"

    def run(self) -> dict[str, float]:
        """Seconds by step."""
        form = ", ".join(f"form.{name}" for name in FORM)
        for name, values, outcomes in (("select", "wide", "applied"), ("train", "kept", "all")):
            text = CONFIG.format(
                values=values, outcomes=f"{outcomes}.parquet", form=form, wanted=self.wanted
            )
            self.config(name).write_text(text)
        work, economy = self.work, str(self.economy)
        panel = ["--panel-from", PANEL[0], "--panel-to", PANEL[1]]
        model = ["--model", str(self.model)]
        plan: tuple[tuple[str, Path, list[str]], ...] = (
            ("label", work / "applied.parquet",
             ["risk", "label", economy, "--out", str(work / "applied.parquet"),
              "--instants", str(work / "applied.csv")]),
            ("label_all", work / "all.parquet",
             ["risk", "label", economy, "--out", str(work / "all.parquet"),
              "--instants", str(work / "all.csv"), *panel]),
            ("variables", work / "wide/manifest.json",
             ["variables", "backfill", economy, "--asof-file", str(work / "applied.csv"),
              "--out", str(work / "wide")]),
            ("select", self.model / "funnel.json",
             ["risk", "select", str(self.config("select")), *model]),
            ("variables_kept", work / "kept/manifest.json",
             ["variables", "backfill", economy, "--asof-file", str(work / "all.csv"),
              "--columns", str(self.model / "kept.txt"), "--out", str(work / "kept")]),
            ("train", self.model / "model.json",
             ["risk", "train", str(self.config("train")), *model]),
            ("calibrate", self.model / "rated.json",
             ["risk", "calibrate", str(self.config("train")), *model]),
            ("evaluate", self.model / "report.html",
             ["risk", "evaluate", str(self.config("train")), *model, "--segment", "industry",
              "--segment", "size", "--report", str(self.model / "report.html")]),
        )  # fmt: skip
        seconds = {}
        for name, result, words in plan:
            done = _whole(result)
            if done:
                continue
            print(f"{name} ...", file=sys.stderr, flush=True)
            begun = time.monotonic()
            subprocess.run(  # noqa: S603 - our own command
                [str(Path(sys.executable).with_name("tael")), *words], check=True, stdout=sys.stderr
            )
            seconds[name] = round(time.monotonic() - begun, 1)
        return seconds


def _whole(result: Path) -> bool:
    if not result.is_file():
        return False
    return result.name != "manifest.json" or "identity" in json.loads(result.read_text())


@dataclass(frozen=True)
class Truth:
    """The applications of the test with what was true of them.

    Attributes:
        outcomes: the applications.
        pd: the true probability.
        bad: whether each would have defaulted, had it been granted.
        granted: which were.
    """

    outcomes: Outcomes
    pd: Floats
    bad: Floats
    granted: Bools

    @classmethod
    def of(cls, economy: Path, config: TrainingConfig) -> Truth:
        """Read the sealed table; applications too young for a year of truth are left out."""
        sealed = pq.read_table(
            economy / "sealed/truth.parquet",
            columns=["application_id", "pd_12m", "would_default_12m"],
        ).to_pydict()
        true = {
            name: (pd, float(bad))
            for name, pd, bad in zip(*sealed.values(), strict=True)
            if pd is not None and bad is not None
        }
        outcomes = outcomes_of_config(config)
        ids = outcomes.texts("application_id")
        inside = (outcomes.asof >= TEST[0]) & (outcomes.asof < TEST[1])
        inside &= np.array([name in true for name in ids])
        held = outcomes.take(inside)
        figures = np.array([true[name] for name in held.texts("application_id")])
        granted = held.texts("population") == "granted"
        return cls(held, figures[:, 0], figures[:, 1], granted)

    def judged(self, odds: Floats) -> dict[str, dict[str, float]]:
        """AUC beside the oracle's, and the share of its lead over a coin that is reached."""
        found = {}
        for name, rows in (("all", np.ones(len(odds), dtype=bool)), ("granted", self.granted)):
            ours, best = auc(self.bad[rows], odds[rows]), auc(self.bad[rows], self.pd[rows])
            found[name] = {
                "auc": round(ours, 4),
                "oracle": round(best, 4),
                "share": round((ours - 0.5) / (best - 0.5), 4),
            }
        return found

    def gain(self, ours: Floats, theirs: Floats) -> Interval:
        """AUC of ``ours`` less that of ``theirs`` on all applications, borrowers resampled."""
        return paired_auc_gain(Pairs(self.bad, theirs, ours, None, self.outcomes.borrower))


def _evaluation(steps: Steps) -> dict[str, Any]:
    """What the evaluation says of the granted loans, by year."""
    told = json.loads((steps.model / "evaluation.json").read_text())
    years = {
        gap["key"]: {
            "bads": gap["bads"],
            "predicted_over_observed": gap["ratio"],
            "verdict": gap["verdict"],
        }
        for gap in told["gaps"]
    }
    rises = {
        one["vintage"]: {"R1-R3": one["prime"], "R4-R7": one["rest"], "verdict": one["verdict"]}
        for one in told["tiers"]["rises"]
    }
    return {
        "slope": told["line"]["slope"],
        "years": years,
        "stressed": [
            {"vintage": 1970 + one["vintage"] // 12, "inside": one["inside"]}
            for one in told["stressed"]
        ],
        "rises": rises,
    }


def _traps(economy: Path, steps: Steps) -> dict[str, str]:
    """What became of each planted trap."""
    planted = json.loads((economy / "sealed/traps.json").read_text())["applications"]
    funnel = Funnel.from_json(json.loads((steps.model / "funnel.json").read_text()))
    future = json.loads((steps.model / "future.json").read_text())
    found = {}
    for name in planted:
        full = f"form.{name}"
        fate = funnel.reasons.get(full)
        found[name] = "future" if full in future else "offered nowhere"
        if fate is not None:
            found[name] = "KEPT" if fate.kept else f"dropped: {fate.rule}"
    return found


def _funnel(steps: Steps) -> dict[str, Any]:
    funnel = Funnel.from_json(json.loads((steps.model / "funnel.json").read_text()))
    return {
        "offered": len(funnel.fates),
        "kept": len(funnel.kept),
        "steps": {step.code: [step.entered, step.dropped] for step in funnel.steps},
    }


def _by_count(steps: Steps, truth: Truth) -> dict[str, Any]:
    """The same booster and regression on the first 30, 200, all kept and all variables.

    Trained on applications alone, whose variables are all computed, so that only their number
    differs; judged by ranks, and by the spread of the AUC over the years.
    """
    config = read_config(steps.config("select"))
    kept = Funnel.from_json(json.loads((steps.model / "funnel.json").read_text())).kept
    outcomes = outcomes_of_config(config)
    rows = training_rows(outcomes, config, config.populations.select)
    computed = [name for name in kept if name not in config.form]
    scores: dict[str, Floats] = {}
    for count in COUNTS:
        names = computed[:count] if count else None
        scores[str(count or "all")] = _fitted(config, outcomes.take(rows), truth, names)
        print(f"{count or 'all'} variables", file=sys.stderr, flush=True)
    whole = scores["1063"]
    years = truth.outcomes.asof.astype("datetime64[Y]").astype(int) + 1970
    found = {}
    for name, odds in scores.items():
        by_year = [auc(truth.bad[years == y], odds[years == y]) for y in np.unique(years)]
        gain = truth.gain(whole, odds)
        found[name] = {
            **truth.judged(odds),
            "least_and_most_by_year": [round(min(by_year), 4), round(max(by_year), 4)],
            "gain_of_1063_over_it": gain.to_json(),
        }
    return found


def _fitted(
    config: TrainingConfig, rows: Outcomes, truth: Truth, names: list[str] | None
) -> Floats:
    plain = replace(config, form=())
    sample = sample_of(plain, rows, names)
    model = new_model(plain, sample.names, {}).fit(sample)
    chosen = list(model.names_) if hasattr(model, "names_") else names
    odds: Floats = model.log_odds(sample_of(plain, truth.outcomes, chosen))
    return odds


def _by_subject(config: TrainingConfig, steps: Steps, truth: Truth) -> dict[str, Any]:
    """Person alone, enterprise alone, both: the kept variables of each, all training rows."""
    kept = Funnel.from_json(json.loads((steps.model / "funnel.json").read_text())).kept
    computed = [name for name in kept if name not in config.form]
    outcomes = outcomes_of_config(config)
    rows = outcomes.take(training_rows(outcomes, config, config.populations.train))
    groups = {
        "person": [name for name in computed if name.startswith("per.")],
        "enterprise": [name for name in computed if name.startswith("ent.")],
        "both": computed,
    }
    scores = {name: _fitted(config, rows, truth, names) for name, names in groups.items()}
    found: dict[str, Any] = {
        name: {"variables": len(groups[name]), **truth.judged(odds)}
        for name, odds in scores.items()
    }
    for name in ("person", "enterprise"):
        gain = truth.gain(scores["both"], scores[name])
        found[f"gain_over_{name}"] = gain.to_json()
    return found


def _shuffled(config: TrainingConfig, steps: Steps) -> dict[str, Any]:
    """Two trainings on shuffled rows of the calibrating population: hashes and scores."""
    kept = Funnel.from_json(json.loads((steps.model / "funnel.json").read_text())).kept
    outcomes = outcomes_of_config(config)
    rows = outcomes.take(training_rows(outcomes, config, config.populations.calibrate))
    sample = sample_of(config, rows, kept)
    order = np.random.default_rng(1).permutation(sample.rows)
    first, second = (_trained(config, one) for one in (sample, sample.take(order)))
    same = np.array_equal(first.log_odds(sample), second.log_odds(sample))
    return {"same_hash": first.hash == second.hash, "equal_scores": bool(same)}


def _trained(config: TrainingConfig, sample: Sample) -> Any:
    return new_model(config, sample.names, {}).fit(sample)


if __name__ == "__main__":
    main()
