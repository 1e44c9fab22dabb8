"""What the oracle computes from: the events known then, newest first, and answers with a reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tael.variables.packing.packed import Packed

VALUE: Final = 0
NO_SOURCE: Final = 1
NO_EVENT: Final = 2
UNDEFINED: Final = 3

Answer = tuple[float, int]
ABSENT: Final[Answer] = (math.nan, NO_SOURCE)
NOTHING: Final[Answer] = (math.nan, NO_EVENT)
NO_ANSWER: Final[Answer] = (math.nan, UNDEFINED)


@dataclass(frozen=True, slots=True)
class Event:
    """A visible event: age in seconds (at least 1), leaf, amounts, key."""

    age_s: int
    leaf: int
    amounts: tuple[int, ...]
    key: int


def visible(packed: Packed, borrower: int, asof: int) -> list[Event] | None:
    """The events that had happened, were known and not yet replaced; newest first.

    None where the source is not there.
    """
    if not packed.present[borrower]:
        return None
    found = []
    for place in range(int(packed.offsets[borrower]), int(packed.offsets[borrower + 1])):
        time = int(packed.time[place])
        known = int(packed.visible_from[place]) <= asof < int(packed.visible_to[place])
        if known and time < asof:
            amounts = tuple(int(amount) for amount in packed.measures[:, place])
            leaf, key = int(packed.leaf[place]), int(packed.key[place])
            found.append(Event(asof - time, leaf, amounts, key))
    return found


def within(
    events: Sequence[Event], leaves: frozenset[int], seconds: int | None = None
) -> list[Event]:
    """The events of some leaves in the window of these seconds before the as-of; None: of ever."""
    return [
        each
        for each in events
        if each.leaf in leaves and (seconds is None or each.age_s <= seconds)
    ]


def amounts(events: Sequence[Event], measure: int) -> list[int]:
    """One measure of each event; -1 stands for 1 each, so that events are counted."""
    return [1 if measure < 0 else each.amounts[measure] for each in events]


def part(share: int, whole: int) -> Answer:
    """``float(share) / float(whole)``; nothing of something is 0.0, never -0.0."""
    if whole == 0:
        return NO_ANSWER
    return (float(share) / float(whole) if share else 0.0), VALUE
