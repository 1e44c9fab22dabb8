"""Business parameters: dated, versioned, changed by two people, never edited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from tael.kernel import (
    BadInput,
    Calendar,
    Conflict,
    Day,
    Forbidden,
    Money,
    NotFound,
    Rate,
    VersionId,
    day_of,
)
from tael.platform import parameter_catalogue as catalogue_of
from tael.platform.database import Actor, Work
from tael.platform.identity_store import parameter_versions
from tael.platform.parameter_catalogue import Catalogue, Definition, Json

_SHIPPED_BY = "shipped"
_versions = parameter_versions.c


@dataclass(frozen=True, slots=True)
class ParameterVersion:
    """One value of a parameter from ``effective`` on; ``state`` proposed, approved or rejected."""

    id: VersionId
    name: str
    value: Json
    effective: Day
    state: str
    source: str
    needs_check: bool
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None


class Parameters:
    """The values in force on a day. One person proposes a version, another approves it."""

    def __init__(self, catalogue: Catalogue | None = None) -> None:
        self._catalogue = catalogue or Catalogue.shipped()

    def install_defaults(self, work: Work) -> int:
        """Add the shipped versions that are not there yet; returns how many. Safe to run again.

        A shipped version never overrules an approved one of the same day.
        """
        now = work.clock.now()
        rows = [
            {
                "id": _shipped_id(definition.name, value),
                "name": definition.name,
                "value": value.value,
                "effective": value.effective,
                "state": "approved",
                "origin": "shipped",
                "source": value.source,
                "needs_check": value.needs_check,
                "proposed_by": _SHIPPED_BY,
                "proposed_at": now,
                "decided_by": _SHIPPED_BY,
                "decided_at": now,
            }
            for definition in self._catalogue.definitions()
            for value in definition.shipped
        ]
        before = _count(work)
        work.connection.execute(insert(parameter_versions).on_conflict_do_nothing(), rows)
        added = _count(work) - before
        if added:
            work.audit("parameter.installed", "parameters", {"versions": str(added)})
        return added

    def propose(
        self, work: Work, name: str, value: Json, effective: Day, *, source: str = ""
    ) -> VersionId:
        """A new version from ``effective`` (today or later) on, in force once another approves it.

        ``source`` is why: the notice, the agreement, the resolution.

        Raises:
            NotFound: no such parameter.
            BadInput: a value of another type, or a day that is past (see ``propose_correction``).
        """
        if effective < day_of(work.clock.now()):
            raise BadInput(
                f"{effective} is past; decisions were made on it: propose a correction",
                field="effective",
                rule="today or later",
            )
        return self._add(work, name, value, effective, source=source)

    def propose_correction(
        self, work: Work, name: str, value: Json, effective: Day, *, source: str
    ) -> VersionId:
        """The same for a day that is past: what was decided meanwhile stays as it was decided.

        Raises:
            NotFound: no such parameter.
            BadInput: a value of another type, or no ``source``.
        """
        if not source.strip():
            raise BadInput("say why the past was wrong", field="source", rule="not empty")
        return self._add(work, name, value, effective, source=source)

    def approve(self, work: Work, version_id: VersionId, *, why: str = "") -> None:
        """Put a proposed version in force: by a person, and not by the one who proposed it.

        ``why`` goes to the audit log.

        Raises:
            NotFound: no such version.
            Conflict: it was decided before, or its day came before anybody approved it.
            Forbidden: the approver is the proposer, or no person.
        """
        version = self._decide(work, version_id, "approved", why)
        late = version.effective < day_of(work.clock.now())
        if late and version.effective >= day_of(version.proposed_at):
            raise Conflict(
                f"{version.effective} has passed since this was proposed; propose it anew",
                field="effective",
                rule="approved by its effective day",
            )

    def reject(self, work: Work, version_id: VersionId, *, why: str = "") -> None:
        """Refuse a proposed version; its own proposer may, to take it back.

        ``why`` goes to the audit log.

        Raises:
            NotFound: no such version.
            Conflict: it was decided before.
        """
        self._decide(work, version_id, "rejected", why)

    def value(self, work: Work, name: str, on: Day, *, known_at: datetime | None = None) -> Json:
        """The value in force on ``on``; with ``known_at``, as it was known at that instant.

        Raises:
            NotFound: no such parameter (``unknown_parameter``), or none in force on that day
                (``no_value_in_force``).
        """
        self._catalogue.get(name)
        query = _in_force(on, known_at).where(_versions.name == name)
        found = work.connection.execute(query).first()
        if found is None:
            raise _none_in_force(work, name, on)
        value: Json = found.value
        return value

    def rate(self, work: Work, name: str, on: Day) -> Rate:
        """The Rate in force; errors as ``value``, BadInput when it is of another type."""
        return catalogue_of.read_rate(self.value(work, name, on), name)

    def number(self, work: Work, name: str, on: Day) -> Decimal:
        """The number in force; errors as ``rate``."""
        return catalogue_of.read_number(self.value(work, name, on), name)

    def money(self, work: Work, name: str, on: Day) -> Money:
        """The amount in force; errors as ``rate``."""
        return catalogue_of.read_money(self.value(work, name, on), name)

    def count(self, work: Work, name: str, on: Day) -> int:
        """The whole number in force; errors as ``rate``."""
        return catalogue_of.read_count(self.value(work, name, on), name)

    def flag(self, work: Work, name: str, on: Day) -> bool:
        """The yes or no in force; errors as ``rate``."""
        return catalogue_of.read_flag(self.value(work, name, on), name)

    def calendar(self, work: Work, country: str, on: Day) -> Calendar:
        """The calendar ``calendar.<country>`` in force; days past its last notice are plain."""
        name = f"calendar.{country}"
        return catalogue_of.read_calendar(self.value(work, name, on), name)

    def in_force(
        self, work: Work, on: Day, *, known_at: datetime | None = None
    ) -> dict[str, ParameterVersion]:
        """Every parameter in force on ``on`` by name: what a contract or a decision freezes."""
        found = map(_version, work.connection.execute(_in_force(on, known_at)))
        return {version.name: version for version in found}

    def history(self, work: Work, name: str) -> list[ParameterVersion]:
        """Every version of ``name``, whatever became of it, latest effective day first.

        Raises:
            NotFound: no such parameter.
        """
        self._catalogue.get(name)
        query = sa.select(parameter_versions).where(_versions.name == name)
        ordered = query.order_by(
            _versions.effective.desc(), _versions.proposed_at.desc(), _versions.id
        )
        return [_version(row) for row in work.connection.execute(ordered)]

    def pending(self, work: Work) -> list[ParameterVersion]:
        """Versions that wait for a second person, oldest first."""
        query = sa.select(parameter_versions).where(_versions.state == "proposed")
        return [_version(row) for row in work.connection.execute(query.order_by(_versions.id))]

    def definitions(self) -> tuple[Definition, ...]:
        """What there is to set."""
        return self._catalogue.definitions()

    def _add(self, work: Work, name: str, value: Json, effective: Day, *, source: str) -> VersionId:
        catalogue_of.check_value(self._catalogue.get(name), value, name)
        now = work.clock.now()
        version_id = VersionId.new(now)
        work.connection.execute(
            sa.insert(parameter_versions).values(
                id=version_id,
                name=name,
                value=value,
                effective=effective,
                state="proposed",
                origin="own",
                source=source,
                needs_check=False,
                proposed_by=_person(work.actor),
                proposed_at=now,
            )
        )
        detail = {"name": name, "effective": effective.isoformat()}
        work.audit("parameter.proposed", version_id, detail)
        return version_id

    def _decide(self, work: Work, version_id: VersionId, state: str, why: str) -> ParameterVersion:
        query = sa.select(parameter_versions).where(_versions.id == version_id).with_for_update()
        row = work.connection.execute(query).first()
        if row is None:
            raise NotFound(f"no version {version_id} of a parameter", field="version_id")
        version = _version(row)
        if version.state != "proposed":
            raise Conflict(f"this version was {version.state} before", rule="decided once")
        person = _person(work.actor)
        if person == version.proposed_by and state == "approved":
            raise Forbidden("another person approves what you propose", rule="four eyes")
        work.connection.execute(
            sa.update(parameter_versions)
            .where(_versions.id == version_id)
            .values(state=state, decided_by=person, decided_at=work.clock.now())
        )
        told = {"name": version.name, **({"why": why.strip()} if why.strip() else {})}
        work.audit(f"parameter.{state}", version_id, told)
        return version


def _in_force(on: Day, known_at: datetime | None) -> sa.Select[tuple[object, ...]]:
    """One row per name: the latest effective day, our own before shipped, the latest decision."""
    query = (
        sa.select(parameter_versions)
        .ext(distinct_on(_versions.name))
        .where(_versions.state == "approved", _versions.effective <= on)
        .order_by(
            _versions.name,
            _versions.effective.desc(),
            _versions.origin,
            _versions.decided_at.desc(),
            _versions.id.desc(),
        )
    )
    return query if known_at is None else query.where(_versions.decided_at <= known_at)


def _none_in_force(work: Work, name: str, on: Day) -> NotFound:
    query = sa.select(sa.func.min(_versions.effective)).where(
        _versions.name == name, _versions.state == "approved"
    )
    first = work.connection.execute(query).scalar_one()
    since = f"its first value is of {first}" if first else "it was never given one"
    return NotFound(
        f"parameter {name!r} has no value in force on {on}; {since}",
        code="no_value_in_force",
        field="on",
    )


def _person(actor: Actor) -> str:
    """The person behind an actor: a key is its user, so nobody is their own second pair of eyes."""
    if actor.kind == "key":
        behind = [role.removeprefix("as:") for role in actor.roles if role.startswith("as:")]
        if len(behind) == 1:
            return behind[0]
    if actor.kind != "user":
        raise Forbidden("a person proposes and decides, not a program", rule="four eyes")
    return actor.id


def _shipped_id(name: str, value: catalogue_of.ShippedValue) -> VersionId:
    day = value.effective
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return VersionId.derive(midnight, name, repr(value.value))


def _count(work: Work) -> int:
    return work.connection.execute(sa.select(sa.func.count(_versions.id))).scalar_one()


def _version(row: sa.Row[tuple[object, ...]]) -> ParameterVersion:
    return ParameterVersion(
        id=VersionId(row.id),
        name=row.name,
        value=row.value,
        effective=Day.of(row.effective),
        state=row.state,
        source=row.source,
        needs_check=row.needs_check,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at.astimezone(UTC),
        decided_by=row.decided_by,
        decided_at=row.decided_at.astimezone(UTC) if row.decided_at else None,
    )
