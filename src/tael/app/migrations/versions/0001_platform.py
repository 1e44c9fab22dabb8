# ruff: noqa: E501 - SQL as it was written out
"""The first tables of the platform room."""

from __future__ import annotations

from alembic import op

revision = "platform_0001"
down_revision = None
branch_labels = ("platform",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS platform
    """,
    """
    CREATE TABLE platform.audit_rows (
        id TEXT NOT NULL,
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        actor_kind TEXT NOT NULL,
        actor_id TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail JSONB NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (position)
    )
    """,
    """
    CREATE INDEX ix_platform_audit_rows_recorded_at ON platform.audit_rows (recorded_at)
    """,
    """
    CREATE INDEX ix_platform_audit_rows_subject ON platform.audit_rows (subject)
    """,
    """
    CREATE TABLE platform.audit_seals (
        number BIGINT NOT NULL,
        audit_id TEXT NOT NULL,
        position BIGINT NOT NULL,
        seal BYTEA NOT NULL,
        sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (audit_id)
    )
    """,
    """
    CREATE TABLE platform.data_keys (
        subject TEXT NOT NULL,
        master_key_id TEXT NOT NULL,
        wrapped BYTEA,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        erased_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (subject),
        CONSTRAINT data_keys_erased CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE platform.jobs (
        key TEXT NOT NULL,
        job TEXT NOT NULL,
        arguments JSONB NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
        state TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        result JSONB,
        error TEXT,
        finished_at TIMESTAMP WITH TIME ZONE,
        retry_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (key),
        CONSTRAINT job_state CHECK (state IN ('requested', 'running', 'done', 'failed'))
    )
    """,
    """
    CREATE INDEX ix_jobs_requested ON platform.jobs (requested_at) WHERE state = 'requested'
    """,
    """
    CREATE TABLE platform.outbox (
        id TEXT NOT NULL,
        stream TEXT NOT NULL,
        number BIGINT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL,
        body JSONB NOT NULL,
        recorded_at TIMESTAMP WITH TIME ZONE NOT NULL,
        delivered_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        UNIQUE (stream, number),
        UNIQUE (key)
    )
    """,
    """
    CREATE INDEX ix_outbox_waiting ON platform.outbox (stream, number) WHERE delivered_at IS NULL
    """,
    """
    CREATE TABLE platform.outbox_streams (
        stream TEXT NOT NULL,
        last BIGINT NOT NULL,
        PRIMARY KEY (stream)
    )
    """,
    """
    CREATE TABLE platform.parameter_versions (
        id TEXT NOT NULL,
        name TEXT NOT NULL,
        value JSONB NOT NULL,
        effective DATE NOT NULL,
        state TEXT NOT NULL,
        origin TEXT NOT NULL,
        source TEXT NOT NULL,
        needs_check BOOLEAN NOT NULL,
        proposed_by TEXT NOT NULL,
        proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        decided_by TEXT,
        decided_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        CONSTRAINT parameter_state CHECK (state IN ('proposed', 'approved', 'rejected')),
        CONSTRAINT parameter_origin CHECK (origin IN ('shipped', 'own')),
        CONSTRAINT parameter_decided CHECK ((state = 'proposed') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
        CONSTRAINT parameter_four_eyes CHECK (origin = 'shipped' OR state <> 'approved' OR decided_by <> proposed_by)
    )
    """,
    """
    CREATE INDEX parameter_versions_in_force ON platform.parameter_versions (name, effective)
    """,
    """
    CREATE TABLE platform.sign_in_failures (
        login_digest BYTEA NOT NULL,
        failures INTEGER NOT NULL,
        failed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        locked_until TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (login_digest)
    )
    """,
    """
    CREATE TABLE platform.users (
        id TEXT NOT NULL,
        login TEXT NOT NULL,
        display_name TEXT NOT NULL,
        password_hash TEXT NOT NULL,
        roles TEXT[] NOT NULL,
        active BOOLEAN NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        password_changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (id),
        UNIQUE (login)
    )
    """,
    """
    CREATE TABLE platform.workers (
        name TEXT NOT NULL,
        beat_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (name)
    )
    """,
    """
    CREATE TABLE platform.api_keys (
        id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        name TEXT NOT NULL,
        secret_digest BYTEA NOT NULL,
        scopes TEXT[] NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        used_at TIMESTAMP WITH TIME ZONE,
        revoked_at TIMESTAMP WITH TIME ZONE,
        PRIMARY KEY (id),
        FOREIGN KEY(user_id) REFERENCES platform.users (id)
    )
    """,
    """
    CREATE INDEX ix_platform_api_keys_user_id ON platform.api_keys (user_id)
    """,
    """
    CREATE TABLE platform.job_steps (
        key TEXT NOT NULL,
        step TEXT NOT NULL,
        result JSONB,
        done_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (key, step),
        FOREIGN KEY(key) REFERENCES platform.jobs (key)
    )
    """,
    """
    CREATE TABLE platform.outbox_failures (
        fact_id TEXT NOT NULL,
        handler TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        error TEXT NOT NULL,
        retry_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (fact_id, handler),
        FOREIGN KEY(fact_id) REFERENCES platform.outbox (id)
    )
    """,
    """
    CREATE TABLE platform.outbox_handled (
        fact_id TEXT NOT NULL,
        handler TEXT NOT NULL,
        handled_at TIMESTAMP WITH TIME ZONE NOT NULL,
        PRIMARY KEY (fact_id, handler),
        FOREIGN KEY(fact_id) REFERENCES platform.outbox (id)
    )
    """,
    """
    CREATE TABLE platform.sessions (
        id TEXT NOT NULL,
        user_id TEXT NOT NULL,
        token_digest BYTEA NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ended_at TIMESTAMP WITH TIME ZONE,
        end_reason TEXT,
        PRIMARY KEY (id),
        FOREIGN KEY(user_id) REFERENCES platform.users (id),
        UNIQUE (token_digest)
    )
    """,
    """
    CREATE INDEX ix_platform_sessions_user_id ON platform.sessions (user_id)
    """,
    """
    CREATE OR REPLACE FUNCTION platform.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on %.% is refused: its rows are only ever added',
            TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON platform.audit_rows FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change()
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
    ON platform.audit_seals FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change()
    """,
    """
    CREATE OR REPLACE FUNCTION platform.keep_parameter_history() RETURNS trigger
    LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.state = 'proposed'
            AND (NEW.id, NEW.name, NEW.value, NEW.effective, NEW.origin, NEW.source,
                 NEW.proposed_by, NEW.proposed_at)
              = (OLD.id, OLD.name, OLD.value, OLD.effective, OLD.origin, OLD.source,
                 OLD.proposed_by, OLD.proposed_at)
        THEN RETURN NEW;
        END IF;
        RAISE EXCEPTION '% of a decided version of parameter % is refused: propose another',
            TG_OP, OLD.name USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER keep_history BEFORE UPDATE OR DELETE ON platform.parameter_versions
    FOR EACH ROW EXECUTE FUNCTION platform.keep_parameter_history()
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
