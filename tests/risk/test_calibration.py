"""Calibration: curves, the choice of method, matured cohorts, and measures with their intervals."""

from __future__ import annotations

import csv
import json
import math
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

from tael.kernel import BadInput, Rate
from tael.report import Page
from tael.risk.calibration import (
    GAP_COLUMNS,
    Calibrator,
    Judged,
    Maturity,
    brier,
    calibration_line,
    expected_calibration_error,
    expected_to_observed,
    gap_lines,
    gap_rows,
    gaps_by,
    hosmer_lemeshow,
    jeffreys,
    jeffreys_test,
    latest_matured,
    matured,
    mean_shift,
    method_for,
    month_names,
    poisson,
    reliability_curve,
    upper_bound,
    verdict_of,
    year_names,
)
from tael.risk.measures import Interval
from tael.risk.sample import Sample, month_of

METHODS = ("shift", "platt", "beta", "isotonic")
with (Path(__file__).parent / "cases" / "intervals.csv").open(encoding="utf-8") as file:
    INTERVALS = list(csv.DictReader(file))


def scored(rows: int = 6_000, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Log odds that are too extreme and too low, with outcomes."""
    random = np.random.default_rng(seed)
    z = random.normal(-3.0, 1.4, rows)
    bad = (random.random(rows) < 1 / (1 + np.exp(-(0.3 + 0.75 * z)))).astype(float)
    return z, bad


Z, BAD = scored()


# --- intervals; the expected bounds are those of scipy.special.betaincinv and gammaincinv


@pytest.mark.parametrize("case", INTERVALS)
def test_bounds_of_shares_and_counts_are_exact(case: dict[str, str]) -> None:
    events, rows, level = float(case["events"]), float(case["rows"]), float(case["level"])
    low, high = float(case["low"]), float(case["high"])
    if case["kind"] == "upper":
        assert upper_bound(events, rows, level) == pytest.approx(high, abs=1e-9)
        return
    found = (
        jeffreys(events, rows, level=level)
        if case["kind"] == "jeffreys"
        else poisson(events, level=level)
    )
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-8)


def test_a_rate_at_the_bound_of_its_interval_has_the_tail_as_p_value() -> None:
    interval = jeffreys(12, 600)
    assert jeffreys_test(12, 600, interval.low) == pytest.approx(0.025)
    assert jeffreys_test(12, 600, interval.high) == pytest.approx(0.975)


def test_without_bads_the_ratio_has_a_lower_bound_only() -> None:
    found = expected_to_observed(3.0, 0)
    assert found.value == found.high == math.inf
    assert found.low == pytest.approx(3.0 / -math.log(0.025))
    assert verdict_of(found) == "unclear"
    assert verdict_of(expected_to_observed(10.0, 0)) == "outside"


@pytest.mark.parametrize(("bads", "rows"), [(-1, 5), (6, 5), (0, 0), (math.nan, 5), (1, math.inf)])
def test_counts_that_cannot_be_are_refused(bads: float, rows: float) -> None:
    with pytest.raises(BadInput, match="bads among"):
        jeffreys(bads, rows)


# --- curves


@pytest.mark.parametrize("method", METHODS)
def test_every_curve_makes_predicted_equal_observed_and_keeps_the_ranking(method: str) -> None:
    found = Calibrator(method).fit(Z, BAD)
    assert found.pd(Z).sum() == pytest.approx(BAD.sum(), rel=2e-3 if method == "platt" else 1e-9)
    wide = np.linspace(-60, 40, 4_001)
    assert (np.diff(found.log_odds(wide)) > 0).all()


def test_platt_without_priors_is_logistic_regression() -> None:
    line = calibration_line(Judged.of(BAD, 1 / (1 + np.exp(-Z))))
    other = LogisticRegression(C=1e10, tol=1e-10).fit(Z[:, None], BAD)
    assert line.slope.value == pytest.approx(other.coef_[0, 0], abs=1e-5)
    assert line.intercept.value == pytest.approx(other.intercept_[0], abs=1e-5)


def test_beta_calibration_is_platt_when_both_coefficients_agree() -> None:
    """Log odds s / (1 - s) enter with one coefficient when a = b: Kull 2017, section 3."""
    z = np.repeat([-2.0, -1.0, 0.0, 1.0, 2.0], 400)
    chance = 1 / (1 + np.exp(-(0.2 + 0.5 * z)))
    bad = np.concatenate([np.arange(400) < round(400 * c) for c in chance[::400]], dtype=float)
    found = Calibrator("beta").fit(z, bad)
    _, a, b = found.curve_.parameters
    assert a == pytest.approx(0.5, abs=0.02)
    assert b == pytest.approx(0.5, abs=0.02)


def test_beta_calibration_of_low_pds_does_not_bend_high_ones() -> None:
    random = np.random.default_rng(3)
    z = random.normal(-7.0, 0.8, 60_000)
    bad = (random.random(60_000) < 1 / (1 + np.exp(-(1.0 + z)))).astype(float)
    assert Calibrator("beta").fit(z, bad).log_odds([0.0])[0] == pytest.approx(1.0, abs=1.0)


def test_log_odds_far_apart_still_have_a_mean() -> None:
    z = np.repeat([-900.0, 900.0], 50)
    assert 1 / (1 + np.exp(-(900 + mean_shift(z, 0.3, np.ones(100))))) == pytest.approx(0.6)


def test_isotonic_pools_violators_at_their_centre() -> None:
    z = np.repeat([-3.0, -2.0, -1.0, 0.0], 100)
    bad = np.concatenate([np.arange(100) < n for n in (20, 40, 30, 60)], dtype=float)
    knots = Calibrator("isotonic").fit(z, bad).curve_.knots
    assert [x for x, _ in knots] == [-3.0, -1.5, 0.0]
    # All moved by one shift, so that predicted equals observed.
    pooled = [math.log(rate / (1 - rate)) for rate in (0.2, 0.35, 0.6)]
    moves = [after - before for (_, after), before in zip(knots, pooled, strict=True)]
    assert max(moves) - min(moves) < 1e-9
    assert abs(moves[0]) < 0.05


def test_the_curve_goes_on_with_slope_one_beyond_the_last_pool() -> None:
    found = Calibrator("isotonic").fit(Z, BAD)
    last = found.curve_.knots[-1]
    assert found.log_odds([last[0] + 2.0])[0] == pytest.approx(last[1] + 2.0)


@pytest.mark.parametrize(
    ("bads", "method"),
    [
        (20, "shift"),
        (99, "shift"),
        (100, "platt"),
        (200, "beta"),
        (999, "beta"),
        (1000, "isotonic"),
    ],
)
def test_the_number_of_bads_chooses_the_method(bads: int, method: str) -> None:
    assert method_for(bads) == method


def test_the_automatic_choice_follows_the_written_rule() -> None:
    assert BAD.sum() > 400
    assert Calibrator().fit(Z, BAD).curve_.method == method_for(BAD.sum())
    assert Calibrator().fit(Z[:1200], BAD[:1200]).curve_.method == "platt"


# --- the contract of estimators, keeping


def test_a_calibrator_is_a_scikit_learn_estimator() -> None:
    found = clone(Calibrator("beta")).fit(Z[:, None], BAD)
    chances = found.predict_proba(Z[:5])
    assert chances.shape == (5, 2)
    assert chances.sum(axis=1) == pytest.approx(1.0)
    assert (found.predict([-9.0, 9.0]) == [0, 1]).all()
    assert found.get_params() == {"method": "beta", "least_bads": 20}


@pytest.mark.parametrize("method", METHODS)
def test_a_kept_calibrator_gives_the_same_bits(method: str) -> None:
    found = Calibrator(method).fit(Z, BAD)
    again = Calibrator.from_json(found.to_json())
    assert again.hash == found.hash
    assert (again.pd(Z) == found.pd(Z)).all()
    assert isinstance(found.rate(-3.0), Rate)


def test_the_order_of_rows_does_not_change_the_hash() -> None:
    order = np.random.default_rng(1).permutation(len(Z))
    for method in METHODS:
        shuffled = Calibrator(method).fit(Z[order], BAD[order])
        assert shuffled.hash == Calibrator(method).fit(Z, BAD).hash


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"format":"tael.scorecard/1"}',
        '{"format":"tael.calibration/1","method":"beta"}',
    ],
)
def test_what_is_no_kept_calibrator_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Calibrator.from_json(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [("method", "magic"), ("parameters", [-1.0, -2.0]), ("parameters", []), ("parameters", ["x"])],
)
def test_a_kept_calibrator_with_an_impossible_curve_is_refused(field: str, value: object) -> None:
    data = json.loads(Calibrator("platt").fit(Z, BAD).to_json())
    data["curve"][field] = value
    with pytest.raises(BadInput, match="not a calibration"):
        Calibrator.from_json(json.dumps(data))


# --- refusals


def test_one_outcome_only_is_refused() -> None:
    with pytest.raises(BadInput, match="no goods or no bads"):
        Calibrator().fit(Z, np.zeros(len(Z)))


def test_too_few_bads_are_refused_with_the_number_that_is_needed() -> None:
    bad = np.zeros(len(Z))
    bad[:19] = 1
    with pytest.raises(BadInput, match=r"19 bads are too few.*20 are needed"):
        Calibrator().fit(Z, bad)


def test_a_few_heavy_bads_are_no_more_evidence_than_they_are() -> None:
    bad = np.zeros(len(Z))
    bad[:19] = 1
    with pytest.raises(BadInput, match="19 bads are too few"):
        Calibrator().fit(Z, bad, np.full(len(Z), 50.0))


@pytest.mark.parametrize(
    ("z", "bad", "weight", "rule"),
    [
        (np.where(np.arange(len(Z)) < 3, np.nan, Z), BAD, None, "3 of 6000 values of log_odds"),
        (np.where(np.arange(len(Z)) < 1, np.inf, Z), BAD, None, "not finite"),
        (Z, np.where(np.arange(len(Z)) < 2, np.nan, BAD), None, "2 outcomes are not known"),
        (Z, BAD[:-1], None, "outcomes for 6000 rows"),
        (np.column_stack([Z, Z]), BAD, None, "shape"),
        (Z, BAD, -np.ones(len(Z)), "none negative"),
        (np.array(["a"] * len(Z)), BAD, None, "not numbers"),
        (Z, BAD, np.zeros(len(Z)), "every weight is zero"),
        (-Z, BAD, None, "does not rank"),
    ],
)
def test_rows_that_cannot_be_calibrated_on_are_refused(
    z: np.ndarray, bad: np.ndarray, weight: np.ndarray | None, rule: str
) -> None:
    with pytest.raises(BadInput, match=rule):
        Calibrator("platt").fit(z, bad, weight)


@pytest.mark.parametrize("method", ["beta", "isotonic"])
def test_a_score_that_ranks_the_wrong_way_is_refused(method: str) -> None:
    with pytest.raises(BadInput, match="does not rank"):
        Calibrator(method).fit(-Z, BAD)


def test_an_unknown_method_and_an_untrained_calibrator_are_refused() -> None:
    with pytest.raises(BadInput, match="no method"):
        Calibrator("magic").fit(Z, BAD)
    with pytest.raises(BadInput, match="not trained"):
        Calibrator().pd([0.0])


# --- cohorts


def book(months: int = 48, rows_a_month: int = 20) -> Sample:
    """Loans from January 2015; bads are known after three months, goods after a year."""
    vintage = np.repeat(np.arange(months) + month_of(2015, 1), rows_a_month)
    asof = vintage.astype("datetime64[M]").astype("datetime64[s]")
    bad = np.tile((np.arange(rows_a_month) < 2).astype(float), months)
    wait = np.where(bad > 0, 3, 13)
    known = (vintage + wait).astype("datetime64[M]").astype("datetime64[s]")
    rows = len(bad)
    return Sample(
        ("x",), np.zeros((1, rows), np.float32), np.zeros((1, rows), np.uint8), bad, np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object), asof, known,
    )  # fmt: skip


def test_only_whole_months_with_a_year_of_performance_are_ripe() -> None:
    sample = book()
    ripe = matured(sample, date(2018, 1, 1))
    assert sample.vintage[ripe].max() == month_of(2016, 11)
    assert sample.bad[ripe].mean() == pytest.approx(0.1)


def test_asking_only_what_was_known_would_take_the_bads_without_their_goods() -> None:
    sample = book()
    known = sample.known <= np.datetime64("2018-01-01")
    young = known & (sample.vintage > month_of(2016, 12))
    assert sample.bad[young].mean() == 1.0
    assert not (matured(sample, date(2018, 1, 1)) & young).any()


def test_the_latest_cohort_goes_back_until_it_has_the_wanted_bads() -> None:
    sample = book()
    few = latest_matured(sample, date(2018, 1, 1), Maturity(months=6, wanted_bads=12))
    assert (few.last - few.first + 1, few.bads) == (6, 12)
    more = latest_matured(sample, date(2018, 1, 1), Maturity(months=6, wanted_bads=31))
    assert (more.last - more.first + 1, more.bads) == (16, 32)
    most = latest_matured(
        sample, date(2018, 1, 1), Maturity(months=12, most_months=18, wanted_bads=999)
    )
    assert most.last - most.first + 1 == 18
    assert most.rows.sum() == 18 * 20


def test_a_month_whose_outcomes_come_late_is_not_ripe() -> None:
    sample = book()
    late = sample.vintage == month_of(2016, 5)
    sample.known[late] += np.timedelta64(900, "D")
    ripe = matured(sample, date(2018, 1, 1))
    assert month_of(2016, 5) not in sample.vintage[ripe]
    assert month_of(2016, 6) in sample.vintage[ripe]


def test_declared_months_are_left_out() -> None:
    holiday = month_of(2016, 11)
    cohort = latest_matured(book(), date(2018, 1, 1), Maturity(without=(holiday,)))
    assert cohort.last == holiday - 1


def test_a_day_without_matured_months_is_refused() -> None:
    with pytest.raises(BadInput, match="no cohort has 12 months"):
        latest_matured(book(), date(2015, 6, 1))
    with pytest.raises(BadInput, match="months of cohorts"):
        latest_matured(book(), date(2018, 1, 1), Maturity(months=0))


# --- measures


def test_the_line_of_a_true_pd_is_the_diagonal_and_of_an_extreme_one_is_flat() -> None:
    true = 1 / (1 + np.exp(-(0.3 + 0.75 * Z)))
    line = calibration_line(Judged.of(BAD, true))
    assert line.slope.low < 1 < line.slope.high
    assert line.in_the_large.low < 0 < line.in_the_large.high
    extreme = calibration_line(Judged.of(BAD, 1 / (1 + np.exp(-Z))))
    assert extreme.slope.high < 0.85
    assert set(line.to_json()) == {"in_the_large", "intercept", "slope"}


def test_the_parts_of_a_brier_score_are_those_of_a_table() -> None:
    """Two groups, 10 and 30 % predicted, 20 and 40 % seen: Murphy's parts by hand."""
    pd, bad = np.repeat([0.1, 0.3], 10), np.array([1, 1] + [0] * 8 + [1] * 4 + [0] * 6)
    found = brier(Judged.of(bad, pd), groups=2)
    assert found.reliability == pytest.approx(0.01)
    assert found.resolution == pytest.approx(0.01)
    assert found.uncertainty == pytest.approx(0.21)
    assert found.within == pytest.approx(0.0)
    assert found.score == pytest.approx(0.21)
    assert expected_calibration_error(Judged.of(bad, pd), groups=2) == pytest.approx(0.1)


def test_groups_by_month_give_ratio_interval_and_verdict() -> None:
    pd = np.repeat([0.02, 0.02], 2_000)
    bad = np.concatenate([np.arange(2_000) < n for n in (40, 90)], dtype=float)
    months = np.repeat([month_of(2019, 3), month_of(2020, 2)], 2_000)
    first, second = gaps_by(Judged.of(bad, pd), month_names(months))
    assert (first.key, first.verdict) == ("2019-03", "inside")
    assert first.ratio.value == pytest.approx(1.0)
    assert (second.key, second.verdict) == ("2020-02", "outside")
    assert second.ratio.high < 0.8
    assert [gap.key for gap in gaps_by(Judged.of(bad, pd), year_names(months))] == ["2019", "2020"]
    assert second.to_json()["observed"]["value"] == 0.045


def test_a_reliability_curve_can_be_printed() -> None:
    curve = reliability_curve(Judged.of(BAD, 1 / (1 + np.exp(-Z))), groups=5)
    assert [gap.rows for gap in curve] == [1_200] * 5
    assert [gap.pd_mean for gap in curve] == sorted(gap.pd_mean for gap in curve)
    page = Page("t").table(GAP_COLUMNS, gap_rows(curve)).line_chart("r", gap_lines(curve))
    html = page.html("zh")
    assert "预测/实际" in html
    assert "完全校准" in html


def test_equal_probabilities_are_never_split_between_groups() -> None:
    curve = reliability_curve(Judged.of([0, 1] * 50, np.repeat([0.2, 0.5], [90, 10])), groups=10)
    assert [gap.rows for gap in curve] == [90, 10]


def test_hosmer_and_lemeshow_accept_truth_and_refuse_extremes() -> None:
    true = 1 / (1 + np.exp(-(0.3 + 0.75 * Z)))
    assert hosmer_lemeshow(Judged.of(BAD, true))[1] > 0.05
    assert hosmer_lemeshow(Judged.of(BAD, 1 / (1 + np.exp(-Z))))[1] < 1e-6


def test_what_is_no_probability_cannot_be_judged() -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        Judged.of([0, 1], [0.2, 1.2])
    with pytest.raises(BadInput, match="one key per row"):
        gaps_by(Judged.of([0, 1], [0.2, 0.3]), ["a"])


def test_a_verdict_needs_the_whole_interval_outside_the_band() -> None:
    assert verdict_of(Interval(1.5, 1.2, 2.0)) == "unclear"
    assert verdict_of(Interval(1.5, 1.3, 2.0)) == "outside"
    assert verdict_of(Interval(0.6, 0.4, 0.79)) == "outside"
    assert verdict_of(Interval(1.2, 0.5, 3.0)) == "inside"


def test_a_curve_that_would_be_flat_at_one_end_is_platts_line() -> None:
    log_odds = np.linspace(-6.0, 3.0, 60)
    chance = np.minimum(1.0 / (1.0 + np.exp(-log_odds)), 0.2)
    bad = np.repeat([1.0, 0.0], 60)
    weight = 200.0 * np.concatenate([chance, 1.0 - chance])
    fitted = Calibrator("beta").fit(np.tile(log_odds, 2), bad, weight)
    _, a, b = fitted.curve_.parameters
    assert a == b > 0
    assert Calibrator.from_json(fitted.to_json()).hash == fitted.hash
