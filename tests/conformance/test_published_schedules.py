"""Published loan schedules of other projects, every cent of every row, against our own engine.

The figures are outside data (see conftest). Each reader turns the words of one family into our
terms: it implements the family's rules and knows no case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
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
    all_in_cost,
    build_schedule,
    interest,
    irr,
)

Case = Mapping[str, Any]
# What a reader finds: a label, what the source says, what we say.
Finding = tuple[str, object, object]


def cents(value: float | str) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.01"))


def money(value: float | str) -> Money:
    return Money.of(Decimal(str(value)), "EUR", Rounding.HALF_EVEN)


def charge_at(rate: Decimal) -> tuple[Component, ...]:
    return (Component("interest", Rate(rate)),)


def yearly(inputs: Case) -> tuple[Component, ...]:
    return charge_at(Decimal(str(inputs["annual_rate_pct"])) / 100)


def regular_days(start: Day, unit: str, every: int, count: int) -> tuple[Day, ...]:
    steps = range(1, count + 1)
    if unit == "MONTHS":
        return tuple(start.plus_months(every * i) for i in steps)
    if unit in {"DAYS", "WEEKS"}:
        length = every * (7 if unit == "WEEKS" else 1)
        return tuple(start.plus_days(length * i) for i in steps)
    pytest.skip("frequency")


# --- Fineract: the cumulative and progressive schedules of its feature files ----------------------


def fineract_day_count(start: Day, settings: Case, inputs: Case) -> dict[str, Any]:
    """Months count as months; daily interest counts real days in the start year's length."""
    if inputs["interest_calculation_period"] == "SAME_AS_REPAYMENT_PERIOD":
        if inputs["repay_unit"] != "MONTHS" and inputs["annual_rate_pct"]:
            pytest.skip("frequency")
        return {"day_count": DayCount.THIRTY_360}
    year, month = settings["days_in_year"].split()[0], settings["days_in_month"]
    if (year, month) == ("360", "30"):
        return {"day_count": DayCount.THIRTY_360}
    if month != "ACTUAL":
        pytest.skip("day-count")
    if year == "ACTUAL":
        length = Day(start.year, 1, 1).days_until(Day(start.year + 1, 1, 1))
        return {"day_count": DayCount.ACT_365, "year_days": length}
    return {"day_count": DayCount.ACT_365, "year_days": int(year)}


def fineract_multiple(settings: Case) -> dict[str, Any]:
    """A multiple above one is rounded up to, a multiple of one half-even."""
    multiple = settings.get("installment_amount_in_multiples_of")
    if not multiple:
        return {}
    rounding = Rounding.UP if multiple > 1 else Rounding.HALF_EVEN
    return {"instalment_multiple": money(multiple), "instalment_rounding": rounding}


def fineract_terms(inputs: Case, start: Day) -> Terms:
    settings = inputs["product_settings"]
    count = inputs["instalments"]
    flat = inputs["interest_type"] == "FLAT"
    equal_principal = inputs["amortization"] == "EQUAL_PRINCIPAL_PAYMENTS"
    if inputs["interest_free_instalments"]:
        pytest.skip("interest-free")
    if flat and equal_principal:
        pytest.skip("flat-equal-principal")
    method = Method.EQUAL_PRINCIPAL if equal_principal else Method.EQUAL_INSTALMENT
    if flat and inputs["annual_rate_pct"]:
        method = Method.FLAT
    progressive = "PROGRESSIVE" in str(settings.get("schedule_type", ""))
    terms = Terms(
        money(inputs["principal"]),
        method,
        count,
        start,
        yearly(inputs),
        Rounding.HALF_EVEN,
        due_dates=regular_days(start, inputs["repay_unit"], inputs["repay_every"], count),
        due_day=start.day,
        principal_grace=inputs["grace_principal_instalments"],
        last_row=LastRow.SPREAD if progressive else LastRow.TAKES_BALANCE,
        **fineract_day_count(start, settings, inputs),
        **({} if equal_principal else fineract_multiple(settings)),
    )
    daily = terms.day_count is DayCount.ACT_365 and not progressive
    if daily and method is Method.EQUAL_INSTALMENT:
        return replace(terms, equal_part=instalment_of_first_length(terms))
    return terms


def instalment_of_first_length(terms: Terms) -> Money:
    """Daily cumulative loans: the equal instalment as if each period were as long as the first."""
    days = terms.start.days_until(terms.due_dates[0])
    steps = range(1, terms.months + 1)
    even = tuple(terms.start.plus_days(days * step) for step in steps)
    row = build_schedule(replace(terms, due_dates=even)).instalments[terms.principal_grace]
    return row.total


def down_payment(inputs: Case) -> Money | None:
    """Taken on the first day, rounded as an instalment is; the rest is the loan."""
    share = inputs["product_settings"].get("down_payment_pct")
    if not share:
        return None
    if inputs["annual_rate_pct"]:
        pytest.skip("down-payment-with-interest")
    return money(Decimal(str(inputs["principal"])) * share / 100)


ALWAYS = (r"Admin sets? the business date", r"Loan marked as charged-off")
HARMLESS = (
    *ALWAYS,
    r"loan created",
    r"Admin set .* allocation rule",
    r"Global config",
    r"Admin adds .* due date charge",
    r"Admin adds .* charge with .* % of transaction",
    r"Admin adds an NSF fee",
    r"Admin adds a .* Processing charge",
    r"Admin waives",
)
HARMLESS_WITHOUT_RECALCULATION = (
    r"Admin runs (inline )?COB job",
    r"Customer makes",
    r"Customer undo",
    r"Admin makes a charge adjustment",
    r"Admin reverts the charge adjustment",
)
DISBURSED = re.compile(r'disburse the loan on "(.+?)" with "(.+?)"')
BUSINESS_DATE = re.compile(r'business date to "(.+?)"')


def spoken_day(text: str) -> Day:
    return Day.of(datetime.strptime(text, "%d %B %Y").replace(tzinfo=UTC).date())


def undisturbed_schedules(case: Case) -> list[tuple[Case, Day]]:
    """The tables the source shows before anything changes principal, interest or days.

    Each with the day its schedule starts: until the money is paid out that is the business date.
    """
    inputs, found, disbursed = case["inputs"], [], False
    start = Day.parse(inputs["start_date"])
    recalculated = inputs["product_settings"].get("interest_recalculation")
    allowed = HARMLESS if recalculated else (*HARMLESS, *HARMLESS_WITHOUT_RECALCULATION)
    for step in case["expected"]["steps"]:
        event = step.get("event", "")
        if step.get("expect") == "schedule":
            found.append((step, start))
        elif match := DISBURSED.search(event):
            if disbursed or Decimal(match[2]) != Decimal(str(inputs["principal"])):
                break
            disbursed, start = True, spoken_day(match[1])
        elif (match := BUSINESS_DATE.search(event)) and not disbursed:
            start = max(start, spoken_day(match[1]))
        elif "charge-off the loan" in event and not recalculated:
            allowed = (*ALWAYS, r"Admin runs (inline )?COB job")
        elif event and not any(re.match(pattern, event) for pattern in allowed):
            break
    if not found:
        pytest.skip("disturbed")
    return found


def read_fineract_feature(case: Case) -> list[Finding]:
    inputs, first = case["inputs"], down_payment(case["inputs"])
    findings: list[Finding] = []
    for table, start in undisturbed_schedules(case):
        terms = fineract_terms(inputs, start)
        rows: list[list[object]] = []
        if first is not None:
            terms = replace(terms, principal=terms.principal - first)
            left = terms.principal.decimal()
            rows.append([1, start.isoformat(), left, first.decimal(), Decimal("0.00")])
        rows += plain_rows(build_schedule(terms), len(rows))
        said = fineract_rows(table)
        findings.append((f"line {table['line']}", len(said), len(rows)))
        findings += [
            (f"line {table['line']} row {index}", expected, row)
            for index, (expected, row) in enumerate(zip(said, rows, strict=False), start=1)
        ]
    return findings


def plain_rows(schedule: Schedule, before: int) -> list[list[object]]:
    return [
        [
            row.number + before,
            row.due.isoformat(),
            schedule.outstanding_after(row.number).decimal(),
            row.principal.decimal(),
            row.charge.decimal(),
        ]
        for row in schedule.instalments
    ]


def fineract_rows(table: Case) -> list[list[object]]:
    """Number, day, balance, principal and interest; rows of a late fee alone left out."""
    at = {name: table["columns"].index(name) for name in table["columns"]}
    return [
        [
            row[at["nr"]],
            row[at["date"]],
            cents(row[at["balance"]]),
            cents(row[at["principal"]]),
            cents(row[at["interest"]]),
        ]
        for row in table["rows"]
        if row[at["nr"]] is not None and (row[at["principal"]] or row[at["interest"]])
    ]


def read_fineract_emi(case: Case) -> list[Finding]:
    inputs, steps = case["inputs"], case["expected"]["steps"]
    events = [step for step in steps if "event" in step]
    periods = [(Day.parse(a), Day.parse(b)) for _, a, b in inputs["repayment_periods"]]
    if len(events) < 1 or events[0]["args"][0] != periods[0][0].isoformat():
        pytest.skip("several-disbursements")
    if steps[1].get("expect") != "schedule":
        kind = {event["event"] for event in events}
        pytest.skip("rate-change" if len(kind) > 1 else "several-disbursements")
    start, days = periods[0][0], tuple(end for _, end in periods)
    count = {("DAYS_360", "DAYS_30"): {"day_count": DayCount.THIRTY_360}}.get(
        (inputs["days_in_year"], inputs["days_in_month"])
    )
    if count is None:
        if inputs["days_in_month"] != "ACTUAL":
            pytest.skip("day-count")
        length = inputs["days_in_year"].removeprefix("DAYS_")
        actual = {"day_count": DayCount.ACT_ACT}
        fixed = {"day_count": DayCount.ACT_365, "year_days": None}
        count = actual if length == "ACTUAL" else fixed | {"year_days": int(length)}
    # Thirty days of interest whatever days a month was moved to: amounts follow the regular months.
    regular = regular_days(start, inputs["repay_frequency"], inputs["repay_every"], len(days))
    terms = Terms(
        money(events[0]["args"][1]),
        Method.EQUAL_INSTALMENT,
        len(days),
        start,
        yearly(inputs),
        Rounding.HALF_EVEN,
        due_dates=regular if count["day_count"] is DayCount.THIRTY_360 else days,
        last_row=LastRow.SPREAD,
        **count,
        **fineract_multiple(inputs),
    )
    schedule = build_schedule(terms)
    return [
        (
            f"row {row.number}",
            [cents(value) for value in expected[1:]],
            [
                row.total.decimal(),
                row.charge.decimal(),
                row.principal.decimal(),
                schedule.outstanding_after(row.number).decimal(),
            ],
        )
        for expected, row in zip(steps[1]["rows"], schedule.instalments, strict=True)
    ]


def read_fineract_integration(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    start = Day.parse(inputs["start_date"])
    method, more = Method.EQUAL_INSTALMENT, fineract_multiple(inputs)
    if inputs.get("interest_type") == "FLAT":
        method = Method.FLAT
    fixed = re.search(r"EQUAL_PRINCIPAL, (\d+)% of principal", inputs.get("amortization", ""))
    if fixed:
        part = money(Decimal(inputs["principal"]) * int(fixed[1]) / 100)
        method, more = Method.EQUAL_PRINCIPAL, {"equal_part": part}
    if inputs.get("day_count") == "ACTUAL/365":
        more["day_count"] = DayCount.ACT_365
    schedule = build_schedule(
        Terms(
            money(inputs["principal"]),
            method,
            inputs["instalments"],
            start,
            yearly(inputs),
            Rounding.HALF_EVEN,
            **more,
        )
    )
    findings: list[Finding] = [("instalments", inputs["instalments"], len(schedule.instalments))]
    days = {row.due.isoformat(): row for row in schedule.instalments}
    for values in expected["rows"]:
        said = dict(zip(expected["columns"], values, strict=True))
        row = days[said["due_date"]]
        ours = {"principal": row.principal, "interest": row.charge, "due": row.total}
        findings += [
            (f"{row.due} {name}", cents(said[name]), ours[name].decimal())
            for name in ours
            if name in said
        ]
    return findings


# --- Due dates ------------------------------------------------------------------------------------


def first_due_of(inputs: Case) -> tuple[Day, Day | None]:
    """Start and first due day, from whichever seed the case names."""
    if "rule" in inputs:
        day = Day.parse(inputs["rule"][-10:])
        start = day.plus_days(-1)
        if "start of next month" in inputs["rule"]:
            return start, day.month_start().plus_months(1)
        if "end of current month" in inputs["rule"]:
            return start, day.month_end()
        if "as per repayment start date" in inputs["rule"]:
            return start, day
        pytest.skip("due-date-rule")
    if "first_due_date" in inputs:
        first = Day.parse(inputs["first_due_date"])
        return first.plus_days(-1), first
    seed = "submitted_on" if inputs["seed"].startswith("submitted") else "actual_disbursement"
    start = Day.parse(inputs.get(seed) or inputs["expected_disbursement"])
    least = inputs.get("min_days_to_first_due", 0)
    return start, max(start.plus_months(1), start.plus_days(least)) if least else None


def read_due_dates(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    start, first = first_due_of(inputs)
    at_end = "end of current month" in inputs.get("rule", "")
    schedule = build_schedule(
        Terms(
            money(inputs.get("principal", 1000)),
            Method.EQUAL_PRINCIPAL,
            inputs["instalments"],
            start,
            charge_at(Decimal(0)),
            first_due=first,
            due_day=31 if at_end else None,
        )
    )
    days = [row.due.isoformat() for row in schedule.instalments]
    if "due_dates" in expected:
        findings: list[Finding] = [("due dates", expected["due_dates"], days)]
    else:
        said = expected["first_second_last_due_dates"]
        findings = [("due dates", said, [days[0], days[1], days[-1]])]
    if "principal_each" in expected:
        each = {row.principal.decimal() for row in schedule.instalments}
        findings.append(("principal", {cents(expected["principal_each"])}, each))
    return findings


# --- Frappe, Ruby, closed forms, rates, mortgages -------------------------------------------------


def monthly(inputs: Case, **more: Any) -> Schedule:
    """A plain monthly schedule by 30/360, of the case's principal, rate and number."""
    method = Method.EQUAL_PRINCIPAL if "本金" in inputs.get("method", "") else None
    return build_schedule(
        Terms(
            money(inputs["principal"]),
            method or Method.EQUAL_INSTALMENT,
            inputs.get("instalments", 600),
            Day(2025, 1, 1),
            yearly(inputs),
            **more,
        )
    )


def whole(amount: Money) -> int:
    return int(amount.decimal().quantize(Decimal(1), ROUND_HALF_UP))


def frappe_penalty(inputs: Case) -> list[Finding]:
    """Penalty runs from the end of the grace, on what is overdue alone, ACT/365."""
    unpaid, due = money("5732.88"), Day(2019, 11, 1)
    rate = Rate.percent(inputs["penalty_rate_pct"])
    ours = interest(
        unpaid,
        rate,
        due.plus_days(inputs["grace_days"]),
        due.plus_days(inputs["days"]),
        DayCount.ACT_365,
    )
    late = inputs["days"] - inputs["grace_days"]
    return [("penalty", money(unpaid.decimal() * rate.fraction * late / 365), ours)]


def read_frappe(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    if "penalty_rate_pct" in inputs:
        return frappe_penalty(inputs)
    if inputs.get("method") == "fixed amount per period":
        schedule = monthly(inputs, equal_part=money(inputs["instalment"]))
    elif inputs.get("emi_rounding", "").startswith("CEIL"):
        schedule = monthly(inputs, instalment_multiple=money(1), instalment_rounding=Rounding.UP)
    else:
        pytest.skip("frappe-other")
    first, principal = schedule.instalments[0], money(inputs["principal"])
    charges = schedule.total_charges
    ours: dict[str, object] = {
        "monthly_instalment": whole(first.total),
        "instalment": whole(first.total),
        "instalments": len(schedule.instalments),
        "total_interest_rounded": whole(charges),
        "total_payment_rounded": whole(principal + charges),
        "first_instalment_interest": float(first.charge.decimal()),
        "first_instalment_principal": float(first.principal.decimal()),
    }
    findings = [(name, expected[name], ours[name]) for name in ours if name in expected]
    for index, *said in expected.get("rows_zero_based", {}).get("rows", []):
        row = schedule.instalments[index]
        left = schedule.outstanding_after(row.number)
        findings.append(
            (f"row {index}", said, [whole(x) for x in (row.principal, row.charge, left)])
        )
    return findings


def read_ruby(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    part = monthly(inputs).instalments[0].total + money(inputs["extra_each_month"])
    rows = monthly(inputs, equal_part=part)
    return [
        ("instalments", expected["instalments_paid"], len(rows.instalments)),
        ("payment", cents(expected["payment_each"]), part.decimal()),
        ("last", cents(expected["last_instalment"]), rows.instalments[-1].total.decimal()),
        ("interest", cents(expected["total_interest"]), rows.total_charges.decimal()),
    ]


def read_rates(case: Case) -> list[Finding]:
    nominal = Decimal(str(case["inputs"]["nominal"])) * 100
    cost = all_in_cost(
        monthly({"principal": 10_000_000, "annual_rate_pct": nominal} | {"instalments": 12})
    )
    said = Decimal(str(case["expected"]["effective"]["monthly"]))
    return [("effective", said, cost.effective.fraction.quantize(Decimal("0.00001")))]


def read_closed_form(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    more: dict[str, Any] = {}
    if "pv" in inputs:
        rate, months = inputs["rate"].split("/")
        loan = {"principal": inputs["pv"], "instalments": inputs["n"]}
        per_year = Decimal(rate) * 12 / int(months) * 100
        said, zero, zero_n = -expected["pmt"], -expected["pmt_zero_rate"], inputs["n"]
    else:
        loan = {"principal": inputs["principal"], "instalments": inputs["n"]}
        per_year = Decimal(inputs["annual_rate_pct"]) * 12
        said, zero, zero_n = expected["expected_upstream"], expected["zero_rate_n12"], 12
        more = {"instalment_rounding": Rounding.DOWN}  # Hastructure cuts its cents off
    first = monthly(loan | {"annual_rate_pct": per_year}, **more).instalments[0].total
    free = monthly(loan | {"annual_rate_pct": 0, "instalments": zero_n}).instalments[0].total
    return [
        ("payment", cents(said), first.decimal()),
        ("without interest", cents(zero), free.decimal()),
    ]


def read_irr(case: Case) -> list[Finding]:
    if "flows" not in case["inputs"]:
        pytest.skip("no-flows")
    findings: list[Finding] = []
    said = case["expected"]["irr"]
    for flows, rate in zip(case["inputs"]["flows"], said, strict=True):
        found = irr([Decimal(str(flow)) for flow in flows])
        places = Decimal(1).scaleb(-len(str(rate).split(".")[1]))
        assert isinstance(found, Decimal)
        findings.append((str(flows), Decimal(str(rate)), found.quantize(places)))
    return findings


def read_mortgage(case: Case) -> list[Finding]:
    inputs, expected = case["inputs"], case["expected"]
    schedule = monthly(inputs)
    first, last = schedule.instalments[0], schedule.instalments[-1]
    ours = {
        "monthly_instalment": first.total,
        "monthly_principal": first.principal,
        "first_principal": first.principal,
        "first_interest": first.charge,
        "first_instalment": first.total,
        "last_balance": schedule.outstanding_after(len(schedule.instalments)),
    }
    findings: list[Finding] = [
        (name, cents(expected[name]), ours[name].decimal()) for name in ours if name in expected
    ]
    # The source sums unrounded instalments; ours are whole fen, so a total is off by at most half a
    # fen for each instalment, all of it in the last row.
    slack = Decimal("0.005") * len(schedule.instalments) + Decimal("0.5")
    totals = {
        "total_interest": schedule.total_charges,
        "total_payment": schedule.terms.principal + schedule.total_charges,
        "last_instalment": last.total,
    }
    findings += [
        (name, True, abs(cents(expected[name]) - totals[name].decimal()) <= slack)
        for name in totals
        if name in expected
    ]
    return findings


# --- All families ---------------------------------------------------------------------------------

READERS: Mapping[str, Callable[[Case], list[Finding]]] = {
    "closed-form": read_closed_form,
    "cn-mortgage": read_mortgage,
    "due-dates": read_due_dates,
    "fineract-e2e": read_fineract_feature,
    "fineract-e2e-zero-interest": read_fineract_feature,
    "fineract-emi-unit": read_fineract_emi,
    "fineract-integration": read_fineract_integration,
    "frappe-lending": read_frappe,
    "irr": read_irr,
    "rates": read_rates,
    "ruby-finance": read_ruby,
}


def test_every_published_figure_is_ours_to_the_cent(findings: list[Finding]) -> None:
    wrong = [(label, said, ours) for label, said, ours in findings if said != ours]
    assert not wrong, (
        f"{len(wrong)} of {len(findings)} differ, first (what, said, ours): {wrong[0]}"
    )
