"""The end of a business day: accruals, claims, write-offs, month-end rows, outcomes, facts.

Every step commits alone and may run again: a day that was cut off is taken up where it stopped. A
day that is through is noted as closed.
"""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from tael.app.handlers import handlers
from tael.app.installation import Installation
from tael.app.lending import Lending
from tael.app.store import note_closed
from tael.app.tape import loan_months
from tael.app.upkeep import seal_all
from tael.kernel import Day, LoanId, TaelError
from tael.platform import SYSTEM, Outbox
from tael.servicing import LoanQuery, LoanState, LoanStatus, LoanSummary, Servicing

_LOANS_PER_COMMIT = 50
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class DayReport:
    """What the end of a day did, in numbers of loans; ``failed`` are those left for a person."""

    posted: int
    compensated: int
    written_off: int
    month_rows: int
    failed: tuple[LoanId, ...] = ()


class Daily:
    """Runs the end of a day for one installation."""

    def __init__(self, house: Installation, lending: Lending) -> None:
        self._house = house
        self._lending = lending
        self._handlers = handlers(house, lending.banks)

    def run(self, day: Day) -> DayReport:
        """Bring every loan to the end of ``day``."""
        posted = self._post(day)
        ripe, over = self._open_cases(day)
        # Before any claim: guarantee and bank have to know what was repaid.
        self._deliver()
        compensated, failed = self._compensate(ripe, day)
        written_off = self._write_off(over, day)
        rows = 0
        if day == day.month_end():
            rows = self._record_month(day)
            seal_all(self._house)
        self._tell_outcomes(day)
        with self._house.database.begin(SYSTEM) as work:
            note_closed(work, day)
        return DayReport(posted, compensated, written_off, rows, failed)

    def _compensate(self, ripe: list[LoanId], day: Day) -> tuple[int, tuple[LoanId, ...]]:
        """One loan that cannot be claimed must not hold up the day of all the others."""
        done, failed = 0, []
        for loan_id in ripe:
            try:
                done += isinstance(self._lending.compensate(loan_id, day), LoanState)
            except TaelError as error:
                if error.retryable:
                    raise
                _log.error("loan not compensated", loan_id=loan_id, error=str(error))
                failed.append(loan_id)
        return done, tuple(failed)

    def _deliver(self) -> None:
        outbox = Outbox(self._house.database)
        with self._house.database.begin(SYSTEM) as work:
            waiting = outbox.waiting(work)
        if waiting:
            outbox.deliver(self._handlers)

    def _post(self, day: Day) -> int:
        """Post loan by loan, some at a time: what is posted is no longer due."""
        posted = 0
        while True:
            with self._house.database.begin(SYSTEM) as work:
                servicing = self._house.rooms(work).servicing
                due = servicing.store.due(day)[:_LOANS_PER_COMMIT]
                for loan_id in due:
                    servicing.close_loan_day(loan_id, day)
            posted += len(due)
            if len(due) < _LOANS_PER_COMMIT:
                return posted

    def _open_cases(self, day: Day) -> tuple[list[LoanId], list[LoanId]]:
        """Loans to compensate, those that a cut-off day left claimed too, and to write off."""
        with self._house.database.begin(SYSTEM) as work:
            servicing = self._house.rooms(work).servicing
            claim_dpd = self._house.parameters.count(work, "compensation.dpd", day)
            limit = self._house.parameters.count(work, "write_off.dpd", day)
            claimed = [row.loan_id for row in _in_status(servicing, LoanStatus.CLAIMED)]
            taken_over = _in_status(servicing, LoanStatus.SUBROGATED)
            return (
                [*servicing.claimable(day, claim_dpd), *claimed],
                [row.loan_id for row in taken_over if row.days_past_due(day) >= limit],
            )

    def _write_off(self, loans: list[LoanId], day: Day) -> int:
        if loans:
            with self._house.database.begin(SYSTEM) as work:
                servicing = self._house.rooms(work).servicing
                for loan_id in loans:
                    servicing.write_off(loan_id, day, key="write-off")
        return len(loans)

    def _tell_outcomes(self, day: Day) -> None:
        from tael.app.outcomes import record_outcomes  # noqa: PLC0415 - loads Arrow

        record_outcomes(self._house, day)

    def _record_month(self, day: Day) -> int:
        with self._house.database.begin(SYSTEM) as work:
            rooms = self._house.rooms(work)
            return rooms.portfolio.record_month(loan_months(rooms.servicing, day))


def _in_status(servicing: Servicing, status: LoanStatus) -> list[LoanSummary]:
    found = servicing.store.find(LoanQuery(status=status, limit=1_000_000))
    return sorted((summary for _, summary in found), key=lambda row: row.loan_id)
