"""Models as ONNX files that score as ours do: scorecards bin by bin, boosted trees node by node.

A scorecard takes ``numbers`` (float64), a booster ``variables`` (float32, as ours reads them);
either takes ``texts`` where it has variables of categories. Columns stand in the order of the
metadata's names; a missing number is NaN, a missing text ''.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.risk.binning import OTHER, Binning
from tael.risk.boosting import MonotoneBooster
from tael.risk.calibration import Calibrator, Curve
from tael.risk.export.graph import Graph
from tael.risk.export.provenance import NOWHERE, Provenance, version
from tael.risk.scorecard import Characteristic, Scorecard
from tael.risk.trees import Trees


def to_onnx(
    model: Scorecard | MonotoneBooster,
    calibrator: Calibrator | None = None,
    provenance: Provenance = NOWHERE,
) -> bytes:
    """The model as an ONNX file; with a calibrator, its probability is the calibrated one.

    Outputs, each [rows, 1]: ``points`` (int64, scorecards), ``log_odds`` (before calibration) and
    last ``pd`` (float64). Points, bins and splits are the same bit for bit; log odds of trees come
    out in single precision, as the operator gives them. Needs the extra 'interchange'.
    Specification: ONNX opset 18, ai.onnx.ml 3.

    Raises:
        BadInput: a model that is not trained, or of another kind.
    """
    told = {"tael.version": version(), "tael.name": provenance.name, "tael.plan": provenance.plan}
    if isinstance(model, Scorecard):
        graph = Graph("tael_scorecard")
        told |= {"tael.model": model.hash, "tael.kind": "scorecard"}
        log_odds = _scorecard(graph, model, told)
    elif isinstance(model, MonotoneBooster):
        graph = Graph("tael_booster")
        told |= {"tael.model": model.hash, "tael.kind": "booster"}
        told["tael.plan"] = provenance.plan or model.plan_
        log_odds = _booster(graph, model, told)
    else:
        raise BadInput(
            f"a {type(model).__name__} has no ONNX form here",
            field="model",
            rule="a scorecard or a booster",
        )
    graph.give(log_odds, "log_odds", np.float64)
    if calibrator is not None:
        told["tael.calibration"] = calibrator.hash
        log_odds = _curve(graph, log_odds, calibrator.curve_)
    graph.give(graph.node("Sigmoid", log_odds), "pd", np.float64)
    return graph.bytes(told)


def _inputs(
    graph: Graph, names: Sequence[str], texts: Sequence[str], told: dict[str, str]
) -> tuple[str, str]:
    """The names of the inputs of numbers (float64) and of texts; '' where there is none."""
    told |= {"tael.numbers": json.dumps(names), "tael.texts": json.dumps(texts)}
    numbers = graph.take("numbers", np.float64, len(names)) if names else ""
    return numbers, graph.take("texts", np.object_, len(texts)) if texts else ""


# --- scorecards


def _scorecard(graph: Graph, card: Scorecard, told: dict[str, str]) -> str:
    """Adds the points as an output; gives the log odds, summed in the order that ours are."""
    kinds = {item.name: item.binning.feature.kind for item in card.characteristics_}
    numeric = [name for name, kind in kinds.items() if kind == "numeric"]
    texts = [name for name, kind in kinds.items() if kind != "numeric"]
    numbers_in, texts_in = _inputs(graph, numeric, texts, told)
    points, log_odds = "", graph.constant([[card.intercept_]])
    for item in card.characteristics_:
        if item.name in numeric:
            column = graph.column(numbers_in, numeric.index(item.name))
            found = _number_bin(graph, column, item.binning)
        else:
            column = graph.column(texts_in, texts.index(item.name))
            found = _text_bin(graph, column, item.binning)
        got, logit = _bin_values(graph, found, item)
        points = graph.node("Add", points, got) if points else got
        log_odds = graph.node("Add", log_odds, logit)
    graph.give(points, "points", np.int64)
    return log_odds


def _bin_values(graph: Graph, found: str, item: Characteristic) -> tuple[str, str]:
    points = graph.node("Gather", graph.constant(item.points, np.int64), found, axis=0)
    return points, graph.node("Gather", graph.constant(item.logits), found, axis=0)


def _number_bin(graph: Graph, column: str, binning: Binning) -> str:
    found = graph.place(column, binning.cuts)
    for number, code in enumerate(binning.feature.special, len(binning.cuts) + 1):
        same = graph.node("Equal", column, graph.constant([[code]]))
        found = graph.node("Where", same, graph.constant([[number]], np.int64), found)
    missing = graph.node("IsNaN", column)
    return graph.node("Where", missing, graph.constant([[binning.missing]], np.int64), found)


def _text_bin(graph: Graph, column: str, binning: Binning) -> str:
    place = {text: i for i, group in enumerate(binning.groups) for text in group}
    keys = sorted(place)
    return graph.ml(
        "LabelEncoder",
        column,
        keys_strings=["", *keys],
        values_int64s=[binning.missing, *(place[key] for key in keys)],
        # A text never seen goes with the rare ones; without these it counts as missing.
        default_int64=place.get(OTHER, binning.missing),
    )


# --- trees


def _booster(graph: Graph, booster: MonotoneBooster, told: dict[str, str]) -> str:
    names = booster.names_
    numeric = [name for name in names if name not in booster.books_]
    texts = [name for name in names if name in booster.books_]
    told |= {"tael.variables": json.dumps(numeric), "tael.texts": json.dumps(texts)}
    matrix = graph.take("variables", np.float32, len(numeric)) if numeric else ""
    texts_in = graph.take("texts", np.object_, len(texts)) if texts else ""
    if texts:
        codes = [_codes(graph, graph.column(texts_in, i), booster, n) for i, n in enumerate(texts)]
        joined = graph.node("Concat", *([matrix] if matrix else []), *codes, axis=1)
        order = [(numeric + texts).index(name) for name in names]
        matrix = graph.node("Gather", joined, graph.constant(order, np.int64), axis=1)
    # Every float32 is a float64: thresholds, values and so each split stay what they are.
    summed = graph.ml(
        "TreeEnsembleRegressor", graph.cast(matrix, np.float64), **_trees(graph, booster.trees_)
    )
    return graph.cast(summed, np.float64)


def _codes(graph: Graph, column: str, booster: MonotoneBooster, name: str) -> str:
    values = booster.books_[name].values
    other = float(values.index(OTHER))
    return graph.ml(
        "LabelEncoder",
        column,
        keys_strings=["", *values],
        values_floats=[float("nan"), *map(float, range(len(values)))],
        default_float=other,
    )


def _trees(graph: Graph, trees: Trees) -> dict[str, Any]:
    """The attributes of the tree operator; node 0 of each tree is its root."""
    held: dict[str, list[Any]] = {
        name: []
        for name in (
            "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_modes", "values",
            "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
            "target_treeids", "target_nodeids", "weights",
        )
    }  # fmt: skip
    for number, root in enumerate(trees.roots.tolist()):
        _tree(trees, number, root, held)
    tensor = graph.onnx.numpy_helper.from_array
    values, weights = (np.array(held.pop(name), dtype=np.float64) for name in ("values", "weights"))
    return {
        **held,
        "nodes_values_as_tensor": tensor(values, "values"),
        "target_weights_as_tensor": tensor(weights, "weights"),
        "target_ids": [0] * len(held["target_treeids"]),
        "n_targets": 1,
        "aggregate_function": "SUM",
        "post_transform": "NONE",
    }


def _tree(trees: Trees, number: int, root: int, held: dict[str, list[Any]]) -> None:
    """One tree, its nodes in the order they are met; a number below zero is a leaf."""
    places, order = {root: 0}, [root]
    for at in order:
        if at >= 0:
            for child in (int(trees.left[at]), int(trees.right[at])):
                places[child] = len(order)
                order.append(child)
    for at in order:
        inner = at >= 0
        held["nodes_treeids"].append(number)
        held["nodes_nodeids"].append(places[at])
        held["nodes_featureids"].append(int(trees.feature[at]) if inner else 0)
        held["nodes_modes"].append("BRANCH_LEQ" if inner else "LEAF")
        held["values"].append(float(trees.threshold[at]) if inner else 0.0)
        held["nodes_truenodeids"].append(places[int(trees.left[at])] if inner else 0)
        held["nodes_falsenodeids"].append(places[int(trees.right[at])] if inner else 0)
        held["nodes_missing_value_tracks_true"].append(int(trees.default_left[at]) if inner else 0)
        if not inner:
            held["target_treeids"].append(number)
            held["target_nodeids"].append(places[at])
            held["weights"].append(float(trees.leaf[~at]))


# --- calibration


def _curve(graph: Graph, z: str, curve: Curve) -> str:
    """The calibrated log odds, as ``Curve.apply`` gives them."""
    if curve.method == "shift":
        return graph.node("Add", z, graph.constant([[curve.parameters[0]]]))
    if curve.method == "platt":
        scaled = graph.node("Mul", z, graph.constant([[curve.parameters[1]]]))
        return graph.node("Add", scaled, graph.constant([[curve.parameters[0]]]))
    if curve.method == "beta":
        c, a, b = curve.parameters
        up = graph.node("Mul", _softplus(graph, z), graph.constant([[b]]))
        down = graph.node("Mul", _softplus(graph, graph.node("Neg", z)), graph.constant([[a]]))
        return graph.node("Sub", graph.node("Add", up, graph.constant([[c]])), down)
    return _between(graph, z, curve)


def _softplus(graph: Graph, z: str) -> str:
    """ln(1 + e^z) without overflow."""
    small = graph.node("Exp", graph.node("Neg", graph.node("Abs", z)))
    rest = graph.node("Log", graph.node("Add", small, graph.constant([[1.0]])))
    return graph.node("Add", graph.node("Max", z, graph.constant([[0.0]])), rest)


def _between(graph: Graph, z: str, curve: Curve) -> str:
    """Straight between knots, with slope 1 beyond the outermost."""
    before, after = (np.array(side) for side in zip(*curve.knots, strict=True))
    slopes = np.concatenate([[1.0], np.diff(after) / np.diff(before), [1.0]])
    at = graph.place(z, before.tolist())

    def of(values: npt.ArrayLike) -> str:
        return graph.node("Gather", graph.constant(values), at, axis=0)

    start, height = (of(np.concatenate([each[:1], each])) for each in (before, after))
    return graph.node("Add", height, graph.node("Mul", of(slopes), graph.node("Sub", z, start)))
