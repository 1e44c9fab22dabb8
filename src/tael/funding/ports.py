"""What funding needs of the outside: a store, a unit of work, a bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from tael.funding.model import (
    Agreement,
    Claim,
    ClaimAnswer,
    ClaimOrder,
    CreditAnswer,
    CreditRequest,
    Disbursement,
    DisbursementOrder,
    Exposure,
    ExposureKey,
    Partner,
    PayoutAnswer,
    Reservation,
)
from tael.kernel import AgreementId, Clock, Day, LoanId, Money, PartnerId, ReservationId
from tael.kernel.facts import Fact


class UnitOfWork(Protocol):
    """The open transaction: tells the time, takes facts and traces that commit with it."""

    @property
    def clock(self) -> Clock: ...

    def emit(self, fact: Fact, key: str) -> None: ...

    def audit(self, action: str, subject: str, detail: Mapping[str, str] | None = None) -> None: ...


class Store(Protocol):
    """What is kept. Reads that say so lock what they read until the unit of work ends."""

    def add_partner(self, partner: Partner) -> None: ...

    def partners(self) -> Sequence[Partner]: ...

    def add_agreement(self, agreement: Agreement) -> None: ...

    def agreements(self) -> Sequence[Agreement]: ...

    def add_credit_answer(self, request: CreditRequest, answer: CreditAnswer) -> None: ...

    def credit_answer(self, key: str) -> CreditAnswer | None: ...

    def exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        """Each key's exposure, zero where there is none."""
        ...

    def lock_exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        """Each key's exposure, locked in the order given; the first key comes before all."""
        ...

    def save_exposures(self, changed: Mapping[ExposureKey, Exposure]) -> None: ...

    def summed_exposures(self) -> dict[ExposureKey, Exposure]:
        """Every exposure above zero, counted anew from the reservations."""
        ...

    def kept_exposures(self) -> dict[ExposureKey, Exposure]:
        """Every exposure above zero, as kept."""
        ...

    def add_reservation(self, reservation: Reservation) -> None: ...

    def save_reservation(self, reservation: Reservation) -> None: ...

    def reservation(self, reservation_id: ReservationId) -> Reservation | None: ...

    def reservation_by_key(self, key: str) -> Reservation | None: ...

    def reservation_of_loan(self, loan: LoanId) -> Reservation | None:
        """The loan's reservation that is not released; None when there is none."""
        ...

    def released_of_loan(self, loan: LoanId) -> Reservation | None:
        """The loan's reservation that was released last; None when there is none."""
        ...

    def exceptional_reservations(self) -> Sequence[Reservation]:
        """Reservations that name an exception, by id."""
        ...

    def in_force_with(self, partner: PartnerId) -> dict[str, Money]:
        """Guaranteed outstanding principal by loan, of confirmed reservations with ``partner``."""
        ...

    def add_movement(self, key: str, reservation_id: ReservationId, amount: Money) -> None: ...

    def is_noted(self, key: str, reservation_id: ReservationId, amount: Money) -> bool:
        """Whether the movement of ``key`` was added before.

        Raises:
            Conflict: it was, with other content.
        """
        ...

    def add_disbursement(self, disbursement: Disbursement) -> None: ...

    def lock_disbursement(self, key: str) -> Disbursement | None: ...

    def save_disbursement(self, disbursement: Disbursement) -> None: ...

    def unsettled_disbursements(self) -> Sequence[Disbursement]: ...

    def add_claim(self, claim: Claim) -> None: ...

    def lock_claim(self, key: str) -> Claim | None: ...

    def save_claim(self, claim: Claim) -> None: ...

    def claim_in_force(self, loan: LoanId, agreement: AgreementId) -> Claim | None:
        """The loan's claim that is neither rejected nor cured; None when there is none."""
        ...

    def unsettled_claims(self) -> Sequence[Claim]: ...


class Bank(Protocol):
    """One partner bank: every call may be made again, the bank does its work once per key."""

    def apply(self, request: CreditRequest) -> CreditAnswer: ...

    def disburse(self, order: DisbursementOrder) -> PayoutAnswer: ...

    def find_disbursement(self, order: DisbursementOrder) -> PayoutAnswer | None: ...

    def claim(self, order: ClaimOrder) -> ClaimAnswer: ...

    def find_claim(self, order: ClaimOrder) -> ClaimAnswer | None: ...

    def balances(self, day: Day) -> Mapping[str, Money]: ...
