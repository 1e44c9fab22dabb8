"""How the loops are compiled: once a machine, then read from the user's cache. Imports numba.

Compiled code is kept under ``NUMBA_CACHE_DIR`` or the user's cache folder, never beside the
installed package; where neither can be written it is compiled in each process. The folder carries
a hash of the sources of all loops: numba itself looks only at the file of the outermost one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

_CONFIG: Any = config  # its names are made when it is imported
_F = TypeVar("_F", bound=Callable[..., object])


def compiled(function: _F) -> _F:
    """Compile without the interpreter's lock and without fast-math: the order of sums is ours."""
    return _made(function, inside=False)


def inlined(function: _F) -> _F:
    """Compile into its callers: a call would count references to every array that it is given."""
    return _made(function, inside=True)


def _made(function: _F, *, inside: bool) -> _F:
    before = _CONFIG.CACHE_DIR
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = cache_folder(before, base)
    _CONFIG.CACHE_DIR = folder
    try:
        made: Any = numba.njit(
            nogil=True, cache=bool(folder), error_model="numpy", forceinline=inside
        )(function)
    finally:
        _CONFIG.CACHE_DIR = before
    return cast("_F", made)


@cache
def cache_folder(given: str, base: str) -> str:
    """Where compiled code may be kept: below ``given``, else ``base``; empty: nowhere."""
    root = Path(given) if given else Path(base) / "tael" / "numba"
    folder = root / f"variables-{_sources()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def _sources() -> str:
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]
