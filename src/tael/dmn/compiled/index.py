"""The index of a table: cut points of numbers, and which rows each interval between them admits.

A row is a bit of a Python integer. Edges are where an answer may change: ``(c, False)`` is met by
numbers from c on, ``(c, True)`` by those above c, so that ties are exact; the bin of a number is
how many edges it has met. Masks of one table grow with rows times edges; where that is too much,
the rows stand in chunks of their own masks (``Chunks``).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from tael.dmn.compiled import plan as p
from tael.dmn.feel.numbers import NUMBERS

Edge = tuple[Decimal, bool]
# Raw numbers outside these bounds take the general body: an integer beyond is no exact double.
LIMIT = 9e15
_CHUNK_ROWS = 2048
_MOST_FLAT_BYTES = 192 * 1024 * 1024
_LEAST_EXPONENT = -290
_EXACT_DIGITS = 15
_FEW_HITS = 32
_LARGEST_BY_VALUE = 2048
_LEAST_BY_VALUE = 256
_MOST_COLLECTED = 4096


def edges_of(cells: Iterable[p.Cell]) -> set[Edge]:
    """Where the answer of any of ``cells``, which test numbers, may change."""
    found: set[Edge] = set()
    for cell in cells:
        for part in cell.intervals:
            if isinstance(part.low, Decimal):
                found.add((part.low, not part.low_closed))
            if isinstance(part.high, Decimal):
                found.add((part.high, part.high_closed))
    return found


@dataclass(frozen=True)
class Cuts:
    """Sorted edges and, for one representation of numbers, the list that ``bisect_right`` reads.

    Attributes:
        edges: sorted; the bin of a number counts those it has met, plus ``shift``.
        keys: ascending numbers of one representation, ``bisect_right(keys, x)`` is the bin of x.
        shift: 1 where bin 0 and the last one hold what no number may be (see ``LIMIT``), else 0.
    """

    edges: tuple[Edge, ...]
    keys: list[float] | list[Decimal] | list[int]
    shift: int

    @property
    def bins(self) -> int:
        return len(self.keys) + 1

    def odd(self, place: int) -> bool:
        """Whether no number that the fast body takes lies in this bin."""
        return bool(self.shift) and place in (0, self.bins - 1)


def is_exact_double(value: Decimal) -> bool:
    """Whether doubles compare with the nearest double of ``value`` as decimals do with it.

    Rounding is monotone, and two decimals of at most 15 digits never share a nearest double.
    """
    if not value:
        return True
    digits = len(value.normalize(NUMBERS).as_tuple().digits)
    return (
        digits <= _EXACT_DIGITS
        and value.adjusted() > _LEAST_EXPONENT
        and abs(value) < Decimal(LIMIT)
    )


def raw_cuts(edges: set[Edge], kind: type) -> Cuts | None:
    """Cuts of raw inputs of type int, float or Decimal; None when doubles would not be exact."""
    ordered = tuple(sorted(edges))
    if kind is int:
        inner = [min(max(_int_key(edge), -int(LIMIT)), int(LIMIT)) for edge in ordered]
        return Cuts(ordered, [-int(LIMIT), *inner, int(LIMIT)], 1)
    if kind is Decimal:
        bound = Decimal(LIMIT)
        keys = [min(max(_decimal_key(edge), -bound), bound) for edge in ordered]
        return Cuts(ordered, [-bound, *keys, bound], 1)
    if not all(is_exact_double(value) for value, _ in ordered):
        return None
    return Cuts(ordered, [-LIMIT, *map(_float_key, ordered), LIMIT], 1)


def decimal_cuts(edges: set[Edge]) -> Cuts:
    """Cuts of computed decimals."""
    ordered = tuple(sorted(edges))
    return Cuts(ordered, list(map(_decimal_key, ordered)), 0)


def int_cuts(edges: set[Edge]) -> Cuts:
    """Cuts of computed whole numbers."""
    ordered = tuple(sorted(edges))
    return Cuts(ordered, [_int_key(edge) for edge in ordered], 0)


def bins_by_value(cuts: Cuts) -> tuple[int, ...] | None:
    """The bins of whole numbers from 0 on, by index; None where cuts lie too far for that.

    ``cuts`` are those of raw ints. A negative number must not be asked for: Python would count it
    from the end.
    """
    inner = [key for key in cuts.keys[1:-1] if isinstance(key, int)]
    largest = max(map(abs, inner), default=0)
    if not inner or largest > _LARGEST_BY_VALUE:
        return None
    reach = max(2 * largest, _LEAST_BY_VALUE)
    bins: list[int] = []
    for place, (low, high) in enumerate(pairwise([-reach, *inner, reach]), start=1):
        bins += [place] * (max(high, 0) - max(low, 0))
    return tuple(bins)


def _float_key(edge: Edge) -> float:
    value = float(edge[0])
    return math.nextafter(value, math.inf) if edge[1] else value


def _decimal_key(edge: Edge) -> Decimal:
    return NUMBERS.next_plus(edge[0]) if edge[1] else edge[0]


def _int_key(edge: Edge) -> int:
    return math.floor(edge[0]) + 1 if edge[1] else math.ceil(edge[0])


# --- masks of one column


def numeric_masks(cells: Sequence[p.Cell], cuts: Cuts) -> list[int | None]:
    """By bin, the rows of ``cells`` (row i is bit i) that admit it; None for an odd bin."""
    base, toggles = _toggles(cells, cuts)
    masks: list[int | None] = []
    now = base
    for place in range(cuts.bins):
        for row in toggles.get(place, ()):
            now ^= 1 << row
        masks.append(None if cuts.odd(place) else now)
    return masks


def _toggles(cells: Sequence[p.Cell], cuts: Cuts) -> tuple[int, dict[int, list[int]]]:
    """The rows that admit anything, and by bin the rows whose answer changes on entering it."""
    place_of = {edge: i + cuts.shift for i, edge in enumerate(cuts.edges)}
    base = bytearray(len(cells) // 8 + 1)
    toggles: dict[int, list[int]] = {}
    for row, cell in enumerate(cells):
        if cell.any or cell.negated:
            base[row >> 3] |= 1 << (row & 7)
        if not cell.any:
            for start, end in _runs(cell, place_of, cuts.bins):
                toggles.setdefault(start, []).append(row)
                toggles.setdefault(end, []).append(row)
    return int.from_bytes(base, "little"), toggles


def _runs(cell: p.Cell, place_of: dict[Edge, int], bins: int) -> list[tuple[int, int]]:
    """Bins that the intervals of ``cell`` hold, as [start, end) runs apart from each other."""
    runs: list[tuple[int, int]] = []
    for part in cell.intervals:
        low, high = part.low, part.high
        start = place_of[low, not part.low_closed] + 1 if isinstance(low, Decimal) else 0
        end = place_of[high, part.high_closed] + 1 if isinstance(high, Decimal) else bins
        if start < end:
            runs.append((start, end))
    if len(runs) > 1:
        runs = _joined(sorted(runs))
    return runs


def _joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined = [runs[0]]
    for start, end in runs[1:]:
        if start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def point_masks(cells: Sequence[p.Cell]) -> tuple[dict[str | bool, int], int]:
    """By string or boolean the rows that admit it, and the rows that admit any other one."""
    size = len(cells) // 8 + 1
    other = bytearray(size)
    rows: dict[str | bool, list[int]] = {}
    for row, cell in enumerate(cells):
        if cell.any or cell.negated:
            other[row >> 3] |= 1 << (row & 7)
        if not cell.any:
            for value in {each.low for each in cell.intervals}:
                if isinstance(value, str | bool):
                    rows.setdefault(value, []).append(row)
    rest = int.from_bytes(other, "little")
    masks: dict[str | bool, int] = {}
    for value, found in rows.items():
        flips = bytearray(size)
        for row in found:
            flips[row >> 3] ^= 1 << (row & 7)
        masks[value] = rest ^ int.from_bytes(flips, "little")
    return masks, rest


# --- whole tables


def rows_of(mask: int) -> list[int]:
    """The numbers of the set bits, counted from 1, in ascending order."""
    found: list[int] = []
    if mask.bit_count() <= _FEW_HITS:
        while mask:
            low = mask & -mask
            found.append(low.bit_length())
            mask ^= low
        return found
    text = f"{mask:b}"[::-1]
    place = text.find("1")
    while place >= 0:
        found.append(place + 1)
        place = text.find("1", place + 1)
    return found


def flat_bytes(rows: int, columns: Iterable[int]) -> int:
    """About how much the masks of a table take whose columns have so many bins or values."""
    return sum(columns) * (rows // 8 + 36)


def wants_chunks(rows: int, columns: Iterable[int]) -> bool:
    """Whether masks over all rows would take too much memory."""
    return flat_bytes(rows, columns) > _MOST_FLAT_BYTES


class Chunks:
    """The index of a long table: chunks of rows, each with masks of its own.

    Numeric columns are asked by the bin of the whole table, others by the value itself.
    """

    def __init__(self, columns: Sequence[tuple[Sequence[p.Cell], Cuts | None]], rows: int) -> None:
        self._chunks: list[tuple[int, list[_Part]]] = []
        for start in range(0, rows, _CHUNK_ROWS):
            parts = [_Part(cells[start : start + _CHUNK_ROWS], cuts) for cells, cuts in columns]
            self._chunks.append((start, parts))

    def first(self, *codes: int | str | bool) -> int:
        """The number of the first row that admits all of ``codes``, from 1; 0 for none."""
        for start, parts in self._chunks:
            mask = -1
            for part, code in zip(parts, codes, strict=True):
                mask &= part(code)
                if not mask:
                    break
            if mask:
                return start + (mask & -mask).bit_length()
        return 0

    def mask(self, *codes: int | str | bool) -> int:
        """All rows that admit ``codes``, as bits."""
        found = 0
        for start, parts in self._chunks:
            mask = -1
            for part, code in zip(parts, codes, strict=True):
                mask &= part(code)
                if not mask:
                    break
            found |= mask << start
        return found


class _Part:
    """The masks of one column in one chunk."""

    __slots__ = ("_keys", "_masks", "_other", "_values")

    def __init__(self, cells: Sequence[p.Cell], cuts: Cuts | None) -> None:
        self._keys: list[int] = []
        self._masks: list[int] = []
        self._values: dict[str | bool, int] | None = None
        if cuts is None:
            self._values, self._other = point_masks(cells)
            return
        now, toggles = _toggles(cells, cuts)
        self._masks.append(now)
        for place in sorted(toggles):
            for row in toggles[place]:
                now ^= 1 << row
            self._keys.append(place)
            self._masks.append(now)

    def __call__(self, code: int | str | bool) -> int:  # noqa: FBT001 - a FEEL value
        if self._values is not None:
            return self._values.get(code, self._other)  # type: ignore[arg-type]
        return self._masks[bisect_right(self._keys, code)]


class Collected(dict[int, tuple[object, ...]]):
    """By mask the values, by row number, of its set bits in ascending order; bounded."""

    def __init__(self, values: Sequence[object]) -> None:
        super().__init__()
        self._values = values

    def __missing__(self, mask: int) -> tuple[object, ...]:
        found = tuple([self._values[number] for number in rows_of(mask)])
        if len(self) < _MOST_COLLECTED:
            self[mask] = found
        return found
