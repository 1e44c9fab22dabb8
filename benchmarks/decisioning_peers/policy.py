"""The credit policy as data: what ``as_dmn`` writes for Tael and ``as_zen`` for the peers.

Amounts in yuan, rates and pd as fractions of one. 32 inputs are variables, two are the request's;
25 knock-outs and 6 referrals give codes, 7 tiers follow the pd, 200 rows of 8 inputs give prices
and the size of the limit, the first that holds counts. A cell is a FEEL unary test that zen reads
the same way; '-' asks nothing. No import of an engine.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise, product
from typing import NamedTuple

CAP = "0.24"  # annual all-in cap that both sides apply
REQUEST = ("amount", "months")
# name, numerator, denominator, value where the denominator is not positive
RATIOS = (
    ("instalment_burden", "amount / months * 12", "turnover_12m", "9"),
    ("debt_ratio", "firm_debt", "turnover_12m", "9"),
    ("repay_share", "repaid_12m", "turnover_12m", "9"),
    ("growth", "turnover_3m * 4", "turnover_12m", "0"),
    ("invoice_cover", "invoiced_12m", "turnover_12m", "0"),
)
TIER_BOUNDS = ("0.005", "0.01", "0.018", "0.03", "0.05", "0.09")
Conditions = dict[str, str]
KNOCK_OUTS: dict[str, Conditions] = {
    "turnover_too_small": {"turnover_12m": "< 50000"},
    "trade_stopped": {"days_since_sale": "> 150"},
    "too_few_sales": {"sales_12m": "< 3"},
    "private_money": {"private_share": "> 0.08"},
    "night_money": {"night_share": "> 0.12"},
    "returns_missed": {"missed_returns_12m": "> 4"},
    "tax_late": {"tax_days_late": "> 75"},
    "owner_overdue": {"owner_late_2y": "> 5"},
    "owner_bad_credit": {"owner_bad_5y": "> 0"},
    "enquiries_quarter": {"owner_enquiries_3m": "> 3"},
    "enquiries_year": {"owner_enquiries_12m": "> 5"},
    "internet_credit": {"internet_enquiries_6m": "> 2"},
    "firm_enquiries": {"firm_enquiries_6m": "> 4"},
    "sued": {"suits_2y": "> 2"},
    "under_enforcement": {"enforced": "> 100000"},
    "owner_enforced": {"owner_enforced_5y": "> 0"},
    "devices_changed": {"device_changes_3m": "> 4"},
    "bills_missed": {"missed_bills_12m": "> 6"},
    "listed_abnormal": {"abnormal_1y": "> 2"},
    "shares_pledged": {"pledges_3y": "> 1", "debt_ratio": "> 0.5"},
    "receivables_overdue": {"overdue_receivables": "> 500000"},
    "over_indebted": {"debt_ratio": "> 1.5"},
    "instalment_too_heavy": {"instalment_burden": "> 0.6"},
    "term_not_offered": {"months": "> 36"},
    "risk_too_high": {"tier": "7"},
}
REFERRALS: dict[str, Conditions] = {
    "weak_tier_large_amount": {"tier": "6", "amount": "> 500000"},
    "no_tax_large_amount": {"tax_paid_12m": "<= 0", "amount": "> 800000"},
    "invoices_below_turnover": {"invoice_cover": "< 0.1", "amount": "> 600000"},
    "sudden_growth": {"growth": "> 3", "buyers_2y": "< 5"},
    "many_accounts": {"owner_accounts": "> 4", "firm_accounts": "> 2"},
    "repayments_heavy": {"repay_share": "> 0.5", "borrowed_6m": "> 100000"},
}
ROUTES = (
    ({"tier": "<= 2", "amount": "> 1000000"}, "national"),
    ({"tier": "<= 3", "invoiced_12m": "> 1000000"}, "prime"),
    ({"tier": "<= 3"}, "city"),
    ({"tier": "<= 5", "invoice_deviation": "< 200000"}, "standard"),
    ({"tier": "<= 5"}, "standard_reviewed"),
    ({}, "rural"),
)


class Table(NamedTuple):
    """Columns and outputs by name; a rule is its cells and its conclusions."""

    columns: tuple[str, ...]
    outputs: tuple[str, ...]
    rules: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]


PRICE_COLUMNS = ("tier", "turnover_12m", "months", "debt_ratio", "owner_enquiries_12m", "amount",
                 "tax_paid_12m", "takings_12m")  # fmt: skip
PRICE_OUTPUTS = ("bank_interest", "guarantee_fee", "turnover_share", "ceiling")
_TURNOVERS = ("< 300000", "[300000..1000000)", "[1000000..3000000)", "[3000000..10000000)",
              ">= 10000000")  # fmt: skip
_TERMS = ("<= 6", "(6..12]", "> 12")
_DEBTS = ("< 0.3", ">= 0.3")


def prices() -> Table:
    """Rates by tier, turnover, term and debt; three special rows stand before those of a tier."""
    rules = [rule for tier in range(1, 7) for rule in _of_tier(tier)]
    rules += [_priced({"tier": "7"}, 7, Decimal(0)), _priced({}, 7, Decimal("0.001"))]
    return Table(PRICE_COLUMNS, PRICE_OUTPUTS, tuple(rules))


def _of_tier(tier: int) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    own = {"tier": str(tier)}
    searching = own | {"owner_enquiries_12m": ">= 3", "amount": ">= 500000"}
    proven = own | {"takings_12m": ">= 1000000", "tax_paid_12m": "> 100000"}
    rules = [
        _priced(searching, tier, Decimal("0.012")),
        _priced(proven, tier, Decimal("-0.008")),
        _priced(own | {"amount": ">= 2000000"}, tier, Decimal("-0.004")),
    ]
    for (size, turnover), (length, term), (load, debt) in product(
        enumerate(_TURNOVERS), enumerate(_TERMS), enumerate(_DEBTS)
    ):
        cells = own | {"turnover_12m": turnover, "months": term, "debt_ratio": debt}
        change = Decimal("0.001") * (length + 3 * load - size)
        rules.append(_priced(cells, tier, change, size))
    return rules


def _priced(
    cells: Conditions, tier: int, change: Decimal, size: int = 2
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    bank = Decimal("0.042") + Decimal("0.003") * tier
    fee = Decimal("0.045") + Decimal("0.015") * tier + change
    share = Decimal("0.45") - Decimal("0.05") * tier + Decimal("0.01") * size
    ceiling = (8 - tier) * 200_000 * (size + 1) if tier < 7 else 0  # noqa: PLR2004 - none lent
    row = tuple(cells.get(column, "-") for column in PRICE_COLUMNS)
    return row, (str(bank), str(fee), str(max(share, Decimal(0))), str(ceiling))


def tiers() -> Table:
    """Seven tiers by the pd, the best is 1."""
    bounds = [f"< {TIER_BOUNDS[0]}", *(f"[{a}..{b})" for a, b in pairwise(TIER_BOUNDS)),
              f">= {TIER_BOUNDS[-1]}"]  # fmt: skip
    rules = tuple(((cell,), (str(tier),)) for tier, cell in enumerate(bounds, 1))
    return Table(("pd",), ("tier",), rules)


def codes(rules: dict[str, Conditions]) -> Table:
    """Knock-outs or referrals as a table that collects."""
    columns = tuple(dict.fromkeys(name for each in rules.values() for name in each))
    rows = tuple(
        (tuple(each.get(name, "-") for name in columns), (f'"{code}"',))
        for code, each in rules.items()
    )
    return Table(columns, ("code",), rows)


def routes() -> Table:
    columns = tuple(dict.fromkeys(name for each, _ in ROUTES for name in each))
    rows = tuple(
        (tuple(each.get(name, "-") for name in columns), (f'"{to}"',)) for each, to in ROUTES
    )
    return Table(columns, ("routing",), rows)


# The menu of offers; ``months`` and ``limit_share`` are parts of what was asked and of the limit.
MENU = {
    "currency": "CNY",
    "limit_step": "1000",
    "least_amount": "10000",
    "penalty_rate": "0.03",
    "servicing_fee": "0.03",
    "options": [
        {"code": "as_asked", "tiers": [1, 2, 3, 4, 5, 6], "method": "EQUAL_INSTALMENT",
         "months": "1", "fee_change": "0", "limit_share": "1"},
        {"code": "equal_principal", "tiers": [1, 2, 3, 4, 5, 6], "method": "EQUAL_PRINCIPAL",
         "months": "1", "fee_change": "-0.005", "limit_share": "1"},
        {"code": "interest_first", "tiers": [1, 2, 3], "method": "INTEREST_ONLY",
         "months": "0.5", "fee_change": "0.01", "limit_share": "0.6"},
    ],
}  # fmt: skip
EXPLAINED = ("risk_too_high",)  # codes beside which the score's own reasons are told
MOST_REASONS = 4
