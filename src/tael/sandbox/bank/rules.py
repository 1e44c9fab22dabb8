"""What the bank itself decides: pure functions of a request, its own policy and its own records."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from tael.kernel import Day, Money


@dataclass(frozen=True, slots=True)
class BankPolicy:
    """The bank's own credit policy, which the platform does not know.

    ``private_decline_percent`` of applications fail on the bank's own lists, by a hash of the seed
    and the application's reference, so that a rerun declines the same ones.
    """

    name: str = "Bank of the Sandbox"
    least: Money = field(default=Money(1_000_000))
    most: Money = field(default=Money(100_000_000))
    longest_months: int = 36
    most_overdue: int = 4
    highest_debt_ratio: Decimal = Decimal("1.6")
    claim_from_days_past_due: int = 80
    private_decline_percent: int = 4
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """An answer's HTTP status and body."""

    status: int
    body: dict[str, object]


@dataclass(slots=True)
class BankLoan:
    """The bank's record of one loan: what it lent and what has come back, by day.

    What bounced stands in ``repaid`` with a minus.
    """

    loan: str
    credit_application: str
    principal: Money
    day: Day
    repaid: list[tuple[Day, Money]] = field(default_factory=list)
    claimed: bool = False

    def balance(self, day: Day) -> Money:
        """Outstanding principal at the end of ``day``."""
        if day < self.day:
            return Money.zero(self.principal.currency)
        left = self.principal
        for paid_on, amount in self.repaid:
            left = left - amount if paid_on <= day else left
        return left


class Malformed(Exception):  # noqa: N818 - it names what a request is
    """A field of a request is missing or wrong."""

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"{name}: {rule}")
        self.name = name
        self.rule = rule


def decide_credit(policy: BankPolicy, body: dict[str, object]) -> tuple[str, Money]:
    """The reason for a decline (empty: approved) and the amount approved.

    Raises:
        Malformed: a field is missing or wrong.
    """
    amount = money(body, "amount")
    months = whole(body, "months")
    facts = body.get("facts", {})
    if not isinstance(facts, dict):
        raise Malformed("facts", "an object")
    declines = (
        (amount < policy.least or amount > policy.most, "amount_out_of_range"),
        (months > policy.longest_months, "term_too_long"),
        (_number(facts, "overdue_count_24m") > policy.most_overdue, "overdue_record"),
        (_number(facts, "debt_ratio") > policy.highest_debt_ratio, "debt_too_high"),
        (_on_private_list(policy, text(body, "application")), "internal_policy"),
    )
    reason = next((code for holds, code in declines if holds), "")
    return reason, Money.zero(amount.currency) if reason else amount


def dispute(policy: BankPolicy, loan: BankLoan, body: dict[str, object]) -> str:
    """Why the bank disputes a claim; empty when it verifies it.

    Raises:
        Malformed: a field is missing or wrong.
    """
    principal, day = money(body, "principal"), day_in(body, "day")
    parts = principal + money(body, "interest") + money(body, "penalty")
    disputes = (
        (loan.claimed, "already_claimed"),
        (whole(body, "days_past_due") < policy.claim_from_days_past_due, "too_early"),
        (parts != money(body, "amount"), "parts_do_not_add_up"),
        (principal != loan.balance(day), "principal_differs"),
    )
    return next((code for holds, code in disputes if holds), "")


def text(body: dict[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise Malformed(name, "a text that is not empty")
    return value


def whole(body: dict[str, object], name: str) -> int:
    value = body.get(name)
    if type(value) is not int or value < 0:
        raise Malformed(name, "a whole number, not negative")
    return value


def money(body: dict[str, object], name: str) -> Money:
    """An amount as ``{"minor": 12000000, "currency": "CNY"}``, not negative."""
    value = body.get(name)
    parts = value if isinstance(value, dict) else {}
    minor, currency = parts.get("minor"), parts.get("currency")
    if type(minor) is not int or minor < 0 or currency != "CNY":
        raise Malformed(name, 'minor units and currency, {"minor": 1, "currency": "CNY"}')
    return Money(minor)


def day_in(body: dict[str, object], name: str) -> Day:
    try:
        return Day.fromisoformat(text(body, name))
    except ValueError:
        raise Malformed(name, "a day like 2026-01-31") from None


def amount_out(amount: Money) -> dict[str, object]:
    """``amount`` as it goes over the wire."""
    return {"minor": amount.minor, "currency": amount.currency}


def _number(facts: dict[str, object], name: str) -> Decimal:
    try:
        return Decimal(str(facts.get(name, 0)))
    except InvalidOperation:
        raise Malformed(f"facts.{name}", "a number") from None


def _on_private_list(policy: BankPolicy, reference: str) -> bool:
    digest = hashlib.sha256(f"{policy.seed}\x1f{reference}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % 100 < policy.private_decline_percent
