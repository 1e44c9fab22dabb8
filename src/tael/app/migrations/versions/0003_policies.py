"""Evidence of live decisions, and under which circumstances a decision was made."""

from __future__ import annotations

from alembic import op

revision = "policies_0003"
down_revision = "policies_0002"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    ALTER TABLE policies.decision_log
        ADD COLUMN context TEXT NOT NULL DEFAULT '',
        ADD COLUMN timings TEXT NOT NULL DEFAULT ''
    """,
    """
    ALTER TABLE policies.decision_log
        ALTER COLUMN context DROP DEFAULT,
        ALTER COLUMN timings DROP DEFAULT
    """,
    """
    CREATE TABLE policies.evidence (
        hash TEXT NOT NULL,
        borrower TEXT NOT NULL,
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        known_at TIMESTAMP WITH TIME ZONE NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        sources TEXT NOT NULL,
        packed BYTEA NOT NULL,
        PRIMARY KEY (hash)
    )
    """,
    # Packed events are read at every decision and hardly shrink: they are kept as they are.
    """
    ALTER TABLE policies.evidence ALTER COLUMN packed SET STORAGE EXTERNAL
    """,
    """
    CREATE INDEX evidence_latest ON policies.evidence (borrower, position)
    """,
    """
    DROP TRIGGER IF EXISTS append_only ON policies.evidence
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.evidence
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
