"""The reference pages list what the code has, no more and no less."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tael.ledger import CHART

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("reference", ROOT / ".ci/reference.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_is_what_the_command_line_says(writer: ModuleType) -> None:
    page = (ROOT / "docs/reference/commands.md").read_text("utf-8")
    assert page == writer.commands_page(), "run make reference"


def test_the_page_of_the_api_lists_its_operations(writer: ModuleType) -> None:
    page = (ROOT / "docs/reference/api.md").read_text("utf-8")
    assert page == writer.api_page(), "run make reference"


def test_the_page_of_sources_is_what_the_schemas_say(writer: ModuleType) -> None:
    page = (ROOT / "docs/reference/sources.md").read_text("utf-8")
    assert page == writer.sources_page(), "run make reference"


def test_the_chart_of_accounts_is_the_page() -> None:
    page = (ROOT / "docs/reference/accounts.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \| (debit|credit) \|", page, re.MULTILINE)
    side = {"Dr": "debit", "Cr": "credit"}
    expected = [(a.code, a.name_zh, a.name_en, side[a.side.value]) for a in CHART.values()]
    assert rows == expected


def test_every_command_in_the_documents_exists(writer: ModuleType) -> None:
    known = re.findall(r"^## `tael ([a-z -]+)", writer.commands_page(), re.MULTILINE)
    names = {name.strip() for name in known}
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    said = re.compile(r"(?:\$ uv run |`)tael (?:--home \S+ )?([a-z]+(?: [a-z]+(?:-[a-z]+)*)?)")
    missing = {
        f"{page.name}: tael {words}"
        for page in pages
        for words in said.findall(page.read_text("utf-8"))
        if not any(f"{name} ".startswith(f"{words} ") for name in names)
        and words.split()[0] not in names
    }
    assert not missing
