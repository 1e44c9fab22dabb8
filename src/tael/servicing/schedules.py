"""The schedule as rows, and what a prepayment makes of it: version n+1 of what is left."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tael.kernel import Money, Refusal, check, total
from tael.pricing import Effect, Schedule, quote_prepayment
from tael.servicing.accrual import dues, portion, running_row
from tael.servicing.model import BANK_INTEREST, GUARANTEE_FEE, LoanState, RefusalCode, Row


def rows_of(schedule: Schedule, *, shift: int = 0) -> tuple[Row, ...]:
    """Its instalments with nothing paid, numbered ``shift`` higher."""
    zero = Money.zero(schedule.terms.currency)
    return tuple(
        Row(
            number=line.number + shift,
            due=line.due,
            principal=line.principal,
            bank_interest=line.charges.get(BANK_INTEREST, zero),
            guarantee_fee=line.charges.get(GUARANTEE_FEE, zero),
            servicing_fee=servicing,
            paid_principal=zero,
            paid_interest=zero,
            paid_fee=zero,
            paid_penalty=zero,
        )
        for line, servicing in zip(schedule.instalments, schedule.servicing, strict=True)
    )


def until_today(state: LoanState, running: tuple[Row, Fraction], principal: Money) -> Row:
    """``principal`` due today, with the charges of the running instalment up to today."""
    row, share = running
    return replace(
        row,
        due=state.as_of,
        principal=principal,
        bank_interest=portion(row.bank_interest, share),
        guarantee_fee=portion(row.guarantee_fee, share),
        servicing_fee=portion(row.servicing_fee, share),
    )


def reschedule(state: LoanState, amount: Money, effect: Effect) -> LoanState | Refusal:
    """The state with what ``amount`` prepays due today, and a new schedule for what is left.

    Cash and credit pay first whatever is due and the running period's charges to the day; what
    remains is principal before its time. There is no prepayment fee: no product that has one is
    sold. Rows are numbered on, one more for the row of today.

    Refusals: ``not_above_due``, ``settles_the_loan``.
    """
    kept = tuple(row for row in state.rows if row.due <= state.as_of)
    later = state.rows[len(kept) :]
    running = running_row(state)
    zero = Money.zero(state.contract.currency)
    if running is None or not later:
        return Refusal(RefusalCode.SETTLES_THE_LOAN.value, {"amount": str(amount)})
    today = until_today(state, running, zero)
    charged = replace(state, rows=(*kept, today))
    due = total((each.amount for each in dues(charged)), zero.currency)
    prepaid = amount + state.clearing.unapplied - due
    left = total((row.principal for row in later), zero.currency)
    if prepaid.minor <= 0:
        return Refusal(RefusalCode.NOT_ABOVE_DUE.value, {"amount": str(amount), "due": str(due)})
    if prepaid >= left:
        detail = {"amount": str(amount), "quote": str(due + left)}
        return Refusal(RefusalCode.SETTLES_THE_LOAN.value, detail)
    schedule = state.schedule
    paid = sum(line.due <= state.as_of for line in schedule.instalments)
    number = schedule.first_number - 1 + paid
    check(schedule.outstanding_after(number) == left, "a schedule leaves what its rows leave")
    quote = quote_prepayment(schedule, number, state.as_of, prepaid)
    if isinstance(quote, Refusal):
        return quote
    follower = quote.next_version(effect)
    shift = len(state.versions) + 1
    return replace(
        state,
        rows=(*kept, replace(today, principal=prepaid), *rows_of(follower, shift=shift)),
        version=state.version + 1,
        versions=(*state.versions, follower),
    )
