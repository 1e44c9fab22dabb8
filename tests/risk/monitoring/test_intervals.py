"""Intervals of shifts, the test among many, and the expected AUC, held against other ways."""

from __future__ import annotations

import numpy as np
import pytest

from tael.risk.measures import auc
from tael.risk.monitoring.expected import expected, expected_auc
from tael.risk.monitoring.intervals import (
    adjusted_level,
    discoveries,
    psi_chance,
    psi_interval,
    relative,
    wald,
)
from tael.risk.psi import stability_index


@pytest.mark.parametrize(
    ("chance", "stand"),
    [
        # Benjamini and Hochberg (1995), table of section 4: at 5 % the four smallest stand.
        (
            [
                0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
                0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
            ],
            4,
        ),
        ([1.0, 1.0], 0),
        ([0.04, 0.05], 2),
        ([], 0),
    ],
)  # fmt: skip
def test_discoveries_are_those_of_the_published_example(chance: list[float], stand: int) -> None:
    found = discoveries(np.array(chance), 0.05)
    assert found.sum() == stand
    assert found[:stand].all()


@pytest.mark.parametrize(
    ("freedom", "centre", "quantiles"),
    [  # of scipy.stats.ncx2 at 0.6, 0.9, 0.975 and 0.999
        (3, 0.0, (2.946, 6.251, 9.348, 16.266)),
        (9, 4.0, (13.662, 20.82, 26.568, 38.013)),
        (9, 60.0, (72.137, 90.135, 103.148, 126.843)),
        (20, 900.0, (934.348, 997.938, 1041.049, 1114.911)),
    ],
)
def test_the_chance_of_a_shift_is_that_of_the_non_central_chi_square(
    freedom: int, centre: float, quantiles: tuple[float, ...]
) -> None:
    noise = 0.002
    seen = np.array(quantiles) * noise
    chance = psi_chance(seen, np.full(4, noise), np.full(4, float(freedom)), centre * noise)
    assert chance == pytest.approx([0.4, 0.1, 0.025, 0.001], rel=0.02, abs=2e-4)


def test_an_interval_ends_where_the_test_would_begin_to_stand() -> None:
    found = psi_interval(0.21, 0.002, 9, 0.95)
    assert found.low < found.value < found.high
    one = np.array([0.21])
    at_bound = psi_chance(one, np.array([0.002]), np.array([9.0]), found.low)
    assert at_bound[0] == pytest.approx(0.025, abs=1e-6)
    assert psi_interval(0.01, 0.002, 9).low == 0.0
    assert psi_interval(0.0, 0.002, 0).high == 0.0


def test_a_population_that_stays_is_inside_its_interval_as_often_as_told() -> None:
    random = np.random.default_rng(3)
    shares, shifted = np.full(10, 0.1), np.linspace(0.05, 0.15, 10)
    true = float(((shifted - shares) * np.log(shifted / shares)).sum())
    inside, beyond = 0, 0
    for _ in range(100):
        base, same = (random.multinomial(n, shares) for n in (4000, 500))
        noise = 1 / 4000 + 1 / 500
        beyond += psi_interval(stability_index(base, same), noise, 9).low > 0
        moved = random.multinomial(500, shifted)
        found = psi_interval(stability_index(base, moved), noise, 9)
        inside += found.low <= true <= found.high
    assert beyond <= 8  # 2.5 % of 100, with room for chance
    assert inside >= 88  # 95 %, less what the approximation and chance take


def test_the_level_of_what_stands_among_many_is_wider() -> None:
    assert adjusted_level(0.95, 2, 100) == pytest.approx(0.999)
    assert adjusted_level(0.95, 0, 0) == 0.95


def test_a_ratio_of_shares_holds_one_when_both_are_alike() -> None:
    found = relative((10, 500), (100, 5000))
    assert found.low < 1 < found.high
    assert relative((50, 500), (100, 5000)).low > 1
    assert np.isnan(relative((0, 0), (100, 5000)).value)
    sure = wald(np.zeros(100), np.zeros(100))
    assert sure.low < 0 < sure.high


def test_the_expected_auc_is_the_mean_of_what_is_drawn() -> None:
    random = np.random.default_rng(5)
    pd = random.beta(1, 12, 1500)
    drawn = [auc((random.random(1500) < pd).astype(float), pd) for _ in range(200)]
    assert expected_auc(pd) == pytest.approx(np.mean(drawn), abs=0.004)
    told = expected(pd, seed=1)
    assert told.auc.low == pytest.approx(np.percentile(drawn, 2.5), abs=0.02)
    assert told.auc.high == pytest.approx(np.percentile(drawn, 97.5), abs=0.02)
    assert told.bad_rate.value == pytest.approx(pd.mean())


def test_the_expected_auc_of_every_pair_is_the_formula() -> None:
    pd = np.array([0.1, 0.3, 0.3, 0.8])
    right = pairs = 0.0
    for i, p in enumerate(pd):
        for j, q in enumerate(pd):
            if i != j:
                pairs += p * (1 - q)
                right += p * (1 - q) * ((p > q) + (p == q) / 2)
    assert expected_auc(pd) == pytest.approx(right / pairs)
    assert expected_auc(np.full(5, 0.2)) == pytest.approx(0.5)
    assert np.isnan(expected_auc(np.zeros(3)))


def test_the_expected_figures_do_not_depend_on_the_order_of_rows() -> None:
    pd = np.random.default_rng(7).beta(1, 12, 300)
    assert expected(pd, seed=2) == expected(pd[::-1], seed=2)
