"""Backup and restore: the same books on the other side, and nothing written over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tael.kernel import BadInput, Conflict, Day, FixedClock, Money, OutsideFailure
from tael.ledger import Dimensions, Entry, Ledger, credit, debit
from tael.platform import SYSTEM, Database, LedgerStore, back_up, restore

_DAY = Day(2026, 1, 5)


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"restored_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        yield sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def _lent(loan: str) -> list[Entry]:
    lines = (debit("G9001", Money(100)), credit("G9002", Money(100)))
    return [Entry("G", "disbursed", _DAY, lines, Dimensions(loan=loan))]


def _post(database: Database, *loans: str) -> str:
    """Post, seal, and give the hash of the books."""
    with database.begin(SYSTEM) as work:
        store = LedgerStore(work)
        ledger = Ledger(store, work.clock)
        for loan in loans:
            ledger.post(_lent(loan), key=loan)
            work.audit("loan.disburse", loan)
    with database.begin(SYSTEM) as work:
        LedgerStore(work).seal()
        return Ledger(LedgerStore(work), work.clock).content_hash()


def test_restored_books_prove_themselves_and_go_on(
    database: Database, database_url: str, empty_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    before = _post(database, "L1", "L2")
    saved = back_up(database_url, tmp_path / "backups" / "monday.tael")
    restore(empty_url, saved)
    other = Database(empty_url, clock)
    with other.begin(SYSTEM) as work:
        ledger = Ledger(LedgerStore(work), work.clock)
        assert ledger.content_hash() == before
        assert ledger.verify().sound
        assert ledger.verify().unsealed == 0
    assert _post(other, "L3") == _post(database, "L3"), "triggers and counters came along"
    with (
        pytest.raises(sa.exc.DBAPIError, match="only added to"),
        other.begin(SYSTEM) as work,
    ):
        work.connection.exec_driver_sql("DELETE FROM ledger.postings")
    other.close()


def test_a_backup_is_never_restored_over_rows(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    saved = back_up(database_url, tmp_path / "monday.tael")
    with pytest.raises(Conflict, match="ledger") as refused:
        restore(database_url, saved)
    assert refused.value.code == "not_empty"


def test_a_backup_is_never_written_over_another(database_url: str, tmp_path: Path) -> None:
    saved = back_up(database_url, tmp_path / "monday.tael")
    with pytest.raises(Conflict):
        back_up(database_url, saved)


def test_what_is_not_a_backup_is_refused(empty_url: str, tmp_path: Path) -> None:
    other = tmp_path / "report.html"
    other.write_text("<html>", encoding="utf-8")
    for source in (other, tmp_path / "nothing"):
        with pytest.raises(BadInput, match="not a backup"):
            restore(empty_url, source)


def test_a_damaged_backup_leaves_the_database_empty(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    saved = back_up(database_url, tmp_path / "monday.tael")
    content = saved.read_bytes()
    damaged = tmp_path / "damaged.tael"
    damaged.write_bytes(content[: len(content) * 9 // 10])
    with pytest.raises(OutsideFailure, match="pg_restore failed"):
        restore(empty_url, damaged)
    restore(empty_url, saved)


def test_a_failed_backup_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailure, match="pg_dump failed"):
        back_up(f"postgresql://tael@/tael?host={tmp_path}", tmp_path / "monday.tael")
    assert list(tmp_path.iterdir()) == []
