"""The cycle: anchor, overlay, Vasicek's link, correlations, the trigger, and keeping."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.report import Page
from tael.risk.calibration.distributions import sigmoid
from tael.risk.cycle import (
    CORPORATE,
    MORTGAGE,
    OTHER_RETAIL,
    OVERLAY_COLUMNS,
    CycleModel,
    MacroSeries,
    OverlaySettings,
    Period,
    TriggerSettings,
    anchor_shift,
    central_tendency,
    conditional_pd,
    estimate_correlation,
    fit_overlay,
    implied_factor,
    recalibration_trigger,
    small_firm_correlation,
)
from tael.risk.sample import month_of

with (Path(__file__).parent / "cases" / "basel_risk_weights.csv").open(encoding="utf-8") as file:
    WEIGHTS = list(csv.DictReader(file))
YEARS = {2010: (20, 1000), 2011: (30, 1000), 2012: (90, 1500), 2013: (10, 1000), 2014: (40, 1000)}


# --- one factor


@pytest.mark.parametrize("case", WEIGHTS)
def test_risk_weights_are_those_of_basel(case: dict[str, str]) -> None:
    """Basel II (June 2006), annex 5: LGD 45 %, maturity 2.5 years, in per cent."""
    pd, worst = float(case["pd"]), NormalDist().inv_cdf(0.001)

    def capital(rho: float) -> float:
        return 0.45 * (float(conditional_pd(pd, rho, worst)) - pd)

    slope = (0.11852 - 0.05478 * math.log(pd)) ** 2
    corporate = capital(CORPORATE.of(pd)) / (1 - 1.5 * slope)
    assert 1250 * capital(OTHER_RETAIL.of(pd)) == pytest.approx(float(case["retail"]), abs=6e-3)
    assert 1250 * corporate == pytest.approx(float(case["corporate"]), abs=6e-3)


def test_small_firms_get_up_to_four_points_of_relief() -> None:
    assert small_firm_correlation(0.02, 1.0) == pytest.approx(CORPORATE.of(0.02) - 0.04)
    assert small_firm_correlation(0.02, 27.5) == pytest.approx(CORPORATE.of(0.02) - 0.02)
    assert small_firm_correlation(0.02, 80.0) == CORPORATE.of(0.02)
    assert MORTGAGE.of(0.3) == pytest.approx(0.15)


def test_the_factor_is_found_again_from_the_pd_it_made() -> None:
    seen = float(conditional_pd(0.02, 0.1, -1.7))
    assert implied_factor(0.02, seen, 0.1) == pytest.approx(-1.7)
    assert conditional_pd([0.0, 1.0], 0.1, -1.7).tolist() == [0.0, 1.0]


def test_the_mean_over_all_states_is_the_pd_through_the_cycle() -> None:
    states = NormalDist()
    steps = [states.inv_cdf((i + 0.5) / 4_000) for i in range(4_000)]
    assert conditional_pd(0.03, 0.15, steps).mean() == pytest.approx(0.03, rel=1e-3)


def test_moments_find_the_correlation_that_made_the_years() -> None:
    random = np.random.default_rng(4)
    rates = conditional_pd(0.03, 0.08, random.normal(size=400))
    counts = np.full(400, 2_000)
    assert estimate_correlation(
        random.binomial(counts, rates).tolist(), counts.tolist()
    ) == pytest.approx(0.08, abs=0.015)
    alike = random.binomial(counts, 0.03).tolist()
    assert estimate_correlation(alike, counts.tolist()) < 0.005


def test_what_is_no_correlation_or_no_probability_is_refused() -> None:
    with pytest.raises(BadInput, match="correlation of 1"):
        conditional_pd(0.1, 1.0, 0.0)
    with pytest.raises(BadInput, match="between 0 and 1"):
        conditional_pd(math.nan, 0.1, 0.0)
    with pytest.raises(BadInput, match="no factor"):
        implied_factor(0.1, 0.2, 0.0)
    with pytest.raises(BadInput, match="2 years"):
        estimate_correlation([1, 2], [10, 10])
    with pytest.raises(BadInput, match="bads lie between"):
        estimate_correlation([1, 2, 11], [10, 10, 10])


# --- anchor


def test_each_year_counts_alike_in_the_central_tendency() -> None:
    found = central_tendency(YEARS, {2012})
    assert found.rate == pytest.approx((0.02 + 0.03 + 0.06 + 0.01 + 0.04) / 5)
    assert found.share == pytest.approx(0.2)
    assert found.downturn == pytest.approx(0.06)


def test_a_downturn_can_weigh_as_often_as_it_is_taken_to_come() -> None:
    assert central_tendency(YEARS, {2012}, share=0.5).rate == pytest.approx(0.5 * 0.025 + 0.03)
    assert central_tendency(YEARS, {2012}, share=0.0).rate == pytest.approx(0.025)


def test_the_anchor_gives_the_asked_central_tendency() -> None:
    z = np.random.default_rng(2).normal(-3, 1.5, 3_000)
    weight = np.random.default_rng(3).integers(1, 4, 3_000)
    move = anchor_shift(z, 0.037, weight)
    assert np.average(sigmoid(z + move), weights=weight) == pytest.approx(0.037, rel=1e-12)


@pytest.mark.parametrize(
    ("years", "downturn", "share", "rule"),
    [
        ({2010: (1, 10)}, {2010}, None, "1 years of default rates; 5"),
        (YEARS, set(), None, "no downturn"),
        (YEARS, set(YEARS), None, "every year is a downturn"),
        (YEARS | {2015: (3, 2)}, {2012}, None, "3 bads among 2 loans in 2015"),
        (YEARS, {2012}, 1.5, "a share of 1.5"),
    ],
)
def test_years_that_hold_no_cycle_are_refused(
    years: dict[int, tuple[int, int]], downturn: set[int], share: float | None, rule: str
) -> None:
    with pytest.raises(BadInput, match=rule):
        central_tendency(years, downturn, share=share)


# --- overlay


def economy(quarters: int = 60, effect: float = 0.5) -> tuple[list[Period], MacroSeries]:
    """A demand series that leads the miss of the calibration by what is published in time."""
    random = np.random.default_rng(8)
    first = month_of(2005, 1)
    months = [first + i for i in range(3 * quarters)]
    demand = np.sin(np.arange(3 * quarters) / 9.0) + random.normal(0, 0.1, 3 * quarters)
    series = MacroSeries("demand", tuple(months), tuple(demand.tolist()), lag_months=1)
    periods = []
    for quarter in range(1, quarters):
        month = first + 3 * quarter
        known = series.known(month)
        assert known is not None
        rate = float(sigmoid(math.log(0.03 / 0.97) - effect * known))
        bads = float(random.binomial(6_000, rate))
        periods.append(Period(month, 6_000, 180.0, bads, ripe=month + 16))
    return periods, series


def test_an_overlay_finds_how_the_economy_moves_the_miss() -> None:
    periods, series = economy()
    found = fit_overlay(periods, [series], month_of(2020, 1))
    assert found.slopes[0] / found.scales[0] == pytest.approx(-0.5, abs=0.05)
    assert found.skill > 0.7
    row = Page("t").table(OVERLAY_COLUMNS, found.rows()).html("zh")
    assert "demand" in row


def test_only_outcomes_known_on_the_day_are_used() -> None:
    periods, series = economy()
    day = month_of(2012, 1)
    wrong = [p if p.ripe <= day else replace(p, bads=6_000.0) for p in periods]
    assert fit_overlay(wrong, [series], day) == fit_overlay(periods, [series], day)
    assert fit_overlay(periods, [series], day).periods == sum(p.ripe <= day for p in periods)


def test_a_value_counts_from_the_month_in_which_it_is_published() -> None:
    series = MacroSeries("gdp", (0, 3, 6), (1.0, 2.0, 3.0), lag_months=2)
    assert [series.known(month) for month in (2, 3, 5, 6, 8, 9)] == [None, 1.0, 1.0, 2.0, 2.0, 3.0]


def test_an_overlay_of_noise_has_no_skill_and_little_effect() -> None:
    periods, series = economy(effect=0.0)
    found = fit_overlay(periods, [series], month_of(2020, 1))
    assert found.skill < 0.2
    assert abs(found.slopes[0]) < 0.05


def test_the_shift_stays_within_its_bound() -> None:
    periods, series = economy(effect=2.0)
    settings = OverlaySettings(largest_shift=0.3)
    found = fit_overlay(periods, [series], month_of(2020, 1), settings)
    moved = [found.shift(p.month, {"demand": series}) for p in periods]
    assert (min(moved), max(moved)) == (-0.3, 0.3)


def test_too_few_periods_are_refused_with_the_number_that_is_needed() -> None:
    periods, series = economy(10)
    with pytest.raises(BadInput, match="9 periods are known; 12 are needed"):
        fit_overlay(periods, [series], month_of(2020, 1))


def test_series_that_tell_nothing_are_refused() -> None:
    periods, series = economy()
    flat = replace(series, values=(1.0,) * len(series.values))
    with pytest.raises(BadInput, match="does not vary"):
        fit_overlay(periods, [flat], month_of(2020, 1))
    with pytest.raises(BadInput, match="no macro series"):
        fit_overlay(periods, [], month_of(2020, 1))
    found = fit_overlay(periods, [series], month_of(2020, 1))
    with pytest.raises(BadInput, match="is missing"):
        found.shift(month_of(2020, 1), {})
    with pytest.raises(BadInput, match="no value yet"):
        found.shift(month_of(2004, 1), {"demand": series})


@pytest.mark.parametrize(
    ("months", "values", "lag"),
    [((2, 1), (0.0, 0.0), 1), ((1,), (math.nan,), 1), ((1,), (1.0,), -1)],
)
def test_series_that_cannot_be_are_refused(
    months: tuple[int, ...], values: tuple[float, ...], lag: int
) -> None:
    with pytest.raises(BadInput):
        MacroSeries("x", months, values, lag)


# --- the model as a whole


def test_a_kept_cycle_model_gives_the_same_figures() -> None:
    periods, series = economy()
    overlay = fit_overlay(periods, [series], month_of(2020, 1))
    model = CycleModel(central_tendency(YEARS, {2012}), 0.12, overlay, 0.1)
    again = CycleModel.from_json(model.to_json())
    assert again.hash == model.hash
    z = np.array([-5.0, -2.0])
    month, named = month_of(2019, 6), {"demand": series}
    assert again.point_in_time(z, month, named) == pytest.approx(
        model.point_in_time(z, month, named)
    )
    assert (again.through_the_cycle(z) == sigmoid(z + 0.12)).all()
    assert (again.in_state(z, -2.0) > again.through_the_cycle(z)).all()
    without = CycleModel(model.tendency, 0.12, None, 0.1)
    assert (CycleModel.from_json(without.to_json()).point_in_time(z, 0, {}) == sigmoid(z)).all()
    idle = CycleModel(model.tendency, 0.12, replace(overlay, skill=-0.1), 0.1)
    assert (idle.point_in_time(z, month, named) == sigmoid(z)).all()
    with pytest.raises(BadInput, match="not a cycle model"):
        CycleModel.from_json('{"format":"tael.cycle/1"}')


# --- trigger


@pytest.mark.parametrize(
    ("bads", "state"), [(10, "quiet"), (15, "watch"), (25, "recalibrate"), (2, "recalibrate")]
)
def test_the_trigger_acts_when_the_whole_interval_left_the_band(bads: int, state: str) -> None:
    months = [(month, 10.0, float(bads)) for month in range(600, 612)]
    found = recalibration_trigger(months)
    assert found.state == state
    assert (found.first, found.last) == (609, 611)
    assert found.to_json()["state"] == state


def test_the_trigger_looks_back_until_it_expects_enough_bads() -> None:
    months = [(month, 2.0, 2.0) for month in range(600, 660)]
    found = recalibration_trigger(months)
    assert (found.expected, found.last - found.first + 1) == (30.0, 15)
    short = recalibration_trigger(months, TriggerSettings(most_months=6))
    assert short.expected == 12.0
    with pytest.raises(BadInput, match="no matured month"):
        recalibration_trigger([])
