"""One borrower's events out of tables in memory: what sources have answered, packed into a book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tael.variables.packing.book import Book
from tael.variables.packing.folder import (
    MARKET_SOURCES,
    MARKETS,
    OWNERS,
    Account,
    Loaded,
    SlotReport,
    group_of,
)
from tael.variables.packing.pack import Behind, Packing, pack
from tael.variables.packing.packed import Packed, without_events
from tael.variables.packing.schema import EventSchema
from tael.variables.plan.peers import PeerTable
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

_LINKS, _MARKET_LINKS, _FIRMS = "role_link", "market_link", "firms"
_ONLY = 0  # the one part that tables in memory are


def book_of_tables(
    plan: Plan, borrower: str, tables: Mapping[str, pa.Table], *, peers: PeerTable | None = None
) -> Loaded:
    """Pack the events of one firm and whoever stands behind it.

    Args:
        plan: whose slots are packed.
        borrower: id of the firm.
        tables: named and shaped as in a folder (see ``load_book``): ``events/SOURCE``,
            ``role_link``, ``market_link``, ``firms``. A source without a table is absent, and so
            are persons' and markets' events without links; one without rows has no event.
        peers: what percentiles are read from.

    Returns:
        The book of this one borrower, the same as ``load_book`` makes of these rows in a folder.

    Raises:
        TableRefused: a table has not the columns of its source.
        BadInput: faulty links.
    """
    packings: dict[str, Packing] = {}
    slots: dict[str, Packed] = {}
    missing = []
    for slot, schema in plan.schemas.items():
        made = _packed(slot, schema, borrower, tables)
        if made is None:
            missing.append(slot)
            slots[slot] = replace(
                without_events(1, len(schema.measures)), present=np.zeros(1, np.bool_)
            )
        else:
            packings[slot], slots[slot] = made, made.packed
    reports = (
        SlotReport(slot, _ONLY, made.rows, made.faults, made.refused)
        for slot, made in packings.items()
    )
    groups = np.array([_group(borrower, tables)], np.int64)
    book = Book((borrower,), slots, groups, peers)
    return Loaded(book, Account(tuple(reports), tuple(missing)))


def _packed(
    slot: str, schema: EventSchema, borrower: str, tables: Mapping[str, pa.Table]
) -> Packing | None:
    """None: nobody was asked, or nobody knows whose events they are."""
    events = tables.get(f"events/{schema.source}")
    if events is None:
        return None
    market = schema.source in MARKET_SOURCES
    if not market and not slot.startswith("per."):
        return pack(events, schema, (borrower,))
    links = tables.get(_MARKET_LINKS if market else _LINKS)
    if links is None:
        return None
    behind = Behind(links, MARKETS if market else OWNERS)
    return pack(events, schema, (borrower,), behind=behind)


def _group(borrower: str, tables: Mapping[str, pa.Table]) -> int:
    firms = tables.get(_FIRMS)
    rows = firms.to_pylist() if firms is not None else []
    for row in rows:
        if row["enterprise_id"] == borrower:
            return group_of(row["province"], row["industry"])
    return group_of(None, None)
