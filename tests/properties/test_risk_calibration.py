"""What holds of every calibration, anchor, tier table and migration."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import Rate
from tael.risk import tier
from tael.risk.calibration import (
    Calibrator,
    Judged,
    brier,
    calibration_line,
    gaps_by,
    jeffreys,
    poisson,
    reliability_curve,
)
from tael.risk.calibration.distributions import beta_cdf, beta_quantile, sigmoid
from tael.risk.cycle import anchor_shift, conditional_pd
from tael.risk.rating import migration, most_prudent, tier_table, tiers_of
from tael.risk.stress import STRESS_PLAN
from tael.risk.tiers import TIER_BOUNDS

METHODS = st.sampled_from(["shift", "platt", "beta", "isotonic"])
SEEDS = st.integers(0, 10_000)
CHANCES = st.floats(1e-6, 1 - 1e-6)


def book(seed: int, rows: int = 900) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log odds with ties, outcomes and whole weights of a book that ranks."""
    random = np.random.default_rng(seed)
    z = np.round(random.normal(random.uniform(-3, 0), random.uniform(0.8, 2), rows), 1)
    bad = (random.random(rows) < sigmoid(0.5 + random.uniform(0.6, 1.4) * z)).astype(float)
    return z, bad, random.integers(1, 4, rows).astype(float)


@given(SEEDS, METHODS)
@settings(deadline=None, max_examples=8)
def test_a_calibration_rises_strictly_and_so_keeps_the_ranking(seed: int, method: str) -> None:
    z, bad, weight = book(seed)
    found = Calibrator(method).fit(z, bad, weight)
    grid = np.unique(np.concatenate([z, np.linspace(-20, 20, 400)]))
    assert (np.diff(found.log_odds(grid)) > 0).all()


@given(SEEDS, METHODS)
@settings(deadline=None, max_examples=5)
def test_a_weight_of_two_is_the_row_twice(seed: int, method: str) -> None:
    z, bad, weight = book(seed, 600)
    times = weight.astype(int)
    weighted = Calibrator(method).fit(z, bad, weight).log_odds(z)
    repeated = Calibrator(method).fit(np.repeat(z, times), np.repeat(bad, times)).log_odds(z)
    assert weighted == pytest.approx(repeated, abs=1e-7)


@given(SEEDS, CHANCES)
@settings(deadline=None, max_examples=12)
def test_the_anchor_gives_exactly_the_asked_central_tendency(seed: int, tendency: float) -> None:
    z, _, weight = book(seed, 200)
    moved = sigmoid(z + anchor_shift(z, tendency, weight))
    assert np.average(moved, weights=weight) == pytest.approx(tendency, rel=1e-9)


@given(SEEDS)
@settings(deadline=None, max_examples=6)
def test_the_parts_of_brier_add_up_and_doubled_weights_change_nothing(seed: int) -> None:
    z, bad, weight = book(seed, 300)
    pd = sigmoid(z)
    found = brier(Judged.of(bad, pd, weight))
    parts = found.reliability - found.resolution + found.uncertainty + found.within
    assert found.score == pytest.approx(parts)
    doubled = brier(Judged.of(np.tile(bad, 2), np.tile(pd, 2), np.tile(weight, 2)))
    assert doubled.score == pytest.approx(found.score)
    assert doubled.reliability == pytest.approx(found.reliability)


@given(SEEDS)
@settings(deadline=None, max_examples=6)
def test_groups_hold_every_bad_once(seed: int) -> None:
    z, bad, _ = book(seed, 300)
    keys = np.arange(300) % 7
    gaps = gaps_by(Judged.of(bad, sigmoid(z)), keys)
    assert sum(gap.bads for gap in gaps) == pytest.approx(bad.sum())
    assert sum(gap.rows for gap in gaps) == 300
    assert all(gap.observed.low <= gap.observed.value <= gap.observed.high for gap in gaps)


@given(SEEDS)
@settings(deadline=None, max_examples=5)
def test_a_tier_table_holds_every_loan_once_in_the_tier_of_its_pd(seed: int) -> None:
    z, bad, _ = book(seed, 300)
    table = tier_table(Judged.of(bad, sigmoid(z)), np.arange(300) % 2)
    for vintage, rows in (("all", 300), ("0", 150), ("1", 150)):
        assert sum(row.rows for row in table.of(vintage)) == pytest.approx(rows)
        means = [row.pd_mean for row in table.of(vintage)]
        assert means == sorted(means)


@given(SEEDS)
@settings(deadline=None, max_examples=4)
def test_no_figure_depends_on_the_order_of_rows(seed: int) -> None:
    z, bad, weight = book(seed, 300)
    keys, order = np.arange(300) % 3, np.random.default_rng(seed + 1).permutation(300)
    one, two = (Judged.of(bad[by], sigmoid(z[by]), weight[by]) for by in (np.arange(300), order))
    assert brier(one) == brier(two)
    assert calibration_line(one) == calibration_line(two)
    assert reliability_curve(one) == reliability_curve(two)
    assert gaps_by(one, keys) == gaps_by(two, keys[order])
    assert tier_table(one, keys) == tier_table(two, keys[order])


@given(st.floats(0, 1))
def test_many_pds_are_put_where_each_is_put_alone(pd: float) -> None:
    assert tiers_of([pd])[0] == tier(Rate.from_probability(pd), TIER_BOUNDS)


@given(st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7)), min_size=1, max_size=60))
def test_rows_of_a_migration_sum_to_one(moves: list[tuple[int, int]]) -> None:
    before, after = (list(side) for side in zip(*moves, strict=True))
    found = migration(before, after, 7)
    shares = found.shares()
    used = sorted(set(before))
    assert shares[[i - 1 for i in used]].sum(axis=1) == pytest.approx(1.0)
    assert np.isnan(shares).any(axis=1).sum() == 7 - len(used)
    assert found.same + found.better + found.worse == pytest.approx(1.0)
    assert found.stability_index >= 0
    back = migration(after, before, 7)
    assert (back.better, back.worse) == pytest.approx((found.worse, found.better))


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 5)), min_size=1, max_size=7))
@settings(deadline=None, max_examples=25)
def test_most_prudent_bounds_never_fall_and_lie_above_what_was_seen(
    tiers: list[tuple[int, int]],
) -> None:
    counts = [count + bads + 1 for count, bads in tiers]
    bads = [bads for _, bads in tiers]
    found = most_prudent(counts, bads)
    assert list(found) == sorted(found)
    more = most_prudent(counts, bads, confidence=0.9)
    assert all(one < two for one, two in zip(found, more, strict=True) if one < 1)
    assert found[-1] >= bads[-1] / counts[-1]


@given(st.integers(0, 400), st.integers(1, 5_000), st.floats(0.5, 0.999))
@settings(deadline=None, max_examples=25)
def test_intervals_hold_what_was_seen_and_grow_with_the_level(
    bads: int, goods: int, level: float
) -> None:
    narrow, wide = (jeffreys(bads, bads + goods, level=one) for one in (level, (1 + level) / 2))
    assert wide.low <= narrow.low <= narrow.high <= wide.high
    found = poisson(bads, level=level)
    assert found.low <= bads <= found.high


@given(st.floats(0.5, 2_000), st.floats(0.5, 20_000), st.floats(1e-4, 1 - 1e-4))
@settings(deadline=None, max_examples=25)
def test_a_quantile_of_beta_is_where_it_reaches_the_chance(a: float, b: float, q: float) -> None:
    assert beta_cdf(beta_quantile(q, a, b), a, b) == pytest.approx(q, rel=1e-7)


@given(CHANCES, CHANCES, st.floats(0, 0.9), st.floats(-4, 4))
def test_a_worse_state_or_a_worse_loan_has_the_higher_pd(
    one: float, two: float, rho: float, state: float
) -> None:
    low, high = sorted([one, two])
    here = conditional_pd([low, high], rho, state)
    assert here[0] <= here[1]
    assert (conditional_pd([low, high], rho, state - 0.5) >= here).all()
    assert (STRESS_PLAN.pd([one], "severe") >= STRESS_PLAN.pd([one], "adverse")).all()
