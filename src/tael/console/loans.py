"""Loans: a list with filters, and one loan with its schedule, postings and days past due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response

from tael.console.listing import ROWS, Asked, Filter, Narrowed, ask
from tael.console.visit import NOBODYS, Visit, Visiting, path_id
from tael.console.words import N_
from tael.kernel import ApplicationId, Day, LoanId, Money, NotFound
from tael.ledger import CHART, BalanceQuery, EntryQuery, Ledger, RecordedEntry
from tael.platform import Work
from tael.servicing import LoanStatus, Servicing, days_past_due

router = APIRouter(include_in_schema=False)
_TIERS = range(1, 8)
# Days past due, both ends included; the cut points of the portfolio's buckets.
_BUCKETS: Mapping[str, tuple[str, int, int | None]] = {
    "current": (N_("Not past due"), 0, 0),
    "late": (N_("Past due, all"), 1, None),
    "1-29": (N_("1 to 29 days"), 1, 29),
    "30-59": (N_("30 to 59 days"), 30, 59),
    "60-89": (N_("60 to 89 days"), 60, 89),
    "90": (N_("90 days or more"), 90, None),
}


@router.get("/loans")
def loans(visit: Visiting, after: Annotated[str, Query()] = "") -> Response:
    """A page of the list; the next rows only when htmx asks for them."""
    visit.require("read", "loan")
    last = path_id(LoanId, after) if after else ""
    with visit.begin() as work:
        asked = ask(_filters(visit, work), visit.request.query_params)
        today = visit.today(work)
        rows, following = (
            ((), None)
            if asked.problems
            else visit.house.lines(work).loans(_narrowed(asked), today, after=last, limit=ROWS)
        )
        names = visit.house.parties.display_names(work, [line.borrower_id for line in rows])
    return visit.listing(
        "loans",
        asked,
        following=following,
        further=bool(after),
        rows=rows,
        names=names,
        today=today,
        seen=visit.sees("loan"),
    )


def _filters(visit: Visit, work: Work) -> list[Filter]:
    tongue = visit.tongue
    states = [(one.value, tongue.label(one, "loan")) for one in LoanStatus]
    buckets = [(code, tongue.text(text)) for code, (text, _, _) in _BUCKETS.items()]
    found = [
        Filter("text", N_("Name or number"), "text"),
        Filter("status", N_("State"), "choice", states),
    ]
    if "tier" in visit.sees("loan"):
        tiers = [(str(tier), f"R{tier}") for tier in _TIERS]
        found.append(Filter("tier", N_("Tier"), "choice", tiers))
    found.append(Filter("dpd", N_("Days past due"), "choice", buckets))
    partners = visit.partners(work)
    if partners:
        found.append(Filter("partner", N_("Bank"), "choice", partners))
    return [
        *found,
        Filter("least", N_("Amount from"), "amount"),
        Filter("most", N_("Amount to"), "amount", least="least"),
        Filter("since", N_("Paid out from"), "day"),
        Filter("until", N_("Paid out to"), "day", least="since"),
    ]


def _narrowed(asked: Asked) -> Narrowed:
    bucket = _BUCKETS.get(asked.text("dpd"))
    return Narrowed(
        state=asked.text("status"),
        tier=asked.number("tier"),
        partner=asked.text("partner"),
        dpd=bucket[1:] if bucket else None,
        least=asked.money("least"),
        most=asked.money("most"),
        since=asked.day("since"),
        until=asked.day("until"),
        text=asked.text("text"),
    )


@router.get("/loans/{loan_id}")
def loan(visit: Visiting, loan_id: str) -> Response:
    """Everything about one loan."""
    visit.require("read", "loan")
    key = path_id(LoanId, loan_id)
    with visit.begin() as work:
        rooms = visit.house.rooms(work)
        servicing = rooms.servicing
        state, file = servicing.state(key), servicing.file(key)
        row = _row(visit, work, file.header.application_id, state.contract.dimensions.partner)
        if not visit.may("read", "loan", row):
            raise NotFound(f"there is no {loan_id[:60]!r}")
        seen = visit.sees("loan", row)
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
    return visit.page(
        "loan.html",
        seen=seen,
        chart=CHART,
        money_of=Money,
        reversed_keys=_taken_back(values["log"]),
        may_read_application=visit.may("read", "application", row),
        **values,
    )


def _row(
    visit: Visit, work: Work, application_id: ApplicationId, partner: str
) -> dict[str, object]:
    """What permissions look at; whose it is, only who reads the application learns."""
    row = {**NOBODYS, "partner_id": partner}
    try:
        application = visit.house.applications.get(work, application_id)
    except NotFound:
        return row
    return {
        **row,
        "owner_id": application.owner_id,
        "consultant_id": application.consultant_id,
    }


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
