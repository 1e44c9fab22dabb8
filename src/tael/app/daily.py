"""The end of a business day: accruals and settlement, claims, write-offs, month-end rows, facts.

Every step commits alone and may run again: a day that was cut off is taken up where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass

from tael.app.handlers import handlers
from tael.app.installation import Installation
from tael.app.lending import Lending
from tael.app.tape import loan_months
from tael.kernel import Day, LoanId
from tael.platform import SYSTEM, Outbox
from tael.servicing import LoanQuery, LoanState, LoanStatus, Servicing, days_past_due

_LOANS_PER_COMMIT = 50


@dataclass(frozen=True)
class DayReport:
    """What the end of a day did, in numbers of loans."""

    posted: int
    compensated: int
    written_off: int
    month_rows: int


class Daily:
    """Runs the end of a day for one installation."""

    def __init__(self, house: Installation, lending: Lending) -> None:
        self._house = house
        self._lending = lending

    def run(self, day: Day) -> DayReport:
        """Bring every loan to the end of ``day``."""
        posted = self._post(day)
        # Before any claim: guarantee and bank have to know what was repaid.
        Outbox(self._house.database).deliver(handlers(self._house, self._lending.banks))
        ripe, over = self._open_cases(day)
        compensated = sum(
            isinstance(self._lending.compensate(loan_id, day), LoanState) for loan_id in ripe
        )
        written_off = self._write_off(over, day)
        rows = self._record_month(day) if day == day.month_end() else 0
        return DayReport(posted, compensated, written_off, rows)

    def _post(self, day: Day) -> int:
        with self._house.database.begin(SYSTEM) as work:
            due = self._house.rooms(work).servicing.store.due(day)
        for start in range(0, len(due), _LOANS_PER_COMMIT):
            with self._house.database.begin(SYSTEM) as work:
                servicing = self._house.rooms(work).servicing
                for loan_id in due[start : start + _LOANS_PER_COMMIT]:
                    servicing.close_loan_day(loan_id, day)
        return len(due)

    def _open_cases(self, day: Day) -> tuple[list[LoanId], list[LoanId]]:
        """Loans to be compensated (also those a cut-off day left claimed), and to be written off."""
        with self._house.database.begin(SYSTEM) as work:
            servicing = self._house.rooms(work).servicing
            claim_dpd = self._house.parameters.count(work, "compensation.dpd", day)
            limit = self._house.parameters.count(work, "write_off.dpd", day)
            claimed = _in_status(servicing, LoanStatus.CLAIMED)
            ripe = [*servicing.claimable(day, claim_dpd), *claimed]
            taken_over = _in_status(servicing, LoanStatus.SUBROGATED)
            over = [
                loan_id
                for loan_id in taken_over
                if days_past_due(servicing.state(loan_id).rows, day) >= limit
            ]
        return ripe, over

    def _write_off(self, loans: list[LoanId], day: Day) -> int:
        if loans:
            with self._house.database.begin(SYSTEM) as work:
                servicing = self._house.rooms(work).servicing
                for loan_id in loans:
                    servicing.write_off(loan_id, day, key="write-off")
        return len(loans)

    def _record_month(self, day: Day) -> int:
        with self._house.database.begin(SYSTEM) as work:
            rooms = self._house.rooms(work)
            return rooms.portfolio.record_month(loan_months(rooms.servicing, day))


def _in_status(servicing: Servicing, status: LoanStatus) -> list[LoanId]:
    found = servicing.store.find(LoanQuery(status=status, limit=1_000_000))
    return sorted(summary.loan_id for _, summary in found)
