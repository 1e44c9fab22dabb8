"""Clocks: aware, never backwards, days by time zone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tael.kernel import CHINA, BadInput, Day, FixedClock, SystemClock, aware, day_of

NAIVE = datetime(2026, 1, 5)  # noqa: DTZ001 - what must be refused


def test_the_machine_tells_an_aware_instant() -> None:
    assert SystemClock().now().tzinfo is UTC


def test_a_fixed_clock_stands_at_nine_in_china_until_it_is_moved() -> None:
    clock = FixedClock.on(Day(2026, 1, 5))
    assert clock.now() == clock.now() == datetime(2026, 1, 5, 1, tzinfo=UTC)
    clock.advance(timedelta(hours=2))
    assert clock.now() == datetime(2026, 1, 5, 3, tzinfo=UTC)


def test_a_clock_does_not_run_backwards() -> None:
    clock = FixedClock.on(Day(2026, 1, 5))
    with pytest.raises(BadInput):
        clock.move_to(datetime(2026, 1, 4, tzinfo=UTC))
    with pytest.raises(BadInput):
        clock.move_to_day(Day(2026, 1, 4))


@pytest.mark.parametrize(
    ("hour", "expected"), [(0, 9), (8, 9), (9, 9), (15, 15)], ids=["0", "8", "9", "15"]
)
def test_moving_to_a_day_goes_to_nine_and_stays_when_it_is_later(hour: int, expected: int) -> None:
    clock = FixedClock(datetime(2026, 1, 5, hour, tzinfo=CHINA))
    clock.move_to_day(Day(2026, 1, 5))
    assert clock.now().astimezone(CHINA).hour == expected
    clock.move_to_day(Day(2026, 1, 6))
    assert clock.now() == datetime(2026, 1, 6, 9, tzinfo=CHINA)


def test_an_instant_without_a_zone_is_refused() -> None:
    for refused in (aware, day_of, FixedClock):
        with pytest.raises(BadInput):
            refused(NAIVE)


def test_an_instant_is_another_day_elsewhere() -> None:
    late = datetime(2026, 1, 5, 20, tzinfo=UTC)
    assert day_of(late) == Day(2026, 1, 6)
    assert day_of(late, ZoneInfo("UTC")) == Day(2026, 1, 5)
    assert aware(datetime(2026, 1, 6, 4, tzinfo=CHINA)) == late
