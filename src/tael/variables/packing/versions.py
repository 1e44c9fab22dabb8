"""Which version of an event could be seen when: corrections, voids and repeats by known time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tael.variables.packing.events import EventRows
from tael.variables.packing.fates import Fate
from tael.variables.packing.packed import FOREVER
from tael.variables.packing.schema import KNOWN_AT, VERSION

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Versions:
    """The M versions that can be seen at all, as arrays, sorted by subject, id and known time.

    Attributes:
        row: number in the event rows, from 0.
        visible_from: the first whole UTC second at which it was known.
        visible_to: the first second at which another version or a void was, or FOREVER.
    """

    row: Integers
    visible_from: Integers
    visible_to: Integers


def versions_of(events: EventRows) -> Versions:
    """Order the rows without a fate into versions; every other row is marked in ``events.fates``.

    Rows of one subject and id are versions of one event. A later known time replaces the version
    before, however often; a void closes it and leaves nothing. Rows alike in everything count once.
    Rows of one id and known time that differ are all set aside, since nothing says which is true;
    so is a row known after one with a higher version number. What they would have replaced stays.
    """
    order = _drop_repeats(events, _in_order(events, events.fates.kept()))
    order = _drop_out_of_order(events, order)
    known = events.known[order]
    same = _same(events.subject, order) & _same(events.event_id, order)
    following = np.full(len(order), FOREVER, np.int64)
    following[:-1][same] = _whole_seconds(known[1:], events.ticks)[same]
    start = _whole_seconds(known, events.ticks)
    void = events.void[order]
    events.fates.mark(order[void], Fate.VOID, KNOWN_AT)
    never = ~void & (following <= start)
    events.fates.mark(order[never], Fate.NEVER_VISIBLE, KNOWN_AT)
    seen = ~void & ~never
    return Versions(order[seen], start[seen], following[seen])


def _whole_seconds(known: Integers, ticks: int) -> Integers:
    """Rounded up: at an as-of of whole seconds, nothing is seen before it was known."""
    seconds: Integers = -(-known // ticks)
    return seconds


def _in_order(events: EventRows, rows: Integers) -> Integers:
    keys = (events.known[rows], events.event_id[rows], events.subject[rows])
    return rows[np.lexsort(keys)]


def _same(values: NDArray[np.generic], order: Integers) -> NDArray[np.bool_]:
    """Whether each but the first, in this order, equals the one before."""
    sorted_values = values[order]
    equal: NDArray[np.bool_] = sorted_values[1:] == sorted_values[:-1]
    return equal


def _groups(same: NDArray[np.bool_]) -> Integers:
    """Number of the run of equals that each belongs to, from 0."""
    return np.append(0, np.cumsum(~same)).astype(np.int64)


def _drop_repeats(events: EventRows, order: Integers) -> Integers:
    """Keep one of equal rows; set those aside that differ under one subject, id and known time."""
    if not len(order):
        return order
    same = _same(events.subject, order) & _same(events.event_id, order) & _same(events.known, order)
    crowded = np.append(False, same) | np.append(same, False)
    if not crowded.any():
        return order
    rows, group = order[crowded], _groups(same)[crowded]
    content = (
        events.key, *events.measures, events.leaf, events.void, events.time, events.version,
    )  # fmt: skip
    sort = np.lexsort((*(column[rows] for column in content), group))
    rows, group = rows[sort], group[sort]
    alike = group[1:] == group[:-1]
    repeated = alike.copy()
    for column in content:
        repeated &= _same(column, rows)
    torn = np.unique(group[1:][alike & ~repeated])
    conflict = np.isin(group, torn)
    events.fates.mark(rows[conflict], Fate.CONFLICTING_VERSIONS, KNOWN_AT)
    events.fates.mark(rows[1:][repeated], Fate.DUPLICATE, KNOWN_AT)
    single: Integers = order[events.fates.fate[order] == Fate.KEPT]
    return single


def _drop_out_of_order(events: EventRows, order: Integers) -> Integers:
    """Set rows aside that became known after a higher version of their event."""
    if not len(order):
        return order
    group = _groups(_same(events.subject, order) & _same(events.event_id, order))
    version = events.version[order]
    # One running maximum for all: a later group starts above every number of the one before.
    number = group * (int(version.max()) + 1) + version
    back = number < np.maximum.accumulate(number)
    events.fates.mark(order[back], Fate.VERSION_OUT_OF_ORDER, VERSION)
    return order[~back]
