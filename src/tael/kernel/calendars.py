"""Business days: which days a bank works, and where a due date moves when it does not."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from tael.kernel.day import Day
from tael.kernel.errors import BadInput

_SATURDAY = 5
_LONGEST_CLOSURE_DAYS = 31


class Roll(Enum):
    """Where a due date goes when it falls on a day off (ISDA 2006 Definitions, section 4.12)."""

    NONE = "none"
    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modified_following"
    PRECEDING = "preceding"


@dataclass(frozen=True, slots=True)
class Calendar:
    """A named, versioned set of days off and of weekend days that are worked (调休).

    ``holidays`` and ``workdays`` are published year by year (in China by the State Council each
    November), so they are dated parameters, never code.
    """

    name: str
    holidays: frozenset[Day] = field(default_factory=frozenset)
    workdays: frozenset[Day] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        both = self.holidays & self.workdays
        if both:
            raise BadInput(
                f"{min(both)} is both a holiday and a workday in calendar {self.name!r}",
                field="holidays",
                rule="a day is off or worked, not both",
            )

    def is_business_day(self, day: Day) -> bool:
        if day in self.workdays:
            return True
        return day.weekday() < _SATURDAY and day not in self.holidays

    def roll(self, day: Day, rule: Roll) -> Day:
        """The business day on which something due on ``day`` falls under ``rule``."""
        if rule is Roll.NONE:
            return day
        if rule is Roll.PRECEDING:
            return self._step(day, -1)
        rolled = self._step(day, 1)
        if rule is Roll.MODIFIED_FOLLOWING and rolled.month != day.month:
            return self._step(day, -1)
        return rolled

    def plus_business_days(self, day: Day, count: int) -> Day:
        """The ``count``-th business day after ``day``, before it when negative; itself for 0."""
        step = 1 if count >= 0 else -1
        current = day
        for _ in range(abs(count)):
            current = self._step(current.plus_days(step), step)
        return current

    def _step(self, day: Day, direction: int) -> Day:
        for distance in range(_LONGEST_CLOSURE_DAYS + 1):
            candidate = day.plus_days(direction * distance)
            if self.is_business_day(candidate):
                return candidate
        raise BadInput(
            f"calendar {self.name!r} has no business day within {_LONGEST_CLOSURE_DAYS} days "
            f"of {day}",
            field="holidays",
            rule="a closure is shorter than a month",
        )
