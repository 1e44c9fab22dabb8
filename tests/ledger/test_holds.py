"""Holds: what is set aside cannot be used by anybody else."""

from __future__ import annotations

import pytest

from tael.kernel import BadInput, Conflict, Day, FixedClock, HoldId, Money, NotFound
from tael.ledger import Dimensions, Entry, Ledger, MemoryStore, credit, debit

DAY = Day(2026, 1, 5)


def cash(amount: str, partner: str = "") -> Entry:
    money = Money.parse(amount)
    lines = (debit("G1002", money), credit("G4001", money))
    return Entry("G", "paid_in", DAY, lines, Dimensions(partner=partner))


def spent(amount: str, partner: str = "") -> Entry:
    money = Money.parse(amount)
    lines = (debit("G6701", money), credit("G1002", money))
    return Entry("G", "paid_out", DAY, lines, Dimensions(partner=partner))


@pytest.fixture
def ledger() -> Ledger:
    ledger = Ledger(MemoryStore(), FixedClock.on(DAY))
    ledger.post([cash("100")], key="capital")
    return ledger


def test_a_hold_reserves_the_balance_without_changing_it(ledger: Ledger) -> None:
    ledger.hold("G1002", Money.parse("60"), key="h")
    assert ledger.balance("G1002") == Money.parse("100")
    with pytest.raises(Conflict) as refused:
        ledger.post([spent("40.01")], key="a")
    assert refused.value.code == "held"
    assert ledger.balance("G1002") == Money.parse("100")
    ledger.post([spent("40")], key="a")


def test_holds_together_cannot_exceed_the_balance(ledger: Ledger) -> None:
    ledger.hold("G1002", Money.parse("60"), key="h")
    with pytest.raises(Conflict) as refused:
        ledger.hold("G1002", Money.parse("40.01"), key="i")
    assert refused.value.code == "held"
    ledger.hold("G1002", Money.parse("40"), key="i")


def test_posting_a_hold_uses_it_and_frees_the_rest(ledger: Ledger) -> None:
    hold = ledger.hold("G1002", Money.parse("60"), key="h")
    receipt = ledger.post_hold(hold, [spent("50")], key="a")
    assert ledger.post_hold(hold, [spent("50")], key="a") == receipt
    ledger.post([spent("50")], key="b")
    assert not ledger.balance("G1002")
    assert ledger.verify().sound


def test_a_hold_is_posted_for_at_most_its_amount(ledger: Ledger) -> None:
    hold = ledger.hold("G1002", Money.parse("60"), key="h")
    with pytest.raises(BadInput) as refused:
        ledger.post_hold(hold, [spent("60.01")], key="a")
    assert refused.value.code == "over_hold"


def test_a_voided_hold_gives_back_and_can_be_voided_again(ledger: Ledger) -> None:
    hold = ledger.hold("G1002", Money.parse("60"), key="h")
    ledger.void_hold(hold)
    ledger.void_hold(hold)
    ledger.post([spent("100")], key="a")


def test_a_closed_hold_is_neither_posted_nor_voided(ledger: Ledger) -> None:
    voided = ledger.hold("G1002", Money.parse("10"), key="h")
    ledger.void_hold(voided)
    with pytest.raises(Conflict) as refused:
        ledger.post_hold(voided, [spent("10")], key="a")
    assert refused.value.code == "hold_closed"
    posted = ledger.hold("G1002", Money.parse("10"), key="i")
    ledger.post_hold(posted, [spent("10")], key="b")
    with pytest.raises(Conflict):
        ledger.void_hold(posted)
    with pytest.raises(Conflict):
        ledger.post_hold(posted, [spent("10")], key="c")


def test_the_same_hold_key_gives_the_same_hold_and_other_inputs_conflict(ledger: Ledger) -> None:
    hold = ledger.hold("G1002", Money.parse("60"), key="h")
    assert ledger.hold("G1002", Money.parse("60"), key="h") == hold
    with pytest.raises(Conflict) as refused:
        ledger.hold("G1002", Money.parse("61"), key="h")
    assert refused.value.code == "key_reused"
    ledger.hold("G1002", Money.parse("40"), key="i")


def test_a_hold_on_a_part_is_covered_by_that_part_and_by_the_whole(ledger: Ledger) -> None:
    ledger.post([cash("30", partner="bank-1")], key="margin")
    with pytest.raises(Conflict):
        ledger.hold("G1002", Money.parse("31"), key="h", dimensions=Dimensions(partner="bank-1"))
    ledger.hold("G1002", Money.parse("30"), key="h", dimensions=Dimensions(partner="bank-1"))
    with pytest.raises(Conflict):
        ledger.post([spent("1", partner="bank-1")], key="a")
    with pytest.raises(Conflict):
        ledger.hold("G1002", Money.parse("101"), key="i")
    ledger.post([spent("100")], key="b")


def test_a_refused_hold_leaves_nothing_behind(ledger: Ledger) -> None:
    with pytest.raises(Conflict):
        ledger.hold("G1002", Money.parse("101"), key="h")
    ledger.hold("G1002", Money.parse("99"), key="h")


def test_a_hold_of_nothing_an_unknown_account_and_an_unknown_hold_are_refused(
    ledger: Ledger,
) -> None:
    with pytest.raises(BadInput):
        ledger.hold("G1002", Money.zero(), key="h")
    with pytest.raises(BadInput):
        ledger.hold("X", Money(1), key="h")
    nobody = HoldId.derive(FixedClock.on(DAY).now(), "nobody")
    with pytest.raises(NotFound):
        ledger.void_hold(nobody)
    with pytest.raises(NotFound):
        ledger.post_hold(nobody, [spent("1")], key="a")
