"""Backup and restore with PostgreSQL's own tools: a consistent copy while everything goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import psycopg
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, OutsideFailure
from tael.platform.binaries import Binaries, find_binaries
from tael.platform.database import driver_url

_SIGNATURE = b"PGDMP"
_TIMEOUT_S = 4 * 3600
_OWN_SCHEMAS = ("pg_catalog", "information_schema", "pg_toast")


def back_up(url: str, target: Path, *, bin_dir: Path | None = None) -> Path:
    """Write the database at ``url`` into the file ``target``, compressed; returns it.

    The file appears whole or not at all. It holds no key: keep ``TAEL_SECRET_KEY_FILE`` too, apart
    from it, or personal fields cannot be read after a restore.

    Raises:
        Conflict: ``target`` is there already.
        OutsideFailure: no tools, the database is away, or the disk is full.
    """
    if target.exists():
        raise Conflict(f"{target} is there already; name another file", field="target")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    try:
        _run(
            find_binaries(bin_dir),
            "pg_dump",
            ["--format=custom", "--no-owner", "--no-privileges", f"--file={partial}"],
            url,
        )
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def restore(url: str, source: Path, *, bin_dir: Path | None = None) -> None:
    """Fill the empty database at ``url`` from the backup ``source``, all of it or nothing.

    Raises:
        BadInput: ``source`` is not a backup.
        Conflict: the database is not empty: nothing is ever restored over rows.
        OutsideFailure: no tools, the database is away, or the backup is damaged.
    """
    if not source.is_file() or not _is_backup(source):
        raise BadInput(f"{source} is not a backup of Tael", field="source", rule="made by back_up")
    found = _schemas(url)
    if found:
        raise Conflict(
            f"the database has schemas {', '.join(found)}; restore into an empty one, such as that "
            "of a new TAEL_HOME",
            code="not_empty",
            field="url",
        )
    arguments = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    _run(find_binaries(bin_dir), "pg_restore", [*arguments, str(source)], url)


def _is_backup(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(len(_SIGNATURE)) == _SIGNATURE


def _schemas(url: str) -> list[str]:
    """The schemas of the database but PostgreSQL's own, and ``public`` when it holds nothing."""
    query = """
        SELECT n.nspname FROM pg_namespace AS n
        WHERE n.nspname <> ALL(%s) AND n.nspname NOT LIKE 'pg\\_%%'
            AND (n.nspname <> 'public' OR EXISTS (
                SELECT FROM pg_class AS c WHERE c.relnamespace = n.oid))
        ORDER BY 1
    """
    try:
        with psycopg.connect(_conninfo(url)) as connection:
            return [row[0] for row in connection.execute(query, [list(_OWN_SCHEMAS)])]
    except psycopg.OperationalError as error:
        raise OutsideFailure(f"the database is away: {error}", code="database_away") from error


def _run(binaries: Binaries, program: str, arguments: list[str], url: str) -> None:
    where = ["--dbname", _conninfo(url)]
    command = [binaries.path(program), *where, *arguments]
    answer = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env=_environment(url),
        timeout=_TIMEOUT_S,
    )
    if answer.returncode != 0:
        raise OutsideFailure(f"{program} failed: {answer.stderr.strip()}", code="backup_failed")


def _conninfo(url: str) -> str:
    """``url`` for libpq, without the password: an argument is there for every process to read."""
    bare = driver_url(url).set(drivername="postgresql")
    if bare.password is not None:
        bare = sa.URL.create(
            "postgresql", bare.username, None, bare.host, bare.port, bare.database, bare.query
        )
    return bare.render_as_string(hide_password=False)


def _environment(url: str) -> Mapping[str, str]:
    password = driver_url(url).password
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", **({"PGPASSWORD": str(password)} if password else {})}
