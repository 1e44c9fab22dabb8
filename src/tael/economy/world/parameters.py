"""Every figure of the economy in one frozen object, and the SHA-256 that stands for all of them.

The hash is pinned in a file of the tests: figures change on purpose or not at all, and never after
a model has been trained on what they made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from tael.economy.world.events import RuleChange, Shock, rule_changes, shocks
from tael.economy.world.places import Province, provinces
from tael.economy.world.trades import Industry, Size, industries, sizes

GENERATOR_VERSION = 1  # of the code that turns figures into events: part of the hash


@dataclass(frozen=True, slots=True)
class People:
    """Shares of borrowers with each circumstance, and ranges of their figures."""

    founded_before_2008: float = 0.35
    oldest_years: int = 10
    last_opening_month: int = 192
    ability_in_productivity: float = 0.6
    ability_in_prudence: float = 0.3
    married: float = 0.74
    other_shareholder: float = 0.30
    guarantor: float = 0.15
    representative_changes: float = 0.18
    nominee: float = 0.06
    registry_delay_days: int = 45
    health_shock: float = 0.06
    health_months: int = 9
    hidden_borrowing: float = 0.12
    block: int = 16
    circle: float = 0.30
    least_members: int = 3
    most_members: int = 5
    inflated_invoices: float = 0.012
    circular_transfers: float = 0.010
    broker_packed: float = 0.012
    stolen_identity: float = 0.004
    fraud_months: int = 10


@dataclass(frozen=True, slots=True)
class Course:
    """How latents, demand and events become monthly sales, stress and the hazard of default."""

    persistence: float = 0.93
    noise: float = 0.055
    spread_of_sales: float = 0.55
    productivity_in_sales: float = 0.25
    concentration_in_level: float = 0.2
    health_dip: float = -0.35
    level_in_pressure: float = -2.2
    productivity_in_pressure: float = -0.40
    leverage_in_pressure: float = 0.45
    buffer_in_pressure: float = -0.45
    hidden_in_pressure: float = 1.0
    memory: float = 0.78
    intercept: float = -7.35
    stress: float = 1.3
    prudence: float = -0.60
    honesty: float = -0.40
    wealth: float = -0.25
    youth: float = 0.55
    youth_months: int = 24
    fraud: float = 3.2
    contagion: float = 1.8
    contagion_months: int = 18
    decline: float = -0.10
    closes: float = 0.7
    close_months: int = 14


@dataclass(frozen=True, slots=True)
class Flow:
    """One purpose of a bank account: events a month and their sum as a share of monthly sales.

    ``stress`` moves the number of events with stress; ``pool`` is the number of counterparties.
    """

    purpose: str
    direction: str
    subject: str
    monthly: float
    share: float
    stress: float
    pool: int


def _flows() -> tuple[Flow, ...]:
    return (
        Flow("sales", "in", "enterprise", 0.91, 0.80, -0.10, 24),
        Flow("supplier", "out", "enterprise", 0.56, 0.50, -0.10, 12),
        Flow("wage", "out", "enterprise", 0.385, 0.12, -0.15, 4),
        Flow("rent", "out", "enterprise", 0.154, 0.05, -0.10, 1),
        Flow("tax", "out", "enterprise", 0.154, 0.03, -0.15, 1),
        Flow("utility", "out", "enterprise", 0.154, 0.01, -0.10, 2),
        Flow("loan_in", "in", "enterprise", 0.028, 0.15, 0.30, 3),
        Flow("loan_repay", "out", "enterprise", 0.175, 0.05, 0.05, 3),
        Flow("cash", "out", "enterprise", 0.126, 0.03, 0.15, 1),
        Flow("own_transfer", "out", "enterprise", 0.154, 0.08, 0.20, 2),
        Flow("fee", "out", "enterprise", 0.084, 0.001, 0.0, 1),
        Flow("refund", "out", "enterprise", 0.042, 0.01, 0.15, 10),
        Flow("own_transfer", "in", "person", 0.154, 0.08, 0.20, 2),
        Flow("family", "out", "person", 0.21, 0.02, -0.05, 4),
        Flow("family", "in", "person", 0.056, 0.03, 0.30, 4),
        Flow("cash", "out", "person", 0.105, 0.01, 0.05, 1),
        Flow("loan_repay", "out", "person", 0.175, 0.03, 0.05, 3),
        Flow("other", "out", "person", 0.245, 0.01, 0.0, 12),
    )


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a source reports: usual and late delays in days, and shares of flawed records."""

    usual_days: float
    late: float
    late_days: float
    duplicated: float
    corrected: float
    withdrawn: float


@dataclass(frozen=True, slots=True)
class Levy:
    """A tax or bill: every how many months it is due, and its share of the sales between."""

    name: str
    months: int
    share: float


@dataclass(frozen=True, slots=True)
class Sources:
    """The figures of each source."""

    flows: tuple[Flow, ...] = field(default_factory=_flows)
    till_share: float = 0.5
    bank: Delivery = Delivery(1.0, 0.02, 20.0, 0.004, 0.003, 0.001)
    spread_of_amounts: float = 0.6
    invoices_out: float = 0.95
    invoices_in: float = 0.75
    invoice_cost_share: float = 0.6
    invoice_tax: float = 0.09
    invoice_void: float = 0.035
    invoice_red: float = 0.02
    invoice_special: float = 0.45
    invoice_pool: int = 18
    inflation: float = 2.0
    invoices: Delivery = Delivery(4.0, 0.06, 28.0, 0.005, 0.004, 0.001)
    enquiries: float = 0.07
    enquiries_of_owner: float = 0.10
    enquiry_stress: float = 0.45
    enquiry_hidden: float = 0.30
    enquiry_fraud: float = 1.2
    enquiry: Delivery = Delivery(3.0, 0.08, 35.0, 0.003, 0.0, 0.002)
    tax_filers: float = 0.3
    tax: Delivery = Delivery(6.0, 0.05, 40.0, 0.004, 0.004, 0.001)
    taxes: tuple[Levy, ...] = (
        Levy("vat", 3, 0.025),
        Levy("income", 12, 0.008),
        Levy("social", 3, 0.02),
        Levy("stamp", 12, 0.0004),
    )
    utility_users: float = 0.15
    utility: Delivery = Delivery(2.0, 0.03, 20.0, 0.003, 0.003, 0.001)
    utilities: tuple[Levy, ...] = (
        Levy("power", 1, 0.012),
        Levy("water", 3, 0.002),
        Levy("gas", 3, 0.002),
        Levy("broadband", 12, 0.001),
    )
    sued_after_default: float = 0.55
    court_steps: tuple[float, ...] = (1.0, 0.8, 0.6, 0.5)
    court_months: float = 4.0
    disputes: float = 0.002
    labour_disputes: float = 0.001
    stress_in_labour: float = 0.5
    court: Delivery = Delivery(20.0, 0.2, 90.0, 0.004, 0.002, 0.001)
    late: float = -2.6
    unpaid: float = -5.0
    stress_in_late: float = 0.7
    prudence_in_late: float = -0.5
    most_days_late: int = 60
    stress_in_power: float = -0.12


@dataclass(frozen=True, slots=True)
class Parameters:
    """All figures of the economy; two economies with one `hash` and one seed are the same."""

    provinces: tuple[Province, ...] = field(default_factory=provinces)
    industries: tuple[Industry, ...] = field(default_factory=industries)
    sizes: tuple[Size, ...] = field(default_factory=sizes)
    shocks: tuple[Shock, ...] = field(default_factory=shocks)
    rules: tuple[RuleChange, ...] = field(default_factory=rule_changes)
    people: People = People()
    course: Course = Course()
    sources: Sources = Sources()

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of every figure and the generator's version."""
        figures = {"generator": GENERATOR_VERSION, "parameters": asdict(self)}
        text = json.dumps(figures, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
