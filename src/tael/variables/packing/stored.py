"""The events of one borrower as bytes: little-endian, read back with one allocation.

Layout: 8 bytes of magic with the version, CRC-32 of all that follows (4 bytes), length of the
header (4 bytes), the header in JSON, blanks to a multiple of 8; then slot by slot the arrays time,
visible_from, visible_to, key, measures (8 bytes an entry) and leaf (2), each filled up to a
multiple of 8.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.book import Book
from tael.variables.packing.packed import Packed, without_events

MAGIC = b"TAELBK\x01\x00"
BEGIN = len(MAGIC) + 8
_SINGLE = ("time", "visible_from", "visible_to", "key")


def to_bytes(book: Book, row: int) -> bytes:
    """The events of the borrower at place ``row`` of ``book``, at about 50 bytes an event.

    Raises:
        BadInput: there is no such place.
    """
    one = book.take(row, row + 1)
    header = {
        "borrower": one.borrowers[0],
        "group": None if one.groups is None else int(one.groups[0]),
        "slots": [
            [slot, packed.time.size, len(packed.measures), bool(packed.present[0])]
            for slot, packed in one.slots.items()
        ],
    }
    told = _filled(json.dumps(header, separators=(",", ":")).encode(), b" ", BEGIN)
    parts = [len(told).to_bytes(4, "little"), told]
    for packed in one.slots.values():
        arrays = [*(getattr(packed, name) for name in _SINGLE), packed.measures]
        parts += [array.astype("<i8", copy=False).tobytes() for array in arrays]
        parts.append(_filled(packed.leaf.astype("<u2", copy=False).tobytes(), b"\0", 0))
    body = b"".join(parts)
    return MAGIC + zlib.crc32(body).to_bytes(4, "little") + body


def from_bytes(data: bytes) -> Book:
    """The book of one borrower that ``to_bytes`` stored; its arrays share one copy of ``data``.

    Raises:
        BadInput: other bytes, of another version, cut off or damaged.
    """
    if data[: len(MAGIC)] != MAGIC:
        raise BadInput("these are no stored events of this version", field="data", rule="magic")
    body = memoryview(data)[len(MAGIC) + 4 :]
    told = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "little")
    if len(data) <= BEGIN or told != zlib.crc32(body):
        raise BadInput("the stored events are damaged or cut off", field="data", rule="checksum")
    end = BEGIN + int.from_bytes(body[:4], "little")
    header: dict[str, Any] = json.loads(data[BEGIN:end])
    # One copy, for the loops are compiled for memory that may be written.
    reader = _Reader(np.frombuffer(data, np.uint8).copy(), end)
    slots = {slot: reader.packed(*sizes) for slot, *sizes in header["slots"]}
    group = header["group"]
    groups = None if group is None else np.array([group], np.int64)
    return Book((header["borrower"],), slots, groups)


class _Reader:
    def __init__(self, memory: NDArray[np.uint8], place: int) -> None:
        self.memory = memory
        self.place = place

    def packed(self, events: int, measures: int, present: bool) -> Packed:  # noqa: FBT001 - read
        if not events:
            return _empty(measures, present)
        single = {name: self._whole(events) for name in _SINGLE}
        amounts = self._whole(events * measures).reshape(measures, events)
        leaf = self._bytes(2 * events).view(np.dtype("<u2"))
        self.place += -self.place % 8
        return Packed(
            offsets=np.array([0, events], np.int64),
            leaf=leaf,
            measures=amounts,
            present=np.array([present], np.bool_),
            **single,
        )

    def _whole(self, count: int) -> NDArray[np.int64]:
        return self._bytes(8 * count).view(np.dtype("<i8"))

    def _bytes(self, count: int) -> NDArray[np.uint8]:
        self.place += count
        return self.memory[self.place - count : self.place]


@cache
def _empty(measures: int, present: bool) -> Packed:  # noqa: FBT001 - as read
    """One borrower without events: many slots of many borrowers, so made once."""
    packed = without_events(1, measures)
    return packed if present else replace(packed, present=np.zeros(1, np.bool_))


def _filled(data: bytes, blank: bytes, start: int) -> bytes:
    """``data`` with blanks up to a multiple of 8, counted from ``start`` bytes before it."""
    return data + blank * (-(start + len(data)) % 8)
