"""What any application needs: settings, one database, units of work, outbox, jobs, backups, logs.

A use case gets a ``Work``: one transaction, a clock, an actor. Everything it writes, emits and
traces stands or falls together.
"""

from tael.platform.database import SYSTEM, Actor, Database, Work
from tael.platform.ledger_store import LedgerStore
from tael.platform.outbox import Delivered, FailedFact, Handler, Outbox
from tael.platform.postgres import EmbeddedPostgres
from tael.platform.settings import Settings

__all__ = [
    "SYSTEM",
    "Actor",
    "Database",
    "Delivered",
    "EmbeddedPostgres",
    "FailedFact",
    "Handler",
    "LedgerStore",
    "Outbox",
    "Settings",
    "Work",
]
