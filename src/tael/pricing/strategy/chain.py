"""Chains: the best plan of one segment, tier by tier, for given values of its choices.

A better tier never pays more and never gets less. So a segment's plan is a path through the grid of
prices and limits that never turns back, and dynamic programming finds the best one at once. Floats
live here and in ``solver`` only; what comes out are numbers of choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]
    Integers = npt.NDArray[np.int64]

NO_CHOICE = -1


@dataclass(frozen=True)
class Chain:
    """The choices of one segment on its grid of levels.

    Args:
        places: a tier each, best first: numbers of choices by price level (rising, the last is no
            offer) and limit level (rising, 0 is no offer); ``NO_CHOICE`` where there is none.
        lowest: for each price level but the last, the lowest that the better tier may have: 0, or
            what a smooth step allows.
    """

    places: tuple[Integers, ...]
    lowest: tuple[int, ...]

    @cached_property
    def smooth(self) -> bool:
        """Whether prices of neighbouring tiers are bound to each other from both sides."""
        return any(self.lowest)

    def best(self, values: Floats) -> tuple[np.float64, tuple[int, ...]]:
        """The value of the best plan, and its choices, best tier first.

        Of plans that are worth the same the one with lower prices, then with smaller limits.
        """
        import numpy as np

        forward = self._forward([self._grid(place, values) for place in self.places])
        last = forward[-1]
        level, limit = np.unravel_index(int(last.argmax()), last.shape)
        at = int(level), int(limit)
        plan = [int(self.places[-1][at])]
        for tier in range(len(self.places) - 2, -1, -1):
            at = self._before(forward[tier], at)
            plan.append(int(self.places[tier][at]))
        return last.max(), tuple(reversed(plan))

    def margins(self, values: Floats) -> tuple[Integers, Floats]:
        """Each choice of the segment, with the value of the best plan that has it."""
        import numpy as np

        grids = [self._grid(place, values) for place in self.places]
        forward, backward = self._forward(grids), self._backward(grids)
        numbers, found = [], []
        for place, grid, before, after in zip(self.places, grids, forward, backward, strict=True):
            there = place != NO_CHOICE
            numbers.append(place[there])
            found.append((before + after)[there] - grid[there])
        return np.concatenate(numbers), np.concatenate(found)

    @staticmethod
    def _grid(place: Integers, values: Floats) -> Floats:
        import numpy as np

        return np.where(place == NO_CHOICE, -np.inf, values[place])

    def _forward(self, grids: list[Floats]) -> list[Floats]:
        found = [grids[0]]
        for grid in grids[1:]:
            found.append(grid + self._from_better(found[-1]))
        return found

    def _backward(self, grids: list[Floats]) -> list[Floats]:
        found = [grids[-1]]
        for grid in reversed(grids[:-1]):
            found.append(grid + self._from_worse(found[-1]))
        return found[::-1]

    def _from_better(self, worth: Floats) -> Floats:
        """The best of a better tier for each level of the next one."""
        import numpy as np

        enough = np.maximum.accumulate(worth[:, ::-1], axis=1)[:, ::-1]
        if not self.smooth:
            return np.maximum.accumulate(enough, axis=0)
        rows = [enough[low : level + 1].max(axis=0) for level, low in enumerate(self.lowest)]
        return np.stack([*rows, enough.max(axis=0)])

    def _from_worse(self, worth: Floats) -> Floats:
        """The best of a worse tier for each level of the one before."""
        import numpy as np

        enough = np.maximum.accumulate(worth, axis=1)
        if not self.smooth:
            return np.maximum.accumulate(enough[::-1], axis=0)[::-1]
        none = enough[-1]
        rows = [
            np.maximum(enough[level : high + 1].max(axis=0), none)
            for level, high in enumerate(self.highest)
        ]
        return np.stack([*rows, none])

    @cached_property
    def highest(self) -> tuple[int, ...]:
        """For each price level but the last, the highest that a worse tier may have."""
        count = len(self.lowest)
        return tuple(
            max(worse for worse in range(level, count) if self.lowest[worse] <= level)
            for level in range(count)
        )

    def _before(self, worth: Floats, at: tuple[int, int]) -> tuple[int, int]:
        """Where the better tier stands on the best way to ``at``."""
        import numpy as np

        level, limit = at
        low = 0 if level == len(self.lowest) else self.lowest[level]
        part = worth[low : level + 1, limit:]
        found = np.unravel_index(int(part.argmax()), part.shape)
        return low + int(found[0]), limit + int(found[1])
