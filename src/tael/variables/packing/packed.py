"""Events of one source, packed: one borrower after the other, newest event first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput

Whole = NDArray[np.int64]
Leaves = NDArray[np.uint16]
Flags = NDArray[np.bool_]

FOREVER = 2**63 - 1  # `visible_to` of a version that nothing has replaced
LEAST_TIME = 631_152_000  # 1990-01-01 UTC
MOST_TIME = 2_177_452_800  # 2039-01-01 UTC: sums of amount times age stay below 2^63
MOST_AMOUNT = 10**12
MOST_TOTAL = 5 * 10**14
_TYPES = {
    "offsets": np.int64, "time": np.int64, "visible_from": np.int64, "visible_to": np.int64,
    "leaf": np.uint16, "measures": np.int64, "key": np.int64, "present": np.bool_,
}  # fmt: skip


class Events(NamedTuple):
    """The arrays of a `Packed`, as compiled loops read them."""

    offsets: Whole
    time: Whole
    visible_from: Whole
    visible_to: Whole
    leaf: Leaves
    measures: Whole
    key: Whole
    present: Flags


@dataclass(frozen=True, slots=True, eq=False)
class Packed:
    """Events of one source of B borrowers, N in all; instants are UTC seconds.

    Events of a borrower lie together, newest first: by event time, then by the instant from which
    they were known, then by id, all falling. The order is total, so that no bit depends on how the
    events arrived.

    Attributes:
        offsets: int64[B + 1]; borrower b has the events offsets[b] to offsets[b + 1] - 1.
        time: int64[N], when it happened.
        visible_from: int64[N], from when this version was known.
        visible_to: int64[N], when another replaced it, or `FOREVER`.
        leaf: uint16[N], the combination of leaf dimensions that the event falls into.
        measures: int64[k, N], in minor units or a declared scale.
        key: int64[N], hash of the counterparty, tradeline or other key of the source.
        present: bool[B], whether the source was there for the borrower (asked and consented).

    Raises:
        BadInput: an array has another type or shape, or the offsets do not cover the events.
    """

    offsets: Whole
    time: Whole
    visible_from: Whole
    visible_to: Whole
    leaf: Leaves
    measures: Whole
    key: Whole
    present: Flags

    def __post_init__(self) -> None:
        for name, kind in _TYPES.items():
            array = getattr(self, name)
            if array.dtype != kind or not array.flags.c_contiguous:
                raise BadInput(
                    f"{array.dtype} is given, contiguous {np.dtype(kind)} is needed", field=name
                )
        events = self.time.size
        for name in ("time", "visible_from", "visible_to", "leaf", "key"):
            _shaped(name, getattr(self, name), (events,))
        _shaped("measures", self.measures, (len(self.measures), events))
        _shaped("offsets", self.offsets, (self.present.size + 1,))
        steps = np.diff(self.offsets)
        if self.offsets[0] != 0 or self.offsets[-1] != events or (steps < 0).any():
            raise BadInput(f"they must rise from 0 to {events}", field="offsets")

    @property
    def borrowers(self) -> int:
        """How many borrowers there are."""
        return self.present.size

    def arrays(self) -> Events:
        """The arrays, as compiled loops read them."""
        return Events(
            self.offsets, self.time, self.visible_from, self.visible_to,
            self.leaf, self.measures, self.key, self.present,
        )  # fmt: skip


def without_events(borrowers: int, measures: int) -> Packed:
    """A source that every borrower has and that holds no event."""
    none = np.zeros(0, np.int64)
    return Packed(
        offsets=np.zeros(borrowers + 1, np.int64),
        time=none,
        visible_from=none,
        visible_to=none,
        leaf=np.zeros(0, np.uint16),
        measures=np.zeros((measures, 0), np.int64),
        key=none,
        present=np.ones(borrowers, np.bool_),
    )


def verify(packed: Packed) -> None:
    """Refuse events that break a limit or the order; the kernel relies on both.

    Raises:
        BadInput: with field, row (1-based event) and rule: an event before 1990 or after 2038, an
            amount above 10^12, amounts of one borrower above 5·10^14 in all, or a wrong order.
    """
    late = (packed.time < LEAST_TIME) | (packed.time >= MOST_TIME)
    _refuse("time", late, "an event lies between 1990 and 2038, in UTC seconds")
    owners = np.repeat(np.arange(packed.borrowers), np.diff(packed.offsets))
    same = owners[1:] == owners[:-1]
    time, known = np.diff(packed.time), np.diff(packed.visible_from)
    wrong = same & ((time > 0) | ((time == 0) & (known > 0)))
    _refuse("time", np.append(False, wrong), "events of a borrower are sorted newest first")
    for place, amounts in enumerate(packed.measures):
        field = f"measures[{place}]"
        large = (amounts > MOST_AMOUNT) | (amounts < -MOST_AMOUNT)
        _refuse(field, large, "an amount is at most 10^12 minor units")
        _refuse_totals(field, packed.offsets, np.abs(amounts))


def sort_order(owner: Whole, time: Whole, known: Whole, ids: Whole) -> NDArray[np.intp]:
    """Places of events in the order of `Packed`; ``ids`` are ranks of event ids, one each."""
    return np.lexsort((-ids, -known, -time, owner))


def _shaped(name: str, array: NDArray[np.generic], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise BadInput(f"its shape is {array.shape}, {shape} is needed", field=name)


def _refuse(field: str, wrong: Flags, rule: str) -> None:
    if wrong.any():
        row = int(wrong.argmax()) + 1
        raise BadInput(f"{int(wrong.sum())} events break the rule: {rule}", field=field, row=row,
                       rule=rule)  # fmt: skip


def _refuse_totals(field: str, offsets: Whole, sizes: Whole) -> None:
    # In units of 2^20, rounded up: a running sum of a million amounts of 10^12 would not fit else.
    rough = np.append(0, np.cumsum((sizes >> 20) + 1))
    near = np.diff(rough[offsets]) > MOST_TOTAL >> 20
    for borrower in np.flatnonzero(near):
        begin, end = int(offsets[borrower]), int(offsets[borrower + 1])
        if sum(sizes[begin:end].tolist()) > MOST_TOTAL:
            rule = "amounts of a borrower add up to at most 5·10^14 minor units"
            raise BadInput(f"borrower {borrower + 1} breaks the rule: {rule}", field=field,
                           row=begin + 1, rule=rule)  # fmt: skip
