"""The living loan: accrual, repayment, days past due, compensation, recovery, write-off.

A loan is its frozen contract and a log of events. Its state is a fold over the log, and what is
posted is a pure function of state and event, so the books can be made again from the log.
"""

from tael.servicing.accrual import days_past_due
from tael.servicing.memory import MemoryLoanStore
from tael.servicing.model import GuaranteeTerms, LoanContract, LoanState, LoanStatus, RefusalCode
from tael.servicing.ports import LoanHeader, LoanQuery, LoanSummary
from tael.servicing.service import Servicing, StateCache

__all__ = [
    "GuaranteeTerms",
    "LoanContract",
    "LoanHeader",
    "LoanQuery",
    "LoanState",
    "LoanStatus",
    "LoanSummary",
    "MemoryLoanStore",
    "RefusalCode",
    "Servicing",
    "StateCache",
    "days_past_due",
]
