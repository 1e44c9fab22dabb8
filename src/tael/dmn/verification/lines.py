"""A line cut at the constants of a column: stretches between the cuts and the cuts themselves.

With cuts ``x0 < x1 < ...`` bin ``2k`` is the open stretch below ``xk`` and bin ``2k + 1`` the cut
itself, so a bound that is open differs from one that is closed. A cell is the same everywhere in a
bin.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from decimal import Decimal

from tael.dmn.feel.values import Value
from tael.dmn.verification.axes import AXES, Point
from tael.dmn.verification.cells import Answer, Cell, Interval, Probe

# First and last bin, both included.
Spans = tuple[tuple[int, int], ...]


class Line:
    """One axis with its cuts.

    Attributes:
        axis: its name.
        values: a value of each bin; None for a bin that holds none.
    """

    def __init__(self, axis: str, cuts: Iterable[Point]) -> None:
        self.axis = axis
        self.cuts = sorted(set(cuts))
        self._place = {cut: place for place, cut in enumerate(self.cuts)}
        self.values = [self._value(index) for index in range(2 * len(self.cuts) + 1)]

    def index(self, point: Point) -> int:
        """The bin that a point lies in."""
        place = self._place.get(point)
        return 2 * bisect_left(self.cuts, point) if place is None else 2 * place + 1

    def ends(self, index: int) -> Interval:
        """The stretch of a bin."""
        place, is_cut = divmod(index, 2)
        if is_cut:
            return Interval(self.cuts[place], self.cuts[place])
        low = self.cuts[place - 1] if place else None
        high = self.cuts[place] if place < len(self.cuts) else None
        return Interval(low, high, low_closed=False, high_closed=False)

    def spans(self, cell: Cell) -> Spans:
        """The bins that a cell matches; the cell is not opaque."""
        last = 2 * len(self.cuts)
        if cell.any:
            return ((0, last),)
        found: list[tuple[int, int]] = []
        for test in cell.tests:
            inner = self._inside(test, last)
            if inner is None and cell.negated:
                return ()
            found.extend(inner or ())
        joined = _joined(found)
        return _gaps(joined, last) if cell.negated else joined

    def _inside(self, test: Answer | Probe, last: int) -> list[tuple[int, int]] | None:
        """The bins where the test is true; None when it is neither true nor false here."""
        if isinstance(test, Probe):
            return [(i, i) for i, value in enumerate(self.values) if _asked(test, value)]
        if test.axis == self.axis:
            spans = (self._span(stretch) for stretch in test.inside)
            return [span for span in spans if span[0] <= span[1]]
        answer = test.on(self.axis)
        if answer is None:
            return None
        return [(0, last)] if answer else []

    def _span(self, stretch: Interval) -> tuple[int, int]:
        first, last = 0, 2 * len(self.cuts)
        if stretch.low is not None:
            first = 2 * self._place[stretch.low] + (1 if stretch.low_closed else 2)
        if stretch.high is not None:
            last = 2 * self._place[stretch.high] + (1 if stretch.high_closed else 0)
        return first, last

    def _value(self, index: int) -> Value:
        place, is_cut = divmod(index, 2)
        axis = AXES[self.axis]
        if is_cut:
            return value_at(self.axis, self.cuts[place])
        low = self.cuts[place - 1] if place else None
        high = self.cuts[place] if place < len(self.cuts) else None
        return axis.between(low, high)


def _asked(test: Probe, value: Value) -> bool:
    return value is not None and test.asks(value)


def number_at(point: Point) -> Decimal:
    """The number at a point of the line of numbers."""
    return point if isinstance(point, Decimal) else Decimal(point)


def value_at(axis: str, point: Point) -> Value:
    """The value that lies at a cut; None beyond the ends of the line."""
    if isinstance(point, int):
        return AXES[axis].between(point - 1, point + 1)
    return point


def _joined(spans: list[tuple[int, int]]) -> Spans:
    joined: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(joined[-1][1], last)
        else:
            joined.append((first, last))
    return tuple(joined)


def _gaps(spans: Spans, last: int) -> Spans:
    """What the spans leave out."""
    free: list[tuple[int, int]] = []
    start = 0
    for first, end in spans:
        if first > start:
            free.append((start, first - 1))
        start = end + 1
    if start <= last:
        free.append((start, last))
    return tuple(free)
