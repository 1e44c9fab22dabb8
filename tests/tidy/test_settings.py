"""Each setting is documented, with its environment variable, on one page."""

from __future__ import annotations

import ast

import pytest

PAGE = "docs/reference/settings.md"


def setting_names(source) -> list[str]:
    """The fields of class Settings in ``source``; none when it has no such class."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            fields = (item.target for item in node.body if isinstance(item, ast.AnnAssign))
            return [field.id for field in fields if isinstance(field, ast.Name)]
    return []


def undocumented(names: list[str], page: str) -> list[str]:
    return [
        f"setting {name} is not on {PAGE}; add a row with its variable, default and meaning"
        for name in names
        if f"`{name}`" not in page
    ]


def test_a_setting_that_the_page_lacks_is_refused(snippet) -> None:
    names = setting_names(snippet("class Settings:\n    http_port: int = 1\n    data_dir: str\n"))
    assert names == ["http_port", "data_dir"]
    assert "http_port" in undocumented(names, "| `data_dir` |")[0]
    assert not undocumented(names, "| `data_dir` | `http_port` |")


def test_every_setting_is_on_the_page(sources, root) -> None:
    platform = [source for source in sources if source.room == "platform"]
    names = [name for source in platform for name in setting_names(source)]
    if not names:
        pytest.skip("platform has no Settings yet")
    page = root / PAGE
    found = undocumented(names, page.read_text("utf-8") if page.exists() else "")
    assert not found, "\n".join(found)
