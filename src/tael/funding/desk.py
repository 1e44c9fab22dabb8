"""Talking to banks: a unit of work before the call, none during it, one after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tael.funding.model import (
    Claim,
    ClaimState,
    CreditAnswer,
    CreditRequest,
    Disbursement,
    PayoutState,
)
from tael.funding.ports import Bank
from tael.funding.service import Funding
from tael.kernel import BadInput, PartnerId

_PAID_OR_FAILED = (PayoutState.DISBURSED, PayoutState.FAILED)
_UNANSWERED = (ClaimState.CLAIMED, ClaimState.UNKNOWN)


def _nothing(_funding: Funding, _disbursement: Disbursement) -> None:
    """Do nothing more in the unit of work that notes a disbursement."""


class BankDesk:
    """Calls banks about what is noted, and notes what they answer. Every method may run again.

    No transaction is open while a bank is called. A crash between call and note leaves the order
    DISBURSING (a claim: CLAIMED); the next run asks the bank by key and sends only what it has
    never carried out, under the same key.

    Args:
        open_unit: opens a unit of work and yields the room in it.
        banks: the wire to each partner.
        on_disbursed: called in the very unit of work that turns an order DISBURSED, once: books
            the loan.
    """

    def __init__(
        self,
        open_unit: Callable[[], AbstractContextManager[Funding]],
        banks: Mapping[PartnerId, Bank],
        on_disbursed: Callable[[Funding, Disbursement], None] = _nothing,
    ) -> None:
        self._open_unit = open_unit
        self._banks = banks
        self._on_disbursed = on_disbursed

    def ask(self, request: CreditRequest) -> CreditAnswer:
        """The bank's own decision on an application, asked once and noted.

        Raises:
            OutsideFailure: the bank is silent; ask again.
            BadInput: no wire to the partner.
        """
        with self._open_unit() as funding:
            known = funding.credit_answer(request)
        if known is not None:
            return known
        answer = self._bank(request.partner).apply(request)
        with self._open_unit() as funding:
            funding.record_credit_answer(request, answer)
        return answer

    def disburse(self, key: str) -> Disbursement:
        """Pay out the order of ``key``; UNKNOWN while the bank is silent: run it again later.

        Raises:
            NotFound: no such order.
            Conflict: the bank contradicts itself or our books.
            BadInput: no wire to the partner.
        """
        with self._open_unit() as funding:
            first = funding.disbursements.find(key).state is PayoutState.REQUESTED
            order = funding.disbursements.begin(key)
        if order.state in _PAID_OR_FAILED:
            return order
        bank = self._bank(order.partner)
        # A 404 only means that the bank has not done it yet: the first try may still be under way,
        # so it never turns an order FAILED; sending again under the same key is safe.
        answer = None if first else bank.find_disbursement(order.order)
        if answer is None:
            answer = bank.disburse(order.order)
        if answer.state is PayoutState.UNKNOWN:
            answer = bank.find_disbursement(order.order) or answer
        with self._open_unit() as funding:
            before = funding.disbursements.find(key).state
            after = funding.disbursements.settle(key, answer)
            if after.state is PayoutState.DISBURSED and before is not PayoutState.DISBURSED:
                self._on_disbursed(funding, after)
        return after

    def claim(self, key: str) -> Claim:
        """Send the claim of ``key``; UNKNOWN while the bank is silent: run it again later.

        Raises:
            NotFound: no such claim.
            Conflict: the bank contradicts itself or our books.
            BadInput: no wire to the partner.
        """
        with self._open_unit() as funding:
            first = funding.claims.find(key).state is ClaimState.ELIGIBLE
            claim = funding.claims.begin(key)
        if claim.state not in _UNANSWERED:
            return claim
        bank = self._bank(claim.partner)
        answer = None if first else bank.find_claim(claim.order)
        if answer is None:
            answer = bank.claim(claim.order)
        if answer.state is ClaimState.UNKNOWN:
            answer = bank.find_claim(claim.order) or answer
        with self._open_unit() as funding:
            return funding.claims.settle(key, answer)

    def resume(self) -> tuple[Disbursement | Claim, ...]:
        """Take up again whatever has no final answer: after a restart, and now and then."""
        with self._open_unit() as funding:
            payouts = [each.order.key for each in funding.disbursements.unsettled()]
            claims = [each.order.key for each in funding.claims.unsettled()]
        return (*map(self.disburse, payouts), *map(self.claim, claims))

    def _bank(self, partner: PartnerId) -> Bank:
        bank = self._banks.get(partner)
        if bank is None:
            raise BadInput(f"no wire to partner {partner}", field="partner", rule="a bank we call")
        return bank
