"""One row of the audit trail, and the writing half: rows go in with the change they tell about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from tael.kernel import AuditId
from tael.platform.identity_store import audit_rows


@dataclass(frozen=True, slots=True)
class AuditRow:
    """What happened: ``action`` is ``noun.verb``, ``subject`` an id, ``detail`` flat text.

    ``detail`` names personal fields, it never holds their values.
    """

    id: AuditId
    recorded_at: datetime
    actor_kind: str
    actor_id: str
    action: str
    subject: str
    detail: Mapping[str, str]


def write(connection: sa.Connection, rows: Sequence[AuditRow]) -> None:
    """Add ``rows`` in the caller's transaction."""
    if rows:
        connection.execute(sa.insert(audit_rows), [_values(row) for row in rows])


def _values(row: AuditRow) -> dict[str, object]:
    detail = {_storable(name): _storable(value) for name, value in row.detail.items()}
    return {
        "id": row.id,
        "recorded_at": row.recorded_at,
        "actor_kind": row.actor_kind,
        "actor_id": row.actor_id,
        "action": row.action,
        "subject": _storable(row.subject),
        "detail": detail,
    }


def _storable(text: str) -> str:
    """``text`` without what PostgreSQL refuses (NUL, lone surrogates): it must leave its trace."""
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
