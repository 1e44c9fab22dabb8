"""Days of contracts, months that keep their seed day, and periods. No instants here (see clock)."""

from __future__ import annotations

import calendar as _calendar
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from tael.kernel.errors import BadInput

_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Day(date):
    """A calendar day in the product's time zone: when a contract says something is due.

    It is a ``datetime.date`` and goes wherever one goes; a ``datetime`` is refused, so that an
    instant can never stand where a day is meant.
    """

    @classmethod
    def of(cls, value: date) -> Day:
        """The same day as ``value``, which must not be a ``datetime``.

        Raises:
            BadInput: ``value`` is an instant.
        """
        if hasattr(value, "hour"):
            raise BadInput(
                "a day was expected, not an instant; name the time zone first",
                field="day",
                rule="Day, not datetime",
            )
        return cls(value.year, value.month, value.day)

    @classmethod
    def parse(cls, text: str, *, field: str = "day") -> Day:
        """Read ``2026-01-31``.

        Raises:
            BadInput: another form, or a day that no calendar has.
        """
        clean = text.strip()
        if _ISO_DAY.fullmatch(clean):
            with suppress(ValueError):
                return cls.fromisoformat(clean)
        raise BadInput(
            f"{text!r} is not a day; write it like 2026-01-31", field=field, rule="ISO 8601 date"
        )

    def plus_days(self, count: int) -> Day:
        return Day.of(self + timedelta(days=count))

    def plus_months(self, count: int, *, seed_day: int | None = None) -> Day:
        """``count`` months on, on ``seed_day`` (default: this day's), clamped in short months.

        Passing the contract's seed day makes a loan of the 31st fall due on 28 February and on
        31 March again. Chaining without it would stick at 28.
        """
        index = self.year * 12 + (self.month - 1) + count
        year, month = divmod(index, 12)
        last = _calendar.monthrange(year, month + 1)[1]
        return Day(year, month + 1, min(seed_day or self.day, last))

    def month_end(self) -> Day:
        return Day(self.year, self.month, _calendar.monthrange(self.year, self.month)[1])

    def month_start(self) -> Day:
        return Day(self.year, self.month, 1)

    def months_until(self, other: date) -> int:
        """Calendar months from this day's month to ``other``'s: for vintages, months on book."""
        return (other.year - self.year) * 12 + other.month - self.month

    def days_until(self, other: date) -> int:
        """Whole days to ``other``; negative when it lies before."""
        return other.toordinal() - self.toordinal()


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` (included) to ``end`` (excluded)."""

    start: Day
    end: Day

    def __post_init__(self) -> None:
        if self.end < self.start:
            raise BadInput(
                f"a period ends on or after its start, not {self.start}..{self.end}",
                field="end",
                rule="end >= start",
            )

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def __len__(self) -> int:
        return self.start.days_until(self.end)

    def __iter__(self) -> Iterator[Day]:
        return (self.start.plus_days(i) for i in range(len(self)))

    def overlaps(self, other: Period) -> bool:
        return self.start < other.end and other.start < self.end
