"""Write each room's first version: the SQL of its tables, indexes and triggers, frozen."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tael.app.migrations.upgrade import FOLDER
from tael.app.tables import ROOMS, RoomTables
from tael.kernel import Conflict

_LONGEST_LINE = 100
_LONG_LINES = "# ruff: noqa: E501 - SQL as it was written out\n"
_FRAME = '''"""The first tables of the {schema} room."""

from __future__ import annotations

from alembic import op

revision = "{schema}_0001"
down_revision = None
branch_labels = ("{schema}",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
{statements})


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={{"no_parameters": True}})
'''


def write_initial(folder: Path = FOLDER / "versions", *, replace: bool = False) -> list[Path]:
    """Write ``0001_<room>.py`` for every room into ``folder``; returns the files.

    Raises:
        Conflict: a room has its first version already, and ``replace`` was not asked for: what was
            released is never written anew.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for room in ROOMS:
        path = folder / f"0001_{room.schema}.py"
        if path.exists() and not replace:
            raise Conflict(f"{path.name} is there already", field=room.schema)
        statements = "".join(_quoted(statement) for statement in _statements(room))
        long = any(len(line) > _LONGEST_LINE for line in statements.splitlines())
        text = _FRAME.format(schema=room.schema, statements=statements)
        path.write_text((_LONG_LINES if long else "") + text, encoding="utf-8")
        written.append(path)
    return written


def _statements(room: RoomTables) -> Iterator[str]:
    named: Any = sa.make_url("postgresql+psycopg://").get_dialect()
    dialect = named(paramstyle="named")  # which leaves percent signs alone
    yield f"CREATE SCHEMA IF NOT EXISTS {room.schema}"
    for table in room.metadata.sorted_tables:
        yield str(sa.schema.CreateTable(table).compile(dialect=dialect))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            yield str(sa.schema.CreateIndex(index).compile(dialect=dialect))
    yield from room.ddl


def _quoted(statement: str) -> str:
    lines = [line.rstrip() for line in statement.expandtabs(4).splitlines()]
    body = (
        textwrap.dedent("\n".join(lines)).strip("\n").replace("\\", "\\\\").replace('"""', '\\"""')
    )
    return '    """\n' + textwrap.indent(body, "    ") + '\n    """,\n'
