"""The guarantee company's room under its limits: taken before money moves, given back after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tael.funding import rules
from tael.funding.agreements import agreement_of
from tael.funding.model import (
    Exposure,
    ExposureKey,
    Limits,
    Reservation,
    ReservationState,
    ReserveRequest,
    Utilisation,
    check_currency,
)
from tael.funding.ports import Store, UnitOfWork
from tael.kernel import (
    BadInput,
    Conflict,
    LoanId,
    Money,
    NotFound,
    Refusal,
    ReservationId,
    check,
)


class Guarantee:
    """Reservations of one guarantee company, all limits checked together under one lock."""

    def __init__(self, store: Store, work: UnitOfWork) -> None:
        self._store = store
        self._work = work

    def reserve(self, request: ReserveRequest, limits: Limits) -> Reservation | Refusal:
        """Take room for ``request`` under every limit, or none of it.

        Two calls at once wait for each other, so they cannot both take the last room. A retry with
        the same key finds the reservation it made.

        Raises:
            BadInput: no amount, or an agreement nobody knows.
            Conflict: the key was used for something else, or the loan has a reservation already.
        """
        if request.amount.minor <= 0:
            raise BadInput("a guarantee covers an amount", field="amount", rule="> 0")
        capacity = agreement_of(self._store, request.agreement).capacity
        keys = rules.keys_of(request)
        before = self._store.lock_exposures(keys)  # everybody who reserves waits here
        known = self._known(request)
        if known is not None:
            return known
        weight = rules.weight_of(request, before[keys[3]].outstanding, limits)
        added = rules.exposure_of(request.amount, weight)
        after = {key: before[key] + added for key in keys}
        refusal = rules.refuse(after, request, limits, capacity)
        if refusal is not None:
            self._work.audit("guarantee.refused", request.loan, {"code": refusal.code})
            return refusal
        reservation = Reservation(
            id=ReservationId.new(self._work.clock.now()),
            request=request,
            weight=weight,
            outstanding=request.amount,
            state=ReservationState.HELD,
        )
        self._store.add_reservation(reservation)
        self._store.save_exposures(after)
        check(self._store.exposures(keys) == after, "a reservation counts in every scope")
        self._work.audit("guarantee.reserved", request.loan, {"amount": str(request.amount)})
        return reservation

    def confirm(self, reservation_id: ReservationId) -> Reservation:
        """The money has moved: the guarantee is in force. Confirming twice changes nothing.

        Raises:
            NotFound: no such reservation.
            Conflict: it was released.
        """
        reservation, _ = self._locked(self._found(reservation_id))
        if reservation.state is ReservationState.CONFIRMED:
            return reservation
        if reservation.state is ReservationState.RELEASED:
            raise Conflict(f"reservation {reservation_id} was released", field="state", rule="held")
        confirmed = replace(reservation, state=ReservationState.CONFIRMED)
        self._store.save_reservation(confirmed)
        self._work.audit("guarantee.confirmed", reservation.request.loan)
        return confirmed

    def release(self, reservation_id: ReservationId, reason: str) -> Reservation:
        """Give back all room that is left (``reason`` is a code). Twice changes nothing.

        Raises:
            NotFound: no such reservation.
        """
        reservation, before = self._locked(self._found(reservation_id))
        if reservation.state is ReservationState.RELEASED:
            return reservation
        nothing = Money.zero(reservation.outstanding.currency)
        ended = replace(reservation, exception="")
        released = self._change(ended, before, nothing, ReservationState.RELEASED)
        self._work.audit("guarantee.released", reservation.request.loan, {"reason": reason})
        return released

    def reduce(self, loan: LoanId, principal: Money, *, key: str) -> Reservation:
        """Principal was repaid, so less is guaranteed; ``key`` counts once.

        Raises:
            BadInput: not above zero, or more than is outstanding.
            NotFound: the loan is not guaranteed (any more).
            Conflict: the key was used with other content.
        """
        return self._moved(loan, -principal, key=key)

    def restore(self, loan: LoanId, principal: Money, *, key: str) -> Reservation:
        """A repayment was reversed, so more is guaranteed again, whatever the limits say.

        Raises: as ``reduce``; BadInput when more than the original amount would be outstanding.
        """
        return self._moved(loan, principal, key=key)

    def reinstate(self, loan: LoanId, principal: Money, limits: Limits, *, key: str) -> Reservation:
        """A repayment was reversed after which the loan was settled: its guarantee is back.

        A payment that never came discharged nobody, so the guarantee never ended (Civil Code of
        China, art. 557: an obligation ends by its performance). The room is taken again under the
        limits; when one of them has none left, the guarantee counts all the same, for the bank's
        claim does not ask for our limits. It is then an exception: it names the limit, stands in
        ``exceptions`` and the audit trail, and new reservations wait until there is room.

        Raises:
            BadInput: not above zero, or more than was guaranteed.
            NotFound: the loan was never guaranteed.
            Conflict: the key was used with other content.
        """
        check_currency(principal, "principal")
        found = self._store.reservation_of_loan(loan) or self._store.released_of_loan(loan)
        if found is None:
            raise NotFound(f"loan {loan} was never guaranteed", field="loan")
        reservation, before = self._locked(found)
        if self._store.is_noted(key, reservation.id, principal):
            return reservation
        self._check_within(reservation, principal)
        keys = rules.keys_of(reservation.request)
        added = rules.exposure_of(principal, reservation.weight)
        after = {each: before[each] + added for each in keys}
        capacity = agreement_of(self._store, reservation.request.agreement).capacity
        refusal = rules.refuse(after, reservation.request, limits, capacity)
        exception = refusal.code if refusal is not None else ""
        self._store.add_movement(key, reservation.id, principal)
        left = reservation.outstanding + principal
        back = replace(reservation, exception=exception)
        kept = self._change(back, before, left, ReservationState.CONFIRMED)
        detail = {"amount": str(principal), "exception": exception}
        self._work.audit("guarantee.reinstated", loan, detail)
        return kept

    def exceptions(self) -> Sequence[Reservation]:
        """Guarantees in force that came back although a limit had no room for them, by id."""
        return self._store.exceptional_reservations()

    def of_loan(self, loan: LoanId) -> Reservation | None:
        """The loan's reservation, held or in force."""
        return self._store.reservation_of_loan(loan)

    def utilisation(self, limits: Limits) -> Utilisation:
        """How much of the limits is used now."""
        kept = self._store.kept_exposures()
        total = kept.get(rules.GUARANTOR, _nothing(limits.net_assets.currency))
        used = {key.subject: exposure.outstanding for key, exposure in kept.items()}
        return Utilisation(
            total=total,
            net_assets=limits.net_assets,
            leverage=rules.leverage(total.weighted, limits.net_assets),
            head_room=rules.leverage_limit(limits) - total.weighted,
            agreements=tuple(
                (each, used.get(each.id, Money.zero(each.capacity.currency)))
                for each in self._store.agreements()
            ),
        )

    def verify(self) -> None:
        """Count every exposure anew from the reservations.

        Raises:
            InvariantBroken: a kept exposure differs from the sum of its reservations.
        """
        check(
            self._store.kept_exposures() == self._store.summed_exposures(),
            "each exposure is the sum of its reservations",
        )

    def _known(self, request: ReserveRequest) -> Reservation | None:
        known = self._store.reservation_by_key(request.key)
        if known is not None and known.request != request:
            raise Conflict(
                f"key {request.key!r} reserved something else", field="key", rule="one key, one use"
            )
        if known is None and self._store.reservation_of_loan(request.loan) is not None:
            raise Conflict(
                f"loan {request.loan} is reserved already", field="loan", rule="one at a time"
            )
        return known

    def _moved(self, loan: LoanId, change: Money, *, key: str) -> Reservation:
        check_currency(change, "principal")
        if not change:
            raise BadInput("a movement has an amount", field="principal", rule="> 0")
        found = self._store.reservation_of_loan(loan)
        if found is None:
            raise NotFound(f"loan {loan} is not guaranteed", field="loan")
        reservation, before = self._locked(found)
        if self._store.is_noted(key, reservation.id, change):
            return reservation
        self._check_within(reservation, change)
        self._store.add_movement(key, reservation.id, change)
        left = reservation.outstanding + change
        return self._change(reservation, before, left, reservation.state)

    def _check_within(self, reservation: Reservation, change: Money) -> None:
        left = reservation.outstanding + change
        if not Money.zero(left.currency) <= left <= reservation.request.amount:
            loan = reservation.request.loan
            raise BadInput(
                f"{change} moves {reservation.outstanding} of loan {loan} out of its bounds",
                field="principal",
                rule="0 <= outstanding <= guaranteed amount",
            )

    def _found(self, reservation_id: ReservationId) -> Reservation:
        reservation = self._store.reservation(reservation_id)
        if reservation is None:
            raise NotFound(f"no reservation {reservation_id}", field="reservation")
        return reservation

    def _locked(self, found: Reservation) -> tuple[Reservation, dict[ExposureKey, Exposure]]:
        """The reservation as it is after the lock, for what was read before it may be stale."""
        before = self._store.lock_exposures(rules.keys_of(found.request))
        return self._found(found.id), before

    def _change(
        self,
        reservation: Reservation,
        before: dict[ExposureKey, Exposure],
        outstanding: Money,
        state: ReservationState,
    ) -> Reservation:
        old = rules.exposure_of(reservation.outstanding, reservation.weight)
        new = rules.exposure_of(outstanding, reservation.weight)
        after = {key: each - old + new for key, each in before.items()}
        for key, each in after.items():
            positive = each.outstanding.minor >= 0 and each.weighted.minor >= 0
            check(positive, f"{key.scope.value} exposure is not negative")
        changed = replace(reservation, outstanding=outstanding, state=state)
        self._store.save_reservation(changed)
        self._store.save_exposures(after)
        check(self._store.reservation(changed.id) == changed, "a reservation is kept as changed")
        return changed


def _nothing(currency: str) -> Exposure:
    return Exposure(Money.zero(currency), Money.zero(currency))
