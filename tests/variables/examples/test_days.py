"""Days of a place become instants; seasons follow the moon and the quarter."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tael.variables.examples.days import SEASONS, day_of, midnights, seasons


def number(day: str) -> int:
    """Days since 1970-01-01."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days


def test_a_day_begins_at_midnight_of_its_place() -> None:
    days = np.array([number(each) for each in ("2020-02-22", "2020-02-22", "2017-01-01")])
    starts = midnights(days, "Asia/Shanghai")

    assert starts.tolist() == [day * 86_400 - 8 * 3_600 for day in days.tolist()]
    assert day_of(int(starts[0]), "Asia/Shanghai") == date(2020, 2, 22)
    assert day_of(int(starts[0]) - 1, "Asia/Shanghai") == date(2020, 2, 21)


def test_a_day_of_summer_time_is_short_where_clocks_go_forward() -> None:
    first = number("1993-03-28")
    starts = midnights(np.array([first, first + 1, first + 2]), "Europe/Prague")

    assert np.diff(starts).tolist() == [23 * 3_600, 24 * 3_600]


@pytest.mark.parametrize(
    ("day", "season"),
    [
        ("2019-01-21", "ordinary"),
        ("2019-01-22", "festival"),
        ("2019-02-05", "festival"),
        ("2019-02-19", "festival"),
        ("2019-02-20", "ordinary"),
        ("2019-03-21", "ordinary"),
        ("2019-03-22", "quarter_end"),
        ("2019-03-31", "quarter_end"),
        ("2019-04-01", "ordinary"),
        ("2019-11-30", "ordinary"),
        ("2019-12-22", "quarter_end"),
    ],
)
def test_seasons_are_the_festival_and_the_ends_of_quarters(day: str, season: str) -> None:
    assert SEASONS[int(seasons(np.array([number(day)]))[0])] == season
