"""Who hears which fact: guarantees shrink as principal is repaid, and end with their loan."""

from __future__ import annotations

from collections.abc import Sequence

from tael.app.installation import Installation
from tael.kernel import LoanId, facts
from tael.platform import Handler, Work


def handlers(house: Installation) -> Sequence[Handler]:
    """The handlers of one installation; each sees a fact once."""

    def reduce_guarantee(work: Work, fact: facts.Fact) -> None:
        funding = house.rooms(work).funding
        if isinstance(fact, facts.RepaymentReceived) and fact.principal:
            funding.guarantee.reduce(
                fact.loan_id, fact.principal, key=_key(fact.loan_id, fact.event)
            )
        elif isinstance(fact, facts.RepaymentReversed) and fact.amount:
            funding.guarantee.restore(fact.loan_id, fact.amount, key=_key(fact.loan_id, fact.event))
        elif isinstance(fact, facts.LoanSettled):
            reservation = funding.guarantee.of_loan(fact.loan_id)
            if reservation is not None:
                funding.guarantee.release(reservation.id, "settled")

    kinds = (facts.RepaymentReceived, facts.RepaymentReversed, facts.LoanSettled)
    return [Handler("reduce_guarantee", kinds, reduce_guarantee)]


def _key(loan_id: LoanId, event: str) -> str:
    return f"{loan_id}:{event}"
