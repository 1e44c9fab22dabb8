"""What people search the decision log by."""

from __future__ import annotations

from alembic import op

revision = "policies_0007"
down_revision = "policies_0006"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE INDEX decision_log_version ON policies.decision_log (policy_id, id)
    """,
    r"""
    CREATE INDEX decision_log_arm
    ON policies.decision_log ("substring"(context, '^\{"arm":"([a-z_]+)"'::text), id)
    """,
    """
    CREATE INDEX decision_log_said ON policies.decision_log
    USING gin ((result::jsonb - '{limit,options,pd,points,routing}'::text[]) jsonb_path_ops)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
