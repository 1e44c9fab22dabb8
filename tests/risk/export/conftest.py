"""A scorecard and a booster on the same borrowers, and rows that are hard to score alike."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from tael.risk import Feature, Scorecard
from tael.risk.boosting import BoosterSettings, MonotoneBooster

ROWS = 3_000
FEATURES = (
    Feature("revenue", monotone="falling", reason="bank_turnover"),
    Feature("years", special=(-9999.0, -9998.0)),
    Feature("industry", "categorical"),
    Feature("account", cuts=(1.0, 2.5, 7.0)),
)
CATEGORIES = np.array(
    ["retail", 'cafe "Ai" \\ <&>', "transport", "rare", "", "never seen", "other values"],
    dtype=object,
)


def borrowers(seed: int) -> tuple[dict[str, Any], Any]:
    random = np.random.default_rng(seed)
    revenue = np.exp(random.normal(3, 1, ROWS))
    years = random.integers(0, 20, ROWS).astype(float)
    industry = random.choice(CATEGORIES[:4], ROWS, p=[0.5, 0.3, 0.19, 0.01])
    account = random.gamma(2.0, 2.0, ROWS)
    odds = 0.5 - 0.7 * np.log(revenue) - 0.08 * years + 0.8 * (industry == CATEGORIES[1])
    bad = (random.random(ROWS) < 1 / (1 + np.exp(-odds + 0.1 * account))).astype(int)
    years[random.random(ROWS) < 0.1] = -9999.0
    years[random.random(ROWS) < 0.05] = -9998.0
    revenue[random.random(ROWS) < 0.1] = np.nan
    names = ("revenue", "years", "industry", "account")
    return dict(zip(names, (revenue, years, industry, account), strict=True)), bad


def strange(bounds: dict[str, list[float]]) -> dict[str, Any]:
    """Rows of bounds, of their neighbours, of missing and of far values."""
    random = np.random.default_rng(4)
    mixed = {}
    for name, values in borrowers(4)[0].items():
        if values.dtype == object:
            mixed[name] = random.choice(CATEGORIES, ROWS)
            continue
        near = np.array([-9999.0, -9998.0, 0.0, -0.0, 1e30, -1e30, *bounds.get(name, ())])
        near = np.concatenate(
            [near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), [np.nan]]
        )
        mixed[name] = np.where(random.random(ROWS) < 0.5, random.choice(near, ROWS), values)
    return mixed


@pytest.fixture(scope="session")
def train() -> tuple[dict[str, Any], Any]:
    return borrowers(3)


@pytest.fixture(scope="session")
def later() -> tuple[dict[str, Any], Any]:
    return borrowers(5)


@pytest.fixture(scope="session")
def card(train: tuple[dict[str, Any], Any]) -> Scorecard:
    return Scorecard(FEATURES).fit(*train)


@pytest.fixture(scope="session")
def booster(train: tuple[dict[str, Any], Any]) -> MonotoneBooster:
    settings = BoosterSettings(rounds=12, leaves=8, min_category_rows=100, threads=1)
    model = MonotoneBooster(settings, signs={"revenue": "-"}, categorical=("industry",))
    return model.fit(*train)


@pytest.fixture(scope="session")
def coded_booster(booster: MonotoneBooster) -> MonotoneBooster:
    """The booster as if trained on a sample: codes tell kinds of missing values."""
    model = copy.copy(booster)
    model.edge_ = True
    return model


@pytest.fixture(scope="session")
def card_rows(card: Scorecard) -> dict[str, Any]:
    """Rows around the cuts of the scorecard."""
    return strange({item.name: list(item.binning.cuts) for item in card.characteristics_})


@pytest.fixture(scope="session")
def booster_rows(booster: MonotoneBooster) -> dict[str, Any]:
    """Rows around the thresholds of the trees."""
    held = booster.trees_
    thresholds = {
        name: np.unique(held.threshold[held.feature == i]).astype(np.float64).tolist()
        for i, name in enumerate(booster.names_)
    }
    return strange(thresholds)
