"""What a source delivered, counted by region and day: rows, faulty rows, rows in time, and sums.

Days are those of China (UTC+8) on which a row became known, so that a figure of a day depends on
nothing that came later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.variables.definitions.leaves import leaves_of
from tael.variables.definitions.model import Source
from tael.variables.packing.events import EventRows, read_events
from tael.variables.packing.fates import FIRST_FAULT, Fate
from tael.variables.packing.packed import LEAST_TIME, MOST_TIME
from tael.variables.packing.schema import EventSchema, schema_of
from tael.variables.packing.versions import versions_of
from tael.variables.quality.rules import Side

if TYPE_CHECKING:
    import pyarrow as pa

Whole = NDArray[np.int64]

_DAY, _EAST = 86_400, 8 * 3_600
FIRST_DAY = (LEAST_TIME + _EAST) // _DAY  # days since 1970 of the first column of a tally
DAYS = (MOST_TIME + _EAST) // _DAY - FIRST_DAY + 1
NEVER = -1
UNKNOWN = ""  # the region of a subject of which none is known


@dataclass(slots=True, eq=False)
class Tally:
    """Counts of one source; arrays of R regions by `DAYS` days from `FIRST_DAY`.

    Attributes:
        source: the source's name.
        regions: codes, the last is that of subjects without one.
        rows: rows that became known.
        faulty: of these, rows set aside for a fault.
        firsts: first versions of events.
        late: of these, those that came later than the source promises.
        sums: for each side of an agreement, the first version's amounts.
        last: the last column in which something happened; `NEVER` when nothing did.
        total: rows in all.
        undated: faulty rows whose known time cannot be read; they belong to no day.
        faults: faulty rows by rule.
    """

    source: Source
    regions: tuple[str, ...]
    sides: tuple[Side, ...]
    rows: Whole
    faulty: Whole
    firsts: Whole
    late: Whole
    sums: dict[Side, Whole]
    last: int = NEVER
    total: int = 0
    undated: int = 0
    faults: dict[str, int] = field(default_factory=dict)

    @staticmethod
    def of(source: Source, regions: Sequence[str], sides: Sequence[Side]) -> Tally:
        """Nothing counted yet; ``sides`` are those of this source."""
        shape = (len(regions) + 1, DAYS)
        return Tally(
            source=source,
            regions=(*regions, UNKNOWN),
            sides=tuple(sides),
            rows=np.zeros(shape, np.int64),
            faulty=np.zeros(shape, np.int64),
            firsts=np.zeros(shape, np.int64),
            late=np.zeros(shape, np.int64),
            sums={side: np.zeros(shape, np.int64) for side in sides},
        )

    def add(self, table: pa.Table, region_of: Mapping[str, str]) -> None:
        """Count the rows of ``table``; the region of a subject is looked up in ``region_of``.

        Raises:
            TableRefused: the table has not the columns of the source.
        """
        schema = schema_of(self.source)
        events = read_events(table, schema)
        versions = versions_of(events)
        cell, dated = self._cells(events, region_of)
        faulty = events.fates.fate >= FIRST_FAULT
        self._count(self.rows, cell[dated])
        self._count(self.faulty, cell[dated & faulty])
        self.total += table.num_rows
        self.undated += int((faulty & ~dated).sum())
        for fate in Fate:
            if fate >= FIRST_FAULT and (found := int((events.fates.fate == fate).sum())):
                name = fate.name.lower()
                self.faults[name] = self.faults.get(name, 0) + found
        first = _first_versions(events, versions.row)
        delay = events.known[first] - events.time[first] * events.ticks
        late = delay > self.source.delay_days[1] * _DAY * events.ticks
        self._count(self.firsts, cell[first])
        self._count(self.late, cell[first[late]])
        if len(first):
            newest = (int(events.time[first].max()) + _EAST) // _DAY - FIRST_DAY
            self.last = max(self.last, newest)
        for side in self.sides:
            self._sum(side, events, first, (cell, schema))

    def _cells(
        self, events: EventRows, region_of: Mapping[str, str]
    ) -> tuple[Whole, NDArray[np.bool_]]:
        place = {code: number for number, code in enumerate(self.regions)}
        subjects = events.subjects.to_pylist()
        found = [place.get(region_of.get(name, UNKNOWN), len(place) - 1) for name in subjects]
        regions = np.array([*found, len(place) - 1], np.int64)
        known = events.known // events.ticks
        dated = (known >= LEAST_TIME) & (known < MOST_TIME)
        day = np.where(dated, (known + _EAST) // _DAY - FIRST_DAY, 0)
        return regions[events.subject] * DAYS + day, dated

    def _count(self, into: Whole, cells: Whole) -> None:
        into += np.bincount(cells, minlength=into.size).reshape(into.shape)

    def _sum(
        self, side: Side, events: EventRows, rows: Whole, where: tuple[Whole, EventSchema]
    ) -> None:
        cell, schema = where
        wanted = leaves_of(self.source, side.where)
        chosen = rows[np.isin(events.leaf[rows], sorted(wanted))]
        amounts = events.measures[schema.measures.index(side.column)][chosen]
        flat = self.sums[side].reshape(-1)
        np.add.at(flat, cell[chosen], amounts)


def _first_versions(events: EventRows, seen: Whole) -> Whole:
    """Rows that are the first of their event; ``seen`` is ordered by event, then time."""
    if not len(seen):
        return seen
    fresh = np.ones(len(seen), np.bool_)
    fresh[1:] = (events.subject[seen][1:] != events.subject[seen][:-1]) | (
        events.event_id[seen][1:] != events.event_id[seen][:-1]
    )
    first: Whole = seen[fresh]
    return first
