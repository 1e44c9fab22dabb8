"""Unary tests: cells, allowed values, what follows ``in`` (DMN 1.5 clause 7.3.3 and 8.2.4)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

from tael.dmn.feel import syntax as s
from tael.dmn.feel.syntax import TypeExpression
from tael.dmn.feel.values import Value
from tael.dmn.types import matrix
from tael.dmn.types.constants import are_constant, is_enumeration, points_of, tester
from tael.dmn.types.lattice import kind_of, shown
from tael.dmn.types.scope import Scope

if TYPE_CHECKING:
    from tael.dmn.types.expressions import Typing


def check_tests(typing: Typing, tests: s.UnaryTests, value: TypeExpression, scope: Scope) -> None:
    """Report tests that no value of type ``value`` passes, or that are no tests."""
    inside = Scope({"?": value}, scope)
    for test in tests.tests:
        if isinstance(test, s.Comparison):
            _check_comparison(typing, test, value, inside)
        elif test.uses_value:
            typing.condition(test.expression, inside)
        else:
            _check_match(typing, test, value, inside)


def _check_comparison(
    typing: Typing, test: s.Comparison, value: TypeExpression, scope: Scope
) -> None:
    operand = typing.of(test.operand, scope)
    possible = matrix.equatable if test.operator in ("=", "!=") else matrix.ordered
    if not possible(value, operand):
        words = {"column": shown(value), "cell": f"{test.operator} {shown(operand)}"}
        typing.site.add("cell_type", test.at, **words)


def _check_match(typing: Typing, test: s.Matches, value: TypeExpression, scope: Scope) -> None:
    wanted = typing.of(test.expression, scope)
    if not matrix.matchable(value, wanted):
        words = {"column": shown(value), "cell": shown(wanted)}
        typing.site.add("cell_type", test.at, **words)
    elif kind_of(value) not in ("", "null", "boolean", "list"):
        _check_boolean(typing, test, value)


def _check_boolean(typing: Typing, test: s.Matches, value: TypeExpression) -> None:
    """A written ``true`` in a column of another type matches everything, ``false`` nothing."""
    literal = test.expression.value if isinstance(test.expression, s.Literal) else None
    if literal is True:
        typing.site.add("cell_always", test.at, column=shown(value))
    elif literal is False:
        typing.site.add("cell_type", test.at, column=shown(value), cell="boolean")


class Allowed:
    """The allowed values of a column, ready to be compared with many cells.

    They are looked at only when they are constant; ``never`` is then exact for listed values and
    for numbers, and else says nothing.
    """

    def __init__(self, tests: s.UnaryTests) -> None:
        self._known = bool(tests.tests) and are_constant(tests)
        self._points = points_of(tests) if self._known else []
        self._passes = tester(tests)
        self._listed = self._known and is_enumeration(tests)
        if self._listed:
            self._points = [each for each in self._points if self._passes(each)]

    def never(self, cell: s.UnaryTests) -> bool:
        """Whether it is certain that no allowed value passes the cell."""
        if not self._known or not cell.tests or None in self._points or not are_constant(cell):
            return False
        matches = tester(cell)
        if self._listed:
            return bool(self._points) and not any(map(matches, self._points))
        candidates = _between([*self._points, *points_of(cell)])
        return bool(candidates) and not any(
            matches(each) and self._passes(each) for each in candidates
        )


def _between(points: Iterable[Value]) -> list[Value]:
    """Numbers that stand for all: each point, one between neighbours, one beyond each end."""
    numbers = list(points)
    if not all(isinstance(each, Decimal) for each in numbers):
        return []
    ordered = sorted({each for each in numbers if isinstance(each, Decimal)})
    inner = [(low + high) / 2 for low, high in pairwise(ordered)]
    ends = [ordered[0] - 1, ordered[-1] + 1] if ordered else []
    return [*ordered, *inner, *ends]
