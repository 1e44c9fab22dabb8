"""Models: sums, contributions, order of rows, weights and round trips, whatever the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.ensemble import stack
from tael.risk.folds import FoldSettings, time_folds
from tael.risk.hazard import Lives, known_weights, person_periods
from tael.risk.sample import Sample
from tael.risk.shrunk_logistic import ShrunkLogistic, ShrunkSettings

SEEDS = st.integers(0, 2**32 - 1)


def booster(draw: int) -> tuple[MonotoneBooster, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(draw)
    rows, variables = int(random.integers(80, 200)), int(random.integers(1, 6))
    matrix = random.normal(size=(rows, variables))
    matrix[:, 0] = np.round(matrix[:, 0] * random.choice([1, 3, 1e20]))
    matrix[random.random(matrix.shape) < random.choice([0, 0.3])] = np.nan
    bad = (random.random(rows) < 0.4).astype(float)
    bad[:2] = 0, 1
    weight = random.choice([0.0, 0.5, 1.0, 3.0], rows) + (np.arange(rows) < 2)
    given_settings = BoosterSettings(
        rounds=4, leaves=int(random.integers(2, 9)), min_rows=3, min_bads=1, threads=1
    )
    signs = {f"x{i}": str(random.choice(["+", "-", ""])) for i in range(variables)}
    return MonotoneBooster(given_settings, signs=signs), matrix, bad, weight


@settings(max_examples=5, deadline=None)
@given(SEEDS)
def test_a_booster_is_the_same_for_shuffled_rows_reads_back_and_adds_up(draw: int) -> None:
    model, matrix, bad, weight = booster(draw)
    model.fit(matrix, bad, weight)
    order = np.random.default_rng(draw).permutation(len(bad))
    again = MonotoneBooster(model.settings, signs=model.signs)
    assert again.fit(matrix[order], bad[order], weight[order]).hash == model.hash
    assert MonotoneBooster.from_json(model.to_json()).to_json() == model.to_json()
    assert np.abs(model.contributions(matrix).sum(axis=1) - model.log_odds(matrix)).max() < 1e-9
    assert model.breaches() == []


@settings(max_examples=15, deadline=None)
@given(SEEDS)
def test_no_borrower_and_no_later_outcome_is_on_the_wrong_side_of_a_fold(draw: int) -> None:
    random = np.random.default_rng(draw)
    rows = 600
    asof = np.datetime64("2010-01-01T00:00:00") + random.integers(0, 1_500, rows) * np.timedelta64(
        86_400, "s"
    )
    sample = Sample(
        (),
        np.empty((0, rows), np.float32),
        np.empty((0, rows), np.uint8),
        random.choice([0.0, 1.0, np.nan], rows),
        np.ones(rows),
        np.array([f"b{i}" for i in random.integers(0, 500, rows)], dtype=object),
        asof,
        asof + np.timedelta64(180, "D"),
    )
    for train, test in time_folds(sample, FoldSettings(count=2, gap_months=6, min_bads=5)):
        begin = np.datetime64(int(sample.vintage[test].min()), "M")
        assert (sample.known[train] < begin).all()
        assert not set(sample.borrower[train]) & set(sample.borrower[test])
        assert not np.isnan(sample.bad[train | test]).any()


@settings(max_examples=15, deadline=None)
@given(SEEDS, st.sampled_from([1.0, 5.0, 12.0]))
def test_weights_of_censoring_stand_for_all_loans(draw: int, window: float) -> None:
    """They add up to the number of loans wherever the last loan watched outlasts the window."""
    random = np.random.default_rng(draw)
    age = np.append(random.integers(0, 20, 60).astype(float), 25.0)
    lasts = np.append(random.exponential(15, 60), 99.0)
    held = Lives(np.minimum(age, lasts), lasts <= age, age)
    weight = known_weights(held, window)
    assert weight.sum() == pytest.approx(61)
    assert (weight[(held.months < window) & ~held.failed] == 0).all()
    loan, period, bad = person_periods(held, np.array([0.0, 3.0, 9.0]))
    assert len({*zip(loan.tolist(), period.tolist(), strict=True)}) == len(loan)
    assert np.bincount(loan, weights=bad, minlength=1).max(initial=0) <= 1


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_stacked_weights_are_never_below_zero_and_keep_the_rate(draw: int) -> None:
    random = np.random.default_rng(draw)
    odds = random.normal(size=(200, 3))
    odds[:, 2] = odds[:, 0] + 0.01 * odds[:, 2]
    bad = (random.random(200) < 1 / (1 + np.exp(-odds[:, 0]))).astype(float)
    beta = stack(odds, bad, np.ones(200))
    assert (beta[1:] >= 0).all()
    assert (1 / (1 + np.exp(-beta[0] - odds @ beta[1:]))).sum() == pytest.approx(bad.sum())


def ridge(draw: int) -> tuple[ShrunkLogistic, np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(draw)
    rows, variables = 2 * int(random.integers(30, 80)), int(random.integers(1, 6))
    matrix = random.normal(size=(rows, variables)) + random.normal(size=(rows, 1))
    bad = (random.random(rows) < 1 / (1 + np.exp(-matrix[:, 0]))).astype(float)
    matrix[:, 0] = np.round(matrix[:, 0])
    matrix[random.random(matrix.shape) < random.choice([0, 0.2])] = np.nan
    # Whole rows on both sides: enough bads and goods, a value of each variable.
    matrix[:30], bad[:30] = np.arange(30)[:, None] % 7 + np.arange(variables), np.arange(30) % 2
    # Of mean two, so that scaled to a mean of one they are still exact, and with them every cut.
    weight = random.permutation(np.tile([1.0, 3.0], rows // 2))
    made = ShrunkSettings(penalty=float(random.choice([1.0, 30.0])), pieces=10, threads=1)
    return ShrunkLogistic(made), matrix, bad, weight


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_a_shrunk_regression_is_the_same_for_shuffled_rows_and_reads_back(draw: int) -> None:
    model, matrix, bad, weight = ridge(draw)
    model.fit(matrix, bad, weight)
    order = np.random.default_rng(draw).permutation(len(bad))
    again = ShrunkLogistic(model.settings).fit(matrix[order], bad[order], weight[order])
    kept = ShrunkLogistic.from_json(model.to_json())
    assert again.hash == model.hash
    assert np.array_equal(kept.log_odds(matrix), model.log_odds(matrix))
    assert np.abs(kept.contributions(matrix).sum(axis=1) - kept.log_odds(matrix)).max() < 1e-9


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_a_constant_column_tells_a_shrunk_regression_nothing(draw: int) -> None:
    model, matrix, bad, weight = ridge(draw)
    before = model.fit(matrix, bad, weight).log_odds(matrix)
    flat = np.column_stack([matrix, np.full(len(bad), 3.0), np.full(len(bad), np.nan)])
    wider = ShrunkLogistic(model.settings).fit(flat, bad, weight)
    assert np.abs(wider.log_odds(flat) - before).max() < 1e-5
    told = np.abs(wider.contributions(flat)).max(axis=0)
    assert told[-3:-1].tolist() == [0.0, 0.0]


@settings(max_examples=4, deadline=None)
@given(SEEDS)
def test_a_weight_of_two_is_the_row_twice_for_a_shrunk_regression(draw: int) -> None:
    """Weights are scaled to a mean of one: with more rows the penalty is to grow as they do."""
    model, matrix, bad, weight = ridge(draw)
    before = model.fit(matrix, bad, weight).log_odds(matrix)
    same = ShrunkLogistic(model.settings).fit(matrix, bad, 2 * weight)
    times = weight.astype(int)
    more = replace(model.settings, penalty=model.settings.penalty * times.sum() / len(bad))
    rows = np.repeat(np.arange(len(bad)), times)
    repeated = ShrunkLogistic(more).fit(matrix[rows], bad[rows])
    assert same.hash == model.hash
    assert np.abs(repeated.log_odds(matrix) - before).max() < 1e-5
