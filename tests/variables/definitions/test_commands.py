"""`tael variables`: one JSON object each, ids written only when asked, findings end with 6."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tael.cli import app

GOOD = (Path(__file__).parent / "cases/rents.yaml").read_text("utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good definition."""
    (tmp_path / "rents.yaml").write_text(GOOD, "utf-8")
    return tmp_path


def run(*words: object) -> Result:
    """`tael variables` with ``words``."""
    return CliRunner().invoke(app, ["variables", *map(str, words)])


def test_the_catalogue_is_one_object_with_a_row_for_each_variable(folder: Path) -> None:
    rows = json.loads(run("catalogue", folder, "--json").stdout)["variables"]

    assert len(rows) == 13
    assert rows[0]["name"] == "ent.rents.all.30d.amount.sum"


def test_ids_are_written_only_when_asked(folder: Path) -> None:
    first = json.loads(run("expand", folder, "--json").stdout)
    assert first["new"] == first["made"] == 13
    assert not (folder / "ids.csv").exists()

    assert run("expand", folder, "--assign").exit_code == 0
    assert json.loads(run("expand", folder, "--json").stdout)["new"] == 0


def test_the_shipped_ids_are_not_written_by_the_command() -> None:
    assert run("expand", "--assign", "--match", "none").exit_code == 2


def test_findings_are_printed_and_end_with_the_alarm(folder: Path) -> None:
    (folder / "rents.yaml").write_text(GOOD.replace("unit: CNY", "unit: RMB"), "utf-8")
    done = run("check", folder, "--json")
    told = json.loads(done.stdout)

    assert done.exit_code == 6
    assert not told["sound"]
    assert [(each["line"], each["rule"]) for each in told["findings"]] == [(15, "unit_unknown")]
    assert "there is no unit RMB" in run("check", folder).stdout


def test_tables_are_drawn_for_people(folder: Path) -> None:
    assert "13 in all" in run("catalogue", folder).stdout
    assert "7 of 13" in run("expand", folder, "--match", ".shop.").stdout
    assert "No findings: 13 variables of 1 sources." in run("check", folder).stdout
