"""What any application needs: settings, one database, units of work, outbox, jobs, identity, logs.

A use case gets a ``Work``: one transaction, a clock, an actor. Everything it writes, emits and
traces stands or falls together.
"""

from tael.platform.audit import AuditLog
from tael.platform.backup import back_up, restore
from tael.platform.database import SYSTEM, Actor, Database, Work, driver_url
from tael.platform.identity import Identity
from tael.platform.jobs import Job, JobRun, Worker, job_status, request_job, retry_job
from tael.platform.ledger_store import LedgerStore
from tael.platform.logs import set_up_logs
from tael.platform.outbox import Handler, Outbox
from tael.platform.parameters import Parameters
from tael.platform.permissions import Permissions
from tael.platform.postgres import EmbeddedPostgres
from tael.platform.settings import Settings
from tael.platform.vault import Vault
from tael.platform.vault_keys import VaultKeys

__all__ = [
    "SYSTEM",
    "Actor",
    "AuditLog",
    "Database",
    "EmbeddedPostgres",
    "Handler",
    "Identity",
    "Job",
    "JobRun",
    "LedgerStore",
    "Outbox",
    "Parameters",
    "Permissions",
    "Settings",
    "Vault",
    "VaultKeys",
    "Work",
    "Worker",
    "back_up",
    "driver_url",
    "job_status",
    "request_job",
    "restore",
    "retry_job",
    "set_up_logs",
]
