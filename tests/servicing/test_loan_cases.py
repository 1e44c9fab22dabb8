"""Lives and refusals of the worked loan, as tables."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tael.kernel import Day, Money, Refusal, facts
from tael.ledger import Ledger
from tael.servicing import LoanState, RefusalCode

_CASES = Path(__file__).parent / "cases"


def _rows(name: str) -> list[dict[str, str]]:
    with (_CASES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", _rows("lives.csv"), ids=lambda case: case["name"])
def test_events_lead_to_state_and_balances(
    case: dict[str, str], teller: Any, ledger: Ledger
) -> None:
    state = teller.play(case["events"])
    assert isinstance(state, LoanState), state
    assert state.status.value == case["status"]
    for word in case["balances"].split():
        account, _, amount = word.partition("=")
        assert ledger.balance(account) == Money.parse(amount), account
    assert ledger.verify().sound


@pytest.mark.parametrize("case", _rows("refusals.csv"), ids=lambda case: case["why"])
def test_an_event_is_refused_and_nothing_is_written(
    case: dict[str, str], teller: Any, ledger: Ledger
) -> None:
    *before, last = case["events"].split()
    if before:
        assert isinstance(teller.play(" ".join(before)), LoanState)
    books, log = ledger.content_hash(), teller.servicing.file(teller.contract.loan_id).log
    refusal = teller.play(last)
    assert isinstance(refusal, Refusal)
    assert refusal.code == case["code"]
    assert ledger.content_hash() == books
    assert teller.servicing.file(teller.contract.loan_id).log == log


def test_every_code_is_in_the_table_in_its_order_of_precedence() -> None:
    codes = [code.value for code in RefusalCode]
    given = [case["code"] for case in _rows("refusals.csv")]
    assert given == sorted(given, key=codes.index)
    assert set(given) == set(codes)


def test_the_earlier_code_is_given_when_two_hold() -> None:
    codes = [code.value for code in RefusalCode]
    both = [case for case in _rows("refusals.csv") if case["also"]]
    assert both
    assert all(codes.index(case["code"]) < codes.index(case["also"]) for case in both)


def test_a_late_payment_leads_where_a_punctual_one_had(teller: Any, another_teller: Any) -> None:
    paid = "pay@2026-02-01:11001.60"
    punctual = teller.play(f"disburse@2026-01-01 {paid} close@2026-02-10 close@2026-02-28")
    another_teller.play(f"disburse@2026-01-01 close@2026-02-10 {paid} close@2026-02-28")
    late = another_teller.servicing.state(another_teller.contract.loan_id)
    assert isinstance(punctual, LoanState)
    assert (late.rows, late.recognised) == (punctual.rows, punctual.recognised)
    held = teller.servicing.books.balances_by("B1301", "loan")
    assert len(set(held.values())) == 1


def _told(teller: Any) -> list[tuple[str, str, str]]:
    """Kind, key and amount of principal of each fact about principal, in their order."""
    moved = (facts.RepaymentReceived, facts.RepaymentReversed)
    return [
        (
            type(fact).__name__,
            fact.event,
            str(fact.principal if isinstance(fact, facts.RepaymentReceived) else fact.amount),
        )
        for fact in teller.servicing.store.facts.values()
        if isinstance(fact, moved)
    ]


def test_principal_that_a_credit_repays_is_told_like_any_other(teller: Any) -> None:
    teller.play("disburse@2026-01-01 pay@2026-02-01:22003.20 close@2026-03-01")
    assert _told(teller) == [
        ("RepaymentReceived", "w2", "9,201.60 CNY"),
        ("RepaymentReceived", "close:2026-03-01", "9,339.62 CNY"),
    ]


def test_what_is_owed_again_after_a_reversal_is_told_never_below_zero(teller: Any) -> None:
    # Both wait in credit; on the due day one bounces, and the other pays the instalment at once.
    paid = "pay@2026-01-10:11001.60 pay@2026-01-11:10 reverse@2026-02-01:w3"
    state = teller.play(f"disburse@2026-01-01 {paid}")
    assert isinstance(state, LoanState)
    assert _told(teller)[2:] == [
        ("RepaymentReversed", "w4", "0.00 CNY"),
        ("RepaymentReceived", "w4", "9,201.60 CNY"),
    ]


def test_facts_about_principal_add_up_to_what_is_outstanding(teller: Any) -> None:
    line = (
        "disburse@2026-01-01 pay@2026-02-01:22003.20 close@2026-03-01 pay@2026-02-20:500 "
        "reverse@2026-03-05:w2 pay@2026-03-06:30000 close@2026-04-01 payoff@2026-04-02:130000 "
        "reverse@2026-04-05:w8"
    )
    state = teller.play(line)
    signs = {"RepaymentReceived": -1, "RepaymentReversed": 1}
    moved = [
        Money.parse(amount[:-4].replace(",", "")).minor * signs[kind]
        for kind, _, amount in _told(teller)
    ]
    assert isinstance(state, LoanState)
    assert state.outstanding.minor == 12_000_000 + sum(moved)


def test_a_run_of_delinquency_opens_and_ends_with_the_oldest_due_date(teller: Any) -> None:
    loan_id, store = teller.contract.loan_id, teller.servicing.store
    teller.play("disburse@2026-01-01 close@2026-02-01")
    assert list(store.runs(loan_id)) == []
    teller.play("close@2026-02-02")
    teller.play("close@2026-03-05")
    (run,) = store.runs(loan_id)
    assert (run.due, run.ended) == (Day(2026, 2, 1), None)
    teller.play("pay@2026-03-05:11100")
    first, second = store.runs(loan_id)
    assert (first.due, first.ended) == (Day(2026, 2, 1), Day(2026, 3, 5))
    assert (second.due, second.ended) == (Day(2026, 3, 1), None)
    teller.play("pay@2026-03-06:11100")
    assert all(run.ended is not None for run in store.runs(loan_id))
