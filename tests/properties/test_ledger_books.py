"""What holds of the books whatever is posted: conservation, order, reversal, replay, repetition."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tael.kernel import Day, FixedClock, Money, TaelError
from tael.ledger import (
    CHART,
    BalanceQuery,
    Basis,
    Dimensions,
    Entry,
    EntryQuery,
    Ledger,
    MemoryStore,
    Posting,
    Side,
)

START = Day(2026, 1, 5)
CAMPAIGN = int(os.environ.get("TAEL_CAMPAIGN", "10000"))
CODES = {book: sorted(code for code in CHART if code[0] == book) for book in "BGPC"}
SOME_LOAN = st.sampled_from(["", "L1", "L2"])
AMOUNTS = st.lists(st.integers(1, 10**9), min_size=1, max_size=3)

Batches = list[list[Entry]]


@st.composite
def entries(draw: st.DrawFn, loans: st.SearchStrategy[str] = SOME_LOAN) -> Entry:
    """A balanced entry over any accounts of one book: one line against one to three others."""
    book = draw(st.sampled_from("BGPC"))
    amounts, side = draw(AMOUNTS), draw(st.sampled_from(Side))
    account = st.sampled_from(CODES[book])
    many = [Posting(draw(account), side, Money(amount)) for amount in amounts]
    one = Posting(draw(account), side.opposite, Money(sum(amounts)))
    return Entry(
        book,
        draw(st.sampled_from(["disbursed", "repaid"])),
        START.plus_days(draw(st.integers(0, 40))),
        (*many, one),
        Dimensions(loan=draw(loans), partner="bank-1", tier=draw(st.sampled_from(["R1", "R2"]))),
        draw(st.sampled_from(Basis)),
        "bank-1" if book == "B" else "",
    )


def batches(loans: st.SearchStrategy[str] = SOME_LOAN) -> st.SearchStrategy[Batches]:
    return st.lists(st.lists(entries(loans), min_size=1, max_size=4), max_size=12)


UNGUARDED = batches(st.just(""))


def new_ledger(start: Day = START) -> tuple[Ledger, FixedClock]:
    clock = FixedClock.on(start)
    return Ledger(MemoryStore(), clock), clock


def play(history: Batches, start: Day = START) -> Ledger:
    """Post each batch under its number, a minute apart; batches that are refused are left out."""
    ledger, clock = new_ledger(start)
    for number, batch in enumerate(history):
        clock.advance(timedelta(minutes=1))
        try:
            ledger.post(batch, key=str(number))
        except TaelError as refused:
            assert refused.code == "wrong_side"  # noqa: PT017 - any other refusal is a bug
    return ledger


def naive_net(ledger: Ledger, counts: Callable[[Entry], bool], account: str) -> int:
    """Debits minus credits by adding up every posting, the slow and obvious way."""
    return sum(
        line.amount.minor if line.side is Side.DEBIT else -line.amount.minor
        for record in ledger.entries(EntryQuery())
        if counts(record.entry)
        for line in record.entry.postings
        if line.account == account
    )


def assert_books_hold(ledger: Ledger) -> None:
    assert ledger.verify().sound
    for book in "BGPC":
        assert ledger.trial_balance(book).balanced
        assert ledger.trial_balance(book, START.plus_days(20)).balanced
    for row in ledger.rows(BalanceQuery(group_by=("loan",))):
        account = CHART[row.account]
        if not account.guarded or row.group == ("",):
            continue
        for basis in Basis:
            balance = ledger.balance(row.account, basis=basis, loan=row.group[0], owner=row.owner)
            assert balance >= Money.zero(), (row.account, basis)


@given(history=batches())
@settings(deadline=None)
def test_no_history_creates_money_or_turns_an_account_of_a_loan(history: Batches) -> None:
    assert_books_hold(play(history))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@given(history=batches())
@settings(max_examples=CAMPAIGN, deadline=None)
def test_a_campaign_of_histories_keeps_the_books(history: Batches) -> None:
    assert_books_hold(play(history))


@given(
    history=batches(), days=st.integers(-1, 41), loan=SOME_LOAN, code=st.sampled_from(CODES["G"])
)
@settings(deadline=None)
def test_running_balances_equal_the_sum_of_their_postings(
    history: Batches, days: int, loan: str, code: str
) -> None:
    ledger, day = play(history), START.plus_days(days)
    sign = CHART[code].side.sign

    def of_loan(entry: Entry) -> bool:
        return entry.basis in basis.view and entry.dimensions.loan == loan

    def by_day(entry: Entry) -> bool:
        return entry.basis in basis.view and entry.effective <= day

    for basis in Basis:
        now, then = naive_net(ledger, of_loan, code), naive_net(ledger, by_day, code)
        assert ledger.balance(code, basis=basis, loan=loan).minor == sign * now
        assert ledger.balance(code, basis=basis, as_of=day).minor == sign * then


@given(data=st.data(), history=UNGUARDED)
@settings(deadline=None)
def test_the_order_of_posting_changes_neither_balances_nor_content(
    data: st.DataObject, history: Batches
) -> None:
    one = play(history)
    other = play(data.draw(st.permutations(history)), START.plus_days(100))
    assert one.content_hash() == other.content_hash()
    assert one.rows(BalanceQuery(group_by=("tier",))) == other.rows(
        BalanceQuery(group_by=("tier",))
    )


@given(history=UNGUARDED, extra=st.lists(entries(st.just("")), min_size=1, max_size=4))
@settings(deadline=None)
def test_a_reversal_on_the_same_day_restores_every_balance(
    history: Batches, extra: list[Entry]
) -> None:
    ledger = play(history)
    day = extra[0].effective
    same_day = [replace(entry, effective=day) for entry in extra]
    everything = BalanceQuery(group_by=("loan", "tier"))
    at_day = replace(everything, as_of=day)
    before = ledger.rows(everything), ledger.rows(at_day), ledger.content_hash()
    ledger.post(same_day, key="extra")
    ledger.reverse("extra", effective=day, new_key="back")
    assert (ledger.rows(everything), ledger.rows(at_day)) == before[:2]
    assert ledger.content_hash() != before[2]
    assert ledger.verify().sound


@given(history=batches())
@settings(deadline=None)
def test_replaying_the_journal_gives_the_same_books(history: Batches) -> None:
    ledger = play(history)
    again, _ = new_ledger(START.plus_days(365))
    keys = dict.fromkeys(record.key for record in ledger.entries(EntryQuery()))
    for key in keys:
        again.post([r.entry for r in ledger.entries(EntryQuery(key=key))], key=f"again/{key}")
    assert again.content_hash() == ledger.content_hash()
    assert again.rows(BalanceQuery()) == ledger.rows(BalanceQuery())


@given(history=UNGUARDED, repeated=st.lists(st.integers(0, 11), max_size=5))
@settings(deadline=None)
def test_repeating_any_command_changes_nothing(history: Batches, repeated: list[int]) -> None:
    ledger = play(history)
    before = ledger.verify(), ledger.content_hash()
    for number in repeated:
        if number < len(history):
            receipt = ledger.post(history[number], key=str(number))
            assert receipt.count == len(history[number])
    assert (ledger.verify(), ledger.content_hash()) == before


@given(history=UNGUARDED, seen=st.integers(0, 12))
@settings(deadline=None)
def test_what_was_known_at_an_instant_never_changes(history: Batches, seen: int) -> None:
    ledger, clock = new_ledger()
    known: dict[str, Money] = {}
    instant = clock.now()
    for number, batch in enumerate(history):
        if number == seen:
            instant = clock.now()
            known = {c: ledger.balance(c, basis=Basis.IFRS) for c in CODES["G"]}
        clock.advance(timedelta(minutes=1))
        ledger.post(batch, key=str(number))
    for code, balance in known.items():
        assert ledger.balance(code, recorded_until=instant, basis=Basis.IFRS) == balance
