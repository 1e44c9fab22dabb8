"""Training, points, reasons, keeping and the scikit-learn contract of a scorecard."""

from __future__ import annotations

import itertools
import json
import math
import time
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

from tael.kernel import BadInput
from tael.risk import Feature, Scorecard, auc
from tael.risk.forward import Forward
from tael.risk.logistic import fit_logistic
from tael.risk.sample import Sample
from tael.risk.scorecard import Scale

FEATURES = (
    Feature("revenue", monotone="falling"),
    Feature("years", reason="business_age"),
    Feature("industry", "categorical"),
    Feature("noise"),
)


def borrowers(rows: int = 4_000, seed: int = 11) -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    revenue = np.exp(random.normal(3, 1, rows))
    years = random.integers(0, 20, rows).astype(float)
    industry = random.choice(
        ["retail", "catering", "transport", "rare"], rows, p=[0.5, 0.3, 0.19, 0.01]
    )
    odds = 0.5 - 0.7 * np.log(revenue) - 0.08 * years + 0.8 * (industry == "catering")
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    years[random.random(rows) < 0.1] = np.nan
    columns = {
        "revenue": revenue,
        "years": years,
        "industry": industry.astype(object),
        "noise": random.random(rows),
    }
    return columns, bad


def row_of(columns: dict[str, np.ndarray], number: int) -> dict[str, object]:
    return {name: values[number].item() if hasattr(values[number], "item") else values[number]
            for name, values in columns.items()}  # fmt: skip


@pytest.fixture(scope="module")
def card() -> Scorecard:
    return Scorecard(FEATURES).fit(*borrowers())


def test_it_ranks_new_borrowers_and_drops_noise(card: Scorecard) -> None:
    columns, bad = borrowers(seed=12)
    assert auc(bad, card.predict_proba(columns)[:, 1]) > 0.7
    assert set(card.dropped_) == {"noise"}


def test_probabilities_add_up_to_the_weighted_bads() -> None:
    columns, bad = borrowers()
    weight = np.where(bad == 1, 3.0, 1.0)
    chance = Scorecard(FEATURES).fit(columns, bad, weight).predict_proba(columns)[:, 1]
    assert np.average(chance, weights=weight) == pytest.approx(
        np.average(bad, weights=weight), abs=1e-6
    )


def test_one_row_and_a_column_give_the_same_bits(card: Scorecard) -> None:
    columns, _ = borrowers(500, seed=13)
    chances, points = card.predict_proba(columns)[:, 1], card.points(columns)
    for number in range(500):
        row = row_of(columns, number)
        one = card.predict_proba(
            {name: np.array([value], dtype=object) for name, value in row.items()}
        )
        assert one[0, 1] == chances[number]
        assert card.score_of(row) == points[number]
        assert card.pd(row).fraction == round(card.pd(row).fraction, 9)


def test_missing_values_of_one_row_are_none_or_nan(card: Scorecard) -> None:
    row = {"revenue": 30.0, "years": None, "industry": "retail"}
    assert card.pd(row) == card.pd(row | {"years": math.nan})


def test_training_twice_gives_the_same_hash_and_an_arrow_table_too() -> None:
    columns, bad = borrowers()
    first = Scorecard(FEATURES).fit(columns, bad)
    assert Scorecard(FEATURES).fit(columns, bad).hash == first.hash
    assert Scorecard(FEATURES).fit(pa.table(columns), bad).hash == first.hash


def test_the_text_of_a_scorecard_is_canonical_and_reads_back(card: Scorecard) -> None:
    text = card.to_json()
    again = Scorecard.from_json(text)
    columns, _ = borrowers(300, seed=14)
    assert again.to_json() == text
    assert again.hash == card.hash
    assert (again.predict_proba(columns) == card.predict_proba(columns)).all()
    assert (
        json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        == text
    )


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"tael.scorecard/1"}'])
def test_a_text_that_is_no_scorecard_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Scorecard.from_json(text)


def test_twice_the_odds_are_worth_the_points_to_double() -> None:
    columns, bad = borrowers()
    card = Scorecard(FEATURES, scale=Scale(base_points=500, base_odds=10, points_to_double=20))
    card.fit(columns, bad)
    log_odds_good = -card.log_odds(columns)
    expected = 500 + 20 / math.log(2) * (log_odds_good - math.log(10))
    assert np.abs(card.points(columns) - expected).max() <= len(card.characteristics_) / 2


def test_reasons_are_the_costliest_shortfalls_in_both_languages(card: Scorecard) -> None:
    poor = card.reasons({"revenue": 1.0, "years": 0.0, "industry": "catering", "noise": 0.5})
    assert poor[0].code == "revenue"
    assert {reason.code for reason in poor} == {"revenue", "business_age", "industry"}
    assert all(a.shortfall >= b.shortfall > 0 for a, b in itertools.pairwise(poor))
    age = next(reason for reason in poor if reason.code == "business_age")
    assert (age.text("zh"), age.text("en")) == ("经营年限较短", "Time in business is short")
    assert len(card.reasons({"revenue": 1.0, "years": 0.0, "industry": "catering"}, limit=2)) == 2


def test_above_average_in_everything_is_compared_with_the_best(card: Scorecard) -> None:
    columns, _ = borrowers()
    points = card.points(columns)
    top = sum(item.best() for item in card.characteristics_)
    average = sum(item.average() for item in card.characteristics_)
    for number in np.flatnonzero((points > average) & (points < top))[:50]:
        assert card.reasons(row_of(columns, int(number)))


def test_the_best_borrower_has_no_reason(card: Scorecard) -> None:
    columns, _ = borrowers()
    best = int(np.argmax(card.points(columns)))
    top = sum(max(item.points) for item in card.characteristics_)
    if card.points(columns)[best] == top:
        assert card.reasons(row_of(columns, best)) == ()


def test_it_keeps_the_contract_of_scikit_learn() -> None:
    matrix = np.random.default_rng(1).normal(size=(1_500, 3))
    bad = (np.random.default_rng(2).random(1_500) < 1 / (1 + np.exp(1 - matrix[:, 0]))).astype(int)
    card = Scorecard(scale=Scale(base_points=500))
    assert clone(card).get_params() == card.get_params()
    assert cross_val_score(card, matrix, bad, scoring="roc_auc", cv=3).min() > 0.6
    fitted_card = card.set_params(ridge=2.0).fit(matrix, bad)
    assert fitted_card.n_features_in_ == 3
    assert set(fitted_card.predict(matrix)) <= {0, 1}
    with pytest.raises(BadInput, match="no parameter 'depth'"):
        card.set_params(depth=3)


def test_the_regression_equals_the_reference() -> None:
    random = np.random.default_rng(4)
    matrix = random.normal(size=(2_000, 3))
    bad = (random.random(2_000) < 1 / (1 + np.exp(1 - matrix @ [0.5, -1.0, 0.0]))).astype(float)
    weight = random.random(2_000) + 0.5
    found = fit_logistic(matrix, bad, weight, ridge=2.0)
    reference = LogisticRegression(C=0.5, tol=1e-10, max_iter=1_000).fit(matrix, bad, weight)
    assert found[1:] == pytest.approx(reference.coef_[0], abs=1e-5)
    assert found[0] == pytest.approx(reference.intercept_[0], abs=1e-5)


def test_twenty_five_thousand_rows_train_in_seconds() -> None:
    columns, bad = borrowers(25_000)
    columns |= {
        f"more{i}": np.random.default_rng(i).normal(size=25_000) + bad * 0.1 for i in range(9)
    }
    started = time.process_time()
    Scorecard().fit(columns, bad)
    assert time.process_time() - started < 5


BAD = [
    ({"revenue": [1.0, 2.0]}, [0, 1], "column 'years' is missing", "years"),
    ({"revenue": [1.0, 2.0], "years": [1.0]}, [0, 1], "has 1 rows", "years"),
    ({"revenue": ["a", "b"], "years": [1, 2]}, [0, 1], "not numbers", "revenue"),
    ({"revenue": [1.0, 2.0], "years": [1, 2]}, [0, 0], "no goods or no bads", "outcome"),
    ({"revenue": [1.0, 2.0], "years": [1, 2]}, [0, 1, 1], "2 rows of columns and 3", "outcome"),
    ({"revenue": [1.0] * 4, "years": [2.0] * 4}, [0, 1, 0, 1], "tells goods from bads", "columns"),
]


@pytest.mark.parametrize(("columns", "bad", "message", "field"), BAD)
def test_bad_training_input_names_the_field(
    columns: dict[str, list[object]], bad: list[int], message: str, field: str
) -> None:
    arrays = {name: np.array(values, dtype=object) for name, values in columns.items()}
    with pytest.raises(BadInput, match=message) as refused:
        Scorecard([Feature("revenue"), Feature("years")]).fit(arrays, bad)
    assert refused.value.field == field


def test_an_untrained_scorecard_says_so() -> None:
    with pytest.raises(BadInput, match="not trained"):
        Scorecard().predict_proba({"x": np.array([1.0])})


def test_a_row_without_a_variable_is_refused(card: Scorecard) -> None:
    with pytest.raises(BadInput, match="'industry' is missing"):
        card.pd({"revenue": 1.0, "years": 2.0})


# --- choosing characteristics, samples, alignment


def crowd(rows: int = 3_000) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Two that tell, a near copy of the first, one that tells little, and noise."""
    random = np.random.default_rng(21)
    columns = {name: random.normal(size=rows) for name in ("first", "second", "little", "noise")}
    columns["copy"] = columns["first"] + 0.2 * random.normal(size=rows)
    odds = 1.2 * columns["first"] - 0.8 * columns["second"] + 0.25 * columns["little"] - 1
    return columns, (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)


def test_characteristics_are_chosen_one_by_one_and_copies_are_left_out() -> None:
    columns, bad = crowd()
    whole = Scorecard().fit(columns, bad)
    card = Scorecard(forward=Forward(most=2)).fit(columns, bad)
    assert card.names_ == ("first", "second")
    assert card.dropped_["copy"].startswith("correlation 0.9")
    assert card.dropped_["little"] == "2 others tell more"
    assert set(card.names_) | set(card.dropped_) == set(columns)
    fuller = Scorecard(forward=Forward()).fit(columns, bad)
    assert fuller.names_ == ("first", "second", "little")
    assert auc(bad, fuller.log_odds(columns)) > auc(bad, whole.log_odds(columns)) - 0.005
    bored = Scorecard(forward=Forward(statistic=100.0)).fit(columns, bad)
    assert bored.dropped_["little"] == "adds nothing beside those chosen"


def test_how_characteristics_were_chosen_is_kept_and_older_texts_stay_the_same() -> None:
    columns, bad = crowd()
    card = Scorecard(forward=Forward(most=2)).fit(columns, bad)
    again = Scorecard.from_json(card.to_json())
    assert again.forward == Forward(most=2)
    assert again.hash == card.hash
    assert set(json.loads(Scorecard().fit(columns, bad).to_json())) == {
        "characteristics", "dropped", "format", "intercept", "scale", "training",
    }  # fmt: skip


def held_sample(rows: int = 3_000, plan: str = "plan") -> Sample:
    columns, bad = crowd(rows)
    random = np.random.default_rng(22)
    values = np.array([columns["first"], columns["second"]], dtype=np.float32)
    reasons = np.zeros((2, rows), dtype=np.uint8)
    # No source is worse than an event that never was.
    reasons[0, (bad == 1) & (random.random(rows) < 0.3)] = 1
    reasons[0, (bad == 0) & (random.random(rows) < 0.2)] = 2
    values[reasons > 0] = np.nan
    asof = np.full(rows, np.datetime64("2014-01-01T00:00:00"))
    names = np.array([f"b{i}" for i in range(rows)], dtype=object)
    outcome, weight = bad.astype(float), np.ones(rows)
    return Sample(
        ("first", "second"), values, reasons, outcome, weight, names, asof, asof, plan
    )  # fmt: skip


def test_kinds_of_missing_values_of_a_sample_stand_apart() -> None:
    held = held_sample()
    card = Scorecard().fit(held)
    item = next(item for item in card.characteristics_ if item.name == "first")
    no_source, no_event = item.points[len(item.binning.cuts) + 1 :][:2]
    assert no_source < no_event
    assert card.plan_ == "plan"
    again = Scorecard.from_json(card.to_json())
    assert again.hash == card.hash
    assert (again.log_odds(held) == card.log_odds(held)).all()
    row = int(np.flatnonzero(held.reasons[0] == 1)[0])
    live = {"first": -9999.0, "second": float(held.values[1, row])}
    assert card.score_of(live) == card.points(held)[row]
    with pytest.raises(BadInput, match="trained on plan 'plan'"):
        card.points(held_sample(plan="other"))


def test_rows_without_an_outcome_are_left_out_and_weights_of_a_sample_count() -> None:
    held = held_sample()
    held.bad[:500] = np.nan
    rest = held.take(np.arange(500, 3_000))
    assert Scorecard().fit(held).hash == Scorecard().fit(rest).hash
    recent = np.linspace(0.2, 1.8, 2_500)
    weighted = replace(rest, weight=recent)
    assert Scorecard().fit(weighted).hash == Scorecard().fit(rest, rest.bad, recent).hash
    assert Scorecard().fit(weighted).hash != Scorecard().fit(rest).hash


def test_contributions_add_up_to_the_log_odds(card: Scorecard) -> None:
    columns, _ = borrowers(200, seed=15)
    found = card.contributions(columns)
    assert found.shape == (200, len(card.names_) + 1)
    assert np.abs(found.sum(axis=1) - card.log_odds(columns)).max() < 1e-9
    own, _ = borrowers()
    assert np.abs(card.contributions(own)[:, :-1].mean(axis=0)).max() < 1e-6


def test_points_stand_on_the_scale(card: Scorecard) -> None:
    columns, _ = borrowers(500, seed=16)
    assert card.misaligned(columns) <= len(card.characteristics_) / 2


def test_shuffled_rows_give_the_same_scorecard_also_with_weights() -> None:
    columns, bad = borrowers(2_000)
    for weight in (np.ones(2_000), np.random.default_rng(23).random(2_000) + 0.1):
        order = np.random.default_rng(24).permutation(2_000)
        shuffled = {name: values[order] for name, values in columns.items()}
        first = Scorecard(FEATURES).fit(columns, bad, weight)
        assert Scorecard(FEATURES).fit(shuffled, bad[order], weight[order]).hash == first.hash
