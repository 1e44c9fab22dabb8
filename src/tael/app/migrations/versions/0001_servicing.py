"""The first tables of the servicing room."""

from __future__ import annotations

from alembic import op

revision = "servicing_0001"
down_revision = None
branch_labels = ("servicing",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS servicing
    """,
    """
    CREATE TABLE servicing.delinquency_run (
        loan_id TEXT NOT NULL,
        number INTEGER NOT NULL,
        due DATE NOT NULL,
        ended DATE,
        PRIMARY KEY (loan_id, number)
    )
    """,
    """
    CREATE TABLE servicing.event (
        loan_id TEXT NOT NULL,
        position INTEGER NOT NULL,
        key TEXT NOT NULL,
        day DATE NOT NULL,
        body JSONB NOT NULL,
        recorded TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        PRIMARY KEY (loan_id, position),
        CONSTRAINT event_once UNIQUE (loan_id, key)
    )
    """,
    """
    CREATE TABLE servicing.loan (
        loan_id TEXT NOT NULL,
        application_id TEXT NOT NULL,
        borrower_id TEXT NOT NULL,
        group_id TEXT NOT NULL,
        partner TEXT NOT NULL,
        tier SMALLINT NOT NULL,
        contract_hash TEXT NOT NULL,
        contract JSONB NOT NULL,
        currency TEXT NOT NULL,
        principal_minor BIGINT NOT NULL,
        disbursed_on DATE NOT NULL,
        status TEXT NOT NULL,
        outstanding_minor BIGINT NOT NULL,
        oldest_unpaid_due DATE,
        next_posting DATE,
        in_clearing BOOLEAN NOT NULL,
        as_of DATE NOT NULL,
        events INTEGER DEFAULT '0' NOT NULL,
        head TEXT DEFAULT '' NOT NULL,
        in_run BOOLEAN DEFAULT false NOT NULL,
        PRIMARY KEY (loan_id),
        CONSTRAINT principal_above_zero CHECK (principal_minor > 0),
        CONSTRAINT outstanding_within CHECK (outstanding_minor between 0 and principal_minor),
        UNIQUE (application_id)
    )
    """,
    """
    CREATE INDEX loan_in_clearing ON servicing.loan (in_clearing) WHERE in_clearing
    """,
    """
    CREATE INDEX loan_next_posting ON servicing.loan (next_posting)
    """,
    """
    CREATE INDEX loan_oldest_unpaid_due ON servicing.loan (oldest_unpaid_due)
    """,
    """
    create or replace function servicing.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'servicing.event is append-only';
    end $$
    """,
    """
    create or replace trigger event_append_only before update or delete on servicing.event
    for each row execute function servicing.refuse_change()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
