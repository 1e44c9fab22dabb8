"""What a column can hold: its declared type, allowed values, what a decision can give.

Also which inputs of the model lie behind it: two columns with a common one are not independent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.type_system import BUILT_IN, TypeSystem
from tael.dmn.feel.values import Value, kind
from tael.dmn.model.graph import Decision, Graph, InputData, Knowledge
from tael.dmn.verification.axes import axis_name
from tael.dmn.verification.constants import constant, is_constant, nodes, value_key

_DEEPEST = 24
_MOST_CHOICES = 200
_SINGLE = ("U", "A", "F", "P")


@dataclass(frozen=True, slots=True)
class Domain:
    """What a value can be, besides null.

    Attributes:
        kind: the FEEL kind its type asks for; '' when any.
        allowed: allowed values that all hold.
        choices: the only values it can have; None when they are not few and constant.
        exact: whether every value of the domain can occur: not so for a computed one.
    """

    kind: str = ""
    allowed: tuple[s.UnaryTests, ...] = ()
    choices: tuple[Value, ...] | None = None
    exact: bool = True


@dataclass(frozen=True)
class Place:
    """Where an expression stands: the model, the node, and the local names around it.

    ``types`` holds the types of local names, ``locals`` the expressions behind them, if known.
    """

    graph: Graph
    node: Decision | Knowledge
    compilers: Mapping[str, Compiler]
    types: Mapping[str, s.TypeExpression | None] = field(default_factory=dict)
    locals: Mapping[str, s.Expression] = field(default_factory=dict)

    @property
    def system(self) -> TypeSystem:
        return self.graph.types[self.node.path]

    @property
    def compiler(self) -> Compiler:
        return self.compilers[self.node.path]

    @property
    def names(self) -> frozenset[str]:
        """Names of variables here."""
        return frozenset(self.types) | frozenset(self.node.scope)

    def with_name(
        self, name: str, wanted: s.TypeExpression | None, logic: s.Expression | None = None
    ) -> Place:
        """The place with one more local name."""
        known = {key: value for key, value in self.locals.items() if key != name}
        if logic is not None:
            known[name] = logic
        return replace(self, types={**self.types, name: wanted}, locals=known)

    def at(self, node: Decision) -> Place:
        """The place of another decision's logic."""
        return Place(self.graph, node, self.compilers)

    def element(self, name: str) -> InputData | Decision | None:
        """What a name of the node's scope means."""
        key = "" if name in self.types else self.node.scope.get(name, "")
        return self.graph.inputs.get(key) or self.graph.decisions.get(key)


def domain_of(tree: s.Expression, place: Place) -> Domain:
    """What the expression of a column can be."""
    choices = _choices(tree, place, _DEEPEST)
    known = tuple(value for value in choices or () if value is not None)
    if known and all(axis_name(value) is not None for value in known):
        kinds = {kind(value) for value in known}
        return Domain(kinds.pop() if len(kinds) == 1 else "", choices=known)
    wanted, system = _declared(tree, place)
    domain = plain_domain(wanted, system)
    element = place.element(tree.name) if isinstance(tree, s.Name) else None
    return replace(domain, exact=not isinstance(element, Decision))


def sources_of(tree: s.Expression, place: Place, depth: int = _DEEPEST) -> frozenset[str]:
    """Keys of the inputs behind an expression, and its local names that nobody looks behind."""
    found: set[str] = set()
    for node in nodes(tree):
        if not isinstance(node, s.Name):
            continue
        if node.name in place.types:
            logic = place.locals.get(node.name)
            local = frozenset({f"local {node.name}"})
            found |= sources_of(logic, place, depth - 1) if logic and depth else local
        elif node.name in place.node.scope:
            found |= inputs_behind(place.graph, place.node.scope[node.name])
    return frozenset(found)


def inputs_behind(graph: Graph, key: str) -> frozenset[str]:
    """Keys of all inputs that the element needs, itself if it is one."""
    elements: Mapping[str, Decision | Knowledge] = {**graph.decisions, **graph.knowledge}
    waiting, seen = [key], set[str]()
    while waiting:
        each = waiting.pop()
        if each in seen:
            continue
        seen.add(each)
        if each in elements:
            waiting.extend(elements[each].scope.values())
        elif each in graph.services:
            service = graph.services[each]
            waiting.extend((*service.inputs, *service.outputs))
    return frozenset(each for each in seen if each in graph.inputs)


def _declared(tree: s.Expression, place: Place) -> tuple[s.TypeExpression | None, TypeSystem]:
    """The declared type of an expression, and the types it is to be read with."""
    if isinstance(tree, s.Typed):
        return tree.type, place.system
    if isinstance(tree, s.Name):
        if tree.name in place.types:
            return place.types[tree.name], place.system
        element = place.element(tree.name)
        return (None, place.system) if element is None else (
            element.type, place.graph.types[element.path],
        )  # fmt: skip
    if isinstance(tree, s.Path):
        wanted, system = _declared(tree.source, place)
        entries = bare_type(wanted, system)
        if isinstance(entries, s.ContextType):
            return dict(entries.entries).get(tree.name), system
    return None, place.system


def bare_type(wanted: s.TypeExpression | None, system: TypeSystem) -> s.TypeExpression | None:
    """A type without the item definitions around it."""
    for _ in range(_DEEPEST):
        if isinstance(wanted, s.ItemType):
            wanted = wanted.type
        elif isinstance(wanted, s.NamedType) and wanted.name in system.items:
            wanted = system.items[wanted.name]
        else:
            break
    return wanted


def plain_domain(wanted: s.TypeExpression | None, system: TypeSystem) -> Domain:
    """The domain of a declared type: its kind and the allowed values on the way to it."""
    allowed: list[s.UnaryTests] = []
    for _ in range(_DEEPEST):
        if isinstance(wanted, s.ItemType):
            if wanted.allowed is not None:
                allowed.append(wanted.allowed)
            wanted = wanted.type
        elif isinstance(wanted, s.NamedType) and wanted.name in system.items:
            wanted = system.items[wanted.name]
        else:
            break
    if isinstance(wanted, s.NamedType):
        found = BUILT_IN.get(wanted.name.rpartition(":")[2], "")
        return Domain(found, tuple(allowed))
    named = {s.ListType: "list", s.ContextType: "context", s.FunctionType: "function"}
    return Domain("" if wanted is None else named.get(type(wanted), "range"), tuple(allowed))


def _choices(tree: s.Expression | None, place: Place, depth: int) -> tuple[Value, ...] | None:  # noqa: PLR0911 - one answer a form
    """Every value the expression can have, null included, when they are constants."""
    if tree is None or not depth:
        return None
    if is_constant(tree, place.names):
        return (constant(tree, place.compiler),)
    if isinstance(tree, s.Typed):
        return _coerced(_choices(tree.expression, place, depth - 1), tree.type, place.system)
    if isinstance(tree, s.If):
        then = _choices(tree.then, place, depth - 1)
        otherwise = _choices(tree.otherwise, place, depth - 1)
        return None if then is None or otherwise is None else _distinct(then + otherwise)
    if isinstance(tree, s.DecisionTable):
        return _outputs(tree, 0, place) if len(tree.outputs) == 1 else None
    if isinstance(tree, s.Name):
        if tree.name in place.types:
            return _choices(place.locals.get(tree.name), place, depth - 1)
        found = place.element(tree.name)
        if isinstance(found, Decision):
            inner = place.at(found)
            return _coerced(_choices(found.logic, inner, depth - 1), found.type, inner.system)
    if isinstance(tree, s.Path) and isinstance(tree.source, s.Name):
        return _entry(tree.source, tree.name, place)
    return None


def _entry(source: s.Name, name: str, place: Place) -> tuple[Value, ...] | None:
    """The choices of one output of a decision that is a table."""
    found = place.element(source.name)
    logic = found.logic if isinstance(found, Decision) else None
    while isinstance(logic, s.Typed):
        logic = logic.expression
    if not isinstance(logic, s.DecisionTable) or not isinstance(found, Decision):
        return None
    names = [output.name for output in logic.outputs]
    if len(names) < 2 or name not in names:  # noqa: PLR2004 - one output makes no context
        return None
    return _outputs(logic, names.index(name), place.at(found))


def _outputs(table: s.DecisionTable, column: int, place: Place) -> tuple[Value, ...] | None:
    """What an output column of a table can give; null when no rule matches."""
    if table.hit_policy not in _SINGLE:
        return None
    trees = [rule.conclusions[column] for rule in table.rules]
    default = table.outputs[column].default
    values: list[Value] = [None]
    for tree in (*trees, *((default,) if default else ())):
        if not is_constant(tree, place.names):
            return None
        values.append(constant(tree, place.compiler))
    return _distinct(tuple(values))


def _coerced(
    values: tuple[Value, ...] | None, wanted: s.TypeExpression | None, system: TypeSystem
) -> tuple[Value, ...] | None:
    if values is None or wanted is None:
        return values
    made: list[Value] = []
    for value in values:
        try:
            made.append(system.coerce(value, wanted))
        except Nothing:
            made.append(None)
    return _distinct(tuple(made))


def _distinct(values: tuple[Value, ...]) -> tuple[Value, ...] | None:
    found = {value_key(value): value for value in values}
    return None if len(found) > _MOST_CHOICES else tuple(found.values())
