"""A seeded small-business economy: applicants, what a lender sees of them, and the sealed truth.

Every applicant is keyed: number n of seed s comes out the same alone, in a row, and on any
platform. Names are invented; identity, phone and enterprise numbers are formally invalid, so that
they can belong to nobody. Results on this economy show that the machinery works, never how a
country behaves.
"""

from tael.economy.applicants import applicant, applicants
from tael.economy.model import (
    FEATURE_NAMES,
    Applicant,
    Behaviour,
    Enterprise,
    EnterpriseKind,
    Features,
    History,
    Link,
    Pays,
    Person,
    Role,
    Truth,
)
from tael.economy.names import PLACES, TRADES, Place, Trade
from tael.economy.outcomes import HORIZON_MONTHS, behaviour, history, truth

__all__ = [
    "FEATURE_NAMES",
    "HORIZON_MONTHS",
    "PLACES",
    "TRADES",
    "Applicant",
    "Behaviour",
    "Enterprise",
    "EnterpriseKind",
    "Features",
    "History",
    "Link",
    "Pays",
    "Person",
    "Place",
    "Role",
    "Trade",
    "Truth",
    "applicant",
    "applicants",
    "behaviour",
    "build",
    "history",
    "truth",
]
