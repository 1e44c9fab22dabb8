from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tael.economy.world.chance import Chance, cumulative, exp, logistic, normal, picked


def test_a_stream_depends_on_its_key_alone() -> None:
    first = Chance(7, 3, "life").uniform(50)

    assert first.tolist() == Chance(7, 3, "life").uniform(50).tolist()
    for other in (Chance(8, 3, "life"), Chance(7, 4, "life"), Chance(7, 3, "bank_tx")):
        assert first.tolist() != other.uniform(50).tolist()


def test_the_words_and_tables_are_the_same_bits_everywhere() -> None:
    chance = Chance(7, 3, "golden")
    numbers = np.concatenate([chance.uniform(64), chance.normal(64), exp(chance.uniform(64) * 9)])

    digest = hashlib.sha256(numbers.astype("<f8").tobytes()).hexdigest()
    assert digest == "643e03c416c6163e34ad1b77d2a1e9b4f3cf47ed98722e8cd8299a38b3343be7"


def test_normal_numbers_have_mean_nought_and_deviation_one() -> None:
    numbers = Chance(1, 1, "bell").normal(100_000)

    assert abs(numbers.mean()) < 0.02
    assert abs(numbers.std() - 1) < 0.02
    assert normal(np.array([0.5])).tolist() == [0.0]
    assert np.abs(numbers).max() < 3.7


@pytest.mark.parametrize("exponent", [-30.0, -1.0, -1e-9, 0.0, 0.3, 1.0, 25.0])
def test_exponentials_are_right_to_thirteen_digits(exponent: float) -> None:
    assert exp(np.array([exponent]))[0] == pytest.approx(np.exp(exponent), rel=1e-13)


def test_exponents_beyond_the_tables_are_held_at_their_ends() -> None:
    assert exp(np.array([-1e9, 1e9])).tolist() == exp(np.array([-60.0, 60.0])).tolist()
    assert logistic(np.array([0.0, 1e9])).tolist()[0] == 0.5


def test_a_weight_of_nought_is_never_picked() -> None:
    kinds = picked(Chance(1, 1, "pick").uniform(2_000), cumulative((3, 0, 1)))

    assert set(kinds.tolist()) == {0, 2}
    assert 0.7 < (kinds == 0).mean() < 0.8
