"""The tables of the schema ``policies``, and the triggers that keep what was written."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

metadata = sa.MetaData(schema="policies")

# Of a row of the log: its arm, and outcome, tier and reasons as JSON. Rows and searches say it in
# these very words, or the index is of no use.
ARM = '"substring"(context, \'^\\{"arm":"([a-z_]+)"\'::text)'
SAID = "result::jsonb - '{limit,options,pd,points,routing}'::text[]"


def of_log(expression: str) -> str:
    """``ARM`` or ``SAID`` where other tables are asked besides."""
    return expression.replace("context", f"{_LOG}.context").replace("result", f"{_LOG}.result")


_LOG = "policies.decision_log"
_INSTANT = sa.DateTime(timezone=True)

versions = sa.Table(
    "policy_version",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("hashes", JSONB, nullable=False),
    sa.Column("dmn", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("prices", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("variables", sa.Text, nullable=False),
    sa.Column("cases", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _INSTANT),
    sa.Column("deployed_at", _INSTANT),
    sa.Column("retired_at", _INSTANT),
    sa.CheckConstraint(
        "state in ('draft', 'checked', 'backtested', 'approved', 'deployed', 'retired')",
        name="known_state",
    ),
    sa.CheckConstraint("approved_by is null or approved_by <> drafted_by", name="second_person"),
    sa.CheckConstraint(
        "state in ('draft', 'checked', 'backtested') or approved_by is not null",
        name="approved_by_someone",
    ),
)

events = sa.Table(
    "version_event",
    metadata,
    sa.Column("version", sa.Text, sa.ForeignKey(versions.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    # Text, not JSON: the bytes that were hashed and signed are the bytes that are kept.
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
)

deployments = sa.Table(
    "deployment",
    metadata,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record", sa.Text, nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("in_force", sa.Boolean, nullable=False),
    sa.Column("ended_at", _INSTANT),
    sa.CheckConstraint("in_force = (ended_at is null)", name="ends_once"),
)
# At most one deployment is in force: the database holds it, whatever runs at once.
sa.Index(
    "one_in_force",
    deployments.c.in_force,
    unique=True,
    postgresql_where=deployments.c.in_force,
)

models = sa.Table(
    "model_version",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("trained_on", sa.Text, nullable=False),
    sa.Column("plan", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("drafted_by", sa.Text, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _INSTANT),
    sa.Column("retired_at", _INSTANT),
    sa.Column("refused_at", _INSTANT),
    sa.Column("ended_by", sa.Text),
    sa.Column("why", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint(
        "state in ('draft', 'approved', 'refused', 'retired')", name="known_model_state"
    ),
    sa.CheckConstraint(
        "approved_by is null or approved_by <> drafted_by", name="second_person_of_model"
    ),
    sa.CheckConstraint(
        "state in ('draft', 'refused') or approved_by is not null", name="model_approved"
    ),
    sa.CheckConstraint(
        "state <> 'refused' or (refused_at is not null and ended_by is not null and why <> '')",
        name="model_refused_by_someone",
    ),
)

decisions = sa.Table(
    "decision_log",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("application_id", sa.Text, nullable=False, index=True),
    sa.Column("policy_id", sa.Text, sa.ForeignKey(versions.c.id), nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("as_of", _INSTANT, nullable=False),
    sa.Column("recorded_by", sa.Text, nullable=False),
    # Text, not JSON: the bytes that were hashed are the bytes that are kept.
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("inputs_hash", sa.Text, nullable=False),
    sa.Column("parameters", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("result_hash", sa.Text, nullable=False),
    sa.Column("trace", sa.Text, nullable=False),
    sa.Column("elapsed_us", sa.BigInteger, nullable=False),
    sa.Column("context", sa.Text, nullable=False),
    sa.Column("timings", sa.Text, nullable=False),
    # What people search by. Ids are in the order of time, so the first two list the newest first
    # without sorting; outcome, tier and reasons are asked for at once and stand in one.
    sa.Index("decision_log_version", "policy_id", "id"),
    sa.Index("decision_log_arm", sa.text(ARM), "id"),
    sa.Index(
        "decision_log_said",
        sa.literal_column(f"({SAID})").label("said"),
        postgresql_using="gin",
        postgresql_ops={"said": "jsonb_path_ops"},
    ),
)

shadows = sa.Table(
    "shadow_verdict",
    metadata,
    sa.Column("decision_id", sa.Text, sa.ForeignKey(decisions.c.id), primary_key=True),
    sa.Column("version_id", sa.Text, sa.ForeignKey(versions.c.id), primary_key=True),
    # One of both is empty: what it would have said, and why it could not.
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("failure", sa.Text, nullable=False),
    sa.Column("elapsed_us", sa.BigInteger, nullable=False),
)

source_orders = sa.Table(
    "source_order",
    metadata,
    sa.Column("version_id", sa.Text, sa.ForeignKey(versions.c.id), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("decisions", sa.Integer, nullable=False),
    sa.Column("turns", sa.Text, nullable=False),
    sa.CheckConstraint("number >= 1", name="numbered"),
)

outcomes = sa.Table(
    "outcome_report",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("application_id", sa.Text, nullable=False),
    sa.Column("month_on_book", sa.Integer, nullable=False),
    sa.Column("known_on", sa.Date, nullable=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("booked_on", sa.Date, nullable=False),
    # What became of the loan by then, as JSON: the same again is not written again.
    sa.Column("told", sa.Text, nullable=False),
    sa.Index("outcome_report_latest", "application_id", "position"),
    sa.CheckConstraint("month_on_book >= 0", name="on_book"),
)

evidence = sa.Table(
    "evidence",
    metadata,
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("borrower", sa.Text, nullable=False),
    sa.Column("position", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("known_at", _INSTANT, nullable=False),
    sa.Column("recorded_at", _INSTANT, nullable=False),
    sa.Column("sources", sa.Text, nullable=False),
    sa.Column("packed", sa.LargeBinary, nullable=False),
    sa.Index("evidence_latest", "borrower", "position"),
)

seals = sa.Table(
    "decision_seal",
    metadata,
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("decision_id", sa.Text, nullable=False, unique=True),
    sa.Column("previous_hash", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

DDL: tuple[str, ...] = (
    """
    CREATE OR REPLACE FUNCTION policies.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the table policies.% is append-only', TG_TABLE_NAME;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION policies.keep_texts() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.id, NEW.name, NEW.dmn, NEW.model, NEW.prices, NEW.parameters, NEW.variables,
          NEW.cases, NEW.hashes, NEW.drafted_by, NEW.drafted_at) IS DISTINCT FROM
         (OLD.id, OLD.name, OLD.dmn, OLD.model, OLD.prices, OLD.parameters, OLD.variables,
          OLD.cases, OLD.hashes, OLD.drafted_by, OLD.drafted_at) THEN
        RAISE EXCEPTION 'a policy version keeps its texts; draft a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.decision_log",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_log
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.decision_seal",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.decision_seal
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.shadow_verdict",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.shadow_verdict
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "ALTER TABLE policies.evidence ALTER COLUMN packed SET STORAGE EXTERNAL",
    "DROP TRIGGER IF EXISTS append_only ON policies.evidence",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.evidence
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.outcome_report",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.outcome_report
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.source_order",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.source_order
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS append_only ON policies.version_event",
    """
    CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON policies.version_event
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    CREATE OR REPLACE FUNCTION policies.only_end() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.number, NEW.record, NEW.signature) IS DISTINCT FROM
         (OLD.number, OLD.record, OLD.signature) OR NOT OLD.in_force THEN
        RAISE EXCEPTION 'a deployment only ends; make a new one';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS only_end ON policies.deployment",
    """
    CREATE TRIGGER only_end BEFORE UPDATE ON policies.deployment
    FOR EACH ROW EXECUTE FUNCTION policies.only_end()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.deployment",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.deployment
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    """
    CREATE OR REPLACE FUNCTION policies.keep_model() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.hash, NEW.kind, NEW.name, NEW.trained_on, NEW.plan, NEW.drafted_by, NEW.drafted_at)
         IS DISTINCT FROM
         (OLD.hash, OLD.kind, OLD.name, OLD.trained_on, OLD.plan, OLD.drafted_by, OLD.drafted_at)
      THEN
        RAISE EXCEPTION 'a model keeps what it is; register a new one';
      END IF;
      IF OLD.state IN ('refused', 'retired') THEN
        RAISE EXCEPTION 'a model that was refused or retired stays so';
      END IF;
      RETURN NEW;
    END $$
    """,
    "DROP TRIGGER IF EXISTS keep_model ON policies.model_version",
    """
    CREATE TRIGGER keep_model BEFORE UPDATE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_model()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.model_version",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.model_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
    "DROP TRIGGER IF EXISTS keep_texts ON policies.policy_version",
    """
    CREATE TRIGGER keep_texts BEFORE UPDATE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.keep_texts()
    """,
    "DROP TRIGGER IF EXISTS no_delete ON policies.policy_version",
    """
    CREATE TRIGGER no_delete BEFORE DELETE ON policies.policy_version
    FOR EACH ROW EXECUTE FUNCTION policies.refuse_change()
    """,
)
