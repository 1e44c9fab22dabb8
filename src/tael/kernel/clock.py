"""Only a clock tells the time. Instants are aware and UTC; days belong to a time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from tael.kernel.day import Day
from tael.kernel.errors import BadInput

CHINA = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """What tells the time."""

    def now(self) -> datetime:
        """The present instant, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: for stories, simulations and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = aware(at)

    @classmethod
    def on(cls, day: Day, zone: ZoneInfo = CHINA) -> FixedClock:
        """Nine in the morning of ``day`` in ``zone``."""
        return cls(datetime(day.year, day.month, day.day, 9, tzinfo=zone))

    def now(self) -> datetime:
        return self._at

    def move_to(self, at: datetime) -> None:
        """Go on to ``at``; a clock never runs backwards."""
        later = aware(at)
        if later < self._at:
            raise BadInput("a clock does not run backwards", field="at", rule="not before now")
        self._at = later

    def move_to_day(self, day: Day, zone: ZoneInfo = CHINA) -> None:
        """Go on to nine in the morning of ``day``; stay when it is later that day already."""
        morning = datetime(day.year, day.month, day.day, 9, tzinfo=zone)
        if day_of(self._at, zone) != day or self._at < morning:
            self.move_to(morning)

    def advance(self, by: timedelta) -> None:
        self.move_to(self._at + by)


def aware(at: datetime) -> datetime:
    """``at`` in UTC.

    Raises:
        BadInput: ``at`` has no time zone.
    """
    if at.tzinfo is None:
        raise BadInput(f"{at!r} has no time zone", field="at", rule="aware instant")
    return at.astimezone(UTC)


def day_of(at: datetime, zone: ZoneInfo = CHINA) -> Day:
    """The calendar day of instant ``at`` in ``zone``."""
    return Day.of(aware(at).astimezone(zone).date())
