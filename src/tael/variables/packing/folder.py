"""A folder of events, shard by shard, packed into books: what an economy or an export leaves.

    events/SOURCE/part-00000.parquet   the events of a source, columns as its definition says
    firms/part-00000.parquet           enterprise_id, province, industry
    role_link/part-00000.parquet       which persons stand behind which firms, when, known when
    market_link/part-00000.parquet     the same of markets, the subjects of regional observations
    peers.parquet                      what percentiles are read from, if it is there

Parts of one number belong together: firms, their people and all their events. Markets belong to no
shard, so all parts of their figures serve each; so does the one part of a folder that has only one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.packing.book import UNKNOWN_GROUP, Book, chosen, joined
from tael.variables.packing.events import is_text
from tael.variables.packing.fates import Fault, told_of
from tael.variables.packing.links import FIRM, PERSON, ROLE
from tael.variables.packing.pack import Behind, Packing, pack
from tael.variables.packing.packed import Packed, without_events
from tael.variables.packing.peer_file import read_peers
from tael.variables.packing.schema import KNOWN_AT, SUBJECT, EventSchema
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

OWNERS = ("legal_representative", "controller")  # whose events are those of the person of a firm
MARKETS = ("market",)
MARKET_SOURCES = frozenset({"region_month"})
_FIRMS, _LINKS, _MARKET_LINKS = "firms", "role_link", "market_link"
_ROW = "row of the part"  # no source has such a column
_PLACE = re.compile(r"([1-9][0-9])[0-9]*")
_TRADE = re.compile(r"([A-Z]?)([0-9]{2})?")


@dataclass(frozen=True, slots=True)
class SlotReport:
    """What became of the rows of one part of a source.

    Attributes:
        slot: the slot that they were packed into.
        shard: number of the part.
        rows: rows by fate, see ``Fate``; they add up to the rows read.
        faults: the rules that rows broke, counted, with examples: rows of the part, from 1;
            of all parts one after the other where they serve every shard.
        refused: borrowers whose amounts exceed the limit: the source counts as absent.
    """

    slot: str
    shard: int
    rows: dict[str, int]
    faults: tuple[Fault, ...]
    refused: tuple[str, ...]

    @property
    def faulty(self) -> int:
        """How many rows were set aside."""
        return sum(fault.count for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every row of events on the way into books.

    Attributes:
        reports: one for each slot and shard that was read.
        missing: slots of the plan whose source is not in the folder.
    """

    reports: tuple[SlotReport, ...]
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, object]:
        """Rows by fate; and faults with examples, borrowers refused, sources missing."""
        faults = [
            {"slot": each.slot, "part": each.shard, "rule": fault.rule, "field": fault.field,
             "count": fault.count,
             "examples": [{"row": one.row, "value": one.value} for one in fault.examples]}
            for each in self.reports for fault in each.faults
        ]  # fmt: skip
        refused = sorted({name for each in self.reports for name in each.refused})
        missing = list(self.missing)
        return {"events": self.rows(), "faults": faults, "refused": refused,
                "missing_sources": missing}  # fmt: skip

    def rows(self) -> dict[str, dict[str, int]]:
        """By slot how many rows met which fate, see ``Fate``; fates without rows are left out."""
        found: dict[str, Counter[str]] = {}
        for each in self.reports:
            found.setdefault(each.slot, Counter()).update(each.rows)
        return {
            slot: {fate: many for fate, many in counts.items() if many}
            for slot, counts in found.items()
        }

    def lines(self) -> list[str]:
        """The same as sentences; none when all is well."""
        found = []
        if self.missing:
            found.append(f"no events of {', '.join(self.missing)}: their variables have no source")
        for each in self.reports:
            for fault in each.faults:
                first = fault.examples[0] if fault.examples else None
                such = f", such as row {first.row}: {first.value!r}" if first else ""
                many = "1 row" if fault.count == 1 else f"{fault.count} rows"
                found.append(f"{each.slot}, part {each.shard}: {many} set aside, {fault.field}: "
                             f"{told_of(fault.rule)} ({fault.rule}){such}")  # fmt: skip
            if each.refused:
                whom = ", ".join(each.refused)
                found.append(f"{each.slot}: amounts beyond the limit, no source for {whom}")
        for slot, counts in self.rows().items():
            if twice := counts.get("duplicate"):
                what = "1 row" if twice == 1 else f"{twice} rows"
                found.append(f"{slot}: {what} came again, alike in everything, and count once")
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Loaded:
    """A book, and what became of every row on the way into it."""

    book: Book
    account: Account


def load_book(
    directory: Path,
    plan: Plan,
    borrowers: Sequence[str] | None = None,
    *,
    known_by: int | None = None,
) -> Loaded:
    """Pack the events of a folder into one book, in the order of ``borrowers`` or of the shards.

    A whole shard is read with every row of it; of chosen borrowers only their own rows are, and
    faults of rows that name nobody show in whole shards only.

    Args:
        directory: the folder.
        plan: whose slots are packed.
        borrowers: ids of firms; None: all of them.
        known_by: leave out rows that became known after this instant, UTC seconds: no variable as
            of it or before changes. None: all rows.

    Raises:
        BadInput: this is no such folder, a borrower is not in it, or a table or its links cannot be
            read.
        TableRefused: a source has not the columns of its definition.
    """
    folder = EventFolder(directory)
    shards = folder.everybody() if borrowers is None else folder.shards_of(borrowers)
    parts = [
        folder.load(shard, plan, None if borrowers is None else names, known_by=known_by)
        for shard, names in shards.items()
    ]
    book = joined([part.book for part in parts])
    return Loaded(
        book=book if borrowers is None or len(parts) == 1 else chosen(book, borrowers),
        account=account_of([part.account for part in parts]),
    )


def account_of(parts: Sequence[Account]) -> Account:
    """One account of several shards."""
    missing = dict.fromkeys(slot for part in parts for slot in part.missing)
    return Account(tuple(each for part in parts for each in part.reports), tuple(missing))


class EventFolder:
    """A folder of events and the shards in it.

    Raises:
        BadInput: it holds no events or no firms.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._kept: dict[str, pa.Table] = {}
        self._listed: dict[str, dict[int, Path]] = {}
        for name in ("events", _FIRMS):
            if not (directory / name).is_dir():
                rule = "a folder with events and firms, as `tael economy build` writes it"
                raise BadInput(f"{directory} has no folder {name}", field="directory", rule=rule)
        self.shards = tuple(sorted(self._parts(_FIRMS)))
        if not self.shards:
            raise BadInput(f"{directory / _FIRMS} holds no part-*.parquet", field="directory")

    def borrowers(self, shard: int) -> tuple[str, ...]:
        """Ids of the firms of a shard, in their order.

        Raises:
            BadInput: one has none, or stands twice.
        """
        column = self._firms(shard, [FIRM])[FIRM]
        if not is_text(column.type):
            raise BadInput(f"part {shard} has {column.type}", field=FIRM, rule="ids are text")
        names, seen = tuple(column.to_pylist()), set[str]()
        for row, name in enumerate(names, 1):
            if not name:
                raise BadInput(f"a firm of part {shard} has no id", field=FIRM, row=row,
                               rule="every firm has one")  # fmt: skip
            if name in seen:
                raise BadInput(f"{name!r} stands twice in part {shard}", field=FIRM, row=row,
                               rule="each firm stands once")  # fmt: skip
            seen.add(name)
        return names

    def everybody(self) -> dict[int, tuple[str, ...]]:
        """Ids of the firms of each shard.

        Raises:
            BadInput: one has none, or stands twice, also in two shards.
        """
        found: dict[int, list[str]] = {shard: [] for shard in self.shards}
        for name, shard in self._where.items():
            found[shard].append(name)
        return {shard: tuple(names) for shard, names in found.items()}

    def shards_of(self, borrowers: Sequence[str]) -> dict[int, tuple[str, ...]]:
        """The shards that hold ``borrowers``, each with those that it holds, in the order given."""
        if not borrowers:
            raise BadInput("there is none", field="borrower")
        where = self._where
        for name in borrowers:
            if name not in where:
                rule = "an enterprise_id of the folder"
                raise BadInput(f"there is no {name!r} in {self.directory}", field="borrower",
                               rule=rule)  # fmt: skip
        found: dict[int, list[str]] = {}
        for name in borrowers:
            found.setdefault(where[name], []).append(name)
        return {shard: tuple(found[shard]) for shard in sorted(found)}

    def load(
        self,
        shard: int,
        plan: Plan,
        borrowers: Sequence[str] | None = None,
        *,
        known_by: int | None = None,
    ) -> Loaded:
        """Pack one shard, or ``borrowers`` of it; see ``load_book``."""
        names = self.borrowers(shard) if borrowers is None else tuple(borrowers)
        reader = _Shard(self, shard, names, (borrowers is not None, known_by))
        packings: dict[str, Packing] = {}
        slots: dict[str, Packed] = {}
        missing = []
        for slot, schema in plan.schemas.items():
            if not self._parts(f"events/{schema.source}"):
                missing.append(slot)
                continue
            made = reader.pack(slot, schema)
            if made is None:
                slots[slot] = without_events(len(names), len(schema.measures))
            else:
                packings[slot], slots[slot] = made, made.packed
        reports = (
            SlotReport(slot, shard, made.rows, made.faults, made.refused)
            for slot, made in packings.items()
        )
        peers = read_peers(self.directory, plan)
        book = Book(names, slots, self._groups(shard, names), peers)
        return Loaded(book, Account(tuple(reports), tuple(missing)))

    def table(
        self, name: str, shard: int, subjects: tuple[str, Sequence[str]] | None
    ) -> pa.Table | None:
        """The rows of a table that belong to a shard; None when it has no part of that.

        ``subjects``, a column and its values, chooses rows. Tables that serve several shards are
        read once and kept.
        """
        parts = self._parts(name)
        if self.common(name):
            if name not in self._kept:
                read = [read_part(parts[number]) for number in sorted(parts)]
                self._kept[name] = _stacked(name, read)
            return rows_of(self._kept[name], subjects)
        return read_part(parts[shard], None, subjects) if shard in parts else None

    def common(self, name: str) -> bool:
        """Whether the parts of a table serve every shard."""
        if name.rpartition("/")[2] in MARKET_SOURCES:
            return True
        return len(self.shards) > 1 and len(self._parts(name)) == 1

    def _parts(self, name: str) -> dict[int, Path]:
        if name not in self._listed:
            files = (self.directory / name).glob("part-*.parquet")
            numbered = [(file.stem.removeprefix("part-"), file) for file in files]
            found = {int(number): file for number, file in numbered if number.isdecimal()}
            self._listed[name] = found
        return self._listed[name]

    @cached_property
    def _where(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for shard in self.shards:
            for row, name in enumerate(self.borrowers(shard), 1):
                if name in found:
                    told = f"{name!r} of part {shard} stands in part {found[name]} too"
                    rule = "each firm stands once"
                    raise BadInput(told, field=FIRM, row=row, rule=rule)
                found[name] = shard
        return found

    def _firms(self, shard: int, columns: list[str]) -> pa.Table:
        return read_part(self._parts(_FIRMS)[shard], columns)

    def _groups(self, shard: int, names: tuple[str, ...]) -> NDArray[np.int64]:
        firms = self._firms(shard, [FIRM, "province", "industry"]).to_pydict()
        each = zip(firms[FIRM], firms["province"], firms["industry"], strict=True)
        groups = {name: group_of(province, industry) for name, province, industry in each}
        return np.array([groups[name] for name in names], np.int64)


def group_of(province: str | None, industry: str | None) -> int:
    """The peer group: province · 1000 + industry, -1 where one of them is unknown.

    ``province`` is a division code (GB/T 2260), of which the first two digits count, ``industry`` a
    section of GB/T 4754, counted from A as 1, or a division of it (``52``, ``F52``), from 100.
    """
    place, trade = _PLACE.fullmatch(province or ""), _TRADE.fullmatch(industry or "")
    if place is None or trade is None or not trade[0]:
        return UNKNOWN_GROUP
    letter, division = trade.groups()
    number = 100 + int(division) if division else ord(letter) - ord("A") + 1
    return int(place[1]) * 1000 + number


def read_part(
    path: Path, columns: list[str] | None = None, subjects: tuple[str, Sequence[str]] | None = None
) -> pa.Table:
    """A Parquet file as a table; with ``subjects``, a column and values, only rows of these.

    Raises:
        BadInput: it is no Parquet file or has not the columns.
    """
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.parquet as pq  # noqa: PLC0415 - the same

    try:
        # Read by itself: a path like year=2020 below it would add a column.
        table = pq.ParquetFile(path).read(columns)
    except (pa.ArrowException, OSError) as error:
        what = " ".join(str(error).split())
        raise BadInput(f"{path}: {what}", field=path.name, rule="a Parquet file") from None
    lost = [name for name in columns or () if name not in table.column_names]
    if lost:
        raise BadInput(f"{path} has no column {lost[0]}", field=lost[0], rule="missing_column")
    return rows_of(_plain_text(table), subjects)


def _plain_text(table: pa.Table) -> pa.Table:
    """Columns of text views, as some writers leave them, as text: Arrow cannot choose of them."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    for place, field in enumerate(table.schema):
        if pa.types.is_string_view(field.type):
            plain = table.column(place).cast(pa.large_string())
            table = table.set_column(place, field.with_type(pa.large_string()), plain)
    return table


def _stacked(name: str, parts: list[pa.Table]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

    try:
        return pa.concat_tables(parts)
    except pa.ArrowInvalid as error:
        what = " ".join(str(error).split())
        rule = "the parts of a table have the same columns"
        raise BadInput(f"{name}: {what}", field=name, rule=rule) from None


def rows_of(table: pa.Table, subjects: tuple[str, Sequence[str]] | None) -> pa.Table:
    """The rows whose column has one of the values; all where there is no such column of text."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    if subjects is None or subjects[0] not in table.column_names:
        return table
    name, wanted = subjects
    if not is_text(table[name].type):
        return table  # packing says what is wrong with it
    column = table[name].cast(pa.large_string())
    return table.filter(pc.is_in(column, value_set=pa.array(wanted, pa.large_string())))


class _Shard:
    """Packs the slots of one shard; tables of links are read once."""

    def __init__(
        self,
        folder: EventFolder,
        shard: int,
        names: tuple[str, ...],
        which: tuple[bool, int | None],
    ) -> None:
        self.folder, self.shard, self.names = folder, shard, names
        self.partial, self.known_by = which
        self.links: dict[str, Behind] = {}
        self.last: tuple[str, pa.Table | None] = ("", None)

    def pack(self, slot: str, schema: EventSchema) -> Packing | None:
        """None: the source has no events in this shard."""
        where = f"events/{schema.source}"
        behind = self._behind(slot, schema.source)
        subjects = None
        if self.partial or self.folder.common(where):
            people = behind.links[PERSON].unique().to_pylist() if behind else self.names
            subjects = (SUBJECT, people)
        table = self._table(where, subjects)
        if table is None:
            return None
        if self.known_by is not None:
            table = _known(table, self.known_by)
        made = pack(table, schema, self.names, behind=behind)
        if not made.faults or (subjects is None and self.known_by is None):
            return made
        return replace(made, faults=self._in_part(made.faults, where, subjects))

    def _in_part(
        self, faults: tuple[Fault, ...], where: str, subjects: tuple[str, Sequence[str]] | None
    ) -> tuple[Fault, ...]:
        """Faults whose examples name the rows of the part, not those among the rows chosen."""
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        whole = self.folder.table(where, self.shard, None)
        if whole is None:
            return faults
        told = rows_of(whole.append_column(_ROW, pa.array(range(1, whole.num_rows + 1))), subjects)
        if self.known_by is not None:
            told = _known(told, self.known_by)
        rows = told[_ROW].to_pylist()
        return tuple(
            replace(fault, examples=tuple(replace(one, row=rows[one.row - 1])
                                          for one in fault.examples))
            for fault in faults
        )  # fmt: skip

    def _table(self, where: str, subjects: tuple[str, Sequence[str]] | None) -> pa.Table | None:
        """A source's rows; the whole part is kept for the next slot, often of the same source."""
        if subjects is not None:
            return self.folder.table(where, self.shard, subjects)
        if where != self.last[0]:
            self.last = where, self.folder.table(where, self.shard, None)
        return self.last[1]

    def _behind(self, slot: str, source: str) -> Behind | None:
        if source in MARKET_SOURCES:
            return self._linked(_MARKET_LINKS, MARKETS)
        return self._linked(_LINKS, OWNERS) if slot.startswith("per.") else None

    def _linked(self, name: str, roles: tuple[str, ...]) -> Behind:
        if name not in self.links:
            table = self.folder.table(name, self.shard, (FIRM, self.names))
            if table is None:
                where = self.folder.directory / name
                rule = "links tell whose events are a firm's"
                raise BadInput(f"{where} has no part {self.shard}", field=name, rule=rule)
            self.links[name] = Behind(_of_roles(table, roles), roles)
        return self.links[name]


def _of_roles(links: pa.Table, roles: tuple[str, ...]) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    if ROLE not in links.column_names:
        return links  # packing says what is missing
    return links.filter(pc.is_in(links[ROLE].cast(pa.string()), value_set=pa.array(roles)))


def _known(table: pa.Table, by: int) -> pa.Table:
    """Rows known by an instant, and those that do not say when: these are told as faults."""
    import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load
    import pyarrow.compute as pc  # noqa: PLC0415 - the same

    if KNOWN_AT not in table.column_names or not pa.types.is_timestamp(table[KNOWN_AT].type):
        return table  # packing refuses it
    kind = table[KNOWN_AT].type
    limit = pa.scalar(by, pa.timestamp("s", kind.tz)).cast(kind)
    return table.filter(pc.fill_null(pc.less_equal(table[KNOWN_AT], limit), fill_value=True))
