"""Who lives in the economy: persons, firms, the roles between them, circles and frauds.

Traits are in standard deviations and hidden from every source. Months are indices from 2008-01,
which may be negative; instants are seconds of UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# ``market`` is no role of a person: it links a firm to the market whose figures are its own.
Role = Literal["legal_representative", "controller", "shareholder", "spouse", "guarantor", "market"]
FraudKind = Literal["inflated_invoices", "circular_transfers", "broker_packed", "stolen_identity"]

ALWAYS = 1 << 52  # an instant after all others: a role that has not ended


@dataclass(frozen=True, slots=True)
class Owner:
    """The person behind a firm; ``health_month`` is -1 for none."""

    person_id: str
    born_year: int
    ability: float
    prudence: float
    honesty: float
    wealth: float
    health_month: int


@dataclass(frozen=True, slots=True)
class Firm:
    """A firm; places, trades and sizes are positions in the tables of the parameters.

    ``sales`` is the mean of a month in CNY before trend, season and luck.
    """

    enterprise_id: str
    number: int
    province: int
    industry: int
    size: int
    opened: int
    productivity: float
    leverage: float
    concentration: float
    buffer: float
    sales: float


@dataclass(frozen=True, slots=True)
class RoleLink:
    """A role of a person in a firm: valid in [``valid_from``, ``valid_to``), known later."""

    person_id: str
    enterprise_id: str
    role: Role
    valid_from: int
    valid_to: int
    known_at: int


@dataclass(frozen=True, slots=True)
class Fraud:
    """What a borrower fakes, from which month on."""

    kind: FraudKind
    month: int


@dataclass(frozen=True, slots=True)
class Borrower:
    """A firm with its people; ``circle`` numbers the firms that guarantee each other, itself too.

    ``hidden_month`` is when borrowing that no bureau sees begins; -1 for never.
    """

    seed: int
    number: int
    owner: Owner
    firm: Firm
    links: tuple[RoleLink, ...]
    circle: tuple[int, ...]
    fraud: Fraud | None
    hidden_month: int

    def holders(self, role: Role, at: int) -> tuple[str, ...]:
        """Persons who hold ``role`` at an instant, whether or not it is known yet."""
        return tuple(
            link.person_id
            for link in self.links
            if link.role == role and link.valid_from <= at < link.valid_to
        )
