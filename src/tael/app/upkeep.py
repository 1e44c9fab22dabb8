"""Looking after an installation's database: upgrade, back up, restore, check. For ``tael db``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC
from pathlib import Path

from tael.app import migrations
from tael.kernel import Clock
from tael.platform import EmbeddedPostgres, Settings, back_up, restore


def upgrade_database(settings: Settings) -> list[str]:
    """Bring the installation's database to this release; returns the versions that were added."""
    with _running(settings) as url:
        return migrations.upgrade(url)


def check_database(settings: Settings) -> list[str]:
    """Every difference between the database and what this release describes; empty when none."""
    with _running(settings) as url:
        return migrations.drift(url)


def back_up_database(settings: Settings, clock: Clock, target: Path | None = None) -> Path:
    """Write a backup to ``target``, or into ``backups`` of the data folder, named by the instant.

    Raises:
        Conflict: the file is there already.
        OutsideFailure: no tools, the database is away, or the disk is full.
    """
    moment = clock.now().astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    file = target or settings.data_dir / "backups" / f"tael-{moment}.backup"
    with _running(settings) as url:
        return back_up(url, file, bin_dir=settings.pg_bin_dir)


def restore_database(settings: Settings, source: Path) -> list[str]:
    """Fill an empty installation from ``source`` and bring it to this release.

    Returns the versions that were added to those of the backup.

    Raises:
        BadInput: ``source`` is not a backup.
        Conflict: the installation is not empty.
        OutsideFailure: no tools, the database is away, or the backup is damaged.
    """
    with _running(settings) as url:
        restore(url, source, bin_dir=settings.pg_bin_dir)
        return migrations.upgrade(url)


@contextmanager
def _running(settings: Settings) -> Iterator[str]:
    """The address of the installation's database, the embedded server running if it is that."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    with EmbeddedPostgres(settings.data_dir, settings.pg_bin_dir) as server:
        yield server.url
