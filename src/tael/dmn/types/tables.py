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
from tael.dmn.types.report import start_of, whole
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
        typing.site.add("result_type", start_of(tree), **words)
    elif kind_of(actual) == "list" and kind_of(wanted) not in ("", "null", "list"):
        words = {"actual": shown(actual), "expected": shown(wanted)}
        typing.site.add("list_for_single", start_of(tree), **words)
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
        found = _column_type(typing, column, scope)
        _check_cells(typing, table, index, (found, scope))
    outputs = [_output_type(typing, table, index, scope) for index in range(len(table.outputs))]
    if table.hit_policy in ("P", "O") and not any(each.values for each in table.outputs):
        typing.site.add("no_output_values", whole(table.at))
    if table.aggregation:
        outputs = [_aggregated(typing, table, each) for each in outputs]
    row = outputs[0] if len(outputs) == 1 else _row(table, outputs)
    return s.ListType(row) if table.hit_policy in _LISTS and not table.aggregation else row


def _row(table: s.DecisionTable, outputs: list[TypeExpression]) -> TypeExpression:
    names = (output.name for output in table.outputs)
    return s.ContextType(tuple(zip(names, outputs, strict=True)))


def _column_type(typing: Typing, column: s.TableInput, scope: Scope) -> TypeExpression:
    """The type of what a condition column looks at."""
    found = typing.of(column.expression, scope)
    if column.type is not None:
        declared = typing.declared(column.type, column.at)
        if not fits(found, declared):
            words = {"actual": shown(found), "expected": shown(declared), "column": column.text}
            typing.site.add("column_type", start_of(column.expression), **words)
        found = declared if is_open(found) else found
    if column.allowed is not None:
        check_tests(typing, column.allowed, found, scope)
    return found


def _check_cells(
    typing: Typing,
    table: s.DecisionTable,
    index: int,
    column: tuple[TypeExpression, Scope],
) -> None:
    """Report the cells of a column that no value passes, or no value that is allowed."""
    found, scope = column
    lists = [table.inputs[index].allowed, _allowed(found)]
    allowed = [Allowed(tests) for tests in lists if tests is not None]
    for rule in table.rules:
        cell = rule.conditions[index]
        if cell.any:
            continue
        inside, before = typing.within(rule), len(typing.site.report.found)
        check_tests(inside, cell, found, scope)
        if len(typing.site.report.found) == before and any(each.never(cell) for each in allowed):
            inside.site.add("cell_never" if cell.negated else "cell_outside_allowed", cell.at)


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
    declared = None if column.type is None else typing.declared(column.type, column.at)
    types = [
        _conclusion_type(typing.within(rule), column, rule.conclusions[index], (declared, scope))
        for rule in table.rules
    ]
    if column.default is not None:
        types.append(_conclusion_type(typing, column, column.default, (declared, scope)))
    if column.allowed is not None:
        check_tests(typing, column.allowed, declared or join(types), scope)
    inferred = join(types)
    return inferred if declared is None or is_open(declared) else declared


def _conclusion_type(
    typing: Typing,
    column: s.TableOutput,
    tree: s.Expression,
    wanted: tuple[TypeExpression | None, Scope],
) -> TypeExpression:
    """The type of a conclusion, which should be of the column's and among its values."""
    declared, scope = wanted
    found, name = typing.of(tree, scope), column.name or typing.site.node
    if declared is not None and not fits(found, declared):
        words = {"actual": shown(found), "expected": shown(declared), "column": name}
        typing.site.add("output_type", start_of(tree), **words)
    elif not _is_allowed(tree, column.allowed):
        words = {"value": inner_text(evaluated(tree)[0]), "column": name}
        typing.site.add("output_outside_allowed", tree.at, **words)
    return found


def _aggregated(typing: Typing, table: s.DecisionTable, found: TypeExpression) -> TypeExpression:
    if table.aggregation == "count":
        return NUMBER
    kind = kind_of(bare(found))
    possible = ("number",) if table.aggregation == "sum" else ORDERED
    if kind not in ("", "null", *possible):
        words = {"operator": table.aggregation, "type": shown(found)}
        typing.site.add("aggregation_type", whole(table.at), **words)
    return found
