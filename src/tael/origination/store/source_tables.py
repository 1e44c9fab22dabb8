"""The tables of what was asked of sources: questions, answers, reads, routes; all append-only."""

from __future__ import annotations

import sqlalchemy as sa

from tael.origination.store.tables import consents, metadata

_INSTANT = sa.DateTime(timezone=True)
_MODES = "mode in ('full', 'verdict_only')"

source_requests = sa.Table(
    "source_request",
    metadata,
    # The key under which the source charges once: known before it is asked.
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    # Invariant 17: no data without the consent it came under; markets need none.
    sa.Column("consent_id", sa.ForeignKey(consents.c.id)),
    sa.Column("entity", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("as_of", _INSTANT, nullable=False),
    sa.Column("asked_at", _INSTANT, nullable=False),
    sa.Column("caller_key", sa.Text, nullable=False),
    sa.CheckConstraint(_MODES, name="known_mode"),
    sa.Index("source_request_of", "subject_id", "source", "asked_at"),
)

source_answers = sa.Table(
    "source_answer",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("request_id", sa.ForeignKey(source_requests.c.id), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("consent_id", sa.ForeignKey(consents.c.id)),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("as_of", _INSTANT, nullable=False),
    sa.Column("known_at", _INSTANT),
    sa.Column("received_at", _INSTANT, nullable=False),
    sa.Column("report_number", sa.Text, nullable=False),
    sa.Column("complete", sa.Boolean, nullable=False),
    sa.Column("cost_minor", sa.BigInteger, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    # SHA-256 of the body as it came; the body lies sealed under its party's key.
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.CheckConstraint(_MODES, name="known_mode"),
    sa.CheckConstraint("cost_minor >= 0", name="nothing_is_paid_back"),
    # The same bytes that come twice to one question are one answer.
    sa.UniqueConstraint("request_id", "content_hash", name="one_answer_once"),
    sa.Index("source_answer_of", "subject_id", "source", "as_of"),
)

source_reads = sa.Table(
    "source_read",
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("id", sa.Text, nullable=False, unique=True),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("consent_id", sa.ForeignKey(consents.c.id)),
    sa.Column("caller_key", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("cached", sa.Boolean, nullable=False),
    sa.Column("late", sa.Boolean, nullable=False),
    sa.Column("cost_minor", sa.BigInteger, nullable=False),
    sa.Column("saved_minor", sa.BigInteger, nullable=False),
    sa.Column("latency_ms", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.CheckConstraint(
        "cost_minor >= 0 and saved_minor >= 0", name="costs_and_savings_are_not_negative"
    ),
    sa.Index("source_read_at", "at"),
    sa.Index("source_read_of", "subject_id", "source", "caller_key"),
)

source_moves = sa.Table(
    "source_breaker",
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.CheckConstraint("state in ('closed', 'open', 'half_open')", name="known_state"),
)

source_routes = sa.Table(
    "source_route",
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("entity_kind", sa.Text, nullable=False),
    sa.Column("way", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.CheckConstraint(_MODES, name="known_mode"),
)

APPEND_ONLY = ("source_request", "source_answer", "source_read", "source_breaker", "source_route")
