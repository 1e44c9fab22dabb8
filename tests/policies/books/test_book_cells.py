from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tael.policies.books import personal, values
from tael.policies.books.headings import suggest
from tael.policies.books.model import Heading, Role

CASES = Path(__file__).parent / "cases"


def _cases(name: str) -> list[object]:
    with (CASES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [pytest.param(*row[:-1], id=f"{row[-1]}, {number}") for number, row in enumerate(rows)]


@pytest.mark.parametrize(("text", "number"), _cases("numbers"))
def test_a_number_is_read_as_people_write_it(text: str, number: str) -> None:
    assert values.number(text) == (Decimal(number) if number else None)


@pytest.mark.parametrize(("text", "order", "day"), _cases("days"))
def test_a_day_is_read_as_people_write_it(text: str, order: str, day: str) -> None:
    assert values.day(text, order) == (date.fromisoformat(day) if day else None)


@pytest.mark.parametrize(("text", "unit", "months"), _cases("terms"))
def test_a_term_is_read_in_months(text: str, unit: str, months: str) -> None:
    assert values.term_months(text, unit) == (Decimal(months) if months else None)


@pytest.mark.parametrize(("heading", "sample", "role"), _cases("headings"))
def test_a_column_is_known_by_its_heading_and_values(heading: str, sample: str, role: str) -> None:
    shown = Heading(0, heading, (sample, sample + " "), filled=2, distinct=2)
    found = suggest([shown])[0].suggestion
    assert (found.role if found else None) == (Role(role) if role else None)


@pytest.mark.parametrize(("heading", "sample", "kind"), _cases("personal"))
def test_a_column_that_looks_like_personal_data_is_told(
    heading: str, sample: str, kind: str
) -> None:
    assert personal.kind_of(heading, [sample] * 3) == kind


def test_a_comma_before_fractions_is_seen_in_a_whole_column() -> None:
    assert values.needs_comma(["1.234,5", "12,5", "7"])
    assert not values.needs_comma(["1,234.5", "12", "7"])
    assert not values.needs_comma(["1.234", "12"])
    assert values.number("1.234,5", comma=True) == Decimal("1234.5")
    assert values.number("12.5", comma=True) is None


def test_the_order_of_dates_is_what_all_of_them_fit() -> None:
    assert values.date_order(["5/1/2024", "25/1/2024"]) == ("dmy", False)
    assert values.date_order(["1/5/2024", "1/25/2024"]) == ("mdy", False)
    assert values.date_order(["1/5/2024", ""]) == ("dmy", True)
    assert values.date_order(["2024-01-05", "暂无"]) == ("ymd", False)
    assert values.date_order(["25/1/2024", "1/25/2024"]) == ("ymd", False)


def test_one_role_goes_to_the_column_it_fits_best() -> None:
    headings = [
        Heading(0, "审批金额", ("1",), filled=9, distinct=5),
        Heading(1, "金额", ("1",), filled=9, distinct=5),
        Heading(2, "信用评分(分)", ("600",), filled=9, distinct=5),
        Heading(3, "最大逾期天数", ("0",), filled=9, distinct=3),
        Heading(4, "是否逾期", ("否",), filled=9, distinct=2),
    ]
    found = [one.suggestion.role if one.suggestion else None for one in suggest(headings)]
    assert found.count(Role.AMOUNT) == 1
    assert found[2] is Role.SCORE
    # One outcome is enough: of a flag and days past due one is taken.
    assert len({Role.BAD, Role.DPD} & set(found)) == 1
