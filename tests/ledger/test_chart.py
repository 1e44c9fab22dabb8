"""The chart of accounts as it stands."""

from __future__ import annotations

import doctest

import pytest

import tael.ledger
from tael.ledger import BOOKS, CHART, Account, Side


@pytest.mark.parametrize("account", CHART.values(), ids=lambda account: account.code)
def test_every_account_is_named_in_both_languages_and_lies_in_a_book(account: Account) -> None:
    assert account.name_zh
    assert account.name_en
    assert account.book in BOOKS
    assert account.code[1:].isdigit()
    assert len(account.code) == 5


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("B1301", Side.DEBIT),
        ("C2201", Side.CREDIT),
        ("G1239", Side.CREDIT),
        ("G2611", Side.CREDIT),
        ("G9001", Side.DEBIT),
        ("P6052", Side.CREDIT),
    ],
)
def test_an_account_stands_on_its_natural_side(code: str, side: Side) -> None:
    assert CHART[code].side is side


def test_what_belongs_to_a_loan_is_guarded_and_cash_income_expense_and_contra_are_not() -> None:
    free = {code for code, account in CHART.items() if not account.guarded}
    assert {code for code in free if code[1] not in "46"} == {
        "B1002", "G1002", "G1031", "P1002", "C1002", "G1239", "G9002", "G2221", "P2221",
    }  # fmt: skip
    assert {code for code, account in CHART.items() if account.contra} == {"G1239", "G9002"}


def test_the_example_of_the_door_runs() -> None:
    assert doctest.testmod(tael.ledger).failed == 0
