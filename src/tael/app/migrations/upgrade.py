"""Bring a database to the schema of this release."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tael.platform import driver_url

FOLDER = Path(__file__).parent
_LOCK = 0x6D6967
_TABLE = "public.schema_versions"


def upgrade(url: str) -> list[str]:
    """Run what is missing, in one transaction; returns the versions that were added.

    Several processes may call it at once: one migrates, the others wait and find nothing to do.

    Raises:
        sqlalchemy.exc.DBAPIError: a statement failed; nothing was changed.
    """
    engine = sa.create_engine(driver_url(url), poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        before = versions(connection)
        if before != set(_heads()):
            command.upgrade(configuration(connection), "heads")
        return sorted(versions(connection) - before)


def versions(connection: sa.Connection) -> set[str]:
    """The versions that the database is at, one per room; none in an empty one."""
    if connection.scalar(sa.select(sa.func.to_regclass(_TABLE))) is None:
        return set()
    table = sa.table("schema_versions", sa.column("version_num"), schema="public")
    return set(connection.scalars(sa.select(table.c.version_num)))


def configuration(connection: sa.Connection | None = None) -> Config:
    """Alembic's configuration, without a file: everything is beside this module."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _heads() -> list[str]:
    return list(ScriptDirectory.from_config(configuration()).get_heads())
