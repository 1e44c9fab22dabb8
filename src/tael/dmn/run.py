"""One evaluation of a model: values by element, and what each node read, fired and warned."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Protocol

from tael.dmn.errors import DmnError, Nothing
from tael.dmn.feel.env import Code, Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import Rule, TypeExpression
from tael.dmn.feel.type_system import ANY
from tael.dmn.feel.values import Function, Value, from_python, kind, refuse_huge
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge, Service
from tael.dmn.trace import FeelWarning, Fired, Step

_DEEP = 30
_MOST_STEPS = 5_000_000
_MOST_WARNINGS = 10_000


class Compiled(Protocol):
    """What a run needs of a model: its graph and the code of each node."""

    graph: Graph

    @property
    def codes(self) -> Mapping[str, Code]: ...


class Run:
    """One evaluation: each element is computed when first read, and once.

    A decision service that is called is a run of its own, inside: it shares the inputs of the
    model, not the decisions that were computed outside.
    """

    def __init__(
        self, model: Compiled, inputs: Mapping[str, object], outer: Run | None = None
    ) -> None:
        self._model = model
        self._inputs = inputs
        self._values: dict[str, Value] = {}
        self._frames: list[_Frame] = [] if outer is None else outer._frames  # noqa: SLF001 - same
        self._spent: list[int] = [0] if outer is None else outer._spent  # noqa: SLF001 - same
        self._warned: set[FeelWarning] = set() if outer is None else outer._warned  # noqa: SLF001 - same
        self._depth = 0
        self.warnings: list[FeelWarning] = [] if outer is None else outer.warnings

    def value(self, key: str) -> Value:
        """The value of the input, decision, knowledge model or service with this key."""
        if key not in self._values:
            self._depth += 1
            if self._depth > _DEEP:
                self._compute_required(key)
            self._values[key] = self._compute(key)
            self._depth -= 1
        return self._values[key]

    def go_on(self, earlier: Run, keys: Container[str]) -> None:
        """Take over what ``earlier`` computed of ``keys``, whose inputs are the same here."""
        self._values.update({k: value for k, value in earlier._values.items() if k in keys})

    def _compute_required(self, key: str) -> None:
        """Compute what ``key`` requires, the farthest first: a long chain needs no deep stack."""
        graph = self._model.graph
        waiting, seen = [(key, False)], {key}
        while waiting:
            each, leaving = waiting.pop()
            if leaving and each != key and each in graph.decisions:
                self.value(each)
            if leaving:
                continue
            waiting.append((each, True))
            node = graph.decisions.get(each) or graph.knowledge.get(each)
            for required in node.scope.values() if node else ():
                if required not in seen and required not in self._values:
                    seen.add(required)
                    waiting.append((required, False))

    def spend(self, steps: int) -> None:
        """Count calls or turns of loops.

        Raises:
            DmnError: there were more than five million in this evaluation.
        """
        self._spent[0] += steps
        if self._spent[0] > _MOST_STEPS:
            raise DmnError(
                f"the evaluation takes more than {_MOST_STEPS} calls and turns of loops",
                file=self._model.graph.file,
                rule=f"at most {_MOST_STEPS} steps",
            )

    def warn(self, warning: FeelWarning) -> None:
        """Keep a warning, once: a loop says the same at every turn."""
        if warning not in self._warned and len(self._warned) < _MOST_WARNINGS:
            self._warned.add(warning)
            self.warnings.append(warning)

    def give(self, service: Service, inputs: Mapping[str, object]) -> None:
        """Set what a service takes from ``inputs`` by name; a missing one is null."""
        for key in service.inputs:
            node = self._taken(key)
            frame = _Frame(self, node)
            if node.name not in inputs:
                frame.warn(node.at, "the input of the service was not given")
                self._values[key] = None
            else:
                self._values[key] = frame.coerced(from_python(inputs[node.name], node.name))

    def coerced_output(self, service: Service, value: Value) -> Value:
        """What a service gives, as its declared type; null with a warning when it is not."""
        return _Frame(self, service).coerced(value)

    def steps(self) -> list[Step]:
        """What was computed, each step after those it needed."""
        return [
            Step.of(f.node.name, tuple(f.reads.items()), tuple(f.fired), f.value)
            for f in self._frames
            if f.fired or isinstance(f.node, Decision)
        ]

    def _compute(self, key: str) -> Value:
        graph = self._model.graph
        if key in graph.inputs:
            return self._input(graph.inputs[key])
        if key in graph.decisions:
            return self._decision(graph.decisions[key])
        if key in graph.knowledge:
            return self._knowledge(graph.knowledge[key])
        return self._service(graph.services[key])

    def _input(self, item: InputData) -> Value:
        frame = _Frame(self, item)
        given: Mapping[str, object] = self._inputs
        for part in item.path.split(".")[:-1]:
            inner = given.get(part)
            given = inner if isinstance(inner, Mapping) else {}
        field = item.path + item.name
        if item.path and field in self._inputs:
            given = {item.name: self._inputs[field]}
        if item.name not in given:
            frame.warn(item.at, "the input was not given")
            return None
        return frame.coerced(from_python(given[item.name], field))

    def _decision(self, node: Decision) -> Value:
        frame = _Frame(self, node)
        code = self._model.codes.get(node.id)
        if code is None:
            frame.warn(node.at, "the decision has no logic")
        frame.value = frame.coerced(code(Env(frame))) if code else None
        self._frames.append(frame)
        return frame.value

    def _knowledge(self, node: Knowledge) -> Value:
        frame = _Frame(self, node)
        code = self._model.codes.get(node.id)
        self._frames.append(frame)
        made = code(Env(frame)) if code else None
        if not isinstance(made, Function):
            return None

        def call(*arguments: Value) -> Value:
            return frame.coerced(made.call(*arguments))

        result = node.type if node.type is not None else made.result_type
        types = tuple(each or ANY for each in node.parameter_types)
        return Function(node.name, node.parameters, call, parameter_types=types, result_type=result)

    def _service(self, node: Service) -> Value:
        taken = [self._taken(key) for key in node.inputs]
        frame = _Frame(self, node)

        def call(*arguments: Value) -> Value:
            run = Run(self._model, self._inputs, outer=self)
            for key, item, value in zip(node.inputs, taken, arguments, strict=True):
                run._values[key] = _Frame(run, item).typed(value)
            outputs = {
                self._model.graph.decisions[key].name: run.value(key) for key in node.outputs
            }
            single = next(iter(outputs.values())) if len(outputs) == 1 else outputs
            return frame.coerced(single)

        return Function(
            node.name,
            tuple(item.name for item in taken),
            call,
            parameter_types=tuple(item.type or ANY for item in taken),
            result_type=node.type or ANY,
        )

    def _taken(self, key: str) -> InputData | Decision:
        graph = self._model.graph
        return graph.inputs[key] if key in graph.inputs else graph.decisions[key]

    def coerce(self, path: str, value: Value, wanted: TypeExpression | None) -> Value:
        """``value`` as a type of the model at ``path``. Raises Nothing when it does not conform."""
        return self._model.graph.types[path].coerce(value, wanted)


class _Frame:
    """What one node sees of the run: the names in its scope; it also notes what happens there."""

    def __init__(self, run: Run, node: InputData | Decision | Knowledge | Service) -> None:
        self._run = run
        self._scope = node.scope if isinstance(node, Decision | Knowledge) else {}
        self.node = node
        self.reads: dict[str, Value] = {}
        self.fired: list[Fired] = []
        self.value: Value = None

    def read(self, name: str) -> Value:
        if name not in self._scope and name == self.node.name and isinstance(self.node, Knowledge):
            return self._run.value(self.node.id)  # a function that calls itself
        value = self._run.value(self._scope[name])
        if kind(value) != "function":
            self.reads[name] = value
        return value

    def warn(self, at: Position, message: str) -> None:
        self._run.warn(FeelWarning(self.node.name, at.line, at.column, message))

    def spend(self, steps: int) -> None:
        self._run.spend(steps)

    def fire(self, rule: Rule) -> None:
        self.fired.append(Fired.of(rule))

    def typed(self, value: Value) -> Value:
        """``value`` as the node's declared type. Raises Nothing when it does not conform."""
        return self._run.coerce(self.node.path, value, self.node.type)

    def coerced(self, value: Value) -> Value:
        """``value`` as the node's declared type; null with a warning when it does not conform."""
        try:
            if isinstance(value, tuple | Mapping):
                refuse_huge(value)
            return self.typed(value)
        except Nothing as why:
            self.warn(self.node.at, str(why))
            return None
