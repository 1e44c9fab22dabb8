"""What each event does to a loan: ``apply(state, event)`` gives the next state and its entries.

Pure: no clock, no store. The journal of a loan is a function of its events, so replaying them gives
the same books, and a late or taken-back event is a fold without or with it (``history``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from tael.kernel import Day, InvariantBroken, Money, Refusal, check, total
from tael.pricing import Allocation, Effect, allocate
from tael.servicing import postings
from tael.servicing.accrual import (
    advance,
    close_if_paid,
    days_past_due,
    dues,
    interest_paid,
    recognised_by,
    running_row,
    servicing_of,
)
from tael.servicing.model import (
    MOVES,
    Claim,
    Claimed,
    Clearing,
    Compensated,
    DayClosed,
    Disbursed,
    Event,
    LoanContract,
    LoanState,
    LoanStatus,
    PaidOff,
    PartiesSettled,
    Prepaid,
    Recognised,
    Recovered,
    Refunded,
    RefusalCode,
    Remeasured,
    RepaymentReceived,
    Row,
    Step,
    WrittenOff,
)
from tael.servicing.postings import Desk, Parts
from tael.servicing.schedules import reschedule, rows_of, until_today


def open_loan(contract: LoanContract) -> LoanState:
    """The loan before its first event."""
    zero = Money.zero(contract.currency)
    return LoanState(
        contract=contract,
        status=LoanStatus.PENDING,
        as_of=contract.start,
        rows=rows_of(contract.schedule),
        closed_through=contract.start,
        late_interest_closed=zero,
        arrears_units=Fraction(0),
        late_interest_paid=zero,
        recognised=Recognised.none(contract.currency),
        clearing=Clearing(zero, zero, zero, zero),
        liability=zero,
        allowance=zero,
    )


def apply(state: LoanState, event: Event) -> Step | Refusal:
    """The state after ``event`` and the entries of all books, or why it is not accepted.

    ``event.day`` must not lie before the state's day; ``history`` deals with late events.
    """
    if event.day < state.contract.start:
        return _refuse(RefusalCode.BEFORE_DISBURSEMENT, start=state.contract.start)
    check(event.day >= state.as_of, "events are applied in the order of their days")
    step = _HANDLERS[type(event)](state, event)
    if isinstance(step, Step):
        _check_step(state, step)
    return step


def payoff_quote(state: LoanState, day: Day) -> Money:
    """What settles the loan on ``day``.

    Everything due, the running period's charges to the day, and all principal. There is no
    early-settlement fee: no product that has one is sold.
    """
    counted = advance(state, day)
    return total((due.amount for due in dues(_end_today(counted))), state.contract.currency)


def _paid_early(state: LoanState, event: PaidOff | Prepaid) -> Step | Refusal:
    """Pay off, or a part. Accepted once (``cannot_pay_early``), it is never refused on a replay.

    What came or bounced meanwhile may leave nothing above what is due (then it is a repayment),
    some principal (then a part is prepaid), or nothing of the loan (then it settles it).
    """
    if state.status is not LoanStatus.ACTIVE:
        return _repayment(state, event)
    counted, amount = advance(state, event.day), _positive(event.amount)
    again = reschedule(counted, amount, _effect(event))
    if isinstance(again, LoanState):
        return _pay(again, event, amount, source="C1002")
    whole = again.code == RefusalCode.SETTLES_THE_LOAN.value
    return _pay(_end_today(counted) if whole else counted, event, amount, source="C1002")


def cannot_pay_early(state: LoanState, event: PaidOff | Prepaid) -> Refusal | None:
    """Why a pay-off or a prepayment is not accepted on its day; None when it is."""
    if state.status is not LoanStatus.ACTIVE:
        return _refuse(RefusalCode.NOT_ACTIVE, status=state.status.value)
    if isinstance(event, PaidOff):
        quote = payoff_quote(state, event.day)
        if event.amount + state.clearing.unapplied < quote:
            return _refuse(RefusalCode.BELOW_PAYOFF_AMOUNT, amount=event.amount, quote=quote)
        return None
    again = reschedule(advance(state, event.day), event.amount, _effect(event))
    return again if isinstance(again, Refusal) else None


def _effect(event: PaidOff | Prepaid) -> Effect:
    return Effect(event.effect) if isinstance(event, Prepaid) else Effect.LOWER_INSTALMENT


def _disbursed(state: LoanState, event: Disbursed) -> Step | Refusal:
    if state.status is not LoanStatus.PENDING:
        return _refuse(RefusalCode.ALREADY_DISBURSED)
    contract = state.contract
    principal = contract.schedule.terms.principal
    loss_share = contract.guarantee.pd_12m.fraction * contract.guarantee.lgd_initial.fraction
    liability = principal.times(loss_share)
    active = replace(state, status=LoanStatus.ACTIVE, as_of=event.day, liability=liability)
    return Step(active, tuple(postings.disbursement(_desk(state, event), principal, liability)))


def _day_closed(state: LoanState, event: DayClosed) -> Step | Refusal:
    if state.status is not LoanStatus.ACTIVE:
        return Step(replace(state, as_of=event.day), ())
    counted = close_if_paid(advance(state, event.day))
    credit = counted.clearing.unapplied
    if credit and dues(counted):
        return _pay(counted, event, credit, source="C2900")
    return _true_up(counted, event)


def _repayment(state: LoanState, event: RepaymentReceived | PaidOff | Prepaid) -> Step | Refusal:
    amount = _positive(event.amount)
    if state.status is LoanStatus.PENDING:
        return _refuse(RefusalCode.NOT_DISBURSED)
    if state.status in (LoanStatus.SUBROGATED, LoanStatus.WRITTEN_OFF, LoanStatus.RECOVERING):
        return _recover(state, event, amount, source="C1002")
    if state.status is not LoanStatus.ACTIVE:
        return _keep_as_credit(state, event, amount)
    return _pay(advance(state, event.day), event, amount, source="C1002")


def _settled_parties(state: LoanState, event: PartiesSettled) -> Step | Refusal:
    state = advance(state, event.day)
    clearing = state.clearing
    collected = tuple(servicing_of(row, row.paid_fee) for row in state.rows)
    servicing = total(collected, state.contract.currency) - clearing.servicing_settled
    entries = postings.settlement(
        _desk(state, event), bank=clearing.bank, guarantor=clearing.guarantor, servicing=servicing
    )
    zero = Money.zero(state.contract.currency)
    paid_on = replace(
        clearing,
        bank=zero,
        guarantor=zero,
        servicing_settled=clearing.servicing_settled + servicing,
    )
    return Step(replace(state, clearing=paid_on), tuple(entries))


def _remeasured(state: LoanState, event: Remeasured) -> Step | Refusal:
    if state.status is not LoanStatus.ACTIVE:
        return _refuse(RefusalCode.NOT_ACTIVE, status=state.status.value)
    entries = postings.liability_change(_desk(state, event), event.liability - state.liability)
    return Step(replace(advance(state, event.day), liability=event.liability), tuple(entries))


def _claimed(state: LoanState, event: Claimed) -> Step | Refusal:
    if state.status is not LoanStatus.ACTIVE:
        return _refuse(RefusalCode.NOT_ACTIVE, status=state.status.value)
    dpd = days_past_due(state.rows, event.day)
    threshold = state.contract.guarantee.claim_dpd
    if dpd < threshold and not event.early_event:
        return _refuse(RefusalCode.DPD_BELOW_THRESHOLD, dpd=dpd, threshold=threshold)
    accrued = _true_up(advance(state, event.day), event)
    ready = accrued.state
    zero = Money.zero(state.contract.currency)
    parts = Parts(
        principal=ready.outstanding,
        interest=ready.recognised.interest - interest_paid(ready),
        penalty=ready.recognised.penalty - _sum(ready, "paid_penalty"),
        fee=zero,
    )
    made = Claim(event.day, parts.principal, parts.interest, parts.penalty, zero, zero, zero)
    entries = (*accrued.entries, *postings.claim(_desk(state, event), parts))
    return Step(replace(ready, status=LoanStatus.CLAIMED, claim=made), entries)


def _compensated(state: LoanState, event: Compensated) -> Step | Refusal:
    if state.status is not LoanStatus.CLAIMED or state.claim is None:
        return _refuse(RefusalCode.NOT_CLAIMED, status=state.status.value)
    amount = state.claim.amount
    allowance = amount.times(state.contract.guarantee.lgd_compensated.fraction)
    entries = postings.compensation(
        _desk(state, event), amount=amount, liability=state.liability, allowance=allowance
    )
    zero = Money.zero(amount.currency)
    paid = replace(
        advance(state, event.day),
        status=LoanStatus.SUBROGATED,
        liability=zero,
        allowance=allowance,
    )
    credit = paid.clearing.unapplied
    if not credit:
        return Step(paid, tuple(entries))
    # What came in while the claim was open is the guarantor's recovery now.
    emptied = replace(paid, clearing=replace(paid.clearing, unapplied=zero))
    later = _recover(emptied, event, credit, source="C2900")
    return Step(later.state, (*entries, *later.entries))


def _recovered(state: LoanState, event: Recovered) -> Step | Refusal:
    allowed = (LoanStatus.SUBROGATED, LoanStatus.WRITTEN_OFF, LoanStatus.RECOVERING)
    if state.status not in allowed:
        return _refuse(RefusalCode.NOT_SUBROGATED, status=state.status.value)
    return _recover(state, event, _positive(event.amount), source="C1002")


def _written_off(state: LoanState, event: WrittenOff) -> Step | Refusal:
    claim = state.claim
    if state.status is not LoanStatus.SUBROGATED or claim is None:
        return _refuse(RefusalCode.NOT_SUBROGATED, status=state.status.value)
    principal, interest = claim.open_principal, claim.open_interest
    entries = postings.write_off(
        _desk(state, event), principal=principal, interest=interest, allowance=state.allowance
    )
    gone = replace(
        advance(state, event.day),
        status=LoanStatus.WRITTEN_OFF,
        claim=replace(claim, written_off=principal + interest),
        allowance=Money.zero(principal.currency),
    )
    return Step(gone, tuple(entries))


def _refunded(state: LoanState, event: Refunded) -> Step | Refusal:
    credit = state.clearing.unapplied
    if not credit:
        return _refuse(RefusalCode.NOTHING_TO_REFUND)
    counted = advance(state, event.day)
    zero = Money.zero(credit.currency)
    emptied = replace(counted, clearing=replace(counted.clearing, unapplied=zero))
    return Step(emptied, tuple(postings.refund(_desk(state, event), credit)))


def _pay(state: LoanState, event: Event, amount: Money, *, source: str) -> Step:
    """Apply ``amount`` (new cash, or the credit kept before) to what is due at the day's end."""
    zero = Money.zero(state.contract.currency)
    credit = zero if source == "C2900" else state.clearing.unapplied
    before = _true_up(state, event)
    state = before.state
    usable = amount + credit
    allocation = allocate(usable, dues(state))
    rows, late_paid = _apply_rows(state, allocation)
    parts = Parts(
        principal=allocation.of("principal"),
        interest=allocation.of("bank_interest"),
        penalty=allocation.of("penalty"),
        fee=allocation.of("guarantee_fee"),
    )
    clearing = replace(
        state.clearing,
        bank=state.clearing.bank + parts.bank,
        guarantor=state.clearing.guarantor + parts.fee,
        unapplied=allocation.left,
    )
    paid = close_if_paid(
        replace(
            state,
            rows=rows,
            clearing=clearing,
            late_interest_paid=state.late_interest_paid + late_paid,
        )
    )
    settled = _settle_if_done(paid, event)
    # Income on a non-accrual loan is earned by being paid: true up once more before applying.
    after = _true_up(settled.state, event)
    desk = _desk(state, event)
    unapplied_change = allocation.left - (usable if source == "C2900" else credit)
    received = postings.receipt(desk, parts, unapplied_change, source="C1002")
    entries = (
        *before.entries,
        *received,
        *after.entries,
        *postings.application(desk, parts),
        *settled.entries,
    )
    return Step(after.state, entries)


def _apply_rows(state: LoanState, allocation: Allocation) -> tuple[tuple[Row, ...], Money]:
    """The rows with their payments, and how much of the interest was late interest."""
    by_row: dict[tuple[int, str], Money] = {
        (due.instalment, due.component): due.amount for due in allocation.applied
    }
    zero = Money.zero(state.contract.currency)
    late, rows = zero, []
    for row in state.rows:
        interest = by_row.get((row.number, "bank_interest"), zero)
        own = min(interest, row.bank_interest - row.paid_interest)
        late = late + interest - own
        rows.append(
            replace(
                row,
                paid_interest=row.paid_interest + own,
                paid_penalty=row.paid_penalty + by_row.get((row.number, "penalty"), zero),
                paid_fee=row.paid_fee + by_row.get((row.number, "guarantee_fee"), zero),
                paid_principal=row.paid_principal + by_row.get((row.number, "principal"), zero),
            )
        )
    return tuple(rows), late


def _settle_if_done(state: LoanState, event: Event) -> Step:
    if not all(row.is_paid for row in state.rows):
        return Step(state, ())
    released = postings.liability_change(_desk(state, event), -state.liability)
    zero = Money.zero(state.contract.currency)
    return Step(replace(state, status=LoanStatus.SETTLED, liability=zero), tuple(released))


def _end_today(state: LoanState) -> LoanState:
    """Replace the instalments to come by one that falls due today, charged to the day."""
    later = [row for row in state.rows if row.due > state.as_of]
    running = running_row(state)
    if not later or running is None:
        return state
    principal = total((one.principal for one in later), state.contract.currency)
    last = until_today(state, running, principal)
    kept = tuple(one for one in state.rows if one.due <= state.as_of)
    return replace(state, rows=(*kept, last), version=state.version + 1)


def _recover(state: LoanState, event: Event, amount: Money, *, source: str) -> Step:
    claim = _claim_of(state)
    state = advance(state, event.day)
    desk = _desk(state, event)
    clearing = replace(state.clearing, guarantor=state.clearing.guarantor + amount)
    if state.status is not LoanStatus.SUBROGATED:
        so_far = state.late_recoveries or Money.zero(amount.currency)
        after = replace(
            state, status=LoanStatus.RECOVERING, clearing=clearing, late_recoveries=so_far + amount
        )
        return Step(after, tuple(postings.late_recovery(desk, amount, source=source)))
    principal = min(amount, claim.open_principal)
    interest = min(amount - principal, claim.open_interest)
    entries = postings.recovery(
        desk,
        principal=principal,
        interest=interest,
        above_claim=amount - principal - interest,
        source=source,
    )
    claim = replace(
        claim,
        recovered_principal=claim.recovered_principal + principal,
        recovered_interest=claim.recovered_interest + interest,
    )
    after = replace(state, claim=claim, clearing=clearing)
    if claim.open_principal or claim.open_interest:
        return Step(after, tuple(entries))
    zero = Money.zero(amount.currency)
    entries += postings.allowance_release(desk, state.allowance)
    full = replace(after, status=LoanStatus.RECOVERED_FULL, allowance=zero)
    return Step(full, tuple(entries))


def _claim_of(state: LoanState) -> Claim:
    if state.claim is None:
        raise InvariantBroken("a recovery is of a claim")
    return state.claim


def _keep_as_credit(state: LoanState, event: Event, amount: Money) -> Step:
    """Nothing is due (settled), or nothing may be applied (claimed): the money waits in C2900."""
    state = advance(state, event.day)
    zero = Money.zero(amount.currency)
    entries = postings.receipt(
        _desk(state, event), Parts(zero, zero, zero, zero), amount, source="C1002"
    )
    clearing = replace(state.clearing, unapplied=state.clearing.unapplied + amount)
    return Step(replace(state, clearing=clearing), tuple(entries))


def _true_up(state: LoanState, event: Event) -> Step:
    earned, posted = recognised_by(state), state.recognised
    entries = postings.accrual(
        _desk(state, event),
        interest=earned.interest - posted.interest,
        penalty=earned.penalty - posted.penalty,
        fee=earned.fee - posted.fee,
        servicing=earned.servicing - posted.servicing,
    )
    return Step(replace(state, recognised=earned), tuple(entries))


def _sum(state: LoanState, name: str) -> Money:
    return total((getattr(row, name) for row in state.rows), state.contract.currency)


def _positive(amount: Money) -> Money:
    check(amount.minor > 0, "an amount received is above zero")
    return amount


def _desk(state: LoanState, event: Event) -> Desk:
    return Desk(_words(type(event).__name__), event.day, state.contract.dimensions)


def _words(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name).lstrip("_")


def _refuse(code: RefusalCode, **detail: object) -> Refusal:
    return Refusal(code.value, {name: str(value) for name, value in detail.items()})


def _check_step(before: LoanState, step: Step) -> None:
    """Invariants of DOMAIN 5.5 that one loan can show by itself (2, 3, 4 and 7)."""
    after = step.state
    if after.status is not before.status:
        check(
            after.status in MOVES[before.status], f"{before.status} does not move to {after.status}"
        )
    repaid = _sum(after, "paid_principal")
    disbursed = after.contract.schedule.terms.principal
    check(
        repaid + after.unpaid_principal == disbursed, "principal paid and unpaid is what was lent"
    )
    clearing = after.clearing
    for amount in (clearing.bank, clearing.guarantor, clearing.unapplied, after.liability):
        check(amount.minor >= 0, "no balance of a loan goes to the wrong side")
    if after.claim is not None:
        check(after.claim.open_principal.minor >= 0, "no more is recovered than was claimed")


_HANDLERS: dict[type[Event], Callable[[LoanState, Any], Step | Refusal]] = {
    Disbursed: _disbursed,
    DayClosed: _day_closed,
    RepaymentReceived: _repayment,
    PaidOff: _paid_early,
    Prepaid: _paid_early,
    PartiesSettled: _settled_parties,
    Remeasured: _remeasured,
    Claimed: _claimed,
    Compensated: _compensated,
    Recovered: _recovered,
    WrittenOff: _written_off,
    Refunded: _refunded,
}
