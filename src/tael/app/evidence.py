"""Raw events that are handed in with an application, checked row by row and kept as evidence.

What sources told somebody else first comes in here: a policy with variables decides on it as if the
sources had been asked. Every row belongs to somebody of the application who has consented to its
source; one that is at fault refuses them all.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from typing import TYPE_CHECKING

from tael.app.evidence_rows import Reader, Rows
from tael.app.source_desk import OWNERS, About, Whom, own_links
from tael.app.source_events import links_table
from tael.kernel import CHINA, BadInput, Forbidden, PartyId, day_of
from tael.origination import ASSESSMENT
from tael.origination.model import Application, Member, Role
from tael.origination.sources import model
from tael.policies.flow import SOURCE_OF_STREAM
from tael.policies.live import Evidence

if TYPE_CHECKING:
    import pyarrow as pa

    from tael.app.installation import Installation
    from tael.platform import Work
    from tael.variables import Plan

MOST_EVENTS = 20_000


@dataclass(frozen=True)
class _Behind:
    """Who is behind an application, by the ids of parties: the firm, its owners, its market."""

    firm: PartyId
    owners: tuple[Member, ...]
    market: str

    @property
    def subjects(self) -> frozenset[str]:
        """Whom an event may be about."""
        return frozenset({str(self.firm), self.market, *(str(o.party_id) for o in self.owners)})

    def links(self) -> Mapping[str, pa.Table]:
        """Owners and market tied to the firm, as the house knows them."""
        persons = tuple(
            About(
                model.Subject(one.party_id, "person", one.party_id),
                since=datetime.combine(one.since, time(), CHINA),
            )
            for one in self.owners
        )
        whom = Whom(About(model.Subject(self.firm, "enterprise", self.firm)), persons)
        since = [min((one.since for one in persons if one.since), default=None)]
        market: Mapping[str, Sequence[object]] = {
            "person_id": [self.market],
            "enterprise_id": [self.firm],
            "role": ["market"],
            "valid_from": since,
            "valid_to": [None],
            "known_at": since,
        }
        return {"role_link": own_links(whom), "market_link": links_table(market)}


def evidence_of(
    house: Installation, work: Work, application: Application, events: Mapping[str, Rows]
) -> Evidence:
    """``events`` by stream, checked and packed, of the firm behind an application.

    Subjects are ids of parties; the columns are those of the streams' definitions, amounts in fen.

    Raises:
        BadInput: no such stream, too many rows, or a row at fault; names stream, column and row.
        Forbidden: somebody it tells of has not consented to its source.
    """
    count = sum(map(len, events.values()))
    if not events or count > MOST_EVENTS:
        rule = f"at least one stream, at most {MOST_EVENTS} events"
        raise BadInput(f"{count} events of {len(events)} streams", field="events", rule=rule)
    plan, behind, now = _plan(), _behind(house, work, application), work.clock.now()
    reader = Reader(plan, behind.subjects, now)
    tables = {name: reader.table(name, rows) for name, rows in sorted(events.items())}
    for name, table in tables.items():
        told_of = {behind.firm, *map(str, table.column("subject_id").unique().to_pylist())}
        _demand_consents(house, work, SOURCE_OF_STREAM[name], told_of - {behind.market})
    known = [at for table in tables.values() for at in table.column("known_at").to_pylist()]
    told = {name: {"events": table.num_rows} for name, table in tables.items()}
    streams = {f"events/{name}": table for name, table in tables.items()}
    packed = _packed(plan, behind.firm, {**streams, **behind.links()})
    return Evidence(behind.firm, max(known, default=now), json.dumps(told), packed)


def firm_of(house: Installation, work: Work, application: Application) -> PartyId:
    """The enterprise behind an application: its evidence is kept under this id."""
    members = house.parties.group(work, application.group_id).on(day_of(work.clock.now()))
    return next(one.party_id for one in members if one.role is Role.ENTERPRISE)


@cache
def _plan() -> Plan:
    """Every stream of the catalogue: evidence serves whatever policy comes into force."""
    from tael.variables import compile_plan, load_definitions  # noqa: PLC0415 - heavy

    return compile_plan(load_definitions())


def _behind(house: Installation, work: Work, application: Application) -> _Behind:
    members = house.parties.group(work, application.group_id).on(day_of(work.clock.now()))
    firm = firm_of(house, work, application)
    place = house.parties.party(work, firm)
    owners = tuple(one for one in members if one.role in OWNERS)
    return _Behind(firm, owners, f"{place.region}-{place.industry}")


def _demand_consents(house: Installation, work: Work, source: str, parties: set[str]) -> None:
    today = day_of(work.clock.now())
    for party_id in sorted(parties):
        known = house.parties.consents_of(work, PartyId(party_id))
        terms = [one.authorisation for one in known if one.live(today)]
        if not any(t.purpose == ASSESSMENT and source in t.scope for t in terms):
            raise Forbidden(
                f"{party_id} has not consented to {source}",
                code="no_live_consent",
                field="events",
                rule=f"a live consent with {source} in its scope",
            )


def _packed(plan: Plan, firm: str, tables: Mapping[str, pa.Table]) -> bytes:
    """The book of one firm.

    Raises:
        BadInput: a row that is no event of its stream; names stream, column, row and rule.
    """
    from tael.variables import to_bytes  # noqa: PLC0415 - heavy
    from tael.variables.drivers import book_of_tables  # noqa: PLC0415 - the same

    loaded = book_of_tables(plan, firm, tables)
    for report in loaded.account.reports:
        for fault in report.faults:
            stream, example = report.slot.partition(".")[2], fault.examples[0]
            raise BadInput(
                f"{stream}.{fault.field} is {example.value!r}",
                field=f"events.{stream}.{fault.field}",
                row=example.row,
                rule=fault.rule,
            )
    return to_bytes(loaded.book, 0)
