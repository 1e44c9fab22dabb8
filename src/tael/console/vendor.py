"""The third-party files the browser loads: are they here, and are they the pinned ones?"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tael.kernel import TaelError

VENDOR = Path(__file__).parent / "static" / "vendor"
# A checkout has the lock beside the source; an installed wheel carries only the manifest.
LOCK = Path(__file__).parents[3] / "frontend" / "package-lock.json"
REMEDY = "run `uv sync --reinstall-package tael` in the checkout, or install the wheel again"


class FrontendMissing(TaelError):  # noqa: N818 - the name says what happened
    """The console's third-party files are not there, or are not the pinned ones."""

    code = "frontend_missing"


def check_vendor(vendor: Path = VENDOR, lock: Path = LOCK) -> tuple[str, ...]:
    """Make sure that the files are those of the manifest, and the manifest is of the lock.

    Reads about 2 MB: call it once, when the console starts.

    Returns:
        The names of the files, relative to ``vendor``.

    Raises:
        FrontendMissing: a file is absent or changed, or the lock has moved on; says how to rebuild.
    """
    manifest = vendor / "manifest.json"
    if not manifest.is_file():
        raise FrontendMissing(f"the console's third-party files have not been built; {REMEDY}")
    known = json.loads(manifest.read_text("utf-8"))
    for name, digest in known["files"].items():
        if not (vendor / name).is_file():
            raise FrontendMissing(f"{name} is missing from the console's files; {REMEDY}")
        if _sha256(vendor / name) != digest:
            raise FrontendMissing(f"{name} is not the file that was installed; {REMEDY}")
    if lock.is_file() and _sha256(lock) != known["lock"]:
        raise FrontendMissing(f"frontend/package-lock.json has changed since the build; {REMEDY}")
    return tuple(sorted(known["files"]))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
