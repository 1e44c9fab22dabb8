"""What borrowers do about their loans: the economy's behaviour, played at the servicing door."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from tael.app.installation import Installation
from tael.economy import HORIZON_MONTHS, Applicant, Pays, behaviour, truth
from tael.kernel import Day, LoanId, Money, NotFound, check, total
from tael.platform import SYSTEM
from tael.servicing import LoanState, LoanStatus, Servicing

_OURS = (LoanStatus.SUBROGATED, LoanStatus.WRITTEN_OFF, LoanStatus.RECOVERING)


@dataclass(frozen=True)
class Visit:
    """A day on which a borrower does something about instalment ``month``."""

    loan_id: LoanId
    month: int


@dataclass
class Lives:
    """Every borrower's diary of days to come."""

    house: Installation
    people: dict[LoanId, Applicant] = field(default_factory=dict)
    diary: dict[Day, list[Visit]] = field(default_factory=lambda: defaultdict(list))

    def begin(self, loan_id: LoanId, applicant: Applicant) -> bool:
        """Enter the borrower's days when the loan is paid out; False when it is not."""
        if loan_id in self.people:
            return True
        with self.house.database.begin(SYSTEM) as work:
            try:
                state = self.house.rooms(work).servicing.state(loan_id)
            except NotFound:
                return False
        if state.status is LoanStatus.PENDING:
            return False
        self.people[loan_id] = applicant
        for month, row in enumerate(state.contract.schedule.instalments, start=1):
            if month <= HORIZON_MONTHS:
                act = behaviour(applicant, month)
                if act.pays is not Pays.NOTHING:
                    self.diary[row.due.plus_days(act.days_late)].append(Visit(loan_id, month))
        self._enter_recovery(loan_id, applicant, state)
        return True

    def play(self, day: Day) -> int:
        """Everybody whose day it is acts; how many did."""
        visits = sorted(self.diary.get(day, ()), key=lambda one: (one.loan_id, one.month))
        if not visits:
            return 0
        with self.house.database.begin(SYSTEM) as work:
            servicing = self.house.rooms(work).servicing
            for visit in visits:
                self._act(servicing, visit, day)
        del self.diary[day]  # not before it is committed: a day may have to be played again
        return len(visits)

    def _enter_recovery(self, loan_id: LoanId, applicant: Applicant, state: LoanState) -> None:
        fate = truth(applicant)
        if fate.default_month is None or not fate.recovery_percent:
            return
        rows = state.contract.schedule.instalments
        if fate.default_month <= len(rows):
            due = rows[fate.default_month - 1].due
            back = due.plus_days(state.contract.guarantee.claim_dpd + 5)
            day = back.plus_months(fate.recovery_after_months)
            self.diary[day].append(Visit(loan_id, 0))

    def _act(self, servicing: Servicing, visit: Visit, day: Day) -> None:
        state = servicing.state(visit.loan_id)
        applicant = self.people[visit.loan_id]
        if visit.month == 0:
            self._recover(servicing, state, applicant, day)
            return
        key = f"repayment:{visit.month}"
        if state.status is not LoanStatus.ACTIVE or _is_done(servicing, visit.loan_id, key):
            return
        act = behaviour(applicant, visit.month)
        if act.pays is Pays.PREPAYS:
            quote = servicing.quote_payoff(visit.loan_id, day)
            servicing.pay_off(visit.loan_id, quote, day, key=key)
            return
        owed = _owed(servicing, visit.loan_id, day)
        amount = Money(owed.minor * act.percent // 100, owed.currency)
        if amount:
            servicing.receive_repayment(visit.loan_id, amount, day, key=key)

    def _recover(
        self, servicing: Servicing, state: LoanState, applicant: Applicant, day: Day
    ) -> None:
        claim = state.claim
        if claim is None or state.status not in _OURS:
            return
        percent = truth(applicant).recovery_percent
        amount = Money(claim.amount.minor * percent // 100, claim.amount.currency)
        check(amount <= claim.amount, "no more comes back than was claimed")
        if amount:
            servicing.recover(state.contract.loan_id, amount, day, key="recovery")


def _is_done(servicing: Servicing, loan_id: LoanId, key: str) -> bool:
    """Whether an earlier run came so far; what is owed has changed by it."""
    return any(event.key == key for event in servicing.file(loan_id).log)


def _owed(servicing: Servicing, loan_id: LoanId, day: Day) -> Money:
    """Everything due at the end of ``day``."""
    due = servicing.dues(loan_id, day)
    return total((one.amount for one in due), servicing.state(loan_id).contract.currency)
