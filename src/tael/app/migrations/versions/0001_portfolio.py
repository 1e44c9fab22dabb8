"""The first tables of the portfolio room."""

from __future__ import annotations

from alembic import op

revision = "portfolio_0001"
down_revision = None
branch_labels = ("portfolio",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS portfolio
    """,
    """
    CREATE TABLE portfolio.loan_month (
        loan_id TEXT NOT NULL,
        month_end DATE NOT NULL,
        status TEXT NOT NULL,
        partner TEXT NOT NULL,
        product TEXT NOT NULL,
        channel TEXT NOT NULL,
        tier SMALLINT NOT NULL,
        disbursed_on DATE NOT NULL,
        first_due DATE NOT NULL,
        first_dpd INTEGER NOT NULL,
        dpd INTEGER NOT NULL,
        currency TEXT NOT NULL,
        principal_minor BIGINT NOT NULL,
        balance_minor BIGINT NOT NULL,
        compensated_minor BIGINT NOT NULL,
        claimed_minor BIGINT NOT NULL,
        recovered_minor BIGINT NOT NULL,
        written_off_minor BIGINT NOT NULL,
        PRIMARY KEY (loan_id, month_end)
    )
    """,
    """
    CREATE INDEX loan_month_end ON portfolio.loan_month (month_end)
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
