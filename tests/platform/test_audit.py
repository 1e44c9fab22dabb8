"""Audit rows: written with the change, chained afterwards, and proven."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from tael.kernel import Day, FixedClock
from tael.platform.audit import AuditLog
from tael.platform.database import SYSTEM, Actor, Database
from tael.platform.vault_keys import VaultKeys

CLERK = Actor("user", "user_clerk", frozenset({"operations"}))
KEY = VaultKeys.fresh().derive("audit-seal")


@pytest.fixture
def log() -> AuditLog:
    return AuditLog(KEY)


def _happen(database: Database, count: int, *, start: int = 0) -> None:
    with database.begin(CLERK) as work:
        for number in range(start, start + count):
            work.audit("loan.read", f"loan_{number}", {"page": str(number)})


def _seal(database: Database, log: AuditLog, **options: int) -> int:
    with database.begin(SYSTEM) as work:
        return log.seal(work, **options)


def _force(database: Database, statement: str) -> None:
    """What somebody with the database's own password can do."""
    with database.begin(SYSTEM) as work:
        for table in ("audit_rows", "audit_seals"):
            work.connection.execute(sa.text(f"ALTER TABLE platform.{table} DISABLE TRIGGER ALL"))
        work.connection.execute(sa.text(statement))
        for table in ("audit_rows", "audit_seals"):
            work.connection.execute(sa.text(f"ALTER TABLE platform.{table} ENABLE TRIGGER ALL"))


def test_a_row_is_written_with_the_change_and_not_without_it(
    database: Database, log: AuditLog
) -> None:
    with pytest.raises(sa.exc.ProgrammingError), database.begin(CLERK) as work:  # noqa: PT012
        work.audit("loan.disbursed", "loan_1", {})
        work.connection.execute(sa.text("SELECT * FROM nowhere"))
    with database.begin(CLERK) as work:
        work.audit("loan.disbursed", "loan_2", {"amount": "120000.00 CNY"})
    with database.begin(SYSTEM) as work:
        (row,) = log.rows(work)
    assert (row.actor_id, row.action, row.subject) == (CLERK.id, "loan.disbursed", "loan_2")
    assert row.recorded_at == database.clock.now()
    assert row.detail == {"amount": "120000.00 CNY"}


def test_rows_are_paged_newest_first_and_by_subject(database: Database, log: AuditLog) -> None:
    _happen(database, 5)
    with database.begin(SYSTEM) as work:
        first = log.rows(work, limit=3)
        second = log.rows(work, limit=3, before=first[-1].id)
        assert {row.subject for row in first + second} == {f"loan_{n}" for n in range(5)}
        assert [row.detail for row in log.rows(work, subject="loan_3")] == [{"page": "3"}]


def test_an_untouched_chain_proves_in_one_pass_or_in_many(
    database: Database, log: AuditLog
) -> None:
    _happen(database, 7)
    assert _seal(database, log, limit=3) == 3
    with database.begin(SYSTEM) as work:
        proof = log.verify(work)
    assert (proof.holds, proof.sealed, proof.unsealed) == (True, 3, 4)
    _happen(database, 2, start=7)
    assert _seal(database, log) == 6
    assert _seal(database, log) == 0
    with database.begin(SYSTEM) as work:
        later = log.verify(work, known=proof.head)
    assert (later.holds, later.sealed, later.unsealed) == (True, 9, 0)


TAMPERED = {
    "an action": ("UPDATE platform.audit_rows SET action = 'x' WHERE {row}", "changed"),
    "a subject": ("UPDATE platform.audit_rows SET subject = 'x' WHERE {row}", "changed"),
    "an actor": ("UPDATE platform.audit_rows SET actor_id = 'x' WHERE {row}", "changed"),
    "a detail": ("UPDATE platform.audit_rows SET detail = '{{}}' WHERE {row}", "changed"),
    "an instant": (
        "UPDATE platform.audit_rows SET recorded_at = recorded_at + '1us' WHERE {row}",
        "changed",
    ),
    "a deleted row": ("DELETE FROM platform.audit_rows WHERE {row}", "missing"),
    "a deleted seal": ("DELETE FROM platform.audit_seals WHERE number = 3", "broken_chain"),
    "a changed seal": (
        "UPDATE platform.audit_seals SET seal = '\\x00' WHERE number = 3",
        "changed",
    ),
}


@pytest.mark.parametrize("case", TAMPERED, ids=str)
def test_whatever_was_tampered_with_is_found_at_its_place(
    database: Database, log: AuditLog, case: str
) -> None:
    statement, kind = TAMPERED[case]
    _happen(database, 6)
    _seal(database, log)
    _force(database, statement.format(row="subject = 'loan_2'"))
    with database.begin(SYSTEM) as work:
        problems = log.verify(work).problems
    assert problems[0].kind == kind
    assert problems[0].number == 3


def test_a_chain_cut_short_is_found_by_the_head_kept_outside(
    database: Database, log: AuditLog
) -> None:
    _happen(database, 5)
    _seal(database, log)
    with database.begin(SYSTEM) as work:
        head = log.verify(work).head
    _force(database, "DELETE FROM platform.audit_seals WHERE number >= 4")
    _force(database, "DELETE FROM platform.audit_rows WHERE subject IN ('loan_3', 'loan_4')")
    with database.begin(SYSTEM) as work:
        assert log.verify(work).holds, "from inside, a shorter chain looks whole"
        assert [problem.kind for problem in log.verify(work, known=head).problems] == ["cut_short"]


def test_a_chain_written_anew_without_the_key_does_not_prove(
    database: Database, log: AuditLog
) -> None:
    _happen(database, 3)
    _seal(database, AuditLog(bytes(32)))
    with database.begin(SYSTEM) as work:
        assert len(log.verify(work).problems) == 3


def test_postgresql_refuses_to_change_a_row_or_a_seal(database: Database, log: AuditLog) -> None:
    _happen(database, 1)
    _seal(database, log)
    for statement in (
        "UPDATE platform.audit_rows SET action = 'x'",
        "DELETE FROM platform.audit_rows",
        "TRUNCATE platform.audit_rows",
        "DELETE FROM platform.audit_seals",
    ):
        refused = pytest.raises(sa.exc.IntegrityError, match="only ever added")
        with refused, database.begin(SYSTEM) as work:
            work.connection.execute(sa.text(statement))


def test_rows_of_a_clock_that_lags_are_sealed_too(database: Database, log: AuditLog) -> None:
    _happen(database, 2)
    _seal(database, log)

    past = Database(database.url, FixedClock.on(Day(2020, 1, 1)))
    _happen(past, 2, start=2)
    past.close()
    assert _seal(database, log) == 2
    with database.begin(SYSTEM) as work:
        assert log.verify(work).holds


def test_two_sealers_and_many_writers_leave_one_chain(database: Database, log: AuditLog) -> None:
    def work_on(number: int) -> None:
        if number % 3:
            _happen(database, 4, start=number * 10)
        else:
            _seal(database, log)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work_on, range(12)))
    _seal(database, log)
    with database.begin(SYSTEM) as work:
        proof = log.verify(work)
    assert (proof.holds, proof.sealed, proof.unsealed) == (True, 32, 0)


def test_any_text_from_outside_leaves_its_trace(database: Database, log: AuditLog) -> None:
    with database.begin(CLERK) as work:
        for text in ("\x00", "\ud800", "\ud7ff", "😀", '"}\\', "é", "e\u0301", "\u2028"):
            work.audit("login.typed", text, {"typed": text})
    assert _seal(database, log) == 8
    with database.begin(SYSTEM) as work:
        assert log.verify(work).holds
