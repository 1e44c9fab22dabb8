"""Tables of the outbox, and the writing half: facts go in with the change they tell about.

Facts of one stream are numbered in the order of their commits: whoever adds one holds the stream's
row until it commits. A plain sequence would hand out numbers before the commits that make them
visible, and a reader could pass over the slower one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from tael.kernel import FactId
from tael.kernel.facts import Fact, to_json
from tael.platform.schema import metadata

outbox_streams = sa.Table(
    "outbox_streams",
    metadata,
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("body", JSONB, nullable=False),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("delivered_at", sa.DateTime(timezone=True)),
    sa.UniqueConstraint("stream", "number"),
)
sa.Index(
    "ix_outbox_waiting",
    outbox.c.stream,
    outbox.c.number,
    postgresql_where=outbox.c.delivered_at.is_(None),
)

outbox_handled = sa.Table(
    "outbox_handled",
    metadata,
    sa.Column("fact_id", sa.Text, sa.ForeignKey(outbox.c.id), primary_key=True),
    sa.Column("handler", sa.Text, primary_key=True),
    sa.Column("handled_at", sa.DateTime(timezone=True), nullable=False),
)

outbox_failures = sa.Table(
    "outbox_failures",
    metadata,
    sa.Column("fact_id", sa.Text, sa.ForeignKey(outbox.c.id), primary_key=True),
    sa.Column("handler", sa.Text, primary_key=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("retry_at", sa.DateTime(timezone=True), nullable=False),
)


@dataclass(frozen=True, slots=True)
class Emitted:
    """A fact on its way out; ``key`` names what happened, ``at`` (aware) when."""

    fact: Fact
    key: str
    at: datetime


def write(connection: sa.Connection, facts: Sequence[Emitted]) -> None:
    """Add ``facts`` in the caller's transaction; a key that is there already is passed over.

    Streams are locked in the order of their names, so two writers never wait for each other.
    """
    if facts:
        connection.execute(_NUMBERED_INSERT, [_values(fact) for fact in sorted(facts, key=_stream)])


def _stream(emitted: Emitted) -> str:
    return emitted.fact.stream


def _values(emitted: Emitted) -> dict[str, object]:
    body = to_json(emitted.fact)
    return {
        "new_id": FactId.new(emitted.at),
        "of_stream": emitted.fact.stream,
        "new_key": emitted.key,
        "new_kind": body["kind"],
        "new_body": body,
        "at": emitted.at,
    }


def _numbered_insert() -> sa.Insert:
    counter = insert(outbox_streams).values(stream=sa.bindparam("of_stream"), last=1)
    numbered = (
        counter.on_conflict_do_update(
            index_elements=[outbox_streams.c.stream], set_={"last": outbox_streams.c.last + 1}
        )
        .returning(outbox_streams.c.last)
        .cte("numbered")
    )
    values = sa.select(
        sa.bindparam("new_id", type_=sa.Text),
        sa.bindparam("of_stream", type_=sa.Text),
        numbered.c.last,
        sa.bindparam("new_key", type_=sa.Text),
        sa.bindparam("new_kind", type_=sa.Text),
        sa.bindparam("new_body", type_=JSONB),
        sa.bindparam("at", type_=sa.DateTime(timezone=True)),
    )
    columns = ["id", "stream", "number", "key", "kind", "body", "recorded_at"]
    return (
        insert(outbox).from_select(columns, values).on_conflict_do_nothing(index_elements=["key"])
    )


_NUMBERED_INSERT = _numbered_insert()
