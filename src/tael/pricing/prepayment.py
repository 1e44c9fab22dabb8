"""Paying before it is due: what it costs on a day, and the schedule that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from tael.kernel import BadInput, Day, Money, Rate, Refusal, check, total
from tael.pricing.build import build_version, planned_days
from tael.pricing.refusals import PREPAYMENT_NOT_ALLOWED
from tael.pricing.schedule import Schedule
from tael.pricing.terms import Method


class Effect(Enum):
    """What a part prepayment changes: the instalments (减少月供) or their number (缩短期限)."""

    LOWER_INSTALMENT = "lower_instalment"
    SHORTER_TERM = "shorter_term"


@dataclass(frozen=True, slots=True)
class PrepaymentQuote:
    """What prepaying costs on ``on``: valid on that day and for that schedule version only.

    Args:
        schedule: the version in force.
        paid: number of the last paid instalment.
        on: the day of payment.
        principal: prepaid principal.
        charges: component name to what has accrued since the last paid due day, on all principal.
        fee: the prepayment fee (提前还款违约金).
    """

    schedule: Schedule
    paid: int
    on: Day
    principal: Money
    charges: Mapping[str, Money] = field(hash=False)
    fee: Money

    @property
    def left(self) -> Money:
        """Principal still outstanding afterwards; zero when the loan is settled."""
        return self.schedule.outstanding_after(self.paid) - self.principal

    @property
    def total(self) -> Money:
        """What the borrower pays on the day."""
        charges = total(self.charges.values(), self.principal.currency)
        return self.principal + charges + self.fee

    def next_version(self, effect: Effect = Effect.LOWER_INSTALMENT) -> Schedule:
        """The schedule of what is left: version n+1, same due days, numbers going on.

        Interest runs from the day of the prepayment. ``SHORTER_TERM`` keeps the instalment (of
        equal principal: the principal in it), so the schedule ends earlier. Where the instalment
        of a tiny debt does not even pay the first charge, it cannot be kept and the term is.

        Raises:
            BadInput: nothing is left.
        """
        if not self.left:
            raise BadInput(
                "the loan is settled by this prepayment; no schedule follows",
                field="principal",
                rule="below the outstanding principal",
            )
        kept = self._kept_part() if effect is Effect.SHORTER_TERM else None
        try:
            follower = self._follower(kept)
        except BadInput as refused:
            if kept is None or refused.field != "equal_part":
                raise
            follower = self._follower(None)
        check(follower.outstanding_after(self.paid) == self.left, "a prepayment loses no principal")
        return follower

    def _follower(self, equal_part: Money | None) -> Schedule:
        terms, first = self.schedule.terms, self.schedule.first_number
        return build_version(
            replace(
                terms,
                principal=self.left,
                months=terms.months - self.paid + first - 1,
                start=self.on,
                first_due=None,
                due_dates=planned_days(terms)[self.paid - first + 1 :],
                due_day=terms.seed_day,
                principal_grace=max(0, terms.principal_grace - self.paid + first - 1),
                equal_part=equal_part,
            ),
            first_number=self.paid + 1,
            version=self.schedule.version + 1,
        )

    def _kept_part(self) -> Money | None:
        """The equal part of the version in force, seen on the row before its last."""
        terms, rows = self.schedule.terms, self.schedule.instalments
        if terms.method not in (Method.EQUAL_INSTALMENT, Method.EQUAL_PRINCIPAL):
            return None
        row = rows[-2] if len(rows) > terms.principal_grace + 1 else rows[-1]
        part = row.principal if terms.method is Method.EQUAL_PRINCIPAL else row.total
        return terms.equal_part or part or None


def quote_prepayment(
    schedule: Schedule,
    paid: int,
    on: Day,
    principal: Money | None = None,
    *,
    fee_rate: Rate | None = None,
) -> PrepaymentQuote | Refusal:
    """What prepaying ``principal`` (default: all of it) on ``on`` costs.

    Args:
        schedule: the version in force.
        paid: number of the last paid instalment (one before the first when none is).
        on: from the last paid due day to the day before the next one.
        principal: above zero, at most what is outstanding.
        fee_rate: share of the prepaid principal, where both the contract and the law allow a fee.

    Refusals:
        prepayment_not_allowed: an instalment is due first, or more than is owed.

    Raises:
        BadInput: a principal or a fee rate out of range, another currency, a day too early.
    """
    outstanding = schedule.outstanding_after(paid)
    amount = outstanding if principal is None else principal
    _check(amount, outstanding, fee_rate or Rate.zero())
    if not outstanding:
        return Refusal(PREPAYMENT_NOT_ALLOWED, {"reason": "nothing is outstanding"})
    if on >= schedule.instalment(paid + 1).due:
        reason = f"instalment {paid + 1} is due first"
        return Refusal(PREPAYMENT_NOT_ALLOWED, {"reason": reason})
    if amount > outstanding:
        reason = f"{amount} is more than the {outstanding} owed"
        return Refusal(PREPAYMENT_NOT_ALLOWED, {"reason": reason})
    borrower = {part.name for part in schedule.terms.borrower_components}
    accrued = schedule.accrued(paid, on)
    return PrepaymentQuote(
        schedule,
        paid,
        on,
        amount,
        {name: charge for name, charge in accrued.items() if name in borrower},
        amount.times((fee_rate or Rate.zero()).fraction, schedule.terms.rounding),
    )


def _check(amount: Money, outstanding: Money, fee_rate: Rate) -> None:
    if amount.currency != outstanding.currency:
        raise BadInput(
            f"{amount} does not prepay a loan in {outstanding.currency}",
            code="currency_mismatch",
            field="principal",
            rule="the currency of the loan",
        )
    if amount.minor <= 0 and outstanding:
        raise BadInput(f"{amount} prepays nothing", field="principal", rule="above zero")
    if not 0 <= fee_rate.fraction <= 1:
        raise BadInput(f"a fee of {fee_rate}", field="fee_rate", rule="0 to 1")
