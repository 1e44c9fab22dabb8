"""What shadow versions would have said of decisions that others made."""

from __future__ import annotations

from alembic import op

revision = "policies_0006"
down_revision = "policies_0005"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE policies.shadow_verdict (
        decision_id TEXT NOT NULL,
        version_id TEXT NOT NULL,
        result TEXT NOT NULL,
        failure TEXT NOT NULL,
        elapsed_us BIGINT NOT NULL,
        PRIMARY KEY (decision_id, version_id),
        FOREIGN KEY(decision_id) REFERENCES policies.decision_log (id),
        FOREIGN KEY(version_id) REFERENCES policies.policy_version (id)
    )
    """,
    """
    DROP TRIGGER IF EXISTS append_only ON policies.shadow_verdict
    """,
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.shadow_verdict
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
