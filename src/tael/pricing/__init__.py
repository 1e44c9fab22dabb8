"""Prices a loan: schedules by component, allocation, penalty, IRR, caps, cost disclosure.

An engine on the standard library; amounts are ``Money``, rates are annual ``Rate``. The door
``strategy`` searches prices and limits for targets; it loads when first read.

>>> from tael.kernel import Day, Money, Rate
>>> from tael.pricing import Component, Method, Terms, build_schedule
>>> schedule = build_schedule(Terms(
...     principal=Money.parse("120000"), method=Method.EQUAL_INSTALMENT, months=12,
...     start=Day(2025, 8, 20), components=(
...         Component("bank_interest", Rate.percent(6), payer="borrower", payee="bank"),
...         Component("guarantee_fee", Rate.percent(12), payer="borrower", payee="guarantor"),
...         Component("servicing_fee", Rate.percent(3), payer="guarantor", payee="platform"))))
>>> print(schedule.instalments[0].total, schedule.outstanding_after(3))
11,001.60 CNY 91,979.06 CNY
"""

from importlib import import_module
from typing import TYPE_CHECKING

from tael.pricing.allocation import Allocation, Due, allocate
from tael.pricing.build import build_schedule
from tael.pricing.cost import AllInCost, Fee, all_in_cost, check_cap, check_payers, lpr_cap
from tael.pricing.daycount import DayCount, interest
from tael.pricing.disclosure import CostDisclosure, cost_disclosure
from tael.pricing.irr import irr
from tael.pricing.prepayment import Effect, quote_prepayment
from tael.pricing.refusals import refusal_text
from tael.pricing.schedule import Instalment, Schedule
from tael.pricing.terms import Component, LastRow, Method, Terms

if TYPE_CHECKING:
    from tael.pricing import strategy

__all__ = [
    "AllInCost",
    "Allocation",
    "Component",
    "CostDisclosure",
    "DayCount",
    "Due",
    "Effect",
    "Fee",
    "Instalment",
    "LastRow",
    "Method",
    "Schedule",
    "Terms",
    "all_in_cost",
    "allocate",
    "build_schedule",
    "check_cap",
    "check_payers",
    "cost_disclosure",
    "interest",
    "irr",
    "lpr_cap",
    "quote_prepayment",
    "refusal_text",
    "strategy",
]


def __getattr__(name: str) -> object:
    if name != "strategy":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}.strategy")
