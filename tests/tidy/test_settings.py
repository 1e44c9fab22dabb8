"""Each setting has an environment variable, and each variable stands on one page."""

from __future__ import annotations

from dataclasses import fields

from tael.platform import Settings

PAGE = "docs/reference/settings.md"


def undocumented(variables: list[str], page: str) -> list[str]:
    return [
        f"{variable} is not on {PAGE}; add a row with its default and its meaning"
        for variable in variables
        if f"`{variable}`" not in page
    ]


def test_a_setting_that_the_page_lacks_is_refused() -> None:
    assert "TAEL_PORT" in undocumented(["TAEL_PORT", "TAEL_HOME"], "| `TAEL_HOME` |")[0]
    assert not undocumented(["TAEL_PORT"], "| `TAEL_PORT` |")


def test_every_setting_is_on_the_page(root) -> None:
    found = undocumented(list(Settings.variables()), (root / PAGE).read_text("utf-8"))
    assert not found, "\n".join(found)


def test_every_setting_has_a_variable() -> None:
    without = {field.name for field in fields(Settings)} - set(Settings.variables().values())
    assert not without, f"{sorted(without)}: name a TAEL_ variable in Settings.variables"
