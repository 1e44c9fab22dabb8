"""Figures about the sources for people who look after them. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from tael.kernel import ConsentId, Day, PartyId
from tael.origination.sources.model import (
    BreakerMove,
    BreakerState,
    Code,
    Ending,
    SourceDay,
    Status,
)
from tael.origination.store.source_tables import source_moves, source_reads
from tael.origination.store.tables import consents
from tael.platform import Work

_ANSWERED = (Status.OK.value, Status.PARTIAL.value, Status.STALE.value)
# Of these codes nothing came that could be used; a stale answer is one from before.
_FAILED = (Code.BUDGET_EXCEEDED.value, Code.SOURCE_DOWN.value, Code.INVALID_ANSWER.value,
           Code.STALE.value)  # fmt: skip


class SourceFigures:
    """What was asked, what it cost and what ends soon, over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    def days(self, since: datetime, until: datetime, zone: ZoneInfo) -> Sequence[SourceDay]:
        """Calls and money by day of ``zone`` and source; days and sources without any left out."""
        row = source_reads.c
        day = sa.cast(sa.func.timezone(zone.key, row.at), sa.Date).label("day")
        timely, answered = ~row.late, row.status.in_(_ANSWERED)
        query = (
            sa.select(
                day,
                row.source,
                sa.func.count().filter(timely).label("reads"),
                sa.func.count().filter(timely, answered).label("answered"),
                sa.func.sum(row.cost_minor).label("spent"),
            )
            .where(row.at >= since, row.at < until)
            .group_by(day, row.source)
            .order_by(day, row.source)
        )
        found = self._connection.execute(query)
        return [
            SourceDay(Day.of(one.day), one.source, one.reads, one.answered, int(one.spent))
            for one in found
        ]

    def ending(self, first: Day, last: Day, *, limit: int) -> Sequence[Ending]:
        """Live consents that end from ``first`` to ``last``, both included, the next first."""
        row = consents.c
        query = (
            sa.select(row.id, row.party_id, row.scope, row.recipient, row.purpose, row.expires)
            .where(row.state == "granted", row.expires.between(first, last))
            .order_by(row.expires, row.id)
            .limit(limit)
        )
        return [
            Ending(
                consent_id=ConsentId(one.id),
                party_id=PartyId(one.party_id),
                scope=tuple(sorted(one.scope)),
                recipient=one.recipient,
                purpose=one.purpose,
                expires=Day.of(one.expires),
            )
            for one in self._connection.execute(query)
        ]

    def ending_by_source(self, first: Day, last: Day) -> Mapping[str, int]:
        """How many live consents that name a source end from ``first`` to ``last``."""
        row = consents.c
        named = sa.func.unnest(row.scope).label("source")
        live = sa.select(named).where(row.state == "granted", row.expires.between(first, last))
        every = live.subquery()
        query = sa.select(every.c.source, sa.func.count()).group_by(every.c.source)
        return dict(self._connection.execute(query).all())

    def still_failing(self, subjects: Sequence[str], since: datetime) -> frozenset[str]:
        """Sources that were last heard to fail after ``since``, whomever they were asked about.

        One of which a late answer about any of ``subjects`` came after ``since`` is not among them:
        it is had for nothing. Of one that nobody asked since, nothing is known.
        """
        row = source_reads.c
        # What a right, or a breaker that lets one through, stood in the way of says nothing of it.
        asked = sa.or_(row.code.is_(None), row.status.in_(_ANSWERED), row.code.in_(_FAILED))
        last = (
            sa.select(row.source, row.code)
            .where(row.at > since, ~row.late, row.attempts > 0, asked)
            .ext(distinct_on(row.source))
            .order_by(row.source, row.number.desc())
        )
        came = sa.select(row.source).where(
            row.at > since, row.late, row.code.is_(None), row.subject_id.in_(subjects)
        )
        failed = {one.source for one in self._connection.execute(last) if one.code in _FAILED}
        return frozenset(failed - set(self._connection.execute(came).scalars()))

    def moves(self, *, limit: int) -> Sequence[BreakerMove]:
        """The latest moves of breakers, the newest first."""
        query = sa.select(source_moves).order_by(source_moves.c.number.desc()).limit(limit)
        return [
            BreakerMove(
                one.source, one.worker, BreakerState(one.state), one.at.astimezone(UTC), one.cause
            )
            for one in self._connection.execute(query)
        ]
