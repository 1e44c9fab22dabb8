"""Decision tables and declared types: columns, cells, conclusions (DMN 1.5 clause 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tael.dmn.feel import syntax as s
from tael.dmn.feel.syntax import ItemType, TypeExpression
from tael.dmn.feel.text import inner_text
from tael.dmn.types.cells import Allowed, check_tests
from tael.dmn.types.constants import are_constant, evaluated, is_constant, passes
from tael.dmn.types.lattice import NUMBER, bare, fits, is_open, join, kind_of, shown
from tael.dmn.types.matrix import ORDERED
from tael.dmn.types.scope import Scope

if TYPE_CHECKING:
    from tael.dmn.types.expressions import Typing

_LISTS = ("C", "R", "O")


def conforms(
    typing: Typing, tree: s.Expression, actual: TypeExpression, wanted: TypeExpression
) -> None:
    """Report an expression whose value never is, or seldom is, of the declared type."""
    if not fits(actual, wanted):
        words = {"actual": shown(actual), "expected": shown(wanted)}
        typing.site.add("result_type", tree.at, **words)
    elif kind_of(actual) == "list" and kind_of(wanted) not in ("", "null", "list"):
        words = {"actual": shown(actual), "expected": shown(wanted)}
        typing.site.add("list_for_single", tree.at, **words)
    else:
        _check_allowed(typing, tree, wanted)


def _check_allowed(typing: Typing, tree: s.Expression, wanted: TypeExpression) -> None:
    """Report a written value that the declared type does not allow."""
    while isinstance(wanted, ItemType):
        if not _is_allowed(tree, wanted.allowed):
            value = inner_text(evaluated(tree)[0])
            typing.site.add("value_outside_allowed", tree.at, value=value, expected=wanted.name)
            return
        wanted = wanted.type


def _is_allowed(tree: s.Expression, allowed: s.UnaryTests | None) -> bool:
    """Whether a written value passes; whatever is not written out is let through."""
    if allowed is None or not is_constant(tree) or not are_constant(allowed):
        return True
    value = evaluated(tree)[0]
    return value is None or passes(allowed, value)


def table_type(typing: Typing, table: s.DecisionTable, scope: Scope) -> TypeExpression:
    """The type of what a table gives."""
    for index, column in enumerate(table.inputs):
        _check_column(typing, column, [rule.conditions[index] for rule in table.rules], scope)
    outputs = [_output_type(typing, table, index, scope) for index in range(len(table.outputs))]
    if table.hit_policy in ("P", "O") and not any(each.values for each in table.outputs):
        typing.site.add("no_output_values", table.at)
    if table.aggregation:
        outputs = [_aggregated(typing, table, each) for each in outputs]
    row = outputs[0] if len(outputs) == 1 else _row(table, outputs)
    return s.ListType(row) if table.hit_policy in _LISTS and not table.aggregation else row


def _row(table: s.DecisionTable, outputs: list[TypeExpression]) -> TypeExpression:
    names = (output.name for output in table.outputs)
    return s.ContextType(tuple(zip(names, outputs, strict=True)))


def _check_column(
    typing: Typing, column: s.TableInput, cells: list[s.UnaryTests], scope: Scope
) -> None:
    found = typing.of(column.expression, scope)
    if column.type is not None:
        declared = typing.declared(column.type, column.at)
        if not fits(found, declared):
            words = {"actual": shown(found), "expected": shown(declared), "column": column.text}
            typing.site.add("column_type", column.expression.at, **words)
        found = declared if is_open(found) else found
    if column.allowed is not None:
        check_tests(typing, column.allowed, found, scope)
    lists = [Allowed(tests) for tests in (column.allowed, _allowed(found)) if tests is not None]
    for cell in cells:
        before = len(typing.site.report.found)
        check_tests(typing, cell, found, scope)
        if len(typing.site.report.found) == before and any(
            allowed.never(cell) for allowed in lists
        ):
            typing.site.add("cell_outside_allowed", cell.at)


def _allowed(wanted: TypeExpression) -> s.UnaryTests | None:
    """The innermost allowed values of a type."""
    found = None
    while isinstance(wanted, ItemType):
        found = wanted.allowed or found
        wanted = wanted.type
    return found


def _output_type(
    typing: Typing, table: s.DecisionTable, index: int, scope: Scope
) -> TypeExpression:
    column = table.outputs[index]
    trees = [rule.conclusions[index] for rule in table.rules]
    trees += [column.default] if column.default is not None else []
    declared = None if column.type is None else typing.declared(column.type, column.at)
    types = []
    for tree in trees:
        found = typing.of(tree, scope)
        types.append(found)
        if declared is not None and not fits(found, declared):
            words = {"actual": shown(found), "expected": shown(declared), "column": column.name}
            typing.site.add("output_type", tree.at, **words)
        else:
            _check_listed(typing, column, tree)
    if column.allowed is not None:
        check_tests(typing, column.allowed, declared or join(types), scope)
    inferred = join(types)
    return inferred if declared is None or is_open(declared) else declared


def _check_listed(typing: Typing, column: s.TableOutput, tree: s.Expression) -> None:
    """Report a written conclusion that the column does not list."""
    if not _is_allowed(tree, column.allowed):
        words = {"value": inner_text(evaluated(tree)[0]), "column": column.name}
        typing.site.add("output_outside_allowed", tree.at, **words)


def _aggregated(typing: Typing, table: s.DecisionTable, found: TypeExpression) -> TypeExpression:
    if table.aggregation == "count":
        return NUMBER
    kind = kind_of(bare(found))
    possible = ("number",) if table.aggregation == "sum" else ORDERED
    if kind not in ("", "null", *possible):
        words = {"operator": table.aggregation, "type": shown(found)}
        typing.site.add("aggregation_type", table.at, **words)
    return found
