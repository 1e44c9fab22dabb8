"""One look ahead: what is known of each element of a model, computed when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Code
from tael.dmn.feel.type_system import TypeSystem
from tael.dmn.feel.values import Value
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge
from tael.dmn.partial.declared import Declared, Within, coerced
from tael.dmn.partial.expressions import Evaluator, Memory, Scope
from tael.dmn.partial.tables import TableOutcome, Tables
from tael.dmn.partial.unknowns import Abstract, Items, Known, Unknown, settled
from tael.dmn.run import Run
from tael.dmn.trace import Fired, Step, Trace
from tael.dmn.verification.constants import value_key
from tael.dmn.verification.domains import Place
from tael.dmn.verification.geometry import Column
from tael.dmn.verification.overlaps import members

_LISTS = ("C", "R", "O")
_MOST_KEPT = 20_000


class Owner(Protocol):
    """What looks ahead share: the model, and what was read of it."""

    graph: Graph
    codes: Mapping[str, Code]
    compilers: Mapping[str, Compiler]
    memory: Memory
    tables: Tables

    coerced: dict[tuple[str, int], tuple[Abstract, Abstract]]

    def behind(self, key: str) -> frozenset[str]: ...
    def declared(self, key: str) -> Declared: ...
    def columns(self, table: s.DecisionTable, place: Place) -> tuple[Column, ...]: ...


@dataclass(frozen=True, slots=True)
class _Before:
    """What an earlier world found, and the inputs of which more is known since."""

    found: Mapping[str, Abstract]
    sure: Mapping[str, int]
    news: frozenset[str]


class World:
    """What one set of known inputs says.

    Attributes:
        unknown: names of the inputs that nobody gave.
    """

    def __init__(
        self, owner: Owner, known: Mapping[str, object], within: Mapping[str, Within]
    ) -> None:
        self._owner = owner
        self._graph = owner.graph
        self._known = known
        self._within = within
        self._run = Run(owner, known)
        self._evaluator = Evaluator(self, owner.memory)
        self._found: dict[str, Abstract] = {}
        self._sure: dict[str, int] = {}
        self._before = _Before({}, {}, frozenset())
        self._open = frozenset(
            key for key, item in owner.graph.inputs.items() if not _is_given(item, known)
        )
        self.unknown = frozenset(map(self._name, self._open))

    def after(self, known: Mapping[str, object], within: Mapping[str, Within]) -> World:
        """The world when more is known; what does not depend on the news is kept."""
        made = World(self._owner, known, within)
        news = self._open - made._open
        news |= {
            key
            for key in made._open
            if self._within.get(self._name(key)) != within.get(self._name(key))
        }
        behind = self._owner.behind
        made._found = {
            key: found for key, found in self._found.items() if behind(key).isdisjoint(news)
        }
        made._run.go_on(self._run, made._found)
        made._sure = {key: rows for key, rows in self._sure.items() if key in made._found}
        made._before = _Before(self._found, self._sure, news)
        return made

    def of(self, key: str) -> Abstract:
        """What is known of an element."""
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._compute(key)
        return found

    def settled(self, key: str) -> Abstract:
        """The same, whole where all its parts are known."""
        return settled(self.of(key))

    def _compute(self, key: str) -> Abstract:
        if self._open.isdisjoint(self._owner.behind(key)):
            return Known(self._run.value(key))
        graph = self._graph
        if key in graph.inputs:
            return self._input(key)
        if key in graph.decisions:
            node = graph.decisions[key]
            if node.logic is None:
                return Known(None)
            if self._reads_the_same(node):
                if node.id in self._before.sure:
                    self._sure[node.id] = self._before.sure[node.id]
                return self._before.found[key]
            return self._coerced(node, self._evaluator.value(node.logic, Scope(node)))
        behind = self._open & self._owner.behind(key)
        return Unknown(frozenset(map(self._name, behind)))

    def _reads_the_same(self, node: Decision) -> bool:
        """Whether nothing that it reads is known otherwise than before, whatever lies behind."""
        if node.id not in self._before.found:
            return False
        return all(map(self._is_as_before, node.scope.values()))

    def _is_as_before(self, key: str) -> bool:
        if self._owner.behind(key).isdisjoint(self._before.news):
            return True
        before = self._before.found.get(key)
        if before is None or key not in self._graph.decisions:
            return False
        found = self.of(key)
        return found is before or (
            isinstance(found, Known)
            and isinstance(before, Known)
            and value_key(found.value) == value_key(before.value)
        )

    def _coerced(self, node: Decision, value: Abstract) -> Abstract:
        """As the declared type; what a table gives again and again is remembered."""
        kept = self._owner.coerced
        found = kept.get((node.id, id(value)))
        if found is not None and found[0] is value:
            return found[1]
        made = settled(coerced(value, node.type, self.types(node.path)))
        if len(kept) >= _MOST_KEPT:
            kept.clear()
        kept[node.id, id(value)] = value, made
        return made

    def _input(self, key: str) -> Abstract:
        return self._owner.declared(key).unknown(self._within.get(self._name(key)))

    def _name(self, key: str) -> str:
        item = self._graph.inputs[key]
        return item.path + item.name

    def knowledge(self, key: str) -> Knowledge | None:
        """The knowledge model with this key."""
        return self._graph.knowledge.get(key)

    def compiler(self, path: str) -> Compiler:
        """The compiler of the model at this path of imports."""
        return self._owner.compilers[path]

    def types(self, path: str) -> TypeSystem:
        """The types of that model."""
        return self._graph.types[path]

    def table(self, tree: s.DecisionTable, scope: Scope, evaluator: Evaluator) -> Abstract:
        """The outcome of a table not all of whose columns are known."""
        types = dict.fromkeys(scope.local)
        place = Place(self._graph, scope.node, self._owner.compilers, types)
        columns = self._owner.columns(tree, place)
        found, sure = TableOutcome(tree, scope, evaluator, columns).known(self._owner.tables)
        if isinstance(scope.node, Decision) and _own_table(scope.node) is tree:
            self._sure[scope.node.id] = sure
        return found

    def _asked(self, node: Decision, table: s.DecisionTable) -> int:
        """The rules that surely fire in a decision's own table, as a set."""
        if node.id not in self._sure:
            # Every column was known: it ran like any expression, which tells of no rule.
            self.table(table, Scope(node), self._evaluator)
        return self._sure[node.id]

    def certain(self) -> Trace:
        """Steps of what was computed, with what is certain only."""
        run = Run(self._owner, self._known)
        decisions = [key for key in self._found if key in self._graph.decisions]
        for key in decisions:
            if self._open.isdisjoint(self._owner.behind(key)):
                run.value(key)
        steps = run.steps()
        names = {step.node for step in steps}
        for key in decisions:
            node = self._graph.decisions[key]
            if node.name not in names:
                steps.append(self._certain_step(node, settled(self._found[key])))
        return Trace(tuple(steps))

    def _certain_step(self, node: Decision, found: Abstract) -> Step:
        table = _own_table(node)
        rules = [] if table is None else [table.rules[r] for r in members(self._asked(node, table))]
        if table is not None and table.hit_policy in _LISTS and not table.aggregation:
            # The rules that surely fire put their items into the list, whatever else is in it.
            shaped = [self._evaluator.value(rule.conclusions[0], Scope(node)) for rule in rules]
            items = Items(tuple((each, True) for each in shaped), frozenset())
            found = items if len(table.outputs) == 1 and not isinstance(found, Known) else found
        return Step.of(node.name, (), tuple(map(Fired.of, rules)), _surely(found))


def _is_given(item: InputData, known: Mapping[str, object]) -> bool:
    if item.path + item.name in known:
        return True
    if not item.path:
        return False
    given: object = known
    for part in (*item.path.split(".")[:-1], item.name):
        if not isinstance(given, Mapping) or part not in given:
            return False
        given = given[part]
    return True


def _own_table(node: Decision) -> s.DecisionTable | None:
    """The table that the decision is; tables within its logic may not be asked at all."""
    logic = node.logic
    while isinstance(logic, s.Typed):
        logic = logic.expression
    return logic if isinstance(logic, s.DecisionTable) else None


def _surely(found: Abstract) -> Value:
    """The value where it is known, of a list the items that surely are in it."""
    if isinstance(found, Items):
        return tuple(each.value for each, sure in found.parts if sure and isinstance(each, Known))
    return found.value if isinstance(found, Known) else None
