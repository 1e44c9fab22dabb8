"""Codes made of the event time: by the day in China, at the borders, and never delivered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest

from tael.economy.world.months import festivals
from tael.variables.definitions.calendars import CALENDARS, FIRST_YEAR, NEW_YEARS
from tael.variables.packing.calendars import calendar_codes
from tael.variables.packing.events import TableRefused
from tael.variables.packing.pack import pack
from tael.variables.packing.schema import EventColumn, EventSchema, Kind

CHINA = timezone(timedelta(hours=8))
CASES = [
    # calendar, instant in China, code
    ("spring_festival", "2024-01-19T23:59:59", "other"),
    ("spring_festival", "2024-01-20T00:00:00", "before"),
    ("spring_festival", "2024-02-09T23:59:59", "before"),
    ("spring_festival", "2024-02-10T00:00:00", "holiday"),
    ("spring_festival", "2024-02-16T23:59:59", "holiday"),
    ("spring_festival", "2024-02-17T00:00:00", "after"),
    ("spring_festival", "2024-03-01T23:59:59", "after"),
    ("spring_festival", "2024-03-02T00:00:00", "other"),
    ("spring_festival", "2008-02-07T12:00:00", "holiday"),
    ("spring_festival", "1990-01-06T12:00:00", "before"),
    ("spring_festival", "2038-12-31T12:00:00", "other"),
    ("spring_festival", "2039-02-14T12:00:00", "other"),
    ("quarter_end", "2024-03-21T23:59:59", "rest"),
    ("quarter_end", "2024-03-22T00:00:00", "closing"),
    ("quarter_end", "2024-03-31T23:59:59", "closing"),
    ("quarter_end", "2024-04-01T00:00:00", "rest"),
    ("quarter_end", "2024-04-30T12:00:00", "rest"),
    ("quarter_end", "2024-12-22T00:00:00", "closing"),
    ("week", "2024-02-09T23:59:59", "weekday"),
    ("week", "2024-02-10T00:00:00", "weekend"),
    ("week", "2024-02-11T23:59:59", "weekend"),
    ("week", "2024-02-12T00:00:00", "weekday"),
]


@pytest.mark.parametrize(("calendar", "instant", "code"), CASES)
def test_a_code_follows_from_the_day_in_china(calendar: str, instant: str, code: str) -> None:
    seconds = int(datetime.fromisoformat(instant).replace(tzinfo=CHINA).timestamp())
    (place,) = calendar_codes(calendar, np.array([seconds], np.int64)).tolist()

    assert CALENDARS[calendar].codes[place][0] == code


@pytest.mark.parametrize("calendar", CALENDARS)
def test_every_day_has_a_code_of_its_calendar(calendar: str) -> None:
    days = np.arange(631_152_000, 2_177_452_800, 86_400)
    counts = np.bincount(calendar_codes(calendar, days))

    assert len(counts) == len(CALENDARS[calendar].codes)
    assert counts.min() > 0


def test_the_economy_and_the_definitions_keep_one_festival() -> None:
    days = [
        (date(FIRST_YEAR + n, *divmod(each, 100)) - date(1970, 1, 1)).days
        for n, each in enumerate(NEW_YEARS)
    ]
    assert set(festivals().tolist()) <= set(days)
    # Twelve or thirteen moons lie between two.
    assert set(np.diff(days).tolist()) <= {353, 354, 355, 383, 384, 385}


SEASON = tuple(code for code, _ in CALENDARS["spring_festival"].codes)
SCHEMA = EventSchema(
    "takings",
    (
        EventColumn("kind", Kind.CODE, ("sale", "refund")),
        EventColumn("season", Kind.CODE, SEASON, calendar="spring_festival"),
        EventColumn("amount", Kind.MONEY, unit="fen"),
    ),
)


def takings(*days: datetime) -> pa.Table:
    instants = pa.array(days, pa.timestamp("us", "UTC"))
    return pa.table(
        {
            "subject_id": ["A"] * len(days),
            "event_id": [f"e{n}" for n in range(len(days))],
            "event_at": instants,
            "known_at": instants,
            "kind": ["refund"] * len(days),
            "amount": pa.array([1] * len(days), pa.int64()),
        }
    )


def test_a_column_of_a_calendar_is_a_dimension_like_any_other() -> None:
    # 16:30 UTC is past midnight in China: New Year's Day already.
    packing = pack(
        takings(datetime(2024, 2, 9, 16, 30, tzinfo=UTC), datetime(2024, 2, 9, tzinfo=UTC)), SCHEMA
    )

    assert packing.packed.leaf.tolist() == [
        SCHEMA.leaf(kind="refund", season="holiday"),
        SCHEMA.leaf(kind="refund", season="before"),
    ]


def test_a_corrected_event_gets_the_code_of_its_new_day() -> None:
    was, now = datetime(2024, 2, 10, tzinfo=UTC), datetime(2024, 6, 1, tzinfo=UTC)
    table = takings(was, now).set_column(1, "event_id", pa.array(["e", "e"]))
    packed = pack(table, SCHEMA).packed

    assert dict(zip(packed.time.tolist(), packed.leaf.tolist(), strict=True)) == {
        int(was.timestamp()): SCHEMA.leaf(kind="refund", season="holiday"),
        int(now.timestamp()): SCHEMA.leaf(kind="refund", season="other"),
    }


def test_a_table_that_delivers_such_a_column_is_refused() -> None:
    table = takings(datetime(2024, 2, 10, tzinfo=UTC))
    table = table.append_column("season", pa.array(["holiday"]))
    with pytest.raises(TableRefused) as refused:
        pack(table, SCHEMA)

    assert [(each.rule, each.field) for each in refused.value.faults] == [("made_column", "season")]
