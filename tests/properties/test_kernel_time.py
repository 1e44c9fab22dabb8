"""Days, periods, calendars, clocks: whatever the date."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Calendar, Day, FixedClock, Period, Roll, day_of

DAYS = st.dates(Day(1990, 1, 1), Day(2090, 12, 31)).map(Day.of)
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds are naive
HOLIDAYS = st.frozensets(st.integers(0, 60), max_size=15)


@given(start=DAYS, months=st.integers(0, 480))
def test_a_schedule_keeps_its_seed_day_or_the_end_of_a_short_month(start: Day, months: int) -> None:
    due = start.plus_months(months)
    assert start.months_until(due) == months
    assert due.day == start.day or (due == due.month_end() and due.day < start.day)


@given(start=DAYS, steps=st.lists(st.integers(0, 14), max_size=30))
def test_chaining_months_with_the_seed_day_equals_one_jump(start: Day, steps: list[int]) -> None:
    current = start
    for step in steps:
        current = current.plus_months(step, seed_day=start.day)
    assert current == start.plus_months(sum(steps))


@given(day=DAYS, count=st.integers(-20_000, 20_000))
def test_days_forth_and_back_are_the_same_day(day: Day, count: int) -> None:
    moved = day.plus_days(count)
    assert moved.plus_days(-count) == day
    assert day.days_until(moved) == count
    assert Day.parse(moved.isoformat()) == moved


@given(start=DAYS, length=st.integers(0, 400), other=DAYS)
def test_a_period_holds_exactly_its_days(start: Day, length: int, other: Day) -> None:
    period = Period(start, start.plus_days(length))
    assert len(list(period)) == len(period) == length
    assert (other in period) == (other in set(period))


@given(start=DAYS, off=HOLIDAYS, distance=st.integers(0, 40))
def test_a_rolled_day_is_a_business_day_and_none_was_passed_over(
    start: Day, off: frozenset[int], distance: int
) -> None:
    calendar = Calendar("any", frozenset(start.plus_days(number) for number in off))
    day = start.plus_days(distance)
    later, earlier = calendar.roll(day, Roll.FOLLOWING), calendar.roll(day, Roll.PRECEDING)
    assert calendar.is_business_day(later)
    assert calendar.is_business_day(earlier)
    assert earlier <= day <= later
    between = [*Period(earlier.plus_days(1), day), *Period(day, later)] if earlier < day else []
    assert not any(calendar.is_business_day(passed) for passed in between)
    modified = calendar.roll(day, Roll.MODIFIED_FOLLOWING)
    assert modified == (later if later.month == day.month else earlier)


@given(start=DAYS, count=st.integers(1, 60))
def test_business_days_forth_and_back_meet(start: Day, count: int) -> None:
    calendar = Calendar("weekends only")
    first = calendar.roll(start, Roll.FOLLOWING)
    assert calendar.plus_business_days(calendar.plus_business_days(first, count), -count) == first


@given(instants=st.lists(INSTANTS, min_size=1, max_size=10), day=DAYS)
def test_a_fixed_clock_only_goes_forward(instants: list[datetime], day: Day) -> None:
    clock = FixedClock(min(instants))
    for instant in sorted(instants):
        clock.move_to(instant)
        assert clock.now() == instant
    if day >= day_of(clock.now()):
        before = clock.now()
        clock.move_to_day(day)
        assert day_of(clock.now()) == day
        assert clock.now() >= before
