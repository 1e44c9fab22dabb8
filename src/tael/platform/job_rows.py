"""Tables of durable jobs: what was asked for, which steps are done, and who is at work."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tael.platform.schema import metadata

_INSTANT = sa.DateTime(timezone=True)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("job", sa.Text, nullable=False),
    sa.Column("arguments", JSONB, nullable=False),
    sa.Column("requested_at", _INSTANT, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("result", JSONB(none_as_null=True)),
    sa.Column("error", sa.Text),
    sa.Column("finished_at", _INSTANT),
    # Told by the database's clock, like the beats: not before this instant is it tried again.
    sa.Column("retry_at", _INSTANT),
    sa.CheckConstraint("state IN ('requested', 'running', 'done', 'failed')", name="job_state"),
)
sa.Index("ix_jobs_requested", jobs.c.requested_at, postgresql_where=jobs.c.state == "requested")

# Steps that wrote into this database: noted in the transaction that did the work.
job_steps = sa.Table(
    "job_steps",
    metadata,
    sa.Column("key", sa.Text, sa.ForeignKey(jobs.c.key), primary_key=True),
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("result", JSONB(none_as_null=True)),
    sa.Column("done_at", _INSTANT, nullable=False),
)

# Beats are told by the database's clock, which all workers share.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("beat_at", _INSTANT, nullable=False),
)
