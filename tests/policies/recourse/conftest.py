"""A scorecard of a few figures, and the shipped policy around it."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tael.kernel import Rate
from tael.policies import first_bundle
from tael.policies.recourse import Advised
from tael.risk import Feature, Scorecard, calibration, explain, pipeline


@functools.cache
def past() -> tuple[dict[str, Any], Any]:
    """Firms of the past: figures, and which of them went bad."""
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
    return columns, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


@pytest.fixture(scope="session")
def card() -> str:
    """A scorecard that holds debt, loans, enquiries, late payments and youth against a firm."""
    columns, bad = past()
    return Scorecard([Feature(name) for name in columns]).fit(columns, bad).to_json()


@pytest.fixture(scope="session")
def rated() -> str:
    """A rated model around a scorecard of the same figures, read as float32."""
    columns, bad = past()
    model = Scorecard([Feature(name) for name in columns]).fit(columns, bad)
    odds, told = model.log_odds(columns), model.contributions(columns)
    held = np.column_stack([columns[name] for name in model.names_])
    bounds = tuple(Rate(Decimal(b)) for b in ("0.01", "0.02", "0.035", "0.06", "0.1", "0.16"))
    calibrator = calibration.Calibrator().fit(odds, bad.astype(float))
    reference = explain.Reference.average(told, held)
    made = pipeline.RatedModel(
        model,  # type: ignore[arg-type] # its names are read, never set
        calibrator, 0.2, bounds, reference, "", "config",
    )  # fmt: skip
    return made.to_json()


@pytest.fixture(scope="session")
def shipped(card: str) -> Advised:
    """The policy that ships."""
    return Advised.of(first_bundle(card))
