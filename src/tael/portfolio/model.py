"""What the portfolio is made of: a row per loan and month end, and defined figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from tael.kernel import Day, LoanId, Money


@dataclass(frozen=True, slots=True)
class LoanMonth:
    """One loan at one month end, as the monthly performance file of a loan tape has it.

    Attributes:
        month_end: last day of the month.
        balance: principal not repaid and not written off, whoever holds the claim.
        compensated: the part of ``balance`` that the guarantor has taken over.
        dpd: days past due, counted on the borrower's due dates, also after compensation.
        claimed, recovered, written_off: cumulative since disbursement.
        first_due: due date of the first instalment; ``first_paid_late_days`` how many days past due
            it has been at most so far.
    """

    loan_id: LoanId
    month_end: Day
    status: str
    partner: str
    product: str
    channel: str
    tier: int
    disbursed_on: Day
    principal: Money
    balance: Money
    compensated: Money
    dpd: int
    claimed: Money
    recovered: Money
    written_off: Money
    first_due: Day
    first_dpd: int

    @property
    def vintage(self) -> Day:
        """First day of the month of disbursement."""
        return self.disbursed_on.month_start()

    @property
    def months_on_book(self) -> int:
        return self.disbursed_on.months_until(self.month_end)


class Unit(Enum):
    """What a figure's value is in."""

    MONEY = "money"
    SHARE = "share"
    MULTIPLE = "multiple"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure defined once: id, words, unit and formula (DOMAIN section 6)."""

    id: str
    zh: str
    en: str
    unit: Unit
    formula: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A value of a definition as of a day. A share whose base is zero has no value, not zero."""

    definition: Definition
    as_of: Day
    value: Decimal | Money | None
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TieOut:
    """A figure from the loan rows held against the same one from the journal."""

    name: str
    from_rows: Money
    from_journal: Money

    @property
    def difference(self) -> Money:
        return self.from_rows - self.from_journal

    @property
    def ties(self) -> bool:
        return not self.difference


@dataclass(frozen=True, slots=True)
class VintagePoint:
    """Of what a month lent, the share ever past due by a threshold at a month on book."""

    vintage: Day
    months_on_book: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class MonthPoint:
    """The book at one month end, for the dashboard's curves."""

    month_end: Day
    new_loans: Money
    balance: Money
    prime_share: Decimal | None
    dpd30: Decimal | None
    dpd90: Decimal | None
    c_m3: Decimal | None


@dataclass(frozen=True, slots=True)
class Dashboard:
    """What the first page shows as of a month end."""

    as_of: Day
    figures: tuple[Figure, ...]
    months: tuple[MonthPoint, ...]
    vintages: tuple[VintagePoint, ...]
    tie_outs: tuple[TieOut, ...]
