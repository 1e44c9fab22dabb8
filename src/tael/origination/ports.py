"""What the room needs of others: decisions, routes, banks, dated figures, the vault, its store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from tael.kernel import (
    ApplicationId,
    ConsentId,
    ContractId,
    Day,
    DecisionId,
    GroupId,
    Money,
    OfferId,
    PartnerId,
    PartyId,
    Rate,
    Refusal,
)
from tael.origination.model import (
    Application,
    ApplicationState,
    Consent,
    Contract,
    DataPull,
    Event,
    Group,
    Lender,
    Member,
    Offer,
    Party,
)
from tael.platform import Work
from tael.pricing import Component, Method


class PriceOption(Protocol):
    """One way to take the money, as the decision prices it."""

    @property
    def code(self) -> str: ...
    @property
    def method(self) -> Method: ...
    @property
    def months(self) -> int: ...
    @property
    def limit(self) -> Money: ...
    @property
    def components(self) -> tuple[Component, ...]: ...
    @property
    def penalty_rate(self) -> Rate: ...


class DecisionAnswer(Protocol):
    """A decision: ``outcome`` is approve, decline or refer; ``versions`` name what decided."""

    @property
    def id(self) -> DecisionId: ...
    @property
    def outcome(self) -> str: ...
    @property
    def tier(self) -> int: ...
    @property
    def limit(self) -> Money: ...
    @property
    def reason_codes(self) -> tuple[str, ...]: ...
    @property
    def routing(self) -> str: ...
    @property
    def options(self) -> Sequence[PriceOption]: ...
    @property
    def versions(self) -> Mapping[str, str]: ...


class DecisionPort(Protocol):
    """Decides and keeps decisions; ``policies`` satisfies it."""

    def decide(
        self,
        work: Work,
        application_id: ApplicationId,
        features: Mapping[str, object],
        *,
        amount: Money,
        months: int,
    ) -> DecisionAnswer: ...

    def decision(self, work: Work, decision_id: DecisionId) -> DecisionAnswer: ...


@dataclass(frozen=True, slots=True)
class RouteRequest:
    """What a route is chosen by. ``excluded`` banks were asked; ``hint`` is the policy's."""

    application_id: ApplicationId
    group_id: GroupId
    amount: Money
    months: int
    tier: int
    hint: str
    excluded: frozenset[PartnerId]


class RoutingPort(Protocol):
    """Chooses the bank to ask next, and names it."""

    def choose(self, work: Work, request: RouteRequest) -> Lender | Refusal: ...

    def lender(self, work: Work, partner_id: PartnerId) -> Lender: ...


@dataclass(frozen=True, slots=True)
class BankRequest:
    """What a bank is asked, under which consent; ``key`` is the same when asked again."""

    key: str
    application_id: ApplicationId
    partner_id: PartnerId
    borrower_id: PartyId
    consent_id: ConsentId
    amount: Money
    months: int
    tier: int


@dataclass(frozen=True, slots=True)
class BankAnswer:
    """The bank's own decision: ``approved`` True or False, None while it has not decided.

    ``amount`` is the most it lends (None: all that was asked); ``reason`` a code of a decline.
    """

    partner_id: PartnerId
    approved: bool | None
    reference: str = ""
    amount: Money | None = None
    reason: str = ""


class BankPort(Protocol):
    """Asks a bank. Asked twice with one key, the bank answers the same.

    Raises:
        OutsideFailure: no answer could be had; ask again with the same key.
    """

    def ask(self, work: Work, request: BankRequest) -> BankAnswer: ...


class DatedParameters(Protocol):
    """The figures in force on a day; ``platform`` keeps them."""

    def value(self, work: Work, name: str, on: Day) -> Any: ...


class VaultPort(Protocol):
    """Encrypts personal fields by subject, finds by them, erases; every read is audited."""

    def encrypt_all(
        self, work: Work, subject: str, texts: Mapping[str, str]
    ) -> dict[str, bytes]: ...

    def reveal(
        self, work: Work, sealed: Mapping[str, Mapping[str, bytes]], *, purpose: str
    ) -> dict[str, dict[str, str]]: ...

    def blind_index(self, text: str, *, field: str) -> bytes: ...

    def erase(self, work: Work, subject: str, *, reason: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class ApplicationFilter:
    """What a list of applications is narrowed to; an empty set or None narrows nothing."""

    states: frozenset[ApplicationState] = frozenset()
    tiers: frozenset[int] = frozenset()
    channels: frozenset[str] = frozenset()
    partner_id: PartnerId | None = None
    group_id: GroupId | None = None
    borrower_id: PartyId | None = None
    consultant_id: str = ""
    least: Money | None = None
    most: Money | None = None
    submitted_from: Day | None = None
    submitted_to: Day | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Applications, newest first; ``after`` asks for the next page, None when there is none."""

    items: tuple[Application, ...]
    after: ApplicationId | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A party's row besides the party: ciphertexts, blind index of the number, shown name."""

    fields: Mapping[str, bytes] = field(repr=False)
    number_index: bytes | None
    display_name: str


class OriginationStore(Protocol):
    """Where the room keeps everything; one per unit of work."""

    def command(self, key: str) -> tuple[str, str] | None: ...
    def add_command(self, key: str, fingerprint: str, result: str) -> None: ...

    def add_party(self, party: Party, sealed: Sealed) -> None: ...
    def party(self, party_id: PartyId) -> Party | None: ...
    def parties(self, ids: Sequence[PartyId]) -> Mapping[PartyId, Party]: ...
    def party_by_number(self, number_index: bytes) -> Party | None: ...
    def sealed(self, party_id: PartyId) -> Sealed | None: ...
    def display_names(self, ids: Sequence[PartyId]) -> Mapping[PartyId, str]: ...
    def forget(self, party_id: PartyId) -> None: ...

    def add_group(self, group: Group) -> None: ...
    def group(self, group_id: GroupId) -> Group | None: ...
    def add_member(self, group_id: GroupId, member: Member) -> None: ...
    def end_member(self, group_id: GroupId, member: Member) -> None: ...
    def groups_with(self, ids: Sequence[PartyId], day: Day) -> Sequence[Group]: ...

    def add_consent(self, consent: Consent) -> None: ...
    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None: ...
    def change_consent(self, consent: Consent) -> None: ...
    def consents_of(self, party_id: PartyId) -> Sequence[Consent]: ...
    def lapsed_consents(self, today: Day, limit: int) -> Sequence[Consent]: ...

    def add_application(self, application: Application) -> None: ...
    def application(
        self, application_id: ApplicationId, *, lock: bool = False
    ) -> Application | None: ...
    def change_application(self, application: Application) -> None: ...
    def open_application(self, borrower_id: PartyId) -> Application | None: ...
    def find(
        self, where: ApplicationFilter, *, after: ApplicationId | None, limit: int
    ) -> Sequence[Application]: ...
    def stale(self, before: datetime, limit: int) -> Sequence[Application]: ...

    def add_pull(self, pull: DataPull) -> None: ...
    def pulls(self, application_id: ApplicationId) -> Sequence[DataPull]: ...

    def add_offer(self, offer: Offer) -> None: ...
    def offer(self, offer_id: OfferId, *, lock: bool = False) -> Offer | None: ...
    def change_offer(self, offer: Offer) -> None: ...
    def offers_of(self, application_id: ApplicationId) -> Sequence[Offer]: ...
    def lapsed_offers(self, today: Day, limit: int) -> Sequence[Offer]: ...

    def add_contract(self, contract: Contract) -> None: ...
    def contract(self, contract_id: ContractId, *, lock: bool = False) -> Contract | None: ...
    def contract_of(self, application_id: ApplicationId) -> Contract | None: ...
    def change_contract(self, contract: Contract) -> None: ...

    def add_event(self, event: Event) -> None: ...
    def events(self, application_id: ApplicationId) -> Sequence[Event]: ...


OpenStore = Callable[[Work], OriginationStore]


@dataclass(frozen=True, slots=True)
class Conditions:
    """The house's conditions: parties' names on contracts, and how long and how often.

    ``collectors`` gives the legal names of ``guarantor`` and ``platform``.
    """

    collectors: Mapping[str, str]
    offer_days: int = 14
    application_days: int = 90
    most_banks: int = 3


@dataclass(frozen=True, slots=True)
class Outside:
    """Everything the services are handed."""

    store: OpenStore
    vault: VaultPort
    decisions: DecisionPort
    routes: RoutingPort
    banks: BankPort
    parameters: DatedParameters
    conditions: Conditions
