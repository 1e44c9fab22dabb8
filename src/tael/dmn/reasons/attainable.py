"""Which sets of rows a table can hit at all, and so the most points it can give.

A column is cut at the constants of its cells; one value of each piece stands for all of it, so the
cells are asked by the engine's own code. A cell that is not constant may match or not, whatever the
others do: what comes out is then an upper bound. Columns are taken as independent of each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import pairwise

from tael.dmn.feel import syntax as s
from tael.dmn.feel.closures import Compiler
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.values import Value

# Cells asked and sets of rows met before the search gives up and takes every row as attainable.
_MOST_CELLS = 200_000
_MOST_SETS = 20_000
# Allowed values of what a column looks at, besides those of the column itself.
AllowedOf = Callable[[s.TableInput], list[s.UnaryTests]]

_ALONE = Env(Alone())
_COMPILER = Compiler()


def hit_sets(
    table: s.DecisionTable, rows: Sequence[int], allowed_of: AllowedOf
) -> frozenset[int] | None:
    """Every set of ``rows`` that some input matches, as bits by position in ``rows``.

    Args:
        table: a decision table.
        rows: 0-based indices of the rules that are asked about.
        allowed_of: allowed values by the type of what a column looks at.

    Returns:
        None when there are too many to go through.
    """
    sets: set[int] = {(1 << len(rows)) - 1}
    for columns in _columns_by_text(table):
        pieces = _pieces(table, columns, rows, allowed_of)
        if pieces is None:
            return None
        if pieces:
            sets = {known & piece for known in sets for piece in pieces}
        if len(sets) > _MOST_SETS:
            return None
    return frozenset(sets)


def _columns_by_text(table: s.DecisionTable) -> Iterable[list[int]]:
    """Columns that look at the same thing go together: they never differ."""
    groups: dict[str, list[int]] = {}
    for index, column in enumerate(table.inputs):
        groups.setdefault(column.text or f"column {index}", []).append(index)
    return groups.values()


def _pieces(
    table: s.DecisionTable, columns: Sequence[int], rows: Sequence[int], allowed_of: AllowedOf
) -> set[int] | None:
    """For each piece of the columns' values the rows that match there; none when all always do."""
    cells = [[table.rules[row].conditions[column] for column in columns] for row in rows]
    heads = [table.inputs[column] for column in columns]
    allowed = [t for head in heads for t in (head.allowed, *allowed_of(head))]
    limits = [tests for tests in allowed if tests is not None and _constants(tests) is not None]
    cuts: list[Value] = []
    free = 0
    for position, row in enumerate(cells):
        for cell in row:
            found = _constants(cell)
            free |= (found is None) << position
            cuts += found or ()
    for tests in limits:
        cuts += _constants(tests) or ()
    values = _representatives(cuts)
    if len(values) * len(rows) > _MOST_CELLS or free.bit_count() > _MOST_CELLS.bit_length():
        return None
    passes = [[_COMPILER.unary_tests(c) for c in row if _constants(c) is not None] for row in cells]
    legal = [_COMPILER.unary_tests(tests) for tests in limits]
    found_sets: set[int] = set()
    for value in values:
        if all(test(_ALONE, value) is True for test in legal):
            hit = (
                1 << position
                for position, tests in enumerate(passes)
                if all(test(_ALONE, value) is True for test in tests)
            )
            found_sets.add(sum(hit))
    return _freed(found_sets or {0}, free)


def _freed(sets: set[int], free: int) -> set[int]:
    """With every row that is free to match or not doing both."""
    while free:
        bit = free & -free
        free ^= bit
        sets |= {each & ~bit for each in sets}
    return sets


def _representatives(cuts: Sequence[Value]) -> list[Value]:
    """One value for each piece between ``cuts``, by kind; one stands for all where none is."""
    numbers = sorted({cut for cut in cuts if isinstance(cut, Decimal)})
    texts = sorted({cut for cut in cuts if isinstance(cut, str)})
    values: list[Value] = []
    if numbers:
        between = [(low + high) / 2 for low, high in pairwise(numbers)]
        values += [numbers[0] - 1, *numbers, *between, numbers[-1] + 1]
    if texts:
        # Behind each text, and before all of them: order matters to cells like < "m".
        values += ["", *texts, *(text + "\x00" for text in texts)]
    if any(isinstance(cut, bool) for cut in cuts):
        values += [True, False]
    if any(cut is None for cut in cuts):
        values.append(None)
    return values or [None]


def _constants(tests: s.UnaryTests) -> tuple[Value, ...] | None:
    """The constants a cell compares with; None when it asks for more than constants."""
    found: list[Value] = []
    for test in tests.tests:
        if isinstance(test, s.Comparison):
            each = _constant(test.operand)
        elif test.uses_value:
            return None
        else:
            each = _constant(test.expression)
        if each is None:
            return None
        found += each
    return tuple(found)


def _constant(tree: s.Expression) -> tuple[Value, ...] | None:
    if isinstance(tree, s.Literal):
        return (tree.value,)
    if isinstance(tree, s.Negation) and isinstance(tree.operand, s.Literal):
        number = tree.operand.value
        return (-number,) if isinstance(number, Decimal) else None
    if isinstance(tree, s.RangeLiteral):
        low, high = _constant(tree.low), _constant(tree.high)
        return None if low is None or high is None else low + high
    return None
