"""File locks between processes: gone with the process that holds them, kill -9 included."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tael.kernel import OutsideFailure

_POLL_S = 0.02


class FileLock:
    """An advisory ``flock`` on ``path``; shared by many or exclusive to one open file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        return self._descriptor is not None

    def try_acquire(self, *, shared: bool = False) -> bool:
        """Take the lock (or change between shared and exclusive) without waiting."""
        descriptor = self._descriptor
        if descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            # A refused conversion has dropped the lock we had: the file is closed either way.
            os.close(descriptor)
            self._descriptor = None
            return False
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


@contextmanager
def locked(path: Path, *, timeout_s: float = 60) -> Iterator[None]:
    """Hold ``path`` alone for the block.

    Raises:
        OutsideFailure: somebody else held it for ``timeout_s`` seconds.
    """
    lock = FileLock(path)
    deadline = time.monotonic() + timeout_s
    while not lock.try_acquire():
        if time.monotonic() > deadline:
            raise OutsideFailure(
                f"{path} stayed locked for {timeout_s:g} s by another process", code="locked"
            )
        time.sleep(_POLL_S)
    try:
        yield
    finally:
        lock.release()
