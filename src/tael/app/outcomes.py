"""What became of the loans, told to the experiments at the end of every day.

Days past due are those of servicing, runs and all; a default is 90 days past due, a claim on the
guarantor, or a write-off. Marks are told and not days, so that a late loan is news when it gets
worse and not every night.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tael.kernel import ApplicationId, Day
from tael.platform import SYSTEM, Work
from tael.policies.experiments import OutcomeReport, SqlOutcomes
from tael.servicing import LoanQuery, LoanState, LoanStatus, LoanSummary, Servicing

if TYPE_CHECKING:
    from tael.app.installation import Installation

MARKS = (1, 30, 60, 90, 120, 180)
BAD_DAYS = 90
FIRST_PAYMENT_DAYS = 30
_A_TIME = 500
_ENDED = {
    LoanStatus.SETTLED: "settled",
    LoanStatus.CLAIMED: "claimed",
    LoanStatus.SUBROGATED: "compensated",
    LoanStatus.WRITTEN_OFF: "written_off",
    LoanStatus.RECOVERING: "written_off",
    LoanStatus.RECOVERED_FULL: "recovered",
}
# Nothing becomes of these any more; one that comes to life again has another end.
_OVER = (LoanStatus.SETTLED, LoanStatus.RECOVERED_FULL)


@dataclass(frozen=True)
class _Loan:
    """A loan as lists know it, and what was reported of it last."""

    application_id: ApplicationId
    summary: LoanSummary
    known: OutcomeReport | None


def record_outcomes(house: Installation, day: Day) -> int:
    """Report every loan in the books as of the end of ``day``; returns how many had news.

    Run again it writes nothing more. What was known wrong and is known better now, a repayment that
    bounced or was booked late, is a later report on the same loan.
    """
    with house.database.begin(SYSTEM, snapshot=True) as work:
        servicing = house.rooms(work).servicing
        reports = [_report(servicing, loan, day) for loan in _loans(work, servicing, day)]
    news = 0
    for begin in range(0, len(reports), _A_TIME):
        with house.database.begin(SYSTEM) as work:
            news += SqlOutcomes(work).add(reports[begin : begin + _A_TIME])
    return news


def _loans(work: Work, servicing: Servicing, day: Day) -> Iterator[_Loan]:
    found = [
        (header.application_id, summary)
        for header, summary in servicing.store.find(LoanQuery(limit=1_000_000))
        if summary.status is not LoanStatus.PENDING and summary.disbursed_on <= day
    ]
    for begin in range(0, len(found), _A_TIME):
        part = found[begin : begin + _A_TIME]
        latest = SqlOutcomes(work).latest([application_id for application_id, _ in part])
        known = {one.application_id: one for one in latest}
        for application_id, summary in part:
            yield _Loan(application_id, summary, known.get(application_id))


def _report(servicing: Servicing, loan: _Loan, day: Day) -> OutcomeReport:
    known, summary = loan.known, loan.summary
    month, ended = _months(summary.disbursed_on, day), _ENDED.get(summary.status, "")
    if known is not None and known.ended == ended and summary.status in _OVER:
        return replace(known, month_on_book=month, known_on=day)
    state = servicing.state(summary.loan_id)
    late = _late(servicing, loan, day)
    first_due = state.contract.schedule.instalments[0].due
    worst = max((days for _, days in late), default=0)
    first = max((days for due, days in late if due == first_due), default=0)
    loss = _loss_minor(state)
    return OutcomeReport(
        application_id=loan.application_id,
        booked_on=summary.disbursed_on,
        month_on_book=month,
        known_on=day,
        past_due=max((mark for mark in MARKS if mark <= worst), default=0),
        first_payment_default=first >= FIRST_PAYMENT_DAYS,
        ended=ended,
        bad=worst >= BAD_DAYS or state.claim is not None,
        loss_minor=loss,
        profit_minor=sum(row.paid_fee.minor for row in state.rows) - loss,
    )


def _late(servicing: Servicing, loan: _Loan, day: Day) -> list[tuple[Day, int]]:
    """Each run of days past due up to ``day``: since which due date, and how many days.

    Asked for only where there can be one: most loans were never late.
    """
    never = loan.known is not None and not loan.known.past_due
    if never and not loan.summary.days_past_due(day):
        return []
    runs = servicing.store.runs(loan.summary.loan_id)
    return [(run.due, run.due.days_until(min(run.ended or day, day))) for run in runs]


def _loss_minor(state: LoanState) -> int:
    """What was claimed and has not come back, before or after it was written off."""
    claim = state.claim
    if claim is None:
        return 0
    back = claim.recovered_principal + claim.recovered_interest
    later = state.late_recoveries.minor if state.late_recoveries else 0
    return claim.amount.minor - back.minor - later


def _months(start: Day, day: Day) -> int:
    """Whole months from ``start`` to ``day``."""
    months = (day.year - start.year) * 12 + day.month - start.month
    return months if start.plus_months(months) <= day else months - 1
