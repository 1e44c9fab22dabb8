"""Loans: a list with filters, and one loan with its schedule, postings and days past due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response

from tael.console.pages import wants_fragment
from tael.console.visit import Visit, Visiting, path_id
from tael.kernel import BadInput, Day, Forbidden, LoanId, Money, PartnerId
from tael.ledger import CHART, BalanceQuery, EntryQuery, Ledger, RecordedEntry
from tael.servicing import LoanQuery, LoanStatus, Servicing, days_past_due

router = APIRouter(include_in_schema=False)
_ROWS = 25
_TIERS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to, as typed; ``overdue`` is ``yes`` or nothing."""

    status: str = ""
    tier: str = ""
    partner: str = ""
    overdue: str = ""

    def narrow(self, today: Day, after: str) -> LoanQuery:
        """The same for the room, one row more than a page.

        Raises:
            BadInput: a value that cannot be; names the field.
        """
        return LoanQuery(
            status=_status(self.status) if self.status else None,
            partner=PartnerId.parse(self.partner, field="partner") if self.partner else "",
            tier=_tier(self.tier) if self.tier else None,
            overdue_on=today if self.overdue == "yes" else None,
            after=after,
            limit=_ROWS + 1,
        )

    @property
    def given(self) -> dict[str, str]:
        """Those that narrow anything."""
        names = ("status", "tier", "partner", "overdue")
        return {name: getattr(self, name) for name in names if getattr(self, name)}


@router.get("/loans")
def loans(
    request: Request,
    visit: Visiting,
    filters: Annotated[Filters, Depends()],
    after: Annotated[str, Query()] = "",
) -> Response:
    """A page of the list; the next rows only when htmx asks for them."""
    visit.require_all("loan")
    last = path_id(LoanId, after) if after else ""
    with visit.begin() as work:
        rooms = visit.house.rooms(work)
        today = visit.today(work)
        found = rooms.servicing.store.find(filters.narrow(today, last))
        names = visit.house.parties.display_names(work, [head.borrower_id for head, _ in found])
        partners = rooms.funding.partners()
    part = "loans_rows.html" if after else "loans_list.html"
    return visit.page(
        part if wants_fragment(request) else "loans.html",
        rows=found[:_ROWS],
        after=found[_ROWS - 1][1].loan_id if len(found) > _ROWS else None,
        names=names,
        filters=filters,
        today=today,
        partners=partners,
        statuses=list(LoanStatus),
        tiers=_TIERS,
        seen=visit.sees("loan"),
    )


@router.get("/loans/{loan_id}")
def loan(visit: Visiting, loan_id: str) -> Response:
    """Everything about one loan."""
    visit.require("read", "loan")
    key = path_id(LoanId, loan_id)
    seen = visit.sees("loan")
    with visit.begin() as work:
        rooms = visit.house.rooms(work)
        servicing = rooms.servicing
        state = servicing.state(key)
        _require_row(visit, state.contract.dimensions.partner)
        file = servicing.file(key)
        today = max(visit.today(work), state.as_of)
        values: dict[str, Any] = {
            "state": state,
            "header": file.header,
            "log": tuple(reversed(file.log)),
            "today": today,
            "dpd": days_past_due(state.rows, today),
            "dues": _dues(servicing, key, today),
            "runs": servicing.store.runs(key),
            "entries": _entries(rooms.ledger, key) if "postings" in seen else [],
            "balances": _balances(rooms.ledger, key) if "postings" in seen else {},
            "names": visit.house.parties.display_names(work, [file.header.borrower_id]),
            "lenders": {one.id: one.name for one in rooms.funding.partners()},
        }
    may_read_application = visit.house.permissions.allowed(visit.actor, "read", "application")
    return visit.page(
        "loan.html",
        seen=seen,
        chart=CHART,
        money_of=Money,
        reversed_keys=_taken_back(values["log"]),
        may_read_application=may_read_application,
        **values,
    )


def _require_row(visit: Visit, partner: str) -> None:
    """A loan knows its partner; whose own or assigned it is stands with its application."""
    row = {"owner_id": "", "consultant_id": "", "partner_id": partner}
    if not visit.house.permissions.allowed(visit.actor, "read", "loan", row):
        raise Forbidden("you may not read this loan", rule="loan.read")


def _dues(servicing: Servicing, key: LoanId, today: Day) -> Mapping[str, Money]:
    """What the borrower owes today, by component."""
    sums: dict[str, Money] = {}
    for due in servicing.dues(key, today):
        before = sums.get(due.component, Money.zero(due.amount.currency))
        sums[due.component] = before + due.amount
    return sums


def _entries(ledger: Ledger, key: LoanId) -> list[tuple[str, list[RecordedEntry]]]:
    """The entries of the loan by the batch they were posted in, the latest first."""
    batches: dict[str, list[RecordedEntry]] = {}
    for record in ledger.entries(EntryQuery(loan=key)):
        batches.setdefault(record.key, []).append(record)
    return list(reversed(batches.items()))


def _balances(ledger: Ledger, key: LoanId) -> Mapping[str, list[tuple[str, str, Money]]]:
    """By book: account, basis and balance on the account's natural side; zeros left out."""
    books: dict[str, list[tuple[str, str, Money]]] = {}
    for row in sorted(ledger.rows(BalanceQuery(where={"loan": key})), key=lambda r: r.account):
        if row.net_minor:
            amount = Money(CHART[row.account].side.sign * row.net_minor, row.currency)
            line = (row.account, row.basis.value, amount)
            books.setdefault(row.account[0], []).append(line)
    return books


def _taken_back(log: Sequence[object]) -> frozenset[str]:
    """Keys of the repayments that were reversed."""
    return frozenset(str(getattr(event, "reverses", "")) for event in log) - {""}


def _status(text: str) -> LoanStatus:
    for status in LoanStatus:
        if status.value == text:
            return status
    raise BadInput(f"{text!r} is no state of a loan", field="status", rule="a known state")


def _tier(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) in _TIERS:
        return int(text)
    raise BadInput(f"{text!r} is no tier", field="tier", rule="1 to 7")
