"""Bins and weight of evidence of one variable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.risk import Binning, Feature, fit_binning


def fitted(
    feature: Feature, values: np.ndarray, bad: np.ndarray, weight: np.ndarray | None = None
) -> Binning:
    given_weight = np.ones(len(bad)) if weight is None else weight * len(weight) / weight.sum()
    return fit_binning(feature, values, bad.astype(float), given_weight)


def rising_sample(rows: int = 4_000, seed: int = 5) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    values = random.normal(size=rows)
    bad = (random.random(rows) < 1 / (1 + np.exp(2 - values))).astype(float)
    return values, bad


def test_the_weight_of_evidence_is_the_log_ratio_of_shares() -> None:
    values = np.repeat([1.0, 2.0], 100)
    bad = np.concatenate([np.repeat([1.0, 0.0], [10, 90]), np.repeat([1.0, 0.0], [40, 60])])
    found = fitted(Feature("x"), values, bad)
    # Ten rows of the average, 7.5 good and 2.5 bad, are added to each bin.
    odds = [(97.5 / 150, 12.5 / 50), (67.5 / 150, 42.5 / 50)]
    assert found.woe[:2] == pytest.approx([np.log(good / bad_) for good, bad_ in odds])
    assert found.bad_rates == pytest.approx((0.1, 0.4, 0.0))
    assert found.woe[2] == 0.0


@pytest.mark.parametrize("wanted", ["auto", "rising"])
def test_a_monotone_variable_has_monotone_bins(wanted: str) -> None:
    found = fitted(Feature("x", monotone=wanted), *rising_sample())
    rates = found.bad_rates[: found.missing]
    assert list(rates) == sorted(rates)
    assert 3 <= len(rates) <= 6


def test_the_wrong_direction_leaves_one_bin() -> None:
    found = fitted(Feature("x", monotone="falling"), *rising_sample())
    assert found.missing == 1
    assert found.information_value == pytest.approx(0.0, abs=1e-9)


def test_missing_values_stand_apart() -> None:
    values, bad = rising_sample()
    values[:400], bad[:400] = np.nan, 1.0
    found = fitted(Feature("x"), values, bad)
    assert found.bad_rates[found.missing] == 1.0
    assert set(found.assign(values[:400])) == {found.missing}
    assert found.describe(found.missing) == "missing"


def test_a_tiny_bin_has_a_moderate_weight() -> None:
    values, bad = rising_sample()
    values[:2], bad[:2] = np.nan, 1.0
    found = fitted(Feature("x"), values, bad)
    assert -1 < found.woe[found.missing] < 0


def test_a_free_variable_may_turn() -> None:
    values = np.tile(np.arange(3.0), 1_000)
    bad = (np.arange(3_000) % 10 < np.where(values == 1, 8, 2)).astype(float)
    found = fitted(Feature("x", monotone="free"), values, bad)
    assert found.missing == 3
    assert found.describe(0) == "(-inf, 0.5)"
    assert found.describe(1) == "[0.5, 1.5)"


def test_rare_categories_go_together_and_take_the_unseen() -> None:
    names = np.array(
        ["CA"] * 500 + ["NY"] * 480 + ["VT"] * 3 + ["WY"] * 3 + [None] * 14, dtype=object
    )
    bad = (np.arange(1_000) % 5 == 0).astype(float)
    bad[500:700] = 1.0
    found = fitted(Feature("state", "categorical"), names, bad)
    together = found.assign(np.array(["VT", "WY", "ZZ"], dtype=object))
    assert len(set(together)) == 1
    assert found.assign(np.array([None, ""], dtype=object)).tolist() == [found.missing] * 2


def test_without_rare_ones_the_unseen_counts_as_missing() -> None:
    names = np.array(["Y", "N"] * 500, dtype=object)
    bad = np.tile([1.0, 0.0, 0.0, 0.0], 250)
    found = fitted(Feature("line", "categorical"), names, bad)
    assert found.assign(np.array(["?"], dtype=object))[0] == found.missing


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_no_bin_is_smaller_than_asked(seed: int) -> None:
    values, bad = rising_sample(600, seed)
    found = fitted(Feature("x", min_share=0.1), values, bad)
    assert min(found.shares[: found.missing]) >= 0.1
    assert sum(found.shares) == pytest.approx(1.0, abs=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_the_scale_of_the_weights_does_not_matter(seed: int) -> None:
    values, bad = rising_sample(500, seed)
    weight = np.random.default_rng(seed).random(500) + 0.5
    assert fitted(Feature("x"), values, bad, weight) == fitted(
        Feature("x"), values, bad, weight * 4
    )


def test_a_text_in_a_numeric_column_is_refused_with_its_name() -> None:
    with pytest.raises(BadInput, match="not numbers") as refused:
        fitted(Feature("amount"), np.array(["12", "many"], dtype=object), np.array([0, 1]))
    assert refused.value.field == "amount"
