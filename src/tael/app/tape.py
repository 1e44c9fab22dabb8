"""The loan tape: what servicing knows of each loan, as the rows portfolio keeps."""

from __future__ import annotations

from collections.abc import Sequence

from tael.kernel import Day, Money
from tael.portfolio import LoanMonth
from tael.servicing import LoanQuery, LoanState, LoanStatus, Servicing, days_past_due

_OPEN_CLAIM = (LoanStatus.CLAIMED, LoanStatus.SUBROGATED)
_GONE = (LoanStatus.WRITTEN_OFF, LoanStatus.RECOVERING, LoanStatus.RECOVERED_FULL)


def loan_months(servicing: Servicing, month_end: Day) -> Sequence[LoanMonth]:
    """One row for every loan that was ever paid out, as of ``month_end``."""
    found = servicing.store.find(LoanQuery(limit=1_000_000))
    return [
        _row(servicing.state(summary.loan_id), header.tier, month_end)
        for header, summary in found
        if summary.status is not LoanStatus.PENDING
    ]


def _row(state: LoanState, tier: int, month_end: Day) -> LoanMonth:
    contract, claim = state.contract, state.claim
    zero = Money.zero(contract.currency)
    compensated = claim.open_principal if claim and state.status in _OPEN_CLAIM else zero
    return LoanMonth(
        loan_id=contract.loan_id,
        month_end=month_end,
        status=state.status.value,
        partner=contract.dimensions.partner,
        product=contract.dimensions.product,
        channel=contract.dimensions.channel,
        tier=tier,
        disbursed_on=contract.start,
        principal=contract.schedule.terms.principal,
        balance=compensated if state.status in _OPEN_CLAIM else state.outstanding,
        compensated=compensated,
        dpd=0 if state.status in _GONE else days_past_due(state.rows, month_end),
        claimed=claim.amount if claim else zero,
        recovered=_recovered(state, zero),
        written_off=claim.written_off if claim else zero,
        first_due=state.rows[0].due,
        first_dpd=_first_dpd(state, month_end),
    )


def _recovered(state: LoanState, zero: Money) -> Money:
    claim = state.claim
    if claim is None:
        return zero
    return claim.recovered_principal + claim.recovered_interest + (state.late_recoveries or zero)


def _first_dpd(state: LoanState, day: Day) -> int:
    """How long the first instalment has been past due, 0 once it is paid."""
    first = state.rows[0]
    return 0 if first.is_paid or first.due >= day else first.due.days_until(day)
