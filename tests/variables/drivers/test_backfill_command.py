"""`tael variables backfill`: training sets in parts, and refusals that name file, row and rule."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from tael.cli import app

NAME = "ent.payments.shop.90d.amount.sum"
OTHER = "per.payments.all.30d.events.n"
PERIODS = ("--every", "quarter", "--from", "2019-03-01", "--to", "2020-01-01")


def run(folder: Path, few: Path, *words: object) -> Result:
    """`tael variables backfill` in this process."""
    given = ["variables", "backfill", folder, "--definitions", few, "--processes", 1, *words]
    return CliRunner().invoke(app, [str(word) for word in given])


def test_all_borrowers_at_each_quarter_in_parts_that_stay(
    restless: Path, few: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run(restless, few, *PERIODS, "--out", out, "--json")
    told = json.loads(done.stdout)
    again = run(restless, few, *PERIODS, "--out", out)
    table = pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("part-*.parquet"))])

    assert done.exit_code == again.exit_code == 0
    assert (told["rows"], told["parts"], told["parts_computed"]) == (28, 3, 3)
    assert (told["variables"], told["refused"], told["peers_hash"]) == (72, ["F4"], None)
    assert f"28 rows, {told['variables']} variables, 3 parts, 3 of them stood there" in again.stdout
    assert f"identity {told['identity']}" in again.stdout
    assert {str(each)[:10] for each in table["asof"].to_pylist()} == {
        "2019-04-01", "2019-07-01", "2019-10-01", "2020-01-01",
    }  # fmt: skip


def test_applications_name_borrowers_several_times_and_columns_come_in_their_order(
    restless: Path, few: Path, tmp_path: Path
) -> None:
    asof, names, out = tmp_path / "asof.csv", tmp_path / "names.txt", tmp_path / "out"
    asof.write_text("borrower,asof\nF6,2020-02-01\nF2,2019-07-01\nF6,2019-08-01T12:00+08:00\n")
    names.write_text(f"{OTHER}\n\n{NAME}\n")
    done = run(restless, few, "--asof-file", asof, "--columns", names, "--out", out)
    rows = [row for path in sorted(out.glob("part-*.parquet"))
            for row in pq.read_table(path).to_pylist()]  # fmt: skip

    assert done.exit_code == 0, done.output
    assert [(row["borrower"], row["asof"].isoformat()) for row in rows] == [
        ("F2", "2019-07-01T00:00:00+00:00"),
        ("F6", "2019-08-01T04:00:00+00:00"),
        ("F6", "2020-02-01T00:00:00+00:00"),
    ]
    assert [*rows[0]] == [
        "borrower", "asof", OTHER, f"{OTHER}/reason", NAME, f"{NAME}/reason", "row_hash",
    ]  # fmt: skip
    changed = run(restless, few, "--asof-file", asof, "--out", out)
    assert changed.exit_code == 3
    assert "plan: " in changed.stderr
    assert "was begun with other plan and other columns (rule: go on with" in changed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "asof: give one of the two (rule: --asof-file, or --every with --from and --to)"),
        (["--every", "month", "--from", "2019-01-01"], "give one of the two"),
        ([*PERIODS, "--asof-file", "a.csv"], "give one of the two"),
        (["--every", "month", "--from", "soon", "--to", "2019-01-01"], "from: 'soon' is no day"),
        (["--every", "year", "--from", "2019-01-02", "--to", "2019-12-01"],
         "instants: none from 2019-01-02 to 2019-12-01"),
        (["--every", "year", "--from", "1970-01-01", "--to", "2019-12-01"],
         "asof: an as-of instant lies between 1990 and 2038"),
        (["--asof-file", "nowhere.csv"], "asof-file: there is no file nowhere.csv"),
        ([*PERIODS, "--columns", "nowhere.txt"], "columns: there is no file nowhere.txt"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_for_is_refused(
    restless: Path, few: Path, tmp_path: Path, words: list[str], said: str
) -> None:
    done = run(restless, few, *words, "--out", tmp_path / "out")

    assert done.exit_code == 3
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("--asof-file", "borrower,asof\nF1,2019-07-01\nF1,2019-07-01T00:00Z\n",
         "row 3, asof: F1 stands twice as of that instant"),
        ("--asof-file", "borrower,asof\nF1,soon\n", "row 2, asof: 'soon' is no instant"),
        ("--asof-file", "borrower,asof\nF9,2019-07-01\n", "there is no 'F9'"),
        ("--columns", f"{NAME}\n\nent.x\n", "row 3, column: there is no variable 'ent.x'"),
        ("--columns", f"{NAME}\n{NAME}\n", f"row 2, column: {NAME} stands twice"),
        ("--columns", "\n", "names nothing (rule: a name a line)"),
    ],
)  # fmt: skip
def test_faulty_files_are_refused_with_the_row(  # noqa: PLR0917 - a table of cases
    restless: Path, few: Path, tmp_path: Path, option: str, text: str, said: str
) -> None:
    file = tmp_path / "given"
    file.write_text(text, "utf-8")
    rest = () if option == "--asof-file" else PERIODS
    done = run(restless, few, option, file, *rest, "--out", tmp_path / "out")

    assert done.exit_code == 3
    assert said in done.stderr


@pytest.mark.parametrize("firm", ["F4", "F5"])
def test_one_borrower_alone_has_the_row_of_the_training_set(
    restless: Path, few: Path, tmp_path: Path, firm: str
) -> None:
    words = ["variables", "compute", restless, firm, "--asof", "2020-06-01", "--json"]
    given = [str(word) for word in [*words, "--definitions", few]]
    alone = json.loads(CliRunner().invoke(app, given).stdout)
    asof, out = tmp_path / "asof.csv", tmp_path / "out"
    asof.write_text(f"borrower,asof\n{firm},2019-07-01\n{firm},2020-06-01\n")
    done = run(restless, few, "--asof-file", asof, "--out", out)

    assert done.exit_code == 0
    assert alone["row_hash"] == pq.read_table(out / "part-00001.parquet")["row_hash"][1].as_py()
    assert {each["missing"] for each in alone["variables"]} & {"no_source"} == set()
