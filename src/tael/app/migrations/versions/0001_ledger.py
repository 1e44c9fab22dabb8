# ruff: noqa: E501 - SQL as it was written out
"""The first tables of the ledger room."""

from __future__ import annotations

from alembic import op

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    CREATE SCHEMA IF NOT EXISTS ledger
    """,
    """
    CREATE TABLE ledger.accounts (
        code TEXT NOT NULL,
        sign SMALLINT NOT NULL,
        guarded BOOLEAN NOT NULL,
        PRIMARY KEY (code),
        CONSTRAINT debit_or_credit CHECK (sign IN (-1, 1))
    )
    """,
    """
    CREATE TABLE ledger.balances (
        id BYTEA NOT NULL,
        account TEXT NOT NULL,
        owner TEXT NOT NULL,
        currency TEXT NOT NULL,
        basis TEXT NOT NULL,
        loan TEXT NOT NULL,
        partner TEXT NOT NULL,
        agreement TEXT NOT NULL,
        product TEXT NOT NULL,
        tier TEXT NOT NULL,
        channel TEXT NOT NULL,
        vintage TEXT NOT NULL,
        branch TEXT NOT NULL,
        net BIGINT NOT NULL,
        PRIMARY KEY (id)
    )
     WITH (fillfactor = 70)
    """,
    """
    CREATE INDEX ix_balances_account ON ledger.balances (account)
    """,
    """
    CREATE INDEX ix_balances_loan ON ledger.balances (loan)
    """,
    """
    CREATE TABLE ledger.closings (
        book TEXT NOT NULL,
        through DATE NOT NULL,
        PRIMARY KEY (book)
    )
    """,
    """
    CREATE TABLE ledger.loan_balances (
        account TEXT NOT NULL,
        owner TEXT NOT NULL,
        currency TEXT NOT NULL,
        loan TEXT NOT NULL,
        common BIGINT NOT NULL,
        ifrs BIGINT NOT NULL,
        statutory BIGINT NOT NULL,
        PRIMARY KEY (account, owner, currency, loan)
    )
     WITH (fillfactor = 70)
    """,
    """
    CREATE TABLE ledger.holds (
        id TEXT NOT NULL,
        key TEXT NOT NULL,
        account TEXT NOT NULL,
        owner TEXT NOT NULL,
        currency TEXT NOT NULL,
        minor BIGINT NOT NULL,
        loan TEXT NOT NULL,
        partner TEXT NOT NULL,
        agreement TEXT NOT NULL,
        product TEXT NOT NULL,
        tier TEXT NOT NULL,
        channel TEXT NOT NULL,
        vintage TEXT NOT NULL,
        branch TEXT NOT NULL,
        recorded TIMESTAMP WITH TIME ZONE NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (id),
        CONSTRAINT above_zero CHECK (minor > 0),
        CONSTRAINT known_state CHECK (state IN ('pending', 'posted', 'voided')),
        UNIQUE (key),
        FOREIGN KEY(account) REFERENCES ledger.accounts (code)
    )
    """,
    """
    CREATE INDEX ix_holds_pending ON ledger.holds (account) WHERE state = 'pending'
    """,
    """
    CREATE TABLE ledger.batches (
        position BIGINT GENERATED ALWAYS AS IDENTITY,
        key TEXT NOT NULL,
        input_hash TEXT NOT NULL,
        size INTEGER NOT NULL,
        recorded TIMESTAMP WITH TIME ZONE NOT NULL,
        releases TEXT,
        transaction TEXT DEFAULT (pg_current_xact_id()::text) NOT NULL,
        PRIMARY KEY (position),
        UNIQUE (key),
        UNIQUE (releases),
        FOREIGN KEY(releases) REFERENCES ledger.holds (id)
    )
    """,
    """
    CREATE TABLE ledger.entries (
        batch BIGINT NOT NULL,
        place INTEGER NOT NULL,
        book TEXT NOT NULL,
        owner TEXT NOT NULL,
        event TEXT NOT NULL,
        effective DATE NOT NULL,
        basis TEXT NOT NULL,
        currency TEXT NOT NULL,
        corrects TEXT NOT NULL,
        loan TEXT NOT NULL,
        partner TEXT NOT NULL,
        agreement TEXT NOT NULL,
        product TEXT NOT NULL,
        tier TEXT NOT NULL,
        channel TEXT NOT NULL,
        vintage TEXT NOT NULL,
        branch TEXT NOT NULL,
        PRIMARY KEY (batch, place),
        CONSTRAINT known_basis CHECK (basis IN ('common', 'ifrs', 'statutory')),
        FOREIGN KEY(batch) REFERENCES ledger.batches (position)
    )
    """,
    """
    CREATE INDEX ix_entries_book_day ON ledger.entries (book, effective)
    """,
    """
    CREATE INDEX ix_entries_corrects ON ledger.entries (corrects) WHERE corrects != ''
    """,
    """
    CREATE INDEX ix_entries_loan ON ledger.entries (loan)
    """,
    """
    CREATE TABLE ledger.seals (
        number BIGINT NOT NULL,
        batch BIGINT NOT NULL,
        chained TEXT NOT NULL,
        PRIMARY KEY (number),
        UNIQUE (batch),
        FOREIGN KEY(batch) REFERENCES ledger.batches (position)
    )
    """,
    """
    CREATE TABLE ledger.to_seal (
        batch BIGINT NOT NULL,
        PRIMARY KEY (batch),
        FOREIGN KEY(batch) REFERENCES ledger.batches (position)
    )
    """,
    """
    CREATE TABLE ledger.postings (
        batch BIGINT NOT NULL,
        place INTEGER NOT NULL,
        line INTEGER NOT NULL,
        account TEXT NOT NULL,
        minor BIGINT NOT NULL,
        PRIMARY KEY (batch, place, line),
        FOREIGN KEY(batch, place) REFERENCES ledger.entries (batch, place),
        CONSTRAINT not_zero CHECK (minor <> 0),
        FOREIGN KEY(account) REFERENCES ledger.accounts (code)
    )
    """,
    """
    CREATE INDEX ix_postings_account ON ledger.postings (account, batch)
    """,
    """
    INSERT INTO ledger.accounts (code, sign, guarded) VALUES ('B1002', 1, false), ('B1221', 1, true), ('B1301', 1, true), ('B1302', 1, true), ('B1303', 1, true), ('B1391', 1, true), ('B6011', -1, false), ('B6012', -1, false), ('B6701', 1, false), ('G1002', 1, false), ('G1031', 1, false), ('G1122', 1, true), ('G1221', 1, true), ('G1231', 1, true), ('G1232', 1, true), ('G1239', -1, false), ('G2203', -1, true), ('G2205', -1, true), ('G2221', -1, false), ('G2241', -1, true), ('G2601', -1, true), ('G2602', -1, true), ('G2611', -1, true), ('G4001', -1, false), ('G6021', -1, false), ('G6022', -1, false), ('G6402', 1, false), ('G6403', 1, false), ('G6701', 1, false), ('G6702', 1, false), ('G9001', 1, true), ('G9002', -1, false), ('P1002', 1, false), ('P1122', 1, true), ('P1221', 1, true), ('P1231', 1, true), ('P2203', -1, true), ('P2221', -1, false), ('P2241', -1, true), ('P6051', -1, false), ('P6052', -1, false), ('P6053', -1, false), ('P6401', 1, false), ('P6402', 1, false), ('C1002', 1, false), ('C2201', -1, true), ('C2202', -1, true), ('C2203', -1, true), ('C2900', -1, true)
    ON CONFLICT (code) DO UPDATE SET sign = excluded.sign, guarded = excluded.guarded
    WHERE (accounts.sign, accounts.guarded) IS DISTINCT FROM (excluded.sign, excluded.guarded)
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% of %.% is refused: the books are only added to',
            TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'TL005';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.keep_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'UPDATE' AND OLD.state = 'pending' THEN
            OLD.state := NEW.state;
            IF OLD = NEW THEN RETURN NEW; END IF;
        END IF;
        RAISE EXCEPTION '% of hold % is refused', TG_OP, OLD.id USING ERRCODE = 'TL005';
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.admit_batches() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO ledger.to_seal (batch) SELECT position FROM added;
        RETURN NULL;
    END $$
    """,
    """
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
                USING ERRCODE = 'TL004';
        END IF;
        IF found <> NEW.size THEN
            RAISE EXCEPTION '% has % entries and says %', NEW.key, found, NEW.size
                USING ERRCODE = 'TL004';
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.admit_entries() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    DECLARE
        late record;
    BEGIN

        IF EXISTS (
            SELECT FROM (SELECT DISTINCT batch FROM added) AS touched
            JOIN ledger.batches ON batches.position = touched.batch
            WHERE batches.transaction <> pg_current_xact_id()::text
        ) THEN
            RAISE EXCEPTION 'nothing is added to a batch that stands in the books'
                USING ERRCODE = 'TL005';
        END IF;

        PERFORM pg_advisory_xact_lock_shared(7103490, ascii(book))
        FROM (SELECT DISTINCT book FROM added ORDER BY book) AS books;
        SELECT added.book, added.effective, added.place, closings.through INTO late
        FROM added JOIN ledger.closings ON closings.book = added.book
        WHERE added.effective <= closings.through ORDER BY added.place LIMIT 1;
        IF FOUND THEN
            RAISE EXCEPTION 'book % is closed through %', late.book, late.through
                USING ERRCODE = 'TL002', DETAIL = row_to_json(late)::text;
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.check_held(checked text) RETURNS void LANGUAGE plpgsql AS $$
    DECLARE
        wanted record;
        whole boolean;
        held bigint;
        available bigint;
    BEGIN
        PERFORM pg_advisory_xact_lock(7103489, hashtext(checked));
        FOR wanted IN
            SELECT hold.*, account.sign FROM ledger.holds AS hold
            JOIN ledger.accounts AS account ON account.code = hold.account
            WHERE hold.account = checked AND hold.state = 'pending' ORDER BY hold.id
        LOOP
            FOREACH whole IN ARRAY ARRAY[false, true] LOOP
                SELECT sum(other.minor) INTO held FROM ledger.holds AS other
                WHERE other.account = checked AND other.state = 'pending'
                    AND (other.owner, other.currency) = (wanted.owner, wanted.currency)
                    AND (whole OR (wanted.loan IN ('', other.loan) AND wanted.partner IN ('', other.partner) AND wanted.agreement IN ('', other.agreement) AND wanted.product IN ('', other.product) AND wanted.tier IN ('', other.tier) AND wanted.channel IN ('', other.channel) AND wanted.vintage IN ('', other.vintage) AND wanted.branch IN ('', other.branch)));
                SELECT coalesce(wanted.sign * sum(kept.net), 0) INTO available
                FROM ledger.balances AS kept
                WHERE kept.account = checked AND kept.basis = 'common'
                    AND (kept.owner, kept.currency) = (wanted.owner, wanted.currency)
                    AND (whole OR (wanted.loan IN ('', kept.loan) AND wanted.partner IN ('', kept.partner) AND wanted.agreement IN ('', kept.agreement) AND wanted.product IN ('', kept.product) AND wanted.tier IN ('', kept.tier) AND wanted.channel IN ('', kept.channel) AND wanted.vintage IN ('', kept.vintage) AND wanted.branch IN ('', kept.branch)));
                IF available < held THEN
                    RAISE EXCEPTION 'account % has less than is held of it', checked
                        USING ERRCODE = 'TL003', DETAIL = json_build_object('account', checked,
                            'currency', wanted.currency, 'available', available, 'held', held)::text;
                END IF;
            END LOOP;
        END LOOP;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.admit_postings() RETURNS trigger LANGUAGE plpgsql
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off AS $$
    DECLARE
        touched text;
    BEGIN

        IF EXISTS (
            SELECT FROM (SELECT DISTINCT batch FROM added) AS touched
            JOIN ledger.batches ON batches.position = touched.batch
            WHERE batches.transaction <> pg_current_xact_id()::text
        ) THEN
            RAISE EXCEPTION 'nothing is added to a batch that stands in the books'
                USING ERRCODE = 'TL005';
        END IF;

        PERFORM pg_advisory_xact_lock_shared(7103489, hashtext(account))
        FROM (SELECT DISTINCT account FROM added ORDER BY account) AS touched_accounts;

        INSERT INTO ledger.balances AS kept (id, account, owner, currency, basis, loan, partner, agreement, product, tier, channel, vintage, branch, net)
        SELECT
            sha256(convert_to(ROW(
                line.account, entry.owner, entry.currency, entry.basis, entry.loan, entry.partner, entry.agreement, entry.product, entry.tier, entry.channel, entry.vintage, entry.branch
            )::text, 'UTF8')) AS cell,
            line.account, entry.owner, entry.currency, entry.basis, entry.loan, entry.partner, entry.agreement, entry.product, entry.tier, entry.channel, entry.vintage, entry.branch, sum(line.minor)
        FROM added AS line
        JOIN ledger.entries AS entry ON entry.batch = line.batch AND entry.place = line.place
        GROUP BY line.account, entry.owner, entry.currency, entry.basis, entry.loan, entry.partner, entry.agreement, entry.product, entry.tier, entry.channel, entry.vintage, entry.branch
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
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.refuse_wrong_side() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'account % of loan % would go to its wrong side', NEW.account, NEW.loan
            USING ERRCODE = 'TL001', DETAIL = row_to_json(NEW)::text;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.admit_hold() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM ledger.check_held(NEW.account);
        RETURN NULL;
    END $$
    """,
    """
    CREATE OR REPLACE FUNCTION ledger.keep_closed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'DELETE' THEN
            -- Waits for those who post in the book now: what they add is in before the day is closed.
            PERFORM pg_advisory_xact_lock(7103490, ascii(NEW.book));
            IF TG_OP = 'INSERT' OR NEW.through >= OLD.through THEN RETURN NEW; END IF;
        END IF;
        RAISE EXCEPTION 'a closed day stays closed' USING ERRCODE = 'TL005';
    END $$
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.batches FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.entries FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.postings FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()
    """,
    """
    CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger.seals FOR EACH STATEMENT EXECUTE FUNCTION ledger.refuse_change()
    """,
    """
    CREATE OR REPLACE TRIGGER admit AFTER INSERT ON ledger.batches REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.admit_batches()
    """,
    """
    CREATE OR REPLACE TRIGGER admit AFTER INSERT ON ledger.entries REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.admit_entries()
    """,
    """
    CREATE OR REPLACE TRIGGER admit AFTER INSERT ON ledger.postings REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger.admit_postings()
    """,
    """
    DROP TRIGGER IF EXISTS whole ON ledger.batches
    """,
    """
    CREATE CONSTRAINT TRIGGER whole AFTER INSERT ON ledger.batches
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger.check_whole()
    """,
    """
    CREATE OR REPLACE TRIGGER right_side AFTER INSERT OR UPDATE ON ledger.loan_balances
    FOR EACH ROW WHEN (NEW.common < 0 OR NEW.common + NEW.ifrs < 0 OR NEW.common + NEW.statutory < 0) EXECUTE FUNCTION ledger.refuse_wrong_side()
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


def upgrade() -> None:
    for statement in STATEMENTS:
        # No parameters: a percent sign in a function's body is a percent sign.
        op.get_bind().exec_driver_sql(statement, execution_options={"no_parameters": True})
