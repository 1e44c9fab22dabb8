"""Decision tables in CSV and XLSX: nothing is lost, and what is wrong is named by its cell."""

from __future__ import annotations

import sys
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest

from tael.dmn import DmnError
from tael.dmn.authoring import InputColumn, OutputColumn, Rule, Table, read_tables, save_tables

TIER = Table(
    inputs=(
        InputColumn("score", "number", allowed="[300..850]", label="Score", id="i1"),
        InputColumn("kind of business", "string"),
    ),
    outputs=(
        OutputColumn("tier", "number", allowed="1, 2, 3", default="3"),
        OutputColumn("says", "string"),
    ),
    rules=(
        Rule((">= 700", "-"), ("1", '"good, ""really"""'), ("a good score",), id="r1"),
        Rule(("= 500", '"shop", "farm"'), ("2", '"中等"'), ("two\nlines",), description="middle"),
        Rule(("-", ""), ("null", "if score < 0 then null else 1"), ("",), more={"label": "rest"}),
    ),
    hit_policy="FIRST",
    annotations=("why",),
    id="t1",
    more={"outputLabel": "Tier"},
)
KINDS = ["tables.csv", "tables.xlsx"]


@pytest.mark.parametrize("name", KINDS)
def test_a_table_comes_back_as_it_went(tmp_path: Path, name: str) -> None:
    save_tables(tmp_path / name, {"tier": TIER})
    assert read_tables(tmp_path / name) == {"tier": TIER}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("text", ["=1+1", "_x000D_", "a\r\nb", " spaces ", "😀", "'x", "﻿x", "1.10"])
def test_texts_that_spreadsheets_would_change_come_back(
    tmp_path: Path, name: str, text: str
) -> None:
    table = Table((InputColumn(text),), (OutputColumn(),), (Rule((text,), (text,)),))
    save_tables(tmp_path / name, {"t": table})
    assert read_tables(tmp_path / name)["t"] == table


def test_a_workbook_holds_a_sheet_a_table_with_titles_it_can_bear(tmp_path: Path) -> None:
    names = ["a" * 40, "a" * 41, "what [is] this?", "", "'"]
    save_tables(tmp_path / "t.xlsx", dict.fromkeys(names, TIER))

    titles = openpyxl.load_workbook(tmp_path / "t.xlsx").sheetnames
    assert len(set(titles)) == len(names)
    assert max(map(len, titles)) <= 31
    assert set(read_tables(tmp_path / "t.xlsx")) == {*names[:3], "table", "'"}


def test_values_typed_by_hand_are_read_as_feel_writes_them(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    rows: list[list[object]] = [
        ["column", "", "input", "output"],
        ["expression", None, "x", None],
        [1, None, 0.1, True],
        [2, None, 7, date(2026, 1, 31)],
        [3, None, 7.0, datetime(2026, 1, 31, 8, 30)],  # noqa: DTZ001 - sheets know no zone
        [4, None, None, time(8, 30)],
    ]
    for row in rows:
        book.active.append(row)
    book.save(tmp_path / "t.xlsx")

    rules = read_tables(tmp_path / "t.xlsx")["Sheet"].rules
    assert [(rule.conditions[0], rule.conclusions[0]) for rule in rules] == [
        ("0.1", "true"),
        ("7", 'date("2026-01-31")'),
        ("7", 'date and time("2026-01-31T08:30:00")'),
        ("", 'time("08:30:00")'),
    ]


GOOD = "hit policy,U\ncolumn,,input,output\nexpression,,x,y\n1,,1,2\n"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (("hit policy,U", "hit policy,BEST"), "row 1, column B: a hit policy is one of UNIQUE"),
        (("hit policy,U", "aggregation,AVG"), "row 1, column B: an aggregation is one of SUM"),
        (("hit policy,U", "colour,red"), "row 1, column A: 'colour' is none of"),
        (("hit policy,U", "more,{"), "row 1, column B: not JSON"),
        (("hit policy,U", "more,[]"), "row 1, column B: not a JSON object"),
        (("hit policy,U", "id,a\nid,b"), "row 2, column A: a second line 'id'"),
        ((",input,", ",inputs,"), "row 2, column C: a column is one of input"),
        ((",output", ",input"), "row 2: a table has at least one output"),
        (("expression,,x,y", "type,,number,"), "row 2: no line 'expression'"),
        (("expression,,x,y", "expression,,,y"), "row 3, column C: an input column has no expr"),
        (("expression,,x,y", "expression,,x,y\ndefault,,1,2"), "row 4, column C: an input column"),
        (("1,,1,2", "1,,1,"), "row 4, column D, rule 1: a conclusion is empty"),
        (("1,,1,2", "1,,1,2\n2,,1,2,3"), "row 5, column E, rule 2: a cell under no column"),
        (("1,,1,2", "total,,1,2"), "row 4, column A: 'total' begins no line"),
        (("1,,1,2", '1,,"1,2'), "row 4: unexpected end of data"),
        ((GOOD, ""), "row 1: no line 'column'"),
    ],
)
def test_what_is_wrong_is_named_by_row_column_and_rule(
    tmp_path: Path, change: tuple[str, str], place: str
) -> None:
    (tmp_path / "t.csv").write_text(GOOD.replace(*change), "utf-8")
    with pytest.raises(DmnError) as refused:
        read_tables(tmp_path / "t.csv")
    assert place in str(refused.value)
    assert str(tmp_path / "t.csv") in str(refused.value)


def test_a_workbook_s_error_names_the_sheet(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "limits"
    book.active.append(["column", None, "input", "output"])
    book.active.append(["expression", None, "=A1", "y"])
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(DmnError, match="limits: row 2, column C: a formula"):
        read_tables(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.xlsx", b"PK", "no XLSX file"),
        ("t.csv", b"\xff\xfe", "not UTF-8"),
        ("t.ods", b"", "no spreadsheet"),
        ("t.csv", None, "cannot be read"),
        ("t.xlsx", None, "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused(
    tmp_path: Path, name: str, data: bytes | None, words: str
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(DmnError, match=words):
        read_tables(tmp_path / name)


def test_a_refused_table_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "t.xlsx"
    save_tables(file, {"tier": TIER})
    before = file.read_bytes()
    long = Table((InputColumn("x" * 40_000),), (OutputColumn(),), ())

    with pytest.raises(DmnError, match=r"row \d, column C: a cell holds"):
        save_tables(file, {"tier": TIER, "long": long})

    assert file.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["t.xlsx"]


def test_a_csv_holds_one_table(tmp_path: Path) -> None:
    with pytest.raises(DmnError, match="a, b"):
        save_tables(tmp_path / "t.csv", {"a": TIER, "b": TIER})


def test_without_the_extra_csv_works_and_xlsx_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    save_tables(tmp_path / "t.csv", {"tier": TIER})

    assert read_tables(tmp_path / "t.csv") == {"tier": TIER}
    with pytest.raises(DmnError, match=r"tael\[excel\]"):
        save_tables(tmp_path / "t.xlsx", {"tier": TIER})
