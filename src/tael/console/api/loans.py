"""Loans: lists, one loan with schedule, postings and events; repayments and reversals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field

from tael.console.api.idempotency import Command, Commanding, granted
from tael.console.api.keys import NOBODYS, Caller, Calling
from tael.console.api.loan_records import (
    Booked,
    EventOut,
    LoanOut,
    PayoffOut,
    PostingOut,
    Schedule,
    event_out,
    loan_record,
    posting_out,
    row_out,
)
from tael.console.api.paging import Page, Paged
from tael.console.api.schemas import Amount, DayText, Strict, Sum, day
from tael.console.visit import path_id
from tael.kernel import BadInput, Conflict, Day, Forbidden, LoanId, NotFound, PartnerId
from tael.ledger import EntryQuery
from tael.platform import Work
from tael.servicing import LoanQuery, LoanState, LoanStatus, Servicing, days_past_due

router = APIRouter(prefix="/loans", tags=["loans"])
_KEY = r"^[!-~]{1,200}$"


class RepaymentIn(Strict):
    """Cash from the borrower, value-dated `day`."""

    amount: Sum
    day: DayText


class ReversalIn(Strict):
    """The channel took back a repayment: `repayment` is the `key` of its event."""

    repayment: Annotated[str, Field(pattern=_KEY)]
    day: DayText


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What a list of loans is narrowed to."""

    status: LoanStatus | None = None
    partner: Annotated[str, Query(max_length=80)] = ""
    tier: Annotated[int | None, Query(ge=1, le=7)] = None
    overdue: bool = False


@router.get("", response_model_exclude_unset=True)
def find(caller: Calling, paging: Paged, where: Annotated[Narrowing, Depends()]) -> Page[LoanOut]:
    """Loans, newest first. A partner's caller names the partner."""
    bank = PartnerId.parse(where.partner, field="partner") if where.partner else ""
    caller.require("read", "loan")
    row = {**NOBODYS, "partner_id": bank}
    if not caller.may("read", "loan", row):
        raise Forbidden("you may not read every loan; name your partner", rule="loan.read")
    after = LoanId.parse(paging.after, field="after") if paging.after else ""
    with caller.begin() as work:
        today = caller.today(work)
        query = LoanQuery(
            status=where.status,
            partner=bank,
            tier=where.tier,
            overdue_on=today if where.overdue else None,
            after=after,
            limit=paging.limit + 1,
        )
        rows = caller.house.rooms(work).servicing.store.find(query)
    items = []
    for head, one in rows[: paging.limit]:
        record = {
            "id": one.loan_id,
            "application_id": head.application_id,
            "state": one.status.value,
            "principal": one.principal,
            "balance": one.outstanding,
            "day": one.disbursed_on,
            "dpd": one.days_past_due(today),
            "tier": head.tier,
        }
        items.append(LoanOut.model_validate(caller.shown("loan", record, row)))
    more = len(rows) > paging.limit
    return Page(items=items, next=rows[paging.limit - 1][1].loan_id if more else None)


@router.get("/{loan_id}", response_model_exclude_unset=True)
def get(caller: Calling, loan_id: str) -> LoanOut:
    """One loan."""
    with caller.begin() as work:
        servicing, state, row = found_loan(caller, work, loan_id)
        return _shown(caller, work, servicing.state(state.contract.loan_id), row)


@router.get("/{loan_id}/schedule")
def schedule(caller: Calling, loan_id: str) -> Schedule:
    """The instalments in force, with what has been paid on each."""
    with caller.begin() as work:
        _, state, _ = found_loan(caller, work, loan_id)
    return Schedule(version=state.schedule.version, items=[row_out(r) for r in state.rows])


@router.get("/{loan_id}/postings")
def postings(caller: Calling, paging: Paged, loan_id: str) -> Page[PostingOut]:
    """The entries of the loan in all books, in the order of recording."""
    with caller.begin() as work:
        _, state, row = found_loan(caller, work, loan_id)
        if "postings" not in caller.house.permissions.visible_fields(caller.actor, "loan", row):
            raise Forbidden("you may not see the books of this loan", rule="loan.books")
        ledger = caller.house.rooms(work).ledger
        entries = list(ledger.entries(EntryQuery(loan=state.contract.loan_id)))
    rows, following = paging.numbered(entries)
    return Page(items=[posting_out(one) for one in rows], next=following)


@router.get("/{loan_id}/events", response_model_exclude_unset=True)
def events(caller: Calling, paging: Paged, loan_id: str) -> Page[EventOut]:
    """Everything that happened to the loan, oldest first."""
    with caller.begin() as work:
        servicing, state, _ = found_loan(caller, work, loan_id)
        log = servicing.file(state.contract.loan_id).log
    rows, following = paging.numbered(log)
    return Page(items=[event_out(event) for event in rows], next=following)


@router.get("/{loan_id}/payoff")
def payoff(
    caller: Calling, loan_id: str, on: Annotated[DayText | None, Query(alias="day")] = None
) -> PayoffOut:
    """What settles the loan in full on a day, today by default."""
    with caller.begin() as work:
        servicing, state, _ = found_loan(caller, work, loan_id)
        today = caller.today(work)
        asked = day(on, "day") if on else today
        if state.status is not LoanStatus.ACTIVE:
            raise Conflict(
                f"the loan is {state.status.value}; there is nothing to settle",
                code="not_active",
                field="loan_id",
                rule="an active loan",
            )
        _check_quoted(asked, state, today)
        quote = servicing.quote_payoff(state.contract.loan_id, asked)
    return PayoffOut(loan_id=loan_id, day=asked.isoformat(), amount=Amount.of(quote))


@router.post(
    "/{loan_id}/repayments",
    status_code=201,
    response_model=Booked,
    response_model_exclude_unset=True,
)
def repay(command: Commanding, loan_id: str, body: RepaymentIn) -> Response:
    """Book a repayment: allocated oldest instalment first, the rest kept as credit."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("receive", "loan", row)
        done = servicing.receive_repayment(
            state.contract.loan_id, body.amount.money(), day(body.day, "day"), key=command.name
        )
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post(
    "/{loan_id}/reversals",
    status_code=201,
    response_model=Booked,
    response_model_exclude_unset=True,
)
def reverse(command: Commanding, loan_id: str, body: ReversalIn) -> Response:
    """Take a repayment back; what came after it is applied anew."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("reverse", "loan", row)
        done = servicing.reverse_repayment(
            state.contract.loan_id,
            day(body.day, "day"),
            key=command.name,
            reverses=body.repayment,
        )
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


def booked(command: Command, work: Work, done: object, row: Mapping[str, object]) -> Booked:
    """The loan after an event that was accepted.

    Raises:
        Refused: it was not.
    """
    granted(done)
    if not isinstance(done, LoanState):
        raise NotFound("there is no such loan")
    return Booked(key=command.name, loan=_shown(command.caller, work, done, row))


def found_loan(
    caller: Caller, work: Work, loan_id: str
) -> tuple[Servicing, LoanState, Mapping[str, object]]:
    """The loan, if the caller may read it, and the row its permissions look at.

    Raises:
        NotFound: none, or not the caller's to know of.
    """
    caller.require("read", "loan")
    key = path_id(LoanId, loan_id)
    servicing = caller.house.rooms(work).servicing
    state = servicing.state(key)
    row = {**NOBODYS, "partner_id": state.contract.dimensions.partner}
    try:
        header = servicing.file(key).header
        application = caller.house.applications.get(work, header.application_id)
        row |= {"owner_id": application.owner_id, "consultant_id": application.consultant_id}
    except NotFound:
        pass  # whose it is, only who reads the application learns
    caller.require("read", "loan", row)
    return servicing, state, row


def _shown(caller: Caller, work: Work, state: LoanState, row: Mapping[str, object]) -> LoanOut:
    servicing = caller.house.rooms(work).servicing
    today = max(caller.today(work), state.as_of)
    header = servicing.file(state.contract.loan_id).header
    record = loan_record(state, header, days_past_due(state.rows, today))
    return LoanOut.model_validate(caller.shown("loan", record, row))


def _check_quoted(asked: Day, state: LoanState, today: Day) -> None:
    """A quote is for a day that is not behind the loan, and within a year.

    Raises:
        BadInput: another day.
    """
    last = max(today, state.as_of).plus_months(12)
    if not state.as_of <= asked <= last:
        raise BadInput(f"{asked} cannot be quoted", field="day", rule=f"{state.as_of} to {last}")
