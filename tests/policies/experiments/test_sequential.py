"""Confidence sequences: what they are at a point, and that watching keeps their level."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.policies.experiments.sequential import (
    Counts,
    Prior,
    against_equal,
    evidence,
    sequence_of_means,
    sequence_of_shares,
)

ALPHA = 0.05


def test_the_evidence_against_a_share_has_mean_one_under_it() -> None:
    # Over all outcomes of 12 rows: the martingale's mean, exactly.
    for prior in (Prior(), Prior.around(0.1, 0.05)):
        for p in (0.03, 0.2, 0.5):
            total = math.fsum(
                math.comb(12, hits)
                * p**hits
                * (1 - p) ** (12 - hits)
                * math.exp(evidence(Counts(hits, 12), prior)(p))
                for hits in range(13)
            )
            assert total == pytest.approx(1.0, abs=1e-9)


def test_zero_is_left_out_just_when_the_evidence_against_equal_shares_says_so() -> None:
    bar, seen = math.log(1 / ALPHA), set()
    for rows in (40, 400, 4_000):
        for lift in range(0, rows // 8, max(rows // 40, 1)):
            champion, challenger = Counts(rows // 10, rows), Counts(rows // 10 + lift, rows)
            found = sequence_of_shares(champion, challenger, alpha=ALPHA)
            rejected = against_equal(champion, challenger) >= bar
            assert (found.low > 0) == rejected
            seen.add(rejected)
    assert seen == {True, False}


def test_the_arms_may_change_places_and_the_interval_turns() -> None:
    one, two = Counts(30, 900), Counts(9, 120)
    there, back = sequence_of_shares(one, two), sequence_of_shares(two, one)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_without_rows_of_an_arm_nothing_is_known() -> None:
    assert math.isnan(sequence_of_shares(Counts(0, 0), Counts(1, 5)).value)
    assert math.isnan(sequence_of_means(1.0, 2.0, 0, planned=100).low)


@pytest.mark.parametrize("hits", [-1, 6])
def test_hits_outside_the_rows_are_refused(hits: int) -> None:
    with pytest.raises(BadInput, match="of 5"):
        Counts(hits, 5)


def test_a_level_or_an_expectation_that_is_none_is_refused() -> None:
    with pytest.raises(BadInput, match="alpha"):
        sequence_of_shares(Counts(1, 5), Counts(1, 5), alpha=1.0)
    with pytest.raises(BadInput, match="a share of"):
        Prior.around(1.0, 0.1)


def ever_rejected(experiments: int, rows: int, share: float, prior: Prior) -> float:
    """Share of experiments without a difference in which some look, one a row, tells one."""
    random = np.random.Generator(np.random.PCG64(7))
    # Scalars, and only at looks: the sup over the common share is that of both arms together.
    looks = np.unique(np.geomspace(2, rows, 60).astype(int))
    bar, found = math.log(1 / ALPHA), 0
    for _ in range(experiments):
        hits = random.random((2, rows)) < share
        first, second = hits.cumsum(axis=1)[:, looks - 1].tolist()
        found += any(
            against_equal(Counts(a, n), Counts(b, n), prior) >= bar
            for a, b, n in zip(first, second, looks.tolist(), strict=True)
        )
    return found / experiments


def test_watching_all_the_time_seldom_tells_a_difference_where_there_is_none() -> None:
    assert ever_rejected(120, 1_500, 0.05, Prior.around(0.05, 0.02)) <= ALPHA


def naive_rejections(experiments: int, rows: int, share: float) -> float:
    """The same experiments under the interval of one look: what peeking does to it."""
    from tael.policies.experiments.estimates import difference_of_shares

    random = np.random.Generator(np.random.PCG64(7))
    looks = np.unique(np.geomspace(30, rows, 60).astype(int))
    found = 0
    for _ in range(experiments):
        hits = (random.random((2, rows)) < share).cumsum(axis=1)[:, looks - 1].tolist()
        each = (
            difference_of_shares((a, n), (b, n))
            for a, b, n in zip(*hits, looks.tolist(), strict=True)
        )
        found += any(one.low > 0 or one.high < 0 for one in each)
    return found / experiments


def test_the_interval_of_one_look_breaks_when_it_is_watched() -> None:
    assert naive_rejections(120, 1_500, 0.2) > 2 * ALPHA


@pytest.mark.slow
@pytest.mark.parametrize(
    ("share", "prior"),
    [(0.03, Prior.around(0.03, 0.01)), (0.05, Prior()), (0.3, Prior.around(0.1, 0.02))],
    ids=["a rare one", "no idea of the share", "a wrong idea of it"],
)
def test_two_thousand_watched_experiments_keep_alpha(share: float, prior: Prior) -> None:
    # Watched at every row up to 4,000 rows an arm, in columns; the scalar is compared at the end.
    from scipy.special import betaln

    random, rows, count = np.random.Generator(np.random.PCG64(11)), 4_000, 2_000
    bar, rejected, n = math.log(1 / ALPHA), 0, np.arange(1, rows + 1)

    def mixed(hits: np.ndarray) -> np.ndarray:
        parts = [
            math.log(w) + betaln(a + hits, b + n - hits) - betaln(a, b) for w, a, b in prior.parts
        ]
        found: np.ndarray = np.logaddexp.reduce(parts)
        return found

    for _ in range(count):
        first, second = (random.random((2, rows)) < share).cumsum(axis=1)
        pooled = np.clip((first + second) / (2 * n), 1e-12, 1 - 1e-12)
        hits, misses = first + second, 2 * n - first - second
        log = mixed(first) + mixed(second) - hits * np.log(pooled) - misses * np.log1p(-pooled)
        rejected += bool((log >= bar).any())
    last = against_equal(Counts(int(first[-1]), rows), Counts(int(second[-1]), rows), prior)
    assert last == pytest.approx(float(log[-1]), abs=1e-6)
    # 2,000 experiments leave a standard error of half a percent.
    assert rejected / count <= ALPHA + 0.01


@pytest.mark.slow
def test_two_thousand_watched_experiments_keep_alpha_for_skewed_money() -> None:
    random, count, rows, planned = np.random.Generator(np.random.PCG64(5)), 2_000, 3_000, 6_000
    looks, wrong = np.unique(np.geomspace(100, rows, 200).astype(int)), 0
    for _ in range(count):
        # A small income, and now and then a large loss: what a loan's profit looks like.
        money = np.where(random.random((2, rows)) < 0.05, -100.0, 6.0) + random.normal(
            size=(2, rows)
        )
        sums, squares = money.cumsum(axis=1)[:, looks - 1], (money**2).cumsum(axis=1)[:, looks - 1]
        means = sums / looks
        error = ((squares / looks - means**2) / looks).sum(axis=0)
        wrong += any(
            abs(value) > found.high - found.value
            for value, found in (
                (d, sequence_of_means(d, v, 2 * int(n), planned=planned, alpha=ALPHA))
                for d, v, n in zip(means[1] - means[0], error, looks, strict=True)
            )
        )
    assert wrong / count <= ALPHA + 0.01
