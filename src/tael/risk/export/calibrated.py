"""The calibration of log odds as nodes of an ONNX graph."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tael.risk.calibration import Curve
from tael.risk.export.graph import Graph


def add_curve(graph: Graph, z: str, curve: Curve) -> str:
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
