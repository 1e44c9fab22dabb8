from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import Day
from tael.report.scale import Scale, date_ticks, ticks
from tael.report.values import Kind, axis_label

_VALUES = st.floats(-1e12, 1e12, allow_nan=False)


@given(_VALUES, _VALUES)
def test_marks_enclose_the_values_and_rise_evenly(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    if high - low < 1e-6 * max(abs(low), abs(high), 1e-6):
        return
    marks = ticks(low, high)
    slack = (high - low) * 1e-6
    assert marks[0] <= low + slack
    assert marks[-1] >= high - slack
    assert 2 <= len(marks) <= 12


def test_equal_values_still_get_two_marks() -> None:
    assert len(ticks(5, 5)) >= 2
    assert len(ticks(0, 0)) >= 2


def test_a_scale_of_one_value_stands_in_the_middle() -> None:
    assert Scale(3, 3, 0, 10).at(3) == 5
    assert Scale(0, 10, 100, 0).at(5) == 50


@pytest.mark.parametrize(
    ("first", "last", "labels"),
    [
        (Day(2026, 1, 1), Day(2026, 1, 4), ["01-01", "01-02", "01-03", "01-04"]),
        (Day(2026, 1, 1), Day(2026, 6, 1), [f"2026-{m:02}" for m in range(1, 7)]),
        (Day(2005, 3, 1), Day(2009, 2, 1), [f"200{y}-{m}" for y in (5, 6, 7, 8) for m in ("07",)]),
        (Day(1987, 1, 1), Day(2014, 1, 1), ["1990", "1995", "2000", "2005", "2010"]),
    ],
)
def test_days_are_marked_by_day_month_or_year(first: Day, last: Day, labels: list[str]) -> None:
    found = [label for _, label in date_ticks(first, last)]
    assert set(labels) <= set(found)
    assert len(found) <= 9


@pytest.mark.parametrize(
    ("value", "step", "kind", "locale", "label"),
    [
        (2_500_000, 500_000, Kind.MONEY, "en", "2.5m"),
        (2_500_000, 500_000, Kind.MONEY, "zh", "250万"),
        (300_000_000, 100_000_000, Kind.MONEY, "zh", "3亿"),
        (0.025, 0.005, Kind.PERCENT, "en", "2.5%"),
        (40, 10, Kind.COUNT, "en", "40"),
        (0.75, 0.25, Kind.NUMBER, "en", "0.75"),
    ],
)
def test_marks_are_labelled_briefly(
    value: float, step: float, kind: Kind, locale: str, label: str
) -> None:
    assert axis_label(value, step, kind, locale) == label
