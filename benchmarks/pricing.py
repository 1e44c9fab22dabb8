"""CPU time of schedules, rates of return, claims and disclosures; prints one JSON object.

Run: ``python benchmarks/pricing.py [LOANS]``. Loans differ in principal and method, 12 months each;
the rival of a schedule is the bare annuity formula in floats, in the same run.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from collections.abc import Callable, Iterable

from tael.kernel import Day, Money, Rate
from tael.pricing import (
    Component,
    Method,
    Schedule,
    Terms,
    all_in_cost,
    build_schedule,
    cost_disclosure,
)

START, CLAIM = Day(2025, 8, 20), Day(2026, 3, 10)
MONTHS = 12
COMPONENTS = (
    Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
    Component("guarantee_fee", Rate.percent(12), payer="borrower", payee="guarantor"),
    Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"),
)
PARTIES = {"guarantor": "guarantor"}
METHODS = (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL, Method.INTEREST_ONLY)


def terms(number: int) -> Terms:
    principal = Money(10_000_000 + 1_237 * number)
    return Terms(principal, METHODS[number % len(METHODS)], MONTHS, START, COMPONENTS)


def floats(number: int) -> list[float]:
    """The rival: one method, one component, no cents, no days."""
    balance, rate = 100_000 + 12.37 * number, 0.015
    instalment = balance * rate / (1 - (1 + rate) ** -MONTHS)
    rows = []
    for _ in range(MONTHS):
        balance -= instalment - balance * rate
        rows.append(balance)
    return rows


def seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def per_second(loans: int, work: Callable[[], object]) -> int:
    return int(loans / seconds(work))


def each(work: Callable[[Schedule], object], schedules: Iterable[Schedule]) -> None:
    for schedule in schedules:
        work(schedule)


def main(loans: int) -> None:
    schedules: list[Schedule] = []
    ours = seconds(lambda: schedules.extend(build_schedule(terms(i)) for i in range(loans)))
    rival = seconds(lambda: [floats(i) for i in range(loans)])
    found = {
        "benchmark": "pricing",
        "loans": loans,
        "instalments": sum(len(schedule.instalments) for schedule in schedules),
        "schedules_per_s": int(loans / ours),
        "all_in_costs_per_s": per_second(loans, lambda: each(all_in_cost, schedules)),
        "claims_per_s": per_second(loans, lambda: each(lambda s: s.claim(3, CLAIM), schedules)),
        "disclosures_per_s": per_second(
            loans, lambda: each(lambda s: cost_disclosure(s, "bank", PARTIES).hash, schedules)
        ),
        "times_bare_float_formula": round(ours / rival, 1),
        "python": platform.python_version(),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
