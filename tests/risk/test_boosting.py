"""Training, refusals, keeping and the scikit-learn contract of boosted trees."""

from __future__ import annotations

import json
import pickle
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from tael.kernel import BadInput
from tael.risk import auc
from tael.risk.boosting import BoosterSettings, MonotoneBooster, hash_of
from tael.risk.matrix import OTHER
from tael.risk.sample import Sample

CASES = tomllib.loads((Path(__file__).parent / "cases/models.toml").read_text("utf-8"))["case"]
# One thread: on a busy machine LightGBM's threads wait for each other.
SMALL = BoosterSettings(rounds=12, min_rows=10, min_category_rows=5, threads=1)
SIGNS = {"debt": "+", "income": "-", "never in the data": "+"}


def borrowers(rows: int = 500, seed: int = 5) -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(seed)
    columns: dict[str, np.ndarray] = {
        "income": random.normal(size=rows),
        "debt": random.normal(size=rows),
        "trade": random.choice(["retail", "catering", "transport"], rows).astype(object),
    }
    odds = columns["debt"] - columns["income"] + (columns["trade"] == "catering") - 1
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    columns["debt"][random.random(rows) < 0.1] = np.nan
    return columns, bad


def sample(rows: int = 500, plan: str = "plan") -> Sample:
    columns, bad = borrowers(rows)
    values = np.array([columns["income"], columns["debt"]], dtype=np.float32)
    asof = np.datetime64("2014-01-01T00:00:00") + np.arange(rows) * np.timedelta64(86_400, "s")
    return Sample(
        ("income", "debt"),
        values,
        np.where(np.isnan(values), 2, 0).astype(np.uint8),
        bad,
        np.ones(rows),
        np.array([f"b{i}" for i in range(rows)], dtype=object),
        asof,
        asof + np.timedelta64(365, "D"),
        plan,
    )


@pytest.fixture(scope="module")
def model() -> MonotoneBooster:
    return MonotoneBooster(SMALL, signs=SIGNS, categorical=["trade"]).fit(*borrowers())


def test_it_ranks_new_borrowers(model: MonotoneBooster) -> None:
    columns, bad = borrowers(seed=6)
    assert auc(bad, model.predict_proba(columns)[:, 1]) > 0.7
    assert (model.predict(columns) == (model.log_odds(columns) > 0)).all()


def test_a_sign_is_kept_everywhere(model: MonotoneBooster) -> None:
    columns, _ = borrowers(60, seed=7)
    for name, sign in (("debt", 1), ("income", -1)):
        steps = [
            model.log_odds(columns | {name: np.full(60, value)}) for value in np.linspace(-3, 3, 25)
        ]
        assert (sign * np.diff(steps, axis=0) >= -1e-12).all()


@pytest.mark.parametrize("threads", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_shuffled_rows_and_other_threads_give_the_same_model_bit_for_bit(threads: int) -> None:
    columns, bad = borrowers()
    weight = np.random.default_rng(1).random(500) + 0.1
    order = np.random.default_rng(2).permutation(500)
    first = MonotoneBooster(SMALL, categorical=["trade"]).fit(columns, bad, weight)
    again = MonotoneBooster(replace(SMALL, threads=threads), categorical=["trade"]).fit(
        {name: values[order] for name, values in columns.items()}, bad[order], weight[order]
    )
    assert again.hash == first.hash
    assert again.to_json() == first.to_json()


def test_another_seed_gives_another_model(model: MonotoneBooster) -> None:
    other = MonotoneBooster(replace(SMALL, seed=8), signs=SIGNS, categorical=["trade"])
    assert other.fit(*borrowers()).hash != model.hash


def test_a_model_reads_back_and_scores_equal_without_lightgbm(
    model: MonotoneBooster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "lightgbm", None)
    again = MonotoneBooster.from_json(model.to_json(), expected=model.hash)
    columns, _ = borrowers(seed=8)
    assert again.hash == model.hash
    assert (again.log_odds(columns) == model.log_odds(columns)).all()
    assert (again.contributions(columns) == model.contributions(columns)).all()
    assert (pickle.loads(pickle.dumps(model)).log_odds(columns) == model.log_odds(columns)).all()  # noqa: S301
    with pytest.raises(BadInput, match="extra 'models'"):
        again.fit(columns, borrowers(seed=8)[1])


def test_a_changed_model_is_refused(model: MonotoneBooster) -> None:
    data = json.loads(model.to_json())
    data["trees"]["leaf"][0] += 1e-9
    with pytest.raises(BadInput, match="the model was changed") as refused:
        MonotoneBooster.from_json(json.dumps(data))
    assert refused.value.field == "hash"
    told = data.pop("hash")
    data["hash"] = hash_of(data)
    changed_whole = json.dumps(data)
    assert MonotoneBooster.from_json(changed_whole).hash != told
    with pytest.raises(BadInput, match=told[:12]):
        MonotoneBooster.from_json(changed_whole, expected=told)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format":"tael.booster/1"}'])
def test_a_text_that_is_no_booster_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        MonotoneBooster.from_json(text)


def test_trees_that_do_not_hang_together_are_refused(model: MonotoneBooster) -> None:
    data = json.loads(model.to_json())
    data["trees"]["left"][0] = 0
    del data["hash"]
    with pytest.raises(BadInput, match="do not hang together"):
        MonotoneBooster.from_json(json.dumps(data | {"hash": hash_of(data)}))


def changed(case: dict[str, Any]) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    columns, bad = borrowers()
    columns = {name: values.astype(object) for name, values in columns.items()}
    del columns["trade"]
    weight = np.ones(500)
    places = slice(None) if case["rows"] == "all" else case["rows"]
    value = case["value"] if case["value"] == "much" else float(case["value"])
    targets = {"outcome": [bad], "weight": [weight], "every variable": list(columns.values())}
    for target in targets.get(case["column"]) or [columns[case["column"]]]:
        target[places] = value
    return columns, bad, weight


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_bad_training_input_is_refused_and_named(case: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as refused:
        MonotoneBooster(SMALL).fit(*changed(case))
    assert case["message"] in str(refused.value)
    assert refused.value.field == case["field"]


def test_too_few_bads_are_told_with_how_many_are_needed() -> None:
    columns, bad = borrowers()
    bad[np.flatnonzero(bad)[29:]] = 0
    with pytest.raises(BadInput, match="there are 29 bads, 30 are needed"):
        MonotoneBooster(SMALL, categorical=["trade"]).fit(columns, bad)


def test_constant_and_missing_columns_are_left_out_and_told() -> None:
    columns, bad = borrowers()
    columns |= {"flat": np.ones(500), "void": np.full(500, np.nan)}
    model = MonotoneBooster(SMALL, categorical=["trade"]).fit(columns, bad)
    assert model.ignored_ == {"flat": "the same in every row", "void": "missing in every row"}
    assert model.names_ == ("income", "debt", "trade")
    del columns["flat"]
    assert len(model.log_odds(columns)) == 500


def test_an_unseen_category_counts_as_the_rare_ones_and_a_missing_one_as_missing() -> None:
    columns, bad = borrowers()
    columns["trade"][:3] = "seldom"
    model = MonotoneBooster(SMALL, categorical=["trade"]).fit(columns, bad)
    book = model.books_["trade"]
    assert set(book.values) == {"retail", "catering", "transport", OTHER}
    assert book.values[-1] == "catering"
    assert book.code("never seen") == book.code("seldom") == book.values.index(OTHER)
    assert np.isnan(book.code(None))
    rows = {name: values[:2] for name, values in columns.items()}
    odds = [model.log_odds(rows | {"trade": np.array([v] * 2)}) for v in ("seldom", "never seen")]
    assert (odds[0] == odds[1]).all()


def test_rows_that_weigh_nothing_make_no_difference() -> None:
    columns, bad = borrowers()
    weight = np.where(np.arange(500) < 400, 2.0, 0.0)
    cut = {name: values[:400] for name, values in columns.items()}
    whole = MonotoneBooster(SMALL, categorical=["trade"]).fit(columns, bad, weight)
    assert whole.hash == MonotoneBooster(SMALL, categorical=["trade"]).fit(cut, bad[:400]).hash


def test_a_sample_trains_with_its_own_outcomes_and_another_plan_is_refused() -> None:
    held = sample()
    held.bad[:10] = np.nan
    model = MonotoneBooster(SMALL).fit(held)
    assert model.plan_ == "plan"
    assert model.hash == MonotoneBooster(SMALL).fit(held.take(np.arange(10, 500))).hash
    with pytest.raises(BadInput, match="trained on plan 'plan', the sample is of plan 'other'"):
        model.log_odds(sample(plan="other"))


def test_codes_of_missing_values_at_the_edge_are_read_as_missing() -> None:
    held = sample()
    model = MonotoneBooster(SMALL).fit(held)
    row = int(np.flatnonzero(held.reasons[1])[0])
    given = {"income": float(held.values[0, row]), "debt": -9998.0}
    assert model.score_row(model.row_of(given)) == model.log_odds(held)[row]
    assert model.pd(given) == model.pd(given | {"debt": None})


def test_an_outcome_from_after_the_training_day_is_refused() -> None:
    held = sample()
    day = "2015-06-30"
    late = int((held.known >= np.datetime64("2015-07-01")).sum())
    with pytest.raises(BadInput, match=f"{late} outcomes were known only after {day}") as refused:
        MonotoneBooster(SMALL, day=day).fit(held)
    assert refused.value.field == "known"
    known = held.take(held.known < np.datetime64("2015-07-01"))
    assert MonotoneBooster(SMALL, day=day).fit(known).day == day


def test_a_row_and_a_million_rows_get_the_same_bits(model: MonotoneBooster) -> None:
    columns, _ = borrowers(100, seed=9)
    odds = model.log_odds(columns)
    for number in range(100):
        row = {name: values[number] for name, values in columns.items()}
        assert model.score_row(model.row_of(row)) == odds[number]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"income": 1.0}, "'debt' is missing"),
        ({"income": "much", "debt": 1.0, "trade": "x"}, "'income' holds values that are not"),
        ({"income": float("inf"), "debt": 1.0, "trade": "x"}, "'income' is infinite"),
    ],
)
def test_a_bad_row_is_refused(model: MonotoneBooster, row: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        model.pd(row)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"signs": {"debt": "up"}, "categorical": ["trade"]}, "'debt' has sign 'up'"),
        ({"signs": {"trade": "+"}, "categorical": ["trade"]}, "has categories and a sign"),
        ({"categorical": ["shop"]}, "'shop' is missing"),
        ({}, "'trade' holds|not numbers"),
    ],
)
def test_bad_parameters_are_refused(parameters: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput, match=message):
        MonotoneBooster(SMALL, **parameters).fit(*borrowers())


def test_it_keeps_the_contract_of_scikit_learn() -> None:
    columns, bad = borrowers()
    matrix = np.column_stack([columns["income"], columns["debt"]])
    model = MonotoneBooster(SMALL, signs={"x1": "+"})
    assert clone(model).get_params() == model.get_params()
    assert cross_val_score(model, matrix, bad, scoring="roc_auc", cv=3).min() > 0.6
    fitted = model.set_params(settings=replace(SMALL, rounds=3)).fit(matrix, bad)
    assert len(fitted.trees_) == 3
    assert fitted.n_features_in_ == 2
    assert np.allclose(fitted.predict_proba(matrix).sum(axis=1), 1)
    with pytest.raises(BadInput, match="3 columns are given, training had 2"):
        fitted.predict(np.ones((2, 3)))
    with pytest.raises(BadInput, match="no parameter 'depth'"):
        model.set_params(depth=3)
    with pytest.raises(BadInput, match="not trained"):
        clone(model).predict(matrix)
