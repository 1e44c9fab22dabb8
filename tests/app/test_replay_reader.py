"""A file is read row by row: a bad row is named and left out, a spoilt file is refused."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.app.replay import load_mapping
from tael.app.replay.mapping import BookMapping
from tael.app.replay.model import Ending
from tael.app.replay.reader import read_book
from tael.kernel import BadInput, Day, Money, NotFound

CASES = Path(__file__).parent / "cases"
HEADER = (CASES / "replay_loans.csv").read_text("utf-8").splitlines()[0].split(",")
GOOD = dict(
    zip(
        HEADER,
        "L1,2003-02-28,40000,30000,steady,9,n,PAID,,,48,N,first".split(","),  # noqa: SIM905
        strict=True,
    )
)
ROWS = list(csv.DictReader((CASES / "replay_rows.csv").read_text("utf-8").splitlines()))


@pytest.fixture
def mapping() -> BookMapping:
    return load_mapping(CASES / "replay_loans.yaml")


def written(path: Path, *rows: dict[str, str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.DictWriter(file, HEADER)
        lines.writeheader()
        lines.writerows(rows)
    return path


@pytest.mark.parametrize("case", ROWS, ids=[row["case"] for row in ROWS])
def test_a_bad_row_is_named_and_the_rest_goes_on(
    case: dict[str, str], tmp_path: Path, mapping: BookMapping
) -> None:
    bad = {**GOOD, "number": "L2", case["column"]: case["value"]}
    path = written(tmp_path / "a.csv", GOOD, bad, {**GOOD, "number": "L3"})
    book = read_book(path, mapping)
    (fault,) = book.faults
    assert (fault.row, fault.field, fault.rule) == (2, case["field"], case["rule"])
    assert [loan.key for loan in book.loans] == ["L1", "L3"]
    assert book.rows == 3


def test_a_key_seen_before_names_the_earlier_row(tmp_path: Path, mapping: BookMapping) -> None:
    path = written(tmp_path / "a.csv", GOOD, {**GOOD, "number": "L2"}, GOOD)
    (fault,) = read_book(path, mapping).faults
    assert (fault.row, fault.field, fault.rule) == (3, "number", "each key once")
    assert "row 1" in fault.message


def test_a_default_before_its_approval_is_left_out(tmp_path: Path, mapping: BookMapping) -> None:
    bad = {**GOOD, "number": "L2", "status": "LOST", "lost_on": "2003-02-27", "lost": "1"}
    (fault,) = read_book(written(tmp_path / "a.csv", GOOD, bad), mapping).faults
    assert (fault.field, fault.rule) == ("lost_on", "not before approval")


def test_a_row_with_too_few_cells_is_left_out(tmp_path: Path, mapping: BookMapping) -> None:
    path = written(tmp_path / "a.csv", GOOD)
    path.write_text(path.read_text("utf-8") + "L2,2003-01-01\n", encoding="utf-8")
    (fault,) = read_book(path, mapping).faults
    assert (fault.row, fault.rule) == (2, "one cell for each column")


def test_loans_come_in_the_order_of_approval(tmp_path: Path, mapping: BookMapping) -> None:
    lost = {"status": "LOST", "lost_on": "2004-01-31", "lost": "1234.50", "sample": "even+first"}
    later = {**GOOD, "number": "L2", "approved": "2003-03-01", **lost}
    open_ended = {**GOOD, "number": "L3", "status": "", "sample": "even"}
    first, unknown, second = read_book(
        written(tmp_path / "a.csv", later, GOOD, open_ended), mapping
    ).loans
    assert (first.key, first.ending, first.weight) == ("L1", Ending.PAID, Decimal(1))
    assert (unknown.ending, unknown.weight) == (Ending.UNKNOWN, Decimal(1))
    assert (second.ending, second.defaulted_on) == (Ending.DEFAULT, Day(2004, 1, 31))
    assert (second.loss, second.source) == (Money(123450, "USD"), "even")
    assert second.share == Decimal("0.75")


def test_parquet_and_csv_of_one_book_are_read_alike(tmp_path: Path, mapping: BookMapping) -> None:
    text = CASES / "replay_loans.csv"
    rows = list(csv.DictReader(text.read_text("utf-8").splitlines()))
    columns = {name: pa.array([row[name] or None for row in rows]) for name in HEADER}
    for name in ("amount", "guaranteed", "age", "months", "lost"):
        columns[name] = columns[name].cast(pa.int64())
    for name in ("approved", "lost_on"):
        columns[name] = columns[name].cast(pa.timestamp("us"))
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    one, other = read_book(text, mapping), read_book(tmp_path / "a.parquet", mapping)
    assert one.loans == other.loans
    assert all((one.features[name] == other.features[name]).all() for name in one.features)
    assert len(one.loans) == 400


def test_a_column_that_is_not_there_is_named(tmp_path: Path, mapping: BookMapping) -> None:
    for path in (tmp_path / "a.csv", tmp_path / "a.parquet"):
        if path.suffix == ".csv":
            path.write_text("number,approved\nL1,2003-01-01\n", encoding="utf-8")
        else:
            pq.write_table(pa.table({"number": ["L1"], "approved": ["2003-01-01"]}), path)
        with pytest.raises(BadInput, match="amount") as caught:
            read_book(path, mapping)
        assert (caught.value.field, caught.value.rule) == ("amount", "every column of the mapping")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("a.csv", b"", "a header and at least one row"),
        ("a.csv", ",".join(HEADER).encode() + b"\n", "at least one row"),
        ("a.csv", ",".join(HEADER).encode() + b'\n"L1', "a readable CSV file"),
        ("a.csv", ",".join(HEADER).encode() + b"\n\xff\xfe", "UTF-8 text"),
        ("a.csv", ",".join([*HEADER, "amount"]).encode() + b"\n", "each once"),
        ("a.parquet", b"", "a readable Parquet file"),
        ("a.parquet", b"PAR1 and then nothing PAR1", "a readable Parquet file"),
        ("a.xls", b"x", "a CSV or Parquet file"),
    ],
)
def test_a_spoilt_file_is_refused(
    tmp_path: Path, mapping: BookMapping, name: str, content: bytes, rule: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_book(path, mapping)
    assert caught.value.rule == rule


def test_a_file_without_one_sound_row_names_the_first_fault(
    tmp_path: Path, mapping: BookMapping
) -> None:
    path = written(tmp_path / "a.csv", {**GOOD, "amount": "-1"})
    with pytest.raises(BadInput) as caught:
        read_book(path, mapping)
    assert (caught.value.row, caught.value.field) == (1, "amount")


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path, mapping: BookMapping) -> None:
    with pytest.raises(NotFound):
        read_book(tmp_path / "none.csv", mapping)
