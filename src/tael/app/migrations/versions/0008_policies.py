"""What became of the loans that decisions led to."""

from __future__ import annotations

from alembic import op

revision = "policies_0008"
down_revision = "policies_0007"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE policies.outcome_report (
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        application_id TEXT NOT NULL,
        month_on_book INTEGER NOT NULL,
        known_on DATE NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        booked_on DATE NOT NULL,
        told TEXT NOT NULL,
        PRIMARY KEY (position),
        CONSTRAINT on_book CHECK (month_on_book >= 0)
    )
    """,
    """
    CREATE INDEX outcome_report_latest ON policies.outcome_report (application_id, position)
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.outcome_report
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
