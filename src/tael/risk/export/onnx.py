"""Models as ONNX files that score as ours do: scorecards bin by bin, boosted trees node by node.

A booster takes ``variables`` (float32, as ours reads them), scorecards and ensembles take
``numbers`` (float64); each takes ``texts`` where it has variables of categories. Columns stand in
the order of the metadata's names; a missing number is NaN or, where the model was trained on a
sample, the code of its kind of missing, a missing text ''.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from tael.kernel import BadInput
from tael.risk.binning import OTHER, Binning
from tael.risk.bins import MISSING_CODES
from tael.risk.boosting import MonotoneBooster
from tael.risk.calibration import Calibrator
from tael.risk.ensemble import Ensemble
from tael.risk.export.calibrated import add_curve
from tael.risk.export.graph import Graph
from tael.risk.export.provenance import NOWHERE, Provenance, version
from tael.risk.scorecard import Characteristic, Scorecard
from tael.risk.trees import Trees


def to_onnx(
    model: Scorecard | MonotoneBooster | Ensemble,
    calibrator: Calibrator | None = None,
    provenance: Provenance = NOWHERE,
    *,
    anchor: float | None = None,
) -> bytes:
    """The model as an ONNX file; with a calibrator, its probability is the calibrated one.

    Outputs, each [rows, 1]: ``points`` (int64, scorecards), ``log_odds`` (before calibration),
    ``pd_cycle`` where an ``anchor`` is given (added to the calibrated log odds), and last ``pd``
    (float64). Points, bins and splits are the same bit for bit; log odds of trees come out in
    single precision, as the operator gives them. Needs the extra 'interchange'. Specification:
    ONNX opset 18, ai.onnx.ml 3.

    Raises:
        BadInput: a model that is not trained, or of another kind.
    """
    told = {"tael.version": version(), "tael.name": provenance.name, "tael.plan": provenance.plan}
    kinds = {Scorecard: "scorecard", MonotoneBooster: "booster", Ensemble: "ensemble"}
    if type(model) not in kinds:
        raise BadInput(
            f"a {type(model).__name__} has no ONNX form here",
            field="model",
            rule="a scorecard, a booster or an ensemble",
        )
    told |= {"tael.model": model.hash, "tael.kind": kinds[type(model)]}
    graph = Graph(f"tael_{kinds[type(model)]}")
    log_odds = _log_odds(graph, model, told)
    graph.give(log_odds, "log_odds", np.float64)
    if calibrator is not None:
        told["tael.calibration"] = calibrator.hash
        log_odds = add_curve(graph, log_odds, calibrator.curve_)
    if anchor is not None:
        anchored = graph.node("Add", log_odds, graph.constant([[anchor]]))
        graph.give(graph.node("Sigmoid", anchored), "pd_cycle", np.float64)
    graph.give(graph.node("Sigmoid", log_odds), "pd", np.float64)
    return graph.bytes(told)


def _log_odds(
    graph: Graph, model: Scorecard | MonotoneBooster | Ensemble, told: dict[str, str]
) -> str:
    """Adds what the model takes, and of a scorecard its points; gives the log odds."""
    if isinstance(model, Scorecard):
        texts = _texts_of(model)
        columns = _Columns(graph, _read_by(model), texts, told)
        points, log_odds = _scorecard(graph, model, columns)
        graph.give(points, "points", np.int64)
        return log_odds
    if isinstance(model, MonotoneBooster):
        told["tael.plan"] = told["tael.plan"] or model.plan_
        columns = _Columns(graph, model.names_, _texts_of(model), told, name="variables")
        return _booster(graph, model, columns)
    texts = set().union(*(_texts_of(one) for one in model.members_.values()))
    columns = _Columns(graph, model.names_, texts, told)
    total = graph.constant([[model.intercept_]])
    for name, member in model.members_.items():
        if isinstance(member, MonotoneBooster):
            told["tael.plan"] = told["tael.plan"] or member.plan_
            part = _booster(graph, member, columns)
        elif isinstance(member, Scorecard):
            part = _scorecard(graph, member, columns)[1]
        weighed = graph.node("Mul", part, graph.constant([[model.weights_[name]]]))
        total = graph.node("Add", total, weighed)
    return total


def _read_by(card: Scorecard) -> tuple[str, ...]:
    return tuple(item.name for item in card.characteristics_)


def _texts_of(model: object) -> set[str]:
    """The variables of categories of one model."""
    if isinstance(model, MonotoneBooster):
        return {name for name in model.names_ if name in model.books_}
    if isinstance(model, Scorecard):
        kinds = {item.name: item.binning.feature.kind for item in model.characteristics_}
        return {name for name, kind in kinds.items() if kind != "numeric"}
    raise BadInput(
        f"a member that is a {type(model).__name__} has no ONNX form here",
        field="members",
        rule="scorecards and boosters",
    )


class _Columns:
    """The inputs of a graph, by the name of a variable."""

    def __init__(
        self,
        graph: Graph,
        names: Sequence[str],
        texts: set[str],
        told: dict[str, str],
        name: str = "numbers",
    ) -> None:
        self.graph = graph
        self.numbers = [each for each in names if each not in texts]
        self.texts = [each for each in names if each in texts]
        told |= {f"tael.{name}": json.dumps(self.numbers), "tael.texts": json.dumps(self.texts)}
        self.single = name == "variables"
        kind = np.float32 if self.single else np.float64
        self.numbers_in = graph.take(name, kind, len(self.numbers)) if self.numbers else ""
        self.texts_in = graph.take("texts", np.object_, len(self.texts)) if self.texts else ""

    def of(self, name: str) -> str:
        """One column."""
        if name in self.texts:
            return self.graph.column(self.texts_in, self.texts.index(name))
        return self.graph.column(self.numbers_in, self.numbers.index(name))

    def singles(self, names: Sequence[str]) -> str:
        """A float32 matrix of numbers."""
        if list(names) == self.numbers:
            picked = self.numbers_in
        else:
            places = [self.numbers.index(name) for name in names]
            picked = self.graph.node(
                "Gather", self.numbers_in, self.graph.constant(places, np.int64), axis=1
            )
        return picked if self.single else self.graph.cast(picked, np.float32)


# --- scorecards


def _scorecard(graph: Graph, card: Scorecard, columns: _Columns) -> tuple[str, str]:
    """The points and the log odds, summed in the order that ours are."""
    points, log_odds = "", graph.constant([[card.intercept_]])
    for item in card.characteristics_:
        numeric = item.binning.feature.kind == "numeric"
        found = (_number_bin if numeric else _text_bin)(graph, columns.of(item.name), item.binning)
        got, logit = _bin_values(graph, found, item)
        points = graph.node("Add", points, got) if points else got
        log_odds = graph.node("Add", log_odds, logit)
    return points, log_odds


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


def _booster(graph: Graph, booster: MonotoneBooster, columns: _Columns) -> str:
    numeric = [name for name in booster.names_ if name not in booster.books_]
    texts = [name for name in booster.names_ if name in booster.books_]
    matrix = columns.singles(numeric) if numeric else ""
    for code in MISSING_CODES if booster.edge_ and numeric else ():
        same = graph.node("Equal", matrix, graph.constant(code, np.float32))
        matrix = graph.node("Where", same, graph.constant(np.nan, np.float32), matrix)
    if texts:
        codes = [_codes(graph, columns.of(name), booster, name) for name in texts]
        joined = graph.node("Concat", *([matrix] if matrix else []), *codes, axis=1)
        order = [(numeric + texts).index(name) for name in booster.names_]
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
