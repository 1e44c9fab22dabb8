"""Who hears which fact: as principal is repaid the guarantee shrinks and the bank is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tael.app.installation import Installation
from tael.funding import BankClient
from tael.kernel import LoanId, PartnerId, facts
from tael.platform import Handler, Work


def handlers(house: Installation, banks: Mapping[PartnerId, BankClient]) -> Sequence[Handler]:
    """The handlers of one installation, with the wires to its ``banks``."""

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

    def tell_bank(work: Work, fact: facts.Fact) -> None:
        # The call is keyed: delivered again after a crash, the bank has it already.
        if isinstance(fact, facts.RepaymentReceived) and fact.principal:
            state = house.rooms(work).servicing.state(fact.loan_id)
            bank = banks[PartnerId(state.contract.dimensions.partner)]
            key = _key(fact.loan_id, fact.event)
            bank.repay(fact.loan_id, fact.principal, day=fact.day, key=key)

    kinds = (facts.RepaymentReceived, facts.RepaymentReversed, facts.LoanSettled)
    return [
        Handler("reduce_guarantee", kinds, reduce_guarantee),
        Handler("tell_bank", (facts.RepaymentReceived,), tell_bank),
    ]


def _key(loan_id: LoanId, event: str) -> str:
    return f"{loan_id}:{event}"
