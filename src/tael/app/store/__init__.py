"""Which business days are over and done, for the clock that closes them one after the other."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tael.kernel import Day
from tael.platform import Work

metadata = sa.MetaData(schema="app")
closed_days = sa.Table(
    "closed_days",
    metadata,
    sa.Column("day", sa.Date, primary_key=True),
    sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
)


def note_closed(work: Work, day: Day) -> None:
    """Everything of ``day`` is committed; noted again it changes nothing."""
    row = {"day": day, "closed_at": work.clock.now()}
    work.connection.execute(insert(closed_days).values(row).on_conflict_do_nothing())


def last_closed(work: Work) -> Day | None:
    """The latest closed day; None before the first."""
    found = work.connection.scalar(sa.select(sa.func.max(closed_days.c.day)))
    return None if found is None else Day.of(found)
