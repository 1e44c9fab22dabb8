"""The store refuses what breaks the books even when no ledger stands before it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tael.kernel import BadInput, Conflict, Day, FixedClock, InvariantBroken, Money, TaelError
from tael.ledger import Batch, Dimensions, Entry, MemoryStore, credit, debit

DAY = Day(2026, 1, 5)
NOW = FixedClock.on(DAY).now()


def entry(left: int, right: int, account: str = "C1002") -> Entry:
    lines = (debit(account, Money(left)), credit("C2201", Money(right)))
    return Entry("C", "received", DAY, lines, Dimensions(loan="L1"))


def batch(key: str, *entries: Entry) -> Batch:
    return Batch(key, "hash", entries, NOW)


def _unbalanced(store: MemoryStore) -> None:
    store.append(batch("b", entry(5, 4)))


def _balanced_only_together(store: MemoryStore) -> None:
    store.append(batch("b", entry(5, 4), entry(4, 5)))


def _not_above_zero(store: MemoryStore) -> None:
    store.append(batch("b", entry(-5, -5)))


def _key_again(store: MemoryStore) -> None:
    store.append(batch("a", entry(5, 5)))


def _closed(store: MemoryStore) -> None:
    store.close_through("C", DAY)
    store.append(batch("b", entry(5, 5)))


def _wrong_side(store: MemoryStore) -> None:
    lines = (debit("C2201", Money(101)), credit("C1002", Money(101)))
    store.append(batch("b", Entry("C", "paid", DAY, lines, Dimensions(loan="L1"))))


@pytest.mark.parametrize(
    ("breach", "error"),
    [
        (_unbalanced, InvariantBroken),
        (_balanced_only_together, InvariantBroken),
        (_not_above_zero, InvariantBroken),
        (_key_again, Conflict),
        (_closed, BadInput),
        (_wrong_side, Conflict),
    ],
)
def test_a_breach_is_refused_by_the_store_and_changes_nothing(
    breach: Callable[[MemoryStore], None], error: type[Exception]
) -> None:
    store = MemoryStore()
    store.append(batch("a", entry(100, 100)))
    with pytest.raises(error):
        breach(store)
    assert [found.batch.key for found in store.links()] == ["a"]
    assert store.find("b") is None


def test_a_refusal_of_the_store_is_one_that_callers_map() -> None:
    store = MemoryStore()
    with pytest.raises(TaelError) as refused:
        _wrong_side(store)
    assert refused.value.code == "wrong_side"
    assert refused.value.field == "C2201"
