"""The room's store in PostgreSQL: rows in, frozen values out. Callers see the rows they may see."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import sqlalchemy as sa

from tael.kernel import (
    CHINA,
    ApplicationId,
    Conflict,
    ConsentId,
    ContractId,
    Day,
    GroupId,
    OfferId,
    PartyId,
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
from tael.origination.store import rows
from tael.origination.store.source_tables import APPEND_ONLY
from tael.origination.store.tables import DDL as DDL_OF_APPLICATIONS
from tael.origination.store.tables import (
    append_only,
    applications,
    commands,
    consents,
    contracts,
    events,
    groups,
    members,
    metadata,
    offers,
    parties,
    pulls,
)
from tael.platform import Actor, Work

__all__ = ["DDL", "SqlOriginationStore", "metadata"]

DDL: tuple[str, ...] = (*DDL_OF_APPLICATIONS, *append_only(*APPEND_ONLY))
_FIELDS = ("name", "id_number", "phone", "address")


class AccessPort(Protocol):
    """Limits what a caller's queries see."""

    def row_filter(
        self,
        actor: Actor,
        resource: str,
        columns: Mapping[str, sa.ColumnElement[Any]],
        action: str = "read",
    ) -> sa.ColumnElement[bool]: ...


class SqlOriginationStore:
    """The store over the open unit of work.

    Args:
        work: the unit of work.
        access: limits every query on applications, offers and contracts to the caller's rows.
    """

    def __init__(self, work: Work, access: AccessPort) -> None:
        self._connection = work.connection
        self._actor = work.actor
        self._access = access

    @classmethod
    def opener(cls, access: AccessPort) -> Callable[[Work], SqlOriginationStore]:
        """What opens a unit of work's store under ``access``."""
        return lambda work: cls(work, access)

    def command(self, key: str) -> tuple[str, str] | None:
        query = sa.select(commands.c.fingerprint, commands.c.result).where(commands.c.key == key)
        # Two with one key at once: the second waits here until the first is through.
        lock = sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(f"origination:{key}", 0))
        self._connection.execute(sa.select(lock))
        row = self._connection.execute(query).first()
        return None if row is None else (row.fingerprint, row.result)

    def add_command(self, key: str, fingerprint: str, result: str) -> None:
        values = {"key": key, "fingerprint": fingerprint, "result": result}
        self._connection.execute(sa.insert(commands).values(values))

    def add_party(self, party: Party, sealed: Sealed) -> None:
        values = rows.party_values(party) | {name: sealed.fields.get(name) for name in _FIELDS}
        self._connection.execute(
            sa.insert(parties).values(
                **values, number_index=sealed.number_index, display_name=sealed.display_name
            )
        )

    def party(self, party_id: PartyId) -> Party | None:
        return self.parties([party_id]).get(party_id)

    def parties(self, ids: Sequence[PartyId]) -> Mapping[PartyId, Party]:
        found = self._rows(sa.select(parties).where(parties.c.id.in_(ids)))
        return {party.id: party for party in map(rows.party, found)}

    def party_by_number(self, number_index: bytes) -> Party | None:
        row = self._row(sa.select(parties).where(parties.c.number_index == number_index))
        return None if row is None else rows.party(row)

    def sealed(self, party_id: PartyId) -> Sealed | None:
        row = self._row(sa.select(parties).where(parties.c.id == party_id))
        if row is None:
            return None
        fields = {name: bytes(row[name]) for name in _FIELDS if row[name] is not None}
        return Sealed(fields, row["number_index"], row["display_name"])

    def display_names(self, ids: Sequence[PartyId]) -> Mapping[PartyId, str]:
        query = sa.select(parties.c.id, parties.c.display_name).where(parties.c.id.in_(ids))
        return {PartyId(row["id"]): row["display_name"] for row in self._rows(query)}

    def forget(self, party_id: PartyId) -> None:
        gone = dict.fromkeys(_FIELDS) | {"number_index": None, "display_name": ""}
        statement = sa.update(parties).where(parties.c.id == party_id).values(gone)
        self._connection.execute(statement)

    def add_group(self, group: Group) -> None:
        self._connection.execute(sa.insert(groups).values(id=group.id))
        for member in group.members:
            self.add_member(group.id, member)

    def add_member(self, group_id: GroupId, member: Member) -> None:
        values = rows.member_values(group_id, member)
        self._connection.execute(sa.insert(members).values(values))

    def end_member(self, group_id: GroupId, member: Member) -> None:
        self._connection.execute(
            sa.update(members)
            .where(
                members.c.group_id == group_id,
                members.c.party_id == member.party_id,
                members.c.role == member.role.value,
                members.c.until.is_(None),
            )
            .values(until=member.until)
        )

    def group(self, group_id: GroupId) -> Group | None:
        if self._row(sa.select(groups).where(groups.c.id == group_id)) is None:
            return None
        query = sa.select(members).where(members.c.group_id == group_id).order_by(members.c.number)
        return Group(group_id, tuple(rows.member(row) for row in self._rows(query)))

    def groups_with(self, ids: Sequence[PartyId], day: Day) -> Sequence[Group]:
        query = sa.select(members.c.group_id).distinct()
        query = query.where(
            members.c.party_id.in_(ids),
            members.c.since <= day,
            sa.or_(members.c.until.is_(None), members.c.until > day),
        )
        found = [self.group(GroupId(row["group_id"])) for row in self._rows(query)]
        return [group for group in found if group is not None]

    def add_consent(self, consent: Consent) -> None:
        self._connection.execute(sa.insert(consents).values(rows.consent_values(consent)))

    def consent(self, consent_id: ConsentId, *, lock: bool = False) -> Consent | None:
        row = self._row(sa.select(consents).where(consents.c.id == consent_id), lock=lock)
        return None if row is None else rows.consent(row)

    def change_consent(self, consent: Consent) -> None:
        self._change(consents, rows.consent_values(consent))

    def consents_of(self, party_id: PartyId) -> Sequence[Consent]:
        query = sa.select(consents).where(consents.c.party_id == party_id).order_by(consents.c.id)
        return [rows.consent(row) for row in self._rows(query)]

    def lapsed_consents(self, today: Day, limit: int) -> Sequence[Consent]:
        query = sa.select(consents).where(
            consents.c.state == ConsentState.GRANTED.value, consents.c.expires < today
        )
        return [rows.consent(row) for row in self._rows(_some(query, consents, limit))]

    def add_application(self, application: Application) -> None:
        self._connection.execute(
            sa.insert(applications).values(rows.application_values(application))
        )

    def application(
        self, application_id: ApplicationId, *, lock: bool = False
    ) -> Application | None:
        row = self._row(self._visible().where(applications.c.id == application_id), lock=lock)
        return None if row is None else rows.application(row)

    def change_application(self, application: Application) -> None:
        result = self._connection.execute(
            sa.update(applications)
            .where(
                applications.c.id == application.id,
                applications.c.version == application.version - 1,
            )
            .values(rows.application_values(application))
        )
        if result.rowcount != 1:
            raise Conflict(
                f"{application.id} was changed by another",
                field="version",
                rule="the latest version",
            )

    def open_application(self, borrower_id: PartyId) -> Application | None:
        query = sa.select(applications).where(
            applications.c.borrower_id == borrower_id,
            applications.c.state.in_([state.value for state in OPEN_STATES]),
        )
        row = self._row(query)
        return None if row is None else rows.application(row)

    def find(
        self, where: ApplicationFilter, *, after: ApplicationId | None, limit: int
    ) -> Sequence[Application]:
        query = self._visible().where(*_conditions(where))
        if after is not None:
            query = query.where(applications.c.id < after)
        query = query.order_by(applications.c.id.desc()).limit(limit)
        return [rows.application(row) for row in self._rows(query)]

    def stale(self, before: datetime, limit: int) -> Sequence[Application]:
        query = sa.select(applications).where(
            applications.c.created_at < before,
            applications.c.state.in_([state.value for state in OPEN_STATES]),
        )
        return [rows.application(row) for row in self._rows(_some(query, applications, limit))]

    def add_pull(self, pull: DataPull) -> None:
        self._connection.execute(sa.insert(pulls).values(rows.pull_values(pull)))

    def pulls(self, application_id: ApplicationId) -> Sequence[DataPull]:
        query = sa.select(pulls).where(pulls.c.application_id == application_id)
        return [rows.pull(row) for row in self._rows(query.order_by(pulls.c.number))]

    def add_offer(self, offer: Offer) -> None:
        self._connection.execute(sa.insert(offers).values(rows.offer_values(offer)))

    def offer(self, offer_id: OfferId, *, lock: bool = False) -> Offer | None:
        query = self._visible_through("offer", offers).where(offers.c.id == offer_id)
        row = self._row(query, lock=lock, of=offers)
        return None if row is None else rows.offer(row)

    def change_offer(self, offer: Offer) -> None:
        self._change(offers, rows.offer_values(offer))

    def offers_of(self, application_id: ApplicationId) -> Sequence[Offer]:
        query = self._visible_through("offer", offers)
        query = query.where(offers.c.application_id == application_id).order_by(offers.c.number)
        return [rows.offer(row) for row in self._rows(query)]

    def lapsed_offers(self, today: Day, limit: int) -> Sequence[Offer]:
        live = [OfferState.PROPOSED, OfferState.DISCLOSED, OfferState.ACCEPTED]
        query = sa.select(offers).where(
            offers.c.expires < today, offers.c.state.in_([state.value for state in live])
        )
        return [rows.offer(row) for row in self._rows(_some(query, offers, limit))]

    def add_contract(self, contract: Contract) -> None:
        self._connection.execute(sa.insert(contracts).values(rows.contract_values(contract)))

    def contract(self, contract_id: ContractId, *, lock: bool = False) -> Contract | None:
        query = self._visible_through("contract", contracts).where(contracts.c.id == contract_id)
        row = self._row(query, lock=lock, of=contracts)
        return None if row is None else rows.contract(row)

    def contract_of(self, application_id: ApplicationId) -> Contract | None:
        query = self._visible_through("contract", contracts)
        query = query.where(contracts.c.application_id == application_id)
        row = self._row(query.order_by(contracts.c.id.desc()).limit(1))
        return None if row is None else rows.contract(row)

    def change_contract(self, contract: Contract) -> None:
        self._change(contracts, rows.contract_values(contract))

    def add_event(self, event: Event) -> None:
        self._connection.execute(sa.insert(events).values(rows.event_values(event)))

    def events(self, application_id: ApplicationId) -> Sequence[Event]:
        query = sa.select(events).where(events.c.application_id == application_id)
        return [rows.event(row) for row in self._rows(query.order_by(events.c.number))]

    def _visible(self) -> sa.Select[Any]:
        columns = {
            "owner_id": applications.c.owner_id,
            "consultant_id": applications.c.consultant_id,
        }
        allowed = self._access.row_filter(self._actor, "application", columns)
        return sa.select(applications).where(allowed)

    def _visible_through(self, resource: str, table: sa.Table) -> sa.Select[Any]:
        columns = {
            "owner_id": applications.c.owner_id,
            "consultant_id": applications.c.consultant_id,
            "partner_id": table.c.partner_id,
        }
        allowed = self._access.row_filter(self._actor, resource, columns)
        joined = table.join(applications, applications.c.id == table.c.application_id)
        return sa.select(table).select_from(joined).where(allowed)

    def _change(self, table: sa.Table, values: Mapping[str, Any]) -> None:
        statement = sa.update(table).where(table.c.id == values["id"]).values(values)
        self._connection.execute(statement)

    def _rows(self, query: sa.Select[Any]) -> Sequence[sa.RowMapping]:
        return self._connection.execute(query).mappings().all()

    def _row(
        self, query: sa.Select[Any], *, lock: bool = False, of: sa.Table | None = None
    ) -> sa.RowMapping | None:
        if lock:
            query = query.with_for_update(of=of)
        return self._connection.execute(query).mappings().first()


def _some(query: sa.Select[Any], table: sa.Table, limit: int) -> sa.Select[Any]:
    """The oldest ``limit`` rows, for a sweep: rows another sweep holds are left to it."""
    return query.order_by(table.c.id).limit(limit).with_for_update(skip_locked=True)


def _conditions(where: ApplicationFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    sets: tuple[tuple[sa.Column[Any], frozenset[Any]], ...] = (
        (applications.c.state, frozenset(state.value for state in where.states)),
        (applications.c.tier, where.tiers),
        (applications.c.channel, where.channels),
    )
    found += [column.in_(sorted(values)) for column, values in sets if values]
    equal: tuple[tuple[sa.Column[Any], str | None], ...] = (
        (applications.c.partner_id, where.partner_id),
        (applications.c.group_id, where.group_id),
        (applications.c.borrower_id, where.borrower_id),
        (applications.c.consultant_id, where.consultant_id or None),
    )
    found += [column == value for column, value in equal if value is not None]
    if where.least is not None:
        found += [applications.c.currency == where.least.currency]
        found += [applications.c.amount_minor >= where.least.minor]
    if where.most is not None:
        found += [applications.c.currency == where.most.currency]
        found += [applications.c.amount_minor <= where.most.minor]
    if where.submitted_from is not None:
        found.append(applications.c.submitted_at >= _morning(where.submitted_from))
    if where.submitted_to is not None:
        found.append(applications.c.submitted_at < _morning(where.submitted_to.plus_days(1)))
    return found


def _morning(day: Day) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC)
