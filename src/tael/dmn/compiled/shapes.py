"""Declared types as shapes, and the proof that a planned value needs no coercion."""

from __future__ import annotations

from collections.abc import Callable

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.cells import NotConstant, cell_of
from tael.dmn.feel.syntax import (
    ContextType,
    ItemType,
    ListType,
    NamedType,
    TypeExpression,
    UnaryTests,
)
from tael.dmn.feel.type_system import BUILT_IN, TypeSystem
from tael.dmn.feel.values import Value

_DEEPEST = 64
_SCALARS = {"number": p.NUMBER, "string": p.STRING, "boolean": p.BOOLEAN}
EMPTY_LIST = p.Shape(p.Kind.LIST)
# The values an expression can have, when they are few and known; None when they are not.
Possible = Callable[[p.Expression], list[Value] | None]


class Unplanned(Exception):  # noqa: N818 - not an error: it says why the general body is used
    """This part of a model is not planned, because of the reason in the text."""


def input_shape(
    types: TypeSystem, declared: TypeExpression | None
) -> tuple[p.Shape, p.Cell | None]:
    """The shape of an input and its allowed values. Raises Unplanned."""
    if declared is None:
        raise Unplanned("no type is declared")
    allowed: list[UnaryTests] = []
    wanted = declared
    for _ in range(_DEEPEST):
        if isinstance(wanted, NamedType) and wanted.name in types.items:
            wanted = types.items[wanted.name]
        elif isinstance(wanted, ItemType):
            allowed += [wanted.allowed] if wanted.allowed is not None else []
            wanted = wanted.type
        else:
            break
    shape = _SCALARS.get(wanted.name) if isinstance(wanted, NamedType) else None
    if shape is None:
        raise Unplanned("its type is not number, string or boolean")
    if len(allowed) > 1:
        raise Unplanned("its type has allowed values of two levels")
    return shape, cell_of(allowed[0], shape) if allowed else None


def same_shape(left: p.Shape, right: p.Shape) -> p.Shape:
    """The shape that both fit; an empty list fits any list. Raises Unplanned."""
    if left == right or right == EMPTY_LIST == p.Shape(left.kind):
        return left
    if left == EMPTY_LIST == p.Shape(right.kind):
        return right
    raise Unplanned("its parts are of different types")


def prove(
    types: TypeSystem, declared: TypeExpression | None, value: p.Expression, possible: Possible
) -> None:
    """Nothing, when ``value`` is of the declared type as it stands; else raises Unplanned."""
    if declared is not None:
        _Proof(types, possible).check(declared, value.shape, value, 0)


class _Proof:
    def __init__(self, types: TypeSystem, possible: Possible) -> None:
        self._types = types
        self._possible = possible

    def check(
        self, wanted: TypeExpression, shape: p.Shape, value: p.Expression | None, depth: int
    ) -> None:
        """``value`` is None for a part of a value, of which the shape alone is known."""
        if depth > _DEEPEST:
            raise Unplanned("the type nests too deeply")
        if isinstance(wanted, NamedType) and wanted.name in self._types.items:
            self.check(self._types.items[wanted.name], shape, value, depth + 1)
        elif isinstance(wanted, ItemType):
            self.check(wanted.type, shape, value, depth + 1)
            if wanted.allowed is not None:
                self._allowed(wanted.allowed, shape, value)
        elif isinstance(wanted, ListType):
            if shape.kind is not p.Kind.LIST:
                raise Unplanned("the value becomes a list of one")
            if shape.item is not None:
                self.check(wanted.item, shape.item, None, depth + 1)
        elif isinstance(wanted, ContextType) and shape.kind is p.Kind.CONTEXT:
            self._entries(wanted, shape, depth)
        elif not self._named(wanted, shape):
            raise Unplanned(f"a {shape.kind.value} is not what the declared type asks for")

    def _entries(self, wanted: ContextType, shape: p.Shape, depth: int) -> None:
        own = dict(shape.entries)
        for name, each in wanted.entries:
            if name not in own:
                raise Unplanned(f"the entry {name!r} of the declared type is missing")
            self.check(each, own[name], None, depth + 1)

    def _named(self, wanted: TypeExpression, shape: p.Shape) -> bool:
        if not isinstance(wanted, NamedType) or wanted.name not in BUILT_IN:
            return False
        kind = BUILT_IN[wanted.name]
        return kind == "" or (kind == shape.kind.value and shape.kind is not p.Kind.LIST)

    def _allowed(self, tests: UnaryTests, shape: p.Shape, value: p.Expression | None) -> None:
        values = None if value is None else self._possible(value)
        if values is None:
            raise Unplanned("the result has allowed values")
        try:
            cell = cell_of(tests, shape)
        except NotConstant as why:
            raise Unplanned(f"allowed values of the result: {why}") from None
        if not all(map(cell.holds, values)):
            raise Unplanned("a result may not be an allowed value")
