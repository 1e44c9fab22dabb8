"""Schedules of cases/schedules.toml, row by row, and what a schedule refuses."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import BadInput, Calendar, Day, Money, Rate, Roll, Rounding
from tael.pricing import Component, DayCount, LastRow, Method, Terms, build_schedule

CASES = tomllib.loads(
    (Path(__file__).parent / "cases" / "schedules.toml").read_text(encoding="utf-8")
)
READ = {
    "rounding": Rounding.__getitem__,
    "instalment_rounding": Rounding.__getitem__,
    "instalment_multiple": Money.parse,
    "equal_part": Money.parse,
    "day_count": DayCount,
    "last_row": LastRow,
    "first_due": Day.of,
    "due_dates": lambda days: tuple(map(Day.of, days)),
}


def terms_of(told: Mapping[str, Any]) -> Terms:
    plain = {"principal", "method", "months", "rate", "start"}
    more = {name: READ.get(name, int)(told[name]) for name in told.keys() - plain}
    return Terms(
        Money.parse(told["principal"]),
        Method(told["method"]),
        told["months"],
        Day.of(told["start"]) if "start" in told else Day(2026, 1, 15),
        (Component("bank_interest", Rate.percent(told["rate"])),),
        **more,
    )


@pytest.mark.parametrize("name", CASES)
def test_each_row_is_what_the_case_says(name: str) -> None:
    case = CASES[name]
    schedule = build_schedule(terms_of(case["terms"]))
    assert len(schedule.instalments) == case["count"]
    for number, due, principal, charge, left in case["rows"]:
        row = schedule.instalment(number)
        found = (row.due, row.principal, row.charge, schedule.outstanding_after(number))
        assert found == (due, Money.parse(principal), Money.parse(charge), Money.parse(left))


NATIONAL_DAY = Calendar(
    "CN", frozenset(Day(2026, 10, day) for day in range(1, 8)), frozenset({Day(2026, 10, 10)})
)


@pytest.mark.parametrize(
    ("roll", "first", "second"),
    [
        (Roll.NONE, Day(2026, 10, 1), Day(2026, 11, 1)),
        (Roll.FOLLOWING, Day(2026, 10, 8), Day(2026, 11, 2)),
        (Roll.MODIFIED_FOLLOWING, Day(2026, 10, 8), Day(2026, 11, 2)),
        (Roll.PRECEDING, Day(2026, 9, 30), Day(2026, 10, 30)),
    ],
)
def test_a_due_day_off_rolls_and_its_interest_runs_to_the_day_rolled_to(
    roll: Roll, first: Day, second: Day
) -> None:
    start = Day(2026, 9, 1)
    terms = replace(
        terms_of(CASES["interest-first-by-real-days-over-360"]["terms"]),
        months=2,
        start=start,
        roll=roll,
        calendar=NATIONAL_DAY,
    )
    rows = build_schedule(terms).instalments
    assert [row.due for row in rows] == [first, second]
    days = (start.days_until(first), first.days_until(second))
    charges = [
        Money.of(Decimal(600_000 * count) / 36_000, rounding=Rounding.HALF_UP) for count in days
    ]
    assert [row.charge for row in rows] == charges


def test_components_share_one_charge_and_the_cents_add_up() -> None:
    thirds = tuple(Component(f"fee_{i}", Rate.percent(4)) for i in range(3))
    terms = replace(terms_of(CASES["worked-loan"]["terms"]), principal=Money.parse("10"))
    first = build_schedule(replace(terms, components=thirds)).instalments[0]
    assert first.charge == Money.parse("0.10")
    assert [amount.minor for amount in first.charges.values()] == [4, 3, 3]


def test_what_others_pay_stands_beside_the_instalment() -> None:
    servicing = Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform")
    terms = terms_of(CASES["worked-loan"]["terms"])
    schedule = build_schedule(replace(terms, components=(*terms.components, servicing)))
    assert schedule.instalments[0].total == Money.parse("11001.60")
    assert schedule.instalments[0].other_charges == {"servicing_fee": Money.parse("300.00")}
    assert [str(amount.decimal()) for amount in schedule.servicing[:3]] == [
        "300.00", "277.00", "253.65",
    ]  # fmt: skip


def test_a_fixed_instalment_below_the_first_charge_never_repays() -> None:
    terms = replace(terms_of(CASES["worked-loan"]["terms"]), equal_part=Money.parse("1800"))
    with pytest.raises(BadInput) as refused:
        build_schedule(terms)
    assert refused.value.field == "equal_part"


def test_a_currency_without_minor_units_is_scheduled_in_whole_ones() -> None:
    terms = replace(terms_of(CASES["worked-loan"]["terms"]), principal=Money(120000, "JPY"))
    schedule = build_schedule(terms)
    assert schedule.instalments[0].total == Money(11002, "JPY")
    assert not schedule.outstanding_after(12)


def test_a_version_knows_only_its_own_instalments() -> None:
    schedule = build_schedule(terms_of(CASES["worked-loan"]["terms"]))
    for ask in (schedule.instalment, schedule.outstanding_after, schedule.period_start):
        with pytest.raises(BadInput) as refused:
            ask(14)
        assert refused.value.field == "number"
