"""``tael dmn check``: findings as a table or as one object, in two languages, with an exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[..., Any]
ROOT = Path(__file__).parents[2]
FAULTY = ROOT / "tests/dmn/types/cases/faulty.dmn"
POLICY = ROOT / "src/tael/policies/data/first_policy.dmn"


def test_a_sound_model_ends_with_zero_and_tells_its_types(run: Run) -> None:
    said = run("dmn", "check", str(POLICY), "--json")

    assert said.code == 0
    assert said.json["sound"]
    assert said.json["decisions"]["instalment_burden"] == "number"
    assert said.json["findings"] == []


def test_a_faulty_model_ends_with_six_and_tells_where(run: Run) -> None:
    said = run("dmn", "check", str(FAULTY), "--json")
    first = next(each for each in said.json["findings"] if each["kind"] == "missing_requirement")

    assert said.code == 6
    assert (first["node"], first["line"], first["column"]) == ("Missing arrow", 27, 30)
    assert set(first["text"]) == {"zh", "en"}
    assert said.json["counts"]["error"] > 20


def test_the_table_is_in_the_language_asked_for(run: Run) -> None:
    assert "draw a requirement from 'Rate'" in run("dmn", "check", str(FAULTY)).out
    assert "请画一条从“Rate”" in run("dmn", "check", str(FAULTY), "--lang", "zh").out
    assert "No findings." in run("dmn", "check", str(POLICY)).out


def test_warnings_alone_end_with_zero(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "clock.dmn"
    file.write_text(
        '<definitions xmlns="https://www.omg.org/spec/DMN/20230324/MODEL/" name="m" '
        'namespace="m"><decision id="d" name="d"><variable name="d"/><literalExpression><text>'
        "now()</text></literalExpression></decision></definitions>",
        encoding="utf-8",
    )
    said = run("dmn", "check", str(file), "--json")

    assert said.code == 0
    assert said.json["counts"] == {"error": 0, "warning": 1, "note": 0}
