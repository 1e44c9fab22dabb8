"""The proof that signs are kept: it finds what is planted, and what LightGBM lets through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tael.risk.boosting import BoosterSettings, MonotoneBooster

SETTINGS = BoosterSettings(
    rounds=30, leaves=12, min_rows=5, column_share=0.5, learning_rate=0.1, threads=1
)
SIGNS = {f"x{i}": "+" if i % 2 == 0 else "-" for i in range(6)}


def data(share_missing: float) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(1_000, 8)).astype(np.float32)
    filled = matrix.copy()
    matrix[random.random(matrix.shape) < share_missing] = np.nan
    odds = filled[:, 0] * filled[:, 1] + filled[:, 2] - filled[:, 3]
    return matrix, (random.random(1_000) < 1 / (1 + np.exp(-odds))).astype(float)


@pytest.mark.parametrize("share_missing", [0.0, 0.2])
def test_a_model_with_signs_has_no_breach(share_missing: float) -> None:
    assert MonotoneBooster(SETTINGS, signs=SIGNS).fit(*data(share_missing)).breaches() == []


def test_a_model_grown_without_signs_is_found_to_breach_them() -> None:
    model = MonotoneBooster(SETTINGS).fit(*data(0.2))
    model.signs = SIGNS
    found = model.breaches()
    assert {breach.variable for breach in found} <= set(range(6))
    assert len(found) > 10
    assert all(breach.by > 0 for breach in found)


def test_the_advanced_way_breaks_signs_where_values_are_missing() -> None:
    """Why 'basic' is the default; once LightGBM mends this, this test says so by failing."""
    settings = replace(SETTINGS, monotone="advanced")
    assert MonotoneBooster(settings, signs=SIGNS).fit(*data(0.2)).breaches()
    assert not MonotoneBooster(settings, signs=SIGNS).fit(*data(0.0)).breaches()
