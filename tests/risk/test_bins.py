"""Bins of all variables at once: what they keep apart, refuse and say."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.risk.bins import (
    BinSettings,
    Prebins,
    at_edge,
    aucs,
    era_aucs,
    fit_bins,
    iv_by,
    permutation_null,
    prebin,
)
from tael.risk.sample import NO_EVENT, NO_SOURCE, UNDEFINED, Sample

CASES = tomllib.loads((Path(__file__).parent / "cases" / "bins_refused.toml").read_text("utf-8"))[
    "case"
]


def sample_of(values: dict[str, Any], bad: Any, **held: Any) -> Sample:
    """Columns of numbers; NaN without a reason."""
    matrix = np.array(list(values.values()), dtype=np.float32)
    rows = matrix.shape[1]
    return Sample(
        tuple(values),
        matrix,
        held.get("reasons", np.zeros(matrix.shape, dtype=np.uint8)),
        np.array(bad, dtype=np.float64),
        np.array(held.get("weight", np.ones(rows)), dtype=np.float64),
        np.array([f"b{k}" for k in range(rows)], dtype=object),
        np.datetime64("2015-01-01", "s") + np.arange(rows) * 86_400 * 7,
        np.full(rows, np.datetime64("NaT", "s")),
    )


def eight() -> Sample:
    return sample_of({"x": [1, 2, 3, 4, 5, 6, 7, 8]}, [0, 0, 1, 0, 0, 1, 0, 1])


def rising(rows: int = 3_000, seed: int = 3) -> Sample:
    """'told' tells bads, 'noise' does not, 'late' is the calendar."""
    random = np.random.default_rng(seed)
    told, noise = random.normal(size=(2, rows))
    bad = random.random(rows) < 1 / (1 + np.exp(2 - told))
    return sample_of({"told": told, "noise": noise, "late": np.arange(rows)}, bad)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_cannot_be_binned_is_refused_with_its_place(case: dict[str, Any]) -> None:
    sample = eight()
    if "cell" in case:
        name, row, value = case["cell"]
        getattr(sample, name)[..., slice(None) if row == "all" else row] = float(value)
    how = BinSettings(**{"least_bads": 1, **case.get("settings", {})})
    with pytest.raises(BadInput) as refused:
        fit_bins(sample, how, signs=case.get("signs"), cuts=case.get("cuts"))
    assert refused.value.field == case["field"]
    assert refused.value.row == case.get("row")
    assert case["says"] in refused.value.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pieces", 65), ("max_bins", 0), ("min_share", 0.6), ("threads", 0), ("monotone", "up"),
        ("special", (np.nan,)), ("prior_rows", -1.0), ("difference", -1.0),
    ],
)  # fmt: skip
def test_a_setting_out_of_bounds_is_refused(name: str, value: Any) -> None:
    with pytest.raises(BadInput) as refused:
        BinSettings(**{name: value})
    assert refused.value.field == name


def test_what_tells_has_more_information_than_noise() -> None:
    sample = rising()
    bins = fit_bins(sample)
    assert bins.iv[0] > 0.5 > 20 * bins.iv[1]
    assert bins.direction[0] == 1
    rates = bins.counts[0, : bins.filled[0], 1] / bins.counts[0, : bins.filled[0]].sum(axis=1)
    assert list(rates) == sorted(rates)
    assert bins.describe(0)[0].en.startswith("(-inf, ")
    assert [words.en for words in bins.describe(0)[-3:]] == ["no source", "no event", "undefined"]


def test_a_sign_binds_the_direction() -> None:
    sample = rising()
    bins = fit_bins(sample, signs={"told": "-", "noise": ""})
    assert bins.filled[0] == 1
    assert bins.iv[0] == pytest.approx(0.0, abs=1e-12)
    assert fit_bins(sample, signs={"told": "+"}).direction[0] == 1


def test_cuts_set_by_hand_are_neither_moved_nor_merged() -> None:
    sample = rising()
    asked = (-1.0, 0.0, 0.001, 1.0)
    bins = fit_bins(sample, BinSettings(max_bins=3), cuts={"noise": asked})
    assert bins.cuts[1, :4].tolist() == list(asked)
    assert bins.filled.tolist()[1] == 5
    assert max(bins.filled[0], bins.filled[2]) <= 3
    assert bins.binning(1).feature.cuts == asked
    between = (sample.values[1] >= 0) & (sample.values[1] < 0.001)
    assert bins.counts[1, 2].sum() == between.sum()


def test_three_kinds_of_missing_and_codes_stay_apart() -> None:
    reasons = np.array([[0, 0, NO_SOURCE, NO_EVENT, UNDEFINED, 0, 0, 0]], dtype=np.uint8)
    values = [1, 2, np.nan, np.nan, np.nan, np.nan, -1, -1]
    sample = sample_of({"x": values}, [0, 1, 1, 0, 1, 0, 1, 0], reasons=reasons)
    bins = fit_bins(sample, BinSettings(least_bads=1, special=(-1.0,)))
    kinds = bins.counts[0, bins.numeric :]
    # The NaN that has no reason counts as undefined.
    assert kinds.tolist() == [[0, 1], [1, 0], [1, 1], [1, 1]]
    assert at_edge(sample)[0].tolist() == [1, 2, -9999, -9998, -9997, -9997, -1, -1]
    assert bins.binning(0).describe(int(bins.filled[0]) + 3) == "code -1"
    assert bins.describe(0)[-1].zh == "代码 -1"


def test_a_true_value_is_not_read_as_a_kind_of_missing() -> None:
    values = np.array([-9999, -9999, -9998, 5, 6, 7, 8, 9], dtype=np.float64)
    sample = sample_of({"x": values}, [0, 1, 1, 0, 1, 0, 1, 0])
    bins = fit_bins(sample, BinSettings(least_bads=1))
    one = bins.binning(0)
    assert at_edge(sample)[0] == pytest.approx(values)
    assert (one.assign(at_edge(sample)[0]) <= len(one.cuts)).all()


@pytest.mark.parametrize("value", [4.0, np.nan])
def test_a_variable_that_never_varies_tells_nothing(value: float) -> None:
    sample = sample_of({"x": np.full(40, value)}, np.arange(40) % 4 == 0)
    bins = fit_bins(sample)
    assert bins.iv[0] == 0.0
    assert bins.filled[0] == 1
    assert (bins.transform(sample) == 0).all()
    assert aucs(sample)[0] == 0.5


def test_a_heap_of_zeros_is_a_bin_of_its_own() -> None:
    random = np.random.default_rng(1)
    values = np.where(random.random(2_000) < 0.4, 0.0, random.exponential(size=2_000))
    bad = np.where(values == 0, random.random(2_000) < 0.5, random.random(2_000) < 0.1)
    bins = fit_bins(sample_of({"x": values}, bad))
    assert 0 < bins.cuts[0, 0] <= values[values > 0].min()


def test_a_variable_that_is_not_there_is_refused_by_name() -> None:
    bins = fit_bins(rising())
    with pytest.raises(BadInput, match="no variable 'noise'"):
        bins.transform(rising(50).select(["told", "late"]))


def test_an_infinite_value_is_refused_when_scoring() -> None:
    bins, later = fit_bins(rising()), rising(50)
    later.values[2, 9] = np.inf
    with pytest.raises(BadInput) as refused:
        bins.codes(later)
    assert (refused.value.field, refused.value.row) == ("late", 10)


def test_the_variables_of_a_sample_may_stand_in_another_order() -> None:
    sample = rising()
    bins = fit_bins(sample)
    turned = sample.select(["late", "told", "noise"])
    assert (bins.transform(turned) == bins.transform(sample)).all()


def test_one_sort_serves_everything() -> None:
    sample = rising()
    held = prebin(sample, used=sample.labelled)
    assert isinstance(held, Prebins)
    assert (fit_bins(sample, prebins=held).iv == fit_bins(sample).iv).all()
    assert (held.auc == aucs(sample)).all()
    one, two = permutation_null(sample, prebins=held, times=2), permutation_null(sample, times=2)
    assert (one.iv == two.iv).all()


def test_a_leak_and_a_calendar_are_seen_alone() -> None:
    sample = rising()
    leak = replace(sample, values=np.vstack([sample.values[:2], sample.bad + 5]).astype("f4"))
    assert aucs(leak)[2] == 1.0
    assert era_aucs(sample)[2] == 1.0
    assert era_aucs(sample)[0] < 0.55


def test_what_leaks_by_being_missing_is_seen() -> None:
    sample = rising()
    values = np.where(sample.bad == 1, np.nan, np.arange(sample.rows) % 7)
    assert aucs(sample_of({"x": values}, sample.bad))[0] == 1.0


def test_a_direction_that_turns_by_vintage_is_told() -> None:
    sample = rising()
    early = np.arange(sample.rows) < 2_000
    turned = np.where(early, sample.values[0], -sample.values[0])
    found = sample_of({"told": sample.values[0], "turns": turned}, sample.bad)
    by = iv_by(found, fit_bins(found), np.where(early, 2015, 2016))
    assert by.groups.tolist() == [2015, 2016]
    assert (by.auc[0] > 0.6).all()
    assert by.auc[1, 0] > 0.6
    assert by.auc[1, 1] < 0.4
    assert (by.iv > 0.1).all()


def test_groups_of_another_length_are_refused() -> None:
    sample = rising(60)
    bins = fit_bins(sample, BinSettings(least_bads=1))
    with pytest.raises(BadInput, match="whole numbers asked"):
        iv_by(sample, bins, [1, 2])


def test_chance_gives_less_information_than_what_tells() -> None:
    sample = rising()
    null = permutation_null(sample, times=10, seed=4)
    assert null.iv.shape == (10, 3)
    assert null.quantile(0.5) < null.quantile(0.99) < fit_bins(sample).iv[0]
    assert null.of_each(1.0).tolist() == null.iv.max(axis=0).tolist()
    assert (permutation_null(sample, times=10, seed=5).iv != null.iv).any()
    with pytest.raises(BadInput, match="times is 0"):
        permutation_null(sample, times=0)


def test_pre_bins_of_something_else_are_refused() -> None:
    sample = rising(200)
    held = prebin(sample)
    with pytest.raises(BadInput, match="other variables, rows or special codes"):
        fit_bins(sample.take(np.arange(100)), prebins=held)
    with pytest.raises(BadInput, match="other variables, rows or special codes"):
        permutation_null(sample, BinSettings(special=(-1.0,)), 1, prebins=held)
    with pytest.raises(BadInput, match="hand these to prebin"):
        fit_bins(sample, cuts={"told": (0.0,)}, prebins=held)


def test_values_of_twice_the_width_are_read_as_floats_of_32_bits() -> None:
    sample = rising(300)
    wide = replace(sample, values=sample.values.astype(np.float64))
    assert (fit_bins(wide).iv == fit_bins(sample).iv).all()
    assert (fit_bins(wide).codes(wide) == fit_bins(sample).codes(sample)).all()


def test_chance_is_the_same_for_rows_of_one_weight_and_of_nearly_one() -> None:
    """Equal weights are counted in another way; one row that weighs a little more is not."""
    sample = rising(1_000)
    nearly = np.ones(1_000)
    nearly[5] += 1e-6
    one = permutation_null(sample, times=4)
    two = permutation_null(replace(sample, weight=nearly), times=4)
    assert two.iv == pytest.approx(one.iv, abs=1e-5)
