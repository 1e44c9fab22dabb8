"""Which processes live in a folder: a test of life that no zombie and no reused pid can fool."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def is_running_in(pid: int, folder: Path) -> bool:
    """Whether process ``pid`` lives and works in ``folder`` (as PostgreSQL's do)."""
    if not _PROC.joinpath("self").exists():  # no /proc: the bare pid has to do
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        return (_PROC / str(pid) / "cwd").readlink() == folder.resolve()
    except OSError:  # gone, a zombie (it has no folder), or somebody else's
        return False


def running_in(folder: Path) -> list[int]:
    """The processes whose working folder is ``folder``; empty where there is no /proc."""
    if not _PROC.is_dir():
        return []
    pids = [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if is_running_in(pid, folder)]
