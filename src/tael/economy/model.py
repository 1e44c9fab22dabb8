"""The people and firms of the economy, what a lender may see of them, and what nobody may see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from tael.kernel import Day, Money


class EnterpriseKind(Enum):
    """Legal form of the business."""

    SOLE_TRADER = "individual_business"  # 个体工商户: the owner is the obligor
    COMPANY = "company"


class Role(Enum):
    """What a person is to the enterprise or to the loan."""

    OWNER = "owner"
    ACTUAL_CONTROLLER = "actual_controller"
    SPOUSE = "spouse"
    CO_BORROWER = "co_borrower"
    GUARANTOR = "guarantor"


@dataclass(frozen=True, slots=True)
class Person:
    """An invented natural person; ``id_number`` and ``phone`` are formally invalid on purpose."""

    name: str
    id_number: str
    phone: str
    born: Day
    female: bool


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An invented business; ``region`` and ``industry`` are codes (GB/T 2260, GB/T 4754)."""

    name: str
    kind: EnterpriseKind
    code: str
    founded: Day
    region: str
    industry: str


@dataclass(frozen=True, slots=True)
class Link:
    """A dated tie between a person and the obligor group."""

    role: Role
    person: Person
    since: Day


@dataclass(frozen=True, slots=True)
class Features:
    """What a lender can observe on the day of the application. Sums in CNY, ratios as fractions."""

    owner_age: int
    years_in_business: int
    employees: int
    monthly_revenue: Money
    bank_turnover_12m: Money
    tax_paid_12m: Money
    total_debt: Money
    debt_ratio: Decimal
    revenue_volatility: Decimal
    overdue_count_24m: int
    enquiries_6m: int
    active_loans: int
    owns_property: bool
    region: str
    industry: str
    enterprise_kind: str

    def row(self) -> Mapping[str, float | str]:
        """The features as numbers and codes, sums in yuan: one row for a model."""
        row: dict[str, float | str] = {}
        for name in FEATURE_NAMES:
            value = getattr(self, name)
            if isinstance(value, Money):
                value = value.decimal()
            row[name] = value if isinstance(value, str) else float(value)
        return row


FEATURE_NAMES: tuple[str, ...] = tuple(Features.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Applicant:
    """One application as it comes in: obligor group, request, observable features. No outcome."""

    seed: int
    number: int
    applied_on: Day
    enterprise: Enterprise
    links: tuple[Link, ...]
    amount: Money
    months: int
    purpose: str
    features: Features

    @property
    def key(self) -> str:
        """Names this applicant for ever: ``s7-000123`` is number 123 of seed 7."""
        return f"s{self.seed}-{self.number:06d}"

    @property
    def owner(self) -> Person:
        return self._required(Role.OWNER)

    @property
    def actual_controller(self) -> Person:
        return self._required(Role.ACTUAL_CONTROLLER)

    @property
    def spouse(self) -> Person | None:
        return self.person(Role.SPOUSE)

    @property
    def co_borrower(self) -> Person | None:
        return self.person(Role.CO_BORROWER)

    @property
    def guarantor(self) -> Person | None:
        return self.person(Role.GUARANTOR)

    def person(self, role: Role) -> Person | None:
        """Who has ``role``; None when nobody has."""
        return next((link.person for link in self.links if link.role is role), None)

    def _required(self, role: Role) -> Person:
        return next(link.person for link in self.links if link.role is role)


@dataclass(frozen=True, slots=True)
class Truth:
    """What will happen, sealed: no lender, variable or policy may read it.

    Months count from the disbursement: month 1 is the first instalment. ``default_month`` is the
    first instalment never paid by the borrower; ``recovery_percent`` of what is then owed comes
    back ``recovery_after_months`` later.
    """

    annual_pd: float
    default_month: int | None
    prepayment_month: int | None
    recovery_percent: int
    recovery_after_months: int


class Pays(Enum):
    """What a borrower does about one instalment."""

    FULL = "full"
    PARTLY = "partly"
    LATE = "late"
    PREPAYS = "prepays"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a borrower does at one due date.

    ``percent`` of everything then due (arrears included) is paid ``days_late`` days after the due
    date. PARTLY leaves the rest to the next payment; PREPAYS pays off the loan on the due date;
    NOTHING after a prepayment means that nothing is owed any more.
    """

    pays: Pays
    percent: int
    days_late: int


@dataclass(frozen=True, slots=True)
class History:
    """Matured loans for training: ``columns`` of equal length and, beside them, the outcome.

    ``columns`` has the names of ``FEATURE_NAMES``: numbers as float (sums in yuan), codes as str.
    ``bad[i]`` says that loan ``i`` defaulted within twelve months.
    """

    columns: Mapping[str, tuple[float | str, ...]]
    bad: tuple[bool, ...]
    applied_on: tuple[Day, ...]

    def __len__(self) -> int:
        return len(self.bad)
