"""Partial evaluation: what a decision is when only some inputs are known yet.

Paid data is fetched only while it matters: ``partial`` says whether the outcome is already decided,
and otherwise which of the unknown inputs can still change it. It is always sound: what it calls
decided is what every completion gives, null and wrongly typed inputs included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tael.dmn.errors import DmnError
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Code
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge
from tael.dmn.partial.declared import coerced, unknown_input
from tael.dmn.partial.expressions import Evaluator, Memory, Scope
from tael.dmn.partial.tables import TableOutcome
from tael.dmn.partial.unknowns import Abstract, Known, Unknown, needs_of, settled
from tael.dmn.run import Run
from tael.dmn.verification.domains import Place, inputs_behind
from tael.dmn.verification.geometry import Column, column_of

__all__ = ["Partial", "PartialEvaluator"]


@dataclass(frozen=True, slots=True)
class Partial:
    """What is known of a decision.

    Attributes:
        decided: whether no unknown input can change the outcome any more.
        value: the outcome when decided; else None.
        needs: unknown inputs that can still change it; empty when decided.
        irrelevant: unknown inputs of the model that no longer can.
    """

    decided: bool
    value: Value
    needs: frozenset[str]
    irrelevant: frozenset[str]


class PartialEvaluator:
    """Partial evaluation of one model; what it compiles serves all calls."""

    def __init__(
        self, graph: Graph, codes: Mapping[str, Code], compilers: Mapping[str, Compiler]
    ) -> None:
        self.graph = graph
        self.codes = codes
        self.compilers = compilers
        self._memory = Memory()
        self._columns: dict[int, tuple[object, tuple[Column, ...]]] = {}
        self._behind: dict[str, frozenset[str]] = {}

    def partial(self, known: Mapping[str, object], decision: str) -> Partial:
        """What ``known`` inputs decide; one that is absent is not known yet, unlike null.

        Raises:
            DmnError: no such decision.
            BadInput: a value without a FEEL type; names the field.
        """
        decisions = self.graph.decisions
        key = next((k for k, d in decisions.items() if d.path + d.name == decision), None)
        if key is None:
            raise DmnError(
                f"no decision {decision!r}", file=self.graph.file, rule="a decision of the model"
            )
        world = _World(self, known)
        found = settled(world.of(key))
        unknown = frozenset(world.name(each) for each in self.graph.inputs if world.is_open(each))
        if isinstance(found, Known):
            return Partial(True, found.value, frozenset(), unknown)
        needs = needs_of(found)
        return Partial(False, None, needs, unknown - needs)

    def behind(self, key: str) -> frozenset[str]:
        """Keys of the inputs an element needs."""
        if key not in self._behind:
            self._behind[key] = inputs_behind(self.graph, key)
        return self._behind[key]

    @property
    def memory(self) -> Memory:
        """What was read of the trees."""
        return self._memory

    def columns(self, table: s.DecisionTable, place: Place) -> tuple[Column, ...]:
        """The geometry of a table, made once."""
        found = self._columns.get(id(table))
        if found is None:
            made = tuple(column_of(table, i, place) for i in range(len(table.inputs)))
            found = self._columns[id(table)] = table, made
        return found[1]


class _World:
    """One call: what is known of each element, computed when first asked for."""

    def __init__(self, owner: PartialEvaluator, known: Mapping[str, object]) -> None:
        self._owner = owner
        self._graph = owner.graph
        self._known = known
        self._run = Run(owner, known)
        self._evaluator = Evaluator(self, owner.memory)
        self._found: dict[str, Abstract] = {}

    def name(self, key: str) -> str:
        """The name of an input as the caller writes it."""
        item = self._graph.inputs[key]
        return item.path + item.name

    def is_open(self, key: str) -> bool:
        """Whether nobody gave the input yet."""
        item = self._graph.inputs[key]
        if item.path + item.name in self._known:
            return False
        given: object = self._known
        for part in (*item.path.split(".")[:-1], item.name):
            if not isinstance(given, Mapping) or part not in given:
                return True
            given = given[part]
        return False

    def of(self, key: str) -> Abstract:
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._compute(key)
        return found

    def _compute(self, key: str) -> Abstract:
        open_inputs = [each for each in self._owner.behind(key) if self.is_open(each)]
        if not open_inputs:
            return Known(self._run.value(key))
        graph = self._graph
        if key in graph.inputs:
            item: InputData = graph.inputs[key]
            return unknown_input(
                self.name(key), item.type, self.compiler(item.path), self.types(item.path)
            )
        if key in graph.decisions:
            node: Decision = graph.decisions[key]
            if node.logic is None:
                return Known(None)
            value = self._evaluator.value(node.logic, Scope(node))
            return settled(coerced(value, node.type, self.types(node.path)))
        return Unknown(frozenset(map(self.name, open_inputs)))

    def knowledge(self, key: str) -> Knowledge | None:
        return self._graph.knowledge.get(key)

    def compiler(self, path: str) -> Compiler:
        return self._owner.compilers[path]

    def types(self, path: str) -> TypeSystem:
        return self._graph.types[path]

    def table(self, tree: s.DecisionTable, scope: Scope, evaluator: Evaluator) -> Abstract:
        types = dict.fromkeys(scope.local)
        place = Place(self._graph, scope.node, self._owner.compilers, types)
        columns = self._owner.columns(tree, place)
        return TableOutcome(tree, scope, evaluator, columns).value()
