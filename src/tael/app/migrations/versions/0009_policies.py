"""Models that were refused or retired: by whom, when and why, and for good."""

from __future__ import annotations

from alembic import op

revision = "policies_0009"
down_revision = "policies_0008"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE policies.model_version
        ADD COLUMN refused_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN ended_by TEXT,
        ADD COLUMN why TEXT DEFAULT '' NOT NULL,
        DROP CONSTRAINT known_model_state,
        DROP CONSTRAINT model_approved,
        ADD CONSTRAINT known_model_state CHECK (
            state in ('draft', 'approved', 'refused', 'retired')),
        ADD CONSTRAINT model_approved CHECK (
            state in ('draft', 'refused') or approved_by is not null),
        ADD CONSTRAINT model_refused_by_someone CHECK (
            state <> 'refused'
            or (refused_at is not null and ended_by is not null and why <> ''))
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
      IF OLD.state IN ('refused', 'retired') THEN
        RAISE EXCEPTION 'a model that was refused or retired stays so';
      END IF;
      RETURN NEW;
    END $$
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
