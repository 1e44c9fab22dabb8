"""Policy versions and the decision log in PostgreSQL, schema ``policies``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

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
)

metadata = sa.MetaData(schema="policies")

_INSTANT = sa.DateTime(timezone=True)

versions = sa.Table(
    "policy_version",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("hashes", JSONB, nullable=False),
    sa.Column("dmn", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("prices", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("variables", sa.Text, nullable=False),
    sa.Column("cases", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _INSTANT),
    sa.Column("deployed_at", _INSTANT),
    sa.Column("retired_at", _INSTANT),
    sa.CheckConstraint(
        "state in ('draft', 'checked', 'backtested', 'approved', 'deployed', 'retired')",
        name="known_state",
    ),
    sa.CheckConstraint("approved_by is null or approved_by <> drafted_by", name="second_person"),
    sa.CheckConstraint(
        "state in ('draft', 'checked', 'backtested') or approved_by is not null",
        name="approved_by_someone",
    ),
)

events = sa.Table(
    "version_event",
    metadata,
    sa.Column("version", sa.Text, sa.ForeignKey(versions.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    # Text, not JSON: the bytes that were hashed and signed are the bytes that are kept.
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
)

deployments = sa.Table(
    "deployment",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("in_force", sa.Boolean, nullable=False),
    sa.Column("ended_at", _INSTANT),
    sa.CheckConstraint("in_force = (ended_at is null)", name="ends_once"),
)
# At most one deployment is in force: the database holds it, whatever runs at once.
sa.Index(
    "one_in_force",
    deployments.c.in_force,
    unique=True,
    postgresql_where=deployments.c.in_force,
)

models = sa.Table(
    "model_version",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("trained_on", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _INSTANT),
    sa.Column("retired_at", _INSTANT),
    sa.CheckConstraint("state in ('draft', 'approved', 'retired')", name="known_model_state"),
    sa.CheckConstraint(
        "approved_by is null or approved_by <> drafted_by", name="second_person_of_model"
    ),
    sa.CheckConstraint("state = 'draft' or approved_by is not null", name="model_approved"),
)

decisions = sa.Table(
    "decision_log",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.Text, nullable=False, index=True),
    sa.Column("policy_id", sa.Text, sa.ForeignKey(versions.c.id), nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("as_of", _INSTANT, nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    # Text, not JSON: the bytes that were hashed are the bytes that are kept.
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("inputs_hash", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("result_hash", sa.Text, nullable=False),
    sa.Column("trace", sa.Text, nullable=False),
    sa.Column("elapsed_us", sa.BigInteger, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
    sa.Column("timings", sa.Text, nullable=False),
)

shadows = sa.Table(
    "shadow_verdict",
    metadata,
    sa.Column("decision_id", sa.Text, sa.ForeignKey(decisions.c.id), primary_key=True),
    sa.Column("version_id", sa.Text, sa.ForeignKey(versions.c.id), primary_key=True),
    # One of both is empty: what it would have said, and why it could not.
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("failure", sa.Text, nullable=False),
    sa.Column("elapsed_us", sa.BigInteger, nullable=False),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("borrower", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("known_at", _INSTANT, nullable=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("sources", sa.Text, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.Index("evidence_latest", "borrower", "position"),
)

seals = sa.Table(
    "decision_seal",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision_id", sa.Text, nullable=False, unique=True),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

DDL: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION policies.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the table policies.% is append-only', TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION policies.keep_texts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.id, NEW.name, NEW.dmn, NEW.model, NEW.prices, NEW.parameters, NEW.variables,
          NEW.cases, NEW.hashes, NEW.drafted_by, NEW.drafted_at) IS DISTINCT FROM
         (OLD.id, OLD.name, OLD.dmn, OLD.model, OLD.prices, OLD.parameters, OLD.variables,
          OLD.cases, OLD.hashes, OLD.drafted_by, OLD.drafted_at) THEN
        RAISE EXCEPTION 'a policy version keeps its texts; draft a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.decision_log",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_log
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.decision_seal",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_seal
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.shadow_verdict",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.shadow_verdict
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "ALTER TABLE policies.evidence ALTER COLUMN packed SET STORAGE EXTERNAL",
    "DROP TRIGGER IF EXISTS append_only ON policies.evidence",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.evidence
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.version_event",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.version_event
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    CREATE OR REPLACE FUNCTION policies.only_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.number, NEW.record, NEW.signature) IS DISTINCT FROM
         (OLD.number, OLD.record, OLD.signature) OR NOT OLD.in_force THEN
        RAISE EXCEPTION 'a deployment only ends; make a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS only_end ON policies.deployment",
    """
    CREATE TRIGGER only_end BEFORE UPDATE ON policies.deployment
    FOR EACH ROW EXECUTE FUNCTION policies.only_end()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.deployment",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.deployment
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    CREATE OR REPLACE FUNCTION policies.keep_model() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.hash, NEW.kind, NEW.name, NEW.trained_on, NEW.plan, NEW.drafted_by, NEW.drafted_at)
         IS DISTINCT FROM
         (OLD.hash, OLD.kind, OLD.name, OLD.trained_on, OLD.plan, OLD.drafted_by, OLD.drafted_at)
      THEN
        RAISE EXCEPTION 'a model keeps what it is; register a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS keep_model ON policies.model_version",
    """
    CREATE TRIGGER keep_model BEFORE UPDATE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_model()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.model_version",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS keep_texts ON policies.policy_version",
    """
    CREATE TRIGGER keep_texts BEFORE UPDATE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_texts()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.policy_version",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)

_VERSION_COLUMNS = tuple(column for column in versions.c if column.name not in TEXTS)
_SEALER_LOCK = 0x7461656C_0002
_DEPLOYER_LOCK = 0x7461656C_0006


class SqlPolicyStore:
    """The store over the open unit of work."""

    def __init__(self, work: Work) -> None:
        self._connection = work.connection

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
        self._connection.execute(sa.insert(models).values(**_model_values(model)))

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
    found: Any = read(row["record"])
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
        ended_at=_utc(row["ended_at"]),
        signature=row["signature"],
    )


def _model_values(model: ModelVersion) -> dict[str, Any]:
    values = {name: getattr(model, name) for name in ModelVersion.__slots__}
    return values | {"state": model.state.value}


def _model(row: sa.RowMapping) -> ModelVersion:
    values = dict(row)
    for name in ("drafted_at", "approved_at", "retired_at"):
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
