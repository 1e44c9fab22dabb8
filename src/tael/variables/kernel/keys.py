"""A table of the keys that one borrower's events bear, for compiled loops: open addressing.

One table serves all borrowers of a run: a slot belongs to the borrower whose stamp it bears, so
nothing is cleared between two. What is known of a key stands in arrays of the caller, by slot.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.variables.kernel.compiled import compiled, inlined

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)  # 2^64 over the golden ratio: spreads keys that are alike
_ONE, _WORD = np.uint64(1), np.uint64(64)
LEAST_SLOTS, _LEAST_BITS = 64, 6
Place = int | np.int64  # made from an unsigned number it must be the latter: compiled loops mix the
# two into a float


class Keys(NamedTuple):
    """The table.

    Attributes:
        keys: int64[slots].
        stamps: int64[slots], the borrower to whom the slot belongs, counted from 1.
    """

    keys: NDArray[np.int64]
    stamps: NDArray[np.int64]


def slots_for(events: int) -> int:
    """Slots of a table for borrowers with at most ``events`` events: a power of two."""
    slots = LEAST_SLOTS
    while slots < 2 * events:
        slots *= 2
    return slots


def make_keys(events: int) -> Keys:
    """A table for borrowers with at most ``events`` events."""
    slots = slots_for(events)
    return Keys(np.empty(slots, np.int64), np.zeros(slots, np.int64))


@compiled
def shift_for(events: int) -> np.uint64:
    """64 less the bits of a table with at least two slots an event: what `slot_of` needs."""
    slots, bits = LEAST_SLOTS, _LEAST_BITS
    while slots < 2 * events:
        slots *= 2
        bits += 1
    return np.uint64(64 - bits)


@inlined
def first_slot(key: int, shift: np.uint64) -> Place:
    """The slot at which the search for ``key`` begins."""
    return np.int64((np.uint64(key) * _GOLDEN) >> shift)


@inlined
def slot_of(table: Keys, key: int, stamp: int, shift: np.uint64) -> tuple[Place, bool]:
    """The slot of ``key``, and whether it has just become its own.

    ``stamp`` is 1 + the place of the borrower, ``shift`` comes from `shift_for` the borrower's
    number of events, which keeps the part of the table in use small.
    """
    end = np.int64((_ONE << (_WORD - shift)) - _ONE)
    slot = first_slot(key, shift)
    while table.stamps[slot] == stamp and table.keys[slot] != key:
        slot = (slot + 1) & end
    if table.stamps[slot] == stamp:
        return slot, False
    table.stamps[slot] = stamp
    table.keys[slot] = key
    return slot, True
