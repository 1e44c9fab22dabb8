"""Tables of strings and booleans alone: rows of single values stand in a dict of tuples.

A table of ten thousand equal words is one look-up; the few rows that ask for more than single
values are left to masks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tael.dmn.compiled import plan as p

_LEAST_ROWS = 64
_MOST_COMBINATIONS = 8
_LARGEST_REST = 8  # one row in so many may be none of single values
TWICE = -1


@dataclass(frozen=True, slots=True)
class Exact:
    """Rows by the tuple of values they ask for, and the indexes of the other rows.

    Attributes:
        rows: the number, from 1, of the first row; ``TWICE`` where several have the same values.
        rest: indexes of rows that no tuple stands for.
    """

    rows: dict[tuple[str | bool, ...], int]
    rest: list[int]


def exact_of(columns: Sequence[Sequence[p.Cell]], *, unique: bool) -> Exact | None:
    """The rows of cells by column as a dict; None where masks are as good.

    ``unique`` marks values that several rows ask for, where otherwise the first one counts.
    """
    count = len(columns[0]) if columns else 0
    if len(columns) < 2 or count < _LEAST_ROWS:  # noqa: PLR2004 - one column is read directly
        return None
    rows: dict[tuple[str | bool, ...], int] = {}
    rest: list[int] = []
    for row, cells in enumerate(zip(*columns, strict=True)):
        values = [_points(cell) for cell in cells]
        if not all(values) or math.prod(map(len, values)) > _MOST_COMBINATIONS:
            rest.append(row)
            continue
        for each in product(*values):
            if each not in rows:
                rows[each] = row + 1
            elif unique:
                rows[each] = TWICE
    return Exact(rows, rest) if len(rest) <= count // _LARGEST_REST else None


def _points(cell: p.Cell) -> list[str | bool]:
    """The values that a cell asks for; none when it asks for something else."""
    if cell.any or cell.negated:
        return []
    return [part.low for part in cell.intervals if isinstance(part.low, str | bool)]
