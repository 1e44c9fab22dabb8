"""The first tables of the app room."""

from __future__ import annotations

from alembic import op

revision = "app_0001"
down_revision = None
branch_labels = ("app",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS app
    """,
    """
    CREATE TABLE app.closed_days (
        day DATE NOT NULL,
        closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (day)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
