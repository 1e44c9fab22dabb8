"""What partial evaluation saves of paid data, on the economy: one JSON object on standard output.

    tael economy build --size small --seed 7 --out economy
    python benchmarks/source_savings.py --economy economy --model model/rated.json

Applications of the economy go through the shipped staged policy, once asking sources stage by stage
while the outcome depends on them, and once with every source asked. What each source says is known
beforehand (a backfill of the variables that rules and model read, as known at the application), so
a call only counts: its price is that of the policy's parameters. ``--values`` takes a backfill that
was made before with the same seed and number of applications; ``--history`` orders each stage by
what half of the applications, which are not counted then, tell of who ends a flow; ``--half`` asks
the other half cheapest first, to compare.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from tael.kernel import Rate
from tael.policies import engines, flow, rules, texts
from tael.policies.model import Bundle
from tael.risk import pipeline

CAP = Rate(Decimal("0.24"))
MISSING = {1: Decimal(-9999), 2: Decimal(-9998), 3: Decimal(-9997)}
UNDEFINED = Decimal(-9997)
_TIMED, _TURNS = 100, 5
_TURN_OF_LEARNING = 25


@dataclass(frozen=True)
class Asked:
    """One application: what it says itself, and what each source would say."""

    applicant: flow.Applicant
    values: Mapping[str, object]


class Counting:
    """Sources that know everything and cost what the plan says."""

    def __init__(self, plan: flow.FlowPlan) -> None:
        self.plan = plan
        self.values: Mapping[str, object] = {}
        self.names = {
            source: [name for name, behind in plan.behind.items() if source in behind]
            for source in plan.sources
        }

    def fetch(self, source: str, subject: str, *, key: str, budget_s: float) -> flow.Answer:  # noqa: ARG002 - of the port
        """Everything that is known of the inputs that need the source."""
        values = {name: self.values[name] for name in self.names[source]}
        return flow.Answer(source, values=values, cost_minor=self.plan.sources[source].cost_minor)


# --- applications and what is known of them


def applications(economy: Path, count: int, seed: int) -> list[dict[str, Any]]:
    parts = sorted((economy / "applications").glob("part-*.parquet"))
    rows = [row for part in parts for row in pq.read_table(part).to_pylist()]
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    return [rows[i] for i in sorted(chosen.tolist())]


def backfilled(
    economy: Path, rows: Sequence[Mapping[str, Any]], names: Sequence[str], out: Path
) -> Path:
    """Compute the variables that are read, as known at each application."""
    with (out / "asof.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["borrower", "asof"])
        writer.writerows([row["enterprise_id"], _instant(row)] for row in rows)
    (out / "names.txt").write_text("\n".join(names) + "\n", "utf-8")
    made = out / "values"
    subprocess.run(  # noqa: S603 - this package's own command
        [str(Path(sys.executable).with_name("tael")), "variables", "backfill", str(economy),
         "--asof-file", str(out / "asof.csv"), "--columns", str(out / "names.txt"),
         "--out", str(made)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return made


def _instant(row: Mapping[str, Any]) -> str:
    return row["applied_at"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def known(folder: Path, names: Sequence[str]) -> dict[tuple[str, int], dict[str, Decimal]]:
    """Variables by borrower and instant; missing ones by the code of their kind."""
    found: dict[tuple[str, int], dict[str, Decimal]] = {}
    columns = ["borrower", "asof", *(each for name in names for each in (name, f"{name}/reason"))]
    for part in sorted(folder.glob("part-*.parquet")):
        table = pq.read_table(part, columns=columns).to_pydict()
        for at, (borrower, asof) in enumerate(zip(table["borrower"], table["asof"], strict=True)):
            key = borrower, int(asof.timestamp() if isinstance(asof, datetime) else asof)
            found[key] = {
                name: MISSING.get(table[f"{name}/reason"][at]) or Decimal(repr(table[name][at]))
                for name in names
            }
    return found


def asked(
    rows: Sequence[Mapping[str, Any]],
    values: Mapping[tuple[str, int], Mapping[str, Decimal]],
    policy: texts.Policy,
    plan: flow.FlowPlan,
) -> Iterator[Asked]:
    for row in rows:
        variables = values[row["enterprise_id"], int(row["applied_at"].timestamp())]
        read = {rule.name: _read(rule, row, variables) for rule in policy.inputs}
        said = {name: value for name, value in read.items() if not plan.behind[name]}
        applicant = flow.Applicant(
            row["enterprise_id"], row["application_id"], row["applied_at"], said
        )
        yield Asked(applicant, read)


def _read(
    rule: texts.InputRule, row: Mapping[str, Any], variables: Mapping[str, Decimal]
) -> object:
    if rule.type == "variable":
        return variables[rule.name]
    if rule.taken is not None:
        value = variables[rule.taken.variable]
        return rule.taken.missing if value in MISSING.values() else value * rule.taken.scale
    return _said(rule.name, row)


def _said(name: str, row: Mapping[str, Any]) -> object:
    """What the form says; sums of the request in yuan."""
    if name == "amount":
        return Decimal(row["amount_asked"]) / 100
    if name == "stated_sales_12m":
        return Decimal(row["stated_sales_12m"]) / 100
    value = row[{"months": "months_asked"}.get(name, name.removeprefix("form."))]
    if isinstance(value, str):
        return value
    return (
        UNDEFINED
        if value is None
        else Decimal(repr(float(value)) if name.startswith("form.") else value)
    )


# --- both ways


def everything(bundle: Bundle, policy: texts.Policy, all_: Sequence[Asked]) -> list[rules.Verdict]:
    """The verdicts with every source asked; the model scores all of them together."""
    model = pipeline.RatedModel.from_json(bundle.model)
    columns = {
        name: np.array([float(each.values[name]) for each in all_], dtype=np.float32)
        for name in model.names
    }
    found = []
    for each, pd in zip(all_, model.score(columns).pd.tolist(), strict=True):
        inputs = rules.checked(policy, each.values)
        score = engines.Score(Rate.from_probability(pd), 0, ())
        answer = policy.rules.evaluate({**inputs, "pd": score.pd.fraction})
        found.append(rules.verdict_of(policy, inputs, (score, answer), cap=CAP))
    return found


def staged(
    ahead: flow.Ahead, plan: flow.FlowPlan, all_: Sequence[Asked], history: flow.History
) -> list[flow.FlowResult]:
    port = Counting(plan)
    runner = flow.FlowRunner(ahead, plan, port, flow.FlowSettings(history=history, watched=False))
    results = []
    for each in all_:
        port.values = each.values
        results.append(runner.run(each.applicant, cap=CAP))
    return results


def learnt(ahead: flow.Ahead, plan: flow.FlowPlan, all_: Sequence[Asked]) -> flow.History:
    """Who ends a flow, learnt on the way: a turn that nobody tried yet is tried."""
    history = flow.History()
    for begin in range(0, len(all_), _TURN_OF_LEARNING):
        some = all_[begin : begin + _TURN_OF_LEARNING]
        history = history.after(staged(ahead, plan, some, history))
    return history


def told(verdict: rules.Verdict) -> object:
    """What must be the same: of a decline the outcome, else tier, limit, offers and desk too."""
    if verdict.outcome == "decline":
        return "decline"
    return verdict.outcome, verdict.tier, verdict.limit, verdict.options, verdict.routing


def figures(
    plan: flow.FlowPlan, results: Sequence[flow.FlowResult], whole: Sequence[rules.Verdict]
) -> dict[str, Any]:
    saved = flow.savings(results)
    same = [
        told(result.concluded.verdict) == told(verdict)
        for result, verdict in zip(results, whole, strict=True)
        if result.concluded
    ]
    first = [
        result.concluded.verdict.reasons[:1] == verdict.reasons[:1]
        for result, verdict in zip(results, whole, strict=True)
        if result.concluded and verdict.outcome == "decline"
    ]
    count = len(results)
    return {
        "outcomes": dict(Counter(verdict.outcome for verdict in whole)),
        "same_outcome": f"{sum(same)} of {len(same)}",
        "declines_with_the_same_first_reason": f"{sum(first)} of {len(first)}",
        "how": dict(Counter(result.how for result in results)),
        "calls": saved.total.calls,
        "calls_of_everything": saved.total.of_calls,
        "share_of_calls_saved": _share(saved.total.calls_saved),
        "share_of_money_saved": _share(saved.total.money_saved),
        "paid_yuan_an_application": round(saved.total.cost_minor / count / 100, 3),
        "paid_yuan_of_everything": round(saved.total.of_cost_minor / count / 100, 3),
        "settled_after_stage": {
            name: round(n / count, 4) for name, n in saved.ended.items() if n
        },
        "by_source": {
            name: {
                "price_minor": plan.sources[name].cost_minor,
                "share_of_calls_saved": _share(saved.sources[name].calls_saved),
                "saved_yuan_an_application": round(
                    (saved.sources[name].of_cost_minor - saved.sources[name].cost_minor)
                    / count / 100, 3,
                ),
            }
            for name in plan.order
        },
    }  # fmt: skip


def speed(
    ahead: flow.Ahead, plan: flow.FlowPlan, all_: Sequence[Asked], history: flow.History
) -> dict[str, Any]:
    """Of each application the quickest of several runs: others work on the machine too."""
    port = Counting(plan)
    runner = flow.FlowRunner(ahead, plan, port, flow.FlowSettings(history=history, watched=False))
    rows = []
    for each in all_:
        port.values = each.values
        runs = []
        for _ in range(_TURNS):
            started = time.perf_counter()
            result = runner.run(each.applicant, cap=CAP)
            whole = time.perf_counter() - started
            thought = sum(stage.thought_us for stage in result.stages) / 1000
            runs.append((thought, whole * 1000))
        best = min(thought for thought, _ in runs), min(whole for _, whole in runs)
        rows.append((*best, 1 + len(result.fetched), result.how == "early"))
    thought_, whole_, looks, early = (np.array(column) for column in zip(*rows, strict=True))
    return {
        "applications_timed": len(rows),
        "looks_an_application": round(float(looks.mean()), 2),
        "looking_ahead_ms_a_look": round(float(thought_.sum() / looks.sum()), 3),
        "looking_ahead_ms_an_application": round(float(thought_.mean()), 2),
        "run_ms_p50_where_settled_early": round(float(np.median(whole_[early])), 2),
        "run_ms_p50_where_the_model_scores": round(float(np.median(whole_[~early])), 2),
    }


def _share(value: Decimal) -> float:
    return round(float(value), 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--economy", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a rated model (rated.json)")
    parser.add_argument("--values", type=Path, help="a backfill made before")
    parser.add_argument("--applications", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--history", action="store_true")
    parser.add_argument("--half", action="store_true")
    given = parser.parse_args()
    bundle = flow.staged_bundle(given.model.read_text("utf-8"))
    policy = texts.load(bundle, engines.ENGINES)
    plan = flow.plan_of(policy, bundle.parameters)
    if plan is None:
        raise SystemExit("the policy has no stages")
    taken = [rule.taken.variable for rule in policy.inputs if rule.taken]
    names = list(dict.fromkeys([*policy.variables, *taken]))
    rows = applications(given.economy, given.applications, given.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.values or backfilled(given.economy, rows, names, Path(scratch))
        all_ = list(asked(rows, known(folder, names), policy, plan))
    ahead = flow.Ahead(policy, bundle)
    history = flow.History()
    if given.half:
        all_ = all_[1::2]
    elif given.history:
        learn, all_ = all_[::2], all_[1::2]
        history = learnt(ahead, plan, learn)
    results = staged(ahead, plan, all_, history)
    whole = everything(bundle, policy, all_)
    print(
        json.dumps(
            {
                "benchmark": "source_savings",
                "economy": json.loads((given.economy / "manifest.json").read_text())["size"],
                "applications": len(all_),
                "model_variables": len(policy.scorer.variables),
                "order": "learnt" if given.history else "cheapest first",
                **figures(plan, results, whole),
                "speed": speed(ahead, plan, all_[:_TIMED], history),
                "python": platform.python_version(),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
