"""Every figure of the economy in one frozen object, and the SHA-256 that stands for all of them.

The hash is pinned in a file of the tests: figures change on purpose or not at all, and never after
a model has been trained on what they made.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field

from tael.economy.world.credit import Lending
from tael.economy.world.events import RuleChange, Shock, rule_changes, shocks
from tael.economy.world.places import Province, provinces
from tael.economy.world.sources import Sources
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
    level_in_pressure: float = -1.9
    productivity_in_pressure: float = -0.60
    leverage_in_pressure: float = 0.85
    buffer_in_pressure: float = -0.85
    hidden_in_pressure: float = 0.8
    memory: float = 0.84
    intercept: float = -6.65
    stress: float = 1.45
    prudence: float = -0.70
    honesty: float = -0.12
    wealth: float = -0.20
    youth: float = 0.55
    youth_months: int = 24
    fraud: float = 2.2
    contagion: float = 1.0
    contagion_months: int = 18
    decline: float = -0.10
    closes: float = 0.7
    close_months: int = 14


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
    sources: Sources = field(default_factory=Sources)
    lending: Lending = field(default_factory=Lending)

    @property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of every figure and the generator's version."""
        figures = {"generator": GENERATOR_VERSION, "parameters": asdict(self)}
        text = json.dumps(figures, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
