"""Training with loans still running: windows, weights and hazards against what is true."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.hazard import (
    HazardModel,
    Lives,
    known_weights,
    lives,
    matured_by,
    performance_window,
    person_periods,
    watched_curve,
)

DAY = "2004-12-31"


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


def cohort(rows: int = 4_000) -> tuple[np.ndarray, np.ndarray, Lives]:
    """A risk variable, the true chance of default in 12 months, and what was known on the day."""
    random = np.random.default_rng(1)
    risk = random.normal(size=rows)
    monthly = 0.02 * np.exp(risk)
    lasts = random.exponential(1 / monthly)
    start = np.datetime64("2001-01-01") + random.integers(0, 4 * 365, rows)
    failed_on = (start + (lasts * 30.4375).astype(int)).astype("datetime64[D]")
    return risk, 1 - np.exp(-12 * monthly), lives(start, failed_on, DAY)


def test_months_are_calendar_months_and_defaults_of_the_future_have_not_happened() -> None:
    start = days("2003-05-10", "2003-05-10", "2003-05-31", "2004-12-31")
    failed_on = days("2004-05-10", "2005-01-01", "NaT", "NaT")
    held = lives(start, failed_on, DAY)
    assert held.failed.tolist() == [True, False, False, False]
    assert held.months.tolist() == [12.0, 19 + 21 / 31, 19.0, 0.0]
    assert held.age.tolist() == [19 + 21 / 31, 19 + 21 / 31, 19.0, 0.0]


@pytest.mark.parametrize(
    ("start", "failed_on", "message"),
    [
        ("2005-01-01", "NaT", "loan 0 begins after 2004-12-31"),
        ("NaT", "NaT", "loan 0 begins after"),
        ("2004-01-02", "2004-01-01", "loan 0 fails unborn"),
    ],
)
def test_lives_that_cannot_be_are_refused(start: str, failed_on: str, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        lives(days(start), days(failed_on), DAY)


def test_the_window_leaves_out_young_loans_also_those_that_failed() -> None:
    held = Lives(
        np.array([3.0, 3.0, 14.0, 13.0]),
        np.array([True, True, True, False]),
        np.array([6.0, 12.0, 20.0, 13.0]),
    )
    mature, bad = performance_window(held, 12)
    assert mature.tolist() == [False, True, True, True]
    assert bad.tolist() == [1, 1, 0, 0]
    unsure = np.array([False, True, False, False])
    assert performance_window(held, 12, unsure)[0].tolist() == [False, False, True, True]
    with pytest.raises(BadInput, match="no loan is 36 months old"):
        performance_window(held, 36)
    starts = days("2003-12-31", "2004-01-01")
    assert matured_by(starts, DAY, 12).tolist() == [True, False]


def test_the_curve_of_watching_equals_one_worked_by_hand() -> None:
    """At 2 one of 5 is lost; at 4 one of 3 fails and one is lost: 4/5 and half of that."""
    held = Lives(
        np.array([2.0, 3.0, 4.0, 4.0, 6.0]),
        np.array([False, True, True, False, False]),
        np.full(5, 9.0),
    )
    times, curve = watched_curve(held)
    assert times.tolist() == [2, 4, 6]
    assert curve == pytest.approx([0.8, 0.4, 0.0])
    assert known_weights(held, 5) == pytest.approx([0, 1.25, 1.25, 0, 2.5])


def test_all_three_ways_find_the_true_rate_where_labels_known_so_far_do_not() -> None:
    risk, true, held = cohort()
    weight = known_weights(held, 12)
    bad = held.failed & (held.months <= 12)
    mature, within = performance_window(held, 12)
    close = 3 * np.sqrt(0.25 / mature.sum())
    assert abs(np.average(bad, weights=weight) - true.mean()) < close
    assert abs(within[mature].mean() - true.mean()) < close
    assert bad[weight > 0].mean() > true.mean() + close
    settings = BoosterSettings(rounds=25, learning_rate=0.2, threads=1)
    model = HazardModel(MonotoneBooster(settings, signs={"risk": "+"})).fit({"risk": risk}, held)
    found = model.predict_proba({"risk": risk})
    assert abs(found[:, 1].mean() - true.mean()) < close
    assert np.corrcoef(found[:, 1], true)[0, 1] > 0.95
    assert np.allclose(1 - np.prod(1 - model.hazards({"risk": risk}), axis=1), found[:, 1])


def test_each_loan_counts_once_a_period_that_is_over() -> None:
    held = Lives(
        np.array([2.0, 4.0, 7.0, 1.0, 9.0]),
        np.array([True, True, False, True, False]),
        np.array([9.0, 5.0, 7.0, 2.0, 9.0]),
    )
    loan, period, bad = person_periods(held, np.array([0.0, 3.0, 6.0]))
    # Loan 1 fails in a period that is not over at its age, loan 3 in its first months.
    assert list(zip(loan.tolist(), period.tolist(), bad.tolist(), strict=True)) == [
        (0, 0, 1.0), (1, 0, 0.0), (2, 0, 0.0), (4, 0, 0.0), (2, 1, 0.0), (4, 1, 0.0),
    ]  # fmt: skip


def test_a_hazard_reads_back_and_a_changed_one_is_refused() -> None:
    risk, _, held = cohort(1_500)
    booster = MonotoneBooster(BoosterSettings(rounds=5, threads=1))
    model = HazardModel(booster, edges=(0.0, 6.0, 12.0)).fit({"risk": risk}, held)
    again = HazardModel.from_json(model.to_json(), expected=model.hash)
    assert again.hash == model.hash
    assert (again.log_odds({"risk": risk}) == model.log_odds({"risk": risk})).all()
    data = json.loads(model.to_json()) | {"edges": [0.0, 1.0, 2.0]}
    with pytest.raises(BadInput, match="was changed"):
        HazardModel.from_json(json.dumps(data))
    with pytest.raises(BadInput, match="not trained"):
        HazardModel().to_json()
    with pytest.raises(BadInput, match="edges rise from 0"):
        HazardModel(booster, edges=(1.0, 2.0)).fit({"risk": risk}, held)
    with pytest.raises(BadInput, match="loan 1 was watched 5 months at age 4"):
        Lives(np.array([1.0, 5.0]), np.array([True, True]), np.array([4.0, 4.0]))
