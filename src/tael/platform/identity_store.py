"""Tables of users, sessions, keys, audit, vault and parameters, and the rules PostgreSQL keeps."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from tael.platform.schema import metadata

_INSTANT = sa.DateTime(timezone=True)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("login", sa.Text, nullable=False, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("roles", ARRAY(sa.Text), nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("password_changed_at", _INSTANT, nullable=False),
)

# Counted by a digest of what was typed, so that a login nobody has locks like one somebody has.
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    sa.Column("login_digest", sa.LargeBinary, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("failed_at", _INSTANT, nullable=False),
    sa.Column("locked_until", _INSTANT),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey(users.c.id), nullable=False, index=True),
    sa.Column("token_digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("seen_at", _INSTANT, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False),
    sa.Column("ended_at", _INSTANT),
    sa.Column("end_reason", sa.Text),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("user_id", sa.Text, sa.ForeignKey(users.c.id), nullable=False, index=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("secret_digest", sa.LargeBinary, nullable=False),
    sa.Column("scopes", ARRAY(sa.Text), nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False),
    sa.Column("used_at", _INSTANT),
    sa.Column("revoked_at", _INSTANT),
)

audit_rows = sa.Table(
    "audit_rows",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    # Given by PostgreSQL, so that the sealer finds new rows whatever clock their writer had.
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False, unique=True),
    sa.Column("recorded_at", _INSTANT, nullable=False, index=True),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False, index=True),
    sa.Column("detail", JSONB, nullable=False),
)

# One seal per audit row. No foreign key: a seal must outlive the row somebody deletes.
audit_seals = sa.Table(
    "audit_seals",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("audit_id", sa.Text, nullable=False, unique=True),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("seal", sa.LargeBinary, nullable=False),
    sa.Column("sealed_at", _INSTANT, nullable=False),
)

# ``wrapped`` is the subject's data key under a master key; it is gone once the subject is erased.
data_keys = sa.Table(
    "data_keys",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("master_key_id", sa.Text, nullable=False),
    sa.Column("wrapped", sa.LargeBinary),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("erased_at", _INSTANT),
    sa.CheckConstraint("(wrapped IS NULL) = (erased_at IS NOT NULL)", name="data_keys_erased"),
)

parameter_versions = sa.Table(
    "parameter_versions",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", JSONB(none_as_null=False), nullable=False),
    sa.Column("effective", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("needs_check", sa.Boolean, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", _INSTANT, nullable=False),
    sa.Column("decided_by", sa.Text),
    sa.Column("decided_at", _INSTANT),
    sa.CheckConstraint("state IN ('proposed', 'approved', 'rejected')", name="parameter_state"),
    sa.CheckConstraint("origin IN ('shipped', 'own')", name="parameter_origin"),
    sa.CheckConstraint(
        "(state = 'proposed') = (decided_by IS NULL)"
        " AND (decided_by IS NULL) = (decided_at IS NULL)",
        name="parameter_decided",
    ),
    sa.CheckConstraint(
        "origin = 'shipped' OR state <> 'approved' OR decided_by <> proposed_by",
        name="parameter_four_eyes",
    ),
    sa.Index("parameter_versions_in_force", "name", "effective"),
)

DDL: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION platform.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% on %.% is refused: its rows are only ever added',
            TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$
    """,
    *(
        f"""
        CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
        ON platform.{table} FOR EACH STATEMENT EXECUTE FUNCTION platform.refuse_change()
        """
        for table in ("audit_rows", "audit_seals")
    ),
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
