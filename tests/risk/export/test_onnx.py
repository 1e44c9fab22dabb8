"""An exported model scores as ours: on random rows, on bounds, with missing and unseen values."""

from __future__ import annotations

import functools
import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from tael.dmn.authoring import onnx_function
from tael.kernel import BadInput
from tael.risk import Feature, Scorecard
from tael.risk.boosting import BoosterSettings, MonotoneBooster
from tael.risk.calibration import Calibrator
from tael.risk.export.onnx import Provenance, to_onnx

ROWS = 3_000
FEATURES = (
    Feature("revenue", monotone="falling"),
    Feature("years", special=(-9999.0, -9998.0)),
    Feature("industry", "categorical"),
    Feature("age_of_account", cuts=(1.0, 2.5, 7.0)),
)
CATEGORIES = np.array(["retail", "catering", "transport", "rare", "", "never seen"], dtype=object)


def borrowers(rows: int = ROWS, seed: int = 3) -> tuple[dict[str, Any], Any]:
    random = np.random.default_rng(seed)
    revenue = np.exp(random.normal(3, 1, rows))
    years = random.integers(0, 20, rows).astype(float)
    industry = random.choice(CATEGORIES[:4], rows, p=[0.5, 0.3, 0.19, 0.01])
    account = random.gamma(2.0, 2.0, rows)
    odds = 0.5 - 0.7 * np.log(revenue) - 0.08 * years + 0.8 * (industry == "catering")
    bad = (random.random(rows) < 1 / (1 + np.exp(-odds + 0.1 * account))).astype(int)
    years[random.random(rows) < 0.1] = -9999.0
    years[random.random(rows) < 0.05] = -9998.0
    revenue[random.random(rows) < 0.1] = np.nan
    names = ("revenue", "years", "industry", "age_of_account")
    return dict(zip(names, (revenue, years, industry, account), strict=True)), bad


def strange(columns: dict[str, Any], bounds: dict[str, list[float]]) -> dict[str, Any]:
    """Rows of bounds, of their neighbours, of missing and of far values."""
    random = np.random.default_rng(4)
    mixed = {}
    for name, values in columns.items():
        if values.dtype == object:
            mixed[name] = random.choice(CATEGORIES, ROWS)
            continue
        near = np.array([-9999.0, -9998.0, 0.0, -0.0, 1e30, -1e30, *bounds.get(name, ())])
        near = np.concatenate(
            [near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), [np.nan]]
        )
        mixed[name] = np.where(random.random(ROWS) < 0.5, random.choice(near, ROWS), values[:ROWS])
    return mixed


@functools.cache
def card() -> Scorecard:
    return Scorecard(FEATURES).fit(*borrowers())


@functools.cache
def booster() -> MonotoneBooster:
    columns, bad = borrowers()
    settings = BoosterSettings(rounds=40, leaves=8, min_category_rows=100)
    made = MonotoneBooster(settings, signs={"revenue": "-"}, categorical=("industry",))
    return made.fit(columns, bad)


def run(
    written: bytes, columns: dict[str, Any], names: tuple[str, ...] = ("log_odds", "pd")
) -> list[Any]:
    session = onnxruntime.InferenceSession(written)
    told = session.get_modelmeta().custom_metadata_map
    feed = {}
    for port in session.get_inputs():
        kind = {"texts": object, "variables": np.float32, "numbers": np.float64}[port.name]
        order = json.loads(told[f"tael.{port.name}"])
        feed[port.name] = np.column_stack([columns[name].astype(kind) for name in order])
    return [found[:, 0] for found in session.run(list(names), feed)]


def cuts(model: Scorecard) -> dict[str, list[float]]:
    return {item.name: list(item.binning.cuts) for item in model.characteristics_}


def test_a_scorecard_gives_the_same_points_and_the_same_log_odds_bit_for_bit() -> None:
    model = card()
    assert {item.name for item in model.characteristics_} >= {"revenue", "years", "industry"}
    rows = strange(borrowers()[0], cuts(model))
    points, log_odds, pd = run(to_onnx(model), rows, ("points", "log_odds", "pd"))
    assert points.tolist() == model.points(rows).tolist()
    assert log_odds.tolist() == model.log_odds(rows).tolist()
    assert np.abs(pd - model.predict_proba(rows)[:, 1]).max() < 1e-14
    infinite = {name: values[:2] for name, values in rows.items()}
    infinite["revenue"] = np.array([np.inf, -np.inf])
    assert run(to_onnx(model), infinite, ("points",))[0].tolist() == model.points(infinite).tolist()


def test_a_booster_sends_every_row_the_same_way() -> None:
    model = booster()
    held = model.trees_
    thresholds = {
        name: np.unique(held.threshold[held.feature == i]).astype(np.float64).tolist()[:40]
        for i, name in enumerate(model.names_)
    }
    rows = strange(borrowers()[0], thresholds)
    log_odds, pd = run(to_onnx(model), rows)
    # The operator gives single precision: half a unit in the last place of the largest.
    assert np.abs(log_odds - model.log_odds(rows)).max() < 3e-7
    assert np.abs(pd - model.predict_proba(rows)[:, 1]).max() < 1e-7


def test_a_tree_of_a_single_leaf_is_exported_too() -> None:
    columns, bad = borrowers(400)
    settings = BoosterSettings(rounds=3, leaves=4, min_rows=399, column_share=1.0, row_share=1.0)
    del columns["industry"]
    model = MonotoneBooster(settings).fit(columns, bad)
    assert set(model.trees_.roots.tolist()) <= {-1, -2, -3}
    assert run(to_onnx(model), columns)[0] == pytest.approx(model.log_odds(columns), abs=1e-7)


@pytest.mark.parametrize("method", ["shift", "platt", "beta", "isotonic"])
def test_the_calibration_goes_with_the_model(method: str) -> None:
    model = card()
    columns, bad = borrowers(seed=5)
    calibrator = Calibrator(method).fit(model.log_odds(columns), bad)
    rows = strange(columns, cuts(model))
    log_odds, pd = run(to_onnx(model, calibrator), rows)
    assert log_odds.tolist() == model.log_odds(rows).tolist()
    assert np.abs(pd - calibrator.pd(model.log_odds(rows))).max() < 1e-12


def test_the_file_names_model_plan_calibration_and_version() -> None:
    columns, bad = borrowers()
    calibrator = Calibrator("shift").fit(card().log_odds(columns), bad)
    written = to_onnx(card(), calibrator, Provenance(plan="p" * 64, name="sme/3"))
    told = {entry.key: entry.value for entry in onnx.load_from_string(written).metadata_props}
    assert told["tael.model"] == card().hash
    assert told["tael.calibration"] == calibrator.hash
    assert told["tael.plan"] == "p" * 64
    assert told["tael.name"] == "sme/3"
    assert told["tael.kind"] == "scorecard"
    assert told["tael.version"]
    assert to_onnx(card(), calibrator, Provenance(plan="p" * 64, name="sme/3")) == written


def test_a_rule_of_ours_can_call_an_exported_scorecard() -> None:
    columns, bad = borrowers()
    numbers = {name: values for name, values in columns.items() if name != "industry"}
    model = Scorecard(tuple(f for f in FEATURES if f.name != "industry")).fit(numbers, bad)
    call = onnx_function(onnxruntime.InferenceSession(to_onnx(model)))
    row = {name: float(values[7]) for name, values in numbers.items()}
    order = [item.name for item in model.characteristics_]
    assert call(*(row[name] for name in order)) == pytest.approx(float(model.pd(row).fraction))


def test_a_model_of_another_kind_is_refused() -> None:
    with pytest.raises(BadInput, match="has no ONNX form"):
        to_onnx("a model")  # type: ignore[arg-type]
