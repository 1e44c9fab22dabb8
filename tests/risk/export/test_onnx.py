"""An exported model scores as ours: on random rows, on bounds, with missing and unseen values."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tael.dmn.authoring import onnx_function
from tael.kernel import BadInput
from tael.risk import Scorecard
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.calibration import Calibrator
from tael.risk.ensemble import Ensemble
from tael.risk.export import Provenance, to_onnx

Rows = dict[str, Any]
Labelled = tuple[Rows, Any]


def run(written: bytes, columns: Rows, names: tuple[str, ...] = ("log_odds", "pd")) -> list[Any]:
    session = onnxruntime.InferenceSession(written)
    told = session.get_modelmeta().custom_metadata_map
    feed = {}
    for port in session.get_inputs():
        kind = {"texts": object, "variables": np.float32, "numbers": np.float64}[port.name]
        order = json.loads(told[f"tael.{port.name}"])
        feed[port.name] = np.column_stack([columns[name].astype(kind) for name in order])
    return [found[:, 0] for found in session.run(list(names), feed)]


def test_a_scorecard_gives_the_same_points_and_the_same_log_odds_bit_for_bit(
    card: Scorecard, card_rows: Rows
) -> None:
    assert {item.name for item in card.characteristics_} >= {"revenue", "years", "industry"}
    points, log_odds, pd = run(to_onnx(card), card_rows, ("points", "log_odds", "pd"))
    assert points.tolist() == card.points(card_rows).tolist()
    assert log_odds.tolist() == card.log_odds(card_rows).tolist()
    assert np.abs(pd - card.predict_proba(card_rows)[:, 1]).max() < 1e-14


def test_infinite_values_fall_into_the_outermost_bins(card: Scorecard, card_rows: Rows) -> None:
    rows = {name: values[:2] for name, values in card_rows.items()}
    rows["revenue"] = np.array([np.inf, -np.inf])
    assert run(to_onnx(card), rows, ("points",))[0].tolist() == card.points(rows).tolist()


def test_a_booster_sends_every_row_the_same_way(
    booster: MonotoneBooster, booster_rows: Rows
) -> None:
    log_odds, pd = run(to_onnx(booster), booster_rows)
    # The operator gives single precision: half a unit in the last place of the largest.
    assert np.abs(log_odds - booster.log_odds(booster_rows)).max() < 3e-7
    assert np.abs(pd - booster.predict_proba(booster_rows)[:, 1]).max() < 1e-7


def test_codes_of_missing_values_are_missing_where_the_model_came_from_a_sample(
    booster: MonotoneBooster, coded_booster: MonotoneBooster, booster_rows: Rows
) -> None:
    assert (coded_booster.log_odds(booster_rows) != booster.log_odds(booster_rows)).any()
    log_odds, _ = run(to_onnx(coded_booster), booster_rows)
    assert np.abs(log_odds - coded_booster.log_odds(booster_rows)).max() < 3e-7


def test_a_tree_of_a_single_leaf_is_exported_too(train: Labelled) -> None:
    numbers = {name: values for name, values in train[0].items() if name != "industry"}
    settings = BoosterSettings(rounds=3, leaves=4, min_rows=2_999, row_share=1.0, threads=1)
    model = MonotoneBooster(settings).fit(numbers, train[1])
    assert (model.trees_.roots < 0).any()
    assert run(to_onnx(model), numbers)[0] == pytest.approx(model.log_odds(numbers), abs=1e-7)


@pytest.mark.parametrize("method", ["shift", "platt", "beta", "isotonic"])
def test_the_calibration_goes_with_the_model(
    method: str, card: Scorecard, card_rows: Rows, later: Labelled
) -> None:
    calibrator = Calibrator(method).fit(card.log_odds(later[0]), later[1])
    log_odds, pd = run(to_onnx(card, calibrator), card_rows)
    assert log_odds.tolist() == card.log_odds(card_rows).tolist()
    assert np.abs(pd - calibrator.pd(log_odds)).max() < 1e-12


def test_an_ensemble_is_the_weighted_sum_of_its_members(
    card: Scorecard, booster: MonotoneBooster, booster_rows: Rows, later: Labelled
) -> None:
    model = ensemble_of(card, booster)
    calibrator = Calibrator("platt").fit(model.log_odds(later[0]), later[1])
    written = to_onnx(model, calibrator, anchor=0.25)
    log_odds, cycle, pd = run(written, booster_rows, ("log_odds", "pd_cycle", "pd"))
    ours = model.log_odds(booster_rows)
    assert np.abs(log_odds - ours).max() < 3e-7
    assert np.abs(pd - calibrator.pd(ours)).max() < 1e-7
    anchored = 1.0 / (1.0 + np.exp(-(calibrator.log_odds(ours) + 0.25)))
    assert np.abs(cycle - anchored).max() < 1e-7


def ensemble_of(card: Scorecard, booster: MonotoneBooster) -> Ensemble:
    """An ensemble of two models that are trained already."""
    model = Ensemble()
    model.intercept_ = -0.125
    model.weights_ = {"booster": 0.7, "scorecard": 0.4}
    model.members_ = {"booster": booster, "scorecard": card}
    model.feature_names_in_ = np.array(booster.names_, dtype=object)
    return Ensemble.from_json(model.to_json())


def test_the_file_names_model_plan_calibration_and_version(
    card: Scorecard, later: Labelled
) -> None:
    calibrator = Calibrator("shift").fit(card.log_odds(later[0]), later[1])
    provenance = Provenance(plan="p" * 64, name="sme/3")
    written = to_onnx(card, calibrator, provenance)
    told = {entry.key: entry.value for entry in onnx.load_from_string(written).metadata_props}
    assert told["tael.model"] == card.hash
    assert told["tael.calibration"] == calibrator.hash
    assert told["tael.plan"] == "p" * 64
    assert told["tael.name"] == "sme/3"
    assert told["tael.kind"] == "scorecard"
    assert told["tael.version"]
    assert to_onnx(card, calibrator, provenance) == written


def test_a_rule_of_ours_can_call_an_exported_scorecard(train: Labelled) -> None:
    numbers = {name: values for name, values in train[0].items() if name != "industry"}
    model = Scorecard().fit(numbers, train[1])
    call = onnx_function(onnxruntime.InferenceSession(to_onnx(model)))
    row = {name: float(values[7]) for name, values in numbers.items()}
    given = [row[item.name] for item in model.characteristics_]
    assert call(*given) == pytest.approx(float(model.pd(row).fraction))


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="has no ONNX form"):
        to_onnx("a model")  # type: ignore[arg-type]
