"""Where a migrated database is not what the code describes.

Tables are compared by Alembic; functions and triggers by making those of the code and looking.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from tael.app.tables import METADATA, ROOMS
from tael.platform import driver_url

_DEFINITIONS = """
    SELECT 'function ' || p.oid::regprocedure AS name, pg_get_functiondef(p.oid) AS definition
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE n.nspname = ANY(%(schemas)s)
    UNION ALL
    SELECT 'trigger ' || t.tgname || ' on ' || c.oid::regclass, pg_get_triggerdef(t.oid)
    FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(%(schemas)s) AND NOT t.tgisinternal
"""


def drift(url: str) -> list[str]:
    """Every difference between the database at ``url`` and the code, in words; empty when none.

    Changes nothing: the triggers of the code are made in a transaction that is rolled back.
    """
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with engine.connect() as connection:
        return [*_tables(connection), *_triggers(connection)]


def _tables(connection: sa.Connection) -> list[str]:
    schemas = {metadata.schema for metadata in METADATA}

    def ours(name: str | None, kind: str, _parents: Any) -> bool:
        return kind != "schema" or name in schemas

    options = {"include_schemas": True, "include_name": ours, "compare_type": True}
    context = MigrationContext.configure(connection, opts=options)
    return [str(difference) for difference in _compared(context)]


def _compared(context: MigrationContext) -> list[Any]:
    every: Any = list(METADATA)  # Alembic takes several, its types say one
    return list(compare_metadata(context, every))


def _triggers(connection: sa.Connection) -> list[str]:
    before = _definitions(connection)
    found = []
    for room in ROOMS:
        for statement in room.ddl:
            done = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
            if statement.lstrip().upper().startswith("INSERT") and done.rowcount > 0:
                found.append(f"rows of {room.schema}: {statement.split('(')[0].strip()}")
    after = _definitions(connection)
    connection.rollback()
    names = sorted({*before, *after})
    return found + [name for name in names if before.get(name) != after.get(name)]


def _definitions(connection: sa.Connection) -> dict[str, str]:
    schemas = [room.schema for room in ROOMS]
    rows = connection.exec_driver_sql(_DEFINITIONS, {"schemas": schemas})
    return {row.name: " ".join(row.definition.split()) for row in rows}
