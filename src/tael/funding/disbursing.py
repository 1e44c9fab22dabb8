"""Disbursements: what the bank was told to pay, and what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tael.funding import rules
from tael.funding.agreements import agreement_of
from tael.funding.guarantee import Guarantee
from tael.funding.model import (
    PAYOUT_MOVES,
    Disbursement,
    DisbursementOrder,
    PayoutAnswer,
    PayoutState,
    ReservationState,
)
from tael.funding.ports import Store, UnitOfWork
from tael.kernel import BadInput, Conflict, NotFound, check

_SETTLED = frozenset({PayoutState.DISBURSED, PayoutState.FAILED})


class Disbursements:
    """The state of each payout; the bank itself is called between two units of work."""

    def __init__(self, store: Store, work: UnitOfWork, guarantee: Guarantee) -> None:
        self._store = store
        self._work = work
        self._guarantee = guarantee

    def order(self, order: DisbursementOrder) -> Disbursement:
        """Note an order (REQUESTED) whose reservation is held; a retry finds the first.

        Raises:
            BadInput: the reservation is of another loan, agreement or amount.
            Conflict: the key was used for another order, or the reservation is not held.
        """
        known = self._store.lock_disbursement(order.key)
        if known is not None:
            if known.order != order:
                raise Conflict(
                    f"key {order.key!r} ordered something else",
                    field="key",
                    rule="one key, one use",
                )
            return known
        self._check_reservation(order)
        partner = agreement_of(self._store, order.agreement).partner
        disbursement = Disbursement(order=order, partner=partner, state=PayoutState.REQUESTED)
        self._store.add_disbursement(disbursement)
        self._work.audit("disbursement.ordered", order.loan, {"amount": str(order.amount)})
        return disbursement

    def begin(self, key: str) -> Disbursement:
        """About to call the bank: REQUESTED becomes DISBURSING; any other state stays.

        Raises:
            NotFound: no such order.
        """
        disbursement = self._known(key)
        if disbursement.state is not PayoutState.REQUESTED:
            return disbursement
        return self._moved(disbursement, PayoutState.DISBURSING, "", "")

    def settle(self, key: str, answer: PayoutAnswer) -> Disbursement:
        """Note the bank's answer: DISBURSED confirms the reservation, FAILED releases it.

        The same answer again, and a missing one (UNKNOWN) after a real one, change nothing.

        Raises:
            NotFound: no such order.
            Conflict: the bank contradicts what it answered before.
        """
        before = self._known(key)
        self._check_answer(before, answer)
        missing = before.state in _SETTLED and answer.state is PayoutState.UNKNOWN
        if before.state is answer.state or missing:
            return before
        after = self._moved(before, answer.state, answer.reason, answer.reference)
        if after.state is PayoutState.DISBURSED:
            kept = self._guarantee.confirm(before.order.reservation)
            check(kept.outstanding == answer.amount, "what was paid is what is guaranteed")
        elif after.state is PayoutState.FAILED:
            self._guarantee.release(before.order.reservation, "disbursement_failed")
        return after

    def find(self, key: str) -> Disbursement:
        """Where the order of ``key`` stands.

        Raises:
            NotFound: no such order.
        """
        return self._known(key)

    def unsettled(self) -> Sequence[Disbursement]:
        """Orders without a final answer, oldest first: what a restart takes up again."""
        return self._store.unsettled_disbursements()

    def _check_answer(self, before: Disbursement, answer: PayoutAnswer) -> None:
        paid = answer.state is PayoutState.DISBURSED
        another = before.state is PayoutState.DISBURSED and answer.reference != before.reference
        if paid and (another or answer.amount != before.order.amount):
            raise Conflict(
                f"the bank says it paid {answer.amount} as {answer.reference} for the order "
                f"{before.order.key!r} of {before.order.amount} {before.reference}".rstrip(),
                code="bank_differs",
                field="answer",
                rule="one payout of the ordered amount",
            )

    def _check_reservation(self, order: DisbursementOrder) -> None:
        reservation = self._store.reservation(order.reservation)
        if reservation is None or reservation.state is not ReservationState.HELD:
            raise Conflict(
                f"loan {order.loan} has no reservation that is held",
                field="reservation",
                rule="limits are reserved before money moves",
            )
        held = reservation.request
        if (held.loan, held.agreement, held.amount) != (order.loan, order.agreement, order.amount):
            raise BadInput(
                f"reservation {order.reservation} is of another loan, agreement or amount",
                field="reservation",
                rule="order and reservation agree",
            )

    def _moved(
        self, before: Disbursement, to: PayoutState, reason: str, reference: str
    ) -> Disbursement:
        state = rules.move(before.state, to, PAYOUT_MOVES)
        after = replace(before, state=state, reason=reason, reference=reference)
        self._store.save_disbursement(after)
        self._work.audit(f"disbursement.{state.value}", before.order.loan)
        return after

    def _known(self, key: str) -> Disbursement:
        known = self._store.lock_disbursement(key)
        if known is None:
            raise NotFound(f"no disbursement {key!r}", field="key")
        return known
