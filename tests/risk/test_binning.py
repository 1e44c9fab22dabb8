"""Bins and weight of evidence of one variable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.risk import Feature, Scorecard
from tael.risk.binning import Binning, fit_binning
from tael.risk.bins.refining import refined


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


def test_cuts_set_by_hand_are_kept_as_they_are() -> None:
    values, bad = rising_sample()
    found = fitted(Feature("x", cuts=(-1.0, 0.25)), values, bad)
    assert found.cuts == (-1.0, 0.25)
    assert found.missing == 3
    assert found.assign(np.array([-1.0, 0.2, 0.25])).tolist() == [1, 1, 2]
    assert found.bad_rates[2] == pytest.approx(bad[values >= 0.25].mean())


@pytest.mark.parametrize("cuts", [(1.0, 1.0), (2.0, 1.0), (np.inf,), (np.nan,)])
def test_cuts_that_do_not_rise_are_refused(cuts: tuple[float, ...]) -> None:
    with pytest.raises(BadInput, match="ascending") as refused:
        fitted(Feature("x", cuts=cuts), *rising_sample(50))
    assert refused.value.field == "x"


def test_cuts_of_a_category_are_refused() -> None:
    names = np.array(["a", "b"] * 10, dtype=object)
    with pytest.raises(BadInput, match="neither cuts nor special codes"):
        fitted(Feature("line", "categorical", special=(1.0,)), names, np.tile([0.0, 1.0], 10))


def test_each_special_code_has_a_bin_of_its_own() -> None:
    values, bad = rising_sample()
    values[:300], bad[:300] = -9999.0, 1.0
    values[300:600], bad[300:600] = -9998.0, 0.0
    values[600:650] = np.nan
    found = fitted(Feature("x", special=(-9999.0, -9998.0)), values, bad)
    first = found.missing - 2
    assert found.assign(values[[0, 300, 600]]).tolist() == [first, first + 1, found.missing]
    assert [found.describe(k) for k in (first, first + 1)] == ["code -9999", "code -9998"]
    assert found.bad_rates[first : first + 2] == (1.0, 0.0)
    assert found.woe[first] < -3 < 3 < found.woe[first + 1]
    plain = fitted(Feature("x"), values[650:], bad[650:])
    assert len(found.cuts) >= len(plain.cuts) - 1
    assert min(found.cuts) > -10


def test_a_card_with_cuts_and_codes_reads_as_it_was_written() -> None:
    values, bad = rising_sample()
    values[:300] = -9999.0
    feature = Feature("x", cuts=(0.0, 1.0), special=(-9999.0,))
    card = Scorecard([feature]).fit({"x": values}, bad)
    again = Scorecard.from_json(card.to_json())
    assert again.characteristics_ == card.characteristics_
    assert again.hash == card.hash


def test_a_card_without_cuts_and_codes_says_nothing_of_them() -> None:
    values, bad = rising_sample()
    text = Scorecard([Feature("x")]).fit({"x": values}, bad).to_json()
    assert '"special"' not in text
    assert text.count('"cuts"') == 1


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_optimal_cuts_tell_no_less_than_pooled_ones() -> None:
    pytest.importorskip("optbinning", reason="optbinning (extra 'refine') is not installed")
    values, bad = rising_sample(8_000)
    values[:200] = np.nan
    feature = Feature("x", monotone="rising", max_bins=5)
    weight = np.ones(len(bad))
    found = refined(feature, values, bad, weight)
    plain = fit_binning(feature, values, bad, weight)
    assert found.information_value > 0.9 * plain.information_value
    assert found.feature.cuts == found.cuts
    rates = found.bad_rates[: found.missing]
    assert list(rates) == sorted(rates)
    assert set(found.assign(values[:200])) == {found.missing}


def test_a_category_is_not_refined() -> None:
    with pytest.raises(BadInput, match="only a numeric variable"):
        refined(Feature("x", "categorical"), np.zeros(2), np.zeros(2), np.ones(2))


def test_a_variable_without_a_value_has_one_empty_bin_beside_that_of_missing() -> None:
    _, bad = rising_sample(50)
    found = fitted(Feature("x"), np.full(len(bad), np.nan), bad)
    assert found.cuts == ()
    assert found.shares == (0.0, 1.0)
    assert found.information_value == 0.0
    assert found.assign(np.array([np.nan, 3.0])).tolist() == [1, 0]


@pytest.mark.parametrize("value", [np.inf, -np.inf])
def test_an_infinite_value_is_refused_by_row_in_training(value: float) -> None:
    values, bad = rising_sample(50)
    with pytest.raises(BadInput, match="'x' holds an infinite value") as caught:
        fitted(Feature("x"), np.append(values[:-1], value), bad)
    assert (caught.value.field, caught.value.row) == ("x", len(bad))
