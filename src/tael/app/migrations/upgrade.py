"""Bring a database to the schema of this release."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tael.platform import driver_url

if TYPE_CHECKING:
    from alembic.config import Config

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
        if before != heads():
            from alembic import command  # noqa: PLC0415 - heavy, and few starts find work

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
    from alembic.config import Config  # noqa: PLC0415 - as above

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def heads() -> set[str]:
    """The versions of this release, one per room: ``0004_policies.py`` holds ``policies_0004``.

    Told by the names of the files, for Alembic would take longer than all the rest of a start.
    """
    latest: dict[str, str] = {}
    for file in sorted((FOLDER / "versions").glob("[0-9]*_*.py")):
        number, _, room = file.stem.partition("_")
        latest[room] = number
    return {f"{room}_{number}" for room, number in latest.items()}
