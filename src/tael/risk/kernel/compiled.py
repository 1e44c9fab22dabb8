"""How the loops are compiled: once a machine, then read from the user's cache. Imports numba.

Compiled code is kept under ``NUMBA_CACHE_DIR`` or the user's cache folder, never beside the
installed package; where neither can be written it is compiled in each process. The folder carries
a hash of the source of the loop and of all it imports from here, constants too: numba itself looks
only at the file of the loop.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core import config

_CONFIG: Any = config  # its names are made when it is imported
_ROOT = Path(__file__).parent.parent
_IMPORTS = re.compile(r"^from tael\.risk\.([a-z_.]+) import", re.MULTILINE)
_F = TypeVar("_F", bound=Callable[..., object])


def compiled(function: _F) -> _F:
    """Compile without the interpreter's lock and without fast-math: the order of sums is ours.

    A division by zero gives an infinity or NaN, as numpy's does, and never an error. No loop is
    split among threads by numba: callers hand ranges to threads, and write where nobody else does.
    """
    before = _CONFIG.CACHE_DIR
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = cache_folder(before, base, function.__module__)
    _CONFIG.CACHE_DIR = folder
    try:
        njit: Any = numba.njit
        made = njit(nogil=True, cache=bool(folder), error_model="numpy")(function)
    finally:
        _CONFIG.CACHE_DIR = before
    return cast("_F", made)


@cache
def cache_folder(given: str, base: str, module: str) -> str:
    """Where code of a module may be kept: below ``given``, else ``base``; empty: nowhere."""
    root = Path(given) if given else Path(base) / "tael" / "numba"
    folder = root / f"risk-{_key(module)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


def _key(module: str) -> str:
    """A hash of the sources of a module and of those that it imports, and so on."""
    names, waiting = set[str](), {module.removeprefix("tael.risk.")}
    while waiting:
        names |= waiting
        waiting = {found for name in waiting for found in _IMPORTS.findall(_source(name))} - names
    return hashlib.sha256("".join(map(_source, sorted(names))).encode()).hexdigest()[:12]


@cache
def _source(name: str) -> str:
    file = _ROOT.joinpath(*name.split(".")).with_suffix(".py")
    return file.read_text("utf-8") if file.is_file() else ""
