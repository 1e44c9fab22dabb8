"""Uploaded books of loans, and the policy drafts made of them."""

from __future__ import annotations

from alembic import op

revision = "policies_0005"
down_revision = "policies_0004"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE policies.book (
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        file_hash TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        uploaded_by TEXT NOT NULL,
        uploaded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        report JSONB NOT NULL,
        headings JSONB NOT NULL,
        names JSONB NOT NULL,
        assumptions JSONB NOT NULL,
        content BYTEA NOT NULL,
        PRIMARY KEY (id),
        CONSTRAINT known_book_state CHECK (state in ('uploaded', 'ready'))
    )
    """,
    """
    CREATE INDEX ix_policies_book_expires_at ON policies.book (expires_at)
    """,
    """
    CREATE TABLE policies.book_draft (
        version_id TEXT NOT NULL,
        book_id TEXT NOT NULL,
        content_hash TEXT NOT NULL,
        by TEXT NOT NULL,
        cut TEXT NOT NULL,
        drafted_by TEXT NOT NULL,
        drafted_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (version_id)
    )
    """,
    """
    CREATE INDEX ix_policies_book_draft_book_id ON policies.book_draft (book_id)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
