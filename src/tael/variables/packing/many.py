"""The events of many borrowers out of their bytes, as one book: one copy a borrower and source."""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tael.kernel import BadInput
from tael.variables.packing.book import UNKNOWN_GROUP, Book
from tael.variables.packing.packed import Packed
from tael.variables.packing.stored import BEGIN, MAGIC

_FIELDS = ("time", "visible_from", "visible_to", "key")


@dataclass(frozen=True, slots=True)
class _Stored:
    """One borrower's bytes, looked through: where each slot begins, and its sizes."""

    borrower: str
    group: int | None
    body: memoryview
    slots: dict[str, tuple[int, int, int, bool]]  # place, events, measures, present


def from_many_bytes(data: Sequence[bytes], slots: Collection[str] | None = None) -> Book:
    """The book of the borrowers that ``to_bytes`` stored, in their order.

    A slot that some have not is there without the source for them.

    Args:
        data: of one borrower each.
        slots: those that are wanted; None takes all. Skipping one costs nothing.

    Raises:
        BadInput: a borrower stands twice, slots of other measures, or bytes as ``from_bytes``
            refuses them.
    """
    every = [_looked_through(each) for each in data]
    names = dict.fromkeys(slot for one in every for slot in one.slots)
    wanted = [slot for slot in names if slots is None or slot in slots]
    groups = [one.group for one in every]
    known = [UNKNOWN_GROUP if group is None else group for group in groups]
    return Book(
        tuple(one.borrower for one in every),
        {slot: _joined(slot, every) for slot in wanted},
        None if all(group is None for group in groups) else np.array(known, np.int64),
    )


def _looked_through(data: bytes) -> _Stored:
    if data[: len(MAGIC)] != MAGIC:
        raise BadInput("these are no stored events of this version", field="data", rule="magic")
    whole = memoryview(data)
    told = int.from_bytes(data[len(MAGIC) : len(MAGIC) + 4], "little")
    if len(data) <= BEGIN or told != zlib.crc32(whole[len(MAGIC) + 4 :]):
        raise BadInput("the stored events are damaged or cut off", field="data", rule="checksum")
    end = BEGIN + int.from_bytes(data[len(MAGIC) + 4 : BEGIN], "little")
    header: dict[str, Any] = json.loads(data[BEGIN:end])
    places, place = {}, end
    for slot, events, measures, present in header["slots"]:
        places[slot] = (place, events, measures, present)
        if events:
            place += 8 * events * (len(_FIELDS) + measures) + 2 * events
            place += -place % 8
    return _Stored(header["borrower"], header["group"], whole, places)


def _joined(slot: str, every: Sequence[_Stored]) -> Packed:
    missing = (0, 0, -1, False)
    held = [(one.body, *one.slots.get(slot, missing)) for one in every]
    measures = {count for _, _, events, count, _ in held if events}
    if len(measures) > 1:
        raise BadInput(
            f"borrowers have {sorted(measures)} measures in {slot!r}", field=slot, rule="one plan"
        )
    told = max((count for *_, count, _ in held), default=0)
    present = np.array([present for *_, present in held], np.bool_)
    sizes = np.array([events for _, _, events, _, _ in held], np.int64)
    # A row each of the fields and measures, as they lie in the bytes: a borrower is one copy.
    rows, size = len(_FIELDS) + told, int(sizes.sum())
    block, leaf = np.empty((rows, size), np.int64), np.empty(size, np.uint16)
    begin = 0
    for body, place, events, _, _ in held:
        if not events:
            continue
        into = slice(begin, begin + events)
        whole = np.frombuffer(body, "<i8", rows * events, place)
        block[:, into] = whole.reshape(rows, events)
        leaf[into] = np.frombuffer(body, "<u2", events, place + 8 * rows * events)
        begin += events
    return Packed(
        offsets=np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)]),
        **{name: block[number] for number, name in enumerate(_FIELDS)},
        measures=block[len(_FIELDS) :],
        leaf=leaf,
        present=present,
    )
