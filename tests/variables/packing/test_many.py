"""Many borrowers out of their bytes: the book is the one they were taken from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.variables.packing.book import Book
from tael.variables.packing.many import from_many_bytes
from tael.variables.packing.packed import Events, Packed
from tael.variables.packing.stored import to_bytes

SLOTS = {"ent.a": 1, "per.a": 2, "ent.票": 0}


@st.composite
def packed(draw: st.DrawFn, borrowers: int, measures: int) -> Packed:
    counts = draw(st.lists(st.integers(0, 5), min_size=borrowers, max_size=borrowers))
    events = sum(counts)
    dice = np.random.default_rng(draw(st.integers(0, 2**32)))
    whole = {n: dice.integers(0, 2**40, events) for n in ("time", "visible_from", "visible_to")}
    return Packed(
        offsets=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        leaf=dice.integers(0, 2**16, events).astype(np.uint16),
        measures=dice.integers(-(10**12), 10**12, (measures, events)),
        key=dice.integers(-(2**63), 2**63 - 1, events),
        present=dice.integers(0, 2, borrowers).astype(np.bool_),
        **whole,
    )


@st.composite
def books(draw: st.DrawFn) -> Book:
    count = draw(st.integers(1, 4))
    slots = {slot: draw(packed(count, many)) for slot, many in SLOTS.items()}
    known = st.lists(st.integers(-1, 99_999), min_size=count, max_size=count)
    groups = draw(st.one_of(st.none(), known))
    told = None if groups is None else np.array(groups, np.int64)
    return Book(tuple(f"E{n}" for n in range(count)), slots, told)


@given(book=books(), wanted=st.one_of(st.none(), st.sets(st.sampled_from(sorted(SLOTS)))))
def test_what_was_stored_apart_comes_back_together(book: Book, wanted: set[str] | None) -> None:
    stored = [to_bytes(book, row) for row in range(len(book.borrowers))]
    again = from_many_bytes(stored, wanted)
    assert again.borrowers == book.borrowers
    assert list(again.slots) == [slot for slot in SLOTS if wanted is None or slot in wanted]
    groups = None if again.groups is None else again.groups.tolist()
    assert groups == (None if book.groups is None else book.groups.tolist())
    for slot, one in again.slots.items():
        for field in Events._fields:
            mine, other = getattr(book.slots[slot], field), getattr(one, field)
            assert np.array_equal(mine, other)
            assert mine.dtype == other.dtype
            assert other.flags.writeable


def test_a_slot_that_one_has_not_is_a_source_it_has_not() -> None:
    one = Packed(
        offsets=np.array([0, 1]), time=np.array([5]), visible_from=np.array([6]),
        visible_to=np.array([7]), leaf=np.array([1], np.uint16), measures=np.array([[9]]),
        key=np.array([3]), present=np.array([True]),
    )  # fmt: skip
    stored = [to_bytes(Book(("a",), {}), 0), to_bytes(Book(("b",), {"ent.a": one}), 0)]
    found = from_many_bytes(stored).slots["ent.a"]
    assert found.offsets.tolist() == [0, 0, 1]
    assert found.present.tolist() == [False, True]


def broken(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("change", "field"), [(lambda d: d[:9], "data"), (broken, "data"), (lambda d: b"x" + d, "data")]
)
def test_bytes_that_are_not_whole_are_refused(change, field: str) -> None:  # noqa: ANN001
    good = to_bytes(Book(("a",), {}), 0)
    with pytest.raises(BadInput) as refused:
        from_many_bytes([good, change(to_bytes(Book(("b",), {}), 0))])
    assert refused.value.field == field


def test_a_borrower_that_stands_twice_is_refused() -> None:
    stored = to_bytes(Book(("a",), {}), 0)
    with pytest.raises(BadInput, match="twice"):
        from_many_bytes([stored, stored])
