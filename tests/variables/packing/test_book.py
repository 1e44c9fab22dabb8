"""A book: all slots hold the same borrowers, and a part of it holds just its own events."""

from __future__ import annotations

import numpy as np
import pytest

from tael.kernel import BadInput
from tael.variables import load_definitions
from tael.variables.definitions.leaves import leaf_count, leaf_of
from tael.variables.definitions.operations import MOST_LEAVES
from tael.variables.packing.book import Book
from tael.variables.packing.packed import Packed
from tael.variables.packing.schema import Kind, schema_of
from tael.variables.plan import checks

SOURCES = {source.name: source for source in load_definitions().sources}


def packed(*counts: int, measures: int = 2) -> Packed:
    """So many events for each borrower; event n happened at 10^9 - n and measures n and 10 n."""
    total = sum(counts)
    numbers = np.arange(total, dtype=np.int64)
    return Packed(
        offsets=np.append(0, np.cumsum(counts)).astype(np.int64),
        time=10**9 - numbers,
        visible_from=10**9 - numbers,
        visible_to=np.full(total, 2**62, np.int64),
        leaf=(numbers % 3).astype(np.uint16),
        measures=np.stack([numbers * 10**place for place in range(measures)]),
        key=numbers,
        present=np.ones(len(counts), np.bool_),
    )


def test_a_part_holds_the_events_of_its_borrowers() -> None:
    groups = np.array([1, 2, 3], np.int64)
    part = Book(("a", "b", "c"), {"ent.x": packed(2, 3, 1)}, groups).take(1, 3)

    assert part.borrowers == ("b", "c")
    assert part.groups is not None
    assert part.groups.tolist() == [2, 3]
    assert part.slots["ent.x"].offsets.tolist() == [0, 3, 4]
    assert part.slots["ent.x"].measures.tolist() == [[2, 3, 4, 5], [20, 30, 40, 50]]


def test_slots_with_other_borrowers_are_refused() -> None:
    with pytest.raises(BadInput, match=r"ent\.x: 2 borrowers are packed, 1 are named"):
        Book(("a",), {"ent.x": packed(1, 1)})
    with pytest.raises(BadInput, match="groups"):
        Book(("a",), {}, np.array([1, 2], np.int64))
    with pytest.raises(BadInput, match="stands twice"):
        Book(("a", "a"), {})
    with pytest.raises(BadInput, match="there is no 'b' here"):
        Book(("a",), {}).place("b")


@pytest.mark.parametrize("name", [name for name, each in SOURCES.items() if each.columns])
def test_a_leaf_has_one_number_in_definitions_and_in_packing(name: str) -> None:
    source, schema = SOURCES[name], schema_of(SOURCES[name])
    last = {each: source.column(each).codes[-1][0] for each in source.leaves}
    first = {each: source.column(each).codes[0][0] for each in source.leaves}

    assert schema.leaves == leaf_count(source)
    assert schema.leaf(**last) == leaf_of(source, last)
    assert schema.leaf(**first) == leaf_of(source, first)


def test_kinds_of_columns_follow_from_the_definition() -> None:
    kinds = {each.name: (each.kind, each.unit) for each in schema_of(SOURCES["tax_return"]).columns}

    assert kinds["declared"] == (Kind.MONEY, "fen")
    assert kinds["days_late"] == (Kind.COUNT, "day")
    assert schema_of(SOURCES["bank_tx"]).measures == ("amount", "balance")


def test_definitions_and_loops_know_one_limit_of_leaves() -> None:
    assert MOST_LEAVES == checks.MOST_LEAVES
