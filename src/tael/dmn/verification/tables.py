"""Every decision table of a model, with the names around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.model.graph import Decision, Graph, Knowledge
from tael.dmn.verification.domains import Place


def tables_of(
    graph: Graph, compilers: Mapping[str, Compiler]
) -> Iterator[tuple[str, s.DecisionTable, Place]]:
    """Name of the node, table and place; of the file itself, not of what it imports."""
    every: list[Decision | Knowledge] = [*graph.decisions.values(), *graph.knowledge.values()]
    for node in every:
        if node.logic is not None and not node.path:
            for table, place in _below(node.logic, Place(graph, node, compilers)):
                yield node.name, table, place


def _below(tree: object, place: Place) -> Iterator[tuple[s.DecisionTable, Place]]:
    if isinstance(tree, tuple):
        for each in tree:
            yield from _below(each, place)
    elif isinstance(tree, s.DecisionTable):
        yield tree, place  # its cells are texts: no table stands in them
    elif isinstance(tree, s.BoxedContext | s.ContextLiteral):
        yield from _in_context(tree, place)
    elif isinstance(tree, s.Node):
        inner = _with_parameters(tree, place)
        for field in fields(tree):
            yield from _below(getattr(tree, field.name), inner)


def _with_parameters(tree: s.Node, place: Place) -> Place:
    """The place inside a node that brings names of its own."""
    if isinstance(tree, s.FunctionLiteral):
        declared = tree.types or (None,) * len(tree.parameters)
        for name, wanted in zip(tree.parameters, declared, strict=True):
            place = place.with_name(name, wanted)
    if isinstance(tree, s.For | s.Quantified):
        for name, _ in tree.iterators:
            place = place.with_name(name, None)
    return place.with_name("item", None) if isinstance(tree, s.Filter) else place


def _in_context(
    tree: s.BoxedContext | s.ContextLiteral, place: Place
) -> Iterator[tuple[s.DecisionTable, Place]]:
    """Each entry sees those before it."""
    for name, logic in tree.entries:
        yield from _below(logic, place)
        wanted = logic.type if isinstance(logic, s.Typed) else None
        # An entry that bears a name it reads itself would lead round in a circle.
        known = name not in place.types and name not in place.node.scope
        place = place.with_name(name, wanted, logic if known else None)
    if isinstance(tree, s.BoxedContext):
        yield from _below(tree.result, place)
