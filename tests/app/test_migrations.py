"""Migrations: an upgraded database is the one that the code describes, and stays it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory

from tael.app import migrations
from tael.app.migrations.upgrade import configuration, heads
from tael.app.tables import ROOMS
from tael.kernel import Conflict, Day, FixedClock, Money, VersionId
from tael.ledger import Entry, Ledger, credit, debit
from tael.platform import SYSTEM, Database, EmbeddedPostgres, LedgerStore, Parameters
from tael.platform.binaries import OLDEST_MAJOR
from tael.policies import Policies, SqlPolicyStore, engines, first_bundle

_DAY = Day(2026, 1, 5)


@pytest.fixture
def empty_url(postgres_url: str) -> Iterator[str]:
    """A database with nothing in it."""
    name = f"empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    address = postgres_url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0".encode())
        yield sa.make_url(postgres_url).set(database=name).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def test_an_upgraded_database_is_what_the_code_describes(empty_url: str) -> None:
    added = migrations.upgrade(empty_url)
    assert {version.rpartition("_")[0] for version in added} == {room.schema for room in ROOMS}
    assert len(added) == len(ROOMS)
    assert migrations.drift(empty_url) == []


def test_an_upgrade_of_a_current_database_changes_nothing(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    assert migrations.upgrade(empty_url) == []


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE platform.outbox ADD COLUMN extra text", "extra"),
        ("ALTER TABLE platform.outbox DROP COLUMN body", "body"),
        ("DROP INDEX ledger.ix_entries_loan", "ix_entries_loan"),
        ("DROP TRIGGER append_only ON ledger.entries", "trigger append_only on ledger.entries"),
        ("DROP FUNCTION ledger.refuse_wrong_side() CASCADE", "ledger.refuse_wrong_side"),
        ("UPDATE ledger.accounts SET guarded = false WHERE code = 'B1301'", "rows of ledger"),
    ],
)
def test_a_database_that_drifted_is_told(empty_url: str, change: str, named: str) -> None:
    migrations.upgrade(empty_url)
    with psycopg.connect(empty_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(change.encode())
    for _ in range(2):  # looking changes nothing
        assert any(named in difference for difference in migrations.drift(empty_url))


def test_the_newest_versions_are_told_by_the_names_of_their_files() -> None:
    assert heads() == set(ScriptDirectory.from_config(configuration()).get_heads())


def test_a_room_of_another_program_in_the_same_database_is_no_drift(empty_url: str) -> None:
    migrations.upgrade(empty_url)
    with psycopg.connect(empty_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA somebody CREATE TABLE somebodys (id int)")
    assert migrations.drift(empty_url) == []


def test_a_first_version_is_never_written_anew(tmp_path: Path) -> None:
    written = migrations.write_initial(tmp_path)
    assert {path.name for path in written} == {f"0001_{room.schema}.py" for room in ROOMS}
    with pytest.raises(Conflict):
        migrations.write_initial(tmp_path)


def test_the_oldest_postgresql_that_is_supported_takes_every_version(tmp_path: Path) -> None:
    system = Path(f"/usr/lib/postgresql/{OLDEST_MAJOR}/bin")
    if not (system / "initdb").exists():
        pytest.skip(f"PostgreSQL {OLDEST_MAJOR} is not installed here")
    with EmbeddedPostgres(tmp_path, system, options={"fsync": "off"}) as server:
        assert len(migrations.upgrade(server.url)) == len(ROOMS)
        assert migrations.drift(server.url) == []
        database = Database(server.url, FixedClock.on(_DAY))
        with database.begin(SYSTEM) as work:
            ledger = Ledger(LedgerStore(work), work.clock)
            lines = (debit("G1002", Money(100)), credit("G4001", Money(100)))
            ledger.post([Entry("G", "paid_in", _DAY, lines)], key="capital")
            ledger.hold("G1002", Money(60), key="hold")
            assert ledger.verify().sound
        database.close()


def test_a_policy_of_an_older_release_is_kept_and_decides_no_more(empty_url: str) -> None:
    rows = (
        ("ver_00000000000000000000000001", "deployed", "li"),
        ("ver_00000000000000000000000002", "approved", "li"),
        ("ver_00000000000000000000000003", "draft", None),
    )
    bundle = first_bundle('{"format": "tael.scorecard/1"}')
    old = {"dmn": bundle.dmn, "scorecard": bundle.model, "prices": bundle.prices,
           "parameters": bundle.parameters}  # fmt: skip
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in old.items()}
    then = FixedClock.on(_DAY).now()
    engine = sa.create_engine(empty_url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), "policies_0001")
        for number, state, approver in rows:
            connection.execute(
                sa.text(
                    "INSERT INTO policies.policy_version VALUES (:id, 'old', :state, :hashes, :dmn,"
                    " :scorecard, :prices, :parameters, 'wang', :then, :by, :at, NULL, NULL)"
                ),
                {**old, "id": number, "state": state, "hashes": json.dumps(hashes), "by": approver,
                 "then": then, "at": approver and then},
            )  # fmt: skip
    migrations.upgrade(empty_url)
    database = Database(empty_url, FixedClock.on(_DAY))
    policies = Policies(
        SqlPolicyStore, parameters=Parameters(), engines=engines.ENGINES, signing_key=bytes(32)
    )
    with database.begin(SYSTEM) as work:
        found = {one.id: one.state.value for one in policies.versions(work)}
        assert [found[VersionId(number)] for number, _, _ in rows] == [
            "retired", "approved", "draft",
        ]  # fmt: skip
        first, second = (VersionId(number) for number, _, _ in rows[:2])
        assert policies.bundle(work, first).model == bundle.model
        assert [event.kind.value for event in policies.timeline(work, first)] == [
            "drafted", "approved", "retired",
        ]  # fmt: skip
        with pytest.raises(Conflict, match="no policy is in force"):
            policies.deployment(work)
        with pytest.raises(Conflict, match="the approval is not signed"):
            policies.deploy(work, second)
    database.close()
