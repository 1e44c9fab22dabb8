"""What a lender keeps: the file of an application, the decision on it, the loan and its months.

Sums are fen; days are numbers from 1970-01-01 in China; months are indices from 2008-01. None is a
paper that was not brought, or a date that has not come.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal[
    "current",
    "late",
    "cured",
    "holiday",
    "restructured",
    "prepaid",
    "settled",
    "defaulted",
    "written_off",
]
STATUSES: tuple[Status, ...] = (
    "current", "late", "cured", "holiday", "restructured", "prepaid", "settled", "defaulted",
    "written_off",
)  # fmt: skip
# In the order in which they are looked at: the first that fits is told.
REASONS = (
    "closed_industry", "young_firm", "overdue", "enquiries", "amount_without_property", "points",
)  # fmt: skip
CHANNELS = ("branch", "consultant", "partner", "online")
PURPOSES = ("stock", "wages", "equipment", "rent", "refinancing")


@dataclass(frozen=True, slots=True)
class Filing:
    """What a lender can see on the day of an application; sources that record err and lack."""

    application_id: str
    month: int
    day: int
    second: int
    channel: str
    purpose: str
    amount_asked: int
    months_asked: int
    owner_age: int
    firm_age_months: int
    property: bool
    stated_sales_12m: int
    bank_sales_12m: int | None
    bank_sales_growth: float | None
    invoice_sales_12m: int | None
    tax_late_12m: int | None
    overdue_24m: int
    enquiries_6m: int
    debt_ratio: float
    court_cases: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision of the policy of the time; ``reason`` is empty for an approval.

    ``at_random`` marks a loan that the rules refuse and a small random share grants, to learn from.
    """

    policy: str
    points: int
    approved: bool
    reason: str
    at_random: bool
    day: int
    rate_bp: int
    amount: int


@dataclass(frozen=True, slots=True)
class LoanMonth:
    """A loan at the end of a month; ``due`` and ``paid`` are of the month, arrears in ``paid``."""

    month: int
    month_on_book: int
    balance: int
    due: int
    paid: int
    recovered: int
    days_past_due: int
    status: Status


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan from disbursement to its end or to the last month of the economy.

    ``default_month`` is the first at whose end the oldest unpaid instalment is 90 days old or
    more; ``lost`` is what was owed then less what came back, so far.
    """

    amount: int
    months: int
    rate_bp: int
    disbursed_day: int
    disbursed_month: int
    due_day: int
    instalment: int
    history: tuple[LoanMonth, ...]
    default_month: int | None
    owed_at_default: int
    recovered: int
    restructured: bool
    holiday_months: int

    @property
    def status(self) -> Status:
        return self.history[-1].status if self.history else "current"

    @property
    def lost(self) -> int:
        return max(self.owed_at_default - self.recovered, 0)


@dataclass(frozen=True, slots=True)
class Application:
    """An application with the decision on it and its loan.

    ``loan`` of a declined application is the one that it would have had: for the sealed truth only.
    """

    filing: Filing
    verdict: Verdict
    loan: Loan
