"""What every test may ask for: a clock, and a database of its own on one throw-away server."""

from __future__ import annotations

import functools
import gc
import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
import structlog
from hypothesis import settings
from typer import testing

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
# A traceback drawn with all its variables takes a minute where a company is among them.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
# The usual run tries the same examples each time; `--hypothesis-profile=hunt` looks for new ones.
settings.register_profile("usual", max_examples=20, derandomize=True, deadline=None)
settings.register_profile("hunt", max_examples=200, deadline=None, print_blob=True)
settings.load_profile("usual")
# Tests start a hundred processes of their own: each would compile the project anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# The command line stays the same while it is tested: laid out once, not for every call.
testing._get_command = functools.cache(testing._get_command)
# A database is a thousand files. ext4 takes 0.3 s to make them where as many were deleted just
# before, which is what tests do all the time; memory takes 0.02 s.
_MEMORY = Path("/dev/shm")  # noqa: S108  # a folder of our own inside it, named by process
_ROOM_BYTES = 3 * 2**30


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep temporary files in memory where there is room, unless ``--basetemp`` names a place."""
    if config.option.basetemp is None and _has_room(_MEMORY):
        config.option.basetemp = str(_MEMORY / f"tael-tests-{os.getpid()}")


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays to the end: every module and every test."""
    gc.freeze()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give the memory back: what a test wrote is kept with ``--basetemp`` only."""
    if config.option.basetemp == str(_MEMORY / f"tael-tests-{os.getpid()}"):
        shutil.rmtree(config.option.basetemp, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    """Whether tests may write there; those of a run that was killed are swept out first."""
    if not (sys.platform == "linux" and os.access(folder, os.W_OK)):
        return False
    for left in folder.glob("tael-tests-*"):
        if not Path("/proc", left.name.rpartition("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    return shutil.disk_usage(folder).free >= _ROOM_BYTES


@pytest.fixture
def clock() -> FixedClock:
    """Nine in the morning of 5 January 2026, in China."""
    return FixedClock.on(Day(2026, 1, 5))


@pytest.fixture(scope="session")
def environment() -> Callable[..., Path]:
    """Makes environments of their own, kept between runs; see ``_environment``."""
    return _environment


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


def _environment(packages: Sequence[str], same: Sequence[str]) -> Path:
    """The Python of an environment with ``packages``; made when it is not there.

    Of ``same`` it has the versions of this one, unless one says its own: another compiler would
    compile the loops anew.
    """
    held = [each if "<" in each else f"{each}=={version(each)}" for each in same]
    wanted = [*packages, *sorted(held, key=lambda each: "==" in each)]
    name = hashlib.sha256(" ".join([sys.version, *wanted]).encode()).hexdigest()[:12]
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = base / "tael" / "environments" / name
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        uv = shutil.which("uv")
        assert uv, "uv is not on the path: it makes environments, and runs the tests themselves"
        shutil.rmtree(folder, ignore_errors=True)
        for args in (
            ["venv", "--quiet", "--python", sys.executable, str(folder)],
            ["pip", "install", "--quiet", "--python", str(python), *wanted],
        ):
            subprocess.run([uv, *args], check=True)  # noqa: S603 - versions pinned by the test
        (folder / "whole").touch()
    return python


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
