"""ONNX models as registered functions: the adapter between a session and FEEL values.

The session is the caller's, of onnxruntime or anything alike: nothing is imported but numpy, and
that when a model is first asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tael.dmn.feel.values import Value
from tael.kernel import BadInput


class Port(Protocol):
    """An input or output of a session."""

    name: str
    shape: Sequence[object]
    type: str


class Session(Protocol):
    """What is asked of a session, as onnxruntime's InferenceSession answers it."""

    def get_inputs(self) -> Sequence[Port]: ...

    def get_outputs(self) -> Sequence[Port]: ...

    def run(self, output_names: Sequence[str] | None, feed: dict[str, Any]) -> Sequence[Any]: ...


_KINDS = {
    "tensor(float)": "float32", "tensor(double)": "float64", "tensor(int64)": "int64",
    "tensor(int32)": "int32", "tensor(bool)": "bool", "tensor(string)": "object",
}  # fmt: skip


def onnx_function(session: Session, output: str | None = None) -> Callable[..., object]:
    """A function to register: takes the model's inputs by position, gives one number or text.

    A model of one matrix takes its columns as arguments; any other takes an argument an input. The
    value is that of ``output`` (default: the last), of a row of several the last, as classifiers
    give the probability of their last class. A float of single precision counts as the decimal
    of its own shortest text.

    Raises:
        BadInput: the session has no such output, or an input of a type that FEEL lacks.
    """
    ports = list(session.get_inputs())
    names = [port.name for port in session.get_outputs()]
    wanted = output or names[-1]
    if wanted not in names:
        raise BadInput(f"the model has no output {wanted!r}; it has {', '.join(names)}")
    for port in ports:
        if port.type not in _KINDS:
            raise BadInput(f"the input {port.name!r} is a {port.type}", rule=", ".join(_KINDS))

    def call(*arguments: Value) -> object:
        return _plain(session.run([wanted], _feed(ports, arguments))[0])

    return call


def _feed(ports: Sequence[Port], arguments: Sequence[Value]) -> dict[str, Any]:
    import numpy as np  # noqa: PLC0415 - only who uses such a model needs it

    if len(ports) == 1:
        rows = np.array([[_number(each) for each in arguments]], dtype=_KINDS[ports[0].type])
        return {ports[0].name: rows}
    if len(ports) != len(arguments):
        raise ValueError(f"{len(ports)} inputs, {len(arguments)} arguments")
    return {
        port.name: np.array([[_number(each)]], dtype=_KINDS[port.type])
        for port, each in zip(ports, arguments, strict=True)
    }


def _number(value: Value) -> object:
    if value is None:
        raise ValueError("an argument is null")
    return value if isinstance(value, str | bool) else float(value)  # type: ignore[arg-type]


def _plain(found: Any) -> object:
    """The last value of an array, of a list of mappings (as classifiers give), or a scalar."""
    while not isinstance(found, str | bytes):
        if isinstance(found, dict):
            found = list(found.values())[-1]
        elif hasattr(found, "ndim") and found.ndim == 0:
            single = str(found.dtype) == "float32"
            return float(str(found)) if single else found.item()
        elif hasattr(found, "__len__"):
            found = found[-1]
        else:
            return found
    return found
