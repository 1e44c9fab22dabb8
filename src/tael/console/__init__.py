"""The HTTP edge: pages for people, an API for programs, one error mapping. No business rule.

Every request opens one unit of work, asks the permission table, calls the rooms' doors and shows
what they answer. Each name loads when first read: a command that lists loans needs no framework.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

# Where each name stands.
_LATER = {
    "DecisionLine": "listing",
    "Fault": "errors",
    "FrontendMissing": "vendor",
    "House": "ports",
    "LoanLine": "listing",
    "Narrowed": "listing",
    "Sought": "listing",
    "check_vendor": "vendor",
    "create_app": "site",
    "fault_of": "errors",
    "purge_replies": "store",
    "status_of": "errors",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return found
