"""A loan beyond its instalments: pay-off, prepayment, refund, claim, recovery, write-off."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Response

from tael.console.api.idempotency import Commanding, granted
from tael.console.api.jobs import JobOut, Order
from tael.console.api.loan_records import Booked
from tael.console.api.loans import RepaymentIn, booked, found_loan
from tael.console.api.schemas import DayText, Strict, day
from tael.kernel import BadInput, Day, Refusal
from tael.platform import Work
from tael.pricing import Effect
from tael.servicing import LoanState, LoanStatus, RefusalCode, days_past_due

router = APIRouter(prefix="/loans/{loan_id}", tags=["loans"])


class PrepaymentIn(RepaymentIn):
    """Cash for more than is due; then the instalments are lower, or as high and fewer."""

    effect: Literal["lower_instalment", "shorter_term"] = "lower_instalment"


class OnDay(Strict):
    """The day it happens."""

    day: DayText


@router.post("/payoff", status_code=201, response_model=Booked, response_model_exclude_unset=True)
def pay_off(command: Commanding, loan_id: str, body: RepaymentIn) -> Response:
    """Settle the loan early, with at least the quote of the day; more is kept as credit."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("receive", "loan", row)
        one, on = state.contract.loan_id, day(body.day, "day")
        done = servicing.pay_off(one, body.amount.money(), on, key=command.name)
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post(
    "/prepayments", status_code=201, response_model=Booked, response_model_exclude_unset=True
)
def prepay(command: Commanding, loan_id: str, body: PrepaymentIn) -> Response:
    """Pay more than is due: the rest is principal before its time, and a new schedule follows."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("receive", "loan", row)
        done = servicing.prepay(
            state.contract.loan_id,
            body.amount.money(),
            day(body.day, "day"),
            key=command.name,
            effect=Effect(body.effect),
        )
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post("/refund", status_code=201, response_model=Booked, response_model_exclude_unset=True)
def refund(command: Commanding, loan_id: str, body: OnDay) -> Response:
    """Pay back what the borrower has in credit."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("refund", "loan", row)
        one = state.contract.loan_id
        done = servicing.refund(one, day(body.day, "day"), key=command.name)
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post(
    "/recoveries", status_code=201, response_model=Booked, response_model_exclude_unset=True
)
def recover(command: Commanding, loan_id: str, body: RepaymentIn) -> Response:
    """Book cash that came after the guarantor had paid the bank."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("receive", "loan", row)
        one, on = state.contract.loan_id, day(body.day, "day")
        done = servicing.recover(one, body.amount.money(), on, key=command.name)
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post(
    "/write-off", status_code=201, response_model=Booked, response_model_exclude_unset=True
)
def write_off(command: Commanding, loan_id: str, body: OnDay) -> Response:
    """Take the rest of a compensated claim off the assets; it is still owed."""

    def act(work: Work) -> Booked:
        servicing, state, row = found_loan(command.caller, work, loan_id)
        command.caller.require("write_off", "loan", row)
        one = state.contract.loan_id
        done = servicing.write_off(one, day(body.day, "day"), key=command.name)
        return booked(command, work, done, row)

    return command.run(body, act, status=201)


@router.post("/compensation", status_code=202, response_model=JobOut)
def compensate(command: Commanding, loan_id: str, body: OnDay) -> Response:
    """Have an overdue loan claimed, verified by the bank and paid by the guarantor."""
    caller = command.caller

    def act(work: Work) -> JobOut:
        _, state, row = found_loan(caller, work, loan_id)
        caller.require("claim", "loan", row)
        on, today = day(body.day, "day"), caller.today(work)
        if on > today:
            raise BadInput(f"{on} has not come yet", field="day", rule=f"not after {today}")
        granted(_unripe(state, on))
        one = state.contract.loan_id
        arguments = {"loan_id": one, "day": on.isoformat()}
        return Order("compensate", f"compensate:{one}", arguments).place(work)

    return command.run(body, act, status=202)


def _unripe(state: LoanState, on: Day) -> Refusal | None:
    """Why the loan cannot be claimed on ``on``, told now and not from a job later."""
    if state.status is LoanStatus.CLAIMED:
        return None
    if state.status is not LoanStatus.ACTIVE:
        return Refusal(RefusalCode.NOT_ACTIVE.value, {"status": state.status.value})
    if on < state.as_of:
        return Refusal(RefusalCode.BEFORE_LATER_EVENTS.value, {"as_of": state.as_of.isoformat()})
    dpd, threshold = days_past_due(state.rows, on), state.contract.guarantee.claim_dpd
    if dpd < threshold:
        detail = {"dpd": str(dpd), "threshold": str(threshold)}
        return Refusal(RefusalCode.DPD_BELOW_THRESHOLD.value, detail)
    return None
