"""A search of settings: what is tried, what wins, and what no trial may see."""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.folds import FoldSettings
from tael.risk.sample import Sample
from tael.risk.search import SearchSettings, search

BASE = MonotoneBooster(
    BoosterSettings(rounds=8, threads=1, min_rows=20, column_share=1.0), signs={"useful": "+"}
)
GRID: Mapping[str, tuple[float | int, ...]] = {"leaves": (2, 6), "learning_rate": (1e-6, 0.2)}
SETTINGS = SearchSettings(folds=FoldSettings(count=2, min_bads=20), shares=(0.5, 1.0))


def sample(rows: int = 1_500, seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    asof = np.datetime64("2010-01-01T00:00:00") + random.integers(0, 1_800, rows) * np.timedelta64(
        86_400, "s"
    )
    values = random.normal(size=(2, rows)).astype(np.float32)
    return Sample(
        ("useful", "noise"),
        values,
        np.zeros((2, rows), dtype=np.uint8),
        (random.random(rows) < 1 / (1 + np.exp(1 - 1.5 * values[0]))).astype(float),
        np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
    )


def test_the_better_half_goes_on_and_the_record_tells_every_trial() -> None:
    found = search(BASE, sample(), GRID, SETTINGS)
    rungs = [trial.rung for trial in found.trials]
    assert rungs == [0, 0, 0, 0, 1, 1]
    best_of_last = max(found.trials[4:], key=lambda trial: trial.mean)
    assert found.best == best_of_last.settings
    assert found.best.rounds == 8
    assert all(len(trial.folds) == 2 for trial in found.trials)
    assert {trial.settings for trial in found.trials[4:]} <= {
        trial.settings for trial in sorted(found.trials[:4], key=lambda trial: -trial.mean)[:2]
    }
    record = json.loads(found.to_json())
    assert len(record["trials"]) == 6
    assert "threads" not in record["best"]


def test_shuffled_rows_give_the_same_record() -> None:
    held = sample()
    order = np.random.default_rng(2).permutation(held.rows)
    assert (
        search(BASE, held, GRID, SETTINGS).hash
        == search(BASE, held.take(order), GRID, SETTINGS).hash
    )


def test_no_trial_sees_the_last_year() -> None:
    held = sample()
    last = held.vintage > held.vintage.max() - 12
    first = search(BASE, held, GRID, SETTINGS)
    assert first.rows_held == last.sum()
    held.values[:, last], held.bad[last] = 1e6, 1.0
    assert search(BASE, held, GRID, SETTINGS).trials == first.trials


@pytest.mark.parametrize(
    ("grid", "settings", "message"),
    [
        ({"depth": (3,)}, SETTINGS, "no booster setting 'depth'"),
        ({"leaves": ()}, SETTINGS, "the grid is empty"),
        (GRID, SearchSettings(shares=(1.0, 0.5)), "rungs rise to 1"),
        (GRID, SearchSettings(last_months=900), "no longer than the 900 months"),
        (GRID, SearchSettings(folds=FoldSettings(min_bads=9_999)), "4 folds need 49995"),
    ],
)
def test_a_search_that_would_mislead_is_refused(
    grid: Mapping[str, tuple[float | int, ...]], settings: SearchSettings, message: str
) -> None:
    with pytest.raises(BadInput, match=message):
        search(BASE, sample(), grid, settings)
