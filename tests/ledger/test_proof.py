"""The proof finds every kind of tampering; the content hash sees content and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tael.kernel import Day, FixedClock, Money
from tael.ledger import (
    BalanceQuery,
    BalanceRow,
    Dimensions,
    Entry,
    Ledger,
    Link,
    MemoryStore,
    credit,
    debit,
    link,
)

DAY = Day(2026, 1, 5)


def received(minor: int, loan: str = "L1", day: Day = DAY) -> Entry:
    lines = (debit("C1002", Money(minor)), credit("C2201", Money(minor)))
    return Entry("C", "received", day, lines, Dimensions(loan=loan))


def filled(store: MemoryStore) -> Ledger:
    ledger = Ledger(store, FixedClock.on(DAY))
    for number in range(1, 5):
        ledger.post([received(number * 100), received(number, "L2")], key=f"k{number}")
    return ledger


class TamperedStore(MemoryStore):
    """A store whose rows somebody changed behind its back."""

    def __init__(self, change: Callable[[list[Link]], list[Link]]) -> None:
        super().__init__()
        self._change = change

    def links(self) -> Iterator[Link]:
        return iter(self._change(list(super().links())))


class DriftedStore(MemoryStore):
    def balances(self, query: BalanceQuery) -> list[BalanceRow]:
        rows = super().balances(query)
        return [replace(rows[0], net_minor=rows[0].net_minor + 1), *rows[1:]]


def _change_amount(links: list[Link]) -> list[Link]:
    batch = replace(links[1].batch, entries=(received(999_00), *links[1].batch.entries[1:]))
    return [links[0], replace(links[1], batch=batch), *links[2:]]


def _change_time(links: list[Link]) -> list[Link]:
    batch = replace(links[1].batch, recorded=links[1].batch.recorded + timedelta(seconds=1))
    return [links[0], replace(links[1], batch=batch), *links[2:]]


def _relink_after_a_change(links: list[Link]) -> list[Link]:
    changed = _change_time(links)
    second = replace(changed[1], chained=link(links[0].chained, changed[1].batch))
    return [changed[0], second, *links[2:]]


def _drop(links: list[Link]) -> list[Link]:
    return links[:1] + links[2:]


def _swap(links: list[Link]) -> list[Link]:
    return [links[0], links[2], links[1], links[3]]


def _unseal_in_the_middle(links: list[Link]) -> list[Link]:
    return [links[0], replace(links[1], chained=""), *links[2:]]


def test_sound_books_are_proved() -> None:
    store = MemoryStore()
    proof = filled(store).verify()
    assert proof.sound
    assert (proof.batches, proof.entries, proof.unsealed) == (4, 8, 0)
    assert proof.head == list(store.links())[-1].chained


def test_empty_books_are_sound() -> None:
    assert Ledger(MemoryStore(), FixedClock.on(DAY)).verify().sound


@pytest.mark.parametrize(
    "change",
    [_change_amount, _change_time, _relink_after_a_change, _drop, _swap, _unseal_in_the_middle],
)
def test_tampering_is_found(change: Callable[[list[Link]], list[Link]]) -> None:
    proof = filled(TamperedStore(change)).verify()
    assert not proof.sound


def test_a_running_balance_that_drifted_is_found() -> None:
    proof = filled(DriftedStore()).verify()
    assert "C1002 CNY (common) is kept as 1011 minor units" in proof.faults[0]


def test_a_tail_that_waits_for_its_sealer_is_counted_and_no_fault() -> None:
    def unsealed(links: list[Link]) -> list[Link]:
        return [*links[:-1], replace(links[-1], chained="")]

    proof = filled(TamperedStore(unsealed)).verify()
    assert proof.sound
    assert proof.unsealed == 1


def test_the_content_hash_ignores_order_in_a_day_keys_and_recorded_times() -> None:
    one = Ledger(MemoryStore(), FixedClock.on(DAY))
    one.post([received(1), received(2, "L2")], key="a")
    one.post([received(3, day=DAY.plus_days(1))], key="b")
    other = Ledger(MemoryStore(), FixedClock.on(DAY.plus_days(9)))
    other.post([received(3, day=DAY.plus_days(1))], key="x")
    other.post([received(2, "L2")], key="y")
    turned = received(1)
    other.post([replace(turned, postings=turned.postings[::-1])], key="z")
    assert one.content_hash() == other.content_hash()
    assert one.content_hashes() == other.content_hashes()


@pytest.mark.parametrize(
    "other",
    [
        [received(1), received(1)],
        [received(2)],
        [received(1, "L2")],
        [received(1, day=DAY.plus_days(1))],
        [replace(received(1), event="other")],
    ],
)
def test_the_content_hash_sees_every_difference_of_content(other: list[Entry]) -> None:
    one = Ledger(MemoryStore(), FixedClock.on(DAY))
    one.post([received(1)], key="a")
    two = Ledger(MemoryStore(), FixedClock.on(DAY))
    two.post(other, key="a")
    assert one.content_hash() != two.content_hash()


def test_content_hashes_name_the_book_and_day_where_histories_part() -> None:
    one = Ledger(MemoryStore(), FixedClock.on(DAY))
    one.post([received(1), received(5, day=DAY.plus_days(1))], key="a")
    two = Ledger(MemoryStore(), FixedClock.on(DAY))
    two.post([received(1), received(6, day=DAY.plus_days(1))], key="a")
    left, right = one.content_hashes(), two.content_hashes()
    assert [place for place in left if left[place] != right[place]] == [("C", DAY.plus_days(1))]
