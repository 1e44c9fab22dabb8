"""How many points an expression can give at least and at most, read from its text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from tael.dmn.feel import syntax as s
from tael.dmn.feel.numbers import NUMBERS
from tael.dmn.model.graph import Graph
from tael.dmn.reasons.attainable import hit_sets

# The least and the most; None where the text does not tell.
Bounds: TypeAlias = tuple[Decimal, Decimal]
_DEEPEST = 40
_ZERO = Decimal(0)


class Reader:
    """Reads bounds in the scope of a node of ``graph``."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def of(  # noqa: PLR0911 - one answer a kind of tree
        self, tree: s.Expression, scope: Mapping[str, str], path: str = "", depth: int = 0
    ) -> Bounds | None:
        """Bounds of ``tree``, whose names mean what ``scope`` says; None when they do not show."""
        if depth > _DEEPEST:
            return None

        def inner(part: s.Expression) -> Bounds | None:
            return self.of(part, scope, path, depth + 1)

        if isinstance(tree, s.Literal):
            return (tree.value, tree.value) if isinstance(tree.value, Decimal) else None
        if isinstance(tree, s.Typed):
            return inner(tree.expression)
        if isinstance(tree, s.Negation):
            found = inner(tree.operand)
            return found and (-found[1], -found[0])
        if isinstance(tree, s.If):
            return _union([inner(tree.then), inner(tree.otherwise)])
        if isinstance(tree, s.Binary):
            return _arithmetic(tree.operator, inner(tree.left), inner(tree.right))
        if isinstance(tree, s.DecisionTable):
            return self._of_table(tree, scope, path, depth)
        return self._of_name(tree, scope, depth)

    def _of_name(self, tree: s.Expression, scope: Mapping[str, str], depth: int) -> Bounds | None:
        """Bounds of another decision, or of what a knowledge model gives."""
        called = isinstance(tree, s.Call)
        name = tree.function if isinstance(tree, s.Call) else tree
        key = scope.get(name.name, "") if isinstance(name, s.Name) else ""
        nodes = self._graph.knowledge if called else self._graph.decisions
        node = nodes.get(key)
        if node is None or node.logic is None:
            return None
        logic = node.logic.body if isinstance(node.logic, s.FunctionLiteral) else node.logic
        return self.of(logic, node.scope, node.path, depth + 1)

    def _of_table(
        self, table: s.DecisionTable, scope: Mapping[str, str], path: str, depth: int
    ) -> Bounds | None:
        if len(table.outputs) != 1 or table.aggregation == "count":
            return None
        rows = range(len(table.rules))
        each = [self.of(table.rules[r].conclusions[0], scope, path, depth + 1) for r in rows]
        default = table.outputs[0].default
        otherwise = self.of(default, scope, path, depth + 1) if default else None
        return table_bounds(table, rows, each, otherwise, self.allowed(scope, path))

    def allowed(self, scope: Mapping[str, str], path: str) -> _Allowed:
        """Allowed values by the item definition of the input that a column looks at."""
        return _Allowed(self._graph, scope, path)


class _Allowed:
    def __init__(self, graph: Graph, scope: Mapping[str, str], path: str) -> None:
        self._graph, self._scope, self._path = graph, scope, path

    def __call__(self, column: s.TableInput) -> list[s.UnaryTests]:
        name = column.expression.name if isinstance(column.expression, s.Name) else ""
        node = self._graph.inputs.get(self._scope.get(name, ""))
        wanted = node.type if node is not None else None
        found: list[s.UnaryTests] = []
        for _ in range(_DEEPEST):
            if isinstance(wanted, s.NamedType) and node is not None:
                wanted = self._graph.types[node.path].items.get(wanted.name)
            if not isinstance(wanted, s.ItemType):
                break
            found += [wanted.allowed] if wanted.allowed is not None else []
            wanted = wanted.type
        return found


def table_bounds(
    table: s.DecisionTable,
    rows: Sequence[int],
    points: Sequence[Bounds | None],
    otherwise: Bounds | None,
    allowed: _Allowed,
) -> Bounds | None:
    """What ``rows`` of ``table`` give together: rows that no input can hit do not count.

    Args:
        table: a decision table.
        rows: 0-based indices of the rules that count.
        points: bounds of each row's points; without them nothing is told.
        otherwise: bounds of the default, for when no row matches.
        allowed: allowed values of what the columns look at.
    """
    if any(each is None for each in points):
        return None
    given = [each for each in points if each is not None]
    sets = hit_sets(table, rows, allowed)
    if sets is None:
        return _at_large(table, given, otherwise)
    return _union_known(_given(table, bits, given, otherwise) for bits in sets)


def _given(
    table: s.DecisionTable, bits: int, points: Sequence[Bounds], otherwise: Bounds | None
) -> Bounds | None:
    """What the hit policy makes of the rows in ``bits``; None when it makes null of them."""
    hits = [each for i, each in enumerate(points) if bits >> i & 1]
    if not hits:
        sums = table.hit_policy in ("C", "R", "O") and table.aggregation not in ("min", "max")
        return otherwise or ((_ZERO, _ZERO) if sums else None)
    if table.hit_policy in ("C", "R", "O"):
        return _folded(table.aggregation, hits)
    if table.hit_policy == "U" and len(hits) > 1:
        return None
    return hits[0] if table.hit_policy in ("F", "U") else _union(hits)


def _folded(aggregation: str, hits: Sequence[Bounds]) -> Bounds:
    fold = {"min": min, "max": max}.get(aggregation)
    lows, highs = [low for low, _ in hits], [high for _, high in hits]
    if fold is not None:
        return fold(lows), fold(highs)
    return sum(lows, _ZERO), sum(highs, _ZERO)


def _at_large(
    table: s.DecisionTable, points: Sequence[Bounds], otherwise: Bounds | None
) -> Bounds | None:
    """Bounds without looking at the cells: any row may be hit, rows of a sum all at once."""
    if table.hit_policy in ("C", "R", "O") and table.aggregation not in ("min", "max"):
        lows = (min(low, _ZERO) for low, _ in points)
        return sum(lows, _ZERO), sum((max(high, _ZERO) for _, high in points), _ZERO)
    return _union_known([*points, otherwise])


def _union(parts: Sequence[Bounds | None]) -> Bounds | None:
    return None if any(part is None for part in parts) else _union_known(parts)


def _union_known(parts: Iterable[Bounds | None]) -> Bounds | None:
    known = [part for part in parts if part is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def _arithmetic(operator: str, left: Bounds | None, right: Bounds | None) -> Bounds | None:
    if left is None or right is None:
        return None
    if operator == "+":
        return NUMBERS.add(left[0], right[0]), NUMBERS.add(left[1], right[1])
    if operator == "-":
        return NUMBERS.subtract(left[0], right[1]), NUMBERS.subtract(left[1], right[0])
    if operator == "*":
        corners = [NUMBERS.multiply(a, b) for a in left for b in right]
        return min(corners), max(corners)
    return None
