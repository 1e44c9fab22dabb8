"""From an Arrow table of one source to packed events, with a report of every row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput, check
from tael.variables.packing.events import EventRows, read_events
from tael.variables.packing.fates import Fate, Fault
from tael.variables.packing.links import links_of
from tael.variables.packing.packed import MOST_TOTAL, Packed, sort_order
from tael.variables.packing.schema import SUBJECT, EventSchema
from tael.variables.packing.versions import Versions, versions_of

if TYPE_CHECKING:
    import pyarrow as pa

Integers = NDArray[np.int64]
# So many amounts at their limit still add up within 63 bits, which the check of totals relies on.
MOST_EVENTS = 9_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """Packed events of one source and what became of every row.

    Attributes:
        packed: the events, borrower by borrower in the order of ``borrowers``.
        borrowers: ids of the borrowers.
        rows: rows by fate (see Fate, in lower case); they add up to the rows of the table.
        faults: the rules that rows broke, counted, with examples.
        quarantine: the faulty rows as an Arrow table, as they came, with ``fault_row`` (from 1),
            ``fault_rule`` and ``fault_field``.
        refused: borrowers whose amounts exceed 5·10^14 in all: no event of theirs is packed and
            the source counts as absent. Every version counts, also those known later: for training
            sets of an earlier as-of, hand in rows known by then.
    """

    packed: Packed
    borrowers: tuple[str, ...]
    rows: dict[str, int]
    faults: tuple[Fault, ...]
    quarantine: pa.Table
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """Which persons stand behind the firms: a table of links and the roles that count."""

    links: pa.Table
    roles: tuple[str, ...]


def pack(
    table: pa.Table,
    schema: EventSchema,
    borrowers: Sequence[str] | None = None,
    *,
    absent: Sequence[str] = (),
    behind: Behind | None = None,
) -> Packing:
    """Check the events of one source, order their versions and pack them by borrower.

    Args:
        table: the events, columns as in ``schema``, rows in any order.
        schema: the source.
        borrowers: ids in the order wanted; None takes the table's subjects sorted by bytes.
        absent: borrowers without this source or without consent to it; their events are left out.
        behind: with it the table is of persons and the borrowers are firms: each event enters
            every firm that its person stands behind, visible while the link was valid and known.

    Raises:
        TableRefused: the table has not the columns of the schema.
        BadInput: a borrower stands twice, links are faulty, or links without borrowers.
    """
    events = read_events(table, schema)
    names = _names(events, borrowers, behind)
    without = frozenset(absent)
    present = np.array([name not in without for name in names], np.bool_)
    versions = versions_of(events)
    entries = (
        _of_firms(events, versions, names, behind) if behind else _own(events, versions, names)
    )
    entries = entries.only(present[entries.owner])
    events.fates.mark(_lost(events, versions.row, entries.row), Fate.LEFT_OUT, SUBJECT)
    heavy = _too_heavy(events, entries, len(names))
    light = entries.only(~heavy[entries.owner])
    events.fates.mark(_lost(events, entries.row, light.row), Fate.TOTAL_BEYOND_LIMIT, SUBJECT)
    rows = events.fates.counts()
    check(sum(rows.values()) == table.num_rows, "each row of the table has one fate")
    return Packing(
        packed=_sorted(events, light, present & ~heavy),
        borrowers=names,
        rows=rows,
        faults=events.fates.faults(table),
        quarantine=events.fates.quarantine(table),
        refused=tuple(names[number] for number in np.flatnonzero(heavy)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Entries:
    """Which row enters which borrower and when it is seen there; a row may enter several."""

    owner: Integers
    row: Integers
    visible_from: Integers
    visible_to: Integers

    def only(self, places: NDArray[np.bool_] | NDArray[np.intp]) -> _Entries:
        return _Entries(
            self.owner[places],
            self.row[places],
            self.visible_from[places],
            self.visible_to[places],
        )


def _lost(events: EventRows, before: Integers, after: Integers) -> NDArray[np.bool_]:
    """Mask of the rows that stand in ``before`` and no more in ``after``."""
    lost = np.zeros(len(events.time), np.bool_)
    lost[before] = True
    lost[after] = False
    return lost


def _names(
    events: EventRows, borrowers: Sequence[str] | None, behind: Behind | None
) -> tuple[str, ...]:
    if borrowers is None:
        if behind:
            raise BadInput(
                "firms are to be named when persons stand behind them", field="borrowers"
            )
        return tuple(events.subjects.to_pylist())
    if len(set(borrowers)) < len(borrowers):
        raise BadInput("a borrower stands twice", field="borrowers", rule="each stands once")
    return tuple(borrowers)


def _own(events: EventRows, versions: Versions, names: tuple[str, ...]) -> _Entries:
    """Each event enters its own subject, if that is a borrower."""
    number = {name: place for place, name in enumerate(names)}
    subjects = events.subjects.to_pylist()
    owner_of = np.array([number.get(name, -1) for name in subjects], np.int64)
    owner = owner_of[events.subject[versions.row]]
    entries = _Entries(owner, versions.row, versions.visible_from, versions.visible_to)
    return entries.only(owner >= 0)


def _of_firms(
    events: EventRows, versions: Versions, names: tuple[str, ...], behind: Behind
) -> _Entries:
    """Each event enters the firms of its person, in the times of the links."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    firms = pa.array(names, pa.large_string())
    links = links_of(behind.links, behind.roles, persons=events.subjects, firms=firms)
    # Versions lie together by subject: a link takes one stretch of them.
    person = events.subject[versions.row]
    begin = np.searchsorted(person, links.person, "left")
    many = np.searchsorted(person, links.person, "right") - begin
    link = np.repeat(np.arange(len(many)), many)
    place = np.arange(len(link)) - np.repeat(np.cumsum(many) - many, many) + begin[link]
    start = np.maximum(versions.visible_from[place], links.start[link])
    end = np.minimum(versions.visible_to[place], links.end[link])
    return _Entries(links.firm[link], versions.row[place], start, end).only(start < end)


def _too_heavy(events: EventRows, entries: _Entries, borrowers: int) -> NDArray[np.bool_]:
    """Borrowers whose amounts add up beyond the limit in any measure, every version counted."""
    many = np.bincount(entries.owner, minlength=borrowers)
    heavy: NDArray[np.bool_] = many > MOST_EVENTS
    for amounts in events.measures:
        total = np.zeros(borrowers, np.int64)
        np.add.at(total, entries.owner, np.abs(amounts[entries.row]))
        heavy |= total > MOST_TOTAL
    return heavy


def _sorted(events: EventRows, entries: _Entries, present: NDArray[np.bool_]) -> Packed:
    # The subject follows the id: two persons behind one firm may bring events of one id.
    ids = events.event_id * (len(events.subjects) + 1) + events.subject
    order = sort_order(
        entries.owner, events.time[entries.row], entries.visible_from, ids[entries.row]
    )
    sorted_entries = entries.only(order)
    rows = sorted_entries.row
    many = np.bincount(entries.owner, minlength=len(present))
    return Packed(
        offsets=np.append(0, np.cumsum(many)).astype(np.int64),
        time=events.time[rows],
        visible_from=sorted_entries.visible_from,
        visible_to=sorted_entries.visible_to,
        leaf=events.leaf[rows],
        measures=np.ascontiguousarray(events.measures[:, rows]),
        key=events.key[rows],
        present=present,
    )
