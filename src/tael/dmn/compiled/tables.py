"""Decision tables into the plan: cells of constants, conclusions by column, ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tael.dmn.compiled import plan as p
from tael.dmn.compiled.cells import ANYTHING, NotConstant, cell_of
from tael.dmn.compiled.shapes import Unplanned, same_shape
from tael.dmn.feel import syntax as s
from tael.dmn.feel.simple_cells import simple_tests, simple_value
from tael.dmn.feel.values import Value, equals
from tael.dmn.model.rules import PlainRules

Translate = Callable[[s.Expression], p.Expression]


def plan_table(table: s.DecisionTable, translate: Translate) -> p.Table:
    """``table`` with what it reads and gives translated. Raises Unplanned."""
    columns = tuple(_column(table, i, translate) for i in range(len(table.inputs)))
    outputs = tuple(_conclusions(table, i, translate) for i in range(len(table.outputs)))
    default = _default(table, translate)
    shapes = [_common(column, default[i] if default else None) for i, column in enumerate(outputs)]
    return p.Table(
        source=table,
        columns=columns,
        outputs=outputs,
        names=tuple(output.name for output in table.outputs),
        ranks=_ranks(table, outputs, translate),
        default=default,
        shape=_shape(table, shapes, has_default=default is not None),
    )


def _column(table: s.DecisionTable, index: int, translate: Translate) -> p.Column:
    column = table.inputs[index]
    value = translate(column.expression)
    try:
        allowed = cell_of(column.allowed, value.shape) if column.allowed else None
    except NotConstant as why:
        raise Unplanned(f"allowed values of {column.text!r}: {why}") from None
    cells: list[p.Cell] = []
    try:
        cells.extend(_cells(table.rules, index, value.shape))
    except NotConstant as why:  # what was read before it stays in the list
        raise Unplanned(f"rule {len(cells) + 1}, {column.text!r}: {why}") from None
    return p.Column(value, tuple(cells), allowed)


def _cells(rules: Sequence[s.Rule], index: int, shape: p.Shape) -> Iterator[p.Cell]:
    """The cells of a column; of plain rules each text is read once."""
    if not isinstance(rules, PlainRules):
        for rule in rules:
            tests = rule.conditions[index]
            yield ANYTHING if tests.any else cell_of(tests, shape)
        return
    known: dict[str, p.Cell] = {}
    for text in rules.column(index):
        cell = known.get(text)
        if cell is None:
            read = simple_tests(text, 1)
            known[text] = cell = ANYTHING if read is None or read.any else cell_of(read, shape)
        yield cell


def _conclusions(
    table: s.DecisionTable, index: int, translate: Translate
) -> tuple[p.Expression, ...]:
    found: list[p.Expression] = []
    try:
        found.extend(_translated(table, index, translate))
    except Unplanned as why:
        raise Unplanned(f"rule {len(found) + 1}, output {index + 1}: {why}") from None
    return tuple(found)


def _translated(table: s.DecisionTable, index: int, translate: Translate) -> Iterator[p.Expression]:
    """The conclusions of a column; of plain rules each text is read once."""
    rules = table.rules
    if not isinstance(rules, PlainRules):
        yield from (translate(rule.conclusions[index]) for rule in rules)
        return
    known: dict[str, p.Expression] = {}
    for text in rules.column(len(table.inputs) + index):
        value = known.get(text)
        if value is None:
            tree = simple_value(text, 1) or s.Literal(table.at, None)
            value = known[text] = translate(tree)
        yield value


def _default(table: s.DecisionTable, translate: Translate) -> tuple[p.Expression, ...] | None:
    given = [output.default for output in table.outputs if output.default is not None]
    if not given:
        return None
    if len(given) < len(table.outputs):
        raise Unplanned("some outputs have a default and some have none")
    return tuple(map(translate, given))


def _common(column: tuple[p.Expression, ...], default: p.Expression | None) -> p.Shape:
    values = [*column, default] if default is not None else list(column)
    if not values:
        raise Unplanned("a table without rules")
    shape = values[0].shape
    for value in values[1:]:
        shape = same_shape(shape, value.shape)
    return shape


def _shape(table: s.DecisionTable, shapes: list[p.Shape], *, has_default: bool) -> p.Shape:
    if table.hit_policy in ("U", "A", "F", "P"):
        return _row_shape(table, shapes)
    if not table.aggregation:
        if has_default:
            raise Unplanned("a table that collects has a default, which is no list")
        return p.Shape(p.Kind.LIST, item=_row_shape(table, shapes))
    if len(shapes) > 1:
        raise Unplanned("several outputs are aggregated")
    if table.aggregation != "count" and shapes[0] != p.NUMBER:
        raise Unplanned(f"the {table.aggregation} of what are no numbers")
    if has_default and shapes[0] != p.NUMBER:
        raise Unplanned("the default of a count is no number")
    return p.NUMBER


def _row_shape(table: s.DecisionTable, shapes: list[p.Shape]) -> p.Shape:
    if len(shapes) == 1:
        return shapes[0]
    names = [output.name for output in table.outputs]
    if len(set(names)) < len(names):
        raise Unplanned("two outputs have one name")
    return p.Shape(p.Kind.CONTEXT, entries=tuple(zip(names, shapes, strict=True)))


def _ranks(
    table: s.DecisionTable, outputs: tuple[tuple[p.Expression, ...], ...], translate: Translate
) -> tuple[tuple[int, ...], ...]:
    if table.hit_policy not in ("P", "O"):
        return ()
    ranks: list[tuple[int, ...]] = []
    for output, column in zip(table.outputs, outputs, strict=True):
        best = [_value(translate(value)) for value in output.values]
        ranks.append(tuple(_rank(_value(conclusion), best) for conclusion in column))
    return tuple(ranks)


def _value(tree: p.Expression) -> Value:
    if not isinstance(tree, p.Constant):
        raise Unplanned("priorities of what are no constants")
    return tree.value


def _rank(value: Value, best: list[Value]) -> int:
    return next((i for i, each in enumerate(best) if equals(each, value)), len(best))
