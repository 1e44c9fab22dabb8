"""Parties, consents, applications, offers and contracts as data, and the moves each may make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TypedDict, TypeVar

from tael.kernel import (
    ApplicationId,
    Conflict,
    ConsentId,
    ContractId,
    Day,
    DecisionId,
    EventId,
    GroupId,
    Money,
    OfferId,
    PartnerId,
    PartyId,
    Rate,
)
from tael.pricing import Component, DayCount, Method, Terms

S = TypeVar("S", bound=Enum)


class PartyKind(Enum):
    """What a party is: only a person and a company can owe; a 个体工商户 is its owner."""

    PERSON = "person"
    INDIVIDUAL_BUSINESS = "individual_business"
    COMPANY = "company"


class Role(Enum):
    """What a party is to its obligor group."""

    OWNER = "owner"
    ENTERPRISE = "enterprise"
    ACTUAL_CONTROLLER = "actual_controller"
    SPOUSE = "spouse"
    CO_BORROWER = "co_borrower"
    GUARANTOR = "guarantor"


@dataclass(frozen=True, slots=True)
class PersonalFields:
    """What identifies a party, in clear: only ever in memory, never in a row, a fact or a log."""

    name: str
    id_number: str
    phone: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Party:
    """A person or an enterprise as everybody may see it; its personal fields lie encrypted."""

    id: PartyId
    kind: PartyKind
    region: str
    industry: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Member:
    """A dated link of a party to an obligor group, from ``since`` to ``until`` (excluded)."""

    party_id: PartyId
    role: Role
    since: Day
    until: Day | None = None

    def holds(self, day: Day) -> bool:
        """Whether the link holds on ``day``."""
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(frozen=True, slots=True)
class Group:
    """An obligor group (债务人集团): exposure is added up over it before every limit."""

    id: GroupId
    members: tuple[Member, ...]

    def on(self, day: Day) -> tuple[Member, ...]:
        """The links that hold on ``day``."""
        return tuple(member for member in self.members if member.holds(day))

    def parties(self, day: Day) -> frozenset[PartyId]:
        """Who belongs to it on ``day``."""
        return frozenset(member.party_id for member in self.on(day))


class ConsentState(Enum):
    """A consent lives until one of the three ends it; it is never deleted."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"


CONSENT_MOVES: Mapping[ConsentState, frozenset[ConsentState]] = {
    ConsentState.GRANTED: frozenset(
        {ConsentState.WITHDRAWN, ConsentState.EXPIRED, ConsentState.SUPERSEDED}
    ),
    ConsentState.WITHDRAWN: frozenset(),
    ConsentState.EXPIRED: frozenset(),
    ConsentState.SUPERSEDED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Authorisation:
    """A signed authorisation (授权书): what for, what of, to whom, until when.

    ``scope`` holds names of data sources; ``recipient`` is who receives the data; the consent ends
    at the end of ``expires``; ``document_hash`` is the SHA-256 of the signed document.
    """

    purpose: str
    scope: frozenset[str]
    recipient: str
    expires: Day
    document_hash: str


@dataclass(frozen=True, slots=True)
class Consent:
    """A party's consent under an authorisation."""

    id: ConsentId
    party_id: PartyId
    authorisation: Authorisation
    state: ConsentState
    granted_at: datetime
    ended_at: datetime | None = None

    def live(self, day: Day) -> bool:
        """Whether it still allows anything on ``day``."""
        return self.state is ConsentState.GRANTED and day <= self.authorisation.expires


class ApplicationState(Enum):
    """Where an application stands (DOMAIN 5.2)."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DATA_PENDING = "data_pending"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    DECLINED = "declined"
    REFERRED = "referred"
    RECONSIDERED = "reconsidered"
    ROUTED = "routed"
    BANK_APPROVED = "bank_approved"
    BANK_DECLINED = "bank_declined"
    OFFERED = "offered"
    CONTRACTED = "contracted"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


_A = ApplicationState
_END = frozenset({_A.WITHDRAWN, _A.EXPIRED})
APPLICATION_MOVES: Mapping[ApplicationState, frozenset[ApplicationState]] = {
    _A.DRAFT: _END | {_A.SUBMITTED},
    _A.SUBMITTED: _END | {_A.DATA_PENDING},
    _A.DATA_PENDING: _END | {_A.IN_REVIEW},
    _A.IN_REVIEW: _END | {_A.DATA_PENDING, _A.APPROVED, _A.DECLINED, _A.REFERRED},
    _A.REFERRED: _END | {_A.IN_REVIEW},
    # A decline is an answer, not an open matter: it can be looked at again, not withdrawn.
    _A.DECLINED: frozenset({_A.RECONSIDERED}),
    _A.RECONSIDERED: _END | {_A.IN_REVIEW},
    _A.APPROVED: _END | {_A.ROUTED},
    _A.ROUTED: _END | {_A.BANK_APPROVED, _A.BANK_DECLINED},
    _A.BANK_DECLINED: _END | {_A.ROUTED},
    _A.BANK_APPROVED: _END | {_A.OFFERED},
    _A.OFFERED: _END | {_A.CONTRACTED},
    _A.CONTRACTED: frozenset(),
    _A.WITHDRAWN: frozenset(),
    _A.EXPIRED: frozenset(),
}
OPEN_STATES = frozenset(state for state, to in APPLICATION_MOVES.items() if to >= _END)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. ``purpose`` is a code; ``channel`` the way the request came."""

    amount: Money
    months: int
    method: Method
    purpose: str
    channel: str = "direct"


@dataclass(frozen=True, slots=True)
class Application:
    """A request for money and how far it has come. ``tier`` is frozen by the decision.

    ``version`` counts changes: two who change the same state are told apart by it.
    """

    id: ApplicationId
    group_id: GroupId
    applicant_id: PartyId
    borrower_id: PartyId
    request: Request
    state: ApplicationState
    created_at: datetime
    owner_id: str = ""
    consultant_id: str = ""
    submitted_at: datetime | None = None
    decision_id: DecisionId | None = None
    tier: int | None = None
    limit: Money | None = None
    partner_id: PartnerId | None = None
    bank_amount: Money | None = None
    banks_asked: tuple[PartnerId, ...] = ()
    version: int = 1


class Pulled(TypedDict):
    """What a source gave for an application: exact values (text, bool, int, Decimal) by name."""

    application_id: ApplicationId
    source: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class DataPull:
    """Data that came from a source under a consent, as known at ``pulled_at``."""

    id: EventId
    application_id: ApplicationId
    consent_id: ConsentId
    source: str
    pulled_at: datetime
    values: Mapping[str, str | bool | Decimal]
    content_hash: str


class OfferState(Enum):
    """An offer is read before it is taken; a new bank makes the old bank's offers void."""

    PROPOSED = "proposed"
    DISCLOSED = "disclosed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CONTRACTED = "contracted"
    VOID = "void"


_O = OfferState
OFFER_MOVES: Mapping[OfferState, frozenset[OfferState]] = {
    _O.PROPOSED: frozenset({_O.DISCLOSED, _O.REJECTED, _O.EXPIRED, _O.VOID}),
    _O.DISCLOSED: frozenset({_O.ACCEPTED, _O.REJECTED, _O.EXPIRED, _O.VOID}),
    _O.ACCEPTED: frozenset({_O.CONTRACTED, _O.EXPIRED, _O.VOID}),
    _O.CONTRACTED: frozenset({_O.VOID}),
    _O.REJECTED: frozenset(),
    _O.EXPIRED: frozenset(),
    _O.VOID: frozenset(),
}


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What an offer and its contract say about money: frozen together with where it came from.

    ``versions`` are the hashes of rules, model, prices and parameters of the decision.
    """

    amount: Money
    months: int
    method: Method
    components: tuple[Component, ...]
    penalty_rate: Rate
    day_count: DayCount
    tier: int
    decision_id: DecisionId
    versions: Mapping[str, str]

    def schedule_terms(self, start: Day) -> Terms:
        """The terms of the schedule when the money is paid out on ``start``."""
        return Terms(
            principal=self.amount,
            method=self.method,
            months=self.months,
            start=start,
            components=self.components,
            day_count=self.day_count,
            penalty_rate=self.penalty_rate,
        )


@dataclass(frozen=True, slots=True)
class Lender:
    """The bank that lends, by id and by the name the borrower reads."""

    partner_id: PartnerId
    name: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """The cost disclosure (综合融资成本明示表) as shown: text in both languages and their hash."""

    hash: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A priced way to take the money, naming the lender.

    ``all_in`` is the nominal annual cost (12 times the monthly IRR of all the borrower pays),
    ``instalment`` the first row's total; it can be taken until the end of ``expires``.
    """

    id: OfferId
    application_id: ApplicationId
    code: str
    state: OfferState
    lender: Lender
    terms: OfferTerms
    all_in: Rate
    instalment: Money
    disclosure: Disclosure
    expires: Day
    created_at: datetime
    disclosed_at: datetime | None = None
    accepted_at: datetime | None = None


class ContractState(Enum):
    """A signed contract stands until the bank falls away before the money moves."""

    SIGNED = "signed"
    VOID = "void"


CONTRACT_MOVES: Mapping[ContractState, frozenset[ContractState]] = {
    ContractState.SIGNED: frozenset({ContractState.VOID}),
    ContractState.VOID: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed, how, and over what: the hash of what was shown before signing."""

    party_id: PartyId
    method: str
    document_hash: str


@dataclass(frozen=True, slots=True)
class Contract:
    """Loan, guarantee and service contract, signed together, with frozen terms.

    ``documents`` are the three texts by kind (``loan``, ``guarantee``, ``service``) as signed, and
    ``hash`` covers them all.
    """

    id: ContractId
    application_id: ApplicationId
    offer_id: OfferId
    group_id: GroupId
    borrower_id: PartyId
    lender: Lender
    terms: OfferTerms
    all_in: Rate
    cap: Rate
    disclosure_hash: str
    documents: Mapping[str, str]
    hash: str
    state: ContractState
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class Event:
    """A line of an application's timeline: when, who, what (a text code), values for the text."""

    id: EventId
    application_id: ApplicationId
    at: datetime
    actor: str
    code: str
    detail: Mapping[str, str] = field(default_factory=dict)


_TABLES: Mapping[type[Enum], Mapping[Enum, frozenset[Enum]]] = {
    ApplicationState: APPLICATION_MOVES,  # type: ignore[dict-item]
    OfferState: OFFER_MOVES,  # type: ignore[dict-item]
    ConsentState: CONSENT_MOVES,  # type: ignore[dict-item]
    ContractState: CONTRACT_MOVES,  # type: ignore[dict-item]
}


def move(current: S, to: S) -> S:
    """``to``, when the table of its kind allows it from ``current``.

    Raises:
        Conflict: any other move, with the moves that are allowed.
    """
    allowed = _TABLES[type(current)][current]
    if to not in allowed:
        kind = type(current).__name__.removesuffix("State").lower()
        raise Conflict(
            f"the {kind} is {current.value} and cannot become {to.value}",
            field="state",
            rule=f"from {current.value}: "
            + (", ".join(sorted(str(state.value) for state in allowed)) or "nowhere"),
        )
    return to
