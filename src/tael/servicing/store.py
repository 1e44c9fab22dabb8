"""Loans and their logs in PostgreSQL (schema ``servicing``). All SQL of the room is here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from tael.kernel import ApplicationId, Conflict, Day, GroupId, LoanId, Money, PartyId
from tael.servicing.codec import contract_from_json, contract_to_json
from tael.servicing.memory import next_runs
from tael.servicing.model import Event, LoanContract, LoanStatus, event_from_json, event_to_json
from tael.servicing.ports import (
    DelinquencyRun,
    LoanFile,
    LoanHeader,
    LoanQuery,
    LoanSummary,
    log_head,
)

metadata = sa.MetaData(schema="servicing")

loan = sa.Table(
    "loan",
    metadata,
    sa.Column("loan_id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.Text, nullable=False, unique=True),
    sa.Column("borrower_id", sa.Text, nullable=False),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("partner", sa.Text, nullable=False),
    sa.Column("tier", sa.SmallInteger, nullable=False),
    sa.Column("contract_hash", sa.Text, nullable=False),
    sa.Column("contract", pg.JSONB, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("principal_minor", sa.BigInteger, nullable=False),
    sa.Column("disbursed_on", sa.Date, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("outstanding_minor", sa.BigInteger, nullable=False),
    sa.Column("oldest_unpaid_due", sa.Date),
    sa.Column("next_posting", sa.Date),
    sa.Column("in_clearing", sa.Boolean, nullable=False),
    sa.Column("as_of", sa.Date, nullable=False),
    sa.Column("events", sa.Integer, nullable=False, server_default="0"),
    sa.Column("head", sa.Text, nullable=False, server_default=""),
    sa.Column("in_run", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.CheckConstraint("principal_minor > 0", name="principal_above_zero"),
    sa.CheckConstraint(
        "outstanding_minor between 0 and principal_minor", name="outstanding_within"
    ),
    sa.Index("loan_next_posting", "next_posting"),
    sa.Index("loan_in_clearing", "in_clearing", postgresql_where=sa.text("in_clearing")),
    sa.Index("loan_oldest_unpaid_due", "oldest_unpaid_due"),
)

event_log = sa.Table(
    "event",
    metadata,
    sa.Column("loan_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("body", pg.JSONB, nullable=False),
    sa.Column("recorded", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    sa.UniqueConstraint("loan_id", "key", name="event_once"),
)

delinquency_run = sa.Table(
    "delinquency_run",
    metadata,
    sa.Column("loan_id", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("due", sa.Date, nullable=False),
    sa.Column("ended", sa.Date),
)

# The log is history: no statement of ours changes it, and none of anybody else's may.
DDL: tuple[str, ...] = (
    """
    create or replace function servicing.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'servicing.event is append-only';
    end $$
    """,
    """
    create or replace trigger event_append_only before update or delete on servicing.event
    for each row execute function servicing.refuse_change()
    """,
)


_CHANGING = (
    "status",
    "outstanding_minor",
    "oldest_unpaid_due",
    "next_posting",
    "in_clearing",
    "as_of",
)

# Built once: a loan moves on only from the head it was read with. The run it tells of is the one
# before: a loan in a run has one to end, a loan past due one to begin.
_MOVE = (
    loan.update()
    .where(loan.c.loan_id == sa.bindparam("of"), loan.c.head == sa.bindparam("before"))
    .values(
        events=loan.c.events + 1,
        head=sa.bindparam("after"),
        **{name: sa.bindparam(name) for name in _CHANGING},
    )
    .returning(loan.c.events, loan.c.in_run)
)


_HEAD = sa.select(loan.c.head).where(loan.c.loan_id == sa.bindparam("of"))
_LOCKED_HEAD = _HEAD.with_for_update()
_LOG = event_log.insert()


class SqlLoanStore:
    """A ``LoanStore`` over one connection, inside the caller's transaction."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def insert(self, header: LoanHeader, contract: LoanContract, summary: LoanSummary) -> None:
        values = {
            "application_id": header.application_id,
            "borrower_id": header.borrower_id,
            "group_id": header.group_id,
            "partner": contract.dimensions.partner,
            "tier": header.tier,
            "contract_hash": header.contract_hash,
            "contract": contract_to_json(contract),
            "currency": contract.currency,
            "principal_minor": summary.principal.minor,
            "disbursed_on": summary.disbursed_on,
            "loan_id": summary.loan_id,
        }
        self._connection.execute(loan.insert().values(**values, **_changing(summary)))

    def load(self, loan_id: LoanId, *, lock: bool = False) -> LoanFile | None:
        query = sa.select(loan).where(loan.c.loan_id == loan_id)
        row = self._connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            return None
        log = sa.select(event_log.c.body).where(event_log.c.loan_id == loan_id)
        bodies = self._connection.execute(log.order_by(event_log.c.position)).scalars()
        events = tuple(event_from_json(body) for body in bodies)
        return LoanFile(_header(row), contract_from_json(row.contract), events)

    def head(self, loan_id: LoanId, *, lock: bool = False) -> str | None:
        row = self._connection.execute(_LOCKED_HEAD if lock else _HEAD, {"of": loan_id}).first()
        return None if row is None else str(row.head)

    def append(self, event: Event, before: str, summary: LoanSummary) -> str:
        head = log_head([event], before)
        moved = self._connection.execute(
            _MOVE, {"of": summary.loan_id, "before": before, "after": head, **_changing(summary)}
        ).one_or_none()
        if moved is None:
            raise Conflict(f"{summary.loan_id} has moved on", field="head")
        row = {"position": moved.events - 1, "key": event.key, "body": event_to_json(event)}
        self._connection.execute(_LOG, {"loan_id": summary.loan_id, "day": event.day, **row})
        if moved.in_run or _overdue(summary):
            self._write_runs(summary)
        return head

    def due(self, day: Day) -> Sequence[LoanId]:
        posting = sa.or_(loan.c.next_posting <= day, loan.c.in_clearing)
        return self._ids(sa.select(loan.c.loan_id).where(posting))

    def claimable(self, day: Day, dpd: int) -> Sequence[LoanId]:
        return self._ids(
            sa.select(loan.c.loan_id).where(
                loan.c.status == LoanStatus.ACTIVE.value,
                loan.c.oldest_unpaid_due <= day.plus_days(-dpd),
            )
        )

    def find(self, query: LoanQuery) -> Sequence[tuple[LoanHeader, LoanSummary]]:
        statement = sa.select(loan).order_by(loan.c.loan_id.desc()).limit(query.limit)
        if query.status is not None:
            statement = statement.where(loan.c.status == query.status.value)
        if query.partner:
            statement = statement.where(loan.c.partner == query.partner)
        if query.tier is not None:
            statement = statement.where(loan.c.tier == query.tier)
        if query.overdue_on is not None:
            statement = statement.where(loan.c.oldest_unpaid_due < query.overdue_on)
        if query.after:
            statement = statement.where(loan.c.loan_id < query.after)
        return [(_header(row), _summary(row)) for row in self._connection.execute(statement)]

    def runs(self, loan_id: LoanId) -> Sequence[DelinquencyRun]:
        query = sa.select(delinquency_run).where(delinquency_run.c.loan_id == loan_id)
        rows = self._connection.execute(query.order_by(delinquency_run.c.number))
        return [
            DelinquencyRun(Day.of(row.due), Day.of(row.ended) if row.ended else None)
            for row in rows
        ]

    def _write_runs(self, summary: LoanSummary) -> None:
        before = self.runs(summary.loan_id)
        after = next_runs(before, summary)
        in_run = bool(after) and after[-1].ended is None
        mark = loan.update().where(loan.c.loan_id == summary.loan_id, loan.c.in_run != in_run)
        self._connection.execute(mark.values(in_run=in_run))
        for number, run in enumerate(after):
            if number < len(before) and before[number] == run:
                continue
            values = {"due": run.due, "ended": run.ended}
            statement = pg.insert(delinquency_run).values(
                loan_id=summary.loan_id, number=number, **values
            )
            self._connection.execute(
                statement.on_conflict_do_update(index_elements=["loan_id", "number"], set_=values)
            )

    def _ids(self, statement: sa.Select[tuple[str]]) -> list[LoanId]:
        rows = self._connection.execute(statement.order_by(loan.c.loan_id)).scalars()
        return [LoanId(text) for text in rows]


def _changing(summary: LoanSummary) -> dict[str, Any]:
    return {
        "status": summary.status.value,
        "outstanding_minor": summary.outstanding.minor,
        "oldest_unpaid_due": summary.oldest_unpaid_due,
        "next_posting": summary.next_posting,
        "in_clearing": summary.in_clearing,
        "as_of": summary.as_of,
    }


def _overdue(summary: LoanSummary) -> bool:
    due = summary.oldest_unpaid_due
    return due is not None and due < summary.as_of


def _header(row: sa.Row[Any]) -> LoanHeader:
    return LoanHeader(
        application_id=ApplicationId(row.application_id),
        borrower_id=PartyId(row.borrower_id),
        group_id=GroupId(row.group_id),
        tier=row.tier,
        contract_hash=row.contract_hash,
    )


def _summary(row: sa.Row[Any]) -> LoanSummary:
    return LoanSummary(
        loan_id=LoanId(row.loan_id),
        status=LoanStatus(row.status),
        principal=Money(row.principal_minor, row.currency),
        outstanding=Money(row.outstanding_minor, row.currency),
        disbursed_on=Day.of(row.disbursed_on),
        oldest_unpaid_due=Day.of(row.oldest_unpaid_due) if row.oldest_unpaid_due else None,
        next_posting=Day.of(row.next_posting) if row.next_posting else None,
        in_clearing=row.in_clearing,
        as_of=Day.of(row.as_of),
    )
