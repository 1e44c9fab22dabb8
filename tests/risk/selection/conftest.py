"""Rows with planted variables, and the funnel run on them once."""

from __future__ import annotations

import numpy as np
import pytest

from tael.risk.sample import NO_SOURCE, UNDEFINED, Sample
from tael.risk.selection import (
    Boosting,
    Funnel,
    Quotas,
    SelectionSettings,
    Strength,
    select,
)

ROWS, MONTHS, REJECTED = 3_000, 36, 300
SETTINGS = SelectionSettings(
    wanted=9,
    threads=1,
    strength=Strength(permutations=5),
    boosting=Boosting(folds=2, trees=12, sampled=0.5),
    quotas=Quotas(source=1, subject=0.2),
)


def planted_sample() -> Sample:
    """1,500 borrowers who apply twice, a year apart; the last 300 rows have no outcome.

    'ent.bank' and 'per.bureau' are honest; the names of the others say what is wrong with them.
    """
    random = np.random.default_rng(11)
    half = ROWS // 2
    borrower = np.tile(np.arange(half), 2)
    month = np.concatenate([first := random.integers(0, MONTHS - 12, half), first + 12])
    factor = random.standard_normal((4, ROWS))
    ahead = np.concatenate([factor[0, half:], random.standard_normal(half)])
    risk = factor.sum(axis=0) + ahead + 2 * random.standard_normal(ROWS)
    bad = (risk > np.quantile(risk, 0.85)).astype(np.float64)
    columns = _columns(random, factor, month, bad, ahead)
    values = np.array(list(columns.values()), dtype=np.float32)
    reasons = np.where(np.isnan(values), UNDEFINED, 0).astype(np.uint8)
    few, granted = (list(columns).index(f"ent.{it}.90d.value.sum") for it in ("few", "granted"))
    values[few, 40:], reasons[few, 40:] = np.nan, NO_SOURCE
    rejected = random.permutation(ROWS)[:REJECTED]
    values[granted, rejected], reasons[granted, rejected] = np.nan, UNDEFINED
    bad[rejected] = np.nan
    asof = (540 + month).astype("datetime64[M]").astype("datetime64[s]")
    asof = asof + random.integers(0, 27, ROWS) * np.timedelta64(86_400, "s")
    return Sample(
        tuple(columns),
        values,
        reasons,
        bad,
        np.ones(ROWS),
        np.array([f"B{number:05d}" for number in borrower], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        plan="p" * 64,
    )


def _columns(
    random: np.random.Generator,
    factor: np.ndarray,
    month: np.ndarray,
    bad: np.ndarray,
    ahead: np.ndarray,
) -> dict[str, np.ndarray]:
    def noise(size: float = 1.0) -> np.ndarray:
        return size * random.standard_normal(ROWS)

    turned = np.where((month > 14) & (month < 20), -1, 1)
    columns = {}
    for k in range(4):
        columns[f"ent.bank.f{k}.90d.value.sum"] = factor[k] + noise(0.6)
        columns[f"per.bureau.f{k}.90d.value.sum"] = factor[k] + noise(0.8)
    columns["ent.copy.90d.value.sum"] = 3 * columns["ent.bank.f1.90d.value.sum"] + noise(0.01)
    columns["ent.weaker.90d.value.sum"] = factor[2] + noise(4)
    columns["ent.outcome.90d.value.sum"] = np.where(bad == 1, 9, 0) + np.abs(noise())
    columns["ent.future.90d.value.sum"] = ahead + noise(0.2)
    columns["ent.era.90d.value.sum"] = month + random.random(ROWS)
    columns["ent.granted.90d.value.sum"] = noise()
    columns["ent.turned.90d.value.sum"] = turned * factor[0] + noise(0.5)
    columns["ent.drifted.90d.value.sum"] = factor[3] + noise() + np.where(month > 30, 2.5, 0)
    columns["ent.constant.90d.value.sum"] = np.full(ROWS, 7.0)
    columns["ent.empty.90d.value.sum"] = np.full(ROWS, np.nan)
    columns["ent.few.90d.value.sum"] = noise()
    columns["ent.nearly.90d.value.sum"] = (np.arange(ROWS) % 500 == 0).astype(np.float64)
    for k in range(6):
        columns[f"ent.noise.n{k}.90d.value.sum"] = noise()
    return columns


@pytest.fixture(scope="session")
def planted() -> Sample:
    """The planted rows."""
    return planted_sample()


@pytest.fixture(scope="session")
def settings() -> SelectionSettings:
    """Small trees and few permutations."""
    return SETTINGS


@pytest.fixture(scope="session")
def funnel(planted: Sample) -> Funnel:
    """The funnel of the planted rows."""
    return select(planted, SETTINGS)
