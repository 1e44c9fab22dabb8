"""What the API answered to each command, kept in the command's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tael.platform import Work

metadata = sa.MetaData(schema="console")
replies = sa.Table(
    "replies",
    metadata,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("status", sa.SmallInteger, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Index("replies_at", "at"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it was given; ``fingerprint`` (keyed) names the command it answered."""

    fingerprint: str
    status: int
    body: str


class Replies:
    """The answers given under idempotency keys, by caller."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection
        self._now = work.clock.now()

    def claim(self, owner: str, key: str, fingerprint: str) -> Reply | None:
        """Take ``key`` for a new command, or the answer that it has.

        Two with one key at once: the second waits here until the first is through.
        """
        row = {"owner": owner, "key": key, "fingerprint": fingerprint, "status": 0, "body": ""}
        added = self._connection.execute(
            insert(replies)
            .values(**row, at=self._now)
            .on_conflict_do_nothing()
            .returning(replies.c.key)
        )
        if added.first() is not None:
            return None
        return self.kept(owner, key)

    def kept(self, owner: str, key: str) -> Reply | None:
        """The answer that ``key`` has; None of a new command."""
        query = sa.select(replies.c.fingerprint, replies.c.status, replies.c.body)
        found = self._connection.execute(
            query.where(replies.c.owner == owner, replies.c.key == key)
        ).first()
        return None if found is None else Reply(found.fingerprint, found.status, found.body)

    def keep(self, owner: str, key: str, *, status: int, body: str) -> None:
        """The answer to the command that claimed ``key``."""
        self._connection.execute(
            sa.update(replies)
            .where(replies.c.owner == owner, replies.c.key == key)
            .values(status=status, body=body)
        )


def purge_replies(work: Work, before: datetime) -> int:
    """Forget the answers given before the instant ``before``; returns how many.

    Answers may hold what the caller was allowed to read, so none is kept for longer than a repeated
    request can be expected. A key that was forgotten names a new command.
    """
    gone = sa.delete(replies).where(replies.c.at < before)
    return work.connection.execute(gone).rowcount
