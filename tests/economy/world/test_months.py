from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest

from tael.economy.world import months


@pytest.mark.parametrize(
    ("text", "index"), [("2008-01", 0), ("2008-12", 11), ("2024-12", 203), ("2007-12", -1)]
)
def test_months_are_counted_from_2008(text: str, index: int) -> None:
    assert months.month_of(text) == index
    assert months.month_name(index) == text


def test_first_days_are_those_of_the_calendar() -> None:
    days = months.first_days().tolist()

    assert len(days) == 205
    assert [date(1970, 1, 1) + timedelta(days=days[n]) for n in (0, 1, 204)] == [
        date(2008, 1, 1),
        date(2008, 2, 1),
        date(2025, 1, 1),
    ]


def test_festivals_fall_between_late_january_and_late_february() -> None:
    days = [date(1970, 1, 1) + timedelta(days=day) for day in months.festivals().tolist()]

    assert [day.year for day in days] == list(range(2008, 2026))
    assert all((1, 21) <= (day.month, day.day) <= (2, 20) for day in days)
    gaps = {(later - day).days for day, later in pairwise(days)}
    assert gaps <= {353, 354, 355, 383, 384, 385}  # twelve or thirteen moons


def test_every_festival_is_near_a_new_moon() -> None:
    new_moon = datetime(2000, 1, 6, 18, 14, tzinfo=UTC)
    for day in months.festivals().tolist():
        noon = datetime(1970, 1, 1, 4, tzinfo=UTC) + timedelta(days=day)
        phase = ((noon - new_moon).total_seconds() / 86_400) % 29.530589
        assert min(phase, 29.530589 - phase) < 1.2


def test_the_days_before_a_festival_are_shared_between_its_months() -> None:
    share = months.festival_share(20, 0)

    # 2008-02-07: fourteen days of January and six of February.
    assert share[0] == 14 / 31
    assert share[1] == 6 / 29
    assert share[5] == 0


def test_an_instant_of_china_is_eight_hours_earlier_in_utc() -> None:
    day, second = np.array([14_000]), np.array([60])
    at = months.instant(day, second)

    assert at.tolist() == [14_000 * 86_400 + 60 - 8 * 3_600]
    assert months.day_in_china(at).tolist() == [14_000]
    # 1970-01-03 was a Saturday.
    assert months.is_weekend(np.array([1, 2, 3, 4])).tolist() == [0, 1, 1, 0]
