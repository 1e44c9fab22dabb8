from __future__ import annotations

import math

from tael.economy.draws import Draws, exponential, logistic


def test_a_stream_depends_on_its_key_alone() -> None:
    first, again, other = Draws(7, "a"), Draws(7, "a"), Draws(7, "b")
    numbers = [first.uniform() for _ in range(20)]

    assert numbers == [again.uniform() for _ in range(20)]
    assert numbers != [other.uniform() for _ in range(20)]


def test_parts_of_a_key_do_not_run_together() -> None:
    assert Draws(1, 23).uniform() != Draws(12, 3).uniform()


def test_uniform_numbers_fill_the_unit_interval_evenly() -> None:
    draws = Draws("even")
    numbers = [draws.uniform() for _ in range(4000)]

    assert 0 <= min(numbers) < 0.01
    assert 0.99 < max(numbers) < 1
    assert abs(sum(numbers) / len(numbers) - 0.5) < 0.02


def test_normal_numbers_have_mean_nought_and_deviation_one() -> None:
    draws = Draws("bell")
    numbers = [draws.normal() for _ in range(8000)]

    assert abs(sum(numbers) / len(numbers)) < 0.04
    assert abs(math.sqrt(sum(n * n for n in numbers) / len(numbers)) - 1) < 0.04


def test_weights_steer_the_choice_and_a_weight_of_nought_is_never_drawn() -> None:
    draws = Draws("weights")
    drawn = [draws.weighted("abc", [3, 0, 1]) for _ in range(2000)]

    assert "b" not in drawn
    assert 0.7 < drawn.count("a") / len(drawn) < 0.8


def test_whole_numbers_reach_both_ends() -> None:
    draws = Draws("ends")
    assert {draws.integer(2, 4) for _ in range(200)} == {2, 3, 4}


def test_exponentials_are_right_and_the_logistic_is_symmetric() -> None:
    assert exponential(0) == 1
    assert math.isclose(exponential(1.5), math.exp(1.5), rel_tol=1e-15)
    assert math.isclose(logistic(2) + logistic(-2), 1, rel_tol=1e-15)
