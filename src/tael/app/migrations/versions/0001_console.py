"""The first tables of the console room."""

from __future__ import annotations

from alembic import op

revision = "console_0001"
down_revision = None
branch_labels = ("console",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS console
    """,
    """
    CREATE TABLE console.replies (
        owner TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        status SMALLINT NOT NULL,
        body TEXT NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (owner, key)
    )
    """,
    """
    CREATE INDEX replies_at ON console.replies (at)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
