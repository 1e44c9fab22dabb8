"""Published schedules with daily simple interest and short terms, against our own engine.

The figures are outside data (see conftest): FSharp.Finance.Personal, plain schedules and the first
schedule of loans that it then plays on; its annual rates by UK and EU rules.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tael.kernel import Day, Money, Rate, Rounding
from tael.pricing import (
    Component,
    DayCount,
    LastRow,
    Method,
    Schedule,
    Terms,
    build_schedule,
    irr,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("published_daily")]  # built once

Case = Mapping[str, Any]
# What a reader finds: a label, what the source says, what we say.
Finding = tuple[str, object, object]


def money(value: float | str) -> Money:
    return Money.of(Decimal(str(value)), "EUR", Rounding.HALF_EVEN)


def charge_at(rate: Decimal) -> tuple[Component, ...]:
    return (Component("interest", Rate(rate)),)


ROUNDINGS = {
    "rounded up": Rounding.UP,
    "rounded down": Rounding.DOWN,
    "round using ToEven": Rounding.HALF_EVEN,
    "round using AwayFromZero": Rounding.HALF_UP,
}
LAST_ROWS = {
    "lower final payment": LastRow.LOWER,
    "similar final payment": LastRow.SPREAD,
    "higher final payment": LastRow.HIGHER,
}


def named(texts: Mapping[str, Any], options: str) -> Any:
    for text, value in texts.items():
        if text in options:
            return value
    pytest.skip("daily-other")


def daily_days(options: str, start: Day) -> tuple[Day, ...]:
    """``monthly from 2024-05 on 08|month-end``, ``2-weekly from 2023-11-23``: count or length."""
    if not options.startswith("config: auto-generate"):
        pytest.skip("fixed-payments")
    count = re.search(r"payment count:? (\d+)", options)
    longest = re.search(r"max duration (\d+)", options)
    months = re.search(r"(\d*)-?monthly from (\d{4})-(\d{2}) on (month-end|\d+)", options)
    weeks = re.search(r"(\d*)-?weekly from (\d{4}-\d{2}-\d{2})", options)
    if not (count or longest) or not (months or weeks):
        pytest.skip("daily-other")
    days: list[Day] = []
    for index in range(int(count[1]) if count else 500):
        if months:
            seed = 31 if months[4] == "month-end" else int(months[4])
            first = Day(int(months[2]), int(months[3]), 1)
            day = first.plus_months(index * int(months[1] or 1), seed_day=seed)
        elif weeks:
            day = Day.parse(weeks[2]).plus_days(7 * index * int(weeks[1] or 1))
        if longest and start.days_until(day) > int(longest[1]):
            break
        days.append(day)
    return tuple(days)


def daily_rate(options: str) -> Decimal:
    """The annual rate on 365 days, under the daily cap where there is one."""
    rate = re.search(r"standard rate: ([\d.]+) % per (day|year)", options)
    cap = re.search(r"daily ([\d.]+) %", options)
    if rate is None:
        pytest.skip("daily-other")
    days = 365 if rate[2] == "day" else 1
    fraction = Decimal(rate[1]) / 100 * days
    return min(fraction, Decimal(cap[1]) / 100 * 365) if cap else fraction


def daily_terms(inputs: Case) -> Terms:
    interest_options, payment_options = inputs["interest_options"], inputs["payment_options"]
    if "method: actuarial" not in interest_options:
        pytest.skip("add-on")
    start, principal = Day.parse(inputs["start_date"]), money(inputs["principal"])
    fee = re.search(r"fee type: .*? ([\d.]+) % rounding: (.+?) fee", inputs["fee_options"])
    if fee:
        principal += principal.times(Decimal(fee[1]) / 100, named(ROUNDINGS, fee[2]))
    elif "no fee" not in inputs["fee_options"]:
        pytest.skip("daily-other")
    days = daily_days(inputs["schedule_options"], start)
    return Terms(
        principal,
        Method.EQUAL_INSTALMENT,
        len(days),
        start,
        charge_at(daily_rate(interest_options)),
        named(ROUNDINGS, interest_options.partition("method:")[2]),
        DayCount.ACT_365,
        due_dates=days,
        instalment_rounding=named(ROUNDINGS, payment_options),
        last_row=named(LAST_ROWS, payment_options),
    )


def daily_rows(case: Case) -> list[list[float]]:
    """The first schedule: the table itself, or the one told among the settings of a played loan."""
    columns = case["expected"]["columns"]
    if "Datestamp" not in columns:
        return [list(map(float, row)) for row in case["expected"]["rows"][1:]]
    told = case["inputs"]["advanced"].partition("Initial Schedule")[2]
    numbers = told.partition("Total principal")[2].replace(",", "").split()
    width = 10
    return [list(map(float, numbers[at : at + width])) for at in range(width, len(numbers), width)]


def annual_rate(schedule: Schedule, received: Money) -> Decimal:
    """Effective rate a year, per cent: days over 365, as the UK and EU rules ask."""
    start = schedule.terms.start
    flows = [-received.decimal(), *(row.total.decimal() for row in schedule.instalments)]
    years = [Decimal(start.days_until(row.due)) / 365 for row in schedule.instalments]
    rate = irr(flows, [Decimal(0), *years])
    assert isinstance(rate, Decimal)
    return rate * 100


def shown(said: Decimal, ours: Decimal) -> Decimal:
    """``said`` when ``ours`` rounds to it; the source's solver stops a thousandth short."""
    return said if abs(said - ours) <= Decimal("0.051") else ours


def beyond_total_cap(inputs: Case, schedule: Schedule) -> bool:
    """Whether the source's cap on the sum of all interest would change this schedule."""
    cap = re.search(r"cap: total ([\d.]+) %", inputs["interest_options"])
    if cap is None:
        return False
    most = schedule.terms.principal.times(Decimal(cap[1]) / 100)
    return schedule.total_charges > most


def read_daily(case: Case) -> list[Finding]:
    inputs, columns = case["inputs"], case["expected"]["columns"]
    if columns[0] == "First payment day":
        return read_rate_table(case)
    terms = daily_terms(inputs)
    schedule, rows = build_schedule(terms), daily_rows(case)
    if beyond_total_cap(inputs, schedule):
        pytest.skip("interest-cap")
    findings: list[Finding] = [("rows", len(rows), len(schedule.instalments))]
    for said, row in zip(rows, schedule.instalments, strict=False):
        ours = [terms.start.days_until(row.due), row.total, row.charge, row.principal]
        expected = [int(said[0]), money(said[1]), money(said[3]), money(said[4])]
        findings.append((f"day {ours[0]}", expected, ours))
        left = schedule.outstanding_after(row.number)
        findings.append((f"day {ours[0]} balance", money(said[6]), left))
    stats, options = case["expected"]["stats"], inputs["interest_options"]
    if re.search(r"APR method: (UK FCA|EU) to 1 d.p.", options):
        said_rate = Decimal(str(stats["apr_pct"]))
        ours_rate = annual_rate(schedule, money(inputs["principal"]))
        findings.append(("apr", said_rate, shown(said_rate, ours_rate)))
    return findings


def read_rate_table(case: Case) -> list[Finding]:
    """The annual rate by first payment day and number of payments."""
    inputs, expected = case["inputs"], case["expected"]
    start, findings = Day.parse(inputs["start_date"]), []
    pattern = r"payment count \d+ (.*)monthly from .*"
    for first, *rates in expected["rows"]:
        day = start.plus_days(int(first))
        seed = "month-end" if day == day.month_end() else f"{day:%d}"
        for column, rate in zip(expected["columns"][1:], rates, strict=True):
            count, said = column.split()[0], Decimal(rate.split()[0])
            options = re.sub(
                pattern,
                rf"payment count {count} \1monthly from {day:%Y-%m} on {seed}",
                inputs["schedule_options"],
            )
            schedule = build_schedule(daily_terms({**inputs, "schedule_options": options}))
            if beyond_total_cap(inputs, schedule):
                continue
            ours = shown(said, annual_rate(schedule, schedule.terms.principal))
            findings.append((f"day {first}, {column}", said, ours))
    return findings


READERS: Mapping[str, Callable[[Case], list[Finding]]] = {"fsharp-finance-personal": read_daily}


def test_every_published_daily_figure_is_ours_to_the_cent(findings: list[Finding]) -> None:
    wrong = [(label, said, ours) for label, said, ours in findings if said != ours]
    assert not wrong, (
        f"{len(wrong)} of {len(findings)} differ, first (what, said, ours): {wrong[0]}"
    )
