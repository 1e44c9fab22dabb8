"""From calendar days of a place to instants, and the seasons of Chinese trade.

Both files tell days, not instants. A day's record happens at its first second and is known from the
first second of the next day: the daily delivery of a ledger, which is the earliest that could be.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]

SEASONS = ("festival", "quarter_end", "ordinary")
# Lunar New Year's Day, of the years around the invoices.
NEW_YEARS = (
    date(2016, 2, 8), date(2017, 1, 28), date(2018, 2, 16), date(2019, 2, 5), date(2020, 1, 25),
    date(2021, 2, 12),
)  # fmt: skip
_FESTIVAL_DAYS = 14
_QUARTER_END_DAYS = 10
_QUARTER_MONTHS = 3
_EPOCH = date(1970, 1, 1).toordinal()


def midnights(days: Integers, zone: str) -> Integers:
    """First second of each day (since 1970-01-01) in ``zone``, as UTC seconds."""
    place = ZoneInfo(zone)
    distinct, at = np.unique(days, return_inverse=True)
    starts = [
        datetime.combine(date.fromordinal(_EPOCH + day), datetime.min.time(), place)
        for day in distinct.tolist()
    ]
    return np.array([int(each.timestamp()) for each in starts], np.int64)[at]


def instants(seconds: Integers, missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """UTC seconds as an Arrow column of instants, null where ``missing``."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    return pa.array(seconds * 1_000_000, pa.timestamp("us", tz="UTC"), mask=missing)


def day_of(seconds: int, zone: str) -> date:
    """The day in ``zone`` on which a UTC second lies."""
    return datetime.fromtimestamp(seconds, UTC).astimezone(ZoneInfo(zone)).date()


def seasons(days: Integers) -> Integers:
    """Place in ``SEASONS`` of each day (since 1970-01-01).

    ``festival`` is from 14 days before Lunar New Year's Day to 14 days after it, when shops close;
    ``quarter_end`` the last 10 days of March, June, September and December, when firms invoice
    ahead of a return.
    """
    new_years = np.array([each.toordinal() - _EPOCH for each in NEW_YEARS])
    apart = np.abs(days[:, None] - new_years[None, :]).min(axis=1)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    last = (months + 1).astype("datetime64[D]")
    closing = (months.astype(np.int64) + 1) % _QUARTER_MONTHS == 0
    ends = closing & ((last - dates).astype(np.int64) <= _QUARTER_END_DAYS)
    found: Integers = np.where(apart <= _FESTIVAL_DAYS, 0, np.where(ends, 1, 2))
    return found
