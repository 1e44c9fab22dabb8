"""What sources answered, on the way to variables: tables of events, as bytes and as a book."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import pyarrow as pa

from tael.kernel import BadInput
from tael.origination.sources import SOURCES, arrow_schema, model, stream_rows

if TYPE_CHECKING:
    from tael.variables import Plan

Tables = Mapping[str, pa.Table]
Rows = Mapping[str, Sequence[object]]

_MAGIC = b"TAELEV\x01\x00"
_INSTANT = pa.timestamp("us", "UTC")
_LINKS = pa.schema(
    [
        ("person_id", pa.string()),
        ("enterprise_id", pa.string()),
        ("role", pa.string()),
        ("valid_from", _INSTANT),
        ("valid_to", _INSTANT),
        ("known_at", _INSTANT),
    ]
)
_FIRMS = pa.schema([(name, pa.string()) for name in ("enterprise_id", "province", "industry")])


def tables_of(reports: Iterable[model.Report]) -> Tables:
    """The tables that the reports hold, named and shaped as in a folder of events.

    A source that was asked and told nothing is an empty table; one that was not asked is none.
    """
    found: dict[str, list[pa.Table]] = {}
    for report in reports:
        rows = stream_rows(report)
        for stream, columns in rows.events.items():
            found.setdefault(f"events/{stream}", []).append(_events(stream, columns))
        for name, links in (("role_link", rows.role_links), ("market_link", rows.market_links)):
            if links:
                found.setdefault(name, []).append(_table(links, _LINKS))
        if rows.group != ("", ""):
            told = (report.subject, *rows.group)
            firm = {name: (value,) for name, value in zip(_FIRMS.names, told, strict=True)}
            found.setdefault("firms", []).append(_table(firm, _FIRMS))
    return {name: pa.concat_tables(parts) for name, parts in found.items()}


def to_bytes(tables: Tables) -> bytes:
    """Tables as bytes: 8 of magic, names and lengths in one line of JSON, Arrow streams."""
    streams = {name: _stream(table) for name, table in sorted(tables.items())}
    told = json.dumps({name: len(data) for name, data in streams.items()})
    return b"".join((_MAGIC, told.encode(), b"\n", *streams.values()))


def from_bytes(data: bytes) -> Tables:
    """The tables that ``to_bytes`` wrote; none of no bytes.

    Raises:
        BadInput: other bytes, or cut off.
    """
    if not data:
        return {}
    head, _, rest = data.partition(b"\n")
    if head[: len(_MAGIC)] != _MAGIC:
        raise BadInput("these are no events of this version", field="events", rule="magic")
    lengths: dict[str, int] = json.loads(head[len(_MAGIC) :])
    if sum(lengths.values()) != len(rest):
        raise BadInput("the events are cut off", field="events", rule="as long as told")
    found, place = {}, 0
    for name, length in lengths.items():
        found[name] = pa.ipc.open_stream(rest[place : place + length]).read_all()
        place += length
    return found


def merged(parts: Iterable[Tables]) -> Tables:
    """The tables of several answers in one."""
    found: dict[str, list[pa.Table]] = {}
    for tables in parts:
        for name, table in tables.items():
            found.setdefault(name, []).append(table)
    return {name: pa.concat_tables(tables) for name, tables in found.items()}


def links_table(columns: Mapping[str, Sequence[object]]) -> pa.Table:
    """Links of persons and firms as a table: person_id, enterprise_id, role and three instants."""
    return _table(columns, _LINKS)


def packed(plan: Plan, borrower: str, tables: Tables) -> bytes:
    """The events of one firm as they are stored for live decisions: ``tael.variables.to_bytes``.

    Raises:
        BadInput: a table that does not fit the definitions.
    """
    from tael.variables import to_bytes as book_to_bytes  # noqa: PLC0415 - heavy
    from tael.variables.drivers import book_of_tables  # noqa: PLC0415 - the same

    return book_to_bytes(book_of_tables(plan, borrower, tables).book, 0)


def _events(stream: str, columns: Rows) -> pa.Table:
    kinds = _kinds(stream)
    return _table(columns, pa.schema([(name, kinds.get(name, pa.string())) for name in columns]))


def _table(columns: Rows, schema: pa.Schema) -> pa.Table:
    arrays = [pa.array(columns[field.name], field.type) for field in schema]
    return pa.table(arrays, schema=schema)


@cache
def _kinds(stream: str) -> Mapping[str, pa.DataType]:
    """The types of a stream's columns that a section feeds; what is made of the time is text."""
    found = {}
    for source in SOURCES.values():
        for section in source.schema.sections:
            if section.stream == stream:
                types = arrow_schema(source.schema, section.name)
                for each in source.schema.fields(section.name):
                    found[each.column] = types.field(each.name).type
    return found


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
