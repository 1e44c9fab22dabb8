"""Codes by the day in China on which an event happened: festival, end of a quarter, weekend."""

from __future__ import annotations

from datetime import date

import numpy as np
from numpy.typing import NDArray

from tael.variables.definitions.calendars import (
    AFTER_DAYS,
    BEFORE_DAYS,
    CLOSING_DAYS,
    FIRST_YEAR,
    HOLIDAY_DAYS,
    NEW_YEARS,
)

Integers = NDArray[np.int64]
_CHINA_S = 8 * 3_600
_DAY_S = 86_400
_EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday, Monday being 0
_WEEK_DAYS, _SATURDAY = 7, 5
_QUARTER_MONTHS = 3


def calendar_codes(calendar: str, time: Integers) -> Integers:
    """The code of each instant, as its place in the calendar's list.

    Args:
        calendar: a name of ``definitions.calendars.CALENDARS``.
        time: int64[N], UTC seconds; outside 1990 to 2038 no day is near a festival.

    Raises:
        KeyError: there is no such calendar.
    """
    return _RULES[calendar]((time + _CHINA_S) // _DAY_S)


def _spring_festival(day: Integers) -> Integers:
    """0 before, 1 in the holiday from New Year's Day, 2 after it, 3 on all other days."""
    festivals = _festivals()
    # The first festival whose season is not over yet, and the days since it.
    past = festivals + HOLIDAY_DAYS + AFTER_DAYS
    nearest = np.minimum(np.searchsorted(past, day, side="right"), len(festivals) - 1)
    since = day - festivals[nearest]
    found: Integers = np.select(
        [since < -BEFORE_DAYS, since < 0, since < HOLIDAY_DAYS, since < HOLIDAY_DAYS + AFTER_DAYS],
        [3, 0, 1, 2],
        3,
    ).astype(np.int64)
    return found


def _festivals() -> Integers:
    """Day numbers since 1970-01-01, ascending."""
    epoch = date(1970, 1, 1)
    days = [
        (date(FIRST_YEAR + n, *divmod(each, 100)) - epoch).days for n, each in enumerate(NEW_YEARS)
    ]
    return np.array(days, np.int64)


def _quarter_end(day: Integers) -> Integers:
    """0 on the last ten days of March, June, September and December, else 1."""
    month = day.astype("datetime64[D]").astype("datetime64[M]")
    left = ((month + 1).astype("datetime64[D]").astype(np.int64)) - day
    closing = ((month.astype(np.int64) + 1) % _QUARTER_MONTHS == 0) & (left <= CLOSING_DAYS)
    found: Integers = np.where(closing, 0, 1).astype(np.int64)
    return found


def _week(day: Integers) -> Integers:
    """0 from Monday to Friday, 1 on Saturday and Sunday."""
    found: Integers = ((day + _EPOCH_WEEKDAY) % _WEEK_DAYS >= _SATURDAY).astype(np.int64)
    return found


_RULES = {"spring_festival": _spring_festival, "quarter_end": _quarter_end, "week": _week}
