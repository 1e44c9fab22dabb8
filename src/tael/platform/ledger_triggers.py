# ruff: noqa: S608 - the statements are put together from this file's own words, nobody's input
"""The rules of the books that PostgreSQL itself keeps, whoever writes.

An entry balances (checked when the transaction commits), a batch is whole and never changes, a
closed day stays closed, no guarded account of a loan crosses to its wrong side, and what a hold set
aside stays there. Running nets are kept by the same triggers, so they cannot drift from the
postings.

Refusals carry SQLSTATEs of our own, class ``TL``, with their values as JSON in the detail;
``ledger_store`` turns them into Tael's errors.
"""

from __future__ import annotations

from tael.ledger import CHART
from tael.platform.ledger_tables import DIMENSIONS

WRONG_SIDE, CLOSED_PERIOD, HELD, NOT_WHOLE, CHANGED = "TL001", "TL002", "TL003", "TL004", "TL005"
"""SQLSTATEs of the refusals."""

_ACCOUNT_LOCK, _BOOK_LOCK = 0x6C6401, 0x6C6402  # classes of our advisory locks
_ABOUT = ", ".join(DIMENSIONS)
# The planner takes every batch for a thousand rows and would read the whole journal to join a few.
_BY_INDEX = "SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off"
_ABOUT_OF_ENTRY = ", ".join(f"entry.{name}" for name in DIMENSIONS)
_CHART_ROWS = ", ".join(
    f"('{account.code}', {account.side.sign}, {str(account.guarded).lower()})"
    for account in CHART.values()
)


def _selected(table: str) -> str:
    """Whether a row of ``table`` lies in the part of the account that ``wanted`` names."""
    parts = (f"wanted.{name} IN ('', {table}.{name})" for name in DIMENSIONS)
    return f"(whole OR ({' AND '.join(parts)}))"


_CHART = f"""
INSERT INTO ledger.accounts (code, sign, guarded) VALUES {_CHART_ROWS}
ON CONFLICT (code) DO UPDATE SET sign = excluded.sign, guarded = excluded.guarded
WHERE (accounts.sign, accounts.guarded) IS DISTINCT FROM (excluded.sign, excluded.guarded)
"""

_REFUSE_CHANGE = f"""
CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% of %.% is refused: the books are only added to',
        TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = '{CHANGED}';
END $$
"""

_KEEP_HOLD = f"""
CREATE OR REPLACE FUNCTION ledger.keep_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state = 'pending' THEN
        OLD.state := NEW.state;
        IF OLD = NEW THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION '% of hold % is refused', TG_OP, OLD.id USING ERRCODE = '{CHANGED}';
END $$
"""

_ADMIT_BATCHES = """
CREATE OR REPLACE FUNCTION ledger.admit_batches() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ledger.to_seal (batch) SELECT position FROM added;
    RETURN NULL;
END $$
"""

_CHECK_WHOLE = f"""
CREATE OR REPLACE FUNCTION ledger.check_whole() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found integer;
    crooked integer;
BEGIN
    SELECT count(*), min(place) FILTER (WHERE NOT coalesce(sound, false)) INTO found, crooked
    FROM (
        SELECT entry.place, (
            SELECT count(*) >= 2 AND sum(line.minor) = 0
                AND bool_and(left(line.account, 1) = entry.book)
            FROM ledger.postings AS line
            WHERE line.batch = entry.batch AND line.place = entry.place
        ) AS sound
        FROM ledger.entries AS entry WHERE entry.batch = NEW.position
    ) AS checked;
    IF crooked IS NOT NULL THEN
        RAISE EXCEPTION 'entry % of % does not balance', crooked, NEW.key
            USING ERRCODE = '{NOT_WHOLE}';
    END IF;
    IF found <> NEW.size THEN
        RAISE EXCEPTION '% has % entries and says %', NEW.key, found, NEW.size
            USING ERRCODE = '{NOT_WHOLE}';
    END IF;
    RETURN NULL;
END $$
"""

_REFUSE_LATE = f"""
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT batch FROM added) AS touched
        JOIN ledger.batches ON batches.position = touched.batch
        WHERE batches.transaction <> pg_current_xact_id()::text
    ) THEN
        RAISE EXCEPTION 'nothing is added to a batch that stands in the books'
            USING ERRCODE = '{CHANGED}';
    END IF;
"""

_ADMIT_ENTRIES = f"""
CREATE OR REPLACE FUNCTION ledger.admit_entries() RETURNS trigger LANGUAGE plpgsql
{_BY_INDEX} AS $$
DECLARE
    late record;
BEGIN
    {_REFUSE_LATE}
    PERFORM pg_advisory_xact_lock_shared({_BOOK_LOCK}, ascii(book))
    FROM (SELECT DISTINCT book FROM added ORDER BY book) AS books;
    SELECT added.book, added.effective, added.place, closings.through INTO late
    FROM added JOIN ledger.closings ON closings.book = added.book
    WHERE added.effective <= closings.through ORDER BY added.place LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'book % is closed through %', late.book, late.through
            USING ERRCODE = '{CLOSED_PERIOD}', DETAIL = row_to_json(late)::text;
    END IF;
    RETURN NULL;
END $$
"""

_ADMIT_POSTINGS = f"""
CREATE OR REPLACE FUNCTION ledger.admit_postings() RETURNS trigger LANGUAGE plpgsql
{_BY_INDEX} AS $$
DECLARE
    touched text;
BEGIN
    {_REFUSE_LATE}
    PERFORM pg_advisory_xact_lock_shared({_ACCOUNT_LOCK}, hashtext(account))
    FROM (SELECT DISTINCT account FROM added ORDER BY account) AS touched_accounts;

    INSERT INTO ledger.balances AS kept (id, account, owner, currency, basis, {_ABOUT}, net)
    SELECT
        sha256(convert_to(ROW(
            line.account, entry.owner, entry.currency, entry.basis, {_ABOUT_OF_ENTRY}
        )::text, 'UTF8')) AS cell,
        line.account, entry.owner, entry.currency, entry.basis, {_ABOUT_OF_ENTRY}, sum(line.minor)
    FROM added AS line
    JOIN ledger.entries AS entry ON entry.batch = line.batch AND entry.place = line.place
    GROUP BY line.account, entry.owner, entry.currency, entry.basis, {_ABOUT_OF_ENTRY}
    ORDER BY cell
    ON CONFLICT (id) DO UPDATE SET net = kept.net + excluded.net;

    INSERT INTO ledger.loan_balances AS kept
        (account, owner, currency, loan, common, ifrs, statutory)
    SELECT line.account, entry.owner, entry.currency, entry.loan,
        coalesce(sum(account.sign * line.minor) FILTER (WHERE entry.basis = 'common'), 0),
        coalesce(sum(account.sign * line.minor) FILTER (WHERE entry.basis = 'ifrs'), 0),
        coalesce(sum(account.sign * line.minor) FILTER (WHERE entry.basis = 'statutory'), 0)
    FROM added AS line
    JOIN ledger.entries AS entry ON entry.batch = line.batch AND entry.place = line.place
    JOIN ledger.accounts AS account ON account.code = line.account
    WHERE account.guarded AND entry.loan <> ''
    GROUP BY line.account, entry.owner, entry.currency, entry.loan
    ORDER BY line.account, entry.owner, entry.currency, entry.loan
    ON CONFLICT (account, owner, currency, loan) DO UPDATE SET
        common = kept.common + excluded.common,
        ifrs = kept.ifrs + excluded.ifrs,
        statutory = kept.statutory + excluded.statutory;

    FOR touched IN
        SELECT DISTINCT hold.account FROM ledger.holds AS hold
        WHERE hold.state = 'pending' AND hold.account IN (SELECT account FROM added)
        ORDER BY hold.account
    LOOP
        PERFORM ledger.check_held(touched);
    END LOOP;
    RETURN NULL;
END $$
"""

_WRONG_SIDE = f"""
CREATE OR REPLACE FUNCTION ledger.refuse_wrong_side() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % of loan % would go to its wrong side', NEW.account, NEW.loan
        USING ERRCODE = '{WRONG_SIDE}', DETAIL = row_to_json(NEW)::text;
END $$
"""

# The lock makes holds of an account and postings on it wait for each other, no longer than needed:
# postings share it until there is a hold to be kept.
_CHECK_HELD = f"""
CREATE OR REPLACE FUNCTION ledger.check_held(checked text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted record;
    whole boolean;
    held bigint;
    available bigint;
BEGIN
    PERFORM pg_advisory_xact_lock({_ACCOUNT_LOCK}, hashtext(checked));
    FOR wanted IN
        SELECT hold.*, account.sign FROM ledger.holds AS hold
        JOIN ledger.accounts AS account ON account.code = hold.account
        WHERE hold.account = checked AND hold.state = 'pending' ORDER BY hold.id
    LOOP
        FOREACH whole IN ARRAY ARRAY[false, true] LOOP
            SELECT sum(other.minor) INTO held FROM ledger.holds AS other
            WHERE other.account = checked AND other.state = 'pending'
                AND (other.owner, other.currency) = (wanted.owner, wanted.currency)
                AND {_selected("other")};
            SELECT coalesce(wanted.sign * sum(kept.net), 0) INTO available
            FROM ledger.balances AS kept
            WHERE kept.account = checked AND kept.basis = 'common'
                AND (kept.owner, kept.currency) = (wanted.owner, wanted.currency)
                AND {_selected("kept")};
            IF available < held THEN
                RAISE EXCEPTION 'account % has less than is held of it', checked
                    USING ERRCODE = '{HELD}', DETAIL = json_build_object('account', checked,
                        'currency', wanted.currency, 'available', available, 'held', held)::text;
            END IF;
        END LOOP;
    END LOOP;
END $$
"""

_ADMIT_HOLD = """
CREATE OR REPLACE FUNCTION ledger.admit_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.check_held(NEW.account);
    RETURN NULL;
END $$
"""

_KEEP_CLOSED = f"""
CREATE OR REPLACE FUNCTION ledger.keep_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        -- Waits for those who post in the book now: what they add is in before the day is closed.
        PERFORM pg_advisory_xact_lock({_BOOK_LOCK}, ascii(NEW.book));
        IF TG_OP = 'INSERT' OR NEW.through >= OLD.through THEN RETURN NEW; END IF;
    END IF;
    RAISE EXCEPTION 'a closed day stays closed' USING ERRCODE = '{CHANGED}';
END $$
"""

_BELOW_ZERO = "NEW.common < 0 OR NEW.common + NEW.ifrs < 0 OR NEW.common + NEW.statutory < 0"


def _append_only(table: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        f"ON ledger.{table} FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()"
    )


def _admit(table: str) -> str:
    return (
        f"CREATE OR REPLACE TRIGGER admit AFTER INSERT ON ledger.{table} "
        "REFERENCING NEW TABLE AS added "
        f"FOR EACH STATEMENT EXECUTE FUNCTION ledger.admit_{table}()"
    )


DDL: tuple[str, ...] = (
    _CHART,
    _REFUSE_CHANGE,
    _KEEP_HOLD,
    _ADMIT_BATCHES,
    _CHECK_WHOLE,
    _ADMIT_ENTRIES,
    _CHECK_HELD,
    _ADMIT_POSTINGS,
    _WRONG_SIDE,
    _ADMIT_HOLD,
    _KEEP_CLOSED,
    *(_append_only(table) for table in ("batches", "entries", "postings", "seals")),
    *(_admit(table) for table in ("batches", "entries", "postings")),
    "DROP TRIGGER IF EXISTS whole ON ledger.batches",
    """
    CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON ledger.batches
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_whole()
    """,
    f"""
    CREATE OR REPLACE TRIGGER right_side AFTER INSERT OR UPDATE ON ledger.loan_balances
    FOR EACH ROW WHEN ({_BELOW_ZERO}) EXECUTE FUNCTION ledger.refuse_wrong_side()
    """,
    """
    CREATE OR REPLACE TRIGGER keep_hold BEFORE UPDATE OR DELETE ON ledger.holds
    FOR EACH ROW EXECUTE FUNCTION ledger.keep_hold()
    """,
    """
    CREATE OR REPLACE TRIGGER admit AFTER INSERT ON ledger.holds
    FOR EACH ROW EXECUTE FUNCTION ledger.admit_hold()
    """,
    """
    CREATE OR REPLACE TRIGGER keep_closed BEFORE INSERT OR UPDATE OR DELETE ON ledger.closings
    FOR EACH ROW EXECUTE FUNCTION ledger.keep_closed()
    """,
)
