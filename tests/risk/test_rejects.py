"""Reject inference: what each method makes, what it refuses, and the bias that it leaves."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tael.kernel import BadInput, Refusal
from tael.report import Page
from tael.risk.rejects import (
    BIAS_COLUMNS,
    METHODS,
    Bias,
    Evidence,
    Inference,
    RejectSettings,
    Trial,
    bias_rows,
    infer,
    measure_bias,
)
from tael.risk.sample import Sample

with (Path(__file__).parent / "cases" / "parcelling.csv").open(
    encoding="utf-8", newline=""
) as file:
    PARCELS = {
        name: list(rows) for name, rows in groupby(csv.DictReader(file), lambda r: r["case"])
    }


class Reads:
    """An estimator that learns nothing: the chance of bad is a column of the row."""

    def __init__(self, column: int = 0) -> None:
        self.column = column

    def get_params(self, deep: bool = True) -> dict[str, object]:  # noqa: ARG002, FBT001, FBT002
        return {"column": self.column}

    def set_params(self, **given: object) -> Reads:
        self.__dict__.update(given)
        return self

    def fit(self, *_: np.ndarray, sample_weight: np.ndarray) -> Reads:
        assert (sample_weight > 0).all()
        return self

    def predict_proba(self, X: np.ndarray) -> np.ndarray:  # noqa: N803
        p = X[:, self.column].astype(float)
        return np.column_stack([1 - p, p])


class Refused(Reads):
    """The chance of refusal is the second column."""

    def __init__(self, column: int = 1) -> None:
        super().__init__(column)


class ByName(Reads):
    """Reads the column called v1, whatever its place."""

    def predict_proba(self, X: dict[str, np.ndarray]) -> np.ndarray:  # noqa: N803
        p = X["v1"].astype(float)
        return np.column_stack([1 - p, p])


def sample(columns: list[np.ndarray], bad: np.ndarray, kind: str = "a") -> Sample:
    rows = len(bad)
    asof = np.datetime64("2019-01-01", "s") + np.arange(rows) * np.timedelta64(1, "h")
    known = np.where(np.isnan(bad), np.datetime64("NaT", "s"), asof + np.timedelta64(365, "D"))
    return Sample(
        tuple(f"v{i}" for i in range(len(columns))),
        np.array(columns, dtype=np.float32),
        np.zeros((len(columns), rows), dtype=np.uint8),
        np.asarray(bad, dtype=float),
        np.ones(rows),
        np.array([f"{kind}{i:04d}" for i in range(rows)], dtype=object),
        asof,
        known.astype("datetime64[s]"),
        "plan",
    )


def pair(accepted: int = 300, rejected: int = 200, seed: int = 1) -> tuple[Sample, Sample]:
    """Chance of bad in the first column, of refusal in the second."""
    random = np.random.default_rng(seed)
    p, q = random.uniform(0.05, 0.6, accepted), random.uniform(0.01, 0.9, accepted)
    first = sample([p, q], (random.random(accepted) < p).astype(float))
    p, q = random.uniform(0.1, 0.9, rejected), random.uniform(0.3, 0.99, rejected)
    second = sample([p, q], np.full(rejected, np.nan), "r")
    return first, second


def made(method: str, *given: object) -> Inference:
    found = infer(method, *given)
    assert isinstance(found, Inference), found
    return found


def rejects_of(found: Inference) -> Sample:
    rows = np.array([name.startswith("r") for name in found.sample.borrower])
    return found.sample.take(rows)


@pytest.mark.parametrize("case", PARCELS)
def test_parcels_hold_the_bads_of_the_table(case: str) -> None:
    scores, bads, refused, wanted = [], [], [], []
    for row in PARCELS[case]:
        score = 0.2 + 0.4 * int(row["band"])
        goods, bad = int(row["accepted_goods"]), int(row["accepted_bads"])
        scores += [score] * (goods + bad)
        bads += [0.0] * goods + [1.0] * bad
        refused += [score] * int(row["rejects"])
        wanted.append(int(row["bads_inferred"]))
    accepted = sample([np.array(scores)], np.array(bads))
    rejected = sample([np.array(refused)], np.full(len(refused), np.nan), "r")
    uplift = tuple(float(row["uplift"]) for row in PARCELS[case])
    found = made("parcelling", accepted, rejected, RejectSettings(Reads(), bands=2, uplift=uplift))
    inferred = rejects_of(found)
    low = inferred.values[0] < 0.4
    assert [inferred.bad[low].sum(), inferred.bad[~low].sum()] == wanted
    assert found.record.figures["rejected_rows"] == [10, len(refused) - 10]


def test_none_keeps_the_accepted_of_known_outcome_as_they_are() -> None:
    accepted, rejected = pair()
    bad = accepted.bad.copy()
    bad[:10] = np.nan
    found = made("none", replace(accepted, bad=bad), rejected)
    assert found.sample.rows == 290
    assert found.record.counts["accepted_unlabelled"] == 10
    assert found.record.share_inferred == 0
    assert (found.sample.weight == 1).all()


def test_augmentation_weighs_by_one_over_the_chance_of_acceptance_trimmed() -> None:
    accepted, rejected = pair()
    found = made("augmentation", accepted, rejected, RejectSettings(Refused(), trim=0.25))
    chance = 1.0 - found.sample.values[1].astype(float)
    wanted = 1.0 / np.maximum(chance, 0.25)
    assert found.sample.weight / found.sample.weight.sum() == pytest.approx(wanted / wanted.sum())
    assert found.sample.weight.sum() == pytest.approx(500)
    assert found.record.figures["trimmed_rows"] == (chance < 0.25).sum() > 0
    assert found.record.figures["effective_rows"] < 300
    assert (found.sample.bad == made("none", accepted, rejected).sample.bad).all()


def test_fuzzy_rejects_stand_twice_with_odds_times_k() -> None:
    accepted, rejected = pair()
    rejected = replace(rejected, weight=np.linspace(0.5, 2, rejected.rows))
    found = made("fuzzy", accepted, rejected, RejectSettings(Reads(), uplift=1.5))
    twice = rejects_of(found)
    assert twice.rows == 400
    for row in range(0, rejected.rows, 23):
        both = twice.take(twice.borrower == rejected.borrower[row])
        bad, good = both.weight[both.bad == 1][0], both.weight[both.bad == 0][0]
        p = float(rejected.values[0, row])
        assert bad + good == pytest.approx(rejected.weight[row])
        assert bad / good == pytest.approx(1.5 * p / (1 - p))


def test_an_estimator_may_ask_for_columns_by_name() -> None:
    accepted, rejected = pair()
    by_name = made("fuzzy", accepted, rejected, RejectSettings(ByName(), named=True))
    by_place = made("fuzzy", accepted, rejected, RejectSettings(Reads(1)))
    assert by_name.sample.weight.tobytes() == by_place.sample.weight.tobytes()


def test_the_uplift_is_learnt_from_the_control_cell() -> None:
    """Scores say half of what the cell lived through: both methods correct for it."""
    random = np.random.default_rng(2)
    score, truth = np.full(800, 0.2), np.r_[np.zeros(480), np.ones(320)]
    random.shuffle(truth)
    accepted = sample([score], np.r_[truth, np.zeros(400)][:800])
    rejected = sample([np.full(100, 0.2)], np.full(100, np.nan), "r")
    evidence = Evidence(np.ones(800))
    settings = RejectSettings(Reads(), uplift=None)
    rate = accepted.bad.mean()
    fuzzy = made("fuzzy", accepted, rejected, settings, evidence)
    assert fuzzy.record.figures["mean_after"] == pytest.approx(rate)
    assert fuzzy.record.figures["k"] == pytest.approx(rate / (1 - rate) * 4)
    assert fuzzy.record.figures["cell_bads"] == accepted.bad.sum()
    bounds = fuzzy.record.figures["cell_rate"]
    assert bounds["low"] < rate < bounds["high"]
    parcels = made("parcelling", accepted, rejected, settings, evidence)
    assert parcels.record.figures["uplift"][0] == pytest.approx(rate / 0.2)


def test_the_control_cell_carries_the_weight_of_the_rejects_and_its_own() -> None:
    accepted, rejected = pair()
    at_random = np.arange(300) < 120
    found = made(
        "random_accept", accepted, rejected, RejectSettings(min_cell=50), Evidence(at_random)
    )
    assert found.record.figures["factor"] == pytest.approx(320 / 120)
    assert sorted(set(found.sample.weight)) == pytest.approx([1.0, 320 / 120])
    assert found.sample.weight.sum() == pytest.approx(500)
    assert found.record.estimator == ""


def test_a_small_cell_says_how_many_rows_are_needed() -> None:
    accepted, rejected = pair()
    bad = np.zeros(300)
    bad[:2] = 1
    found = infer(
        "random_accept",
        replace(accepted, bad=bad),
        rejected,
        RejectSettings(min_cell=20, min_cell_bads=10),
        Evidence(np.arange(300) < 40),
    )
    assert isinstance(found, Refusal)
    assert found.code == "rejects.cell_too_small"
    # Two bads of forty rows, half a one added: ten need about 164.
    assert found.detail == {
        "rows": "40",
        "bads": "2",
        "needed_rows": "164",
        "needed_bads": "10",
    }


def test_rejects_seen_elsewhere_carry_the_weight_of_all_of_their_band() -> None:
    accepted, rejected = pair()
    score = rejected.values[0]
    seen = np.where(np.arange(200) % 2 == 0, (score > 0.5).astype(float), np.nan)
    seen[(score < 0.3) & (np.arange(200) % 4 == 0)] = np.nan
    settings = RejectSettings(Reads(), bands=4, min_cell=50, min_cell_bads=5)
    found = made("bureau_performance", accepted, rejected, settings, Evidence(elsewhere=seen))
    inferred = rejects_of(found)
    assert inferred.rows == (~np.isnan(seen)).sum()
    assert inferred.weight.sum() == pytest.approx(200)
    assert inferred.weight[inferred.values[0] < 0.25].min() > inferred.weight.min()
    plain = made(
        "bureau_performance", accepted, rejected, replace(settings, estimator=None),
        Evidence(elsewhere=seen),
    )  # fmt: skip
    assert len(set(rejects_of(plain).weight)) == 1
    few = np.where(np.arange(200) < 20, seen, np.nan)
    refused = infer("bureau_performance", accepted, rejected, settings, Evidence(elsewhere=few))
    assert isinstance(refused, Refusal)
    assert refused.code == "rejects.elsewhere_too_few"


def test_inferred_outcomes_are_known_when_the_last_accepted_one_was() -> None:
    accepted, rejected = pair()
    found = made("fuzzy", accepted, rejected, RejectSettings(Reads()))
    assert set(rejects_of(found).known) == {accepted.known.max()}


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_rows_makes_no_difference(method: str) -> None:
    accepted, rejected = pair()
    seen = np.where(np.arange(200) % 2 == 0, np.arange(200) % 4 / 2, np.nan)
    cell = np.arange(300) % 2 == 0
    learner = Reads() if method in {"parcelling", "bureau_performance"} else LogisticRegression()
    settings = RejectSettings(learner, min_cell=50)
    here = made(method, accepted, rejected, settings, Evidence(cell, seen))
    random = np.random.default_rng(5)
    first, second = random.permutation(300), random.permutation(200)
    there = made(
        method,
        accepted.take(first),
        rejected.take(second),
        settings,
        Evidence(cell[first], seen[second]),
    )
    assert here.record.hash == there.record.hash
    assert here.sample.weight.tobytes() == there.sample.weight.tobytes()
    assert here.sample.bad.tobytes() == there.sample.bad.tobytes()
    assert here.sample.values.tobytes() == there.sample.values.tobytes()
    json.dumps(here.record.to_json(), allow_nan=False)
    assert not hasattr(settings.estimator, "coef_")  # clones are fitted, never it


def test_rows_that_differ_in_their_values_only_are_ordered_too() -> None:
    accepted, rejected = pair()
    same = replace(
        accepted,
        borrower=np.full(300, "b", dtype=object),
        asof=np.full(300, accepted.asof[0]),
        bad=np.arange(300) % 2.0,
    )
    order = np.random.default_rng(6).permutation(300)
    here, there = (made("none", one, rejected).sample for one in (same, same.take(order)))
    assert here.values.tobytes() == there.values.tobytes()


def test_what_a_refused_row_carries_as_its_outcome_is_not_read() -> None:
    accepted, rejected = pair()
    told = replace(rejected, bad=np.ones(200))
    settings = RejectSettings(LogisticRegression())
    here, there = (made("fuzzy", accepted, one, settings) for one in (rejected, told))
    assert here.sample.weight.tobytes() == there.sample.weight.tobytes()


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_not_above_zero_is_named_by_its_row(weight: float) -> None:
    accepted, rejected = pair()
    wrong = accepted.weight.copy()
    wrong[6] = weight
    with pytest.raises(BadInput, match="row 7") as caught:
        infer("none", replace(accepted, weight=wrong), rejected)
    assert caught.value.row == 7


def test_bad_input_is_refused_in_plain_words() -> None:
    accepted, rejected = pair()
    with pytest.raises(BadInput, match="no method 'magic'"):
        infer("magic", accepted, rejected)
    with pytest.raises(BadInput, match="hand in an estimator"):
        infer("fuzzy", accepted, rejected)
    with pytest.raises(BadInput, match="at random is not told"):
        infer("random_accept", accepted, rejected)
    with pytest.raises(BadInput, match="other lenders are not told"):
        infer("bureau_performance", accepted, rejected)
    with pytest.raises(BadInput, match="at_random is 1 or 0"):
        infer("none", accepted, rejected, None, Evidence(np.ones(2)))
    with pytest.raises(BadInput, match="different variables or plans"):
        infer("none", accepted, replace(rejected, plan="other"))
    with pytest.raises(BadInput, match="one factor"):
        infer("fuzzy", accepted, rejected, RejectSettings(Reads(), bands=2, uplift=(1.0, 2.0)))
    with pytest.raises(BadInput, match="one outcome only"):
        infer("fuzzy", replace(accepted, bad=np.zeros(300)), rejected, RejectSettings(Reads()))


def test_no_rejects_is_an_answer() -> None:
    accepted, rejected = pair()
    found = infer("fuzzy", accepted, rejected.take(np.zeros(200, dtype=bool)))
    assert isinstance(found, Refusal)
    assert found.code == "rejects.none"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trim": 0.0}, "trim"),
        ({"bands": 1}, "bands"),
        ({"uplift": (1.0,)}, "1 factors for 10 bands"),
        ({"uplift": -1.0}, "above 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        RejectSettings(**change)


def economy(rows: int, year: int, seed: int) -> tuple[Sample, np.ndarray, np.ndarray]:
    """Refusal and default share a cause that the variables do not hold."""
    random = np.random.default_rng(seed)
    seen, hidden, other = random.normal(size=(3, rows))
    bad = (random.random(rows) < 1 / (1 + np.exp(2 - seen - 1.2 * hidden))).astype(float)
    accepted = seen + 1.5 * hidden + 0.5 * other < 0.3
    at_random = ~accepted & (random.random(rows) < 0.25)
    held = sample([seen, other], bad, f"{year}-")
    moved = held.asof + (np.datetime64(f"{year}-01-01") - np.datetime64("2019-01-01"))
    return replace(held, asof=moved), accepted | at_random, at_random


def test_only_a_control_cell_sees_what_the_variables_do_not() -> None:
    rows, accepted, cell = economy(6_000, 2019, 3)
    later, policy, _ = economy(1_500, 2022, 2)
    trial = Trial(
        rows.take(accepted),
        rows.take(~accepted),
        later,
        policy,
        Evidence(cell[accepted]),
        rows.bad[~accepted],
        resamples=20,
    )
    settings = RejectSettings(LogisticRegression(), min_cell=50)
    found = measure_bias(trial, LogisticRegression(), settings, ["fuzzy", "random_accept"])
    assert list(found) == ["none", "fuzzy", "random_accept", "truth"]
    levels = {}
    for name, one in found.items():
        assert isinstance(one, Bias)
        levels[name] = one.everyone.ratio
        json.dumps(one.to_json(), allow_nan=False)
        assert one.rejected.rows + one.accepted.rows == one.everyone.rows == 1_500
    assert levels["none"] < 0.8
    assert levels["fuzzy"] < 0.8  # rejects guessed from the accepted know no more
    assert levels["random_accept"] == pytest.approx(levels["truth"], abs=0.1)
    assert levels["random_accept"] > 0.85
    asking = RejectSettings(LogisticRegression(), min_cell=9_999)
    small = measure_bias(trial, LogisticRegression(), asking, ["random_accept"])
    assert isinstance(small["random_accept"], Refusal)
    for locale, told in (("zh", "9999 行"), ("en", "9999 rows")):
        page = (
            Page("t", source="made up").table(BIAS_COLUMNS, bias_rows(found | small)).html(locale)
        )
        assert told in page


def test_a_trial_judges_later_rows_of_known_truth_only() -> None:
    rows, accepted, _ = economy(300, 2019, 1)
    later, policy, _ = economy(300, 2022, 2)
    trial = Trial(rows.take(accepted), rows.take(~accepted), later, policy)
    settings = RejectSettings(LogisticRegression())
    unknown = replace(later, bad=np.full(300, np.nan))
    with pytest.raises(BadInput, match="no known truth"):
        measure_bias(replace(trial, later=unknown), LogisticRegression(), settings)
    with pytest.raises(BadInput, match="later rows begin"):
        measure_bias(replace(trial, later=rows), LogisticRegression(), settings)
