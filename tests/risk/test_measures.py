"""AUC, KS, their intervals and the leak alarm."""

from __future__ import annotations

import time

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from tael.kernel import BadInput
from tael.risk import Interval, auc, auc_interval, check_leak, ks_interval
from tael.risk.measures import ks, single_aucs


def sample(rows: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    score = np.round(random.normal(size=rows), 1)  # rounded: many ties
    bad = (random.random(rows) < 1 / (1 + np.exp(1 - score))).astype(int)
    return bad, score, random.random(rows) + 0.1


def test_auc_and_ks_equal_the_reference_with_ties_and_weights() -> None:
    bad, score, weight = sample(3_000)
    assert auc(bad, score) == pytest.approx(roc_auc_score(bad, score), abs=1e-12)
    assert auc(bad, score, weight) == pytest.approx(
        roc_auc_score(bad, score, sample_weight=weight), abs=1e-12
    )
    false, true, _ = roc_curve(bad, score, sample_weight=weight)
    assert ks(bad, score, weight) == pytest.approx(np.abs(true - false).max(), abs=1e-12)


def test_a_weight_of_two_is_two_rows() -> None:
    bad, score, _ = sample(400)
    twice = np.concatenate([bad, bad[:100]]), np.concatenate([score, score[:100]])
    weight = np.where(np.arange(400) < 100, 2.0, 1.0)
    assert auc(bad, score, weight) == pytest.approx(auc(*twice), abs=1e-12)


def test_the_interval_holds_the_value_and_narrows_with_rows() -> None:
    small, large = (auc_interval(*sample(rows)[:2]) for rows in (500, 20_000))
    assert small.low < small.value < small.high
    assert large.high - large.low < (small.high - small.low) / 3
    found = ks_interval(*sample(500))
    assert found.low < found.value <= found.high


def test_the_same_seed_gives_the_same_interval() -> None:
    bad, score, weight = sample(1_000)
    assert auc_interval(bad, score, weight, seed=7) == auc_interval(bad, score, weight, seed=7)
    assert auc_interval(bad, score, seed=7) != auc_interval(bad, score, seed=8)


def test_twenty_thousand_rows_take_well_under_two_seconds() -> None:
    bad, score, weight = sample(20_000)
    started = time.process_time()
    auc_interval(bad, score, weight)
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("bad", "message"),
    [([0, 0], "no goods or no bads"), ([0, 2], "1 \\(bad\\) or 0"), ([1, 1], "no goods")],
)
def test_outcomes_that_are_not_good_and_bad_are_refused(bad: list[int], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        auc(bad, [0.1, 0.2])


@pytest.mark.parametrize("weight", [[1.0], [1.0, -1.0], [0.0, 0.0], [1.0, float("nan")]])
def test_weights_that_do_not_weigh_are_refused(weight: list[float]) -> None:
    with pytest.raises(BadInput, match="one finite weight per row"):
        auc([0, 1], [0.1, 0.2], weight)


def test_the_alarm_names_the_columns_that_know_too_much() -> None:
    random = np.random.default_rng(3)
    bad = (random.random(2_000) < 0.3).astype(int)
    columns = {
        "amount": random.random(2_000),
        "term": np.where(bad == 1, random.random(2_000) * 50, 60.0),
        "state": np.array(["CA"] * 2_000, dtype=object),
    }
    refusal = check_leak(Interval(0.93, 0.92, 0.94), 0.75, single_aucs(columns, bad))
    assert refusal is not None
    assert refusal.code == "model.leak_suspected"
    assert refusal.detail["suspects"].startswith("term (1.000)")
    assert check_leak(0.75, 0.75) is None


def test_missing_values_do_not_stop_a_single_auc() -> None:
    found = single_aucs({"x": np.array([1.0, np.nan, 3.0, 4.0])}, [0, 0, 1, 1])
    assert found == {"x": 1.0}
