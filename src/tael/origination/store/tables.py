"""The tables of schema ``origination``, and the triggers that keep history what it was."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = sa.MetaData(schema="origination")

_INSTANT = sa.DateTime(timezone=True)
_CLOSED = ("declined", "contracted", "withdrawn", "expired")


def _known(column: str, *values: str) -> sa.CheckConstraint:
    allowed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} in ({allowed})", name=f"known_{column}")


commands = sa.Table(
    "command",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)

parties = sa.Table(
    "party",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("region", sa.Text, nullable=False),
    sa.Column("industry", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    # Ciphertexts: nobody reads them without the vault, a purpose and a trace.
    sa.Column("name", sa.LargeBinary),
    sa.Column("id_number", sa.LargeBinary),
    sa.Column("phone", sa.LargeBinary),
    sa.Column("address", sa.LargeBinary),
    sa.Column("number_index", sa.LargeBinary, unique=True),
    sa.Column("display_name", sa.Text, nullable=False),
    _known("kind", "person", "individual_business", "company"),
)

groups = sa.Table("obligor_group", metadata, sa.Column("id", sa.Text, primary_key=True))

members = sa.Table(
    "group_member",
    metadata,
    sa.Column("number", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("group_id", sa.ForeignKey(groups.c.id), nullable=False, index=True),
    sa.Column("party_id", sa.ForeignKey(parties.c.id), nullable=False, index=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("until", sa.Date),
    sa.CheckConstraint("until is null or until >= since", name="ends_after_it_begins"),
    _known(
        "role", "owner", "enterprise", "actual_controller", "spouse", "co_borrower", "guarantor"
    ),
)

consents = sa.Table(
    "consent",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("party_id", sa.ForeignKey(parties.c.id), nullable=False, index=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("scope", ARRAY(sa.Text), nullable=False),
    sa.Column("recipient", sa.Text, nullable=False),
    sa.Column("expires", sa.Date, nullable=False),
    sa.Column("document_hash", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("granted_at", _INSTANT, nullable=False),
    sa.Column("ended_at", _INSTANT),
    _known("state", "granted", "withdrawn", "expired", "superseded"),
)

applications = sa.Table(
    "application",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("group_id", sa.ForeignKey(groups.c.id), nullable=False, index=True),
    sa.Column("applicant_id", sa.ForeignKey(parties.c.id), nullable=False),
    sa.Column("borrower_id", sa.ForeignKey(parties.c.id), nullable=False),
    sa.Column("amount_minor", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.Text, nullable=False),
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("owner_id", sa.Text, nullable=False),
    sa.Column("consultant_id", sa.Text, nullable=False),
    sa.Column("submitted_at", _INSTANT),
    sa.Column("decision_id", sa.Text),
    sa.Column("tier", sa.Integer),
    sa.Column("limit_minor", sa.BigInteger),
    sa.Column("partner_id", sa.Text),
    sa.Column("bank_amount_minor", sa.BigInteger),
    sa.Column("banks_asked", ARRAY(sa.Text), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("amount_minor > 0 and months > 0", name="something_is_asked"),
    sa.CheckConstraint("tier between 1 and 7", name="known_tier"),
    _known(
        "state", "draft", "submitted", "data_pending", "in_review", "approved", "declined",
        "referred", "reconsidered", "routed", "bank_approved", "bank_declined", "offered",
        "contracted", "withdrawn", "expired",
    ),
)  # fmt: skip
# Two submissions at once: the second one meets this, whatever it saw before.
sa.Index(
    "one_open_application",
    applications.c.borrower_id,
    unique=True,
    postgresql_where=applications.c.state.not_in(_CLOSED),
)

pulls = sa.Table(
    "data_pull",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey(applications.c.id), nullable=False, index=True),
    # Invariant 17: no data without the consent it came under.
    sa.Column("consent_id", sa.ForeignKey(consents.c.id), nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("pulled_at", _INSTANT, nullable=False),
    sa.Column("values", JSONB, nullable=False),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
)

offers = sa.Table(
    "offer",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey(applications.c.id), nullable=False, index=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("partner_id", sa.Text, nullable=False),
    sa.Column("lender_name", sa.Text, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    sa.Column("all_in", sa.Numeric, nullable=False),
    sa.Column("instalment_minor", sa.BigInteger, nullable=False),
    sa.Column("disclosure_hash", sa.Text, nullable=False),
    sa.Column("disclosure_zh", sa.Text, nullable=False),
    sa.Column("disclosure_en", sa.Text, nullable=False),
    sa.Column("expires", sa.Date, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("disclosed_at", _INSTANT),
    sa.Column("accepted_at", _INSTANT),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
    sa.CheckConstraint(
        "state not in ('accepted', 'contracted') or disclosed_at is not null",
        name="disclosed_before_accepted",
    ),
    _known(
        "state", "proposed", "disclosed", "accepted", "rejected", "expired", "contracted", "void"
    ),
)

contracts = sa.Table(
    "contract",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.ForeignKey(applications.c.id), nullable=False, index=True),
    sa.Column("offer_id", sa.ForeignKey(offers.c.id), nullable=False, unique=True),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("borrower_id", sa.Text, nullable=False),
    sa.Column("partner_id", sa.Text, nullable=False),
    sa.Column("lender_name", sa.Text, nullable=False),
    sa.Column("terms", JSONB, nullable=False),
    sa.Column("all_in", sa.Numeric, nullable=False),
    sa.Column("cap", sa.Numeric, nullable=False),
    sa.Column("disclosure_hash", sa.Text, nullable=False),
    sa.Column("loan", sa.Text, nullable=False),
    sa.Column("guarantee", sa.Text, nullable=False),
    sa.Column("service", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("signed_at", _INSTANT, nullable=False),
    # Invariant 14 lives here too.
    sa.CheckConstraint("all_in <= cap", name="within_the_cap"),
    _known("state", "signed", "void"),
)

events = sa.Table(
    "application_event",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("application_id", sa.ForeignKey(applications.c.id), nullable=False, index=True),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("detail", JSONB, nullable=False),
)


def _trigger(table: str, name: str, when: str, function: str) -> tuple[str, str]:
    on = f"ON origination.{table}"
    call = f"FOR EACH ROW EXECUTE FUNCTION origination.{function}()"
    return (
        f"DROP TRIGGER IF EXISTS {name} {on}",
        f"CREATE TRIGGER {name} BEFORE {when} {on} {call}",
    )


def append_only(*tables: str) -> tuple[str, ...]:
    """The triggers of tables whose rows are never changed or deleted."""
    return tuple(
        statement
        for table in tables
        for statement in _trigger(table, "append_only", "UPDATE OR DELETE", "refuse_change")
    )


DDL: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION origination.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a row of origination.% is never changed or deleted', TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION origination.state_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (to_jsonb(NEW) - ARRAY['state', 'ended_at', 'disclosed_at', 'accepted_at'])
         IS DISTINCT FROM
         (to_jsonb(OLD) - ARRAY['state', 'ended_at', 'disclosed_at', 'accepted_at']) THEN
        RAISE EXCEPTION 'of a row of origination.% only the state may change', TG_TABLE_NAME;
      END IF;
      RETURN NEW;
    END $$
    """,
    *append_only("application_event", "data_pull", "command"),
    *_trigger("consent", "kept", "DELETE", "refuse_change"),
    *_trigger("consent", "frozen", "UPDATE", "state_only"),
    *_trigger("offer", "kept", "DELETE", "refuse_change"),
    *_trigger("offer", "frozen", "UPDATE", "state_only"),
    *_trigger("contract", "kept", "DELETE", "refuse_change"),
    *_trigger("contract", "frozen", "UPDATE", "state_only"),
)
