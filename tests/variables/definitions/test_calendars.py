"""Columns of a calendar: made, not delivered, and part of what a variable means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tael.variables import Variable, expand, load_definitions
from tael.variables.definitions import calendars
from tael.variables.definitions.calendars import CALENDARS, Calendar

GOOD = (Path(__file__).parent / "cases/rents.yaml").read_text("utf-8")
SEASON = "  season: {calendar: spring_festival, title: {zh: 季节, en: season}}\nleaves: [purpose]"


def seasonal(folder: Path) -> Variable:
    """A variable of rents ahead of the festival."""
    text = (
        GOOD.replace("leaves: [purpose]", SEASON)
        .replace("leaves: [purpose]", "leaves: [purpose, season]")
        .replace("      purpose: [all, shop]", "      purpose: [all, shop]\n      season: [before]")
    )
    start = text.index("  - kind: derived")
    (folder / "rents.yaml").write_text(text[:start], "utf-8")
    made = {each.name: each for each in expand(load_definitions(folder))}
    return made["ent.rents.shop.before.30d.amount.sum"]


def test_a_calendar_is_a_dimension_with_its_own_words(tmp_path: Path) -> None:
    variable = seasonal(tmp_path)

    assert variable.filter == (("purpose", ("shop",)), ("season", ("before",)))
    assert variable.text.zh == "企业近30天租金（店铺、春节前三周）金额合计（元）"
    assert "season" not in variable.columns


def test_other_days_are_another_meaning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = seasonal(tmp_path)
    same = CALENDARS["spring_festival"]
    monkeypatch.setitem(calendars.CALENDARS, "spring_festival", Calendar(same.codes, "10+7+14"))
    after = seasonal(tmp_path)

    assert before.name == after.name
    assert before.meaning != after.meaning
