"""Who hears which fact: as principal is repaid, or owed again, guarantee and bank follow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tael.app.installation import Installation
from tael.funding import BankClient
from tael.kernel import LoanId, PartnerId, facts
from tael.platform import Handler, Work


def handlers(house: Installation, banks: Mapping[PartnerId, BankClient]) -> Sequence[Handler]:
    """The handlers of one installation, with the wires to its ``banks``."""
    repayments = (facts.RepaymentReceived, facts.RepaymentReversed)
    return [
        Handler(
            "reduce_guarantee", (*repayments, facts.LoanSettled), partial(_move_guarantee, house)
        ),
        Handler("tell_bank", repayments, partial(_tell_bank, house, banks)),
    ]


def _move_guarantee(house: Installation, work: Work, fact: facts.Fact) -> None:
    guarantee = house.rooms(work).funding.guarantee
    if isinstance(fact, facts.RepaymentReceived) and fact.principal:
        guarantee.reduce(fact.loan_id, fact.principal, key=_key(fact.loan_id, fact.event))
    elif isinstance(fact, facts.RepaymentReversed) and fact.amount:
        key = _key(fact.loan_id, fact.event)
        if guarantee.of_loan(fact.loan_id) is not None:
            guarantee.restore(fact.loan_id, fact.amount, key=key)
        else:  # the repayment that settled the loan has bounced
            limits = house.limits(work, fact.day)
            guarantee.reinstate(fact.loan_id, fact.amount, limits, key=key)
    elif isinstance(fact, facts.LoanSettled):
        reservation = guarantee.of_loan(fact.loan_id)
        if reservation is not None:
            guarantee.release(reservation.id, "settled")


def _tell_bank(
    house: Installation, banks: Mapping[PartnerId, BankClient], work: Work, fact: facts.Fact
) -> None:
    # The calls are keyed: delivered again after a crash, the bank has them already.
    if isinstance(fact, facts.RepaymentReceived) and fact.principal:
        bank, key = _bank_of(house, banks, work, fact.loan_id), _key(fact.loan_id, fact.event)
        bank.repay(fact.loan_id, fact.principal, day=fact.day, key=key)
    elif isinstance(fact, facts.RepaymentReversed) and fact.amount:
        bank, key = _bank_of(house, banks, work, fact.loan_id), _key(fact.loan_id, fact.event)
        bank.reverse(fact.loan_id, fact.amount, day=fact.day, key=key)


def _bank_of(
    house: Installation, banks: Mapping[PartnerId, BankClient], work: Work, loan_id: LoanId
) -> BankClient:
    state = house.rooms(work).servicing.state(loan_id)
    return banks[PartnerId(state.contract.dimensions.partner)]


def _key(loan_id: LoanId, event: str) -> str:
    return f"{loan_id}:{event}"
