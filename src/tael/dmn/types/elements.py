"""The types of the elements of a graph: declared, or inferred from their logic."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tael.dmn.feel import syntax as s
from tael.dmn.feel.depth import with_room
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.syntax import FunctionType, TypeExpression
from tael.dmn.feel.type_system import ANY
from tael.dmn.model.graph import Decision, Element, Graph, InputData, Knowledge, Service
from tael.dmn.types.expressions import Typing
from tael.dmn.types.lattice import Definitions, Signature, bare
from tael.dmn.types.naming import Names
from tael.dmn.types.report import Report, Site, whole
from tael.dmn.types.scope import LIBRARY, Scope
from tael.dmn.types.tables import conforms


class Elements:
    """Infers the type of each element once, and reports what is wrong with its logic.

    Attributes:
        graph: the model.
        report: where findings go.
        types: the types found so far, by the key of the element.
    """

    def __init__(self, graph: Graph, report: Report) -> None:
        self.graph = graph
        self.report = report
        self.types: dict[str, TypeExpression] = {}
        self._all = elements_of(graph)
        self._systems: dict[str, Definitions] = {}
        self._names = _names_by_path(graph)

    def infer(self) -> Mapping[str, TypeExpression]:
        """The type of every element by its key; each after those it requires."""
        for key in self._ordered():
            self.types[key] = self._type_of(key)
        return self.types

    def _ordered(self) -> Iterator[str]:
        """Keys, each after what it requires; without recursion, for the way may be long."""
        done: set[str] = set()
        for start in self._all:
            waiting = [(start, False)]
            while waiting:
                key, leaving = waiting.pop()
                if leaving:
                    yield key
                elif key not in done:
                    done.add(key)
                    waiting.append((key, True))
                    waiting.extend((each, False) for each in _required(self.graph, key))

    def _type_of(self, key: str) -> TypeExpression:
        element = self._all[key]
        try:
            # A start that ran out of room leaves findings; the second start finds the same again.
            return with_room(lambda: self._element_type(element))
        except RecursionError:
            self.site(element).add("too_deep", whole(element.at), name=element.name)
            return ANY

    def _element_type(self, element: Element) -> TypeExpression:
        if isinstance(element, InputData):
            return self._expanded(element.type, element)
        if isinstance(element, Decision):
            return self._decision(element)
        if isinstance(element, Knowledge):
            return self._knowledge(element)
        return self._service(element)

    def site(self, element: Element) -> Site:
        """Where findings on ``element`` go."""
        return Site(self.report, self._file(element.path), element.name)

    def _file(self, path: str) -> str:
        return self.graph.files.get(path, self.graph.file)

    def _definitions(self, path: str) -> Definitions:
        if path not in self._systems:
            self._systems[path] = Definitions(self.graph.types.get(path))
        return self._systems[path]

    def _expanded(self, wanted: TypeExpression | None, element: Element) -> TypeExpression:
        return self._definitions(element.path).expanded(wanted)

    def _typing(self, element: Element) -> Typing:
        return Typing(
            self.site(element), self._definitions(element.path), self._names[element.path]
        )

    def _decision(self, node: Decision) -> TypeExpression:
        if node.logic is None:
            self.site(node).add("no_logic", whole(node.at), name=node.name)
            return self._expanded(node.type, node)
        typing, scope = self._typing(node), self._scope(node.scope)
        found = typing.of(node.logic, scope)
        self._note_unread(node, scope)
        if node.type is None:
            return found
        declared = self._expanded(node.type, node)
        conforms(typing, node.logic, found, declared)
        return declared

    def _knowledge(self, node: Knowledge) -> TypeExpression:
        parameters = tuple(self._expanded(each, node) for each in node.parameter_types)
        declared = self._expanded(node.type, node)
        if node.logic is None:
            self.site(node).add("no_logic", whole(node.at), name=node.name)
            return Signature(parameters, declared, node.parameters)
        typing, outer = self._typing(node), self._scope(node.scope)
        # It may call itself by its own name, like a function in a context.
        scope = (
            outer if node.name in node.scope else Scope({node.name: s.NamedType("function")}, outer)
        )
        found = bare(typing.of(node.logic, scope))
        if scope is not outer and node.name in scope.read:
            self.site(node).add("recursion", whole(node.at), name=node.name)
        self._note_unread(node, outer)
        result = found.result if isinstance(found, FunctionType) else ANY
        if node.type is not None:
            conforms(typing, _body(node.logic), result, declared)
            result = declared
        return Signature(parameters, result, node.parameters)

    def _service(self, node: Service) -> TypeExpression:
        elements = self._all
        taken = [elements[key] for key in node.inputs]
        outputs = [(elements[key].name, self.types.get(key, ANY)) for key in node.outputs]
        result = outputs[0][1] if len(outputs) == 1 else s.ContextType(tuple(outputs))
        if node.type is not None:
            declared = bare(self._expanded(node.type, node))
            if isinstance(declared, FunctionType):
                declared = declared.result
            conforms(self._typing(node), s.Name(node.at, node.name), result, declared)
            result = declared
        types = tuple(self.types.get(key, ANY) for key in node.inputs)
        return Signature(types, result, tuple(each.name for each in taken))

    def _scope(self, keys: Mapping[str, str]) -> Scope:
        return Scope({name: self.types.get(key, ANY) for name, key in keys.items()}, LIBRARY)

    def _note_unread(self, node: Decision | Knowledge, scope: Scope) -> None:
        for name in node.scope:
            if name not in scope.read:
                self.site(node).add("unused_requirement", whole(node.at), name=name)


def elements_of(graph: Graph) -> Mapping[str, Element]:
    """Every element of a graph by its key."""
    return {**graph.inputs, **graph.decisions, **graph.knowledge, **graph.services}


def _required(graph: Graph, key: str) -> Iterator[str]:
    node = graph.decisions.get(key) or graph.knowledge.get(key) or graph.services.get(key)
    if isinstance(node, Decision | Knowledge):
        yield from node.scope.values()
    elif isinstance(node, Service):
        yield from (*node.inputs, *node.outputs)


def _names_by_path(graph: Graph) -> dict[str, Names]:
    """The names of the elements of each model, and the expressions at fault there."""
    names: dict[str, set[str]] = {}
    for element in elements_of(graph).values():
        names.setdefault(element.path, set()).add(element.name)
    texts = {Position(fault.error.line, fault.column): fault.text for fault in graph.faults}
    return {path: Names(frozenset(each), texts) for path, each in names.items()}


def _body(logic: s.Expression) -> s.Expression:
    while isinstance(logic, s.Typed):
        logic = logic.expression
    return logic.body if isinstance(logic, s.FunctionLiteral) else logic
