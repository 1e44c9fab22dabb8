"""`tael variables compute|batch|oracle`: figures with units, one identity, clear refusals."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from tael.cli import app
from tael.variables import compile_plan, load_definitions
from tael.variables.definitions.load import SHIPPED
from tael.variables.packing.peer_file import write_peers
from tael.variables.plan.peers import PeerTable

NAME = "ent.bureau_enquiry.all.all.365d.events.n"
DAY = "2016-07-01"


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Definitions of one source: quick to read."""
    folder = tmp_path_factory.mktemp("few")
    shutil.copy(SHIPPED / "bureau_enquiry.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def firm(economy: Path) -> str:
    (name, *_) = pq.read_table(economy / "firms" / "part-00000.parquet")["enterprise_id"]
    return str(name)


@pytest.fixture(scope="module")
def placed(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same source with a percentile of person and firm."""
    folder = tmp_path_factory.mktemp("placed")
    place = f"{{operation: percentile, title: {{zh: 位, en: place}}, of: {NAME}}}"
    derived = f"  - {{kind: derived, windows: [365d], variables: {{place: {place}}}}}\n"
    text = (few / "bureau_enquiry.yaml").read_text("utf-8")
    (folder / "bureau_enquiry.yaml").write_text(text + derived, "utf-8")
    return folder


def run(*words: object) -> Result:
    """`tael variables` with ``words``."""
    return CliRunner().invoke(app, ["variables", *map(str, words)])


def test_a_borrower_has_values_with_units_and_kinds_of_missing(
    economy: Path, few: Path, firm: str
) -> None:
    done = run("compute", economy, firm, "--asof", DAY, "--definitions", few, "--json")
    told = json.loads(done.stdout)
    variables = {each["name"]: each for each in told["variables"]}

    assert done.exit_code == 0
    assert told["asof_s"] == 1_467_331_200
    assert len(variables) == 962
    assert variables[NAME]["unit"] == "count"
    assert variables[NAME]["value"] >= 0
    assert {each["missing"] for each in variables.values()} >= {None, "no_event"}
    assert all((each["value"] is None) == bool(each["missing"]) for each in variables.values())
    assert (told["faults"], told["refused"], told["missing_sources"]) == ([], [], [])


def test_people_see_a_table(economy: Path, few: Path, firm: str) -> None:
    asof = ("--asof", "2016-07-01T12:00+08:00", "--definitions", few)
    done = run("compute", economy, firm, *asof, "--match", "365d.events.n")

    assert NAME in done.stdout
    assert "of 962 variables, row hash" in done.stdout


def test_the_oracle_stands_beside(economy: Path, few: Path, firm: str) -> None:
    words = (economy, firm, "--asof", DAY, "--definitions", few, "--match", "per.")
    told = json.loads(run("oracle", *words, "--json").stdout)

    assert told["equal"]
    assert told["compared"] == len(told["variables"]) == 830
    assert "Equal in every bit: 830 variables" in run("oracle", *words).stdout


def test_a_batch_is_one_file_with_one_identity(economy: Path, few: Path, tmp_path: Path) -> None:
    out, again = tmp_path / "all.parquet", tmp_path / "again.parquet"
    words = (economy, "--asof", DAY, "--definitions", few, "--json", "--out")
    one, other = (json.loads(run("batch", *words, path).stdout) for path in (out, again))
    table = pq.read_table(out)
    names = json.loads(table.schema.metadata[b"tael.names"])
    values = np.array(table["values"].to_pylist())

    assert one["identity"] == other["identity"]
    assert (one["borrowers"], one["variables"]) == values.shape == (5, 962)
    assert values[:, names.index(NAME)].min() >= 0
    assert table["reasons"].type.list_size == 962


def test_chosen_variables_are_columns_and_borrowers_have_instants(
    economy: Path, few: Path, firm: str, tmp_path: Path
) -> None:
    asof, out = tmp_path / "asof.csv", tmp_path / "out.parquet"
    asof.write_text(f"asof,borrower\n2016-07-01,{firm}\n", "utf-8")
    words = ("--asof-file", asof, "--definitions", few, "--out", out)
    done = run("batch", economy, *words, "--column", NAME, "--match", "per.bureau_enquiry.self.30d")
    (row,) = pq.read_table(out).to_pylist()

    assert "1 borrowers, 5 variables" in done.stdout
    assert row["borrower"] == firm
    assert row["asof"].isoformat() == "2016-07-01T00:00:00+00:00"
    assert list(row)[2:4] == [NAME, f"{NAME}/reason"]
    assert row[f"{NAME}/reason"] == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--asof", "1980-07-01"], "asof: 1980-07-01 lies outside (rule: an as-of instant lies"),
        (["--asof", "2039-01-01"], "asof: 2039-01-01 lies outside"),
        (["--asof", "2016-07-01T10:00"], "has no time zone (rule: a day like 2016-07-01"),
        (["--asof", "soon"], "'soon' is no instant"),
        (["--asof", DAY, "--column", "ent.x"], "column: there is no variable 'ent.x'"),
        (["--asof", DAY, "--match", "zzz"], "match: no name holds 'zzz'"),
        ([], "give one of the two (rule: --asof for all, or --asof-file for each)"),
        (["--asof-file", "nowhere.csv"], "there is no file nowhere.csv"),
        (["--asof-file", "/"], "asof-file: /: [Errno 21] Is a directory"),
    ],
)
def test_what_cannot_be_computed_is_refused(
    economy: Path, few: Path, words: list[str], said: str, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    done = run("batch", economy, "--definitions", few, "--out", out, *words)

    assert done.exit_code == 3
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,asof\n", "row 1, asof-file: "),
        ("borrower,asof\nE1\n", "row 2, asof-file: 'E1' is no borrower and instant"),
        ("borrower,asof\nE1,2016-07-01\nE1,2017-07-01\n", "row 3, borrower: E1 stands twice"),
        ("borrower,asof\nE1,07/01/2016\n", "row 2, asof: '07/01/2016' is no instant"),
        ("borrower,asof\n", "names nobody"),
        ("borrower,asof\nE9,2016-07-01\n", "there is no 'E9'"),
        ('borrower,asof\n"E9\nF3",soon\n', "row 3, asof: 'soon' is no instant"),
        ('borrower,asof\n"E9\nF3",2016-07-01\n', "there is no 'E9\\nF3'"),
        ("", "has no header"),
    ],
)
def test_a_faulty_file_of_instants_is_refused_with_its_line(
    economy: Path, few: Path, text: str, said: str, tmp_path: Path
) -> None:
    asof = tmp_path / "asof.csv"
    asof.write_text(text, "utf-8")
    words = ("--definitions", few, "--out", tmp_path / "out.parquet", "--asof-file", asof)
    done = run("batch", economy, *words)

    assert done.exit_code == 3
    assert said in done.stderr


def test_a_borrower_or_folder_that_is_not_there_is_refused(economy: Path, few: Path) -> None:
    asof = ("--asof", DAY, "--definitions", few)

    assert "there is no 'E9'" in run("compute", economy, "E9", *asof).stderr
    assert "has no folder events" in run("compute", few, "E9", *asof).stderr
    assert "has no folder events" in run("oracle", few, "E9", *asof).stderr


def test_rows_that_break_a_rule_are_told(economy: Path, few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    part = folder / "events" / "bureau_enquiry" / "part-00000.parquet"
    table = pq.read_table(part)
    place = table.column_names.index("lender")
    spoilt = ["shark", *table["lender"].to_pylist()[1:]]
    pq.write_table(table.set_column(place, "lender", [spoilt]), part)
    words = ("--asof", DAY, "--definitions", few, "--out", tmp_path / "out.parquet")
    done = run("batch", folder, *words, "--json")
    (ent, per) = sorted(json.loads(done.stdout)["faults"], key=lambda each: str(each["slot"]))

    assert (ent["slot"], per["slot"]) == ("ent.bureau_enquiry", "per.bureau_enquiry")
    assert (ent["rule"], ent["field"], ent["count"]) == ("code_outside_list", "lender", 1)
    assert ent["examples"] == [{"row": 1, "value": "shark"}]
    assert json.loads(done.stdout)["events"]["ent.bureau_enquiry"]["code_outside_list"] == 1
    assert (
        "1 row set aside, lender: the definition does not list this code (code_outside_list), "
        "such as row 1: 'shark'" in done.stderr
    )


def test_a_fault_of_one_borrower_is_told_with_its_row_in_the_part(
    economy: Path, few: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    part = folder / "events" / "bureau_enquiry" / "part-00000.parquet"
    table = pq.read_table(part)
    subjects = table["subject_id"].to_pylist()
    firms = pq.read_table(folder / "firms" / "part-00000.parquet")["enterprise_id"].to_pylist()
    whom = max(firms, key=subjects.count)
    first, second = [at for at, name in enumerate(subjects) if name == whom][-2:]
    place = table.column_names.index("lender")
    lenders = table["lender"].to_pylist()
    lenders[first] = "shark"
    spoilt = table.set_column(place, "lender", pa.array(lenders, pa.string_view()))
    pq.write_table(pa.concat_tables([spoilt, spoilt.slice(second, 1)]), part)
    done = run("compute", folder, whom, "--asof", "2038-01-01", "--definitions", few, "--json")
    (fault,) = json.loads(done.stdout)["faults"]

    assert first > 0
    assert fault["examples"] == [{"row": first + 1, "value": "shark"}]
    assert "ent.bureau_enquiry: 1 row came again, alike in everything" in done.stderr


def test_percentiles_have_values_once_peers_stand_in_the_folder(
    economy: Path, placed: Path, tmp_path: Path, firm: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    words = (folder, firm, "--asof", DAY, "--definitions", placed, "--match", ".place.", "--json")
    before = json.loads(run("compute", *words).stdout)
    table = all_firms(compile_plan(load_definitions(placed)).placed)
    write_peers(folder, table)
    after = json.loads(run("compute", *words).stdout)

    assert (before["peers_hash"], before["variables"][0]["missing"]) == (None, "undefined")
    assert after["peers_hash"] == table.hash
    assert [each["missing"] for each in after["variables"]] == [None, None]
    assert json.loads(run("oracle", *words).stdout)["equal"]


def all_firms(placed: tuple[str, ...]) -> PeerTable:
    """Cuts 0 to 98 of all firms, known from 2010 on."""
    cuts = np.tile(np.arange(99.0), (1, 1, len(placed), 1))
    return PeerTable(np.array([0]), np.array([1_262_304_000]), cuts, placed)


def test_too_few_firms_are_no_peers(economy: Path, placed: Path) -> None:
    done = run("peers", economy, "--asof", DAY, "--definitions", placed)

    assert done.exit_code == 3
    assert "too few firms were active at any of them (rule: 20 firms" in done.stderr
    assert not (economy / "peers.parquet").exists()


def test_a_file_of_peers_that_is_none_is_refused(
    economy: Path, placed: Path, tmp_path: Path, firm: str
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(economy, folder)
    (folder / "peers.parquet").write_bytes(b"PAR1")
    done = run("compute", folder, firm, "--asof", DAY, "--definitions", placed)

    assert done.exit_code == 3
    assert "peers.parquet" in done.stderr
