"""Who lives in the economy, by key: owners, firms, their roles, circles, frauds and months."""

from tael.economy.agents.life import Life, life
from tael.economy.agents.model import ALWAYS, Borrower, Firm, Fraud, Owner, RoleLink
from tael.economy.agents.population import borrower, circle_of

__all__ = [
    "ALWAYS",
    "Borrower",
    "Firm",
    "Fraud",
    "Life",
    "Owner",
    "RoleLink",
    "borrower",
    "circle_of",
    "life",
]
