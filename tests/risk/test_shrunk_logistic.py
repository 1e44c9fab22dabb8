"""The shrunk regression: order, threads, sums, keeping, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tael.kernel import BadInput
from tael.risk.measures import auc
from tael.risk.sample import Sample
from tael.risk.shrunk_logistic import ShrunkLogistic, ShrunkSettings

ROWS, WIDTH = 600, 6


def made(seed: int = 1) -> Sample:
    random = np.random.default_rng(seed)
    cause = random.normal(size=ROWS)
    values = (cause + random.normal(size=(WIDTH, ROWS))).astype(np.float32)
    values[0, :60] = np.nan
    reasons = np.where(np.isnan(values), 1, 0).astype(np.uint8)
    bad = (random.random(ROWS) < 1 / (1 + np.exp(1 - cause))).astype(float)
    asof = np.datetime64("2019-01-01", "s") + np.arange(ROWS)
    who = np.array([f"E{row}" for row in range(ROWS)], dtype=object)
    names = tuple(f"v{place}" for place in range(WIDTH))
    return Sample(names, values, reasons, bad, np.ones(ROWS), who, asof, asof, "plan")


SAMPLE = made()
MODEL = ShrunkLogistic(ShrunkSettings(threads=1)).fit(SAMPLE)


def test_neither_the_order_of_rows_nor_threads_change_the_model() -> None:
    mixed = SAMPLE.take(np.random.default_rng(2).permutation(ROWS))

    assert ShrunkLogistic(ShrunkSettings(threads=1)).fit(mixed).hash == MODEL.hash
    assert ShrunkLogistic(ShrunkSettings(threads=3)).fit(SAMPLE).hash == MODEL.hash


def test_contributions_add_up_to_the_log_odds() -> None:
    told = MODEL.contributions(SAMPLE)

    assert told.shape == (ROWS, WIDTH + 1)
    assert np.abs(told.sum(axis=1) - MODEL.log_odds(SAMPLE)).max() < 1e-9
    assert np.abs(told[:, :-1].mean(axis=0)).max() < 1e-6


def test_a_kept_model_scores_the_same_bits_and_a_changed_one_is_refused() -> None:
    text = MODEL.to_json()
    again = ShrunkLogistic.from_json(text, expected=MODEL.hash)

    assert again.to_json() == text
    assert np.array_equal(again.log_odds(SAMPLE), MODEL.log_odds(SAMPLE))
    with pytest.raises(BadInput, match="the model was changed"):
        ShrunkLogistic.from_json(text.replace('"day":""', '"day":"2020-01-01"'))


def test_what_cannot_be_learnt_or_scored_is_refused_by_field() -> None:
    flat = replace(SAMPLE, values=np.zeros_like(SAMPLE.values), reasons=SAMPLE.reasons * 0)
    refused = {
        "plan": lambda: MODEL.log_odds(replace(SAMPLE, plan="other")),
        "model": lambda: ShrunkLogistic().log_odds(SAMPLE),
        "outcome": lambda: ShrunkLogistic().fit({"v": [1.0, 2.0]}),
        "columns": lambda: ShrunkLogistic(ShrunkSettings(threads=1)).fit(flat),
        "penalty": lambda: ShrunkSettings(penalty=0.0),
    }
    for field, attempt in refused.items():
        with pytest.raises(BadInput) as caught:
            attempt()
        assert caught.value.field == field
        assert caught.value.rule


@pytest.mark.parametrize("read", ["scores", "evidence"])
@pytest.mark.parametrize("power", [0.0, 2.0])
def test_it_is_the_ridge_regression_of_scikit_learn_on_the_scaled_variables(
    read: str, power: float
) -> None:
    held = SAMPLE
    model = ShrunkLogistic(ShrunkSettings(read=read, power=power, penalty=50.0, threads=1)).fit(
        held
    )
    given = model._scores(held) if read == "scores" else model._evidence(held)
    raw = np.take_along_axis(given.values, given.codes.astype(np.int64), axis=1)
    spread = raw.std(axis=1)
    strength = np.where(spread > 0, given.strength, 0.0)
    scale = (strength / strength.max()) ** power / np.where(spread > 0, spread, 1.0)
    design = ((raw - raw.mean(axis=1, keepdims=True)) * scale[:, None]).T
    oracle = LogisticRegression(C=1 / 50.0, tol=1e-10, max_iter=10_000).fit(design, held.bad)
    assert np.abs(oracle.decision_function(design) - model.log_odds(held)).max() < 1e-3


def test_weights_are_relative() -> None:
    double = replace(SAMPLE, weight=2.0 * SAMPLE.weight)

    assert ShrunkLogistic(ShrunkSettings(threads=1)).fit(double).hash == MODEL.hash


def test_a_kept_model_keeps_the_signs_it_was_trained_with() -> None:
    signs = {"v1": "+", "v2": ""}
    model = ShrunkLogistic(ShrunkSettings(read="evidence", threads=1), signs=signs).fit(SAMPLE)

    again = ShrunkLogistic.from_json(model.to_json())
    assert again.signs == {"v1": "+"}
    assert again.hash == model.hash


def test_strength_is_the_auc_of_what_the_regression_reads() -> None:
    given = MODEL._scores(SAMPLE)
    read = np.take_along_axis(given.values, given.codes.astype(np.int64), axis=1)

    for strength, column in zip(given.strength, read, strict=True):
        assert strength == pytest.approx(abs(auc(SAMPLE.bad, column) - 0.5), abs=1e-12)


def test_that_a_value_is_missing_makes_no_variable_strong() -> None:
    told = np.where(SAMPLE.bad == 1, np.nan, 1.0).astype(np.float32)
    values = np.concatenate([SAMPLE.values, told[None, :]])
    reasons = np.where(np.isnan(values), 1, 0).astype(np.uint8)
    held = replace(SAMPLE, names=(*SAMPLE.names, "told"), values=values, reasons=reasons)

    assert MODEL._scores(held).strength[-1] == 0.0


def test_a_population_seen_otherwise_has_a_level_of_its_own() -> None:
    """Bads of others seen half as often, among worse borrowers: coefficients stay as they are."""
    random = np.random.default_rng(5)
    rows = 8000
    cause = random.normal(size=rows)
    others = random.random(rows) < 1 / (1 + np.exp(-2 * cause))
    value = cause + 0.5 * random.normal(size=rows)
    bad = (random.random(rows) < 1 / (1 + np.exp(2 - value + 1.5 * others))).astype(float)
    asof = np.datetime64("2019-01-01", "s") + np.arange(rows)
    who = np.array([f"E{row}" for row in range(rows)], dtype=object)
    values = value.astype(np.float32)[None, :]
    seen = np.where(others, "others", "own").astype(object)
    none = np.zeros_like(values, dtype=np.uint8)
    mixed = Sample(("v",), values, none, bad, np.ones(rows), who, asof, asof, "plan")
    apart = replace(mixed, population=seen)
    settings = ShrunkSettings(penalty=0.01, threads=1)

    def slope(sample: Sample) -> float:
        odds = ShrunkLogistic(settings).fit(sample).log_odds(mixed)
        return float(np.polyfit(value.clip(-2, 2), odds, 1)[0])

    assert slope(apart) > 1.3 * slope(mixed)
    assert slope(apart) == pytest.approx(1.0, abs=0.1)
    order = random.permutation(rows)
    again = ShrunkLogistic(settings).fit(apart.take(order))
    assert again.hash == ShrunkLogistic(settings).fit(apart).hash
