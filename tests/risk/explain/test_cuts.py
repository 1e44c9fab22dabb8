"""Between two cuts of a variable no model's answer changes; at most of them it does."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk import Ensemble, Feature, MonotoneBooster, Scorecard
from tael.risk.boosting import BoosterSettings
from tael.risk.explain import cuts_of
from tael.risk.folds import FoldSettings
from tael.risk.sample import Sample
from tael.risk.shrunk_logistic import ShrunkLogistic

NAMES = ("a", "b", "c")


def sample(rows: int = 900) -> Sample:
    random = np.random.default_rng(3)
    values = random.normal(size=(3, rows)).round(2).astype(np.float32)
    odds = 1.5 * values[0] + values[1] * values[2] - 1
    asof = np.datetime64("2015-01-01T00:00:00") + random.integers(0, 1_800, rows) * np.timedelta64(
        86_400, "s"
    )
    return Sample(
        NAMES,
        values,
        np.zeros((3, rows), dtype=np.uint8),
        (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float),
        np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        "plan",
    )


BOOSTER = MonotoneBooster(BoosterSettings(rounds=8, min_rows=30, threads=1))
MODELS: dict[str, Any] = {
    "scorecard": Scorecard([Feature(name) for name in NAMES], min_information=0.0),
    "booster": BOOSTER,
    "shrunk logistic": ShrunkLogistic(),
    "ensemble": Ensemble(
        {"booster": BOOSTER, "card": Scorecard()}, folds=FoldSettings(count=2, min_bads=5)
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_values_between_two_cuts_are_one_to_the_model(name: str) -> None:
    model = MODELS[name].fit(sample())
    cuts, random = cuts_of(model), np.random.default_rng(1)
    # A variable that the model left out is not read at all.
    assert cuts.keys() == set(model.names_)
    moved = 0
    for place, variable in enumerate(NAMES):
        tried = np.concatenate([random.normal(size=60), cuts.get(variable, ())])
        line = np.unique(tried.astype(np.float32))
        rows = np.repeat(random.normal(size=(3, 1)).astype(np.float32), len(line), axis=1)
        rows[place] = line
        odds = model.log_odds({n: rows[i] for i, n in enumerate(NAMES)}).tolist()
        for (one, first), (two, second) in pairwise(zip(line.tolist(), odds, strict=True)):
            if side(cuts.get(variable, ()), one) == side(cuts.get(variable, ()), two):
                assert first == second
            moved += first != second
    assert moved > 3


def side(cuts: tuple[float, ...], value: float) -> tuple[int, int]:
    return bisect_left(cuts, value), bisect_right(cuts, value)


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="cuts of a int"):
        cuts_of(3)
