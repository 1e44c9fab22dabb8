"""All SQL of the room: schema ``funding``, sums in minor units, a row to lock for each scope."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from tael.funding.memory import same_movement, summed
from tael.funding.model import (
    LIMIT_CURRENCY,
    Agreement,
    AgreementRole,
    Claim,
    ClaimOrder,
    ClaimState,
    CreditAnswer,
    CreditRequest,
    Disbursement,
    DisbursementOrder,
    Exposure,
    ExposureKey,
    Partner,
    PartnerKind,
    PayoutState,
    Reservation,
    ReservationState,
    ReserveRequest,
    Scope,
)
from tael.kernel import (
    AgreementId,
    Day,
    GroupId,
    LoanId,
    Money,
    PartnerId,
    PartyId,
    Period,
    Rate,
    ReservationId,
)

metadata = sa.MetaData(schema="funding")


def _minor(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False)


def _text(name: str, *, key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, primary_key=key, nullable=False)


partner = sa.Table("partner", metadata, _text("id", key=True), _text("name"), _text("kind"))

agreement = sa.Table(
    "agreement",
    metadata,
    _text("id", key=True),
    sa.Column("partner_id", sa.Text, sa.ForeignKey(partner.c.id), nullable=False),
    _text("role"),
    _text("product"),
    sa.Column("starts", sa.Date, nullable=False),
    sa.Column("ends", sa.Date, nullable=False),
    sa.Column("bank_rate", sa.Numeric, nullable=False),
    sa.Column("bank_share_floor", sa.Numeric, nullable=False),
    _minor("least_minor"),
    _minor("most_minor"),
    _minor("capacity_minor"),
    _text("currency"),
    sa.Column("months", sa.ARRAY(sa.Integer), nullable=False),
    sa.Column("regions", sa.ARRAY(sa.Text), nullable=False),
    sa.Column("tiers", sa.ARRAY(sa.Integer), nullable=False),
)

credit_answer = sa.Table(
    "credit_answer",
    metadata,
    _text("key", key=True),
    _text("application_id"),
    _text("agreement_id"),
    _text("partner_id"),
    sa.Column("approved", sa.Boolean, nullable=False),
    _text("reason"),
    _text("reference"),
    _minor("amount_minor"),
    _text("currency"),
    _text("lender"),
    sa.Index("credit_answer_of_application", "application_id"),
)

exposure = sa.Table(
    "exposure",
    metadata,
    _text("scope", key=True),
    _text("subject", key=True),
    _minor("outstanding_minor"),
    _minor("weighted_minor"),
    _text("currency"),
    sa.CheckConstraint("outstanding_minor >= 0 AND weighted_minor >= 0", name="not_negative"),
)

reservation = sa.Table(
    "reservation",
    metadata,
    _text("id", key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    _text("loan_id"),
    _text("borrower_id"),
    _text("group_id"),
    sa.Column("agreement_id", sa.Text, sa.ForeignKey(agreement.c.id), nullable=False),
    _minor("amount_minor"),
    _minor("outstanding_minor"),
    _text("currency"),
    sa.Column("asked_weight", sa.Numeric),
    sa.Column("weight", sa.Numeric, nullable=False),
    _text("state"),
    _text("exception"),
    sa.CheckConstraint("outstanding_minor BETWEEN 0 AND amount_minor", name="within_amount"),
    sa.CheckConstraint("state <> 'released' OR outstanding_minor = 0", name="released_is_empty"),
)
sa.Index(
    "one_reservation_of_a_loan",
    reservation.c.loan_id,
    unique=True,
    postgresql_where=reservation.c.state != "released",
)

movement = sa.Table(
    "movement",
    metadata,
    _text("key", key=True),
    sa.Column("reservation_id", sa.Text, sa.ForeignKey(reservation.c.id), nullable=False),
    _minor("amount_minor"),
    _text("currency"),
)

disbursement = sa.Table(
    "disbursement",
    metadata,
    _text("key", key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
    _text("loan_id"),
    sa.Column("agreement_id", sa.Text, sa.ForeignKey(agreement.c.id), nullable=False),
    sa.Column("reservation_id", sa.Text, sa.ForeignKey(reservation.c.id), nullable=False),
    _text("partner_id"),
    _text("credit_reference"),
    _minor("amount_minor"),
    _text("currency"),
    sa.Column("day", sa.Date, nullable=False),
    _text("state"),
    _text("reason"),
    _text("reference"),
)
sa.Index(
    "one_live_disbursement_of_a_loan",
    disbursement.c.loan_id,
    unique=True,
    postgresql_where=disbursement.c.state != "failed",
)

claim = sa.Table(
    "claim",
    metadata,
    _text("key", key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
    _text("loan_id"),
    sa.Column("agreement_id", sa.Text, sa.ForeignKey(agreement.c.id), nullable=False),
    _text("partner_id"),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("days_past_due", sa.Integer, nullable=False),
    _minor("principal_minor"),
    _minor("interest_minor"),
    _minor("penalty_minor"),
    _text("currency"),
    _text("early_event"),
    _text("state"),
    _text("reason"),
)
sa.Index(
    "one_claim_of_a_loan",
    claim.c.loan_id,
    claim.c.agreement_id,
    unique=True,
    postgresql_where=claim.c.state.not_in(["rejected", "cured"]),
)

DDL: tuple[str, ...] = ()

_ENDED_CLAIMS = ("rejected", "cured")
_UNANSWERED_CLAIMS = ("eligible", "claimed", "unknown")
_FINAL_PAYOUTS = ("disbursed", "failed")


class FundingStore:
    """The room's rows on one open connection; locks last until its transaction ends.

    Args:
        connection: of the open unit of work, at isolation READ COMMITTED.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def add_partner(self, new: Partner) -> None:
        row = {"id": new.id, "name": new.name, "kind": new.kind.value}
        self._connection.execute(partner.insert(), row)

    def partners(self) -> Sequence[Partner]:
        rows = self._connection.execute(sa.select(partner).order_by(partner.c.id))
        return [Partner(id=PartnerId(r.id), name=r.name, kind=PartnerKind(r.kind)) for r in rows]

    def add_agreement(self, new: Agreement) -> None:
        row = {
            "id": new.id,
            "partner_id": new.partner,
            "role": new.role.value,
            "product": new.product,
            "starts": new.period.start,
            "ends": new.period.end,
            "bank_rate": new.bank_rate.fraction,
            "bank_share_floor": new.bank_share_floor.fraction,
            "least_minor": new.least.minor,
            "most_minor": new.most.minor,
            "capacity_minor": new.capacity.minor,
            "currency": new.capacity.currency,
            "months": list(new.months),
            "regions": sorted(new.regions),
            "tiers": sorted(new.tiers),
        }
        self._connection.execute(agreement.insert(), row)

    def agreements(self) -> Sequence[Agreement]:
        rows = self._connection.execute(sa.select(agreement).order_by(agreement.c.id))
        return [_agreement(row) for row in rows]

    def add_credit_answer(self, request: CreditRequest, answer: CreditAnswer) -> None:
        row = {
            "key": request.key,
            "application_id": request.application,
            "agreement_id": request.agreement,
            "partner_id": request.partner,
            "approved": answer.approved,
            "reason": answer.reason,
            "reference": answer.reference,
            "amount_minor": answer.amount.minor,
            "currency": answer.amount.currency,
            "lender": answer.lender,
        }
        self._connection.execute(credit_answer.insert(), row)

    def credit_answer(self, key: str) -> CreditAnswer | None:
        query = sa.select(credit_answer).where(credit_answer.c.key == key)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        return CreditAnswer(
            approved=row.approved,
            reason=row.reason,
            reference=row.reference,
            amount=Money(row.amount_minor, row.currency),
            lender=row.lender,
        )

    def exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        return self._read(keys, _among(keys))

    def lock_exposures(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        """Lock the first key before the others: whoever holds the first has the way free."""
        found = self._lock(keys)
        if len(found) < len(keys):
            if keys[0] not in found:  # the very first reservation of all
                self._make_rows(keys[:1])
                self._lock(keys[:1])
            self._make_rows(keys)
            found = self._lock(keys)
        return found

    def save_exposures(self, changed: Mapping[ExposureKey, Exposure]) -> None:
        statement = insert(exposure).values(
            [
                {
                    "scope": key.scope.value,
                    "subject": key.subject,
                    "outstanding_minor": each.outstanding.minor,
                    "weighted_minor": each.weighted.minor,
                    "currency": each.outstanding.currency,
                }
                for key, each in changed.items()
            ]
        )
        new = statement.excluded
        values = {
            "outstanding_minor": new.outstanding_minor,
            "weighted_minor": new.weighted_minor,
            "currency": new.currency,
        }
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=["scope", "subject"], set_=values)
        )

    def summed_exposures(self) -> dict[ExposureKey, Exposure]:
        live = sa.select(reservation).where(reservation.c.outstanding_minor > 0)
        return summed(_reservation(row) for row in self._connection.execute(live))

    def kept_exposures(self) -> dict[ExposureKey, Exposure]:
        query = sa.select(exposure).where(exposure.c.outstanding_minor > 0)
        return {_key(row): _exposure(row) for row in self._connection.execute(query)}

    def add_reservation(self, new: Reservation) -> None:
        self._connection.execute(reservation.insert(), _reservation_row(new))

    def save_reservation(self, changed: Reservation) -> None:
        row = _reservation_row(changed)
        statement = reservation.update().where(reservation.c.id == changed.id)
        values = {name: row[name] for name in ("outstanding_minor", "state", "exception")}
        self._connection.execute(statement.values(values))

    def reservation(self, reservation_id: ReservationId) -> Reservation | None:
        return self._one_reservation(reservation.c.id == reservation_id)

    def reservation_by_key(self, key: str) -> Reservation | None:
        return self._one_reservation(reservation.c.key == key)

    def reservation_of_loan(self, loan: LoanId) -> Reservation | None:
        return self._one_reservation(
            sa.and_(reservation.c.loan_id == loan, reservation.c.state != "released")
        )

    def released_of_loan(self, loan: LoanId) -> Reservation | None:
        mine = sa.and_(reservation.c.loan_id == loan, reservation.c.state == "released")
        query = sa.select(reservation).where(mine).order_by(reservation.c.id.desc()).limit(1)
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _reservation(row)

    def exceptional_reservations(self) -> Sequence[Reservation]:
        named = sa.select(reservation).where(reservation.c.exception != "")
        rows = self._connection.execute(named.order_by(reservation.c.id))
        return [_reservation(row) for row in rows]

    def in_force_with(self, partner_id: PartnerId) -> dict[str, Money]:
        columns = (
            reservation.c.loan_id,
            reservation.c.outstanding_minor,
            reservation.c.currency,
        )
        query = sa.select(*columns).join(agreement, agreement.c.id == reservation.c.agreement_id)
        query = query.where(agreement.c.partner_id == partner_id)
        rows = self._connection.execute(query.where(reservation.c.state == "confirmed"))
        return {row.loan_id: Money(row.outstanding_minor, row.currency) for row in rows}

    def add_movement(self, key: str, reservation_id: ReservationId, amount: Money) -> None:
        values = {"key": key, "reservation_id": reservation_id, "amount_minor": amount.minor}
        self._connection.execute(movement.insert(), values | {"currency": amount.currency})

    def is_noted(self, key: str, reservation_id: ReservationId, amount: Money) -> bool:
        query = sa.select(movement).where(movement.c.key == key)
        row = self._connection.execute(query).one_or_none()
        known = (row.reservation_id, Money(row.amount_minor, row.currency)) if row else None
        return same_movement(key, known, (str(reservation_id), amount))

    def add_disbursement(self, new: Disbursement) -> None:
        self._connection.execute(disbursement.insert(), _disbursement_row(new))

    def lock_disbursement(self, key: str) -> Disbursement | None:
        query = sa.select(disbursement).where(disbursement.c.key == key).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _disbursement(row)

    def save_disbursement(self, changed: Disbursement) -> None:
        row = _disbursement_row(changed)
        values = {name: row[name] for name in ("state", "reason", "reference")}
        where = disbursement.c.key == changed.order.key
        self._connection.execute(disbursement.update().where(where).values(values))

    def unsettled_disbursements(self) -> Sequence[Disbursement]:
        query = sa.select(disbursement).where(disbursement.c.state.not_in(_FINAL_PAYOUTS))
        rows = self._connection.execute(query.order_by(disbursement.c.number))
        return [_disbursement(row) for row in rows]

    def add_claim(self, new: Claim) -> None:
        self._connection.execute(claim.insert(), _claim_row(new))

    def lock_claim(self, key: str) -> Claim | None:
        query = sa.select(claim).where(claim.c.key == key).with_for_update()
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _claim(row)

    def save_claim(self, changed: Claim) -> None:
        values = {"state": changed.state.value, "reason": changed.reason}
        where = claim.c.key == changed.order.key
        self._connection.execute(claim.update().where(where).values(values))

    def claim_in_force(self, loan: LoanId, agreement_id: AgreementId) -> Claim | None:
        query = sa.select(claim).where(
            claim.c.loan_id == loan,
            claim.c.agreement_id == agreement_id,
            claim.c.state.not_in(_ENDED_CLAIMS),
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else _claim(row)

    def unsettled_claims(self) -> Sequence[Claim]:
        query = sa.select(claim).where(claim.c.state.in_(_UNANSWERED_CLAIMS))
        rows = self._connection.execute(query.order_by(claim.c.number))
        return [_claim(row) for row in rows]

    def _make_rows(self, keys: Sequence[ExposureKey]) -> None:
        rows = [
            {
                "scope": key.scope.value,
                "subject": key.subject,
                "outstanding_minor": 0,
                "weighted_minor": 0,
                "currency": LIMIT_CURRENCY,
            }
            for key in sorted(keys, key=lambda each: (each.scope.value, each.subject))
        ]
        self._connection.execute(insert(exposure).values(rows).on_conflict_do_nothing())

    def _lock(self, keys: Sequence[ExposureKey]) -> dict[ExposureKey, Exposure]:
        first = sa.case((_is(keys[0]), 0), else_=1)
        query = _among(keys).order_by(first, exposure.c.scope, exposure.c.subject)
        rows = self._connection.execute(query.with_for_update())
        return {_key(row): _exposure(row) for row in rows}

    def _read(
        self, keys: Sequence[ExposureKey], query: sa.Select[Any]
    ) -> dict[ExposureKey, Exposure]:
        found = {_key(row): _exposure(row) for row in self._connection.execute(query)}
        nothing = Exposure(Money.zero(LIMIT_CURRENCY), Money.zero(LIMIT_CURRENCY))
        return {key: found.get(key, nothing) for key in keys}

    def _one_reservation(self, where: sa.ColumnElement[bool]) -> Reservation | None:
        row = self._connection.execute(sa.select(reservation).where(where)).one_or_none()
        return None if row is None else _reservation(row)


def _among(keys: Sequence[ExposureKey]) -> sa.Select[Any]:
    pairs = [(key.scope.value, key.subject) for key in keys]
    columns = sa.tuple_(exposure.c.scope, exposure.c.subject)
    return sa.select(exposure).where(columns.in_(pairs))


def _is(key: ExposureKey) -> sa.ColumnElement[bool]:
    return sa.and_(exposure.c.scope == key.scope.value, exposure.c.subject == key.subject)


def _key(row: Any) -> ExposureKey:
    return ExposureKey(Scope(row.scope), row.subject)


def _exposure(row: Any) -> Exposure:
    return Exposure(
        Money(row.outstanding_minor, row.currency), Money(row.weighted_minor, row.currency)
    )


def _agreement(row: Any) -> Agreement:
    return Agreement(
        id=AgreementId(row.id),
        partner=PartnerId(row.partner_id),
        role=AgreementRole(row.role),
        product=row.product,
        period=Period(Day.of(row.starts), Day.of(row.ends)),
        bank_rate=Rate(row.bank_rate),
        bank_share_floor=Rate(row.bank_share_floor),
        least=Money(row.least_minor, row.currency),
        most=Money(row.most_minor, row.currency),
        capacity=Money(row.capacity_minor, row.currency),
        months=tuple(row.months),
        regions=frozenset(row.regions),
        tiers=frozenset(row.tiers),
    )


def _reservation_row(new: Reservation) -> dict[str, object]:
    asked = new.request.weight
    return {
        "id": new.id,
        "key": new.request.key,
        "loan_id": new.request.loan,
        "borrower_id": new.request.borrower,
        "group_id": new.request.group,
        "agreement_id": new.request.agreement,
        "amount_minor": new.request.amount.minor,
        "outstanding_minor": new.outstanding.minor,
        "currency": new.outstanding.currency,
        "asked_weight": None if asked is None else asked.fraction,
        "weight": new.weight.fraction,
        "state": new.state.value,
        "exception": new.exception,
    }


def _reservation(row: Any) -> Reservation:
    return Reservation(
        id=ReservationId(row.id),
        request=ReserveRequest(
            key=row.key,
            loan=LoanId(row.loan_id),
            borrower=PartyId(row.borrower_id),
            group=GroupId(row.group_id),
            agreement=AgreementId(row.agreement_id),
            amount=Money(row.amount_minor, row.currency),
            weight=None if row.asked_weight is None else Rate(row.asked_weight),
        ),
        weight=Rate(row.weight),
        outstanding=Money(row.outstanding_minor, row.currency),
        state=ReservationState(row.state),
        exception=row.exception,
    )


def _disbursement_row(new: Disbursement) -> dict[str, object]:
    return {
        "key": new.order.key,
        "loan_id": new.order.loan,
        "agreement_id": new.order.agreement,
        "reservation_id": new.order.reservation,
        "partner_id": new.partner,
        "credit_reference": new.order.credit_reference,
        "amount_minor": new.order.amount.minor,
        "currency": new.order.amount.currency,
        "day": new.order.day,
        "state": new.state.value,
        "reason": new.reason,
        "reference": new.reference,
    }


def _disbursement(row: Any) -> Disbursement:
    return Disbursement(
        order=DisbursementOrder(
            key=row.key,
            loan=LoanId(row.loan_id),
            agreement=AgreementId(row.agreement_id),
            reservation=ReservationId(row.reservation_id),
            credit_reference=row.credit_reference,
            amount=Money(row.amount_minor, row.currency),
            day=Day.of(row.day),
        ),
        partner=PartnerId(row.partner_id),
        state=PayoutState(row.state),
        reason=row.reason,
        reference=row.reference,
    )


def _claim_row(new: Claim) -> dict[str, object]:
    order = new.order
    return {
        "key": order.key,
        "loan_id": order.loan,
        "agreement_id": order.agreement,
        "partner_id": new.partner,
        "day": order.day,
        "days_past_due": order.days_past_due,
        "principal_minor": order.principal.minor,
        "interest_minor": order.interest.minor,
        "penalty_minor": order.penalty.minor,
        "currency": order.principal.currency,
        "early_event": order.early_event,
        "state": new.state.value,
        "reason": new.reason,
    }


def _claim(row: Any) -> Claim:
    return Claim(
        order=ClaimOrder(
            key=row.key,
            loan=LoanId(row.loan_id),
            agreement=AgreementId(row.agreement_id),
            day=Day.of(row.day),
            days_past_due=row.days_past_due,
            principal=Money(row.principal_minor, row.currency),
            interest=Money(row.interest_minor, row.currency),
            penalty=Money(row.penalty_minor, row.currency),
            early_event=row.early_event,
        ),
        partner=PartnerId(row.partner_id),
        state=ClaimState(row.state),
        reason=row.reason,
    )
