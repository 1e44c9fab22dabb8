from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tael.console.vendor import VENDOR, FrontendMissing, check_vendor


@pytest.fixture
def built(tmp_path: Path) -> tuple[Path, Path]:
    vendor, lock = tmp_path / "vendor", tmp_path / "package-lock.json"
    vendor.mkdir()
    lock.write_text("{}")
    (vendor / "a.js").write_text("1")
    digest = {name: hashlib.sha256(text).hexdigest() for name, text in (("a", b"1"), ("l", b"{}"))}
    manifest = {"lock": digest["l"], "files": {"a.js": digest["a"]}}
    (vendor / "manifest.json").write_text(json.dumps(manifest))
    return vendor, lock


def test_files_that_match_manifest_and_lock_are_let_through(built: tuple[Path, Path]) -> None:
    assert check_vendor(*built) == ("a.js",)


def test_an_installed_wheel_needs_no_lock(built: tuple[Path, Path]) -> None:
    vendor, lock = built
    lock.unlink()
    assert check_vendor(vendor, lock) == ("a.js",)


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("manifest.json", None, "have not been built"),
        ("a.js", None, "a.js is missing"),
        ("a.js", "2", "not the file that was installed"),
        ("../package-lock.json", "{1}", "has changed since the build"),
    ],
)
def test_what_is_missing_or_changed_is_told_with_the_remedy(
    built: tuple[Path, Path], name: str, text: str | None, complaint: str
) -> None:
    vendor, lock = built
    if text is None:
        (vendor / name).unlink()
    else:
        (vendor / name).write_text(text)
    with pytest.raises(FrontendMissing, match=complaint) as caught:
        check_vendor(vendor, lock)
    assert "uv sync --reinstall-package tael" in caught.value.message


def test_this_checkout_has_its_files() -> None:
    assert "htmx.min.js" in check_vendor(VENDOR)
