"""What became of decisions: rows of the log with their loans and these loans' month ends.

A decision stands in the log of policies, its loan in servicing, its month ends in portfolio: none
of these rooms alone can say which version lent to whom and how that went. Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa

from tael.kernel import ApplicationId, DecisionId, VersionId
from tael.platform import Work
from tael.policies.model import LogEntry

_COLUMNS = {
    "policies.decision_log": "id application_id policy_id key as_of recorded_by inputs inputs_hash "
    "parameters result result_hash context elapsed_us",
    "policies.shadow_verdict": "decision_id version_id result failure",
    "servicing.loan": "loan_id application_id status disbursed_on",
    "portfolio.loan_month": "loan_id month_end dpd claimed_minor recovered_minor written_off_minor "
    "disbursed_on",
}


def _table(name: str) -> sa.TableClause:
    schema, _, table = name.partition(".")
    columns: list[sa.ColumnClause[Any]] = [sa.column(each) for each in _COLUMNS[name].split()]
    return sa.table(table, *columns, schema=schema)


_decision, _shadow = _table("policies.decision_log"), _table("policies.shadow_verdict")
_loan, _month = _table("servicing.loan"), _table("portfolio.loan_month")


@dataclass(frozen=True, slots=True)
class MonthEnd:
    """A loan at a month end; amounts in minor units, cumulative since disbursement."""

    application: str
    months: int
    known_on: date
    dpd: int
    claimed: int
    recovered: int
    written_off: int


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What a shadow said of a decision; ``failure`` where it could not."""

    decision: str
    result: str
    failure: str


class Outcomes:
    """The rows, as one unit of work sees them."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    def decisions(self, since: datetime, until: datetime | None, most: int) -> list[LogEntry]:
        """The newest ``most`` decisions of a time, oldest first, without their traces."""
        query = sa.select(_decision).where(*_between(since, until))
        rows = self._connection.execute(query.order_by(_decision.c.id.desc()).limit(most))
        return [_entry(row) for row in rows.mappings()][::-1]

    def count(self, since: datetime, until: datetime | None) -> int:
        """How many decisions there are of a time."""
        query = sa.select(sa.func.count()).select_from(_decision).where(*_between(since, until))
        return int(self._connection.execute(query).scalar_one())

    def booked(self, applications: Sequence[str]) -> dict[ApplicationId, date]:
        """By application the day on which its money went out."""
        query = sa.select(_loan.c.application_id, _loan.c.disbursed_on).where(
            _loan.c.application_id == sa.any_(sa.literal(list(applications), _TEXTS)),
            _loan.c.disbursed_on.is_not(None),
            _loan.c.status != "pending",
        )
        return {ApplicationId(row[0]): row[1] for row in self._connection.execute(query)}

    def month_ends(self, applications: Sequence[str]) -> list[MonthEnd]:
        """Every month end of the loans of ``applications``."""
        query = (
            sa.select(_loan.c.application_id, _month)
            .select_from(_month.join(_loan, _loan.c.loan_id == _month.c.loan_id))
            .where(_loan.c.application_id == sa.any_(sa.literal(list(applications), _TEXTS)))
        )
        return [_month_end(row) for row in self._connection.execute(query)]

    def shadowed(self, version: VersionId, decisions: Sequence[LogEntry]) -> list[Shadowed]:
        """What ``version`` would have said of ``decisions``."""
        ids = [str(entry.id) for entry in decisions]
        query = sa.select(_shadow.c.decision_id, _shadow.c.result, _shadow.c.failure).where(
            _shadow.c.version_id == str(version),
            _shadow.c.decision_id == sa.any_(sa.literal(ids, _TEXTS)),
        )
        return [Shadowed(*row) for row in self._connection.execute(query)]


_TEXTS = sa.ARRAY(sa.Text)


def _between(since: datetime, until: datetime | None) -> list[sa.ColumnElement[bool]]:
    """Ids are in the order of time."""
    found = [_decision.c.id >= str(DecisionId.first(since))]
    if until is not None:
        found.append(_decision.c.id < str(DecisionId.first(until)))
    return found


def _entry(row: sa.RowMapping) -> LogEntry:
    values: dict[str, Any] = {**row, "as_of": row["as_of"].astimezone(UTC), "trace": ""}
    values["id"] = DecisionId(values["id"])
    values["application_id"] = ApplicationId(values["application_id"])
    values["policy_id"] = VersionId(values["policy_id"])
    return LogEntry(**values)


def _month_end(row: sa.Row[Any]) -> MonthEnd:
    end, start = row.month_end, row.disbursed_on
    return MonthEnd(
        application=row.application_id,
        months=(end.year - start.year) * 12 + end.month - start.month,
        known_on=end,
        dpd=row.dpd,
        claimed=row.claimed_minor,
        recovered=row.recovered_minor,
        written_off=row.written_off_minor,
    )
