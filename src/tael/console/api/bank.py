"""From the guarantor's decision to the money: decide, route, ask the bank, offer, pay out."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from tael.console.api import records
from tael.console.api.applications import ApplicationOut, Note, found, shown
from tael.console.api.decisions import DecisionOut, Items, Nothing, decision_out, offer_out
from tael.console.api.idempotency import Commanding, granted
from tael.console.api.jobs import JobOut, Order
from tael.console.api.keys import Caller
from tael.kernel import Conflict, LoanId, NotFound, PartnerId, Refusal
from tael.origination import model
from tael.platform import Work
from tael.servicing import LoanStatus

router = APIRouter(prefix="/applications/{application_id}", tags=["applications"])


class Judgement(Note):
    """A person's word on what the policy referred."""

    approve: bool = Field(examples=[True])


class Routed(BaseModel):
    """The bank in turn: the borrower consents to it before it is asked."""

    id: str
    state: model.ApplicationState
    partner_id: str
    lender: str


class Disbursing(JobOut):
    """The job that pays out, and the id that the loan has once the bank has paid."""

    loan_id: str


@router.post(
    "/decision", tags=["decisions"], response_model=DecisionOut, response_model_exclude_unset=True
)
def decide(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Let the policy in force decide: on what was received, on raw events, or asking its sources.

    A staged policy asks its sources now, under the consents of all whom they tell of, while the
    outcome depends on them; what was referred because a source was down is decided again. Inputs
    and trace stand in the list of decisions: this answer is kept for a while, they are not.
    """
    caller = command.caller

    def mine(work: Work) -> model.Application:
        one = found(caller, work, application_id)
        caller.require("decide", "decision", records.row_of(one))
        return one

    if command.is_new(body):
        with caller.begin() as work:
            one = mine(work)
        # No unit of work is open here, for sources may be asked.
        caller.house.underwriting.decide(one.id, actor=caller.actor, key=command.name)
    return command.run(body, lambda work: _latest(caller, work, mine(work)))


@router.post(
    "/judgement",
    tags=["decisions"],
    response_model=ApplicationOut,
    response_model_exclude_unset=True,
)
def judge(command: Commanding, application_id: str, body: Judgement) -> Response:
    """Approve or decline what the policy referred; price and limit stay the decision's."""
    caller = command.caller

    def act(work: Work) -> ApplicationOut:
        one = found(caller, work, application_id)
        caller.require("override", "decision", records.row_of(one))
        done = caller.house.applications.judge(work, one.id, approve=body.approve, note=body.note)
        return shown(caller, done)

    return command.run(body, act)


@router.post(
    "/reconsideration",
    tags=["decisions"],
    response_model=ApplicationOut,
    response_model_exclude_unset=True,
)
def reconsider(command: Commanding, application_id: str, body: Note) -> Response:
    """Ask for a second look at a decline, on new facts."""
    caller = command.caller

    def act(work: Work) -> ApplicationOut:
        one = found(caller, work, application_id)
        caller.require("reconsider", "decision", records.row_of(one))
        done = caller.house.applications.reconsider(work, one.id, note=body.note)
        return shown(caller, done)

    return command.run(body, act)


@router.post("/route", response_model=Routed)
def route(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Choose the bank to ask next: the first, or another after a decline."""
    caller = command.caller

    def act(work: Work) -> Routed:
        one = found(caller, work, application_id)
        caller.require("route", "application", records.row_of(one))
        routed = caller.house.applications.route(work, one.id)
        granted(routed)
        if isinstance(routed, Refusal) or routed.partner_id is None:
            raise NotFound("no bank was found")
        return Routed(
            id=routed.id,
            state=routed.state,
            partner_id=routed.partner_id,
            lender=_lender(caller, work, routed.partner_id),
        )

    return command.run(body, act)


@router.post("/bank-request", status_code=202, response_model=JobOut)
def ask(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Have the routed bank asked; its answer shows in the application's state.

    A bank that is silent or has not decided is asked again by the job itself.
    """
    caller = command.caller

    def act(work: Work) -> JobOut:
        one = found(caller, work, application_id)
        caller.require("ask", "application", records.row_of(one))
        # Tells now, not from a job later, that it is not routed or the consent is missing.
        request = caller.house.applications.bank_request(work, one.id)
        key = f"ask-bank:{one.id}:{request.partner_id}"
        return Order("ask_bank", key, {"application_id": one.id}).place(work)

    return command.run(body, act, status=202)


@router.post("/offers", status_code=201, tags=["offers"], response_model=Items)
def offer(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Make the offers of the bank that has approved."""
    caller = command.caller

    def act(work: Work) -> Items:
        one = found(caller, work, application_id)
        caller.require("create", "offer", records.row_of(one))
        made = caller.house.offers.make(work, one.id)
        granted(made)
        offers = () if isinstance(made, Refusal) else made
        return Items(items=[offer_out(caller, each) for each in offers])

    return command.run(body, act, status=201)


@router.post("/disbursement", status_code=202, tags=["loans"], response_model=Disbursing)
def disburse(command: Commanding, application_id: str, body: Nothing) -> Response:
    """Have the signed contract paid out: guarantee reserved, bank ordered, loan booked.

    What the job ends with tells whether a limit refused it; asked again, it is tried again.
    """
    caller = command.caller

    def act(work: Work) -> Disbursing:
        one = found(caller, work, application_id)
        caller.require("disburse", "loan", records.row_of(one))
        loan_id = LoanId.derive(one.created_at, one.id)
        _check_payable(caller, work, one, loan_id)
        order = Order(
            "disburse", f"disburse:{one.id}", {"application_id": one.id, "loan_id": loan_id}
        )
        return Disbursing(**order.place(work).model_dump(), loan_id=loan_id)

    return command.run(body, act, status=202)


def _check_payable(caller: Caller, work: Work, one: model.Application, loan_id: LoanId) -> None:
    contract = caller.house.offers.contract_of(work, one.id)
    if contract is None or contract.state is not model.ContractState.SIGNED:
        raise Conflict(
            f"{one.id} has no signed contract",
            code="not_signed",
            field="application_id",
            rule="money moves on a signed contract",
        )
    try:
        state = caller.house.rooms(work).servicing.state(loan_id)
    except NotFound:
        return
    if state.status is not LoanStatus.PENDING:
        raise Conflict(
            f"{loan_id} was paid out",
            code="already_disbursed",
            field="application_id",
            rule="a contract is paid out once",
        )


def _latest(caller: Caller, work: Work, one: model.Application) -> DecisionOut:
    found_one = next(
        each
        for each in caller.house.policies.decisions_of(work, one.id)
        if each.id == one.decision_id
    )
    seen = decision_out(caller, work, found_one, records.row_of(one))
    brief = seen.model_dump(exclude_unset=True, exclude={"inputs", "trace"})
    return DecisionOut.model_validate(brief)


def _lender(caller: Caller, work: Work, partner_id: PartnerId) -> str:
    partners = caller.house.rooms(work).funding.partners()
    return next((one.name for one in partners if one.id == partner_id), "")
