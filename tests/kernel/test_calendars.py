"""Business days, holidays and worked weekends by cases."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tael.kernel import BadInput, Calendar, Day, Period, Roll

CASES = Path(__file__).parent / "cases"
# Invented for the test: a week off in October, 1 May off, Saturday 10 October worked.
CALENDAR = Calendar(
    "test",
    frozenset({*Period(Day(2026, 10, 1), Day(2026, 10, 8)), Day(2026, 5, 1)}),
    frozenset({Day(2026, 10, 10)}),
)


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("rolls.csv"), ids=lambda row: f"{row['day']} {row['rule']}")
def test_a_due_date_moves_as_the_table_says(row: dict[str, str]) -> None:
    assert CALENDAR.roll(Day.parse(row["day"]), Roll[row["rule"]]) == Day.parse(row["expected"])


@pytest.mark.parametrize(
    ("start", "count", "expected"),
    [
        (Day(2026, 9, 30), 1, Day(2026, 10, 8)),
        (Day(2026, 9, 30), 3, Day(2026, 10, 10)),
        (Day(2026, 9, 30), 4, Day(2026, 10, 12)),
        (Day(2026, 10, 8), -1, Day(2026, 9, 30)),
        (Day(2026, 5, 2), 0, Day(2026, 5, 2)),
    ],
)
def test_business_days_are_counted(start: Day, count: int, expected: Day) -> None:
    assert CALENDAR.plus_business_days(start, count) == expected


def test_a_day_cannot_be_off_and_worked() -> None:
    day = frozenset({Day(2026, 10, 1)})
    with pytest.raises(BadInput, match="2026-10-01"):
        Calendar("bad", day, day)


def test_a_closure_longer_than_a_month_is_a_broken_calendar() -> None:
    closed = Calendar("closed", frozenset(Period(Day(2026, 1, 1), Day(2026, 3, 1))))
    with pytest.raises(BadInput, match="no business day"):
        closed.roll(Day(2026, 1, 1), Roll.FOLLOWING)
