"""From the first request to the signed contract: parties, consents, applications, offers.

``Parties`` knows who, ``Applications`` moves a request to the bank's own decision, ``Offers`` makes
offers that name the lender and signs contracts. ``model`` holds the words; what the
room asks of others comes in through ``ports.Outside``. ``sources`` asks what others know of a
borrower.
"""

from tael.origination import model, ports, sources
from tael.origination.applications import Applications, Origin
from tael.origination.journal import event_text
from tael.origination.offers import Offers
from tael.origination.parties import ASSESSMENT, BANK, Parties
from tael.origination.store import SqlOriginationStore

__all__ = [
    "ASSESSMENT",
    "BANK",
    "Applications",
    "Offers",
    "Origin",
    "Parties",
    "SqlOriginationStore",
    "event_text",
    "model",
    "ports",
    "sources",
]
