"""Each setting is documented, with its environment variable, on one page."""

from __future__ import annotations

import ast

import pytest

PAGE = "docs/reference/settings.md"


def setting_names(source) -> list[str]:
    """The variable of each field of class Settings in ``source``; of a plain field, its name."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef) and node.name == "Settings":
            return [_variable(item) for item in node.body if isinstance(item, ast.AnnAssign)]
    return []


def _variable(field: ast.AnnAssign) -> str:
    words = [part.value for part in ast.walk(field) if isinstance(part, ast.Constant)]
    given = [word for word in words if isinstance(word, str) and word.startswith("TAEL_")]
    return given[0] if given else ast.unparse(field.target)


def undocumented(names: list[str], page: str) -> list[str]:
    return [
        f"setting {name} is not on {PAGE}; add a row with its variable, default and meaning"
        for name in names
        if f"`{name}`" not in page
    ]


def test_a_setting_that_the_page_lacks_is_refused(snippet) -> None:
    names = setting_names(
        snippet("class Settings:\n    port: int = f('TAEL_PORT', 1)\n    zone: str\n")
    )
    assert names == ["TAEL_PORT", "zone"]
    assert "TAEL_PORT" in undocumented(names, "| `zone` |")[0]
    assert not undocumented(names, "| `zone` | `TAEL_PORT` |")


def test_every_setting_is_on_the_page(sources, root) -> None:
    platform = [source for source in sources if source.room == "platform"]
    names = [name for source in platform for name in setting_names(source)]
    if not names:
        pytest.skip("platform has no Settings yet")
    page = root / PAGE
    found = undocumented(names, page.read_text("utf-8") if page.exists() else "")
    assert not found, "\n".join(found)
