"""Looking after an installation: upgrade, back up, restore, check, and what ends every day."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tael.app import migrations
from tael.app.installation import Installation
from tael.kernel import Clock, SystemClock
from tael.platform import (
    SYSTEM,
    Database,
    EmbeddedPostgres,
    LedgerStore,
    Outbox,
    Parameters,
    Settings,
    Work,
    back_up,
    restore,
)

# Deletes what is older than the instant; returns how much it was.
Purge = Callable[[Work, datetime], int]
_REPLIES_KEPT = timedelta(days=30)


def keep_up(house: Installation, purges: Sequence[Purge] = ()) -> Mapping[str, int]:
    """End what has run out, delete what nobody needs any more, chain what was written since.

    Some at a time, each part in units of work of its own: cut off, it goes on the next time.

    Args:
        house: the installation.
        purges: further deletions, of what is older than thirty days.

    Returns:
        How many of each.
    """
    outbox = Outbox(house.database)

    def purge(work: Work) -> int:
        before = work.clock.now() - _REPLIES_KEPT
        return sum(each(work, before) for each in purges)

    parts: Mapping[str, Callable[[Work], int]] = {
        "offers_expired": house.offers.expire,
        "applications_expired": house.applications.expire,
        "consents_expired": house.parties.expire_consents,
        "sessions_purged": house.identity.sessions.purge,
        "books_deleted": house.books.purge,
        "backtests_deleted": house.backtests.purge,
        "facts_pruned": outbox.prune,
        "replies_purged": purge,
    }
    done = {name: _until_nothing(house, part) for name, part in parts.items()}
    return {**done, "sealed": seal_all(house)}


def seal_all(house: Installation) -> int:
    """Chain what was written since: books, decisions, audit. A pass of its own, for speed."""
    seals: Sequence[Callable[[Work], int]] = (
        lambda work: LedgerStore(work).seal(),
        house.policies.seal,
        house.audit.seal,
    )
    return sum(_until_nothing(house, seal) for seal in seals)


def _until_nothing(house: Installation, part: Callable[[Work], int]) -> int:
    """``part`` over and over, for it does at most so many in one unit of work."""
    done = 0
    while True:
        with house.database.begin(SYSTEM) as work:
            some = part(work)
        done += some
        if not some:
            return done


def upgrade_database(settings: Settings) -> list[str]:
    """Bring the installation's database to this release; returns the versions that were added."""
    with _running(settings) as url:
        added = migrations.upgrade(url)
        if added:
            _install_figures(url)
        return added


def _install_figures(url: str) -> None:
    """The dated figures that this release ships: without a cap nothing is priced."""
    database = Database(url, SystemClock())
    try:
        with database.begin(SYSTEM) as work:
            Parameters().install_defaults(work)
    finally:
        database.close()


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
