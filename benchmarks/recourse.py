"""How long it takes to tell what would change an answer under the policy that ships; prints JSON.

Run: ``python benchmarks/recourse.py [--applicants 300]``. Applicants are drawn at random around the
rules' limits; a scorecard of eight figures is learnt from 4,000 invented firms. Times of the wall
clock and of the processor, each in milliseconds an applicant, after one that warms up.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections import Counter
from decimal import Decimal
from typing import Any

import numpy as np

from tael.kernel import Rate
from tael.policies import first_bundle
from tael.policies.recourse import Advised, what_would_change
from tael.risk import Feature, Scorecard

CAP = Rate.percent(24)
FIRMS = 4_000


def main() -> None:
    """Learn, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--applicants", type=int, default=300)
    asked = parser.parse_args()
    began = time.perf_counter()
    advised = Advised.of(first_bundle(card().to_json()))
    loaded_s = time.perf_counter() - began
    random = np.random.default_rng(5)
    what_would_change(advised, applicant(random), CAP)
    wall, processor, tried, answers, complete = [], [], [], Counter[str](), True
    for _ in range(asked.applicants):
        one = applicant(random)
        began, spent = time.perf_counter(), time.process_time()
        advice = what_would_change(advised, one, CAP)
        wall.append((time.perf_counter() - began) * 1e3)
        processor.append((time.process_time() - spent) * 1e3)
        tried.append(advice.tried)
        changes = min((len(each.changes) for each in advice.answers), default=0)
        answers[f"{advice.target.value if advice.target else 'nothing better'} {changes}"] += 1
        complete &= advice.complete
    found = {
        "applicants": asked.applicants,
        "load_s": round(loaded_s, 2),
        "wall_ms": spread(wall),
        "processor_ms": spread(processor),
        "combinations": spread(tried),
        "complete": complete,
        "answers_by_target_and_fewest_changes": dict(sorted(answers.items())),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
    }
    print(json.dumps(found, indent=1))


def card() -> Scorecard:
    """A scorecard of eight figures of invented firms."""
    random = np.random.default_rng(0)
    columns = {
        "debt_ratio": random.gamma(2, 0.4, FIRMS).round(3),
        "enquiries_6m": random.poisson(2, FIRMS).astype(float),
        "overdue_count_24m": random.poisson(0.6, FIRMS).astype(float),
        "active_loans": random.poisson(2, FIRMS).astype(float),
        "years_in_business": random.integers(0, 20, FIRMS).astype(float),
        "revenue_volatility": random.gamma(2, 0.15, FIRMS).round(3),
        "monthly_revenue": random.lognormal(11.5, 0.8, FIRMS).round(),
        "total_debt": random.lognormal(12, 0.9, FIRMS).round(),
    }
    weights = (1.2, 0.2, 0.6, 0.15, -0.05, 1.0)
    odds = sum(w * each for w, each in zip(weights, columns.values(), strict=False)) - 4.2
    bad = (random.random(FIRMS) < 1 / (1 + np.exp(-odds))).astype(int)
    return Scorecard([Feature(name) for name in columns]).fit(columns, bad)


def applicant(random: np.random.Generator) -> dict[str, Any]:
    """A firm and its request, drawn."""
    debt, revenue = int(random.lognormal(12.5, 1)), int(random.lognormal(11.3, 0.8)) + 1_000
    return {
        "owner_age": int(random.integers(19, 68)),
        "years_in_business": int(random.integers(0, 9)),
        "employees": 5,
        "monthly_revenue": revenue,
        "bank_turnover_12m": int(revenue * 12 * random.uniform(0.1, 1.2)),
        "tax_paid_12m": 20_000,
        "total_debt": debt,
        "debt_ratio": round(Decimal(debt) / (12 * revenue), 4),
        "revenue_volatility": Decimal("0.2"),
        "overdue_count_24m": int(random.poisson(1.5)),
        "enquiries_6m": int(random.poisson(4)),
        "active_loans": int(random.poisson(3)),
        "owns_property": True,
        "region": "310000",
        "industry": "F52",
        "enterprise_kind": "company",
        "amount": int(random.lognormal(12, 1)) // 1_000 * 1_000 + 10_000,
        "months": int(random.choice([6, 12, 18, 24, 36])),
    }


def spread(values: list[float] | list[int]) -> dict[str, float]:
    """Median, 99th percentile and largest."""
    p50, p99 = np.percentile(values, [50, 99])
    return {"p50": round(p50, 1), "p99": round(p99, 1), "max": round(max(values), 1)}


if __name__ == "__main__":
    main()
