"""The first tables of the policies room."""

from __future__ import annotations

from alembic import op

revision = "policies_0001"
down_revision = None
branch_labels = ("policies",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS policies
    """,
    """
    CREATE TABLE policies.decision_seal (
        sequence BIGINT NOT NULL,
        decision_id TEXT NOT NULL,
        previous_hash TEXT NOT NULL,
        hash TEXT NOT NULL,
        PRIMARY KEY (sequence),
        UNIQUE (decision_id)
    )
    """,
    """
    CREATE TABLE policies.policy_version (
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        hashes JSONB NOT NULL,
        dmn TEXT NOT NULL,
        scorecard TEXT NOT NULL,
        prices TEXT NOT NULL,
        parameters TEXT NOT NULL,
        drafted_by TEXT NOT NULL,
        drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
        approved_by TEXT,
        approved_at TIMESTAMP WITH TIME ZONE,
        deployed_at TIMESTAMP WITH TIME ZONE,
        retired_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT known_state CHECK (state in ('draft', 'approved', 'deployed', 'retired')),
        CONSTRAINT second_person CHECK (approved_by is null or approved_by <> drafted_by),
        CONSTRAINT approved_by_someone CHECK (state = 'draft' or approved_by is not null)
    )
    """,
    """
    CREATE UNIQUE INDEX one_deployed ON policies.policy_version (state) WHERE state = 'deployed'
    """,
    """
    CREATE TABLE policies.decision_log (
        id TEXT NOT NULL,
        application_id TEXT NOT NULL,
        policy_id TEXT NOT NULL,
        key TEXT NOT NULL,
        as_of TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_by TEXT NOT NULL,
        inputs TEXT NOT NULL,
        inputs_hash TEXT NOT NULL,
        parameters TEXT NOT NULL,
        result TEXT NOT NULL,
        result_hash TEXT NOT NULL,
        trace TEXT NOT NULL,
        elapsed_us BIGINT NOT NULL,
        PRIMARY KEY (id),
        FOREIGN KEY(policy_id) REFERENCES policies.policy_version (id),
        UNIQUE (key)
    )
    """,
    """
    CREATE INDEX ix_policies_decision_log_application_id ON policies.decision_log (application_id)
    """,
    """
    CREATE OR REPLACE FUNCTION policies.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the table policies.% is append-only', TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION policies.keep_texts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.id, NEW.name, NEW.dmn, NEW.scorecard, NEW.prices, NEW.parameters, NEW.hashes,
          NEW.drafted_by, NEW.drafted_at) IS DISTINCT FROM
         (OLD.id, OLD.name, OLD.dmn, OLD.scorecard, OLD.prices, OLD.parameters, OLD.hashes,
          OLD.drafted_by, OLD.drafted_at) THEN
        RAISE EXCEPTION 'a policy version keeps its texts; draft a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    DROP TRIGGER IF EXISTS append_only ON policies.decision_log
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_log
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    DROP TRIGGER IF EXISTS append_only ON policies.decision_seal
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_seal
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    DROP TRIGGER IF EXISTS keep_texts ON policies.policy_version
    """,
    """
    CREATE TRIGGER keep_texts BEFORE UPDATE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_texts()
    """,
    """
    DROP TRIGGER IF EXISTS no_delete ON policies.policy_version
    """,
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
