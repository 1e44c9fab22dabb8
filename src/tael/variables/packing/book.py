"""All events of some borrowers: one `Packed` a slot, every slot with the same borrowers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.packed import Packed

if TYPE_CHECKING:
    from tael.variables.plan.peers import PeerTable

UNKNOWN_GROUP = -1


@dataclass(frozen=True, slots=True, eq=False)
class Book:
    """The events of B borrowers by slot: subject word and source, such as ``ent.bank_tx``.

    Attributes:
        borrowers: ids, each once.
        slots: the events; a slot that is missing is a source that nobody has.
        groups: int64[B], province · 1000 + industry, -1 where unknown: whose peers a borrower is
            compared with. None: unknown of all.
        peers: what the values of the groups were, for percentiles; None: nobody knows. Neither
            bytes nor rows keep it: it is the same for many books.

    Raises:
        BadInput: a borrower stands twice, or a slot or the groups have another number of them.
    """

    borrowers: tuple[str, ...]
    slots: Mapping[str, Packed]
    groups: NDArray[np.int64] | None = None
    peers: PeerTable | None = None

    def __post_init__(self) -> None:
        count = len(self.borrowers)
        if len(set(self.borrowers)) < count:
            raise BadInput("a borrower stands twice", field="borrowers", rule="each stands once")
        for slot, packed in self.slots.items():
            if packed.borrowers != count:
                held = f"{packed.borrowers} borrowers are packed, {count} are named"
                raise BadInput(held, field=slot, rule="every slot has the same borrowers")
        if self.groups is not None and (
            self.groups.dtype != np.int64 or self.groups.shape != (count,)
        ):
            raise BadInput(f"int64[{count}] is needed", field="groups")

    def place(self, borrower: str) -> int:
        """Where ``borrower`` stands, from 0.

        Raises:
            BadInput: it does not.
        """
        if borrower not in self.borrowers:
            raise BadInput(f"there is no {borrower!r} here", field="borrower")
        return self.borrowers.index(borrower)

    def take(self, first: int, last: int) -> Book:
        """The borrowers from place ``first`` to before ``last``.

        Views of the same memory, but for amounts of more than one measure, which are copied.

        Raises:
            BadInput: no such places.
        """
        if not 0 <= first <= last <= len(self.borrowers):
            raise BadInput(f"there are {len(self.borrowers)} borrowers", field="first")
        return Book(
            self.borrowers[first:last],
            {slot: _part(packed, first, last) for slot, packed in self.slots.items()},
            None if self.groups is None else self.groups[first:last],
            self.peers,
        )

    def among(self, peers: PeerTable | None) -> Book:
        """The same events, to be compared with ``peers``."""
        return replace(self, peers=peers)


def chosen(book: Book, borrowers: Sequence[str]) -> Book:
    """``borrowers`` of ``book`` in this order, in one copy.

    Raises:
        BadInput: one of them is not in it, or stands twice.
    """
    places = {name: place for place, name in enumerate(book.borrowers)}
    lost = [name for name in borrowers if name not in places]
    if lost:
        raise BadInput(f"there is no {lost[0]!r} here", field="borrower")
    return joined([book.take(places[name], places[name] + 1) for name in borrowers])


def joined(books: Sequence[Book]) -> Book:
    """The borrowers of several books one after the other, in one copy; peers are the first's.

    Raises:
        BadInput: no book, other slots or measures than the first has, a borrower in two of them, or
            groups in some of them only.
    """
    if not books:
        raise BadInput("there is none", field="books")
    if len(books) == 1:
        return books[0]
    first = books[0]
    if any(book.slots.keys() != first.slots.keys() for book in books):
        raise BadInput("they differ", field="slots", rule="books that are joined have the same")
    groups = [book.groups for book in books if book.groups is not None]
    if len(groups) not in {0, len(books)}:
        raise BadInput("some have none", field="groups", rule="all of the books or none")
    return Book(
        tuple(name for book in books for name in book.borrowers),
        {slot: _joined(slot, [book.slots[slot] for book in books]) for slot in first.slots},
        np.concatenate(groups) if groups else None,
        first.peers,
    )


def _joined(slot: str, parts: list[Packed]) -> Packed:
    if len({len(part.measures) for part in parts}) > 1:
        raise BadInput("they differ in measures", field=slot, rule="parts of one source")
    before = np.cumsum([0, *(part.time.size for part in parts[:-1])])
    offsets = [part.offsets[1:] + start for part, start in zip(parts, before, strict=True)]

    return Packed(
        offsets=np.concatenate([np.zeros(1, np.int64), *offsets]),
        time=np.concatenate([part.time for part in parts]),
        visible_from=np.concatenate([part.visible_from for part in parts]),
        visible_to=np.concatenate([part.visible_to for part in parts]),
        leaf=np.concatenate([part.leaf for part in parts]),
        measures=np.concatenate([part.measures for part in parts], axis=1),
        key=np.concatenate([part.key for part in parts]),
        present=np.concatenate([part.present for part in parts]),
    )


def _part(packed: Packed, first: int, last: int) -> Packed:
    begin, end = int(packed.offsets[first]), int(packed.offsets[last])
    return Packed(
        offsets=packed.offsets[first : last + 1] - begin,
        time=packed.time[begin:end],
        visible_from=packed.visible_from[begin:end],
        visible_to=packed.visible_to[begin:end],
        leaf=packed.leaf[begin:end],
        measures=np.ascontiguousarray(packed.measures[:, begin:end]),
        key=packed.key[begin:end],
        present=packed.present[first:last],
    )
