"""In which order a version asks its sources, as it was learnt from the decision log."""

from __future__ import annotations

from alembic import op

revision = "policies_0010"
down_revision = "policies_0009"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE policies.source_order (
        version_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        decisions INTEGER NOT NULL,
        turns TEXT NOT NULL,
        PRIMARY KEY (version_id, number),
        FOREIGN KEY(version_id) REFERENCES policies.policy_version (id),
        CONSTRAINT numbered CHECK (number >= 1)
    )
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.source_order
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
