"""What the sources know: the rows of an economy's folder, found by subject.

Parts of tables are read when somebody is asked about who is in them, and the most recent stay in
memory, each with the places of its subjects.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tael.kernel import BadInput

if TYPE_CHECKING:
    import pyarrow as pa

PERSON, ENTERPRISE, MARKET = "person", "enterprise", "market"
_FIRMS, _PEOPLE, _MARKETS = "firms", "role_link", "market_link"
_EVENTS, _FIGURES = "events", "events/region_month"
_MOST_BYTES = 512 * 2**20

Row = Mapping[str, Any]


class EconomyFolder:
    """The tables of one folder, as ``tael economy build`` leaves it; threads may call it.

    Args:
        directory: the folder.
        most_bytes: so much of its tables is kept in memory.

    Raises:
        BadInput: it holds no events or no firms.
    """

    def __init__(self, directory: Path, *, most_bytes: int = _MOST_BYTES) -> None:
        for name in (_EVENTS, _FIRMS, _PEOPLE, _MARKETS):
            if not (directory / name).is_dir():
                raise BadInput(
                    f"{directory} has no folder {name}",
                    field="economy",
                    rule="a folder as `tael economy build` writes it",
                )
        self._directory = directory
        self._most = most_bytes
        self._lock = threading.RLock()
        self._kept: OrderedDict[tuple[str, int, str], _Part] = OrderedDict()

    def knows(self, kind: str, subject: str) -> bool:
        """Whether there is such a person, enterprise or market."""
        with self._lock:
            return subject in self._where[kind]

    def events(self, stream: str, subject: str, as_of: datetime) -> list[dict[str, Any]]:
        """The rows of a stream about a subject that were known by an instant, in their order."""
        with self._lock:
            parts = self._parts(f"{_EVENTS}/{stream}")
            found: list[dict[str, Any]] = []
            for number in self._numbers(subject):
                if number in parts:
                    found += self._part(f"{_EVENTS}/{stream}", number, "subject_id").of(subject)
        return [row for row in found if row["known_at"] <= as_of]

    def firm(self, enterprise: str) -> Row | None:
        """The row of an enterprise."""
        rows = self._rows(_FIRMS, enterprise)
        return rows[0] if rows else None

    def people(self, enterprise: str, as_of: datetime) -> list[dict[str, Any]]:
        """Who stood behind an enterprise, as known by an instant."""
        rows = self._rows(_PEOPLE, enterprise)
        return [row for row in rows if row["known_at"] <= as_of]

    def markets(self, enterprise: str, as_of: datetime) -> list[dict[str, Any]]:
        """The markets of an enterprise, as known by an instant."""
        rows = self._rows(_MARKETS, enterprise)
        return [row for row in rows if row["known_at"] <= as_of]

    def subjects(self, kind: str) -> tuple[str, ...]:
        """Every subject of a kind, sorted."""
        with self._lock:
            return tuple(sorted(self._where[kind]))

    def _rows(self, table: str, enterprise: str) -> list[dict[str, Any]]:
        with self._lock:
            numbers = self._where[ENTERPRISE].get(enterprise, ())
            parts = self._parts(table)
            return [
                row
                for number in numbers
                if number in parts
                for row in self._part(table, number, "enterprise_id").of(enterprise)
            ]

    def _numbers(self, subject: str) -> Sequence[int]:
        return sorted({number for kind in self._where.values() for number in kind.get(subject, ())})

    @cached_property
    def _where(self) -> Mapping[str, Mapping[str, tuple[int, ...]]]:
        """Kind → subject → numbers of the parts that tell of it."""
        return {
            ENTERPRISE: self._places(_FIRMS, "enterprise_id"),
            PERSON: self._places(_PEOPLE, "person_id"),
            MARKET: self._places(_FIGURES, "subject_id"),
        }

    def _places(self, table: str, column: str) -> Mapping[str, tuple[int, ...]]:
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        found: dict[str, tuple[int, ...]] = {}
        for number, path in self._parts(table).items():
            names = pq.ParquetFile(path).read([column])[column].unique().to_pylist()
            for name in names:
                found[name] = (*found.get(name, ()), number)
        return found

    def _parts(self, table: str) -> Mapping[int, Path]:
        files = sorted((self._directory / table).glob("part-*.parquet"))
        return {int(path.stem.removeprefix("part-")): path for path in files}

    def _part(self, table: str, number: int, column: str) -> _Part:
        key = (table, number, column)
        if key not in self._kept:
            self._kept[key] = _Part(self._parts(table)[number], column)
            while len(self._kept) > 1 and sum(x.size for x in self._kept.values()) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key]


class _Part:
    """One part of a table and where in it each subject's rows stand."""

    def __init__(self, path: Path, column: str) -> None:
        import numpy as np  # noqa: PLC0415 - heavy
        import pyarrow.parquet as pq  # noqa: PLC0415 - heavy

        table: pa.Table = pq.ParquetFile(path).read()
        coded = table[column].combine_chunks().dictionary_encode()
        self._names = {name: place for place, name in enumerate(coded.dictionary.to_pylist())}
        codes = coded.indices.to_numpy(zero_copy_only=False)
        self._order = np.argsort(codes, kind="stable")
        self._starts = np.searchsorted(codes[self._order], np.arange(len(self._names) + 1))
        self._table = table
        self.size = table.nbytes + self._order.nbytes

    def of(self, subject: str) -> list[dict[str, Any]]:
        """The subject's rows, in the order of the part."""
        place = self._names.get(subject)
        if place is None:
            return []
        rows = self._order[self._starts[place] : self._starts[place + 1]]
        found: list[dict[str, Any]] = self._table.take(rows).to_pylist()
        return found
