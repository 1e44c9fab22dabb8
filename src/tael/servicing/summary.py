"""What the daily run and other rooms see of a loan: columns, next posting day, facts."""

from __future__ import annotations

from typing import Any

from tael.kernel import Day, Money, PartnerId, facts
from tael.servicing.model import (
    Claimed,
    Compensated,
    Disbursed,
    Event,
    LoanState,
    LoanStatus,
    PaidOff,
    Prepaid,
    Recovered,
    RepaymentReceived,
    RepaymentReversed,
    WrittenOff,
)
from tael.servicing.ports import LoanHeader, LoanSummary


def next_posting(state: LoanState) -> Day | None:
    """The next day on which an active loan posts by itself.

    A due date; the day after one that stayed unpaid (non-accrual begins); a month end.
    """
    if state.status is not LoanStatus.ACTIVE:
        return None
    last = state.as_of
    days = [last.plus_days(1).month_end()]
    days += [row.due for row in state.rows if row.due > last]
    days += [
        row.due.plus_days(1)
        for row in state.rows
        if row.due.plus_days(1) > last and not row.is_paid
    ]
    return min(days)


def summarise(state: LoanState) -> LoanSummary:
    """The columns of a state."""
    unpaid = (row.due for row in state.rows if not row.is_paid)
    recovered = state.status is LoanStatus.RECOVERED_FULL
    return LoanSummary(
        loan_id=state.contract.loan_id,
        status=state.status,
        principal=state.contract.schedule.terms.principal,
        outstanding=state.outstanding,
        disbursed_on=state.contract.start,
        oldest_unpaid_due=None if recovered else min(unpaid, default=None),
        next_posting=next_posting(state),
        in_clearing=bool(state.clearing.bank or state.clearing.guarantor),
        as_of=state.as_of,
    )


def tell(header: LoanHeader, before: LoanState, after: LoanState, event: Event) -> list[facts.Fact]:
    """The facts other rooms hear of ``event``."""
    loan_id = after.contract.loan_id
    at: dict[str, Any] = {"stream": str(loan_id), "day": event.day, "loan_id": loan_id}
    told: list[facts.Fact] = list(_principal_moved(at, before, after, event))
    if isinstance(event, Disbursed):
        told.append(
            facts.LoanDisbursed(
                **at,
                application_id=header.application_id,
                partner_id=PartnerId(after.contract.dimensions.partner),
                principal=after.outstanding,
            )
        )
    elif isinstance(event, RepaymentReceived | Recovered) and before.claim is not None:
        told.append(facts.RecoveryReceived(**at, amount=event.amount))
    elif isinstance(event, Claimed) and after.claim is not None:
        told.append(facts.CompensationClaimed(**at, amount=after.claim.amount))
    elif isinstance(event, Compensated) and after.claim is not None:
        claim = after.claim
        told.append(facts.LoanCompensated(**at, amount=claim.amount, principal=claim.principal))
    elif isinstance(event, WrittenOff) and after.claim is not None:
        told.append(facts.LoanWrittenOff(**at, amount=after.claim.written_off))
    if after.status is LoanStatus.SETTLED and before.status is not LoanStatus.SETTLED:
        told.append(facts.LoanSettled(**at))
    return told


def _principal_moved(
    at: dict[str, Any], before: LoanState, after: LoanState, event: Event
) -> list[facts.Fact]:
    """What was repaid by the event, or is owed again after it: guarantee and bank follow that.

    Cash is not the only way: a credit kept before pays what falls due at the end of a day, and a
    reversal can end that day too, so the amount of cash may be zero.
    """
    if before.claim is not None:
        return []
    cash = event.amount if isinstance(event, RepaymentReceived | PaidOff | Prepaid) else None
    repaid = before.unpaid_principal - after.unpaid_principal
    told: list[facts.Fact] = []
    if isinstance(event, RepaymentReversed):
        again = max(-repaid, Money.zero(repaid.currency))
        told.append(facts.RepaymentReversed(**at, amount=again, event=event.key))
    if cash is not None or repaid.minor > 0:
        told.append(
            facts.RepaymentReceived(
                **at,
                amount=cash or Money.zero(repaid.currency),
                principal=repaid,
                balance=after.outstanding,
                event=event.key,
            )
        )
    return told
