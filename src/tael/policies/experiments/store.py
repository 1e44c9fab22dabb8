"""SQL of the reports of outcomes: append-only, and nothing is written that says nothing new."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on

from tael.kernel import ApplicationId
from tael.platform import Work
from tael.policies.experiments.reports import OutcomeReport
from tael.policies.store.tables import outcomes

_LOCK = 0x7461656C_0008


class SqlOutcomes:
    """The reports over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection
        self._now = work.clock.now()

    def add(self, reports: Sequence[OutcomeReport]) -> int:
        """Write those that are news, in the order given; returns how many.

        News is another month on book, or another word on the loan: a correction stands beside what
        it corrects, as of the day on which it was known.
        """
        self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        latest = {
            one.application_id: one for one in self.latest([o.application_id for o in reports])
        }
        new: list[dict[str, object]] = []
        for report in reports:
            known = latest.get(report.application_id)
            if known is not None and _says(known) == _says(report):
                continue
            latest[report.application_id] = report
            new.append(_values(report) | {"recorded_at": self._now})
        if new:
            self._connection.execute(sa.insert(outcomes), new)
        return len(new)

    def latest(self, applications: Sequence[ApplicationId]) -> Sequence[OutcomeReport]:
        """The last report on each of these, as far as there is one."""
        found = self._of(applications).ext(distinct_on(_application))
        return self._read(found.order_by(_application, outcomes.c.position.desc()))

    def of(self, applications: Sequence[ApplicationId]) -> Sequence[OutcomeReport]:
        """Every report on these, oldest first."""
        return self._read(self._of(applications).order_by(outcomes.c.position))

    def _of(self, applications: Sequence[ApplicationId]) -> sa.Select[Any]:
        ids = [str(one) for one in applications]
        return sa.select(outcomes).where(_application == sa.any_(sa.literal(ids, _TEXTS)))

    def _read(self, query: sa.Select[Any]) -> Sequence[OutcomeReport]:
        return [_report(row) for row in self._connection.execute(query)]


_application = outcomes.c.application_id
_TEXTS = sa.ARRAY(sa.Text)


def _says(report: OutcomeReport) -> tuple[int, str]:
    return report.month_on_book, report.told


def _values(report: OutcomeReport) -> dict[str, object]:
    return {
        "application_id": str(report.application_id),
        "month_on_book": report.month_on_book,
        "known_on": report.known_on,
        "booked_on": report.booked_on,
        "told": report.told,
    }


def _report(row: Any) -> OutcomeReport:
    return OutcomeReport(
        application_id=ApplicationId(row.application_id),
        booked_on=row.booked_on,
        month_on_book=row.month_on_book,
        known_on=row.known_on,
        **json.loads(row.told),
    )
