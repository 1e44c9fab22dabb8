"""Invoices of three invented firms: voids, doubles, and reversals known from their own day on."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tael.kernel import BadInput
from tael.variables.definitions.load import load_definitions
from tael.variables.examples.computed import DEFINITIONS
from tael.variables.examples.invoices import STATUSES, Invoices, read_invoices
from tael.variables.packing.pack import Packing, pack
from tael.variables.packing.schema import schema_of

COLUMNS = ("企业代号", "发票号码", "开票日期", "金额", "税额", "价税合计", "发票状态")
VALID, VOID = "有效发票", "作废发票"
OUT = [
    ("E1", "100", "2019-05-06", 1000.1, 130.01, 1130.11, VALID, "B1"),
    ("E1", "101", "2019-06-03", -1000.1, -130.01, -1130.11, VALID, "B1"),  # reverses 100
    ("E1", "102", "2019-06-04", -77.7, -10.1, -87.8, VALID, "B1"),  # of nothing in the file
    ("E1", "103", "2019-06-05", 20.0, 2.6, 22.6, " " + VOID, "B2"),
    ("E1", "104", "2019-06-06", 500.0, 65.0, 565.0, VALID, "B2"),
    ("E1", "105", "2019-06-06", -500.0, -65.0, -565.0, VALID, "B2"),  # reverses 104 at once
    ("E1", "106", "2019-06-07", 8.0, 1.04, 9.04, VALID, "B3"),
    ("E1", "106", "2019-06-07", 8.0, 1.04, 9.04, VALID, "B3"),  # the same row again
    ("E1", "106", "2019-12-30", 9.0, 1.17, 10.17, VALID, "B3"),  # the number again, another day
    ("E2", "200", "2019-06-07", 8.0, 1.04, 9.04, VALID, "B3"),
    ("E2", "200", "2019-06-07", 8.0, 1.04, 9.04, VALID, "B4"),  # two buyers of one invoice
    ("E2", "201", "2019-06-08", 1.005, 0.0, 1.005, VALID, "B3"),  # no whole fen
]
IN = [("E1", "100", "2019-05-06", 60.0, 7.8, 99.0, VALID, "A1")]  # amount and tax miss the total


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The set as it would be published, with these rows."""
    for name, rows, other in (
        ("att1_output_invoices", OUT, "购方单位代号"),
        ("att1_input_invoices", IN, "销方单位代号"),
        ("att2_output_invoices", OUT[:0], "购方单位代号"),
        ("att2_input_invoices", IN[:0], "销方单位代号"),
    ):
        columns = dict(zip((*COLUMNS, other), zip(*(rows or OUT), strict=True), strict=True))
        columns["开票日期"] = tuple(date.fromisoformat(each) for each in columns["开票日期"])
        table = pa.table({key: pa.array(values) for key, values in columns.items()})
        pq.write_table(table.slice(0, len(rows)), tmp_path / f"{name}.parquet")
    labels = "企业代号,企业名称,信誉评级,是否违约\nE1,*,A,否\nE10,*,D,是\n"
    (tmp_path / "att1_enterprises.csv").write_text(labels, "utf-8")
    (tmp_path / "att2_enterprises.csv").write_text("企业代号,企业名称\nE2,*\n", "utf-8")
    return tmp_path


@pytest.fixture
def invoices(folder: Path) -> Invoices:
    """What is read of it."""
    return read_invoices(folder)


def packed(invoices: Invoices) -> Packing:
    """The events by the shipped definition."""
    (source,) = load_definitions(DEFINITIONS / "invoices").sources
    return pack(invoices.events, schema_of(source), invoices.firms)


def seen(packing: Packing, firm: int, day: str) -> Counter[tuple[str, str, int]]:
    """Direction, status and fen of what is visible of a firm at the first second of ``day``."""
    asof = int(datetime.fromisoformat(f"{day}T00:00:00+08:00").astimezone(UTC).timestamp())
    events = packing.packed
    places = range(int(events.offsets[firm]), int(events.offsets[firm + 1]))
    return Counter(
        (
            ("out", "in")[events.leaf[at] // (3 * len(STATUSES))],
            STATUSES[events.leaf[at] // 3 % len(STATUSES)],
            int(events.measures[0, at]),
        )
        for at in places
        if events.visible_from[at] <= asof < events.visible_to[at] and events.time[at] < asof
    )


def test_firms_stand_by_number_with_those_that_have_nothing(invoices: Invoices) -> None:
    assert invoices.firms == ("E1", "E2", "E10")
    assert {name: label.rating for name, label in invoices.labels.items()} == {
        "E1": "A",
        "E10": "D",
    }
    assert np.diff(packed(invoices).packed.offsets).tolist() == [10, 0, 0]


def test_an_invoice_is_known_on_the_next_day(invoices: Invoices) -> None:
    packing = packed(invoices)

    assert not seen(packing, 0, "2019-05-06")
    assert seen(packing, 0, "2019-05-07") == {("out", "valid", 100010): 1, ("in", "valid", 6000): 1}


def test_an_original_is_reversed_once_its_red_invoice_is_known(invoices: Invoices) -> None:
    packing = packed(invoices)

    assert seen(packing, 0, "2019-06-03")["out", "valid", 100010] == 1
    later = seen(packing, 0, "2019-06-04")
    assert later["out", "valid", 100010] == 0
    assert later["out", "reversed", 100010] == 1
    assert later["out", "red", -100010] == 1


def test_every_status_is_told_apart(invoices: Invoices) -> None:
    assert seen(packed(invoices), 0, "2020-01-01") == {
        ("out", "reversed", 100010): 1,
        ("out", "red", -100010): 1,
        ("out", "open_red", -7770): 1,
        ("out", "void", 2000): 1,
        ("out", "reversed", 50000): 1,
        ("out", "red", -50000): 1,
        ("out", "valid", 800): 1,
        ("out", "valid", 900): 1,
        ("in", "valid", 6000): 1,
    }


def test_no_row_is_lost_without_a_reason(invoices: Invoices) -> None:
    packing, reading = packed(invoices), invoices.reading

    assert (reading.rows, reading.made) == (len(OUT) + len(IN), 1)
    assert (reading.reds, reading.matched, reading.odd_totals) == (3, 2, 1)
    told = {fate: count for fate, count in packing.rows.items() if count}
    assert told == {"kept": 10, "duplicate": 1, "conflicting_versions": 2, "missing_value": 1}
    assert sum(told.values()) == reading.rows + reading.made
    assert [fault.field for fault in packing.faults] == ["amount", "known_at"]


def test_the_instant_is_the_day_after_the_last_invoice_of_all(folder: Path) -> None:
    instant = int(datetime.fromisoformat("2019-12-31T00:00:00+08:00").timestamp())

    assert read_invoices(folder).asof == instant
    assert read_invoices(folder, ["E2"]).asof == instant


def test_a_file_a_column_or_a_firm_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(BadInput, match="there is no firm E9"):
        read_invoices(folder, ["E9"])
    file = folder / "att2_input_invoices.parquet"
    pq.write_table(pq.read_table(file).drop_columns(["税额"]), file)
    with pytest.raises(BadInput, match=r"att2_input_invoices\.parquet has no column 税额"):
        read_invoices(folder)
    file.unlink()
    with pytest.raises(BadInput, match=r"there is no file .*att2_input_invoices\.parquet"):
        read_invoices(folder)


def test_a_status_that_is_not_known_is_refused(folder: Path) -> None:
    file = folder / "att1_input_invoices.parquet"
    table = pq.read_table(file)
    place = table.column_names.index("发票状态")
    pq.write_table(table.set_column(place, "发票状态", pa.array(["异常"])), file)

    with pytest.raises(BadInput, match="异常"):
        read_invoices(folder)


def test_rows_without_day_number_or_firm_are_set_aside_and_told(folder: Path) -> None:
    file = folder / "att1_output_invoices.parquet"
    table = pq.read_table(file)
    for row, name, value in ((0, "开票日期", None), (3, "发票号码", None), (6, "企业代号", None),
                             (8, "企业代号", "E77"), (9, "购方单位代号", None)):  # fmt: skip
        place, values = table.column_names.index(name), table[name].to_pylist()
        values[row] = value
        table = table.set_column(place, name, pa.array(values, table[name].type))
    pq.write_table(table, file)
    read = read_invoices(folder)
    packing = packed(read)

    assert sum(packing.rows.values()) == read.reading.rows + read.reading.made
    assert packing.rows["left_out"] == 1  # of a firm that no list names
    missing = {f.field: f.count for f in packing.faults if f.rule == "missing_value"}
    assert missing == {"subject_id": 1, "event_id": 1, "known_at": 1, "amount": 1}


@pytest.mark.parametrize(
    ("line", "field"), [("E1,*,A,也许", "是否违约"), ("E1,*,E,否", "信誉评级"), ("E1", "信誉评级")]
)
def test_a_label_that_says_neither_is_refused(folder: Path, line: str, field: str) -> None:
    text = f"企业代号,企业名称,信誉评级,是否违约\n{line}\n"
    (folder / "att1_enterprises.csv").write_text(text, "utf-8")

    with pytest.raises(BadInput) as caught:
        read_invoices(folder)
    assert caught.value.field == field
