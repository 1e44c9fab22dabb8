"""Which expressions are constant, what they are, and when two trees or values are the same."""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping
from dataclasses import fields
from functools import cache

from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.lexer import Position
from tael.dmn.feel.library import BUILTINS
from tael.dmn.feel.values import Function, Range, Value, kind

# They give another value each time they are asked.
_CHANGING = frozenset({"now", "today", "random number"})
_STEADY = frozenset(BUILTINS) - _CHANGING


def nodes(tree: object) -> Iterator[s.Node]:
    """The node and all below it; item types are not walked."""
    waiting = [tree]
    while waiting:
        each = waiting.pop()
        if isinstance(each, tuple):
            waiting.extend(each)
        elif isinstance(each, s.Node):
            yield each
            waiting.extend(getattr(each, name) for name in _fields(each))


def _fields(node: s.Node) -> tuple[str, ...]:
    kind_of_node: type = type(node)
    return _field_names(kind_of_node)


@cache
def _field_names(kind_of_node: type) -> tuple[str, ...]:
    """Looked up once a type, for a table has many nodes."""
    return tuple(field.name for field in fields(kind_of_node) if field.name != "at")


def is_constant(tree: s.Expression, scope: Container[str] = ()) -> bool:
    """Whether the expression reads nothing but built-in functions that always answer alike.

    ``scope`` are the names of variables: one may have the name of a built-in function.
    """
    if isinstance(tree, s.Literal | s.AtLiteral):
        return True
    if isinstance(tree, s.RangeLiteral):  # the most frequent cell: not worth a walk
        return is_constant(tree.low, scope) and is_constant(tree.high, scope)
    return all(
        each.name in _STEADY and each.name not in scope
        if isinstance(each, s.Name)
        else not isinstance(each, _OPEN)
        for each in nodes(tree)
    )


_OPEN = (s.FunctionLiteral, s.ExternalFunction, s.DecisionTable)


def constant(tree: s.Expression, compiler: Compiler) -> Value:
    """The value of a constant expression, as the engine computes it."""
    if isinstance(tree, s.Literal):
        return tree.value
    if isinstance(tree, s.RangeLiteral):
        ends = constant(tree.low, compiler), constant(tree.high, compiler)
        return Range(*ends, low_closed=tree.low_closed, high_closed=tree.high_closed)
    try:
        return compiler.expression(tree)(Env(Alone()))
    except (Nothing, RecursionError):
        return None


def tree_key(tree: object) -> Hashable:
    """Equal for two trees that differ in their positions only."""
    if isinstance(tree, Position):
        return ()
    if isinstance(tree, tuple):
        return tuple(tree_key(each) for each in tree)
    if isinstance(tree, s.Node):
        parts = (tree_key(getattr(tree, name)) for name in _fields(tree))
        return (type(tree).__name__, *parts)
    return (type(tree).__name__, tree) if isinstance(tree, Hashable) else id(tree)


def value_key(value: Value) -> Hashable:
    """Equal for two values that nothing in FEEL tells apart but their number of zeros."""
    if isinstance(value, tuple):
        return ("list", *(value_key(item) for item in value))
    if isinstance(value, Mapping):
        return ("context", *((name, value_key(value[name])) for name in sorted(value)))
    return ("function", id(value)) if isinstance(value, Function) else (kind(value), value)
