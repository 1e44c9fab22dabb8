"""Stored bytes: whatever a borrower has comes back bit by bit, and nothing else is read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tael.kernel import BadInput
from tael.variables.packing.book import Book
from tael.variables.packing.packed import FOREVER, Events, Packed
from tael.variables.packing.stored import from_bytes, to_bytes

NUMBERS = st.integers(-(10**12), 10**12)


@st.composite
def packed(draw: st.DrawFn) -> Packed:
    """One borrower with up to 9 events and 3 measures, present or not."""
    events, measures = draw(st.integers(0, 9)), draw(st.integers(0, 3))
    seed = draw(st.integers(0, 2**32 - 1))
    dice = np.random.default_rng(seed)
    time = -np.sort(-dice.integers(631_152_000, 2_177_452_800, events))
    return Packed(
        offsets=np.array([0, events], np.int64),
        time=time,
        visible_from=time + dice.integers(0, 10**6, events),
        visible_to=np.full(events, FOREVER, np.int64),
        leaf=dice.integers(0, 2**16, events).astype(np.uint16),
        measures=dice.integers(-(10**12), 10**12, (measures, events)),
        key=dice.integers(-(2**63), 2**63 - 1, events),
        present=np.array([draw(st.booleans())], np.bool_),
    )


@given(
    slots=st.dictionaries(st.sampled_from(["ent.a", "per.a", "ent.b", "per.票"]), packed()),
    name=st.text(min_size=1),
    group=st.one_of(st.none(), st.integers(-1, 99_999)),
)
def test_what_is_stored_comes_back(slots: dict[str, Packed], name: str, group: int | None) -> None:
    groups = None if group is None else np.array([group], np.int64)
    try:
        data = to_bytes(Book((name,), slots, groups), 0)
    except UnicodeEncodeError:  # half a character is no text
        return
    again = from_bytes(data)

    assert again.borrowers == (name,)
    assert list(again.slots) == list(slots)
    assert (None if again.groups is None else again.groups.tolist()) == (
        None if group is None else [group]
    )
    for slot, one in slots.items():
        for field in Events._fields:
            mine, other = getattr(one, field), getattr(again.slots[slot], field)
            assert np.array_equal(mine, other)
            assert mine.dtype == other.dtype
            assert other.flags.writeable


@given(cut=st.integers(0, 40))
def test_bytes_that_end_early_are_refused(cut: int) -> None:
    data = to_bytes(Book(("a",), {}), 0)
    with pytest.raises(BadInput):
        from_bytes(data[: min(cut, len(data) - 1)])
