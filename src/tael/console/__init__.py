"""The HTTP edge: pages for people, an API for programs, one error mapping. No business rule.

Every request opens one unit of work, asks the permission table, calls the rooms' doors and shows
what they answer.
"""

from tael.console.errors import Fault, fault_of, status_of
from tael.console.listing import DecisionLine, LoanLine, Narrowed, Sought
from tael.console.ports import House
from tael.console.site import create_app
from tael.console.store import purge_replies
from tael.console.vendor import FrontendMissing, check_vendor

__all__ = [
    "DecisionLine",
    "Fault",
    "FrontendMissing",
    "House",
    "LoanLine",
    "Narrowed",
    "Sought",
    "check_vendor",
    "create_app",
    "fault_of",
    "purge_replies",
    "status_of",
]
