"""A policy version's model is no longer always a scorecard; variables and cases are texts too."""

from __future__ import annotations

from alembic import op

revision = "policies_0002"
down_revision = "policies_0001"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE policies.policy_version RENAME COLUMN scorecard TO model
    """,
    # What was drafted before has neither; the hashes kept beside it name what they cover.
    """
    ALTER TABLE policies.policy_version
        ADD COLUMN variables TEXT NOT NULL DEFAULT '',
        ADD COLUMN cases TEXT NOT NULL DEFAULT ''
    """,
    """
    ALTER TABLE policies.policy_version
        ALTER COLUMN variables DROP DEFAULT,
        ALTER COLUMN cases DROP DEFAULT
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
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
