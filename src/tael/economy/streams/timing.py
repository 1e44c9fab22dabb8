"""From expected numbers a month to single events: how many, on which day, at which second."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tael.economy.world.chance import Chance, Floats, Integers
from tael.economy.world.months import DAY_S, first_days, instant

_NIGHT_ENDS_S, _NIGHT_BEGINS_S = 6 * 3_600, 22 * 3_600
_OFFICE_BEGINS_S, _OFFICE_S = 8 * 3_600, 11 * 3_600


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    """Events placed in time: the kind and month each belongs to, its day and instant.

    ``siblings`` is how many events share its kind and month.
    """

    kind: Integers
    month: Integers
    siblings: Integers
    day: Integers
    second: Integers
    event_at: Integers

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def night(self) -> Integers:
        """1 from 22:00 to 06:00 in China."""
        return ((self.second < _NIGHT_ENDS_S) | (self.second >= _NIGHT_BEGINS_S)).astype(np.int64)


def moments(expected: Floats, chance: Chance, nightly: float | Floats = 0.04) -> Moments:
    """Events for ``expected`` numbers, [kind, month]; their mean is kept, their spread is ours.

    ``nightly`` is the share, one or one a month, that may fall on any second of the day; the
    others keep office hours.
    """
    kinds, months = expected.shape
    dice = chance.rows(2, kinds * months)
    # Half to one and a half times what is expected, the fraction left to chance.
    counts = np.floor(expected.reshape(-1) * (0.5 + dice[0]) + dice[1]).astype(np.int64)
    counts = np.where(expected.reshape(-1) > 0, counts, 0)
    cell = np.repeat(np.arange(kinds * months), counts)
    kind, month = cell // months, cell % months
    place = chance.rows(3, len(cell))
    starts = first_days()
    day = starts[month] + (place[0] * (starts[month + 1] - starts[month])).astype(np.int64)
    office = _OFFICE_BEGINS_S + place[1] * _OFFICE_S
    free = np.broadcast_to(nightly, months)[month]
    second = np.where(place[2] < free, place[1] * DAY_S, office).astype(np.int64)
    return Moments(
        kind=kind,
        month=month,
        siblings=counts[cell],
        day=day,
        second=second,
        event_at=instant(day, second),
    )
