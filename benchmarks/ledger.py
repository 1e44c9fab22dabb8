"""CPU time of posting and reading in memory; prints one JSON object.

Run: ``python benchmarks/ledger.py [LOANS]``. One loan is a disbursement and twelve repayments,
each a batch of four entries in three books.
"""

from __future__ import annotations

import json
import platform
import resource
import sys
import time
from collections.abc import Callable

from tael.kernel import Day, FixedClock, Money
from tael.ledger import Dimensions, Entry, Ledger, MemoryStore, Posting, credit, debit

START = Day(2026, 1, 5)
PRINCIPAL, INTEREST, FEE = Money(1_200_000), Money(6_000), Money(12_000)
PART = Money(100_000)
BANK_PART = Money(106_000)


def disbursed(loan: Dimensions) -> list[Entry]:
    return [
        Entry("B", "disbursed", START, _pair("B1301", "B1002", PRINCIPAL), loan, owner="bank-1"),
        Entry("G", "disbursed", START, _pair("G9001", "G9002", PRINCIPAL), loan),
        Entry("B", "accrued", START, _pair("B1302", "B6011", INTEREST), loan, owner="bank-1"),
        Entry("G", "accrued", START, _pair("G1122", "G6021", FEE), loan),
    ]


def repaid(loan: Dimensions, number: int) -> list[Entry]:
    day = START.plus_months(number)
    back = (debit("B1221", BANK_PART), credit("B1301", PART), credit("B1302", INTEREST))
    received = (debit("C1002", BANK_PART), credit("C2201", BANK_PART))
    return [
        Entry("B", "accrued", day, _pair("B1302", "B6011", INTEREST), loan, owner="bank-1"),
        Entry("C", "repaid", day, received, loan),
        Entry("B", "repaid", day, back, loan, owner="bank-1"),
        Entry("G", "repaid", day, _pair("G9002", "G9001", PART), loan),
    ]


def _pair(left: str, right: str, amount: Money) -> tuple[Posting, ...]:
    return (debit(left, amount), credit(right, amount))


def main(loans: int) -> None:
    ledger = Ledger(MemoryStore(), FixedClock.on(START))
    batches = []
    for number in range(loans):
        loan = Dimensions(
            f"loan-{number}", "bank-1", "agr-1", "p1", f"R{number % 7}", "", "2026-01"
        )
        batches.append((f"{number}/0", disbursed(loan)))
        batches += [(f"{number}/{month}", repaid(loan, month)) for month in range(1, 13)]
    times = {}
    began = time.process_time()
    for key, entries in batches:
        ledger.post(entries, key=key)
    times["post_batch_us"] = (time.process_time() - began) / len(batches) * 1e6
    times["balance_of_loan_us"] = _timed(
        lambda: [ledger.balance("B1301", loan=f"loan-{n}") for n in range(min(loans, 1000))],
        min(loans, 1000),
    )
    half = START.plus_months(6)
    times["balance_of_account_us"] = _timed(lambda: ledger.balance("B1301"), 1)
    times["balance_as_of_us"] = _timed(lambda: ledger.balance("B1301", as_of=half), 1)
    times["by_loan_us"] = _timed(lambda: ledger.balances_by("B1301", "loan"), 1)
    times["verify_us"] = _timed(ledger.verify, 1)
    times["content_hash_us"] = _timed(ledger.content_hash, 1)
    print(
        json.dumps(
            {
                "benchmark": "ledger",
                "loans": loans,
                "batches": len(batches),
                "entries": 4 * len(batches),
                "times": {name: round(value, 1) for name, value in times.items()},
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                "python": platform.python_version(),
            }
        )
    )


def _timed(call: Callable[[], object], count: int) -> float:
    began = time.process_time()
    call()
    return (time.process_time() - began) / count * 1e6


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2_000)
