"""Unary tests as cells: intervals of constants. What is no constant is not planned."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tael.dmn.compiled import plan as p
from tael.dmn.errors import Nothing
from tael.dmn.feel import syntax as s
from tael.dmn.feel.operators import negate

ANYTHING = p.Cell((), any=True)
_NOTHING = p.Cell(())
_SCALARS = {Decimal: p.NUMBER, str: p.STRING, bool: p.BOOLEAN}


class NotConstant(Exception):  # noqa: N818 - an answer, not an error
    """A cell, or a part of one, that is not made of constants; the text says which."""


def constant(tree: s.Expression) -> Decimal | str | bool | None:
    """The value of a literal, also of a negative number. Raises NotConstant."""
    if isinstance(tree, s.Literal):
        return tree.value
    if isinstance(tree, s.Negation):
        value = constant(tree.operand)
        try:
            made = negate(value)
        except Nothing as why:
            raise NotConstant(str(why)) from None
        if isinstance(made, Decimal):
            return made
    raise NotConstant("it is not a constant")


def cell_of(tests: s.UnaryTests, shape: p.Shape) -> p.Cell:
    """The cell that ``tests`` make of values of ``shape``. Raises NotConstant."""
    if tests.any:
        return ANYTHING
    if shape == p.NUMBER:
        parts = [part for test in tests.tests for part in _number_parts(test)]
        return p.Cell(tuple(parts), negated=tests.negated)
    if shape not in (p.STRING, p.BOOLEAN):
        raise NotConstant(f"it tests a {shape.kind.value}")
    return _points(tests, shape)


# --- numbers


def _number_parts(test: s.Comparison | s.Matches) -> Iterable[p.Interval]:
    if isinstance(test, s.Comparison):
        value = constant(test.operand)
        if value is None and test.operator in ("=", "!="):
            return [] if test.operator == "=" else [p.Interval(None, None)]
        return _compared(test.operator, _number(value))
    if test.uses_value:
        raise NotConstant("it is a condition on ?")
    return _matched(test.expression)


def _compared(operator: str, value: Decimal) -> list[p.Interval]:
    if operator == "=":
        return [p.Interval(value, value)]
    if operator == "!=":
        return [
            p.Interval(None, value, high_closed=False),
            p.Interval(value, None, low_closed=False),
        ]
    if operator in ("<", "<="):
        return [p.Interval(None, value, high_closed=operator == "<=")]
    return [p.Interval(value, None, low_closed=operator == ">=")]


def _matched(tree: s.Expression) -> list[p.Interval]:
    if isinstance(tree, s.RangeLiteral):
        low, high = _number(constant(tree.low)), _number(constant(tree.high))
        return [p.Interval(low, high, tree.low_closed, tree.high_closed)]
    if isinstance(tree, s.Comparison) and tree.operator != "!=":
        return _compared(tree.operator, _number(constant(tree.operand)))
    if isinstance(tree, s.ListLiteral):
        return [part for item in tree.items for part in _matched(item)]
    value = constant(tree)
    return [] if value is None else _compared("=", _number(value))


def _number(value: Decimal | str | bool | None) -> Decimal:  # noqa: FBT001 - a FEEL value
    if not isinstance(value, Decimal):
        raise NotConstant("it does not test a number")
    return value


# --- strings and booleans: a set of values, or all but a set


def _points(tests: s.UnaryTests, shape: p.Shape) -> p.Cell:
    inside: set[str | bool] = set()
    outside: set[str | bool] | None = None  # all but these, when one test is a !=
    for test in tests.tests:
        values, negated = _point_set(test, shape)
        if not negated:
            inside |= values
        else:
            outside = values if outside is None else outside & values
    if outside is None:
        return _listed(inside, negated=tests.negated)
    return _listed(outside - inside, negated=not tests.negated)


def _listed(values: set[str | bool], *, negated: bool) -> p.Cell:
    return p.Cell(tuple(p.Interval(v, v) for v in sorted(values, key=str)), negated=negated)


def _point_set(test: s.Comparison | s.Matches, shape: p.Shape) -> tuple[set[str | bool], bool]:
    if isinstance(test, s.Comparison):
        if test.operator not in ("=", "!="):
            raise NotConstant(f"it asks for an order of a {shape.kind.value}")
        return _one(constant(test.operand), shape), test.operator == "!="
    if test.uses_value:
        raise NotConstant("it is a condition on ?")
    tree = test.expression
    items = tree.items if isinstance(tree, s.ListLiteral) else (tree,)
    found: set[str | bool] = set()
    for item in items:
        found |= _one(constant(item), shape)
    return found, False


def _one(value: Decimal | str | bool | None, shape: p.Shape) -> set[str | bool]:  # noqa: FBT001 - a FEEL value
    if value is None:
        return set()
    if isinstance(value, Decimal) or _SCALARS[type(value)] != shape:
        raise NotConstant(f"it does not test a {shape.kind.value}")
    return {value}
