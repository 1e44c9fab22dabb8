"""Stress: plans written down, PDs by tier and scenario, and the band of a crisis vintage."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.report import Page
from tael.risk.cycle import conditional_pd
from tael.risk.sample import month_of
from tael.risk.stress import (
    STRESS_COLUMNS,
    STRESS_PLAN,
    StressPlan,
    judge_vintage,
    stress_band,
)

TIERS = [0.0035, 0.007, 0.014, 0.028, 0.056, 0.11, 0.25]
# A plan is fixed before it is tested: who changes a figure of it writes a new version.
PLAN_HASH = "8d2d614a509c804a7939af463852fe8627993dfcd72d5d2846e70331eded137b"


def test_the_plan_is_the_one_that_was_fixed() -> None:
    assert (STRESS_PLAN.version, STRESS_PLAN.fixed_on) == ("2026.1", date(2026, 11, 23))
    assert STRESS_PLAN.hash == PLAN_HASH


def test_a_plan_is_read_back_as_it_was_written() -> None:
    again = StressPlan.from_json(STRESS_PLAN.to_json())
    assert again == STRESS_PLAN
    with pytest.raises(BadInput, match="not a plan"):
        StressPlan.from_json('{"format":"tael.stress/1"}')


def test_pds_grow_with_the_tier_and_with_the_scenario() -> None:
    found = STRESS_PLAN.by_tier(TIERS)
    grid = np.array([[value for _, value in tier.scenarios] for tier in found])
    assert (np.diff(grid, axis=0) > 0).all()
    assert (np.diff(grid, axis=1) > 0).all()
    # The median year is better than the mean one.
    assert (grid[:, 0] < TIERS).all()
    html = Page("t").table(STRESS_PLAN.tier_columns(), [tier.row() for tier in found]).html("zh")
    assert "百年一遇" in html


def test_a_scenario_is_vasicek_at_its_quantile() -> None:
    assert STRESS_PLAN.pd([0.02], "severe")[0] == pytest.approx(
        float(conditional_pd(0.02, 0.12, -2.3263478740408408))
    )
    with pytest.raises(BadInput, match="no scenario 'mild'"):
        STRESS_PLAN.pd([0.02], "mild")


def test_without_correlation_the_band_is_the_binomial_one() -> None:
    """Binomial quantiles of 1,000 loans at 2 %: P(X <= 10) = 0.0102, P(X <= 9) = 0.0047."""
    plan = replace(STRESS_PLAN, band_rho=0.0, level=0.98)
    band = stress_band(np.full(1_000, 0.02), plan)
    chances = [math.comb(1_000, k) * 0.02**k * 0.98 ** (1_000 - k) for k in range(60)]
    reached = np.cumsum(chances)
    assert band.least == int(np.searchsorted(reached, 0.01))
    assert band.most == int(np.searchsorted(reached, 0.99))


def test_the_band_of_a_large_book_is_vasicek_itself() -> None:
    band = stress_band(np.full(1_000_000, 0.02))
    worst = float(conditional_pd(0.02, STRESS_PLAN.band_rho, -2.5758293035489))
    assert band.high == pytest.approx(worst / 0.02, rel=0.02)


def test_a_vintage_is_told_inside_or_outside_and_whether_with_hindsight() -> None:
    pd = np.full(2_000, 0.021)
    inside = judge_vintage(month_of(2027, 1), pd, 80)
    assert (inside.inside, inside.beforehand) == (True, True)
    outside = judge_vintage(month_of(2020, 1), pd, 160)
    assert (outside.inside, outside.beforehand) == (False, False)
    html = Page("t").table(STRESS_COLUMNS, [inside.row(), outside.row()]).html("en")
    assert "2027-01" in html
    assert inside.to_json()["high"] == pytest.approx(inside.band.high)


def test_plans_and_vintages_that_cannot_be_are_refused() -> None:
    with pytest.raises(BadInput, match="grow worse"):
        replace(STRESS_PLAN, scenarios=STRESS_PLAN.scenarios[::-1])
    with pytest.raises(BadInput, match="correlations"):
        replace(STRESS_PLAN, rho=1.0)
    with pytest.raises(BadInput, match="no loan"):
        stress_band([])
    with pytest.raises(BadInput, match="3 bads among 2 loans"):
        judge_vintage(600, [0.1, 0.1], 3)
