"""Czech rows become events in the order of their balances, as of the day before a loan is known."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables.definitions.load import load_definitions
from tael.variables.examples.berka import Transactions, read_transactions
from tael.variables.examples.computed import DEFINITIONS
from tael.variables.packing.pack import pack
from tael.variables.packing.schema import schema_of

COLUMNS = ("trans_id", "account_id", "date", "type", "operation", "amount", "balance", "k_symbol",
           "bank", "account")  # fmt: skip
ROWS = [
    (1, 7, 930301, "PRIJEM", "VKLAD", 1000.0, 1000.0, None, None, None),
    (9, 7, 930402, "PRIJEM", "PREVOD Z UCTU", 300.5, 1300.5, "DUCHOD", "AB", 123.0),
    (5, 7, 930402, "VYDAJ", "PREVOD NA UCET", 1400.0, -99.5, "SIPO", "YZ", 45.0),
    (3, 7, 930403, "VYBER", "VYBER", 0.5, -100.0, " ", None, 0.0),
    (4, 12, 940331, "PRIJEM", None, 12.3, 12.3, "UROK", None, None),
]
LOANS = """loan_id,account_id,date,amount,duration,payments,status
1,7,930403,9,1,9,B
2,12,980101,9,1,9,A
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The set as it is published, with these rows."""
    columns = dict(zip(COLUMNS, zip(*ROWS, strict=True), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "trans_199301_199403_partial.parquet")
    (tmp_path / "loan.csv.gz").write_bytes(gzip.compress(LOANS.encode()))
    return tmp_path


@pytest.fixture
def read(folder: Path) -> Transactions:
    """What is read of it."""
    return read_transactions(folder)


def test_czech_words_become_codes(read: Transactions) -> None:
    names = ("direction", "operation", "purpose", "standing", "counterparty", "balance")
    rows = {row["event_id"]: tuple(row[name] for name in names) for row in read.events.to_pylist()}

    assert rows == {
        "1": ("in", "cash_in", "unnamed", "in_credit", "", 100_000),
        "9": ("in", "transfer_in", "pension", "in_credit", "AB-123", 130_050),
        "5": ("out", "transfer_out", "household", "overdrawn", "YZ-45", -9_950),
        "3": ("out", "cash_out", "unnamed", "overdrawn", "", -10_000),
        "4": ("in", "booked", "interest", "in_credit", "", 1_230),
    }


def test_the_order_of_a_day_is_that_of_the_balances_not_of_the_numbers(read: Transactions) -> None:
    at = {row["event_id"]: row["event_at"] for row in read.events.to_pylist()}

    assert (at["5"] - at["9"]).total_seconds() == 1
    assert (read.chain.exact, read.chain.broken) == (5, 0)


def test_an_account_is_looked_at_on_the_day_of_its_loan_or_at_the_end(read: Transactions) -> None:
    starts = [datetime.fromtimestamp(each, UTC).isoformat() for each in read.asof.tolist()]

    assert read.accounts == ("7", "12")
    # Midnight in Prague: summer time had begun on 28 March 1993 and 27 March 1994.
    assert starts == ["1993-04-02T22:00:00+00:00", "1994-03-31T22:00:00+00:00"]


def test_loans_after_the_end_of_the_file_are_left_out(read: Transactions) -> None:
    assert list(read.loans) == ["7"]
    assert (read.loans["7"].granted, read.loans["7"].bad) == (date(1993, 4, 3), True)
    assert read.loans_beyond == 1


def test_a_word_that_is_not_known_is_refused(folder: Path) -> None:
    file = folder / "trans_199301_199403_partial.parquet"
    table = pq.read_table(file)
    place = table.column_names.index("k_symbol")
    changed = pa.array(["RUM", *table["k_symbol"].to_pylist()[1:]])
    pq.write_table(table.set_column(place, "k_symbol", changed), file)

    with pytest.raises(BadInput, match="RUM"):
        read_transactions(folder)


def test_a_row_without_day_account_or_amount_is_set_aside_and_told(folder: Path) -> None:
    file = folder / "trans_199301_199403_partial.parquet"
    table = pq.read_table(file)
    for row, name in enumerate(("date", "account_id", "amount")):
        place, values = table.column_names.index(name), table[name].to_pylist()
        values[row] = None
        table = table.set_column(place, name, pa.array(values, table[name].type))
    pq.write_table(table, file)
    read = read_transactions(folder)
    (source,) = load_definitions(DEFINITIONS / "berka").sources
    packing = pack(read.events, schema_of(source), read.accounts)

    assert packing.rows["missing_value"] == 3
    assert {fault.field for fault in packing.faults} == {"known_at", "subject_id", "amount"}


@pytest.mark.parametrize(
    ("rows", "field"),
    [("7,931303,A", "date"), ("7,yesterday,A", "date"), ("7,930403,E", "status")],
)
def test_a_loan_with_a_day_or_status_that_is_none_is_refused(
    folder: Path, rows: str, field: str
) -> None:
    text = f"account_id,date,status\n{rows}\n"
    (folder / "loan.csv.gz").write_bytes(gzip.compress(text.encode()))

    with pytest.raises(BadInput) as caught:
        read_transactions(folder)
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["loan.csv.gz", "trans_199301_199403_partial.parquet"])
def test_a_file_of_another_kind_is_named(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"no such thing \xff")

    with pytest.raises(BadInput, match=name.partition(".")[0]):
        read_transactions(folder)
