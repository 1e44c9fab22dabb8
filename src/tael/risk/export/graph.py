"""An ONNX graph under construction: nodes in the order of use, constants as float64 and int64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tael.risk.export.provenance import version
from tael.risk.extras import need

# Old enough for every runtime of the last years; the tree operator of 3 is the first in double.
OPSET, ML_OPSET, IR_VERSION = 18, 3, 8
_ML = "ai.onnx.ml"


class Graph:
    """Collects nodes; each method adds one and gives the name of its output."""

    def __init__(self, name: str) -> None:
        need("onnx", "interchange")
        import onnx  # noqa: PLC0415 - an extra, needed where models are written only

        self.onnx: Any = onnx
        self.name = name
        self.nodes: list[Any] = []
        self.constants: dict[str, Any] = {}
        self.inputs: list[Any] = []
        self.outputs: list[Any] = []

    def take(self, name: str, kind: npt.DTypeLike, columns: int) -> str:
        """An input of [rows, columns]; ``kind`` is a numpy type, object for text."""
        self.inputs.append(
            self.onnx.helper.make_tensor_value_info(name, self._element(kind), ["rows", columns])
        )
        return name

    def give(self, value: str, name: str, kind: npt.DTypeLike) -> None:
        """An output [rows, 1] named ``name``."""
        self.nodes.append(self.onnx.helper.make_node("Identity", [value], [name]))
        self.outputs.append(
            self.onnx.helper.make_tensor_value_info(name, self._element(kind), ["rows", 1])
        )

    def constant(self, values: npt.ArrayLike, kind: npt.DTypeLike = np.float64) -> str:
        """A constant; equal ones are kept once."""
        array = np.asarray(values, dtype=kind)
        key = f"{array.dtype} {array.shape} {array.tobytes().hex()}"
        if key not in self.constants:
            name = f"c{len(self.constants)}"
            self.constants[key] = self.onnx.numpy_helper.from_array(array, name)
        return str(self.constants[key].name)

    def node(self, operator: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """A node of one output."""
        out = f"n{len(self.nodes)}"
        self.nodes.append(
            self.onnx.helper.make_node(operator, list(inputs), [out], domain=domain, **attributes)
        )
        return out

    def ml(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node of the machine-learning operators."""
        return self.node(operator, *inputs, domain=_ML, **attributes)

    def column(self, matrix: str, place: int) -> str:
        """Column ``place`` of a matrix, as [rows, 1]."""
        return self.node("Gather", matrix, self.constant([place], np.int64), axis=1)

    def cast(self, value: str, kind: npt.DTypeLike) -> str:
        """``value`` as another type."""
        return self.node("Cast", value, to=self._element(kind))

    def place(self, value: str, bounds: Sequence[float]) -> str:
        """int64: how many of the ascending ``bounds`` are at or below each value of a column."""
        # A bound that nothing reaches, so that a column without bounds is no other case.
        reached = self.node("GreaterOrEqual", value, self.constant([[*bounds, np.inf]]))
        infinite = self.node("Greater", value, self.constant([[np.finfo(np.float64).max]]))
        counted = self.node(
            "ReduceSum", self.cast(reached, np.int64), self.constant([1], np.int64), keepdims=1
        )
        return self.node("Sub", counted, self.cast(infinite, np.int64))

    def bytes(self, told: Mapping[str, str]) -> bytes:
        """The checked model, the same bytes each time, with ``told`` as its metadata."""
        helper = self.onnx.helper
        graph = helper.make_graph(
            self.nodes, self.name, self.inputs, self.outputs, list(self.constants.values())
        )
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(_ML, ML_OPSET)],
            producer_name="tael",
            producer_version=version(),
            ir_version=IR_VERSION,
        )
        helper.set_model_props(model, dict(sorted(told.items())))
        self.onnx.checker.check_model(model)
        written: bytes = model.SerializeToString(deterministic=True)
        return written

    def _element(self, kind: npt.DTypeLike) -> int:
        return int(self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(kind)))
