"""AUCs as counted pair by pair, intervals as worked by hand, and chance told from signal."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tael.variables.examples.ranking import aucs_of, correlations, delong, midranks, screen

NAN = math.nan


def by_pairs(values: np.ndarray, bad: np.ndarray) -> float:
    """The AUC, pair by pair."""
    pairs = [
        1.0 if high > low else 0.5 if high == low else 0.0
        for high in values[bad & ~np.isnan(values)]
        for low in values[~bad & ~np.isnan(values)]
    ]
    return sum(pairs) / len(pairs)


def test_equals_share_the_mean_of_their_ranks() -> None:
    assert midranks(np.array([3.0, NAN, 1.0, 3.0])).tolist() == [2.5, 0.0, 1.0, 2.5]


def test_the_auc_is_the_share_of_pairs_in_order() -> None:
    chance = np.random.default_rng(5)
    values = chance.integers(0, 9, (60, 7)).astype(float)
    values[chance.random((60, 7)) < 0.05] = NAN
    bad = chance.random(60) < 0.3

    found = aucs_of(values, bad, least_covered=0.5)

    assert found == pytest.approx([by_pairs(column, bad) for column in values.T], abs=1e-12)


def test_too_few_values_have_no_auc() -> None:
    values = np.array([[1.0, 1.0], [2.0, NAN], [3.0, 2.0], [4.0, 3.0]])
    found = aucs_of(values, np.array([False, True, True, False]))

    assert found[0] == 0.5
    assert math.isnan(found[1])


def test_the_interval_is_the_one_worked_by_hand() -> None:
    # Bads 3, 4; goods 1, 2, 3: AUC 11/12, variance 1/144 + 1/144, on the scale of log-odds.
    low, high = delong(np.array([3.0, 4.0]), np.array([1.0, 2.0, 3.0]))
    reach = 1.959963984540054 * math.sqrt(2 / 144) / (11 / 144)

    assert low == pytest.approx(1 / (1 + math.exp(reach) / 11))
    assert high == pytest.approx(1 / (1 + math.exp(-reach) / 11))


def test_values_that_part_the_groups_wholly_have_no_interval() -> None:
    assert delong(np.array([3.0, 4.0]), np.array([1.0, 2.0])) == (None, None)


def test_chance_is_told_from_signal() -> None:
    chance = np.random.default_rng(11)
    bad = np.arange(120) < 30
    noise = chance.normal(size=(120, 60))
    signal = noise[:, :1] + 2.0 * bad[:, None]
    copy = np.exp(signal)  # another scale, the same order
    flat, rare = np.ones((120, 1)), np.where(np.arange(120) < 20, 1.0, NAN)[:, None]

    found = screen(np.hstack([noise[:, 1:], signal, copy, flat, rare]), bad, deals=200)
    best, second = found.ranked[:2]

    assert found.chance.variables == 61
    assert (found.firms, found.bads) == (120, 30)
    assert best.column in {59, 60}
    assert best.copies >= 1
    assert best.by_chance == pytest.approx(1 / 201)
    assert second.by_chance > 0.05
    assert 0.55 < found.chance.median < found.chance.top < 0.8
    assert found.beyond == 2
    assert found.by_place[0] == best.strength


def test_the_better_direction_turns_the_interval_too() -> None:
    values = np.array([1.0, 2.0, 9.0, 4.0, 5.0, 6.0, 3.0, 8.0])[:, None]
    bad = np.array([True, True, False, False, False, False, True, False])
    rising = screen(values, ~bad, deals=1).ranked[0]
    falling = screen(-values, ~bad, deals=1).ranked[0]

    assert rising.strength == falling.strength
    assert falling.auc == 1 - rising.auc
    assert falling.interval() == rising.interval()


@pytest.mark.parametrize("bad", [[False] * 3, [True] * 3, []])
def test_nothing_is_ranked_where_all_outcomes_are_the_same(bad: list[bool]) -> None:
    values = np.arange(2.0 * len(bad)).reshape(len(bad), 2)
    found = screen(values, np.array(bad, np.bool_))

    assert found.ranked == ()
    assert (found.firms, found.chance.variables) == (len(bad), 0)
    assert np.isnan(aucs_of(values, np.array(bad, np.bool_))).all()


def test_a_rank_correlation_sees_order_only() -> None:
    size = np.array([1.0, 2.0, 3.0, 40.0, NAN])
    values = np.array(
        [[1, 9, 5, 1], [8, 4, 5, NAN], [27, 1, 5, NAN], [64, 0, 5, 2], [0, 0, 5, 3.0]]
    )

    assert correlations(values, size)[:2] == pytest.approx([1.0, -1.0])
    assert np.isnan(correlations(values, size)[2:]).all()
