"""A scorecard of a few figures, and the shipped policy around it."""

from __future__ import annotations

import numpy as np
import pytest

from tael.policies import first_bundle
from tael.policies.recourse import Advised
from tael.risk import Feature, Scorecard


@pytest.fixture(scope="session")
def card() -> str:
    """A scorecard that holds debt, loans, enquiries, late payments and youth against a firm."""
    random = np.random.default_rng(0)
    rows = 3_000
    columns = {
        "debt_ratio": random.gamma(2, 0.4, rows).round(3),
        "enquiries_6m": random.poisson(2, rows).astype(float),
        "overdue_count_24m": random.poisson(0.6, rows).astype(float),
        "active_loans": random.poisson(2, rows).astype(float),
        "years_in_business": random.integers(0, 20, rows).astype(float),
        "revenue_volatility": random.gamma(2, 0.15, rows).round(3),
    }
    weights = (1.2, 0.2, 0.6, 0.3, -0.05, 1.0)
    odds = sum(w * each for w, each in zip(weights, columns.values(), strict=True)) - 4.4
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    return Scorecard([Feature(name) for name in columns]).fit(columns, bad).to_json()


@pytest.fixture(scope="session")
def shipped(card: str) -> Advised:
    """The policy that ships."""
    return Advised.of(first_bundle(card))
