"""A model that can be run: each decision is computed when first read, and once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tael.dmn.errors import DmnError, Nothing
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Code, Env, Test
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import Rule, UnaryTests
from tael.dmn.feel.values import Function, Value, from_python, kind
from tael.dmn.model import xml
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge
from tael.dmn.model.loader import read_graph
from tael.dmn.trace import FeelWarning, Fired, Result, Step, Trace


def load(path: str | Path, *, tolerant: bool = False) -> Model:
    """The model in the DMN file ``path`` (DMN 1.3, 1.4 or 1.5).

    Args:
        path: an XML file; document type declarations and entities are refused.
        tolerant: take broken expressions and unknown names as null, as the standard does at run
            time, and list them in ``Model.problems``; by default they are errors.

    Raises:
        DmnError: names file, node and line.
    """
    file = Path(path)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise DmnError(
            f"cannot be read: {error.strerror}", file=str(path), rule="a readable file"
        ) from None
    return loads(data, file=str(path), tolerant=tolerant)


def loads(data: bytes | str, *, file: str = "<text>", tolerant: bool = False) -> Model:
    """The model in the DMN text ``data``. Otherwise as ``load``."""
    raw = data.encode() if isinstance(data, str) else data
    try:
        return Model(read_graph(xml.parse(raw, file), file, tolerant=tolerant))
    except RecursionError:
        raise DmnError(
            "an expression nests too deeply", file=file, rule="shallow expressions"
        ) from None


class Model:
    """A loaded model. Immutable; one may serve many threads.

    Attributes:
        name: name of the model.
        namespace: its namespace.
        hash: SHA-256 of its content in hexadecimal; layout, diagrams and extensions do not count.
        problems: what a tolerant load found wrong.
    """

    def __init__(self, graph: Graph) -> None:
        self.name = graph.name
        self.namespace = graph.namespace
        self.hash = graph.hash
        self.problems = graph.problems
        self.graph = graph
        compiler = Compiler()
        nodes: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
        self.codes: dict[str, Code] = {
            n.id: compiler.expression(n.logic) for n in nodes if n.logic is not None
        }
        self._decision_ids = {decision.name: key for key, decision in graph.decisions.items()}
        self._tests: dict[int, Test] = {}
        self._compile_tests: Callable[[UnaryTests], Test] = compiler.unary_tests

    @property
    def inputs(self) -> Mapping[str, str]:
        """Names of the input data, with the names of their types ('' where none is declared)."""
        return {item.name: item.type_name for item in self.graph.inputs.values()}

    @property
    def decisions(self) -> tuple[str, ...]:
        """Names of the decisions in the order of the file."""
        return tuple(self._decision_ids)

    def evaluate(self, inputs: Mapping[str, object], decision: str | None = None) -> Result:
        """Compute ``decision`` (default: every decision) from ``inputs``.

        Args:
            inputs: values by the name of the input data: None, bool, str, int, Decimal, Rate (its
                fraction), date, lists and mappings of these. Names the model does not know are
                ignored. A missing one is null, with a warning when it is read.
            decision: name of one decision; only what it needs is computed.

        Raises:
            BadInput: a float or another value without a FEEL type; names the field.
            DmnError: no such decision.
        """
        if decision is not None and decision not in self._decision_ids:
            raise DmnError(
                f"no decision {decision!r}; there are {', '.join(self._decision_ids)}",
                file=self.graph.file,
                rule="a decision of the model",
            )
        run = _Run(self, inputs)
        wanted = [decision] if decision is not None else list(self._decision_ids)
        try:
            outputs = {name: run.value(self._decision_ids[name]) for name in wanted}
        except RecursionError:
            raise DmnError("the evaluation nests too deeply", file=self.graph.file) from None
        return Result(outputs, Trace(tuple(run.steps())), tuple(run.warnings))

    def tests(self, tests: UnaryTests) -> Test:
        """The closure of allowed values, compiled once."""
        key = id(tests)
        if key not in self._tests:
            self._tests[key] = self._compile_tests(tests)
        return self._tests[key]


class _Run:
    """One evaluation: values by element id, and a frame for each node that worked."""

    def __init__(self, model: Model, inputs: Mapping[str, object]) -> None:
        self.model = model
        self._inputs = inputs
        self._values: dict[str, Value] = {}
        self._frames: list[_Frame] = []
        self.warnings: list[FeelWarning] = []

    def value(self, key: str) -> Value:
        if key not in self._values:
            self._values[key] = self._compute(key)
        return self._values[key]

    def steps(self) -> list[Step]:
        return [
            Step(f.node.name, tuple(f.reads.items()), tuple(f.fired), f.value)
            for f in self._frames
            if f.fired or isinstance(f.node, Decision)
        ]

    def _compute(self, key: str) -> Value:
        graph = self.model.graph
        if key in graph.inputs:
            return self._input(graph.inputs[key])
        if key in graph.decisions:
            return self._decision(graph.decisions[key])
        if key in graph.knowledge:
            return self._function(graph.knowledge[key])
        return None

    def _input(self, item: InputData) -> Value:
        frame = _Frame(self, item, item.name)
        if item.name not in self._inputs:
            frame.warn(item.at, "the input was not given")
            return None
        return frame.coerced(from_python(self._inputs[item.name], item.name), item.type_name)

    def _decision(self, node: Decision) -> Value:
        frame = _Frame(self, node, node.name)
        code = self.model.codes.get(node.id)
        if code is None:
            frame.warn(node.at, "the decision has no logic")
        frame.value = frame.coerced(code(Env(frame)), node.type_name) if code else None
        self._frames.append(frame)
        return frame.value

    def _function(self, node: Knowledge) -> Value:
        frame = _Frame(self, node, node.name)
        code = self.model.codes.get(node.id)
        self._frames.append(frame)

        def call(*arguments: Value) -> Value:
            if code is None:
                return None
            typed = map(frame.coerced, arguments, node.parameter_types)
            local = dict(zip(node.parameters, typed, strict=True))
            return frame.coerced(code(Env(frame, local)), node.type_name)

        return Function(node.name, node.parameters, call)


class _Frame:
    """What one node sees of the run: the names in its scope; it also notes what happens there."""

    def __init__(self, run: _Run, node: InputData | Decision | Knowledge, name: str) -> None:
        self._run = run
        self._name = name
        self._scope = {} if isinstance(node, InputData) else node.scope
        self.node = node
        self.reads: dict[str, Value] = {}
        self.fired: list[Fired] = []
        self.value: Value = None

    def read(self, name: str) -> Value:
        value = self._run.value(self._scope[name])
        if kind(value) != "function":
            self.reads[name] = value
        return value

    def warn(self, at: Position, message: str) -> None:
        self._run.warnings.append(FeelWarning(self._name, at.line, at.column, message))

    def fire(self, rule: Rule) -> None:
        self.fired.append(Fired(rule.number, rule.id, rule.annotations))

    def coerced(self, value: Value, type_name: str) -> Value:
        """``value`` as a declared type; null with a warning when it does not conform."""
        if not type_name:
            return value
        model = self._run.model
        types = model.graph.types

        def allows(tests: UnaryTests, item: Value) -> bool:
            return model.tests(tests)(Env(self), item) is True

        try:
            return types.coerce(value, types.resolve(type_name), allows)
        except Nothing as why:
            self.warn(self.node.at, str(why))
            return None
