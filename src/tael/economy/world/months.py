"""The 204 months from 2008-01 to 2024-12, their days in China, and the Spring Festival.

Days are counted from 1970-01-01 in China's time; instants are seconds of UTC.
"""

from __future__ import annotations

from datetime import date
from functools import cache

import numpy as np

from tael.economy.world.chance import Floats, Integers

FIRST_YEAR, YEARS = 2008, 17
MONTHS = 12 * YEARS
DAY_S = 86_400
CHINA_S = 8 * 3_600
_EPOCH = date(1970, 1, 1)
_EPOCH_WEEKDAY = 3  # a Thursday, Monday being 0
_SATURDAY = 5

# First day of the lunar year, as month and day, 2008 to 2025.
_FESTIVALS = (
    (2, 7), (1, 26), (2, 14), (2, 3), (1, 23), (2, 10), (1, 31), (2, 19), (2, 8),
    (1, 28), (2, 16), (2, 5), (1, 25), (2, 12), (2, 1), (1, 22), (2, 10), (1, 29),
)  # fmt: skip


def month_of(text: str) -> int:
    """The index of ``2008-01`` is 0, of ``2024-12`` 203; earlier months are negative."""
    year, month = text.split("-")
    return (int(year) - FIRST_YEAR) * 12 + int(month) - 1


def month_name(index: int) -> str:
    """The inverse of `month_of`."""
    year, month = divmod(index, 12)
    return f"{year + FIRST_YEAR}-{month + 1:02d}"


@cache
def first_days() -> Integers:
    """First day of each month and, last, of 2025-01: 205 day numbers."""
    return np.array([_first_day(index) for index in range(MONTHS + 1)], dtype=np.int64)


def first_day(index: int) -> int:
    """Day number of the first of a month, which may lie before 2008."""
    return _first_day(index)


@cache
def festivals() -> Integers:
    """Day numbers of the Spring Festival, 2008 to 2025."""
    days = (date(FIRST_YEAR + n, *day) for n, day in enumerate(_FESTIVALS))
    return np.array([(day - _EPOCH).days for day in days], dtype=np.int64)


def festival_share(before: int, after: int) -> Floats:
    """Share of each month's days from ``before`` days ahead of the festival to ``after`` past it.

    The day ``after`` is not counted: (20, 0) are the twenty days before, (0, 10) the ten from it.
    """
    starts = first_days()
    days = np.arange(starts[0], starts[-1])
    near = np.zeros(len(days), dtype=np.int64)
    for festival in festivals().tolist():
        near |= (days >= festival - before) & (days < festival + after)
    counts = np.add.reduceat(near, starts[:-1] - starts[0])
    shares: Floats = counts / (starts[1:] - starts[:-1])
    return shares


def instant(day: Integers, second: Integers) -> Integers:
    """Seconds of UTC of a second of a day in China."""
    return day * DAY_S + second - CHINA_S


def day_in_china(instants: Integers) -> Integers:
    """Day numbers in China of seconds of UTC."""
    return (instants + CHINA_S) // DAY_S


def is_weekend(day: Integers) -> Integers:
    """1 on Saturdays and Sundays, else 0; shifted working days are not modelled."""
    return ((day + _EPOCH_WEEKDAY) % 7 >= _SATURDAY).astype(np.int64)


def _first_day(index: int) -> int:
    year, month = divmod(index, 12)
    return (date(year + FIRST_YEAR, month + 1, 1) - _EPOCH).days


def day_month(day: int) -> int:
    """The index of the month in which a day number lies."""
    there = date.fromordinal(_EPOCH.toordinal() + day)
    return (there.year - FIRST_YEAR) * 12 + there.month - 1
