"""Use cases about who: parties with encrypted personal fields, obligor groups, consents."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from tael.kernel import (
    BadInput,
    Conflict,
    ConsentId,
    Day,
    Forbidden,
    GroupId,
    NotFound,
    PartyId,
    day_of,
)
from tael.origination import rules
from tael.origination.commands import once
from tael.origination.model import (
    Authorisation,
    Consent,
    ConsentState,
    Group,
    Member,
    Party,
    PartyKind,
    PersonalFields,
    move,
)
from tael.origination.ports import OpenStore, OriginationStore, Sealed, VaultPort
from tael.platform import Work

T = TypeVar("T")

ASSESSMENT = "credit_assessment"
BANK = "bank_application"
CONTRACT = "contract"


class Parties:
    """Parties, obligor groups and consents."""

    def __init__(self, store: OpenStore, vault: VaultPort) -> None:
        self._open = store
        self._vault = vault

    def register(
        self,
        work: Work,
        kind: PartyKind,
        fields: PersonalFields,
        *,
        region: str = "",
        industry: str = "",
    ) -> Party:
        """The party with this identity number: the one known, else a new one.

        Personal fields are encrypted before they are written; the number is found by a blind index.

        Raises:
            BadInput: a field is missing or overlong; names the field.
            Conflict: the number is known as another kind of party.
        """
        rules.checked_fields(fields)
        store = self._open(work)
        index = self._vault.blind_index(fields.id_number, field="id_number")
        known = store.party_by_number(index)
        if known is not None:
            if known.kind is not kind:
                raise Conflict(
                    f"this number belongs to a {known.kind.value}, not to a {kind.value}",
                    field="id_number",
                    rule="one number, one party",
                )
            return known
        now = work.clock.now()
        party = Party(PartyId.new(now), kind, region, industry, now)
        texts = {name: getattr(fields, name) for name in PersonalFields.__slots__}
        sealed = self._vault.encrypt_all(work, party.id, {k: v for k, v in texts.items() if v})
        store.add_party(party, Sealed(sealed, index, rules.display_name(kind, fields.name)))
        work.audit("party.registered", party.id, {"kind": kind.value})
        return party

    def party(self, work: Work, party_id: PartyId) -> Party:
        """A party, without its personal fields."""
        return found(self._open(work).party(party_id), "party_id", party_id)

    def display_names(self, work: Work, ids: Iterable[PartyId]) -> Mapping[PartyId, str]:
        """Masked names for lists; an erased party has none."""
        return self._open(work).display_names(sorted(set(ids)))

    def reveal(self, work: Work, party_id: PartyId, *, purpose: str) -> PersonalFields:
        """The personal fields in clear, under a live consent for ``purpose``; the read is audited.

        Raises:
            Forbidden: no live consent of the party for this purpose (``no_live_consent``).
            NotFound: no such party, or erased.
        """
        store = self._open(work)
        found(store.party(party_id), "party_id", party_id)
        require_consent(store, party_id, purpose=purpose, today=day_of(work.clock.now()))
        sealed = store.sealed(party_id)
        fields = dict(sealed.fields) if sealed else {}
        texts = self._vault.reveal(work, {party_id: fields}, purpose=purpose).get(party_id)
        if not texts:
            raise NotFound(f"the personal data of {party_id} was erased", code="erased")
        return PersonalFields(**texts)

    def demand_consent(self, work: Work, party_id: PartyId, *, purpose: str) -> None:
        """Refuse what a party has not consented to.

        Raises:
            Forbidden: no live consent of the party for this purpose (``no_live_consent``).
        """
        today = day_of(work.clock.now())
        require_consent(self._open(work), party_id, purpose=purpose, today=today)

    def erase(self, work: Work, party_id: PartyId, *, reason: str) -> None:
        """Make the personal fields unreadable for good; id, days and amounts stay."""
        store = self._open(work)
        found(store.party(party_id), "party_id", party_id)
        self._vault.erase(work, party_id, reason=reason)
        store.forget(party_id)

    def form_group(self, work: Work, members: Sequence[Member]) -> Group:
        """An obligor group of ``members``, with an owner and one enterprise.

        Raises:
            BadInput: an unknown party, a role its party cannot have, a link that ends before it
                begins, the same link twice.
        """
        store, today = self._open(work), day_of(work.clock.now())
        for number, member in enumerate(members, start=1):
            _check_member(store, member, number)
        links = [(member.party_id, member.role) for member in members]
        if len(set(links)) != len(links):
            raise BadInput("a link is there twice", field="members", rule="each link once")
        group = Group(GroupId.new(work.clock.now()), tuple(members))
        known = store.parties([member.party_id for member in members])
        rules.borrower_of(group, known, today)
        store.add_group(group)
        work.audit("group.formed", group.id, {"members": str(len(members))})
        return group

    def group(self, work: Work, group_id: GroupId) -> Group:
        """A group with every link it ever had."""
        return found(self._open(work).group(group_id), "group_id", group_id)

    def link(self, work: Work, group_id: GroupId, member: Member) -> Group:
        """Add a dated link."""
        store = self._open(work)
        group = found(store.group(group_id), "group_id", group_id)
        _check_member(store, member, 1)
        open_links = {(m.party_id, m.role) for m in group.members if m.until is None}
        if (member.party_id, member.role) in open_links:
            raise Conflict("this link holds already", field="members", rule="each link once")
        store.add_member(group_id, member)
        work.audit("group.linked", group_id, {"party": member.party_id, "role": member.role.value})
        return self.group(work, group_id)

    def unlink(self, work: Work, group_id: GroupId, member: Member, *, until: Day) -> Group:
        """End a link on ``until`` (excluded); it stays as history."""
        store = self._open(work)
        group = found(store.group(group_id), "group_id", group_id)
        if member not in group.members or member.until is not None or until < member.since:
            raise Conflict(
                "no such open link", field="members", rule="an open link, not in the past"
            )
        store.end_member(group_id, replace(member, until=until))
        work.audit("group.unlinked", group_id, {"party": member.party_id})
        return self.group(work, group_id)

    def connected(self, work: Work, party_ids: Iterable[PartyId], on: Day) -> frozenset[PartyId]:
        """Everybody tied to ``party_ids`` on ``on`` through groups, themselves included.

        Links of links count: a spouse who owns another firm ties that firm's group in.
        """
        store = self._open(work)
        known: frozenset[PartyId] = frozenset()
        fresh = frozenset(party_ids)
        while fresh:
            known |= fresh
            groups = store.groups_with(sorted(fresh), on)
            fresh = frozenset().union(*(group.parties(on) for group in groups)) - known
        return known

    def grant(
        self, work: Work, key: str, party_id: PartyId, authorisation: Authorisation
    ) -> Consent:
        """Keep a consent with its signed authorisation; ``key`` names the command.

        A live consent of the same party, purpose and recipient is superseded by it.

        Raises:
            BadInput: the authorisation lacks a part, or is over; names the part.
            Conflict: the key came before with other inputs.
        """
        store, now = self._open(work), work.clock.now()
        found(store.party(party_id), "party_id", party_id)

        def act() -> str:
            rules.checked_authorisation(authorisation, day_of(now))
            for old in store.consents_of(party_id):
                same = old.authorisation
                if old.live(day_of(now)) and (same.purpose, same.recipient) == (
                    authorisation.purpose,
                    authorisation.recipient,
                ):
                    end_consent(work, store, old, ConsentState.SUPERSEDED)
            consent = Consent(
                ConsentId.new(now), party_id, authorisation, ConsentState.GRANTED, now
            )
            store.add_consent(consent)
            work.audit("consent.granted", consent.id, {"purpose": authorisation.purpose})
            return consent.id

        consent_id, _ = once(store, key, _consent_inputs(party_id, authorisation), act)
        return self.consent(work, ConsentId(consent_id))

    def withdraw_consent(self, work: Work, consent_id: ConsentId) -> Consent:
        """End a consent at the party's word; what was read stays read, nothing more is.

        Raises:
            Conflict: it ended before.
        """
        store = self._open(work)
        consent = found(store.consent(consent_id, lock=True), "consent_id", consent_id)
        return end_consent(work, store, consent, ConsentState.WITHDRAWN)

    def consent(self, work: Work, consent_id: ConsentId) -> Consent:
        """A consent, ended or not."""
        return found(self._open(work).consent(consent_id), "consent_id", consent_id)

    def consents_of(self, work: Work, party_id: PartyId) -> Sequence[Consent]:
        """Every consent of a party, oldest first."""
        return self._open(work).consents_of(party_id)

    def expire_consents(self, work: Work, *, limit: int = 1000) -> int:
        """End the consents whose last day is over; returns how many."""
        store = self._open(work)
        lapsed = store.lapsed_consents(day_of(work.clock.now()), limit)
        for consent in lapsed:
            end_consent(work, store, consent, ConsentState.EXPIRED)
        return len(lapsed)


def require_consent(
    store: OriginationStore,
    party_id: PartyId,
    *,
    purpose: str,
    today: Day,
    recipient: str | None = None,
) -> Consent:
    """The live consent of ``party_id`` for ``purpose`` (invariant 17), to ``recipient`` if named.

    Raises:
        Forbidden: there is none (``no_live_consent``).
    """
    for consent in store.consents_of(party_id):
        terms = consent.authorisation
        if (
            consent.live(today)
            and terms.purpose == purpose
            and recipient in (None, terms.recipient)
        ):
            return consent
    to = f" to {recipient}" if recipient else ""
    raise Forbidden(
        f"{party_id} has no live consent for {purpose}{to}",
        code="no_live_consent",
        field="consent",
        rule="a live consent for the purpose",
    )


def end_consent(work: Work, store: OriginationStore, consent: Consent, to: ConsentState) -> Consent:
    """``consent`` in its last state.

    Raises:
        Conflict: it ended before.
    """
    ended = replace(consent, state=move(consent.state, to), ended_at=work.clock.now())
    store.change_consent(ended)
    work.audit(f"consent.{to.value}", consent.id, {"purpose": consent.authorisation.purpose})
    return ended


def _check_member(store: OriginationStore, member: Member, number: int) -> None:
    if store.party(member.party_id) is None:
        raise BadInput(
            f"there is no party {member.party_id}",
            field="members.party_id",
            row=number,
            rule="a registered party",
        )
    if member.until is not None and member.until < member.since:
        raise BadInput(
            f"a link does not end on {member.until} before it begins on {member.since}",
            field="members.until",
            row=number,
            rule="until >= since",
        )


def _consent_inputs(party_id: PartyId, authorisation: Authorisation) -> dict[str, object]:
    return {
        "command": "grant_consent",
        "party": party_id,
        "purpose": authorisation.purpose,
        "scope": sorted(authorisation.scope),
        "recipient": authorisation.recipient,
        "expires": authorisation.expires.isoformat(),
        "document_hash": authorisation.document_hash,
    }


def found(item: T | None, field: str, sought: str) -> T:
    """``item``, when there is one.

    Raises:
        NotFound: there is none that the caller may see.
    """
    if item is None:
        raise NotFound(f"there is no {sought}", field=field)
    return item
