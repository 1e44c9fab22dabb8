"""Partners and their agreements, the guarantee's reservations, payouts and claims: frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum

from tael.kernel import (
    AgreementId,
    ApplicationId,
    BadInput,
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

# Limits are counted in one currency: the guarantee company's own. Exchange is nobody's guess here.
LIMIT_CURRENCY = "CNY"

# Every code with which this room says no, in the order in which it would say it.
REFUSALS = (
    "leverage_exceeded",
    "party_exposure_exceeded",
    "group_exposure_exceeded",
    "partner_capacity_exceeded",
    "no_partner",
    "not_guaranteed",
    "claim_too_early",
    "already_claimed",
)

# Why an agreement is left out of a routing, in the order in which it is looked at.
EXCLUSIONS = (
    "already_asked",
    "not_a_lender",
    "not_in_force",
    "wrong_product",
    "amount_out_of_range",
    "months_not_offered",
    "region_not_served",
    "tier_not_funded",
    "bank_share_below_floor",
    "price_too_high",
    "partner_capacity_exceeded",
)


_TIERS = range(1, 8)


def check_currency(amount: Money, name: str) -> None:
    """Refuse an amount that the limits cannot count.

    Raises:
        BadInput: it is in another currency (``currency_mismatch``).
    """
    if amount.currency != LIMIT_CURRENCY:
        raise BadInput(
            f"{amount} cannot be counted: the limits are in {LIMIT_CURRENCY}",
            code="currency_mismatch",
            field=name,
            rule=f"an amount in {LIMIT_CURRENCY}",
        )


class PartnerKind(Enum):
    """What a partner is."""

    BANK = "bank"
    TRUST = "trust"
    CONSUMER_FINANCE = "consumer_finance"
    GUARANTOR = "guarantor"


class AgreementRole(Enum):
    """What a partner does under an agreement; one partner may have several."""

    LENDER = "lender"
    GUARANTOR = "guarantor"
    DISTRIBUTOR = "distributor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """A legal entity Tael works with; what it does for whom stands in its agreements."""

    id: PartnerId
    name: str
    kind: PartnerKind = PartnerKind.BANK


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What one partner does for one product in one period, never edited: a change is a new one.

    Args:
        bank_rate: a year, what the partner earns on its share.
        least: smallest loan it funds.
        most: largest loan it funds.
        months: terms it funds.
        regions: codes of GB/T 2260 it serves, each with what lies in it (``320000`` serves all of
            the province); empty means everywhere.
        tiers: risk classes at decision it funds, 1 to 7; empty means all.
        capacity: most principal outstanding and reserved under the agreement at one time.
        bank_share_floor: least share of each loan the partner must fund itself (China: 30 %,
            notice of 2021 on co-lending; a parameter).
    """

    id: AgreementId
    partner: PartnerId
    product: str
    period: Period
    bank_rate: Rate
    least: Money
    most: Money
    months: tuple[int, ...]
    capacity: Money
    regions: frozenset[str] = frozenset()
    tiers: frozenset[int] = frozenset()
    bank_share_floor: Rate = field(default_factory=lambda: Rate(Decimal("0.3")))
    role: AgreementRole = AgreementRole.LENDER

    def __post_init__(self) -> None:
        for name in ("least", "most", "capacity"):
            check_currency(getattr(self, name), name)
        if not Money.zero(self.least.currency) < self.least <= self.most <= self.capacity:
            raise BadInput(
                f"agreement {self.id} funds {self.least} to {self.most} within {self.capacity}",
                field="least, most, capacity",
                rule="0 < least <= most <= capacity",
            )
        if not self.months or min(self.months) < 1 or self.bank_rate < Rate.zero():
            raise BadInput(
                f"agreement {self.id} names no term or a negative rate",
                field="months, bank_rate",
                rule="at least one term of a month or more, rate >= 0",
            )
        if not self.tiers <= frozenset(_TIERS):
            raise BadInput(
                f"agreement {self.id} names tiers {sorted(self.tiers)}",
                field="tiers",
                rule="1 to 7",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRequest:
    """A loan that looks for a lender; ``asked`` names the agreements that have declined it.

    ``region`` is the enterprise's code of GB/T 2260 and ``tier`` the risk class at decision; one
    that is not known ("" or None) fits only agreements that do not ask for it.

    Raises:
        BadInput: an amount in another currency than the limits' (``currency_mismatch``).
    """

    product: str
    amount: Money
    months: int
    region: str
    day: Day
    tier: int | None = None
    bank_share: Rate = field(default_factory=lambda: Rate(Decimal(1)))
    highest_bank_rate: Rate | None = None
    asked: frozenset[AgreementId] = frozenset()

    def __post_init__(self) -> None:
        check_currency(self.amount, "amount")


@dataclass(frozen=True, slots=True)
class Routing:
    """Who may lend, best first, and why the others may not (codes of ``EXCLUSIONS``)."""

    ranked: tuple[Agreement, ...]
    excluded: Mapping[AgreementId, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The guarantee company's limits of the day: dated parameters, handed in by the caller.

    Args:
        net_assets: of the guarantee company, at its latest closed month.
        leverage_max: weighted liability over net assets (Order 683 of 2017, article 15: 10, or 15
            while small clients prevail).
        party_share_max: one guaranteed party's liability over net assets (article 16: 10 %).
        group_share_max: the same with related parties (article 16: 15 %).
        small_weight: weight of loans of small firms with at most ``small_ceiling`` in force
            (measures of 2018: 75 %, 5 million).
        claim_from_days_past_due: the guarantor pays from this day past due on, not before.
    """

    net_assets: Money
    leverage_max: Decimal = Decimal(10)
    party_share_max: Rate = field(default_factory=lambda: Rate(Decimal("0.10")))
    group_share_max: Rate = field(default_factory=lambda: Rate(Decimal("0.15")))
    small_weight: Rate = field(default_factory=lambda: Rate(Decimal("0.75")))
    small_ceiling: Money = field(default_factory=lambda: Money.parse("5000000"))
    claim_from_days_past_due: int = 80

    def __post_init__(self) -> None:
        shares = (self.party_share_max, self.group_share_max, self.small_weight)
        if any(not Decimal(0) <= share.fraction <= 1 for share in shares):
            raise BadInput("a share lies between 0 and 1", field="limits", rule="0 <= share <= 1")
        check_currency(self.net_assets, "net_assets")
        check_currency(self.small_ceiling, "small_ceiling")
        if self.net_assets.minor < 0 or self.leverage_max < 0:
            raise BadInput(
                "net assets and leverage are not negative", field="limits", rule="not negative"
            )


class ReservationState(Enum):
    """HELD before money moves, CONFIRMED when it has, RELEASED when nothing is guaranteed."""

    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReserveRequest:
    """Room under the limits for the guarantee of one loan.

    Args:
        key: idempotency key; a retry with it finds the reservation it made.
        amount: guaranteed principal.
        weight: of the liability under the leverage limit; None takes ``small_weight`` or one by
            the borrower's liability in force.

    Raises:
        BadInput: an amount in another currency than the limits' (``currency_mismatch``).
    """

    key: str
    loan: LoanId
    borrower: PartyId
    group: GroupId
    agreement: AgreementId
    amount: Money
    weight: Rate | None = None

    def __post_init__(self) -> None:
        check_currency(self.amount, "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Room taken under every limit at once; ``outstanding`` falls with repaid principal.

    ``exception`` is the code of the limit that it broke when a reversed repayment brought it back
    (a person has to look at it), empty otherwise.
    """

    id: ReservationId
    request: ReserveRequest
    weight: Rate
    outstanding: Money
    state: ReservationState
    exception: str = ""


class Scope(Enum):
    """What a limit counts over; a lock is taken in this order."""

    GUARANTOR = "guarantor"
    AGREEMENT = "agreement"
    GROUP = "group"
    PARTY = "party"


@dataclass(frozen=True, slots=True)
class ExposureKey:
    """One thing that a limit counts over."""

    scope: Scope
    subject: str


@dataclass(frozen=True, slots=True)
class Exposure:
    """Guaranteed principal reserved and in force over one scope, plain and weighted."""

    outstanding: Money
    weighted: Money

    def __add__(self, other: Exposure) -> Exposure:
        return Exposure(self.outstanding + other.outstanding, self.weighted + other.weighted)

    def __sub__(self, other: Exposure) -> Exposure:
        return Exposure(self.outstanding - other.outstanding, self.weighted - other.weighted)


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How much of the limits is used: of the guarantee company, and of each agreement.

    ``leverage`` is weighted liability over net assets, to four decimals; ``head_room`` is the
    weighted liability that still fits.
    """

    total: Exposure
    net_assets: Money
    leverage: Decimal
    head_room: Money
    agreements: tuple[tuple[Agreement, Money], ...]


def credit_key(application: ApplicationId, agreement: AgreementId) -> str:
    """Under which key ``application`` is put before the bank of ``agreement``, once."""
    return f"credit-{application}-{agreement}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRequest:
    """One application put before one bank for its own decision; ``facts`` without personal data."""

    application: ApplicationId
    agreement: AgreementId
    partner: PartnerId
    amount: Money
    months: int
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return credit_key(self.application, self.agreement)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditAnswer:
    """The bank's own decision; ``reference`` is what a disbursement must name."""

    approved: bool
    reason: str
    reference: str
    amount: Money
    lender: str


class PayoutState(Enum):
    """Where a disbursement stands; UNKNOWN means the bank's answer is missing."""

    REQUESTED = "requested"
    DISBURSING = "disbursing"
    UNKNOWN = "unknown"
    DISBURSED = "disbursed"
    FAILED = "failed"


PAYOUT_MOVES: Mapping[PayoutState, frozenset[PayoutState]] = {
    PayoutState.REQUESTED: frozenset({PayoutState.DISBURSING, PayoutState.FAILED}),
    PayoutState.DISBURSING: frozenset(
        {PayoutState.DISBURSED, PayoutState.UNKNOWN, PayoutState.FAILED}
    ),
    PayoutState.UNKNOWN: frozenset({PayoutState.DISBURSED, PayoutState.FAILED}),
    PayoutState.DISBURSED: frozenset(),
    PayoutState.FAILED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisbursementOrder:
    """What the bank is told to pay out, once per ``key``, under a reservation held for it."""

    key: str
    loan: LoanId
    agreement: AgreementId
    reservation: ReservationId
    credit_reference: str
    amount: Money
    day: Day


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutAnswer:
    """What the bank says of a disbursement: DISBURSED, FAILED, or UNKNOWN when it says nothing."""

    state: PayoutState
    amount: Money
    reason: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disbursement:
    """An order and where it stands; ``reason`` is the bank's, ``reference`` its proof."""

    order: DisbursementOrder
    partner: PartnerId
    state: PayoutState
    reason: str = ""
    reference: str = ""

    @property
    def paid(self) -> bool:
        """The money has moved."""
        return self.state is PayoutState.DISBURSED

    @property
    def failed(self) -> bool:
        """No money has moved, and none will under this order."""
        return self.state is PayoutState.FAILED


class ClaimState(Enum):
    """Where a compensation claim stands; UNKNOWN means the bank's answer is missing."""

    ELIGIBLE = "eligible"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    VERIFIED = "verified"
    DISPUTED = "disputed"
    REJECTED = "rejected"
    PAID = "paid"
    CONFIRMED = "confirmed"
    CURED = "cured"


CLAIM_MOVES: Mapping[ClaimState, frozenset[ClaimState]] = {
    ClaimState.ELIGIBLE: frozenset({ClaimState.CLAIMED, ClaimState.CURED}),
    ClaimState.CLAIMED: frozenset({ClaimState.VERIFIED, ClaimState.DISPUTED, ClaimState.UNKNOWN}),
    ClaimState.UNKNOWN: frozenset({ClaimState.VERIFIED, ClaimState.DISPUTED}),
    ClaimState.DISPUTED: frozenset({ClaimState.VERIFIED, ClaimState.REJECTED}),
    ClaimState.VERIFIED: frozenset({ClaimState.PAID}),
    ClaimState.PAID: frozenset({ClaimState.CONFIRMED}),
    ClaimState.REJECTED: frozenset(),
    ClaimState.CONFIRMED: frozenset(),
    ClaimState.CURED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimOrder:
    """What the guarantor owes the bank on a loan, by part; ``early_event`` names an exception.

    Args:
        early_event: why the claim may come before the days of the limits (death, fraud ...);
            empty for an ordinary claim.

    Raises:
        BadInput: a part in another currency than the limits' (``currency_mismatch``).
    """

    key: str
    loan: LoanId
    agreement: AgreementId
    day: Day
    days_past_due: int
    principal: Money
    interest: Money
    penalty: Money
    early_event: str = ""

    def __post_init__(self) -> None:
        for name in ("principal", "interest", "penalty"):
            check_currency(getattr(self, name), name)

    @property
    def amount(self) -> Money:
        """What is claimed in all."""
        return self.principal + self.interest + self.penalty


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAnswer:
    """What the bank says of a claim: VERIFIED, DISPUTED, or UNKNOWN when it says nothing."""

    state: ClaimState
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A claim and where it stands; ``reason`` is the bank's, or why the claim was rejected."""

    order: ClaimOrder
    partner: PartnerId
    state: ClaimState
    reason: str = ""

    @property
    def verified(self) -> bool:
        """The bank agrees, the guarantor has not paid yet."""
        return self.state is ClaimState.VERIFIED

    @property
    def disputed(self) -> bool:
        """The bank does not agree; ``reason`` says why."""
        return self.state is ClaimState.DISPUTED
