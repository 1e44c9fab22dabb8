from __future__ import annotations

import gettext
import hashlib
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("hatchling", reason="the build back end is not installed")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_hook", ROOT / "frontend/build_hook.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _built(folder: Path, hook: ModuleType) -> tuple[Path, Path]:
    """A vendor folder that is up to date with its lock."""
    vendor, lock = folder / "vendor", folder / "package-lock.json"
    lock.write_text("{}")
    for name in hook.FILES:
        (vendor / name).parent.mkdir(parents=True, exist_ok=True)
        (vendor / name).write_text(name)
    files = {name: hashlib.sha256(name.encode()).hexdigest() for name in hook.FILES}
    manifest = {"lock": hashlib.sha256(b"{}").hexdigest(), "files": files}
    (vendor / "manifest.json").write_text(json.dumps(manifest))
    return vendor, lock


def test_nothing_is_fetched_when_files_and_lock_agree(tmp_path: Path, hook: ModuleType) -> None:
    assert hook.up_to_date(*_built(tmp_path, hook))


@pytest.mark.parametrize("changed", ["lock", "file", "missing", "manifest"])
def test_a_change_anywhere_fetches_again(tmp_path: Path, hook: ModuleType, changed: str) -> None:
    vendor, lock = _built(tmp_path, hook)
    if changed == "lock":
        lock.write_text("{} ")
    elif changed == "file":
        (vendor / "htmx.min.js").write_text("other")
    else:
        (vendor / ("htmx.min.js" if changed == "missing" else "manifest.json")).unlink()
    assert not hook.up_to_date(vendor, lock)


def test_translations_are_compiled_when_they_are_newer(tmp_path: Path, hook: ModuleType) -> None:
    folder = tmp_path / "zh_Hans_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = folder / "messages.po"
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    source.write_text(head + 'msgid "Loan"\nmsgstr "贷款"\n', "utf-8")
    hook.compile_translations(tmp_path)
    with (folder / "messages.mo").open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Loan") == "贷款"
    compiled_at = (folder / "messages.mo").stat().st_mtime_ns
    hook.compile_translations(tmp_path)
    assert (folder / "messages.mo").stat().st_mtime_ns == compiled_at
    os.utime(source, ns=(compiled_at + 10**9, compiled_at + 10**9))
    hook.compile_translations(tmp_path)
    assert (folder / "messages.mo").stat().st_mtime_ns != compiled_at


def test_every_pinned_package_gives_the_files_that_are_copied() -> None:
    pinned = json.loads((ROOT / "frontend/package.json").read_text("utf-8"))["dependencies"]
    manifest = ROOT / "src/tael/console/static/vendor/manifest.json"
    copied = set(json.loads(manifest.read_text("utf-8"))["files"])
    assert all(version[0].isdigit() for version in pinned.values()), "pin exact versions"
    assert {"htmx.min.js", "tabler.min.css", "echarts.min.js", "dmn/viewer.min.js"} <= copied
