"""A store and a unit of work that forget: for examples, unit tests and simulations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tael.funding import rules
from tael.funding.model import (
    LIMIT_CURRENCY,
    Agreement,
    Claim,
    ClaimState,
    CreditAnswer,
    CreditRequest,
    Disbursement,
    Exposure,
    ExposureKey,
    Partner,
    PayoutState,
    Reservation,
    ReservationState,
)
from tael.kernel import AgreementId, Clock, Conflict, LoanId, Money, PartnerId, ReservationId
from tael.kernel.facts import Fact

_NOTHING = Exposure(Money.zero(LIMIT_CURRENCY), Money.zero(LIMIT_CURRENCY))
_FINAL_PAYOUTS = (PayoutState.DISBURSED, PayoutState.FAILED)
_OPEN_CLAIMS = (ClaimState.ELIGIBLE, ClaimState.CLAIMED, ClaimState.UNKNOWN)
_ENDED_CLAIMS = (ClaimState.REJECTED, ClaimState.CURED)


class MemoryWork:
    """A unit of work that keeps facts and traces in lists."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.facts: dict[str, Fact] = {}
        self.traces: list[tuple[str, str, dict[str, str]]] = []

    def emit(self, fact: Fact, key: str) -> None:
        self.facts.setdefault(key, fact)

    def audit(self, action: str, subject: str, detail: Mapping[str, str] | None = None) -> None:
        self.traces.append((action, subject, dict(detail or {})))


class MemoryStore:
    """Dictionaries; one thread at a time, so its locks are nothing."""

    def __init__(self) -> None:
        self._partners: dict[str, Partner] = {}
        self._agreements: dict[str, Agreement] = {}
        self._credit: dict[str, CreditAnswer] = {}
        self._exposures: dict[ExposureKey, Exposure] = {}
        self._reservations: dict[str, Reservation] = {}
        self._movements: dict[str, tuple[str, Money]] = {}
        self._disbursements: dict[str, Disbursement] = {}
        self._claims: dict[str, Claim] = {}

    def add_partner(self, partner: Partner) -> None:
        self._partners[partner.id] = partner

    def partners(self) -> Sequence[Partner]:
        return [self._partners[key] for key in sorted(self._partners)]

    def add_agreement(self, agreement: Agreement) -> None:
        self._agreements[agreement.id] = agreement

    def agreements(self) -> Sequence[Agreement]:
        return [self._agreements[key] for key in sorted(self._agreements)]

    def add_credit_answer(self, request: CreditRequest, answer: CreditAnswer) -> None:
        self._credit[request.key] = answer

    def credit_answer(self, key: str) -> CreditAnswer | None:
        return self._credit.get(key)

    def exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        return {key: self._exposures.get(key, _NOTHING) for key in keys}

    def lock_exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        return self.exposures(keys)

    def save_exposures(self, changed: Mapping[ExposureKey, Exposure]) -> None:
        self._exposures.update(changed)

    def summed_exposures(self) -> dict[ExposureKey, Exposure]:
        return summed(self._reservations.values())

    def kept_exposures(self) -> dict[ExposureKey, Exposure]:
        return {key: each for key, each in self._exposures.items() if each.outstanding}

    def add_reservation(self, reservation: Reservation) -> None:
        self._reservations[reservation.id] = reservation

    def save_reservation(self, reservation: Reservation) -> None:
        self._reservations[reservation.id] = reservation

    def reservation(self, reservation_id: ReservationId) -> Reservation | None:
        return self._reservations.get(reservation_id)

    def reservation_by_key(self, key: str) -> Reservation | None:
        return next((x for x in self._reservations.values() if x.request.key == key), None)

    def reservation_of_loan(self, loan: LoanId) -> Reservation | None:
        for each in self._reservations.values():
            if each.request.loan == loan and each.state is not ReservationState.RELEASED:
                return each
        return None

    def released_of_loan(self, loan: LoanId) -> Reservation | None:
        released = [
            each
            for each in self._reservations.values()
            if each.request.loan == loan and each.state is ReservationState.RELEASED
        ]
        return max(released, key=lambda each: each.id, default=None)

    def exceptional_reservations(self) -> Sequence[Reservation]:
        named = [each for each in self._reservations.values() if each.exception]
        return sorted(named, key=lambda each: each.id)

    def in_force_with(self, partner: PartnerId) -> dict[str, Money]:
        theirs = {each.id for each in self._agreements.values() if each.partner == partner}
        return {
            str(each.request.loan): each.outstanding
            for each in self._reservations.values()
            if each.state is ReservationState.CONFIRMED and each.request.agreement in theirs
        }

    def add_movement(self, key: str, reservation_id: ReservationId, amount: Money) -> None:
        self._movements[key] = (str(reservation_id), amount)

    def is_noted(self, key: str, reservation_id: ReservationId, amount: Money) -> bool:
        return same_movement(key, self._movements.get(key), (str(reservation_id), amount))

    def add_disbursement(self, disbursement: Disbursement) -> None:
        self._disbursements[disbursement.order.key] = disbursement

    def lock_disbursement(self, key: str) -> Disbursement | None:
        return self._disbursements.get(key)

    def save_disbursement(self, disbursement: Disbursement) -> None:
        self._disbursements[disbursement.order.key] = disbursement

    def unsettled_disbursements(self) -> Sequence[Disbursement]:
        return [x for x in self._disbursements.values() if x.state not in _FINAL_PAYOUTS]

    def add_claim(self, claim: Claim) -> None:
        self._claims[claim.order.key] = claim

    def lock_claim(self, key: str) -> Claim | None:
        return self._claims.get(key)

    def save_claim(self, claim: Claim) -> None:
        self._claims[claim.order.key] = claim

    def claim_in_force(self, loan: LoanId, agreement: AgreementId) -> Claim | None:
        for each in self._claims.values():
            same = (each.order.loan, each.order.agreement) == (loan, agreement)
            if same and each.state not in _ENDED_CLAIMS:
                return each
        return None

    def unsettled_claims(self) -> Sequence[Claim]:
        return [claim for claim in self._claims.values() if claim.state in _OPEN_CLAIMS]


def summed(reservations: Iterable[Reservation]) -> dict[ExposureKey, Exposure]:
    """Exposures above zero, added up from ``reservations``."""
    sums: dict[ExposureKey, Exposure] = {}
    for each in reservations:
        added = rules.exposure_of(each.outstanding, each.weight)
        for key in rules.keys_of(each.request):
            sums[key] = sums.get(key, _NOTHING) + added
    return {key: each for key, each in sums.items() if each.outstanding}


def same_movement(key: str, known: tuple[str, Money] | None, content: tuple[str, Money]) -> bool:
    """Whether a movement is ``known``; a key that is known with other content is refused."""
    if known is not None and known != content:
        raise Conflict(f"key {key!r} moved something else", field="key", rule="one key, one use")
    return known is not None
