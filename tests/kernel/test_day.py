"""Days and periods by cases."""

from __future__ import annotations

import csv
import pickle
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from tael.kernel import BadInput, Day, Period

CASES = Path(__file__).parent / "cases"


def rows(name: str) -> list[dict[str, str]]:
    with (CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("row", rows("months.csv"))
def test_months_keep_their_seed_day(row: dict[str, str]) -> None:
    seed_day = int(row["seed_day"]) if row["seed_day"] else None
    moved = Day.parse(row["start"]).plus_months(int(row["months"]), seed_day=seed_day)
    assert moved == Day.parse(row["expected"])
    assert type(moved) is Day


@pytest.mark.parametrize(
    "text", ["", "2026-02-30", "2026-1-5", "20260105", "05.01.2026", "2026-01-05T00:00", "today"]
)
def test_what_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as refused:
        Day.parse(text, field="start")
    assert refused.value.field == "start"


def test_a_day_is_read_from_iso_text_and_from_dates_but_not_from_instants() -> None:
    assert Day.parse(" 2026-01-31 ") == Day(2026, 1, 31) == Day.of(date(2026, 1, 31))
    with pytest.raises(BadInput):
        Day.of(datetime(2026, 1, 31, tzinfo=UTC))


def test_a_day_stays_a_day_through_arithmetic_and_pickling() -> None:
    day = Day(2026, 1, 31)
    assert type(day.plus_days(1)) is Day
    assert type(day + timedelta(days=1)) is Day
    assert pickle.loads(pickle.dumps(day)) == day  # noqa: S301 - our own bytes


def test_distances_in_days_and_months() -> None:
    day = Day(2026, 1, 31)
    assert day.days_until(Day(2026, 3, 1)) == 29
    assert day.days_until(Day(2026, 1, 30)) == -1
    assert day.months_until(Day(2026, 2, 1)) == 1
    assert day.months_until(Day(2025, 12, 31)) == -1
    assert day.month_start() == Day(2026, 1, 1)
    assert Day(2028, 2, 10).month_end() == Day(2028, 2, 29)


def test_a_period_includes_its_start_and_not_its_end() -> None:
    period = Period(Day(2026, 1, 30), Day(2026, 2, 2))
    assert list(period) == [Day(2026, 1, 30), Day(2026, 1, 31), Day(2026, 2, 1)]
    assert len(period) == 3
    assert Day(2026, 1, 30) in period
    assert Day(2026, 2, 2) not in period


def test_periods_overlap_when_they_share_a_day() -> None:
    january = Period(Day(2026, 1, 1), Day(2026, 2, 1))
    assert january.overlaps(Period(Day(2026, 1, 31), Day(2026, 3, 1)))
    assert not january.overlaps(Period(Day(2026, 2, 1), Day(2026, 3, 1)))


def test_a_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(BadInput) as refused:
        Period(Day(2026, 2, 1), Day(2026, 1, 1))
    assert refused.value.field == "end"
