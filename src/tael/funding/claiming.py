"""Compensation claims: what the guarantor owes the bank, verified by the bank, paid once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tael.funding import rules
from tael.funding.agreements import agreement_of
from tael.funding.guarantee import Guarantee
from tael.funding.model import CLAIM_MOVES, Claim, ClaimAnswer, ClaimOrder, ClaimState, Limits
from tael.funding.ports import Store, UnitOfWork
from tael.kernel import BadInput, Conflict, Money, NotFound, Refusal, check

_ANSWERED = frozenset(
    {
        ClaimState.VERIFIED,
        ClaimState.DISPUTED,
        ClaimState.REJECTED,
        ClaimState.PAID,
        ClaimState.CONFIRMED,
    }
)


class Claims:
    """The state of each claim; the bank itself is called between two units of work."""

    def __init__(self, store: Store, work: UnitOfWork, guarantee: Guarantee) -> None:
        self._store = store
        self._work = work
        self._guarantee = guarantee

    def order(self, order: ClaimOrder, limits: Limits) -> Claim | Refusal:
        """Note a claim (ELIGIBLE) on a guaranteed loan, once per loan and agreement.

        Refuses with ``not_guaranteed``, ``claim_too_early`` or ``already_claimed``.

        Raises:
            BadInput: a negative part, or principal that is not what is guaranteed.
            Conflict: the key was used for another claim.
        """
        known = self._store.lock_claim(order.key)
        if known is not None:
            if known.order != order:
                raise Conflict(
                    f"key {order.key!r} claimed something else",
                    field="key",
                    rule="one key, one use",
                )
            return known
        reservation = self._guarantee.of_loan(order.loan)
        code = rules.refuse_claim(order, reservation, limits)
        if not code and self._store.claim_in_force(order.loan, order.agreement):
            code = "already_claimed"
        if code or reservation is None:
            return Refusal(code, {"loan": order.loan, "days_past_due": str(order.days_past_due)})
        self._check_parts(order, reservation.outstanding)
        partner = agreement_of(self._store, order.agreement).partner
        claim = Claim(order=order, partner=partner, state=ClaimState.ELIGIBLE)
        self._store.add_claim(claim)
        self._work.audit("claim.ordered", order.loan, {"amount": str(order.amount)})
        return claim

    def begin(self, key: str) -> Claim:
        """About to send the claim: ELIGIBLE becomes CLAIMED; any other state stays.

        Raises:
            NotFound: no such claim.
        """
        claim = self._known(key)
        return (
            self._moved(claim, ClaimState.CLAIMED) if claim.state is ClaimState.ELIGIBLE else claim
        )

    def settle(self, key: str, answer: ClaimAnswer) -> Claim:
        """Note the bank's answer; the same again, or one that comes late, changes nothing.

        Raises:
            NotFound: no such claim.
            Conflict: the bank contradicts what it answered before.
        """
        before = self._known(key)
        late = before.state in _ANSWERED and answer.state is ClaimState.UNKNOWN
        paid = before.state in (ClaimState.PAID, ClaimState.CONFIRMED)
        if before.state is answer.state or late or (paid and answer.state is ClaimState.VERIFIED):
            return before
        if answer.state is ClaimState.VERIFIED and answer.amount != before.order.amount:
            raise Conflict(
                f"the bank verified {answer.amount} of the claim {key!r} of {before.order.amount}",
                code="bank_differs",
                field="answer",
                rule="compensation paid = claim verified",
            )
        return self._moved(before, answer.state, answer.reason)

    def pay(self, key: str, amount: Money) -> Claim:
        """The guarantor has paid the bank: the guarantee of the loan ends. Twice changes nothing.

        Raises:
            NotFound: no such claim.
            BadInput: another amount than verified.
            Conflict: not verified.
        """
        before = self._known(key)
        if amount != before.order.amount:
            raise BadInput(
                f"claim {key!r} is over {before.order.amount}, not {amount}",
                field="amount",
                rule="compensation paid = claim verified",
            )
        if before.state in (ClaimState.PAID, ClaimState.CONFIRMED):
            return before
        after = self._moved(before, ClaimState.PAID)
        reservation = self._guarantee.of_loan(before.order.loan)
        check(reservation is not None, "a claim that is paid was guaranteed")
        if reservation is not None:
            self._guarantee.release(reservation.id, "compensated")
        return after

    def confirm(self, key: str) -> Claim:
        """The bank has the money. Twice changes nothing.

        Raises:
            NotFound: no such claim.
            Conflict: not paid.
        """
        claim = self._known(key)
        return (
            claim
            if claim.state is ClaimState.CONFIRMED
            else self._moved(claim, ClaimState.CONFIRMED)
        )

    def cure(self, key: str) -> Claim:
        """The borrower paid before the claim was sent: it ends.

        Raises:
            NotFound: no such claim.
            Conflict: it was sent already.
        """
        return self._moved(self._known(key), ClaimState.CURED)

    def reject(self, key: str, reason: str) -> Claim:
        """The bank was right to dispute the claim: it ends, another may be made.

        Raises:
            NotFound: no such claim.
            Conflict: it is not disputed.
        """
        return self._moved(self._known(key), ClaimState.REJECTED, reason)

    def find(self, key: str) -> Claim:
        """Where the claim of ``key`` stands.

        Raises:
            NotFound: no such claim.
        """
        return self._known(key)

    def unsettled(self) -> Sequence[Claim]:
        """Claims the bank has not answered, oldest first: what a restart takes up again."""
        return self._store.unsettled_claims()

    def _check_parts(self, order: ClaimOrder, guaranteed: Money) -> None:
        parts = (order.principal, order.interest, order.penalty)
        if any(part.minor < 0 for part in parts) or order.principal != guaranteed:
            raise BadInput(
                f"loan {order.loan} guarantees {guaranteed} of principal, not {order.principal}",
                field="principal",
                rule="the guaranteed principal, no part negative",
            )

    def _moved(self, before: Claim, to: ClaimState, reason: str = "") -> Claim:
        after = replace(before, state=rules.move(before.state, to, CLAIM_MOVES), reason=reason)
        self._store.save_claim(after)
        self._work.audit(f"claim.{to.value}", before.order.loan)
        return after

    def _known(self, key: str) -> Claim:
        known = self._store.lock_claim(key)
        if known is None:
            raise NotFound(f"no claim {key!r}", field="key")
        return known
