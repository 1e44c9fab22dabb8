"""The tables of two versions beside each other, row by row, with what changed in its cell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from tael.dmn import authoring
from tael.policies.differences import cells_of, columns_of, reading_of
from tael.policies.model import Bundle, Cell, Mark, TableDifference, TableRow


def compare_tables(before: Bundle, after: Bundle) -> tuple[TableDifference, ...]:
    """Every decision table that differs, in the order of the rules; empty where none does.

    Raises:
        DmnError: a text of rules that is no DMN.
    """
    if before.dmn == after.dmn:
        return ()
    old, new = (reading_of(one.dmn).tables for one in (before, after))
    names = [*old, *(name for name in new if name not in old)]
    found = (_table(name, old.get(name), new.get(name)) for name in names)
    return tuple(one for one in found if any(row.mark is not Mark.SAME for row in one.rows))


def _table(name: str, old: authoring.Table | None, new: authoring.Table | None) -> TableDifference:
    sides = [columns_of(one) if one else () for one in (old, new)]
    rules = [[cells_of(rule) for rule in one.rules] if one else [] for one in (old, new)]
    # With other columns no cell stands where another stood.
    paired = len(sides[0]) == len(sides[1])
    return TableDifference(name, sides[1] or sides[0], tuple(_rows(rules, paired=paired)))


def _rows(rules: Sequence[Sequence[tuple[str, ...]]], *, paired: bool) -> Iterator[TableRow]:
    were, are = rules
    if not paired:
        yield from (_out(number, row) for number, row in enumerate(were, 1))
        yield from (_new(number, row) for number, row in enumerate(are, 1))
        return
    matcher = SequenceMatcher(None, were, are, autojunk=False)
    for what, i, i_end, j, j_end in matcher.get_opcodes():
        both = min(i_end - i, j_end - j)
        mark = Mark.SAME if what == "equal" else Mark.CHANGED
        for k in range(both):
            yield TableRow(mark, i + k + 1, j + k + 1, _pairs(were[i + k], are[j + k]))
        yield from (_out(n + 1, were[n]) for n in range(i + both, i_end))
        yield from (_new(n + 1, are[n]) for n in range(j + both, j_end))


def _pairs(was: tuple[str, ...], now: tuple[str, ...]) -> tuple[Cell, ...]:
    most = max(len(was), len(now))
    sides = (row + ("",) * (most - len(row)) for row in (was, now))
    return tuple(Cell(left, right) for left, right in zip(*sides, strict=True))


def _out(number: int, row: tuple[str, ...]) -> TableRow:
    return TableRow(Mark.OUT, number, None, tuple(Cell(cell, "") for cell in row))


def _new(number: int, row: tuple[str, ...]) -> TableRow:
    return TableRow(Mark.NEW, None, number, tuple(Cell("", cell) for cell in row))
