"""The search over boxes for a rule that wins wrongly, and the time that searches take.

Columns are gone through one by one. In each, bins with the same rules among those still alive are
one branch; what is known of (column, rules alive) is kept. A branch ends when no rule is alive, or
when one that is alive takes everything in the columns that are left.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

# Bins by column: the indexes that a box holds in each.
Box = tuple[tuple[int, ...], ...]
_OFTEN = 2000  # bins looked at between two looks at the clock


class SpentError(Exception):
    """The time budget is spent."""


@dataclass
class Budget:
    """A time limit in seconds; one may be split into shares."""

    seconds: float
    _end: float = field(init=False)
    _count: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self._end = time.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds that are left; not below zero."""
        return max(0.0, self._end - time.monotonic())

    def share(self, of: int) -> Budget:
        """A budget of one of ``of`` equal parts of what is left."""
        return Budget(self.left / max(1, of))

    def spend(self, bins: int = 1) -> None:
        """Raises SpentError when the time is over; cheap enough to be called at each step."""
        self._count += bins
        if self._count > _OFTEN:
            self._count = 0
            self.check()

    def check(self) -> None:
        """Raises SpentError when the time is over."""
        if time.monotonic() > self._end:
            raise SpentError


def _universal(columns: Sequence[Collection[int]]) -> list[int]:
    """Per column the rules that match every bin of it and of all columns after it."""
    universal = [-1] * (len(columns) + 1)
    for column in range(len(columns) - 1, -1, -1):
        rules = universal[column + 1]
        for each in columns[column]:
            rules &= each
        universal[column] = rules
    return universal


class Winners:
    """Looks for a point of a box where the rule that wins without the box's own is a wrong one.

    Rules win in the order of their bits, lowest first. ``fine`` are those that may win; where none
    matches the point is wrong too, unless ``none_is_fine``. ``columns`` have, per column, for each
    set of rules that some bins of the box have, one of these bins.
    """

    def __init__(
        self, columns: Sequence[Mapping[int, int]], budget: Budget, *, fine: int, none_is_fine: bool
    ) -> None:
        self._order = sorted(range(len(columns)), key=lambda c: len(columns[c]))
        self._columns = [columns[c] for c in self._order]
        self._budget = budget
        self._fine = fine
        self._none_is_fine = none_is_fine
        self._universal = _universal(self._columns)
        self._good: set[tuple[int, int]] = set()

    def wrong(self, rows: int) -> tuple[int, ...] | None:
        """The bins of a wrong point in the order of the given columns; None when all is fine."""
        path = self._search(0, rows)
        if path is None:
            return None
        found = dict(zip(self._order, path, strict=True))
        return tuple(found[column] for column in range(len(self._order)))

    def _search(self, column: int, alive: int) -> tuple[int, ...] | None:
        sure = alive & self._universal[column]
        if sure:
            lowest = sure & -sure
            alive &= (lowest << 1) - 1
            if not alive & ~self._fine:
                return None
        elif not alive & ~self._fine and self._none_is_fine:
            return None
        if column == len(self._columns):
            return self._at_end(alive)
        if (column, alive) in self._good:
            return None
        self._budget.spend(len(self._columns[column]))
        for rules, example in self._branches(column, alive):
            rest = self._search(column + 1, rules)
            if rest is not None:
                return (example, *rest)
        self._good.add((column, alive))
        return None

    def _branches(self, column: int, alive: int) -> list[tuple[int, int]]:
        branches: dict[int, int] = {}
        for rules, example in self._columns[column].items():
            branches.setdefault(rules & alive, example)
        return sorted(branches.items(), key=lambda pair: pair[0].bit_count())

    def _at_end(self, alive: int) -> tuple[int, ...] | None:
        fine = bool(alive & -alive & self._fine) if alive else self._none_is_fine
        return None if fine else ()
