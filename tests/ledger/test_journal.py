"""The ledger through its door: keys, reversals, two dates, dimensions, views, closed days."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import cast

import pytest

from tael.kernel import BadInput, Conflict, Day, FixedClock, Money, NotFound
from tael.ledger import (
    BalanceQuery,
    Basis,
    Dimensions,
    Entry,
    EntryQuery,
    Ledger,
    MemoryStore,
    Receipt,
    Side,
    credit,
    debit,
)

DAY = Day(2026, 1, 5)


def yuan(text: str) -> Money:
    return Money.parse(text)


def lent(loan: str, amount: str, day: Day = DAY, **about: str) -> Entry:
    postings = (debit("B1301", yuan(amount)), credit("B1002", yuan(amount)))
    partner = about.pop("partner", "bank-1")
    dimensions = Dimensions(loan=loan, partner=partner, **about)
    return Entry("B", "disbursed", day, postings, dimensions, owner=partner)


def repaid(loan: str, amount: str, day: Day) -> Entry:
    postings = (debit("B1221", yuan(amount)), credit("B1301", yuan(amount)))
    return Entry("B", "repaid", day, postings, Dimensions(loan, "bank-1"), owner="bank-1")


@pytest.fixture
def standing_clock() -> FixedClock:
    return FixedClock.on(DAY)


@pytest.fixture
def ledger(standing_clock: FixedClock) -> Ledger:
    return Ledger(MemoryStore(), standing_clock)


def test_the_same_key_with_the_same_entries_gives_the_earlier_receipt(
    ledger: Ledger, standing_clock: FixedClock
) -> None:
    first = ledger.post([lent("L1", "100")], key="a")
    standing_clock.advance(timedelta(hours=1))
    assert ledger.post([lent("L1", "100")], key="a") == first
    assert ledger.balance("B1301") == yuan("100")


@pytest.mark.parametrize(
    "other",
    [
        lent("L1", "101"),
        lent("L2", "100"),
        lent("L1", "100", DAY.plus_days(1)),
        lent("L1", "100", tier="R1"),
        replace(lent("L1", "100"), event="drawn"),
        replace(lent("L1", "100"), basis=Basis.IFRS),
        replace(lent("L1", "100"), owner="bank-2"),
    ],
    ids=["amount", "loan", "day", "tier", "event", "basis", "owner"],
)
def test_the_same_key_with_other_entries_is_a_conflict(ledger: Ledger, other: Entry) -> None:
    ledger.post([lent("L1", "100")], key="a")
    with pytest.raises(Conflict) as refused:
        ledger.post([other], key="a")
    assert refused.value.code == "key_reused"


class RacedStore(MemoryStore):
    """A store in which somebody else writes the key between the look and the write."""

    looks = 0

    def find(self, key: str) -> Receipt | None:
        self.looks += 1
        return super().find(key) if self.looks != 2 else None


def test_the_same_command_run_twice_at_once_gives_one_receipt() -> None:
    ledger = Ledger(RacedStore(), FixedClock.on(DAY))
    first = ledger.post([lent("L1", "100")], key="a")
    assert ledger.post([lent("L1", "100")], key="a") == first
    assert ledger.balance("B1301") == yuan("100")


def test_another_command_that_took_the_key_at_once_is_a_conflict() -> None:
    ledger = Ledger(RacedStore(), FixedClock.on(DAY))
    ledger.post([lent("L1", "100")], key="a")
    with pytest.raises(Conflict) as refused:
        ledger.post([lent("L1", "101")], key="a")
    assert refused.value.code == "key_reused"


def test_a_reversal_is_the_exact_opposite_and_names_its_original(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100"), lent("L2", "70")], key="a")
    receipt = ledger.reverse("a", effective=DAY.plus_days(3), new_key="b")
    backs = list(ledger.entries(EntryQuery(key="b")))
    assert [back.entry.corrects for back in backs] == ["a#0", "a#1"]
    assert backs[0].entry.postings[0].side is Side.CREDIT
    assert backs[0].entry.postings[0].amount == yuan("100")
    assert backs[0].entry.event == "disbursed_reversed"
    assert receipt.references == ("b#0", "b#1")
    assert not ledger.balance("B1301")
    assert len(list(ledger.entries(EntryQuery(key="a")))) == 2


def test_a_batch_is_reversed_once_and_the_same_reversal_twice_is_one(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100")], key="a")
    first = ledger.reverse("a", effective=DAY, new_key="b")
    assert ledger.reverse("a", effective=DAY, new_key="b") == first
    with pytest.raises(Conflict) as refused:
        ledger.reverse("a", effective=DAY, new_key="c")
    assert refused.value.code == "already_reversed"


def test_a_reversal_may_be_reversed(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100")], key="a")
    ledger.reverse("a", effective=DAY, new_key="b")
    ledger.reverse("b", effective=DAY, new_key="c")
    assert ledger.balance("B1301") == yuan("100")


def test_what_was_never_posted_cannot_be_reversed(ledger: Ledger) -> None:
    with pytest.raises(NotFound):
        ledger.reverse("nothing", effective=DAY, new_key="b")


def test_a_reversal_that_would_turn_a_loan_account_is_refused(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100")], key="a")
    ledger.post([repaid("L1", "40", DAY)], key="b")
    with pytest.raises(Conflict) as refused:
        ledger.reverse("a", effective=DAY, new_key="c")
    assert refused.value.code == "wrong_side"
    assert ledger.balance("B1301") == yuan("60")


def test_a_balance_is_told_by_effective_and_by_recorded_date(
    ledger: Ledger, standing_clock: FixedClock
) -> None:
    ledger.post([lent("L1", "100")], key="a")
    noon = standing_clock.now() + timedelta(hours=3)
    standing_clock.move_to_day(DAY.plus_days(40))
    ledger.post([repaid("L1", "30", DAY.plus_days(2))], key="late")
    ledger.post([repaid("L1", "20", DAY.plus_days(40))], key="now")
    then = DAY.plus_days(10)
    assert ledger.balance("B1301") == yuan("50")
    assert ledger.balance("B1301", as_of=then) == yuan("70")
    assert ledger.balance("B1301", as_of=then, recorded_until=noon) == yuan("100")
    assert ledger.balance("B1301", recorded_until=noon) == yuan("100")
    assert not ledger.balance("B1301", as_of=DAY.plus_days(-1))


def test_a_balance_is_told_by_dimensions_and_owner(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100", tier="R1", vintage="2026-01")], key="a")
    ledger.post([lent("L2", "70", tier="R2", vintage="2026-01")], key="b")
    ledger.post([lent("L3", "5", tier="R1", partner="bank-2")], key="c")
    assert ledger.balance("B1301", tier="R1") == yuan("105")
    assert ledger.balance("B1301", tier="R1", owner="bank-1") == yuan("100")
    assert ledger.balance("B1301", loan="L2", tier="R1") == yuan("0")
    assert ledger.balance("B1301", as_of=DAY, vintage="2026-01") == yuan("170")
    assert ledger.balance("B1301", vintage="") == yuan("5")
    by_tier = {"R1": yuan("105"), "R2": yuan("70")}
    assert ledger.balances_by("B1301", "tier") == by_tier
    assert ledger.balances_by("B1301", "tier", as_of=DAY) == by_tier
    assert ledger.balances_by("B1002", "loan")["L2"] == yuan("-70")


def test_an_unknown_dimension_or_account_is_refused(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="colour"):
        ledger.balance("B1301", colour="red")
    with pytest.raises(BadInput, match="colour"):
        ledger.balances_by("B1301", "colour")
    with pytest.raises(BadInput) as refused:
        ledger.balance("X1")
    assert refused.value.code == "unknown_account"


def test_a_figure_of_two_views_must_name_one(ledger: Ledger) -> None:
    lines = (debit("G6701", yuan("3")), credit("G2611", yuan("3")))
    ledger.post([Entry("G", "expected_loss", DAY, lines, basis=Basis.IFRS)], key="a")
    assert ledger.balance("G6701") == yuan("3")
    ledger.post([Entry("G", "reserved", DAY, lines, basis=Basis.STATUTORY)], key="b")
    with pytest.raises(BadInput) as refused:
        ledger.balance("G6701")
    assert refused.value.code == "unnamed_basis"
    assert ledger.balance("G6701", basis=Basis.STATUTORY) == yuan("3")
    assert ledger.balance("G6701", basis=Basis.COMMON) == yuan("0")


def test_a_figure_of_two_currencies_must_name_one(ledger: Ledger) -> None:
    dollars = (debit("B1301", Money(500, "USD")), credit("B1002", Money(500, "USD")))
    ledger.post([lent("L1", "100"), replace(lent("L1", "1"), postings=dollars)], key="a")
    with pytest.raises(BadInput) as refused:
        ledger.balance("B1301")
    assert refused.value.code == "unnamed_currency"
    assert ledger.balance("B1301", currency="USD") == Money(500, "USD")
    assert ledger.balances_by("B1301", "loan") == {"L1": yuan("100")}


def test_an_empty_account_is_zero_in_the_currency_asked_for(ledger: Ledger) -> None:
    assert ledger.balance("B1301") == Money.zero()
    assert ledger.balance("B1301", currency="USD") == Money.zero("USD")


def test_a_closed_day_takes_no_entries_and_stays_closed(ledger: Ledger) -> None:
    ledger.close("B", through=Day(2026, 1, 31))
    ledger.close("B", through=Day(2026, 1, 10))
    with pytest.raises(BadInput) as refused:
        ledger.post([lent("L1", "100", Day(2026, 1, 31))], key="a")
    assert (refused.value.code, refused.value.row) == ("closed_period", 1)
    ledger.post([lent("L1", "100", Day(2026, 2, 1))], key="a")
    memo = (debit("G9001", yuan("1")), credit("G9002", yuan("1")))
    ledger.post([Entry("G", "disbursed", Day(2026, 1, 31), memo)], key="b")


def test_a_repeated_command_after_the_close_still_gives_its_receipt(ledger: Ledger) -> None:
    first = ledger.post([lent("L1", "100")], key="a")
    ledger.close("B", through=Day(2026, 1, 31))
    assert ledger.post([lent("L1", "100")], key="a") == first


BAD = [
    (replace(lent("L1", "1"), effective=cast("Day", date(2026, 1, 5))), "effective"),
    (replace(lent("L1", "1"), effective=cast("Day", datetime(2026, 1, 5))), "effective"),  # noqa: DTZ001
    (replace(lent("L1", "1"), basis=cast("Basis", "ifrs")), "basis"),
    (replace(lent("L1", "1"), event=""), "event"),
    (replace(lent("L1", "1"), owner=""), "owner"),
    (replace(lent("L1", "1"), book="G"), "owner"),
    (replace(lent("L1", "1"), dimensions=Dimensions(loan=cast("str", None))), "loan"),
    (
        replace(lent("L1", "1"), postings=(debit("B1301", cast("Money", 5)),) * 2),
        "postings[0]",
    ),
]


@pytest.mark.parametrize(("entry", "field"), BAD)
def test_a_wrong_entry_is_refused_by_row_field_and_rule(
    ledger: Ledger, entry: Entry, field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        ledger.post([lent("L0", "1"), entry], key="a")
    assert (refused.value.row, refused.value.field) == (2, field)
    assert refused.value.rule
    assert not list(ledger.entries(EntryQuery()))


@pytest.mark.parametrize("key", ["", "k" * 201, cast("str", None)])
def test_a_batch_needs_a_key_of_reasonable_length(ledger: Ledger, key: str) -> None:
    with pytest.raises(BadInput) as refused:
        ledger.post([lent("L1", "1")], key=key)
    assert refused.value.field == "key"


def test_a_batch_without_entries_is_refused(ledger: Ledger) -> None:
    with pytest.raises(BadInput):
        ledger.post([], key="a")


def test_entries_are_read_by_key_loan_book_day_and_instant(
    ledger: Ledger, standing_clock: FixedClock
) -> None:
    memo = (debit("G9001", yuan("100")), credit("G9002", yuan("100")))
    guaranteed = Entry("G", "disbursed", DAY, memo, Dimensions(loan="L1"))
    ledger.post([lent("L1", "100"), guaranteed], key="a")
    before = standing_clock.now()
    standing_clock.advance(timedelta(days=30))
    ledger.post([lent("L2", "70", DAY.plus_days(30))], key="b")

    def keys(query: EntryQuery) -> list[str]:
        return [record.reference for record in ledger.entries(query)]

    assert keys(EntryQuery()) == ["a#0", "a#1", "b#0"]
    assert keys(EntryQuery(key="b")) == ["b#0"]
    assert keys(EntryQuery(key="none")) == []
    assert keys(EntryQuery(loan="L1")) == ["a#0", "a#1"]
    assert keys(EntryQuery(loan="L1", book="G")) == ["a#1"]
    assert keys(EntryQuery(as_of=DAY)) == ["a#0", "a#1"]
    assert keys(EntryQuery(recorded_until=before, book="B")) == ["a#0"]
    ids = [record.id for record in ledger.entries(EntryQuery())]
    assert ids[:2] < ids[2:]
    assert len(set(ids)) == 3


def test_a_trial_balance_tells_owners_and_bases_apart_and_balances(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100"), lent("L2", "70", partner="bank-2")], key="a")
    trial = ledger.trial_balance("B")
    found = [(row.account, row.owner, row.net_minor) for row in trial.rows]
    assert found == [
        ("B1002", "bank-1", -100_00),
        ("B1002", "bank-2", -70_00),
        ("B1301", "bank-1", 100_00),
        ("B1301", "bank-2", 70_00),
    ]
    assert trial.balanced
    assert ledger.trial_balance("B", DAY).rows == trial.rows
    assert ledger.trial_balance("G").rows == ()
    assert not replace(trial, rows=trial.rows[:1]).balanced


def test_rows_may_be_asked_of_several_accounts_and_groups(ledger: Ledger) -> None:
    ledger.post([lent("L1", "100", tier="R1")], key="a")
    rows = ledger.rows(BalanceQuery(("B1301", "B1002"), group_by=("tier", "owner")))
    assert [(row.account, row.group) for row in rows] == [
        ("B1002", ("R1", "bank-1")),
        ("B1301", ("R1", "bank-1")),
    ]
