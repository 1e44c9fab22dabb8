"""What can be seen at any as-of equals a plain reading of the raw rows."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from random import Random
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tael.variables.packing.pack import pack
from tael.variables.packing.schema import EventColumn, EventSchema, Kind

SCHEMA = EventSchema("s", (EventColumn("amount", Kind.MONEY, unit="fen"),))
BASE = 1_600_000_000
INSTANT = pa.timestamp("ms", "UTC")


class Row(NamedTuple):
    """Times in half seconds after the base."""

    subject: str
    event: str
    happened: int
    known: int
    version: int
    void: bool
    amount: int


ROWS = st.lists(
    st.builds(
        Row,
        st.sampled_from("AB"),
        st.sampled_from("xyz"),
        st.integers(0, 6),
        st.integers(0, 12),
        st.integers(0, 2),
        st.booleans(),
        st.integers(-1, 1),
    ),
    max_size=14,
)


def table(rows: list[Row]) -> pa.Table:
    def instants(values: list[int]) -> pa.Array:
        return pa.array([BASE * 1000 + 500 * value for value in values], INSTANT)

    return pa.table(
        {
            "subject_id": pa.array([row.subject for row in rows], pa.string()),
            "event_id": pa.array([row.event for row in rows], pa.string()),
            "event_at": instants([row.happened for row in rows]),
            "known_at": instants([row.known for row in rows]),
            "version": pa.array([row.version for row in rows], pa.int16()),
            "void": pa.array([row.void for row in rows], pa.bool_()),
            "amount": pa.array([row.amount for row in rows], pa.int64()),
        }
    )


def plainly(rows: list[Row], subject: str, asof: int) -> list[tuple[int, int]]:
    """Event second and amount of what ``subject`` shows at ``asof`` seconds, read row by row."""
    stories: dict[str, dict[int, set[tuple[int, bool, int, int]]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for row in rows:
        if row.subject == subject and (row.void or row.known >= row.happened):
            content = (0, 0) if row.void else (row.happened // 2, row.amount)
            stories[row.event][row.known].add((row.version, row.void, *content))
    seen = []
    for story in stories.values():
        highest, latest = -1, None
        for known in sorted(story):
            if len(story[known]) > 1:
                continue
            ((version, void, happened, amount),) = story[known]
            if version < highest:
                continue
            highest = version
            if known <= 2 * asof:
                latest = None if void else (happened, amount)
        if latest and latest[0] < asof:
            seen.append(latest)
    return sorted(seen)


def seen_at(rows: list[Row], asof: int) -> list[list[tuple[int, int]]]:
    """Event second and amount of what each subject shows at ``asof``, as packed."""
    packed, now = pack(table(rows), SCHEMA, ["A", "B"]).packed, BASE + asof
    seen = (packed.visible_from <= now) & (now < packed.visible_to) & (packed.time < now)
    shown = []
    for begin, end in pairwise(packed.offsets.tolist()):
        part = np.flatnonzero(seen[begin:end]) + begin
        times, amounts = packed.time[part] - BASE, packed.measures[0][part]
        shown.append(sorted(zip(times.tolist(), amounts.tolist(), strict=True)))
    return shown


@given(rows=ROWS, asof=st.integers(0, 8))
def test_visible_versions_are_those_of_a_plain_reading(rows: list[Row], asof: int) -> None:
    assert seen_at(rows, asof) == [plainly(rows, subject, asof) for subject in "AB"]


@given(rows=ROWS, later=ROWS, asof=st.integers(0, 8))
def test_nothing_that_became_known_later_changes_what_was_seen(
    rows: list[Row], later: list[Row], asof: int
) -> None:
    known = [row for row in rows if row.known <= 2 * asof]
    unknown = [row for row in later if row.known > 2 * asof]
    assert seen_at(known + unknown, asof) == seen_at(known, asof)


@given(rows=ROWS)
def test_each_row_has_one_fate(rows: list[Row]) -> None:
    assert sum(pack(table(rows), SCHEMA, ["A"]).rows.values()) == len(rows)


@given(rows=ROWS, order=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_bit(rows: list[Row], order: Random) -> None:
    shuffled = list(rows)
    order.shuffle(shuffled)
    one, other = pack(table(rows), SCHEMA, ["A", "B"]), pack(table(shuffled), SCHEMA, ["A", "B"])
    assert one.rows == other.rows
    for left, right in zip(one.packed.arrays(), other.packed.arrays(), strict=True):
        assert np.array_equal(left, right)
