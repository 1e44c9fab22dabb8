"""PostgreSQL and memory keep the same loans, whatever happens to them, and every term of them."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tael.kernel import Day, FixedClock, LoanId, Money, Rate, Rounding
from tael.ledger import Dimensions, Ledger, MemoryStore
from tael.platform import SYSTEM, Database
from tael.pricing import Component, DayCount, Method, Schedule, Terms, build_schedule
from tael.servicing import GuaranteeTerms, LoanContract, LoanQuery, LoanStatus, Servicing
from tael.servicing.codec import contract_from_json, contract_to_json
from tael.servicing.store import SqlLoanStore

_MOVES = (
    "close",
    "pay",
    "pay",
    "pay",
    "claim",
    "compensate",
    "recover",
    "writeoff",
    "payoff",
    "prepay",
    "fewer",
)
_END = Day(2027, 12, 31)


def _script(seed: int) -> list[str]:
    """A line of some thirty words, in the order of their days; most of them are sensible."""
    plan, day = random.Random(seed), Day(2026, 1, 1)  # noqa: S311 - seeded on purpose
    words = [f"disburse@{day}"]
    for _ in range(30):
        day = day.plus_days(plan.choice([0, 5, 20, 31, 45]))
        if day > _END:
            break
        move, amount = plan.choice(_MOVES), plan.choice(["11001.60", "5000", "40000"])
        late = plan.choice([0, 0, 0, 7]) if move == "pay" else 0
        suffix = f":{amount}" if move in ("pay", "recover", "payoff", "prepay", "fewer") else ""
        words.append(f"{move}@{day.plus_days(-late)}{suffix}")
    return words


@pytest.mark.parametrize("seed", range(4))
def test_random_lives_are_kept_alike(
    seed: int, database: Database, clock: FixedClock, teller: Any
) -> None:
    clock.move_to_day(_END)
    contract, header = teller.contract, teller.servicing.file(teller.contract.loan_id).header
    ledger = Ledger(MemoryStore(), clock)
    for number, word in enumerate(_script(seed)):
        with database.begin(SYSTEM) as work:
            servicing = Servicing(SqlLoanStore(work.connection), ledger, work.emit, clock)
            if not number:
                servicing.open(header, contract)
            answer = type(teller)(servicing, contract, [teller.contract] * number).play(word)
        assert teller.play(word) == answer
    with database.begin(SYSTEM) as work:
        _compare(teller.servicing.store, SqlLoanStore(work.connection), contract)


def _compare(memory: Any, sql: SqlLoanStore, contract: LoanContract) -> None:
    loan_id = contract.loan_id
    assert sql.load(loan_id) == memory.load(loan_id)
    assert sql.head(loan_id) == memory.head(loan_id)
    assert list(sql.runs(loan_id)) == list(memory.runs(loan_id))
    for status in (None, *LoanStatus):
        query = LoanQuery(status=status, overdue_on=Day(2026, 12, 1) if status else None)
        assert list(sql.find(query)) == list(memory.find(query))
    for month in range(1, 13):
        day = Day(2026, month, 1)
        assert list(sql.due(day)) == list(memory.due(day))
        assert list(sql.claimable(day, 80)) == list(memory.claimable(day, 80))


_START = Day(2026, 1, 31)
_PLAIN: dict[str, Any] = {
    "principal": Money.parse("100000"),
    "method": Method.EQUAL_INSTALMENT,
    "months": 3,
    "start": _START,
    "components": (Component("bank_interest", Rate.percent("7.3"), payee="bank"),),
}


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"first_due": Day(2026, 3, 15)},
        {"due_dates": (Day(2026, 2, 27), Day(2026, 3, 30), Day(2026, 4, 30))},
        {"due_day": 28},
        {"day_count": DayCount.ACT_365, "year_days": 360},
        {"instalment_rounding": Rounding.UP},
        {"instalment_multiple": Money.parse("100")},
        {"equal_part": Money.parse("40000"), "months": 12},
        {"principal_grace": 1, "penalty_rate": Rate.percent("10.95")},
        {"rounding": Rounding.HALF_EVEN, "method": Method.INTEREST_ONLY},
    ],
    ids=str,
)
def test_a_stored_contract_keeps_every_term(terms: dict[str, Any]) -> None:
    schedule: Schedule = build_schedule(Terms(**{**_PLAIN, **terms}))
    guarantee = GuaranteeTerms(Rate.percent("4.25"), Rate.percent(75), Rate.percent(60), 80)
    loan_id = LoanId.derive(FixedClock.on(_START).now(), "terms")
    contract = LoanContract(loan_id, schedule, guarantee, Dimensions(partner="bank"))
    assert contract_from_json(contract_to_json(contract)) == contract
