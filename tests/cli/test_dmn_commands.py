"""``tael dmn run``, ``explain``, ``verify`` and ``convert``: results, refusals, files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Run = Callable[..., Any]
MODELS = Path(__file__).parents[1] / "dmn" / "models"
CREDIT, REASONS = str(MODELS / "credit.dmn"), str(MODELS / "reasons.dmn")
GOOD = '{"score": 640, "kind": "company", "years in business": 5, "days overdue": 0}'
CASE = ("years=0.5", "debt ratio=2.5", "kind of firm=shop", "late payments=4")
GIVEN = tuple(word for pair in CASE for word in ("-i", pair))


def test_run_gives_outputs_trace_and_warnings(run: Run) -> None:
    said = run("dmn", "run", CREDIT, "-i", "score=640", "--decision", "tier", "--json")
    assert said.code == 0
    assert said.json["outputs"] == {"tier": "2"}
    assert said.json["trace"][0]["fired"][0]["number"] == 2


def test_run_reads_one_case_from_a_file_and_options_win(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(GOOD, "utf-8")
    words = ("dmn", "run", CREDIT, "--inputs", str(tmp_path / "one.json"), "--json")
    assert run(*words).json["outputs"]["tier"] == "2"
    assert run(*words, "-i", "score=710").json["outputs"]["tier"] == "1"


CSV = "score,kind,years in business,days overdue\n640,company,5,0\n710,company,5,0\n,company,1,60\n"


@pytest.mark.parametrize("kind", ["csv", "parquet", "json"])
def test_run_over_a_file_gives_a_row_a_row(run: Run, tmp_path: Path, kind: str) -> None:
    file = tmp_path / f"many.{kind}"
    if kind == "csv":
        file.write_text(CSV, "utf-8")
    elif kind == "json":
        file.write_text('[{"score": 640}, {"score": 710}, {"score": null}]', "utf-8")
    else:
        pq.write_table(pa.table({"score": [640, 710, None]}), file)

    said = run("dmn", "run", CREDIT, "--inputs", str(file), "--decision", "tier", "--json").json

    assert said["rows"] == 3
    assert [row["tier"] for row in said["outputs"]] == ["2", "1", None]


def test_run_writes_the_results_of_many_rows(run: Run, tmp_path: Path) -> None:
    (tmp_path / "many.csv").write_text(CSV, "utf-8")
    out = tmp_path / "out.parquet"
    words = ("dmn", "run", CREDIT, "--inputs", str(tmp_path / "many.csv"), "--out", str(out))
    said = run(*words)
    assert said.code == 0
    assert pq.read_table(out).column_names == ["knock-outs", "tier", "offer"]
    refused = run(*words[:-1], str(tmp_path / "out.csv"))
    assert (refused.code, ".parquet for lists" in refused.err) == (3, True)


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("run", "nowhere.dmn"), "nowhere.dmn: cannot be read"),
        (("run", CREDIT, "-i", "skore=1"), "no input skore; it has score"),
        (("run", CREDIT, "-i", "score"), "NAME=VALUE"),
        (("run", CREDIT, "--inputs", "none.json"), "there is no file none.json"),
        (("run", CREDIT, "--inputs", "none.csv"), "there is no file none.csv"),
        (("run", CREDIT, "--inputs", CREDIT), "is not JSON"),
        (("run", CREDIT, "--decision", "tiers"), "there are knock-outs, tier, offer"),
        (("run", CREDIT, "--out", "x.csv"), "--inputs with many rows"),
        (("explain", CREDIT, "--decision", "tiers"), "there are knock-outs, tier, offer"),
        (("convert", CREDIT, "x.ods"), ".csv or .xlsx"),
        (("convert", "x.csv", "y.csv"), "one of the two is a .dmn"),
        (("convert", "x.csv", "y.dmn"), "--into names the model"),
        (("convert", CREDIT, "x.csv", "--table", "no"), "there is no table 'no'"),
        (("verify", "nowhere.dmn"), "cannot be read"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_remedy(
    run: Run, words: tuple[str, ...], remedy: str
) -> None:
    said = run("dmn", *words)
    assert said.code == 3
    assert remedy in said.err
    assert said.err.count("\n") == 1


def test_explain_draws_the_trace_as_a_tree_and_the_reasons(run: Run) -> None:
    said = run("dmn", "explain", REASONS, *GIVEN)
    assert said.code == 0
    assert 'outcome = "decline"' in said.out
    assert "│   ├── rule 2 fired: K02" in said.out
    assert "A short time in business" in said.out


def test_explain_gives_reasons_in_both_languages(run: Run) -> None:
    words = ("dmn", "explain", REASONS, *GIVEN, "--decision", "outcome", "--json")
    english, chinese = run(*words).json, run(*words, "--lang", "zh").json
    assert english["reasons"][0]["code"] == chinese["reasons"][0]["code"] == "K02"
    assert english["reasons"][0]["text"] == "Too much debt"
    assert chinese["reasons"][0]["text"] == "负债过高"
    assert english["outputs"] == {"outcome": "decline"}


@pytest.mark.parametrize(("lang", "words"), [("en", "Main reasons"), ("zh", "主要原因")])
def test_explain_writes_a_page(run: Run, tmp_path: Path, lang: str, words: str) -> None:
    page = tmp_path / "why.html"
    said = run("dmn", "explain", REASONS, *GIVEN, "--html", str(page), "--lang", lang)
    assert said.code == 0
    assert words in page.read_text("utf-8")


def test_verify_says_what_is_found_and_what_is_proven(run: Run) -> None:
    said = run("dmn", "verify", REASONS, "--json").json
    assert {finding["kind"] for finding in said["findings"]} >= {"gap", "unreachable"}
    assert any("proven: no conflicts" in line for line in said["proven"])
    assert "rule 3 never takes effect" in run("dmn", "verify", REASONS).out


def test_tables_go_to_a_workbook_and_back_without_loss(run: Run, tmp_path: Path) -> None:
    book, back = tmp_path / "t.xlsx", tmp_path / "back.dmn"
    assert run("dmn", "convert", REASONS, str(book)).code == 0
    said = run("dmn", "convert", str(book), str(back), "--into", REASONS, "--json")
    assert len(said.json["tables"]) == 5
    hashes = [run("dmn", "check", str(file), "--json").json["hash"] for file in (REASONS, back)]
    assert hashes[0] == hashes[1]


def test_a_broken_table_is_named_and_the_model_stays(run: Run, tmp_path: Path) -> None:
    sheet, model = tmp_path / "tier.csv", tmp_path / "credit.dmn"
    model.write_bytes(Path(CREDIT).read_bytes())
    run("dmn", "convert", CREDIT, str(sheet), "--table", "tier")
    text = sheet.read_text("utf-8-sig")
    row = text[: text.index("[600..700)")].count("\n") + 1
    sheet.write_text(text.replace("[600..700)", "[600..+"), "utf-8")

    said = run("dmn", "convert", str(sheet), str(model), "--into", str(model))

    assert said.code == 3
    assert f"row {row}, column C, rule 2: " in said.err
    assert model.read_bytes() == Path(CREDIT).read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["credit.dmn", "tier.csv"]
