"""A decision table as boxes: per column the bins, and per bin the rules that match there.

A set of rules is a Python integer whose bit ``i`` is the rule of index ``i``. ``may`` are the rules
that can match in a bin, ``must`` those that surely do; they differ in a column with a cell that
reads other values. The last bin of a column is null.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tael.dmn.feel import syntax as s
from tael.dmn.feel.env import Alone, Env
from tael.dmn.feel.values import Value
from tael.dmn.model.rules import tests_of
from tael.dmn.verification.axes import AXES, Point, axis_name
from tael.dmn.verification.cells import Cell, CellReader, Interval, Probe
from tael.dmn.verification.constants import tree_key
from tael.dmn.verification.domains import Domain, Place, domain_of, sources_of
from tael.dmn.verification.lines import Line, Spans

_KIND_AXES = {
    "time": ("time", "zoned time"),
    "date and time": ("date and time", "zoned date and time"),
}


@dataclass(frozen=True, slots=True)
class Bin:
    """A set of values that no cell of the column tells apart, with one of them.

    ``stretch`` is where it lies on ``axis``; both are None for null and for a value of any kind.
    """

    value: Value
    axis: str | None = None
    stretch: Interval | None = None


class Bins:
    """The bins of a column, each made when it is asked for: a large table has very many."""

    def __init__(self, lines: Sequence[Line], kept: Sequence[Sequence[int]], sample: Value) -> None:
        self._lines = lines
        self._kept = kept
        self._sample = sample
        self._size = sum(map(len, kept))
        self._breaks: frozenset[int] | None = None
        self._listed: tuple[Bin, ...] | None = None

    def __len__(self) -> int:
        return max(1, self._size) + 1

    @property
    def axes(self) -> frozenset[str]:
        """Names of the lines they lie on."""
        return frozenset(line.axis for line in self._lines)

    @property
    def breaks(self) -> frozenset[int]:
        """Bins that do not touch the next one: the last of a line, and those before a hole."""
        if self._breaks is None:
            found: list[int] = []
            start = 0
            for kept in self._kept:
                follows = zip(kept, [*kept[1:], -1], strict=True)
                found.extend(start + i for i, (a, b) in enumerate(follows) if b != a + 1)
                start += len(kept)
            self._breaks = frozenset(found)
        return self._breaks

    @property
    def listed(self) -> tuple[Bin, ...]:
        """All of them, made once: for a table that is asked often."""
        if self._listed is None:
            self._listed = tuple(self[index] for index in range(len(self)))
        return self._listed

    def index(self, value: Value) -> int | None:
        """The bin that a value lies in; None where no line of the column holds it."""
        name = axis_name(value)
        if value is None:
            return len(self) - 1
        start = 0
        for line, kept in zip(self._lines, self._kept, strict=True):
            if line.axis == name and not AXES[name].grain:
                place = line.index(AXES[name].point(value))
                found = _at_least(kept, place)
                return start + found if found < len(kept) and kept[found] == place else None
            start += len(kept)
        return None

    def __getitem__(self, index: int) -> Bin:
        for line, kept in zip(self._lines, self._kept, strict=True):
            if index < len(kept):
                return Bin(line.values[kept[index]], line.axis, line.ends(kept[index]))
            index -= len(kept)
        return Bin(None if self._size or index else self._sample)


@dataclass(frozen=True, slots=True)
class Column:
    """A condition column.

    Attributes:
        text: its expression.
        line: the line of the file.
        places: positions in the table of the columns of this expression; mostly one.
        bins: the bins inside the domain, then null.
        may: rules per bin that can match there.
        must: rules per bin that surely do.
        spans: per rule the bins it may match, as first and last; null only by ``takes_null``.
        null_asked: whether a cell names null, so that null counts as a value like others.
        opaque: rules whose cell is not constant.
        empty: rules whose cell no value matches, whatever is allowed.
        outside: rules whose cell has a part that no allowed value matches.
        exact: whether every value of the domain can occur as far as is known.
        sources: keys of the inputs behind the expression.
    """

    text: str
    line: int
    places: tuple[int, ...]
    bins: Bins
    may: tuple[int, ...]
    must: tuple[int, ...]
    spans: tuple[Spans, ...]
    null_asked: bool
    opaque: int
    empty: int
    outside: int
    exact: bool
    sources: frozenset[str]

    @property
    def null(self) -> int:
        """The index of the bin of null."""
        return len(self.bins) - 1

    @property
    def asked(self) -> range:
        """The bins that count for gaps and conflicts."""
        return range(len(self.bins) - (not self.null_asked))


@dataclass(frozen=True, slots=True)
class Geometry:
    """The columns of a table. ``independent``: any combination of their values can occur."""

    table: s.DecisionTable
    place: Place
    columns: tuple[Column, ...]
    independent: bool

    @property
    def rows(self) -> int:
        """The set of all rules."""
        return (1 << len(self.table.rules)) - 1


def column_of(table: s.DecisionTable, position: int, place: Place) -> Column:
    """One column with the bins of every value its cells tell apart, whatever its domain is."""
    reader = CellReader(place.compiler, place.names)
    return _Builder(table, place, reader, (position,), whole=True).column(lambda: None)


def geometry_of(
    table: s.DecisionTable, place: Place, pause: Callable[[], None] = lambda: None
) -> Geometry:
    """The boxes of a table; ``pause`` is called now and then and may raise."""
    reader = CellReader(place.compiler, place.names)
    groups: dict[object, list[int]] = {}
    for position, column in enumerate(table.inputs):
        groups.setdefault(tree_key(column.expression), []).append(position)
    columns = [
        _Builder(table, place, reader, tuple(positions)).column(pause)
        for positions in groups.values()
    ]
    seen: set[str] = set()
    independent = True
    for made in columns:
        independent = independent and not seen & made.sources
        seen |= made.sources
    return Geometry(table, place, tuple(columns), independent)


class _Builder:
    """Makes one column; several of the same expression are one, whose cells must all match."""

    def __init__(
        self,
        table: s.DecisionTable,
        place: Place,
        reader: CellReader,
        positions: tuple[int, ...],
        *,
        whole: bool = False,
    ) -> None:
        self._table = table
        self._place = place
        self._positions = positions
        inputs = [table.inputs[position] for position in positions]
        self._input = inputs[0]
        domain = Domain() if whole else domain_of(self._input.expression, place)
        inputs = [] if whole else inputs
        allowed = (*domain.allowed, *(each.allowed for each in inputs if each.allowed is not None))
        self._domain = replace(domain, allowed=allowed)
        self._restricted = bool(allowed) or domain.choices is not None
        self._allowed = [reader.read(tests) for tests in allowed]
        columns = [_read(reader, tests_of(table.rules, position)) for position in positions]
        self._cells = list(zip(*columns, strict=True))
        # Each combination of cells once: a large table repeats them.
        self._kinds = {tuple(map(id, cells)): cells for cells in self._cells}

    def column(self, pause: Callable[[], None]) -> Column:
        lines = self._lines()
        kept = [self._kept(line) for line in lines]
        bins = Bins(lines, kept, _SAMPLES.get(self._domain.kind, ()))
        known = {
            key: self._matches(cells, lines, kept, len(bins)) for key, cells in self._kinds.items()
        }
        matches = [known[tuple(map(id, cells))] for cells in self._cells]
        pause()
        opaque = _mask(any(cell.opaque for cell in cells) for cells in self._cells)
        may = _masks([each.spans for each in matches], len(bins))
        return Column(
            text=self._input.text,
            line=self._input.at.line,
            places=self._positions,
            bins=bins,
            may=tuple(may),
            must=tuple(mask & ~opaque for mask in may) if opaque else tuple(may),
            spans=tuple(each.spans for each in matches),
            null_asked=any(cell.names_null() for row in self._kinds.values() for cell in row),
            opaque=opaque,
            empty=_mask(each.empty for each in matches),
            outside=_mask(each.outside for each in matches),
            exact=self._domain.exact and not any(cell.opaque for cell in self._allowed),
            sources=sources_of(self._input.expression, self._place),
        )

    def _lines(self) -> list[Line]:
        """The lines that values of the column lie on, cut where cells and allowed values change."""
        cuts: dict[str, set[Point]] = {}
        cells = [cell for row in self._kinds.values() for cell in row]
        for cell in (*cells, *self._allowed):
            for axis, point in cell.cuts():
                cuts.setdefault(axis, set()).add(point)
        if self._domain.choices is not None:
            points: dict[str, set[Point]] = {}
            for value in self._domain.choices:
                name = axis_name(value)
                if name is not None:
                    points.setdefault(name, set()).add(AXES[name].point(value))
            cuts = {axis: points[axis] | cuts.get(axis, set()) for axis in points}
        named = _KIND_AXES.get(self._domain.kind, (self._domain.kind,))
        if self._domain.kind and self._domain.choices is None:
            cuts = {axis: cuts[axis] for axis in named if axis in cuts}
        if not cuts and (named[0] in AXES or not self._domain.kind):
            cuts = {named[0] or "number": set()}
        return [Line(axis, points) for axis, points in cuts.items()]

    def _kept(self, line: Line) -> list[int]:
        """The bins that hold a value of the domain."""
        choices = self._domain.choices
        points = None if choices is None else {
            AXES[line.axis].point(value) for value in choices if axis_name(value) == line.axis
        }  # fmt: skip
        asks = [
            self._place.compiler.unary_tests(tests)
            for tests, cell in zip(self._domain.allowed, self._allowed, strict=True)
            if not cell.opaque
        ]
        env = Env(Alone())
        return [
            index
            for index, value in enumerate(line.values)
            if value is not None
            and (points is None or (index % 2 and line.cuts[index // 2] in points))
            and all(ask(env, value) is True for ask in asks)
        ]

    def _matches(
        self, cells: tuple[Cell, ...], lines: list[Line], kept: list[list[int]], size: int
    ) -> _Match:
        """The bins that a rule matches in this column."""
        readable = [cell for cell in cells if not cell.opaque]
        spans: list[tuple[int, int]] = []
        anywhere = outside = False
        start = 0
        for line, indexes in zip(lines, kept, strict=True):
            found = _common([line.spans(cell) for cell in readable], len(line.values) - 1)
            inner = _inside(found, indexes)
            spans.extend((first + start, last + start) for first, last in inner)
            anywhere = anywhere or bool(inner) or _holds_a_value(found, line)
            outside = outside or (self._restricted and _leaves(readable, line, indexes))
            start += len(indexes)
        if not lines:
            spans.append((0, size - 2))
            anywhere = True
        takes_null = all(cell.takes_null() for cell in readable)
        if takes_null:
            spans.append((size - 1, size - 1))
        return _Match(tuple(spans), not anywhere and not takes_null, outside)


def _read(reader: CellReader, column: Iterable[s.UnaryTests]) -> list[Cell]:
    """The cells of a column; one tree is read once, wherever it stands."""
    known: dict[int, tuple[s.UnaryTests, Cell]] = {}
    found: list[Cell] = []
    for tests in column:
        each = known.get(id(tests))
        if each is None:
            each = known[id(tests)] = tests, reader.read(tests)
        found.append(each[1])
    return found


@dataclass(frozen=True, slots=True)
class _Match:
    """The bins of one rule, whether there can be none, and whether a part is not allowed."""

    spans: Spans
    empty: bool
    outside: bool


# A value for a column whose line nobody cuts.
_SAMPLES: dict[str, Value] = {"list": (), "context": {}}


def _leaves(cells: list[Cell], line: Line, kept: list[int]) -> bool:
    """Whether a constant of a cell lies on the line but in no bin of the domain."""
    for cell in cells:
        if cell.negated:
            continue
        for test in cell.tests:
            if isinstance(test, Probe) or test.axis != line.axis or not test.inside:
                continue
            found = line.spans(replace(cell, tests=(test,)))
            if _holds_a_value(found, line) and not _inside(found, kept):
                return True
    return False


def _holds_a_value(spans: Spans, line: Line) -> bool:
    return any(line.values[i] is not None for first, last in spans for i in range(first, last + 1))


def _common(found: list[Spans], last: int) -> Spans:
    """Bins that lie in all of the sets of spans."""
    common: Spans = ((0, last),)
    for spans in found:
        common = tuple(
            (max(a, c), min(b, d)) for a, b in common for c, d in spans if max(a, c) <= min(b, d)
        )
    return common


def _inside(spans: Spans, kept: list[int]) -> list[tuple[int, int]]:
    """Spans over a line as spans over the kept bins alone."""
    if not kept:
        return []
    found: list[tuple[int, int]] = []
    for first, last in spans:
        start, end = _at_least(kept, first), _at_least(kept, last + 1) - 1
        if start <= end:
            found.append((start, end))
    return found


def _at_least(kept: Sequence[int], index: int) -> int:
    return bisect_left(kept, index)


def _mask(flags: Iterable[bool]) -> int:
    return sum(1 << index for index, flag in enumerate(flags) if flag)


def _masks(rows: list[Spans], size: int) -> list[int]:
    """Per bin the rules whose spans hold it: one sweep over where spans begin and end."""
    toggles = [0] * (size + 1)
    for row, spans in enumerate(rows):
        bit = 1 << row
        for first, last in spans:
            toggles[first] ^= bit
            toggles[last + 1] ^= bit
    masks: list[int] = []
    mask = 0
    for toggle in toggles[:size]:
        mask ^= toggle
        masks.append(mask)
    return masks
