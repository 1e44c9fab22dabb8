"""How much a loan has earned by a day, and what its borrower owes: pure, cumulative, exact.

Nothing is added up from rounded pieces. Each figure is computed as the cumulative amount by that
day, and what is posted is its difference to what was posted before (a true-up), so the order and
the number of postings never move a cent.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tael.kernel import Day, Money, Rate, check, total
from tael.pricing import Due
from tael.servicing.model import LoanContract, LoanState, LoanStatus, Recognised, Row


def advance(state: LoanState, day: Day) -> LoanState:
    """The state with its days counted up to ``day``; a loan that is not active counts none."""
    check(day >= state.as_of, "days are counted forward")
    if state.status is not LoanStatus.ACTIVE or day == state.as_of:
        return replace(state, as_of=day)
    share = state.contract.schedule.terms.convention.share
    rows = tuple(
        replace(
            row,
            overdue_units=row.overdue_units
            + row.unpaid_principal.minor * share(max(state.as_of, row.due), day),
        )
        if row.due < day and row.unpaid_principal
        else row
        for row in state.rows
    )
    units = state.arrears_units + state.outstanding.minor * share(state.as_of, day)
    return replace(state, as_of=day, rows=rows, arrears_units=units)


def is_performing(state: LoanState) -> bool:
    """Whether no instalment that fell due before this day is unpaid (else: non-accrual)."""
    return not any(row.due < state.as_of and not row.is_paid for row in state.rows)


def days_past_due(rows: tuple[Row, ...], day: Day) -> int:
    """Calendar days from the due date of the oldest unpaid instalment to ``day``; 0 when none.

    A pure function of schedule, allocations and day (DOMAIN section 4, DPD): nothing is stored,
    nothing is patched, and it goes on counting after compensation.
    """
    oldest = oldest_unpaid_due(rows, day)
    return oldest.days_until(day) if oldest else 0


def oldest_unpaid_due(rows: tuple[Row, ...], day: Day) -> Day | None:
    """The due date on which days past due count at ``day``, or None."""
    return min((row.due for row in rows if row.due < day and not row.is_paid), default=None)


def recognised_by(state: LoanState) -> Recognised:
    """Everything earned by the state's day, cumulative since disbursement."""
    fees = tuple(_fee_earned(state, row) for row in state.rows)
    currency = state.contract.currency
    return Recognised(
        interest=_interest_earned(state),
        penalty=total((_penalty(state.contract, row) for row in state.rows), currency),
        fee=total(fees, currency),
        servicing=total(map(servicing_of, state.rows, fees), currency),
    )


def dues(state: LoanState) -> tuple[Due, ...]:
    """What the borrower owes at the end of the state's day, instalment by instalment.

    Interest on overdue principal belongs to the oldest unpaid instalment.
    """
    due_rows = [row for row in state.rows if row.due <= state.as_of and not row.is_paid]
    late = _late_interest_due(state)
    result = []
    for index, row in enumerate(due_rows):
        extra = late if index == 0 else Money.zero(late.currency)
        for component, amount in (
            ("penalty", _penalty(state.contract, row) - row.paid_penalty),
            ("bank_interest", row.bank_interest - row.paid_interest + extra),
            ("guarantee_fee", row.guarantee_fee - row.paid_fee),
            ("principal", row.unpaid_principal),
        ):
            if amount:
                check(amount.minor > 0, "nothing was paid beyond what was due")
                result.append(Due(row.number, component, amount))
    return tuple(result)


def servicing_of(row: Row, fee: Money) -> Money:
    """The guarantor's servicing fee on an instalment of whose guarantee fee ``fee`` is earned."""
    if not row.guarantee_fee:
        return row.servicing_fee if row.is_paid else Money.zero(fee.currency)
    return portion(row.servicing_fee, Fraction(fee.minor, row.guarantee_fee.minor))


def running_row(state: LoanState) -> tuple[Row, Fraction] | None:
    """The instalment whose period the day lies in, and the share of the period gone by."""
    convention = state.contract.schedule.terms.convention
    start = state.contract.start
    for row in state.rows:
        if start <= state.as_of < row.due:
            whole, gone = convention.share(start, row.due), convention.share(start, state.as_of)
            return row, gone * Fraction(whole.denominator, whole.numerator) if whole else gone
        start = row.due
    return None


def close_if_paid(state: LoanState) -> LoanState:
    """Start a new count of arrears once everything that fell due is paid."""
    due_rows = [row for row in state.rows if row.due <= state.as_of]
    if not due_rows or not all(row.is_paid for row in due_rows):
        return state
    if state.closed_through == due_rows[-1].due and not state.late_interest_paid:
        return state
    share = state.contract.schedule.terms.convention.share(due_rows[-1].due, state.as_of)
    return replace(
        state,
        closed_through=due_rows[-1].due,
        late_interest_closed=state.late_interest_closed + state.late_interest_paid,
        late_interest_paid=Money.zero(state.contract.currency),
        arrears_units=state.outstanding.minor * share,
    )


def interest_paid(state: LoanState) -> Money:
    """All bank interest paid so far, on the schedule and on overdue principal."""
    scheduled = total((row.paid_interest for row in state.rows), state.contract.currency)
    return scheduled + state.late_interest_closed + state.late_interest_paid


def _scheduled_through(state: LoanState, day: Day) -> Money:
    amounts = (row.bank_interest for row in state.rows if row.due <= day)
    return total(amounts, state.contract.currency)


def _interest_earned(state: LoanState) -> Money:
    closed = _scheduled_through(state, state.closed_through) + state.late_interest_closed
    by_schedule = _by_schedule(state) + state.late_interest_paid
    if is_performing(state):
        return closed + by_schedule
    # In arrears interest runs on what is outstanding. Instalments round on their own, so that sum
    # can be a cent below what the schedule asks for: then the schedule, which was signed, stands.
    return closed + max(_on_outstanding(state), by_schedule)


def _late_interest_due(state: LoanState) -> Money:
    """Bank interest in arrears beyond the schedule's own: what overdue principal bears besides."""
    zero = Money.zero(state.contract.currency)
    if is_performing(state):
        return zero
    late = _on_outstanding(state) - _by_schedule(state) - state.late_interest_paid
    return max(late, zero)


def _on_outstanding(state: LoanState) -> Money:
    return _on_units(state.contract, state.contract.bank_rate, state.arrears_units)


def _by_schedule(state: LoanState) -> Money:
    """Interest of the instalments since the last closed one, the running period's to the day."""
    due = (row for row in state.rows if state.closed_through < row.due <= state.as_of)
    scheduled = total((row.bank_interest for row in due), state.contract.currency)
    return scheduled + _running_interest(state)


def _running_interest(state: LoanState) -> Money:
    running = running_row(state)
    if running is None:
        return Money.zero(state.contract.currency)
    row, share = running
    return portion(row.bank_interest, share)


def _fee_earned(state: LoanState, row: Row) -> Money:
    """Performing: by time. Otherwise only what was paid (non-accrual from the first unpaid due)."""
    if not is_performing(state):
        return row.paid_fee
    if row.due <= state.as_of:
        return row.guarantee_fee
    running = running_row(state)
    if running is not None and running[0].number == row.number:
        return portion(row.guarantee_fee, running[1])
    return row.paid_fee


def _penalty(contract: LoanContract, row: Row) -> Money:
    return _on_units(contract, contract.schedule.terms.penalty_rate, row.overdue_units)


def _on_units(contract: LoanContract, rate: Rate, units: Fraction) -> Money:
    """Simple interest at ``rate`` a year on ``units`` of minor units times years, rounded once."""
    convention = contract.schedule.terms.convention
    return convention.charge_on_units(rate, units, contract.currency)


def portion(amount: Money, share: Fraction) -> Money:
    """``share`` (0 to 1) of ``amount``; with the rest it adds up to the amount."""
    return amount.split([share.numerator, share.denominator - share.numerator])[0]
