"""`tael variables quality|measure`, and alerts beside computed variables."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from tael.cli import app
from tael.variables.coverage import FILE, load_measured
from tael.variables.definitions.load import SHIPPED
from tael.variables.quality import FOLDER

DAY, NAME = "2016-07-01", "ent.bureau_enquiry.all.all.365d.events.n"
ALERT = {
    "source": "bureau_enquiry", "figure": "completeness", "region": "all",
    "first": "2016-06-20", "last": "2016-07-10", "worst": 0.125, "limit": 0.5,
}  # fmt: skip
TOLD = "bureau_enquiry: completeness 12.5%, below 50%, from 2016-06-20 to 2016-07-10"


@pytest.fixture
def folder(economy: Path, tmp_path: Path) -> Path:
    """A copy of the economy: these commands write into it."""
    return Path(shutil.copytree(economy, tmp_path / "economy"))


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Definitions of one source: quick to read."""
    (tmp_path / "few").mkdir()
    shutil.copy(SHIPPED / "bureau_enquiry.yaml", tmp_path / "few")
    return tmp_path / "few"


def run(*words: object) -> Result:
    """`tael variables` with ``words``."""
    return CliRunner().invoke(app, ["variables", *map(str, words)])


def test_quality_is_written_beside_the_events(folder: Path) -> None:
    done = run("quality", folder, "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == (6 if told["standing"] else 0)
    assert told["rows"]["bank_tx"] > 0
    assert {each.name for each in (folder / FOLDER).iterdir()} == {
        "alerts.json", "quality.parquet", "report.html", "report.zh.html",
    }  # fmt: skip
    written = json.loads((folder / FOLDER / "alerts.json").read_text("utf-8"))
    assert len(written["alerts"]) == len(told["alerts"])


def test_sources_that_the_definitions_do_not_know_are_named(folder: Path, few: Path) -> None:
    done = run("quality", folder, "--definitions", few, "--json")
    assert list(json.loads(done.stdout)["rows"]) == ["bureau_enquiry"]
    assert "Left out: bank_tx, which the definitions do not know" in done.stderr


def test_variables_say_that_their_source_is_below_its_limit(folder: Path, few: Path) -> None:
    (folder / FOLDER).mkdir()
    text = json.dumps({"alerts": [ALERT]})
    (folder / FOLDER / "alerts.json").write_text(text, "utf-8")
    firm = pq.read_table(folder / "firms" / "part-00000.parquet")["enterprise_id"][0]
    words = ("--definitions", few, "--match", NAME, "--json")

    one = json.loads(run("compute", folder, firm, "--asof", DAY, *words).stdout)
    assert one["alerts"] == [TOLD]
    assert one["variables"][0]["alerts"] == [TOLD]
    out = folder / "variables.parquet"
    many = run("batch", folder, "--asof", DAY, "--out", out, *words)
    assert json.loads(many.stdout)["alerts"] == [TOLD]
    assert TOLD in many.stderr
    later = json.loads(run("compute", folder, firm, "--asof", "2016-08-01", *words).stdout)
    assert later["alerts"] == later["variables"][0]["alerts"] == []


def test_measured_figures_reach_the_catalogue(folder: Path, few: Path) -> None:
    done = run("measure", folder, "--at", DAY, "--definitions", few, "--out", few / FILE, "--json")
    counts = json.loads(done.stdout)
    assert done.exit_code == 0
    assert sum(counts.values()) == 2 * counts["variables"]
    assert len(load_measured(few)) == counts["variables"]
    rows = json.loads(run("catalogue", few, "--json").stdout)["variables"]
    assert sum(bool(row["published"]) for row in rows) == counts.get("published", 0)
    assert {row["standing"] for row in rows} == counts.keys() - {"variables"}


def test_a_folder_without_events_is_refused(tmp_path: Path) -> None:
    done = run("quality", tmp_path)
    assert done.exit_code != 0
    assert "holds no events" in str(done.stderr) + str(done.exception)
