"""The search for boxes that no rule covers, quick where rules do not overlap.

Columns are gone through one by one. In each, bins with the same rules among those still alive are
one branch. Rules of which no two meet cover a box when their sizes add up to its size: that ends a
branch without a look into it, and most tables are such. Where few rules are alive only the bins at
which they begin and end are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from tael.dmn.verification.lines import Spans
from tael.dmn.verification.overlaps import members
from tael.dmn.verification.search import Box, Budget

MOST_GAPS = 50
_AT_ONCE = 16  # boxes of one round
_Alive = tuple[int, ...]  # rules, ascending
_Runs = list[tuple[int, int]]  # of bins, first and last


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a table as boxes of bins; bit ``i`` of a set is rule ``i``.

    Attributes:
        columns: per column the rules of each bin that counts.
        spans: per column and rule the bins that it may match, as first and last; some of them may
            lie behind those that count.
        meets: per rule those that surely match somewhere it does, itself included.
        opaque: rules of which it is not known where they surely match.
    """

    columns: Sequence[Sequence[int]]
    spans: Sequence[Sequence[Spans]]
    meets: Sequence[int]
    opaque: int = 0

    @property
    def every(self) -> int:
        """The set of all rules."""
        return (1 << len(self.meets)) - 1


def gaps(rules: Rules, budget: Budget, found: list[Box]) -> bool:
    """Fill ``found`` with the largest boxes that no rule covers; say whether these are all.

    Args:
        rules: of the table.
        budget: raises SpentError; what was found until then stands in ``found``.
        found: is filled.
    """
    bins = [list(column) for column in rules.columns]
    boxes = _Boxes(rules)
    covered = rules.every
    while len(found) < MOST_GAPS:
        raw = _Uncovered(bins, boxes, budget).find()
        if not raw:
            return True
        known = len(found)
        for box in raw:
            budget.spend(sum(map(len, box)))
            if not any(_holds(wide, box) for wide in found[known:]):
                found.append(_widened(rules.columns, box, rules.every, budget))
        # What is found counts from now on as covered, as if by a rule of its own.
        for box in found[known:]:
            bit = covered + 1
            covered |= bit
            boxes.add(box)
            for column, indexes in zip(bins, box, strict=True):
                for index in indexes:
                    column[index] |= bit
    return False


def _holds(wide: Box, box: Box) -> bool:
    """Whether a box lies in another; first and last bins tell most of them apart."""
    if any(a[0] > b[0] or a[-1] < b[-1] for a, b in zip(wide, box, strict=True)):
        return False
    return all(set(a).issuperset(b) for a, b in zip(wide, box, strict=True))


def _widened(columns: Sequence[Sequence[int]], box: Box, rows: int, budget: Budget) -> Box:
    """The box as large as it can grow without meeting a rule, column after column."""
    wide = list(box)
    unions = [_union(bins, indexes) for bins, indexes in zip(columns, box, strict=True)]
    for column, bins in enumerate(columns):
        budget.spend(len(bins))
        others = rows
        for each, rules in enumerate(unions):
            others &= rules if each != column else -1
        wide[column] = tuple(i for i, rules in enumerate(bins) if not rules & others)
        unions[column] = _union(bins, wide[column])
    return tuple(wide)


def _union(bins: Sequence[int], indexes: Sequence[int]) -> int:
    rules = 0
    for index in indexes:
        rules |= bins[index]
    return rules


class _Boxes:
    """Rules and gaps that were found: where each lies, how large it is, which others it meets."""

    def __init__(self, rules: Rules) -> None:
        self._sizes = [len(column) for column in rules.columns]
        self.spans = [
            [_within(each, size) for each in spans]
            for spans, size in zip(rules.spans, self._sizes, strict=True)
        ]
        self._meets = list(rules.meets)
        self._meeting = [each.bit_count() for each in self._meets]
        self._opaque = frozenset(members(rules.opaque))
        self._clashing = {row for row, count in enumerate(self._meeting) if count > 1}
        self._boxes: list[tuple[int, tuple[frozenset[int], ...]]] = []

    def add(self, box: Box) -> None:
        """Let a gap count as a rule; it meets no rule, but perhaps another gap."""
        row, bit = len(self._meets), 1 << len(self._meets)
        for spans, indexes in zip(self.spans, box, strict=True):
            spans.append(tuple(_runs(indexes)))
        mine = tuple(frozenset(indexes) for indexes in box)
        meets = bit
        for other, theirs in self._boxes:
            if not any(a.isdisjoint(b) for a, b in zip(mine, theirs, strict=True)):
                meets |= 1 << other
                self._meets[other] |= bit
                self._clashing |= {row, other}
        self._meets.append(meets)
        self._meeting.append(meets.bit_count())
        self._boxes.append((row, mine))

    def volumes(self, order: Sequence[int]) -> tuple[list[list[int]], list[int]]:
        """How many points each box has from a column of ``order`` on, and how many there are."""
        sizes, whole = [1] * len(self._meets), 1
        every, wholes = [sizes], [whole]
        for column in reversed(order):
            widths = [sum(last - first + 1 for first, last in each) for each in self.spans[column]]
            sizes = [size * width for size, width in zip(sizes, widths, strict=True)]
            whole *= self._sizes[column]
            every.append(sizes)
            wholes.append(whole)
        return every[::-1], wholes[::-1]

    def apart(self, alive: Sequence[int]) -> list[int]:
        """Some of these boxes, no two of which meet; those that meet fewest are taken first."""
        opaque, clashing = self._opaque, self._clashing
        kept = [row for row in alive if not (row in clashing or row in opaque)]
        if len(kept) < len(alive):
            taken = 0
            others = [row for row in alive if row in clashing and row not in opaque]
            for row in sorted(others, key=self._meeting.__getitem__):
                if not self._meets[row] & taken:
                    taken |= 1 << row
                    kept.append(row)
        return kept


def _within(spans: Spans, size: int) -> Spans:
    """The spans without the bins from ``size`` on."""
    if not spans or spans[-1][1] < size:
        return spans
    return tuple((first, min(last, size - 1)) for first, last in spans if first < size)


def _runs(indexes: Sequence[int]) -> Iterable[tuple[int, int]]:
    """Ascending indexes as runs of neighbours."""
    begin = before = indexes[0]
    for index in indexes[1:]:
        if index != before + 1:
            yield begin, before
            begin = index
        before = index
    yield begin, before


class _Uncovered:
    """Finds some boxes that no rule covers; none only when there are none."""

    def __init__(self, columns: Sequence[Sequence[int]], boxes: _Boxes, budget: Budget) -> None:
        self._order = sorted(range(len(columns)), key=lambda c: len(set(columns[c])))
        self._sizes = [len(columns[c]) for c in self._order]
        self._spans = [boxes.spans[c] for c in self._order]
        self._boxes = boxes
        self._budget = budget
        self._volumes, self._wholes = boxes.volumes(self._order)
        self._known: list[dict[_Alive, tuple[Box, ...]]] = [{} for _ in columns]

    def find(self) -> list[Box]:
        """Boxes without a rule, each with its bins in the order of the given columns."""
        found = self._search(0, tuple(range(len(self._volumes[0]))))
        place = {column: index for index, column in enumerate(self._order)}
        return [tuple(box[place[c]] for c in range(len(self._order))) for box in found]

    def _search(self, column: int, alive: _Alive) -> tuple[Box, ...]:
        if not alive:
            return (tuple(tuple(range(size)) for size in self._sizes[column:]),)
        if column == len(self._sizes):
            return ()
        known = self._known[column].get(alive)
        if known is None:
            known = () if self._is_full(column, alive) else self._branched(column, alive)
            self._known[column][alive] = known
        return known

    def _is_full(self, column: int, alive: _Alive) -> bool:
        """Whether one box, or boxes of which no two meet, fill all; else nobody knows yet."""
        self._budget.spend(len(alive))
        sizes, whole = self._volumes[column], self._wholes[column]
        if any(sizes[row] == whole for row in alive):
            return True
        return sum([sizes[row] for row in self._boxes.apart(alive)]) == whole

    def _branched(self, column: int, alive: _Alive) -> tuple[Box, ...]:
        found: list[Box] = []
        for rules, runs in self._branches(column, alive):
            rest = self._search(column + 1, rules)
            if rest:
                bins = tuple(i for first, last in runs for i in range(first, last + 1))
                found.extend((bins, *box) for box in rest)
            if len(found) > _AT_ONCE:
                break
        return tuple(found[:_AT_ONCE])

    def _branches(self, column: int, alive: _Alive) -> list[tuple[_Alive, _Runs]]:
        """The runs of bins by the rules alive there, fewest rules first."""
        spans = self._spans[column]
        self._budget.spend(len(alive))
        # Only where a rule that is alive begins or ends are there other rules alive.
        toggles: dict[int, int] = {0: 0, self._sizes[column]: 0}
        for place, row in enumerate(alive):
            bit = 1 << place
            for first, last in spans[row]:
                toggles[first] = toggles.get(first, 0) ^ bit
                toggles[last + 1] = toggles.get(last + 1, 0) ^ bit
        starts = sorted(toggles)
        branches: dict[int, list[tuple[int, int]]] = {}
        rules = 0
        for start, end in pairwise(starts):
            rules ^= toggles[start]
            branches.setdefault(rules, []).append((start, end - 1))
        told = [
            (tuple([alive[m] for m in members(rules)]), runs) for rules, runs in branches.items()
        ]
        return sorted(told, key=lambda each: len(each[0]))
