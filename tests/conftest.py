"""What every test may ask for: a clock, and a database of its own on one throw-away server."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tael.app import tables
from tael.kernel import Day, FixedClock
from tael.platform import Database
from tael.platform.locks import locked
from tael.platform.postgres import EmbeddedPostgres

_TEMPLATE = "template_tael"
# Nobody misses a test database after a power cut, and waiting for the disk is most of its time.
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}
_numbers = itertools.count(1)


@pytest.fixture
def clock() -> FixedClock:
    """Nine in the morning of 5 January 2026, in China."""
    return FixedClock.on(Day(2026, 1, 5))


@pytest.fixture(scope="session")
def postgres_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the workers of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def postgres_url(postgres_folder: Path) -> Iterator[str]:
    """A throw-away PostgreSQL, shared by all workers; the last one to leave stops it."""
    with EmbeddedPostgres(postgres_folder, options=_FAST) as server:
        yield server.url


@pytest.fixture(scope="session")
def template(postgres_url: str, postgres_folder: Path) -> str:
    """A database with every room's tables, made once."""
    with locked(postgres_folder / "template.lock"):
        if not _exists(postgres_url, _TEMPLATE):
            _administer(postgres_url, "DROP DATABASE IF EXISTS making_template")
            _administer(postgres_url, "CREATE DATABASE making_template")
            engine = sa.create_engine(
                _named(postgres_url, "making_template"), poolclass=sa.NullPool
            )
            with engine.begin() as connection:
                tables.create_all(connection)
            _administer(postgres_url, f"ALTER DATABASE making_template RENAME TO {_TEMPLATE}")
    return _TEMPLATE


@pytest.fixture
def database_url(postgres_url: str, template: str) -> Iterator[str]:
    """The address of a database of this test's own: every room's tables, no row."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{next(_numbers)}"
    _administer(postgres_url, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    yield _named(postgres_url, name)
    _administer(postgres_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url: str, clock: FixedClock) -> Iterator[Database]:
    """The units of work of this test's own database, under the test's ``clock``."""
    opened = Database(database_url, clock)
    yield opened
    opened.close()


def _named(url: str, name: str) -> str:
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _conninfo(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")


def _administer(url: str, statement: str) -> None:
    with psycopg.connect(_conninfo(url), autocommit=True) as connection:
        connection.execute(statement.encode())


def _exists(url: str, name: str) -> bool:
    with psycopg.connect(_conninfo(url), autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, [name]).fetchone() is not None
