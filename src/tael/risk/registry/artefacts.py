"""Files of the registry: written whole or not at all, named by what is in them."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tael.kernel import BadInput

DRAFT = ".draft-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_SHORT = 16


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def source_hash(folder: Path) -> str:
    """SHA-256 over the Python files of a package: their paths inside it, and their bytes.

    Raises:
        BadInput: the folder holds no Python file.
    """
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.py"))
    if not found:
        raise BadInput(f"{folder} holds no source", field="folder", rule="a package of Python")
    total = hashlib.sha256()
    for name in found:
        total.update(f"{name}\0{digest((folder / name).read_bytes())}\n".encode())
    return total.hexdigest()


def place_of(model: str, name: str, content: str) -> str:
    """Where a file stands inside the registry, given the digest of its bytes.

    Raises:
        BadInput: a name that is no plain file name.
    """
    if not _NAME.fullmatch(name):
        raise BadInput(f"{name!r} is no plain file name", field="files", rule=_NAME.pattern)
    return f"models/{model}/{content[:_SHORT]}-{name}"


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that a reader, or a crash, sees all of it or none.

    A draft in the same folder is written and synchronised, then renamed; the folder is synchronised
    last, so that the name is as durable as the bytes.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{DRAFT}{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
    sync_folder(path.parent.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the drafts that killed writers left; only while nobody else writes."""
    for draft in folder.rglob(f"{DRAFT}*"):
        draft.unlink(missing_ok=True)


@contextmanager
def held(path: Path, *, shared: bool) -> Iterator[None]:
    """Hold the lock file ``path``: readers together, a writer alone. A process's end lets it go."""
    kind = os.O_RDONLY if shared else os.O_RDWR | os.O_CREAT
    descriptor = os.open(path, kind | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
