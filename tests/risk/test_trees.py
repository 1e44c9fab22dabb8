"""Flat trees: the same sums and contributions as LightGBM, compiled or not, by any threads."""

from __future__ import annotations

import itertools
import math
from typing import Any, TypeAlias

import lightgbm
import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.scoring import Scorer
from tael.risk.trees import Trees, down_to_float32, from_lightgbm

Both: TypeAlias = tuple[Any, Trees, np.ndarray]


def trained(rows: int = 400, variables: int = 6, **parameters: object) -> tuple[Any, np.ndarray]:
    random = np.random.default_rng(3)
    matrix = random.normal(size=(rows, variables)).astype(np.float32)
    matrix[random.random((rows, variables)) < 0.15] = np.nan
    matrix[:, 1] = np.round(matrix[:, 1])
    odds = np.nan_to_num(matrix[:, 0] * matrix[:, 1] - matrix[:, 2])
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    given = {"objective": "binary", "num_leaves": 9, "min_data_in_leaf": 8, "verbose": -1}
    given |= {"num_threads": 1, "deterministic": True, "force_row_wise": True, **parameters}
    return lightgbm.train(given, lightgbm.Dataset(matrix, bad), 15), matrix


@pytest.fixture(scope="module")
def both() -> Both:
    model, matrix = trained()
    return model, from_lightgbm(model.model_to_string()), matrix


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 400])
def test_sums_equal_those_of_lightgbm_bit_for_bit(both: Both, rows: int, threads: int) -> None:
    model, trees, matrix = both
    found = Scorer(trees, 6, threads).sums(matrix[:rows])
    assert (found == model.predict(matrix[:rows], raw_score=True)).all()


def test_without_numba_the_bits_are_the_same(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    model, trees, matrix = both
    monkeypatch.setitem(__import__("sys").modules, "numba", None)
    assert (Scorer(trees, 6).sums(matrix) == model.predict(matrix, raw_score=True)).all()
    with pytest.raises(BadInput, match="extra 'models'"):
        Scorer(trees, 6).contributions(matrix)


@pytest.mark.parametrize("threads", [1, 2])
def test_contributions_equal_those_of_lightgbm_and_add_up(both: Both, threads: int) -> None:
    model, trees, matrix = both
    scorer = Scorer(trees, 6, threads)
    found = scorer.contributions(matrix)
    assert np.abs(found - model.predict(matrix, pred_contrib=True)).max() < 1e-9
    assert np.abs(found.sum(axis=1) - scorer.sums(matrix)).max() < 1e-9


def expected(trees: Trees, row: np.ndarray, known: set[int], at: int) -> float:
    """The sum of one tree where variables outside ``known`` follow the training rows."""
    if at < 0:
        return float(trees.leaf[~at])
    left, right = int(trees.left[at]), int(trees.right[at])
    if trees.feature[at] in known:
        value = row[trees.feature[at]]
        goes_left = trees.default_left[at] if np.isnan(value) else value <= trees.threshold[at]
        return expected(trees, row, known, left if goes_left else right)
    share = (trees.node_rows[left] if left >= 0 else trees.leaf_rows[~left]) / trees.node_rows[at]
    return share * expected(trees, row, known, left) + (1 - share) * expected(
        trees, row, known, right
    )


def test_contributions_are_the_shapley_values_by_definition() -> None:
    model, matrix = trained(variables=4)
    trees = from_lightgbm(model.model_to_string())
    found = Scorer(trees, 4).contributions(matrix[:5])
    for number, variable in itertools.product(range(5), range(4)):
        others = set(range(4)) - {variable}
        total = 0.0
        for size in range(4):
            order = math.factorial(size) * math.factorial(3 - size) / math.factorial(4)
            for known in itertools.combinations(others, size):
                for root in trees.roots.tolist():
                    total += order * (
                        expected(trees, matrix[number], {*known, variable}, root)
                        - expected(trees, matrix[number], set(known), root)
                    )
        assert found[number, variable] == pytest.approx(total, abs=1e-12)


def test_a_missing_value_that_training_never_saw_goes_with_most_rows() -> None:
    model, matrix = trained(rows=300, use_missing=True)
    full = np.nan_to_num(matrix, nan=0.5)
    data = lightgbm.Dataset(full, (full[:, 0] > 0.4).astype(float))
    model = lightgbm.train(
        {"objective": "binary", "num_leaves": 2, "verbose": -1, "num_threads": 1}, data, 1
    )
    trees = from_lightgbm(model.model_to_string())
    heavy = int(np.argmax(trees.leaf_rows))
    assert Scorer(trees, 6).sums(np.full((1, 6), np.nan, np.float32))[0] == trees.leaf[heavy]


def test_a_tree_of_a_single_leaf_is_summed_too() -> None:
    matrix = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    bad = np.arange(40) % 2
    settings = {"objective": "binary", "min_data_in_leaf": 100, "verbose": -1, "num_threads": 1}
    model = lightgbm.train(settings, lightgbm.Dataset(matrix, bad.astype(float)), 2)
    trees = from_lightgbm(model.model_to_string())
    assert (Scorer(trees, 2).sums(matrix) == model.predict(matrix, raw_score=True)).all()
    assert (Scorer(trees, 2).contributions(matrix)[:, :2] == 0).all()


def test_trees_read_back_from_plain_numbers(both: Both) -> None:
    _, trees, matrix = both
    again = Trees.from_data(trees.to_data(), 6)
    assert (Scorer(again, 6).sums(matrix) == Scorer(trees, 6).sums(matrix)).all()


@pytest.mark.parametrize(
    ("name", "place", "value"),
    [
        ("left", 0, 0),  # a loop
        ("left", 0, 10_000),  # out of place
        ("feature", 0, 6),
        ("feature", 0, -1),
        ("leaf", 0, float("nan")),
        ("threshold", 0, float("inf")),
        ("node_rows", 0, 0),
        ("roots", 0, 1),
    ],
)
def test_trees_that_do_not_hang_together_are_refused(
    both: Both, name: str, place: int, value: float
) -> None:
    data = both[1].to_data()
    data[name][place] = value
    with pytest.raises(BadInput, match="hang together"):
        Trees.from_data(data, 6)


def test_trees_with_sets_of_categories_are_refused() -> None:
    random = np.random.default_rng(0)
    matrix = random.integers(0, 5, (300, 1)).astype(np.float32)
    bad = (random.random(300) < matrix[:, 0] % 2 * 0.5 + 0.2).astype(float)
    data = lightgbm.Dataset(matrix, bad, categorical_feature=[0])
    model = lightgbm.train(
        {"objective": "binary", "min_data_in_leaf": 5, "verbose": -1, "num_threads": 1}, data, 1
    )
    with pytest.raises(BadInput, match="sets of categories"):
        from_lightgbm(model.model_to_string())


@pytest.mark.parametrize("value", [0.1, -0.1, 1e-35, 3.0, 16_777_217.0])
def test_a_threshold_in_float32_decides_as_before(value: float) -> None:
    down = down_to_float32(np.array([value]))[0]
    above = np.nextafter(down, np.float32(np.inf))
    assert float(down) <= value < float(above)


def test_a_threshold_beyond_float32_lets_all_values_on_the_same_side() -> None:
    ends = np.finfo(np.float32)
    assert down_to_float32(np.array([1e300, -1e300])).tolist() == [ends.max, ends.min]
