"""What becomes of an accepted loan, in money. The conventions are few, stated, and all here.

- Lent on the day of approval, the approved amount: later columns are not read.
- A paid loan ends at its imputed term (``train.expected_terms``): an assumption.
- A defaulted loan ends on its recorded day with its recorded loss, at most its principal. The file
  has no recoveries apart from that: the guaranteed part of the loss is compensated and written off.
- Between its two ends the balance falls in a straight line: interest and fee are earned on the mean
  of both, actual days over 365, the fee on the guaranteed part. A defaulted loan earns nothing in
  its last 180 days.
- The guarantor owes the platform a quarter of the fee.
"""

from __future__ import annotations

from decimal import Decimal

from tael.app.replay.model import Decision, Ending, Life
from tael.app.replay.train import Terms
from tael.kernel import Day, Money, Rate, check
from tael.pricing import DayCount, interest

SERVICING_SHARE = Rate.percent("25")
"""What the platform gets of the guarantee fee."""

NON_ACCRUAL_DAYS = 180
"""Days before a default in which nothing is earned."""

_HALF = Decimal("0.5")


def life_of(decision: Decision, terms: Terms) -> Life:
    """The life of an accepted loan whose ending is known."""
    loan = decision.loan
    check(decision.approved and loan.ending is not Ending.UNKNOWN, "an accepted, known loan")
    if loan.defaulted_on is None:
        ends = loan.approved.plus_months(terms.expected(loan.amount))
        return _lived(decision, ends, Money.zero(loan.amount.currency), earns_until=ends)
    stops = max(loan.approved, loan.defaulted_on.plus_days(-NON_ACCRUAL_DAYS))
    return _lived(decision, loan.defaulted_on, min(loan.loss, loan.amount), earns_until=stops)


def _lived(decision: Decision, ends: Day, loss: Money, *, earns_until: Day) -> Life:
    loan = decision.loan
    shares = [loan.guaranteed.minor, loan.amount.minor - loan.guaranteed.minor]
    claim, bank_loss = loss.split(shares)
    mean = (loan.amount + loss).times(_HALF)
    guaranteed = mean.split(shares)[0]
    span = (loan.approved, earns_until, DayCount.ACT_365)
    fee = interest(guaranteed, decision.guarantee_fee, *span)
    life = Life(
        decision=decision,
        ends=ends,
        interest=interest(mean, decision.bank_interest, *span),
        fee=fee,
        servicing=fee.times(SERVICING_SHARE.fraction),
        repaid=loan.amount - loss,
        claim=claim,
        bank_loss=bank_loss,
        assumed=loan.ending is Ending.PAID,
    )
    check(life.repaid + life.loss == loan.amount, "repaid and lost add up to what was lent")
    return life
