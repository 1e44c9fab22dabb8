"""Policy versions and the decision log in PostgreSQL, schema ``policies``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, insert

from tael.kernel import ApplicationId, DecisionId, VersionId
from tael.platform import Work
from tael.policies.canonical import canonical, read
from tael.policies.model import (
    TEXTS,
    Arm,
    Bundle,
    Deployment,
    Event,
    EventKind,
    LogEntry,
    ModelState,
    ModelVersion,
    PolicyState,
    PolicyVersion,
    Role,
    Seal,
    stopping_rule_of,
)
from tael.policies.store.tables import (
    ARM,
    DDL,
    SAID,
    decisions,
    deployments,
    events,
    metadata,
    models,
    of_log,
    seals,
    versions,
)

__all__ = ["DDL", "SqlPolicyStore", "metadata"]

_VERSION_COLUMNS = tuple(column for column in versions.c if column.name not in TEXTS)
_SEALER_LOCK = 0x7461656C_0002
_DEPLOYER_LOCK = 0x7461656C_0006


class SqlPolicyStore:
    """The store over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

    @staticmethod
    def search(*, arm: str = "", **said: object) -> list[sa.ColumnElement[bool]]:
        """Conditions on the decision log in the words of its indices.

        ``said`` are what the result has to hold: ``outcome``, ``tier``, ``reasons``; None for any.
        """
        found: list[sa.ColumnElement[bool]] = []
        if arm:
            found.append(sa.literal_column(of_log(ARM)) == arm)
        held = canonical({name: value for name, value in said.items() if value is not None})
        if held != "{}":
            asked = sa.cast(sa.literal(held, sa.Text), JSONB)
            found.append(sa.literal_column(f"({of_log(SAID)})", JSONB).contains(asked))
        return found

    def add_version(self, version: PolicyVersion, bundle: Bundle) -> None:
        texts = {name: getattr(bundle, name) for name in TEXTS}
        self._connection.execute(sa.insert(versions).values(**_values(version), **texts))

    def version(self, version_id: VersionId, *, lock: bool = False) -> PolicyVersion | None:
        query = sa.select(*_VERSION_COLUMNS).where(versions.c.id == version_id)
        found = self._connection.execute(query.with_for_update() if lock else query).mappings()
        row = found.first()
        return None if row is None else _version(row)

    def bundle(self, version_id: VersionId) -> Bundle | None:
        query = sa.select(*(versions.c[name] for name in TEXTS)).where(versions.c.id == version_id)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else Bundle(**row)

    def change(self, version: PolicyVersion) -> None:
        self._connection.execute(
            sa.update(versions).where(versions.c.id == version.id).values(**_values(version))
        )

    def versions(self) -> Sequence[PolicyVersion]:
        query = sa.select(*_VERSION_COLUMNS).order_by(versions.c.id.desc())
        return [_version(row) for row in self._connection.execute(query).mappings()]

    def add_event(self, event: Event) -> None:
        values = {name: getattr(event, name) for name in Event.__slots__}
        self._connection.execute(sa.insert(events).values(values | {"kind": event.kind.value}))

    def events(self, version_id: VersionId | None = None) -> Sequence[Event]:
        query = sa.select(events)
        if version_id is None:
            query = query.order_by(events.c.at, events.c.version, events.c.number)
        else:
            query = query.where(events.c.version == version_id).order_by(events.c.number)
        return [_event(row) for row in self._connection.execute(query).mappings()]

    def only_deployer(self) -> None:
        """Wait for the others who deploy: two at once would both follow the same deployment."""
        self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_DEPLOYER_LOCK)))

    def add_deployment(self, deployment: Deployment) -> None:
        self._connection.execute(
            sa.insert(deployments).values(
                number=deployment.number,
                record=canonical(deployment.as_json()),
                signature=deployment.signature,
                in_force=deployment.ended_at is None,
                ended_at=deployment.ended_at,
            )
        )

    def end_deployment(self, number: int, at: datetime) -> None:
        change = sa.update(deployments).where(deployments.c.number == number)
        self._connection.execute(change.values(in_force=False, ended_at=at))

    def deployment_in_force(self, *, lock: bool = False) -> Deployment | None:
        # The last one, or none: an older one whose row says that it is in force is not asked.
        query = sa.select(deployments).order_by(deployments.c.number.desc()).limit(1)
        found = self._connection.execute(query.with_for_update() if lock else query).mappings()
        row = found.first()
        return None if row is None or not row["in_force"] else _deployment(row)

    def deployments(self) -> Sequence[Deployment]:
        query = sa.select(deployments).order_by(deployments.c.number.desc())
        return [_deployment(row) for row in self._connection.execute(query).mappings()]

    def add_model(self, model: ModelVersion) -> None:
        # Two who draft with the same new model at once register it once.
        made = insert(models).values(**_model_values(model))
        self._connection.execute(made.on_conflict_do_nothing())

    def model(self, model_hash: str, *, lock: bool = False) -> ModelVersion | None:
        query = sa.select(models).where(models.c.hash == model_hash)
        found = self._connection.execute(query.with_for_update() if lock else query).mappings()
        row = found.first()
        return None if row is None else _model(row)

    def change_model(self, model: ModelVersion) -> None:
        change = sa.update(models).where(models.c.hash == model.hash)
        self._connection.execute(change.values(**_model_values(model)))

    def models(self) -> Sequence[ModelVersion]:
        query = sa.select(models).order_by(models.c.drafted_at.desc(), models.c.hash.desc())
        return [_model(row) for row in self._connection.execute(query).mappings()]

    def add_decision(self, entry: LogEntry) -> None:
        values = {name: getattr(entry, name) for name in LogEntry.__slots__}
        self._connection.execute(sa.insert(decisions).values(**values))

    def decision(self, decision_id: DecisionId) -> LogEntry | None:
        return self._one_decision(decisions.c.id == decision_id)

    def decision_by_key(self, key: str) -> LogEntry | None:
        return self._one_decision(decisions.c.key == key)

    def _one_decision(self, condition: sa.ColumnElement[bool]) -> LogEntry | None:
        row = self._connection.execute(sa.select(decisions).where(condition)).mappings().first()
        return None if row is None else _entry(row)

    def decisions_of(self, application_id: ApplicationId) -> Sequence[LogEntry]:
        query = sa.select(decisions).where(decisions.c.application_id == application_id)
        found = self._connection.execute(query.order_by(decisions.c.id)).mappings()
        return [_entry(row) for row in found]

    def only_sealer(self) -> None:
        """Wait for the other sealers: two at once would put two links after the same one."""
        self._connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SEALER_LOCK)))

    def unsealed(self, limit: int) -> Sequence[LogEntry]:
        query = (
            sa.select(decisions)
            .outerjoin(seals, seals.c.decision_id == decisions.c.id)
            .where(seals.c.sequence.is_(None))
            .order_by(decisions.c.id)
            .limit(limit)
        )
        return [_entry(row) for row in self._connection.execute(query).mappings()]

    def last_seal(self) -> Seal | None:
        query = sa.select(seals).order_by(seals.c.sequence.desc()).limit(1)
        row = self._connection.execute(query).mappings().first()
        return None if row is None else _seal(row)

    def add_seals(self, new: Sequence[Seal]) -> None:
        rows = [{name: getattr(link, name) for name in Seal.__slots__} for link in new]
        if rows:
            self._connection.execute(sa.insert(seals), rows)

    def seals_at(self, decision_id: DecisionId) -> tuple[Seal | None, Seal | None, Seal | None]:
        mine = sa.select(seals.c.sequence).where(seals.c.decision_id == decision_id)
        number = self._connection.execute(mine).scalar()
        if number is None:
            return None, None, None
        near = sa.select(seals).where(seals.c.sequence.between(number - 1, number + 1))
        found = {row["sequence"]: _seal(row) for row in self._connection.execute(near).mappings()}
        return found.get(number - 1), found[number], found.get(number + 1)

    def sealed(self) -> Sequence[tuple[Seal, LogEntry | None]]:
        links = self._connection.execute(sa.select(seals).order_by(seals.c.sequence)).mappings()
        rows = self._connection.execute(
            sa.select(decisions).join(seals, seals.c.decision_id == decisions.c.id)
        ).mappings()
        entries = {row["id"]: _entry(row) for row in rows}
        return [(_seal(link), entries.get(link["decision_id"])) for link in links]

    def count(self) -> int:
        query = sa.select(sa.func.count()).select_from(decisions)
        return int(self._connection.execute(query).scalar_one())


def _values(version: PolicyVersion) -> dict[str, Any]:
    values = {name: getattr(version, name) for name in PolicyVersion.__slots__}
    return values | {"state": version.state.value, "hashes": dict(version.hashes)}


def _version(row: sa.RowMapping) -> PolicyVersion:
    values = dict(row)
    for name in ("drafted_at", "approved_at", "deployed_at", "retired_at"):
        values[name] = _utc(values[name])
    values["id"] = VersionId(values["id"])
    values["state"] = PolicyState(values["state"])
    return PolicyVersion(**values)


def _event(row: sa.RowMapping) -> Event:
    values = dict(row)
    values["version"] = VersionId(values["version"])
    values["kind"] = EventKind(values["kind"])
    values["at"] = values["at"].astimezone(UTC)
    return Event(**values)


def _deployment(row: sa.RowMapping) -> Deployment:
    return deployment_of(row["record"], row["signature"], row["ended_at"])


def deployment_of(record: str, signature: str, ended_at: datetime | None) -> Deployment:
    """The deployment of a row; ``record`` is the canonical text that was signed."""
    found: Any = read(record)
    arms = (
        Arm(VersionId(arm["version"]), Role(arm["role"]), int(arm["share"]))
        for arm in found["arms"]
    )
    restores = found["restores"]
    return Deployment(
        number=int(found["number"]),
        arms=tuple(arms),
        salt=str(found["salt"]),
        at=datetime.fromisoformat(found["at"]),
        by=str(found["by"]),
        why=str(found["why"]),
        restores=None if restores is None else int(restores),
        ended_at=_utc(ended_at),
        signature=signature,
        stopping=stopping_rule_of(found["stopping"]) if "stopping" in found else None,
    )


def _model_values(model: ModelVersion) -> dict[str, Any]:
    values = {name: getattr(model, name) for name in ModelVersion.__slots__}
    return values | {"state": model.state.value}


def _model(row: sa.RowMapping) -> ModelVersion:
    values = dict(row)
    for name in ("drafted_at", "approved_at", "refused_at", "retired_at"):
        values[name] = _utc(values[name])
    return ModelVersion(**values | {"state": ModelState(values["state"])})


def _entry(row: sa.RowMapping) -> LogEntry:
    values = dict(row)
    values["id"] = DecisionId(values["id"])
    values["application_id"] = ApplicationId(values["application_id"])
    values["policy_id"] = VersionId(values["policy_id"])
    values["as_of"] = values["as_of"].astimezone(UTC)
    return LogEntry(**values)


def _seal(row: sa.RowMapping) -> Seal:
    return Seal(
        sequence=row["sequence"],
        decision_id=DecisionId(row["decision_id"]),
        previous_hash=row["previous_hash"],
        hash=row["hash"],
    )


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.astimezone(UTC)
