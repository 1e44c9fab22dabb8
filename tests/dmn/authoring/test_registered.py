"""Models in Python behind external functions: only what is registered runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tael.dmn import Model, loads
from tael.dmn.authoring import Draft, onnx_function
from tael.kernel import BadInput

NUMBERS = {"age": "number", "debt": "number"}


def draft(model: str = "pd of shops") -> Draft:
    return (
        Draft.new("external", "https://example.org/tael/external")
        .input("age", "number")
        .input("debt", "number")
        .external("pd", model, NUMBERS)
        .decision("risk", "pd(age, debt)", "number")
    )


def risk(model: Model, **given: object) -> tuple[object, list[str]]:
    result = model.evaluate({"age": 30, "debt": Decimal("0.5"), **given}, "risk")
    return result.outputs["risk"], [warning.message for warning in result.warnings]


def test_a_knowledge_model_calls_the_function_that_is_registered() -> None:
    heard: list[tuple[object, ...]] = []

    def pd(*arguments: object) -> float:
        heard.append(arguments)
        return 0.1

    functions = {"pd of shops": pd}
    assert risk(loads(draft().to_xml(), functions=functions)) == (Decimal("0.1"), [])
    assert risk(draft().model().with_functions(functions)) == (Decimal("0.1"), [])
    assert heard == [(30, Decimal("0.5"))] * 2


def test_feel_text_names_a_registered_function_too() -> None:
    feel = (
        "{f: function(a: number) external {pmml: {document: "
        '"shops", model: "pd of shops"}}, r: f(2)}.r'
    )
    model = Draft.new("text", "https://example.org/tael/text").decision("y", feel).model()
    called = model.with_functions({"pd of shops": lambda a: a + 1})
    assert called.evaluate({}, "y").outputs == {"y": 3}


@pytest.mark.parametrize("name", ["os.system", "builtins:eval", "/etc/passwd", "print"])
def test_a_name_that_nobody_registered_is_null_and_runs_nothing(name: str) -> None:
    value, warnings = risk(draft(name).model().with_functions({"other": lambda *_: 1}))
    assert value is None
    assert any(f"no function is registered as {name!r}; there are other" in w for w in warnings)


def test_a_failure_of_the_function_is_null_with_its_words() -> None:
    def broken(*_: object) -> object:
        raise ZeroDivisionError("by zero")

    value, warnings = risk(draft().model().with_functions({"pd of shops": broken}))
    assert value is None
    assert any("ZeroDivisionError: by zero" in each for each in warnings)


def test_what_is_no_feel_value_is_null() -> None:
    value, warnings = risk(draft().model().with_functions({"pd of shops": lambda *_: object()}))
    assert value is None
    assert any("gave no FEEL value" in each for each in warnings)


def test_arguments_are_of_their_declared_types() -> None:
    value, _ = risk(draft().model().with_functions({"pd of shops": lambda a, _: a}), age="old")
    assert value is None


@dataclass
class Port:
    name: str
    type: str = "tensor(float)"
    shape: tuple[object, ...] = (None, 2)


@dataclass
class FakeSession:
    """Answers as onnxruntime does: arrays in, arrays out."""

    ports: list[Port]
    answer: Any
    fed: dict[str, Any] = field(default_factory=dict)

    def get_inputs(self) -> Sequence[Port]:
        return self.ports

    def get_outputs(self) -> Sequence[Port]:
        return [Port("label"), Port("probabilities")]

    def run(self, output_names: Sequence[str] | None, feed: dict[str, Any]) -> Sequence[Any]:
        assert output_names == ["probabilities"]
        self.fed = feed
        return [self.answer]


@pytest.mark.parametrize(
    "answer",
    [
        np.array([[0.9, 0.1]], dtype=np.float32),
        [{0: 0.9, 1: 0.1}],
        np.array([0.1]),
        np.float32(0.1),
    ],
)
def test_a_session_takes_one_row_and_gives_the_probability_of_the_last_class(answer: Any) -> None:
    session = FakeSession([Port("X")], answer)
    model = draft().model().with_functions({"pd of shops": onnx_function(session)})

    assert risk(model) == (Decimal("0.1"), [])
    assert session.fed["X"].dtype == np.float32
    assert session.fed["X"].tolist() == [[30.0, 0.5]]


def test_a_session_of_several_inputs_takes_one_each() -> None:
    session = FakeSession([Port("age", "tensor(int64)"), Port("debt", "tensor(double)")], [[0.2]])
    model = draft().model().with_functions({"pd of shops": onnx_function(session)})

    assert risk(model) == (Decimal("0.2"), [])
    assert session.fed["age"].tolist() == [[30]]


def test_a_null_argument_is_null() -> None:
    session = FakeSession([Port("X")], [[0.2]])
    value, warnings = risk(
        draft().model().with_functions({"pd of shops": onnx_function(session)}), age=None
    )
    assert value is None
    assert any("an argument is null" in each for each in warnings)


def test_a_session_without_the_output_is_refused() -> None:
    with pytest.raises(BadInput, match="it has label, probabilities"):
        onnx_function(FakeSession([Port("X")], None), "score")


def test_an_input_of_another_type_is_refused() -> None:
    with pytest.raises(BadInput, match="complex"):
        onnx_function(FakeSession([Port("X", "tensor(complex64)")], None))
