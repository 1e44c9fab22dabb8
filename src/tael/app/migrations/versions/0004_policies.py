"""Versions are checked, back-tested and signed; deployments by share; models by their hash."""

from __future__ import annotations

from alembic import op

revision = "policies_0004"
down_revision = "policies_0003"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE policies.version_event (
        version TEXT NOT NULL,
        number INTEGER NOT NULL,
        kind TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        by TEXT NOT NULL,
        why TEXT NOT NULL,
        record TEXT NOT NULL,
        signature TEXT NOT NULL,
        key TEXT NOT NULL,
        PRIMARY KEY (version, number),
        FOREIGN KEY(version) REFERENCES policies.policy_version (id)
    )
    """,
    """
    CREATE TABLE policies.deployment (
        number INTEGER NOT NULL,
        record TEXT NOT NULL,
        signature TEXT NOT NULL,
        in_force BOOLEAN NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (number),
        CONSTRAINT ends_once CHECK (in_force = (ended_at is null))
    )
    """,
    """
    CREATE UNIQUE INDEX one_in_force ON policies.deployment (in_force) WHERE in_force
    """,
    """
    CREATE TABLE policies.model_version (
        hash TEXT NOT NULL,
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        trained_on TEXT NOT NULL,
        plan TEXT NOT NULL,
        state TEXT NOT NULL,
        drafted_by TEXT NOT NULL,
        drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
        approved_by TEXT,
        approved_at TIMESTAMP WITH TIME ZONE,
        retired_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (hash),
        CONSTRAINT known_model_state CHECK (state in ('draft', 'approved', 'retired')),
        CONSTRAINT second_person_of_model CHECK (approved_by is null or approved_by <> drafted_by),
        CONSTRAINT model_approved CHECK (state = 'draft' or approved_by is not null)
    )
    """,
    # What is known of the life of older versions.
    """
    INSERT INTO policies.version_event (version, number, kind, at, by, why, record, signature, key)
    SELECT version, row_number() OVER (PARTITION BY version ORDER BY place), kind, at, by, '', '{}',
           '', ''
    FROM (
        SELECT id AS version, 1 AS place, 'drafted' AS kind, drafted_at AS at, drafted_by AS by
        FROM policies.policy_version
        UNION ALL
        SELECT id, 2, 'approved', approved_at, approved_by
        FROM policies.policy_version WHERE approved_at IS NOT NULL
        UNION ALL
        SELECT id, 3, 'deployed', deployed_at, approved_by
        FROM policies.policy_version WHERE deployed_at IS NOT NULL
        UNION ALL
        SELECT id, 4, 'retired', coalesce(retired_at, now()), approved_by
        FROM policies.policy_version WHERE state IN ('deployed', 'retired')
    ) AS life
    """,
    # Nobody signed what was in force: it is kept, for its decisions, and decides no more.
    """
    UPDATE policies.policy_version SET state = 'retired', retired_at = now()
    WHERE state = 'deployed'
    """,
    """
    DROP INDEX policies.one_deployed
    """,
    """
    ALTER TABLE policies.policy_version
        DROP CONSTRAINT known_state,
        DROP CONSTRAINT approved_by_someone,
        ADD CONSTRAINT known_state CHECK (
            state in ('draft', 'checked', 'backtested', 'approved', 'deployed', 'retired')),
        ADD CONSTRAINT approved_by_someone CHECK (
            state in ('draft', 'checked', 'backtested') or approved_by is not null)
    """,
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
    """
    CREATE TRIGGER only_end BEFORE UPDATE ON policies.deployment
    FOR EACH ROW EXECUTE FUNCTION policies.only_end()
    """,
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
    """
    CREATE TRIGGER keep_model BEFORE UPDATE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_model()
    """,
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
