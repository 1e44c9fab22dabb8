"""Codes of the values that tables look at, and which codes a cell takes.

A number is coded by the edges of every cell that looks at it, once for all tables: its code is how
many of them lie behind it. ``[a..b)`` asks whether a number is behind the edge before a, and not
behind that before b; ``> a`` for the edge after a. What is coded already keeps its codes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import TypeAlias

import numpy as np

from tael.dmn.columnar import guard
from tael.dmn.columnar.columns import (
    BOOLEANS,
    LIMIT,
    Coded,
    Codes,
    Column,
    Dictionary,
    Exact,
    Given,
    Quotient,
    Raw,
    Real,
    Truth,
    Truths,
    Words,
    is_short,
    scale_of,
)
from tael.dmn.columnar.grids import Steps
from tael.dmn.columnar.kernels import Kernels
from tael.dmn.compiled.plan import Cell, Interval

_FAR = 30  # digits far beyond 62 bits

# A place on the line of numbers: (p, False) parts what is below p from the rest, (p, True) what is
# above p from the rest.
Edge: TypeAlias = tuple[Decimal, bool]


class Cuts:
    """Sorted distinct edges that part a value's line; a code is how many edges lie behind it."""

    def __init__(self, edges: Iterable[Edge]) -> None:
        self.edges = sorted(set(edges))
        self.places = {edge: place for place, edge in enumerate(self.edges)}
        points = [point for point, _ in self.edges]
        self.short = all(map(is_short, filter(None, points)))
        self.scale = max(map(scale_of, points), default=0)
        floats = [
            math.nextafter(float(p), math.inf) if after else float(p) for p, after in self.edges
        ]
        self.floats = Steps(np.array(floats, np.float64))
        self._around = np.concatenate([[-np.inf], floats, [np.inf]])
        self._whole: dict[int, Steps] = {}

    def __len__(self) -> int:
        return len(self.edges) + 1

    def whole(self, scale: int) -> Steps:
        """The least number of units of ``scale`` behind each edge, within plus or minus LIMIT."""
        known = self._whole.get(scale)
        if known is None:
            units = [_least(edge, scale) for edge in self.edges]
            known = self._whole[scale] = Steps(np.array(units, np.int64))
        return known

    def close(self, column: Real, codes: Codes) -> Truths:
        """Rows whose error may carry them over an edge."""
        lower, upper = self._around[codes], self._around[1:][codes]
        values = column.values
        errors = column.errors * (1 + 2.0**-50) + np.abs(values) * 2.0**-50 + 1e-300
        near: Truths = ~((values - lower > errors) & (upper - values > errors))
        return near


def _least(edge: Edge, scale: int) -> int:
    point, after = edge
    if point.adjusted() + scale > _FAR:
        return LIMIT if point > 0 else -LIMIT
    if scale == 0 and point == point.to_integral_value():
        least = int(point) + after
    else:
        numerator, denominator = point.as_integer_ratio()
        whole, rest = divmod(numerator * 10**scale, denominator)
        least = whole + (after or rest > 0)
    return max(-LIMIT, min(LIMIT, least))


Space: TypeAlias = Cuts | Dictionary


def coded(  # noqa: C901, PLR0911 - one way a kind
    column: Column, cuts: Cuts, kernels: Kernels, size: int
) -> tuple[Codes, Space, Truths | None]:
    """The codes of ``column``, what they stand for, and the rows that cannot be told."""
    if isinstance(column, Coded):
        return _rows(column.codes, size), column.dictionary, column.unsure
    if isinstance(column, Truth):
        return _rows(column.values, size).view(np.uint8), BOOLEANS, column.unsure
    if isinstance(column, Raw):
        if cuts.short:
            return kernels.bins(_rows(column.values, size), cuts.floats), cuts, column.unsure
        column = guard.exact(column) or column
    if isinstance(column, Given):
        steps = cuts.whole(column.scale)
        if steps.inside:
            return kernels.bins(column.units, steps), cuts, column.marks
        column = column.exact()
    if isinstance(column, Exact):
        steps = cuts.whole(column.scale)
        return kernels.bins(_rows(column.units, size), steps), cuts, column.unsure
    if not isinstance(column, Raw | Quotient | Real):
        raise TypeError(f"no codes of {type(column).__name__}")
    doubles = guard.real(column)
    codes = kernels.bins(_rows(doubles.values, size), cuts.floats)
    if isinstance(column, Quotient) and cuts.short and guard.is_sharp(column, cuts.scale):
        return codes, cuts, doubles.unsure
    close = cuts.close(doubles, codes)
    if close.any():
        return codes, cuts, close if doubles.unsure is None else doubles.unsure | close
    return codes, cuts, doubles.unsure


def _rows(values: np.ndarray, size: int) -> np.ndarray:
    if values.ndim:
        return values
    return np.ascontiguousarray(np.broadcast_to(values, size))


def ranges(cell: Cell, space: Space) -> list[tuple[int, int]]:
    """The codes that ``cell`` takes: first and last of each run, sorted and apart."""
    last = len(space) - 1
    if cell.any:
        return [(0, last)] if last >= 0 else []
    if isinstance(space, Cuts):
        found = _merged(filter(None, (_range(part, space) for part in cell.intervals)))
    else:
        found = _merged((code, code) for code in _taken(cell.intervals, space))
    return _complement(found, last) if cell.negated else found


def _range(part: Interval, cuts: Cuts) -> tuple[int, int] | None:
    start, end = 0, len(cuts) - 1
    if isinstance(part.low, Decimal):
        start = cuts.places[part.low, not part.low_closed] + 1
    if isinstance(part.high, Decimal):
        end = cuts.places[part.high, part.high_closed]
    return (start, end) if start <= end else None


def _taken(parts: Sequence[Interval], dictionary: Dictionary) -> Iterable[int]:
    if all(part.low == part.high and part.low is not None for part in parts):
        found = (dictionary.find(part.low) for part in parts if part.low_closed)
        return [code for code in found if code is not None]
    cell = Cell(tuple(parts))
    return [code for code, value in enumerate(dictionary.values) if cell.holds(value)]


def _merged(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], end)
        else:
            merged.append((start, end))
    return merged


def _complement(found: list[tuple[int, int]], last: int) -> list[tuple[int, int]]:
    gaps: list[tuple[int, int]] = []
    at = 0
    for start, end in found:
        if start > at:
            gaps.append((at, start - 1))
        at = end + 1
    return [*gaps, (at, last)] if at <= last else gaps


def lookup(cell: Cell, space: Space) -> Truths:
    """Per code whether ``cell`` takes it."""
    taken = np.zeros(len(space), np.bool_)
    for start, end in ranges(cell, space):
        taken[start : end + 1] = True
    return taken


def masks(cells: Sequence[Cell], space: Space) -> Words:
    """Per code one bit a cell, in words of 64: toggled where a run starts and after its end."""
    toggles = np.zeros((len(space) + 1, (len(cells) + 63) // 64), np.uint64)
    known: dict[Cell, list[tuple[int, int]]] = {}
    for number, cell in enumerate(cells):
        runs = known.get(cell)
        if runs is None:
            runs = known[cell] = ranges(cell, space)
        bit, word = np.uint64(1 << (number & 63)), number >> 6
        for start, end in runs:
            toggles[start, word] ^= bit
            toggles[end + 1, word] ^= bit
    return np.bitwise_xor.accumulate(toggles, axis=0)[:-1]
