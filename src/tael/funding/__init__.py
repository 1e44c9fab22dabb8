"""Partner banks fund under the guarantee company's guarantee: who lends, and what still fits.

A partner is a legal entity; its agreements say what it does. Every limit (leverage, one party, one
group, one agreement) is reserved before money moves and given back as principal is repaid. Banks
are called with no transaction open, under idempotency keys; their silence is a state, not a guess.
"""

from tael.funding.client import BankClient
from tael.funding.desk import BankDesk
from tael.funding.model import (
    Agreement,
    ClaimOrder,
    CreditRequest,
    Disbursement,
    DisbursementOrder,
    Limits,
    Partner,
    ReserveRequest,
    RouteRequest,
)
from tael.funding.service import Funding

__all__ = [
    "Agreement",
    "BankClient",
    "BankDesk",
    "ClaimOrder",
    "CreditRequest",
    "Disbursement",
    "DisbursementOrder",
    "Funding",
    "Limits",
    "Partner",
    "ReserveRequest",
    "RouteRequest",
]
