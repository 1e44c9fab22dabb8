"""The loans, applications and decisions that a reader may see, for lists. Reads only.

A loan's bank stands in servicing's row, whose loan it is in origination's: neither room alone can
keep a list to its reader, so the two are joined here, where the rooms are wired.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from tael.console import DecisionLine, LoanLine, Narrowed, Sought
from tael.kernel import ApplicationId, Day, DecisionId, LoanId, Money, PartyId, VersionId
from tael.platform import Permissions, Work
from tael.policies import SqlPolicyStore

_COLUMNS = {
    "servicing.loan": "loan_id application_id borrower_id partner tier currency principal_minor "
    "disbursed_on status outstanding_minor oldest_unpaid_due",
    "origination.application": "id borrower_id owner_id consultant_id partner_id amount_minor "
    "currency state tier submitted_at",
    "origination.party": "id display_name",
    "policies.decision_log": "id application_id policy_id as_of result context",
}


def _table(name: str) -> sa.TableClause:
    schema, _, table = name.partition(".")
    columns: list[sa.ColumnClause[Any]] = [sa.column(each) for each in _COLUMNS[name].split()]
    return sa.table(table, *columns, schema=schema)


_loan = _table("servicing.loan")
_application = _table("origination.application")
_party = _table("origination.party")
_decision = _table("policies.decision_log")


class Lines:
    """The lists as the actor of ``work`` may see them."""

    def __init__(self, work: Work, access: Permissions) -> None:
        self._work = work
        self._access = access

    def loans(
        self, where: Narrowed, today: Day, *, after: str, limit: int
    ) -> tuple[Sequence[LoanLine], LoanId | None]:
        """Loans, the newest first, and the last one's id when more follow."""
        owners = _loan.outerjoin(_application, _application.c.id == _loan.c.application_id)
        query = sa.select(_loan).select_from(owners)
        query = query.where(self._may_read("loan", _loan.c.partner), *_of_loans(where, today))
        if after:
            query = query.where(_loan.c.loan_id < after)
        query = query.order_by(_loan.c.loan_id.desc()).limit(limit + 1)
        lines = [_line(row) for row in self._work.connection.execute(query)]
        return lines[:limit], lines[limit - 1].loan_id if len(lines) > limit else None

    def applications(
        self, where: Narrowed, zone: ZoneInfo, *, after: str, limit: int
    ) -> tuple[Sequence[ApplicationId], ApplicationId | None]:
        """Ids of applications, the newest first, and the last one when more follow."""
        query = sa.select(_application.c.id).where(
            self._may_read("application", _application.c.partner_id),
            *_of_applications(where, zone),
        )
        if after:
            query = query.where(_application.c.id < after)
        query = query.order_by(_application.c.id.desc()).limit(limit + 1)
        found = [ApplicationId(text) for text in self._work.connection.scalars(query)]
        return found[:limit], found[limit - 1] if len(found) > limit else None

    def decisions(
        self, where: Sought, zone: ZoneInfo, *, after: str, limit: int
    ) -> tuple[Sequence[DecisionLine], DecisionId | None]:
        """Decisions of the log, the newest first, and the last one's id when more follow.

        Whoever may not read every decision finds those on the applications that are theirs.
        """
        whose = _decision.outerjoin(_application, _application.c.id == _decision.c.application_id)
        mine = self._may_read("decision", _application.c.partner_id)
        source = _decision if mine is sa.true() else whose
        query = sa.select(_decision).select_from(source).where(mine, *_of_decisions(where, zone))
        if after:
            query = query.where(_decision.c.id < after)
        query = query.order_by(_decision.c.id.desc()).limit(limit + 1)
        lines = [_decided(row) for row in self._work.connection.execute(query)]
        return lines[:limit], lines[limit - 1].decision_id if len(lines) > limit else None

    def _may_read(self, resource: str, partner: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        columns = {
            "owner_id": _application.c.owner_id,
            "consultant_id": _application.c.consultant_id,
            "partner_id": partner,
        }
        return self._access.row_filter(self._work.actor, resource, columns)


def _of_loans(where: Narrowed, today: Day) -> list[sa.ColumnElement[bool]]:
    row = _loan.c
    found = _alike(where, row, state=row.status, partner=row.partner, amount=row.principal_minor)
    if where.dpd is not None:
        found.append(_past_due(*where.dpd, today))
    if where.since is not None:
        found.append(row.disbursed_on >= where.since)
    if where.until is not None:
        found.append(row.disbursed_on <= where.until)
    if where.text:
        found.append(_says(where.text, row.borrower_id, row.loan_id, row.application_id))
    return found


def _past_due(first: int, last: int | None, today: Day) -> sa.ColumnElement[bool]:
    due, closed = _loan.c.oldest_unpaid_due, _loan.c.status.in_(LoanLine.CLOSED)
    if first == 0:
        return sa.or_(closed, due.is_(None), due >= today)
    since = [] if last is None else [due >= today.plus_days(-last)]
    return sa.and_(sa.not_(closed), due <= today.plus_days(-first), *since)


def _of_applications(where: Narrowed, zone: ZoneInfo) -> list[sa.ColumnElement[bool]]:
    row = _application.c
    found = _alike(where, row, state=row.state, partner=row.partner_id, amount=row.amount_minor)
    if where.since is not None:
        found.append(row.submitted_at >= _morning(where.since, zone))
    if where.until is not None:
        found.append(row.submitted_at < _morning(where.until.plus_days(1), zone))
    if where.text:
        found.append(_says(where.text, row.borrower_id, row.id))
    return found


def _of_decisions(where: Sought, zone: ZoneInfo) -> list[sa.ColumnElement[bool]]:
    row = _decision.c
    found = SqlPolicyStore.search(
        arm=where.arm,
        outcome=where.outcome or None,
        tier=where.tier,
        reasons=[where.reason] if where.reason else None,
    )
    if where.number:
        found.append(sa.or_(row.id == where.number, row.application_id == where.number))
    if where.version:
        found.append(row.policy_id == where.version)
    # Ids are in the order of time: a period is a range of them, and needs no index of its own.
    if where.since is not None:
        found.append(row.id >= DecisionId.first(_morning(where.since, zone)))
    if where.until is not None:
        found.append(row.id < DecisionId.first(_morning(where.until.plus_days(1), zone)))
    return found


def _alike(
    where: Narrowed,
    row: Any,
    *,
    state: sa.ColumnElement[Any],
    partner: sa.ColumnElement[Any],
    amount: sa.ColumnElement[Any],
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.state:
        found.append(state == where.state)
    if where.tier is not None:
        found.append(row.tier == where.tier)
    if where.partner:
        found.append(partner == where.partner)
    if where.least is not None:
        found += [row.currency == where.least.currency, amount >= where.least.minor]
    if where.most is not None:
        found += [row.currency == where.most.currency, amount <= where.most.minor]
    return found


def _says(
    text: str, borrower: sa.ColumnElement[Any], *numbers: sa.ColumnElement[Any]
) -> sa.ColumnElement[bool]:
    """The text stands in a number or in the name that lists show; no other name can be searched."""
    named = sa.select(_party.c.id).where(_party.c.display_name.icontains(text, autoescape=True))
    parts = [number.icontains(text, autoescape=True) for number in numbers]
    return sa.or_(borrower.in_(named), *parts)


def _morning(day: Day, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _line(row: sa.Row[Any]) -> LoanLine:
    return LoanLine(
        loan_id=LoanId(row.loan_id),
        borrower_id=PartyId(row.borrower_id),
        tier=row.tier,
        status=row.status,
        principal=Money(row.principal_minor, row.currency),
        outstanding=Money(row.outstanding_minor, row.currency),
        disbursed_on=Day.of(row.disbursed_on),
        oldest_unpaid_due=Day.of(row.oldest_unpaid_due) if row.oldest_unpaid_due else None,
    )


def _decided(row: sa.Row[Any]) -> DecisionLine:
    result, context = json.loads(row.result), json.loads(row.context or "{}")
    return DecisionLine(
        decision_id=DecisionId(row.id),
        application_id=ApplicationId(row.application_id),
        policy_id=VersionId(row.policy_id),
        as_of=row.as_of.astimezone(UTC),
        outcome=result["outcome"],
        tier=result["tier"],
        reasons=tuple(result["reasons"]),
        limit=Money(result["limit"]["minor"], result["limit"]["currency"]),
        arm=context.get("arm", ""),
    )
