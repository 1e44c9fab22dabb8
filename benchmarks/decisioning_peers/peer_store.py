"""PostgreSQL of the peers through asyncpg: their tables, prepared statements, one row or many.

Connections are handed out by a list of our own: asyncpg's pool asks the server to reset a
connection after each use, a round trip for nothing here. All statements commit by themselves, with
``synchronous_commit`` on.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from decisioning_peers.decide import Asked, Row

# Of a peer's log: the same as any stack must keep, unique by application.
_LOG = """
    CREATE TABLE {log} (
        id text PRIMARY KEY, application_id text NOT NULL UNIQUE, borrower text NOT NULL,
        as_of timestamptz NOT NULL, outcome text NOT NULL, inputs text NOT NULL,
        inputs_hash text NOT NULL, result text NOT NULL, result_hash text NOT NULL,
        trace text NOT NULL, versions text NOT NULL, elapsed_us bigint NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT now())
"""
_NAMES = ", ".join(Row._fields)
_KINDS = {"as_of": "timestamptz", "elapsed_us": "bigint"}
_ONE = ", ".join(f"${n}" for n in range(1, len(Row._fields) + 1))
_MANY = ", ".join(f"${n}::{_KINDS.get(f, 'text')}[]" for n, f in enumerate(Row._fields, 1))
_STATEMENTS = {
    "read": "SELECT borrower, {columns} FROM {inputs} WHERE borrower = $1",
    "reads": "SELECT borrower, {columns} FROM {inputs} WHERE borrower = ANY($1)",
    "add": """INSERT INTO {log} ({names}) VALUES ({one})
        ON CONFLICT (application_id) DO NOTHING RETURNING true""",
    "adds": """INSERT INTO {log} ({names}) SELECT * FROM unnest({many})
        ON CONFLICT (application_id) DO NOTHING RETURNING id""",
    "known": "SELECT result FROM {log} WHERE application_id = $1",
    "knowns": "SELECT application_id, result FROM {log} WHERE application_id = ANY($1)",
}
# How a borrower's variables, or events, may lie in a row; `bytes` is quickest for variables.
FORMS = ("bytes", "array", "columns", "events")
Decode = Callable[[Any], list[float]]


def columns_of(form: str, width: int) -> str:
    """The columns of a row besides the borrower."""
    if form == "columns":
        return ", ".join(f"v{place}" for place in range(width))
    return "found"


async def fill(
    connection: Any, table: str, form: str, rows: Sequence[tuple[str, list[float] | bytes]]
) -> None:
    """Make the table of a peer's inputs and fill it; its content is never compressed."""
    width = len(rows[0][1]) if form != "events" else 0
    kinds = {"array": "float8[]", "columns": ""}
    listed = [f"{name} {kinds.get(form) or ('float8' if form == 'columns' else 'bytea')} NOT NULL"
              for name in columns_of(form, width).split(", ")]  # fmt: skip
    await connection.execute(f"DROP TABLE IF EXISTS {table}")
    await connection.execute(
        f"CREATE TABLE {table} (borrower text PRIMARY KEY, {', '.join(listed)})"
    )
    if form in {"events", "bytes"}:
        await connection.execute(f"ALTER TABLE {table} ALTER found SET STORAGE EXTERNAL")
    await connection.copy_records_to_table(table, records=[_record(form, *row) for row in rows])
    await connection.execute(f"VACUUM ANALYZE {table}")


def _record(form: str, borrower: str, found: list[float] | bytes) -> tuple[object, ...]:
    if isinstance(found, bytes):
        return borrower, found
    if form == "columns":
        return borrower, *found
    return borrower, found if form == "array" else struct.pack(f"<{len(found)}d", *found)


def decoder(form: str, width: int) -> Decode:
    """What makes the list of values of a record whose first field is the borrower."""
    unpack = struct.Struct(f"<{width}d").unpack
    return {
        "bytes": lambda record: [*unpack(record[1])],
        "array": lambda record: record[1],
        "columns": lambda record: [*record][1:],
    }[form]


async def make_log(connection: Any, log: str) -> None:
    await connection.execute(f"DROP TABLE IF EXISTS {log}")
    await connection.execute(_LOG.format(log=log))


class Store:
    """The prepared statements of one connection."""

    def __init__(self, statements: dict[str, Any]) -> None:
        self._read, self._reads = statements["read"], statements["reads"]
        self._add, self._adds = statements["add"], statements["adds"]
        self._known, self._knowns = statements["known"], statements["knowns"]
        self.server: int = statements["server"]  # the process that serves this connection

    @classmethod
    async def open(cls, dsn: dict[str, str], tables: tuple[str, str], columns: str) -> Store:
        """Connect and prepare; ``tables`` are those of the inputs and of the log."""
        connection = await asyncpg.connect(**dsn)
        named = {"inputs": tables[0], "log": tables[1], "columns": columns}
        named |= {"names": _NAMES, "one": _ONE, "many": _MANY}
        texts = {name: text.format(**named) for name, text in _STATEMENTS.items()}
        prepared = {name: await connection.prepare(text) for name, text in texts.items()}
        return cls(prepared | {"server": connection.get_server_pid()})

    async def read(self, borrower: str) -> Any:
        """The row of a borrower, None where there is none."""
        return await self._read.fetchrow(borrower)

    async def reads(self, borrowers: Sequence[str]) -> dict[str, Any]:
        return {record[0]: record for record in await self._reads.fetch(borrowers)}

    async def add(self, row: Row) -> str:
        """Keep the row and return its answer, or the answer that was kept before."""
        kept = row._replace(as_of=datetime.fromisoformat(row.as_of))  # type: ignore[arg-type]
        if await self._add.fetchval(*kept):
            return row.result
        return str(await self._known.fetchval(row.application_id))

    async def adds(self, rows: Sequence[Row]) -> list[str]:
        """The same of many, in one statement."""
        arrays = [[*column] for column in zip(*rows, strict=True)]
        place = Row._fields.index("as_of")
        arrays[place] = [datetime.fromisoformat(each) for each in arrays[place]]
        added = {record[0] for record in await self._adds.fetch(*arrays)}
        if len(added) == len(rows):
            return [row.result for row in rows]
        late = [row.application_id for row in rows if row.id not in added]
        known = {record[0]: record[1] for record in await self._knowns.fetch(late)}
        return [row.result if row.id in added else known[row.application_id] for row in rows]


def asked_of(told: dict[str, Any]) -> Asked:
    """The request of a JSON object."""
    return Asked(
        told["application_id"], told["borrower"], told["amount_minor"], told["months"],
        told["as_of"],
    )  # fmt: skip
