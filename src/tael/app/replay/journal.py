"""Books of a replay's own: a throw-away PostgreSQL, never the lender's database.

It lives in a temporary folder with its own server, and goes with it: nothing of a replay can mix
with real books. Waiting for the disk is switched off, for a replay that was cut off is run again.
Where no server can be started the books are kept in memory by the same rules, and the report says
so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tael.app.tables import ROOMS
from tael.kernel import Clock, TaelError
from tael.ledger import Ledger, MemoryStore
from tael.platform import SYSTEM, Database, EmbeddedPostgres, LedgerStore

_NO_WAITING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "work_mem": "64MB",
    "shared_buffers": "256MB",
}


@dataclass(frozen=True)
class Journal:
    """A ledger to post into, where it is kept, and what to call before it is proved."""

    ledger: Ledger
    kept_in: str
    store: LedgerStore | None = None

    def seal(self) -> None:
        """Chain the batches that are not chained yet."""
        if self.store is not None:
            self.store.seal()


@contextmanager
def open_journal(clock: Clock, *, in_memory: bool = False) -> Iterator[Journal]:
    """Empty books for one replay, thrown away at the end."""
    if in_memory:
        yield Journal(Ledger(MemoryStore(), clock), "memory")
        return
    with TemporaryDirectory(prefix="tael-replay-") as folder:
        server = EmbeddedPostgres(Path(folder), options=_NO_WAITING)
        try:
            server.ensure_running()
        except TaelError:
            yield Journal(Ledger(MemoryStore(), clock), "memory")
            return
        with server:
            yield from _in_postgres(server.url, clock)


def _in_postgres(url: str, clock: Clock) -> Iterator[Journal]:
    database = Database(url, clock, connections=1)
    try:
        with database.begin(SYSTEM) as work:
            next(room for room in ROOMS if room.schema == "ledger").create(work.connection)
        with database.begin(SYSTEM) as work:
            store = LedgerStore(work)
            yield Journal(Ledger(store, clock), "postgresql", store)
    finally:
        database.close()
