"""Everything this room keeps in its schema: ``metadata``, then the statements in ``DDL``."""

from __future__ import annotations

from tael.platform import identity_store, job_rows, outbox_rows  # noqa: F401 - their tables
from tael.platform.schema import metadata

DDL: tuple[str, ...] = (*identity_store.DDL,)

__all__ = ["DDL", "metadata"]
