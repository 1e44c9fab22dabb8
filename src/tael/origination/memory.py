"""The room's store in memory: for quick tests. One caller at a time, who sees everything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from tael.kernel import (
    ApplicationId,
    Conflict,
    ConsentId,
    ContractId,
    Day,
    GroupId,
    OfferId,
    PartyId,
    day_of,
)
from tael.origination.model import (
    OPEN_STATES,
    Application,
    Consent,
    ConsentState,
    Contract,
    DataPull,
    Event,
    Group,
    Member,
    Offer,
    OfferState,
    Party,
)
from tael.origination.ports import ApplicationFilter, Sealed

T = TypeVar("T")

_LIVE = (OfferState.PROPOSED, OfferState.DISCLOSED, OfferState.ACCEPTED)


class MemoryOriginationStore:
    """Keeps what it is given, by id."""

    def __init__(self) -> None:
        self._commands: dict[str, tuple[str, str]] = {}
        self._parties: dict[PartyId, Party] = {}
        self._sealed: dict[PartyId, Sealed] = {}
        self._groups: dict[GroupId, Group] = {}
        self._consents: dict[ConsentId, Consent] = {}
        self._applications: dict[ApplicationId, Application] = {}
        self._pulls: list[DataPull] = []
        self._offers: dict[OfferId, Offer] = {}
        self._contracts: dict[ContractId, Contract] = {}
        self._events: list[Event] = []

    def command(self, key: str) -> tuple[str, str] | None:
        return self._commands.get(key)

    def add_command(self, key: str, fingerprint: str, result: str) -> None:
        self._commands[key] = (fingerprint, result)

    def add_party(self, party: Party, sealed: Sealed) -> None:
        self._parties[party.id] = party
        self._sealed[party.id] = sealed

    def party(self, party_id: PartyId) -> Party | None:
        return self._parties.get(party_id)

    def parties(self, ids: Sequence[PartyId]) -> Mapping[PartyId, Party]:
        return {key: self._parties[key] for key in ids if key in self._parties}

    def party_by_number(self, number_index: bytes) -> Party | None:
        found = (k for k, sealed in self._sealed.items() if sealed.number_index == number_index)
        return self._parties.get(next(found, PartyId("")))

    def sealed(self, party_id: PartyId) -> Sealed | None:
        return self._sealed.get(party_id)

    def display_names(self, ids: Sequence[PartyId]) -> Mapping[PartyId, str]:
        return {key: self._sealed[key].display_name for key in ids if key in self._sealed}

    def forget(self, party_id: PartyId) -> None:
        self._sealed[party_id] = Sealed({}, None, "")

    def add_group(self, group: Group) -> None:
        self._groups[group.id] = group

    def add_member(self, group_id: GroupId, member: Member) -> None:
        group = self._groups[group_id]
        self._groups[group_id] = replace(group, members=(*group.members, member))

    def end_member(self, group_id: GroupId, member: Member) -> None:
        group = self._groups[group_id]
        members = tuple(
            member
            if (old.party_id, old.role, old.until) == (member.party_id, member.role, None)
            else old
            for old in group.members
        )
        self._groups[group_id] = replace(group, members=members)

    def group(self, group_id: GroupId) -> Group | None:
        return self._groups.get(group_id)

    def groups_with(self, ids: Sequence[PartyId], day: Day) -> Sequence[Group]:
        wanted = set(ids)
        return [group for group in self._groups.values() if group.parties(day) & wanted]

    def add_consent(self, consent: Consent) -> None:
        self._consents[consent.id] = consent

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None:  # noqa: ARG002 - one caller at a time
        return self._consents.get(consent_id)

    def change_consent(self, consent: Consent) -> None:
        self._consents[consent.id] = consent

    def consents_of(self, party_id: PartyId) -> Sequence[Consent]:
        return _sorted(c for c in self._consents.values() if c.party_id == party_id)

    def lapsed_consents(self, today: Day, limit: int) -> Sequence[Consent]:
        return _sorted(
            consent
            for consent in self._consents.values()
            if consent.state is ConsentState.GRANTED and consent.authorisation.expires < today
        )[:limit]

    def add_application(self, application: Application) -> None:
        self._applications[application.id] = application

    def application(
        self,
        application_id: ApplicationId,
        *,
        lock: bool = False,  # noqa: ARG002 - one caller at a time
    ) -> Application | None:
        return self._applications.get(application_id)

    def change_application(self, application: Application) -> None:
        if self._applications[application.id].version != application.version - 1:
            raise Conflict(
                f"{application.id} was changed by another",
                field="version",
                rule="the latest version",
            )
        self._applications[application.id] = application

    def open_application(self, borrower_id: PartyId) -> Application | None:
        mine = (a for a in self._applications.values() if a.borrower_id == borrower_id)
        return next((a for a in mine if a.state in OPEN_STATES), None)

    def find(
        self, where: ApplicationFilter, *, after: ApplicationId | None, limit: int
    ) -> Sequence[Application]:
        newest = sorted(self._applications.values(), key=lambda a: a.id, reverse=True)
        found = (a for a in newest if after is None or a.id < after)
        return [a for a in found if matches(a, where)][:limit]

    def stale(self, before: datetime, limit: int) -> Sequence[Application]:
        still = (a for a in self._applications.values() if a.state in OPEN_STATES)
        return _sorted(a for a in still if a.created_at < before)[:limit]

    def add_pull(self, pull: DataPull) -> None:
        self._pulls.append(pull)

    def pulls(self, application_id: ApplicationId) -> Sequence[DataPull]:
        return [pull for pull in self._pulls if pull.application_id == application_id]

    def add_offer(self, offer: Offer) -> None:
        self._offers[offer.id] = offer

    def offer(self, offer_id: OfferId, *, lock: bool = False) -> Offer | None:  # noqa: ARG002 - one caller at a time
        return self._offers.get(offer_id)

    def change_offer(self, offer: Offer) -> None:
        self._offers[offer.id] = offer

    def offers_of(self, application_id: ApplicationId) -> Sequence[Offer]:
        return [o for o in self._offers.values() if o.application_id == application_id]

    def lapsed_offers(self, today: Day, limit: int) -> Sequence[Offer]:
        live = (offer for offer in self._offers.values() if offer.state in _LIVE)
        return _sorted(offer for offer in live if offer.expires < today)[:limit]

    def add_contract(self, contract: Contract) -> None:
        self._contracts[contract.id] = contract

    def contract(self, contract_id: ContractId, *, lock: bool = False) -> Contract | None:  # noqa: ARG002 - one caller at a time
        return self._contracts.get(contract_id)

    def contract_of(self, application_id: ApplicationId) -> Contract | None:
        mine = [c for c in self._contracts.values() if c.application_id == application_id]
        return mine[-1] if mine else None

    def change_contract(self, contract: Contract) -> None:
        self._contracts[contract.id] = contract

    def add_event(self, event: Event) -> None:
        self._events.append(event)

    def events(self, application_id: ApplicationId) -> Sequence[Event]:
        return [event for event in self._events if event.application_id == application_id]


def matches(application: Application, where: ApplicationFilter) -> bool:
    """Whether ``application`` is one that ``where`` asks for."""
    request = application.request
    sets = (
        (where.states, application.state),
        (where.tiers, application.tier),
        (where.channels, request.channel),
    )
    equal = (
        (where.partner_id, application.partner_id),
        (where.group_id, application.group_id),
        (where.borrower_id, application.borrower_id),
        (where.consultant_id or None, application.consultant_id),
    )
    return (
        all(not wanted or value in wanted for wanted, value in sets)
        and all(wanted is None or value == wanted for wanted, value in equal)
        and (where.least is None or request.amount >= where.least)
        and (where.most is None or request.amount <= where.most)
        and _submitted_within(application, where)
    )


def _submitted_within(application: Application, where: ApplicationFilter) -> bool:
    if where.submitted_from is None and where.submitted_to is None:
        return True
    if application.submitted_at is None:
        return False
    day = day_of(application.submitted_at)
    after_start = where.submitted_from is None or where.submitted_from <= day
    return after_start and (where.submitted_to is None or day <= where.submitted_to)


def _sorted(items: Iterable[T]) -> list[T]:
    return sorted(items, key=lambda item: str(getattr(item, "id", "")))
