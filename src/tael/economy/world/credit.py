"""How credit is asked for, granted and repaid: figures of demand, policies of the time, loans.

Versions of the policy follow each other as a lender's do; every figure is invented.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of a time, in force from ``begins`` until the next policy.

    An application is declined below ``least_points``, for a firm younger than ``least_age_months``,
    in a section of ``closed``, with more than ``most_overdue`` late months in two years or more
    than ``most_enquiries`` in half a year, or above ``free_amount`` (CNY) without property.
    ``rate_bp`` is the yearly rate of an applicant at the limit, in basis points.
    """

    version: str
    begins: str
    least_points: int
    least_age_months: int
    most_overdue: int
    most_enquiries: int
    free_amount: int
    rate_bp: int
    closed: str = ""


def policies() -> tuple[Policy, ...]:
    """The policies of seventeen years, oldest first."""
    return (
        Policy("2008.1", "2008-01", 578, 36, 3, 5, 300_000, 1_180, "K"),
        Policy("2009.1", "2009-04", 536, 24, 4, 7, 500_000, 1_020),
        Policy("2011.1", "2011-10", 582, 30, 3, 5, 400_000, 1_380),
        Policy("2014.1", "2014-05", 554, 24, 4, 7, 600_000, 1_280),
        Policy("2016.1", "2016-01", 566, 18, 3, 7, 800_000, 1_200, "B"),
        Policy("2018.1", "2018-08", 586, 24, 2, 5, 800_000, 1_290, "BK"),
        Policy("2020.1", "2020-04", 548, 12, 3, 7, 1_200_000, 980),
        Policy("2022.1", "2022-01", 570, 18, 3, 6, 1_200_000, 940, "K"),
    )


@dataclass(frozen=True, slots=True)
class Demand:
    """Who applies when: the chance of a month, and how growth, stress and a closed door move it."""

    monthly: float = 0.0365
    growth: float = 0.9
    growth_months: int = 6
    stress: float = 0.32
    fraud: float = 1.6
    hidden: float = 0.35
    least_age_months: int = 6
    pause_months: int = 3
    months_left: int = 4  # a running loan must be this near to its end
    months_of_sales: float = 1.5
    spread_of_amount: float = 0.55
    most_amount: int = 3_000_000
    terms: tuple[int, ...] = (12, 18, 24, 36)
    term_weights: tuple[float, ...] = (80, 9, 9, 2)


@dataclass(frozen=True, slots=True)
class Papers:
    """What is in an applicant's file: shares of those who bring a paper, and how far it errs."""

    bank: float = 0.82
    invoices: float = 0.9
    tax: float = 0.55
    spread: float = 0.22
    overstated: float = 0.08
    honesty_in_stated: float = -0.14
    property: float = 0.25
    wealth_in_property: float = 0.9
    overdue: float = -4.3
    stress_in_overdue: float = 0.85
    prudence_in_overdue: float = -0.6
    tax_late: float = -2.7
    stress_in_tax_late: float = 0.7
    enquiries: float = 0.55
    stress_in_enquiries: float = 0.42
    debt: float = 0.42
    leverage_in_debt: float = 0.11
    stress_in_debt: float = 0.05
    spread_of_debt: float = 0.10
    court: float = 0.03


@dataclass(frozen=True, slots=True)
class Points:
    """How the policy's score is added up, and how officers bend it."""

    start: int = 560
    a_year: int = 5
    most_years: int = 10
    property: int = 22
    a_late_month: int = -24
    an_enquiry: int = -9
    free_enquiries: int = 1
    a_late_tax: int = -11
    debt: int = -150
    usual_debt: float = 0.42
    growth: int = 70
    a_case: int = -45
    large_firm: int = 12
    home: int = 14
    home_provinces: str = "31 32 33"
    officer: float = 16.0
    random_from: str = "2016-01"
    random_share: float = 0.02
    a_point_bp: float = 3.5
    least_rate_bp: int = 480
    most_rate_bp: int = 2_400


@dataclass(frozen=True, slots=True)
class Repaying:
    """How a loan goes on: lateness, holidays, early ends, and what comes back of a default."""

    late: float = -3.5
    stress_in_late: float = 0.55
    prudence_in_late: float = -0.45
    cures: float = 0.72
    restructured: float = 0.30
    restructured_months: int = 6
    prepays: float = 0.012
    stress_in_prepaying: float = -0.25
    least_months_held: int = 3
    holiday_from: str = "2020-02"
    holiday_until: str = "2020-09"
    holiday: float = 0.45
    contact_in_holiday: float = 0.18
    stress_in_holiday: float = 0.12
    least_holiday: int = 3
    most_holiday: int = 9
    saved_by_holiday: float = 0.6
    recovered: float = 0.34
    wealth_in_recovered: float = 0.08
    spread_of_recovered: float = 0.22
    written_off_months: int = 12


@dataclass(frozen=True, slots=True)
class Lending:
    """All figures of lending."""

    demand: Demand = Demand()
    papers: Papers = Papers()
    points: Points = Points()
    repaying: Repaying = Repaying()
    policies: tuple[Policy, ...] = field(default_factory=policies)
