"""The whole check: what reading found, item definitions, elements, what nothing uses."""

from __future__ import annotations

from collections.abc import Mapping

from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.syntax import TypeExpression
from tael.dmn.feel.type_system import BUILT_IN
from tael.dmn.findings import Finding
from tael.dmn.model.graph import Decision, Fault, Graph, Knowledge
from tael.dmn.types.elements import Elements, elements_of
from tael.dmn.types.items import check_items
from tael.dmn.types.report import Report, Site, nearest, whole

# What a reader calls the rule that is broken, and the kind of finding it becomes.
_KINDS: Mapping[str, str] = {
    "FEEL grammar": "syntax",
    "FEEL only": "language",
    "kind FEEL, Java or PMML": "language",
    "ids and references agree": "reference",
    "imported models are beside the file": "unresolved_import",
}


def check(graph: Graph) -> tuple[Finding, ...]:
    """Everything the type checker finds in a model and in those it imports, by place.

    A model that was read strictly has no broken reference or expression left to find: read it
    with ``tolerant=True`` to see all at once.
    """
    report = Report()
    for path, types in graph.types.items():
        file = graph.files.get(path, graph.file)
        check_items(report, file, types, graph.type_lines.get(path, {}))
    Elements(graph, report).infer()
    for fault in graph.faults:
        _add_fault(report, fault, graph)
    _note_unused(report, graph)
    return report.sorted()


def infer(graph: Graph) -> Mapping[str, TypeExpression]:
    """The type of every input, decision, knowledge model and service, by its key in the graph.

    Declared types have their item definitions put in place; where none is declared the type is
    that of the logic, Any where it cannot be told. Functions are ``FunctionType``.
    """
    return Elements(graph, Report()).infer()


def _add_fault(report: Report, fault: Fault, graph: Graph) -> None:
    error = fault.error
    at = Position(error.line, fault.column)
    site = Site(report, error.file, error.node)
    if error.rule == "declared type":
        known = [*BUILT_IN, *(name for types in graph.types.values() for name in types.items)]
        site.add("unknown_type", at, near=nearest(fault.text, known), name=fault.text)
    elif error.rule == "declared name":
        if not report.has(error.file, at):
            word = _word_at(fault)
            site.add("unknown_name", at, near=nearest(word, BUILTINS), name=word)
    elif error.rule == "FEEL grammar" and (meant := _unrequired(fault, graph)):
        site.add("missing_requirement", _start_of_name(fault, meant), name=meant)
    else:
        site.add(_KINDS.get(error.rule or "", "model"), at, detail=error.message)


def _word_at(fault: Fault) -> str:
    """The name that the message of a fault puts in quotes."""
    return fault.error.message.partition("'")[2].partition("'")[0]


def _unrequired(fault: Fault, graph: Graph) -> str:
    """The element of several words that a broken expression names and its node does not require."""
    nodes: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
    node = next((each for each in nodes if each.name == fault.error.node), None)
    if node is None:
        return ""
    text = " ".join(fault.text.split())
    names = {each.name for each in elements_of(graph).values() if each.path == node.path}
    found = [n for n in names if " " in n and n in text and n not in node.scope and n != node.name]
    return max(found, key=len, default="")


def _start_of_name(fault: Fault, name: str) -> Position:
    """Where the name begins in whose middle the reader stopped."""
    lines = fault.text.split("\n")
    starts = [line.rfind(name, 0, fault.column + len(name)) + 1 for line in lines]
    before = [start for start in starts if 0 < start <= fault.column]
    return Position(fault.error.line, max(before, default=fault.column))


def _note_unused(report: Report, graph: Graph) -> None:
    """Inputs and knowledge models of the file itself that nothing requires."""
    used: set[str] = set()
    nodes: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
    for node in nodes:
        used |= set(node.scope.values())
    for service in graph.services.values():
        used |= {*service.inputs, *service.outputs}
    for key, element in elements_of(graph).items():
        if key in graph.decisions or key in graph.services:
            continue
        if key not in used and not element.path and element.name not in report.missed:
            kind = "unused_knowledge" if key in graph.knowledge else "unused_input"
            site = Site(report, graph.file, element.name)
            site.add(kind, whole(element.at), name=element.name)
