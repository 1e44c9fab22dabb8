from __future__ import annotations

import io
import tomllib
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from tael.kernel import BadInput
from tael.policies.books import workbook
from tael.policies.books.files import read_file
from tael.policies.books.grid import Sheet

# Spreadsheets know no time zones.
NOON = datetime.fromisoformat("2024-02-29T13:30:00")
CASES = tomllib.loads((Path(__file__).parent / "cases" / "files.toml").read_text("utf-8"))


def _bytes(case: dict[str, object]) -> bytes:
    if "bytes" in case:
        return bytes.fromhex(str(case["bytes"]))
    text = str(case["text"]) + "x" * int(str(case.get("fill", 0)))
    return text.encode(str(case["encoding"]))


def _read(data: bytes) -> Sheet:
    return read_file(io.BytesIO(data))


def _first(sheet: Sheet) -> list[str]:
    return [str(value) for value in sheet.table.slice(0, 1).to_pylist()[0].values()]


@pytest.mark.parametrize("case", CASES["read"], ids=lambda case: case["why"])
def test_a_text_file_is_read_as_it_was_meant(case: dict) -> None:
    sheet = _read(_bytes(case))
    assert list(sheet.names) == case["names"]
    assert _first(sheet) == case["first"]
    if "rows" in case:
        assert sheet.rows.tolist() == case["rows"]
    told = {note.code: dict(note.values) for note in sheet.notes}
    for code, values in case.get("notes", {}).items():
        assert told[code] == values


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["why"])
def test_a_file_that_cannot_be_read_is_refused_by_name(case: dict) -> None:
    with pytest.raises(BadInput) as refused:
        _read(_bytes(case))
    assert refused.value.code == case["code"]
    assert refused.value.rule
    if "row" in case:
        assert refused.value.row == case["row"]


def test_a_row_with_too_many_cells_is_told_and_left_out() -> None:
    sheet = _read(b"id,amount\n1,5\n2,6,7\n3,8\n")
    assert sheet.rows.tolist() == [2, 4]
    assert [(one.row, one.rule) for one in sheet.problems] == [(3, "too_many_cells")]
    assert sheet.overlong == 1


# --- workbooks


def _saved(book: Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _workbook() -> Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "台账"
    sheet.append(["2024年台账", None, None, None, None])
    sheet.merge_cells("A1:E1")
    sheet.append(["客户编号", "申请日期", "放款金额", "利率", "是否逾期"])
    sheet.append(["C1", date(2024, 1, 5), 120000.1 + 0.2, 0.12, True])
    sheet.append(["C<&>2", NOON, 1234567890123456, "8.65%", False])
    sheet["F3"] = "=A3"
    return book


def test_a_workbook_is_read_with_its_days_and_numbers() -> None:
    sheet = _read(_saved(_workbook()))
    assert sheet.names[:5] == ("客户编号", "申请日期", "放款金额", "利率", "是否逾期")
    rows = [list(row.values())[:5] for row in sheet.table.to_pylist()]
    assert rows == [
        ["C1", "2024-01-05", "120000.3", "0.12", "TRUE"],
        ["C<&>2", "2024-02-29 13:30:00", "1234567890123456", "8.65%", "FALSE"],
    ]
    assert sheet.rows.tolist() == [3, 4]
    assert {note.code for note in sheet.notes} == {"sheet", "title_rows"}


def test_the_largest_visible_sheet_is_read_and_the_others_named() -> None:
    book = _workbook()
    book.create_sheet("说明").append(["说明", "x"])
    hidden = book.create_sheet("旧")
    for number in range(400):
        hidden.append([f"C{number}", number])
    hidden.sheet_state = "hidden"
    sheet = _read(_saved(book))
    told = {note.code: note.values for note in sheet.notes}
    assert told["sheet"] == {"sheet": "台账"}
    assert told["other_sheets"] == {"sheets": "说明"}


def test_days_that_count_from_1904_are_the_same_days() -> None:
    book = _workbook()
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    rows = _read(_saved(book)).table.to_pylist()
    assert [row["1"] for row in rows] == ["2024-01-05", "2024-02-29 13:30:00"]


def _rewritten(data: bytes, change: dict[str, tuple[str, str]]) -> bytes:
    """The workbook ``data`` with texts replaced in its parts; a part that is not there is added."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(written, "w", 8) as new:
        for name in {*old.namelist(), *change}:
            text = old.read(name).decode() if name in old.namelist() else ""
            before, after = change.get(name, ("", ""))
            new.writestr(name, text.replace(before, after) if before else after or text)
    return written.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_workbook_written_with_prefixes_says_the_same() -> None:
    data = _saved(_workbook())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read(SHEET).decode()
    prefixed = text.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    other = _rewritten(data, {SHEET: (text, prefixed)})
    assert _read(other).table.equals(_read(data).table)


def test_attributes_in_another_order_say_the_same() -> None:
    data = _saved(_workbook())
    other = _rewritten(data, {SHEET: ('<c r="A3" t="inlineStr"', '<c t="inlineStr" r="A3"')})
    opened = workbook.open_workbook(io.BytesIO(other))
    with pytest.raises(workbook._OtherwiseWrittenError):
        list(workbook._fast_rows(opened, SHEET))
    assert _read(other).table.equals(_read(data).table)


def test_the_two_ways_of_reading_a_sheet_agree_with_another_reader() -> None:
    data = _saved(_workbook())
    opened = workbook.open_workbook(io.BytesIO(data))
    part = opened.sheets[opened.largest]
    fast = list(workbook._fast_rows(opened, part))
    assert fast == list(workbook._slow_rows(opened, part))
    theirs = openpyxl.load_workbook(io.BytesIO(data), read_only=True).active
    names = [cell for cell in next(theirs.iter_rows(min_row=2, values_only=True)) if cell]
    assert fast[1][1][:5] == names


SHARED = """<?xml version="1.0"?><sst>
<si><t>编号</t></si><si><r><t>金</t></r><r><rPr><b/></rPr><t xml:space="preserve">额 </t></r></si>
<si><t>評価</t><rPh sb="0" eb="2"><t>ヒョウカ</t></rPh></si><si><t>一_x000D_二</t></si></sst>"""
ROWS = """<worksheet><sheetData>
<row r="2" spans="1:3"><c r="A2" t="s"><v>0</v></c><c r="B2" s="0" t="s"><v>1</v></c>\
<c r="D2" t="s"><v>2</v></c></row>
<row r="3"/><row r="5"><c r="A5" t="s"><v>3</v></c><c r="B5"><f>1+1</f><v>2</v></c>\
<c r="D5" t="e"><v>#N/A</v></c></row>
<row r="6"><c r="A6" t="str"><f>"x"</f><v>x</v></c><c r="B6"><v>1.2E-3</v></c><c r="D6"/></row>
</sheetData></worksheet>"""


def _shared(rows: str = ROWS) -> bytes:
    """The workbook with its sheet and texts as spreadsheet programs write them."""
    data = _saved(_workbook())
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        text = archive.read(SHEET).decode()
    return _rewritten(data, {SHEET: (text, rows), "xl/sharedStrings.xml": ("", SHARED)})


def test_shared_texts_formulas_gaps_and_errors_are_read_where_they_stand() -> None:
    sheet = _read(_shared())
    assert sheet.names == ("编号", "金额", "C", "評価")
    assert sheet.rows.tolist() == [5, 6]
    rows = [list(row.values()) for row in sheet.table.to_pylist()]
    assert rows == [["一\r二", "2", "", "#N/A"], ["x", "1.2E-3", "", ""]]


def _ole(stream: str) -> bytes:
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1016
    return head + stream.encode("utf-16-le") + b"\0" * 512


def _bomb() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as part:
            for _ in range(51):
                part.write(b" " * 2**20)
    return written.getvalue()


def _documents() -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    return written.getvalue()


ENTITY = '<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<workbook'
LONG = {"a list that never ends", "an archive that unfolds"}
REFUSED = {
    "an old Excel file": (lambda: _ole("Workbook"), "book_old_excel"),
    "a workbook with a password": (lambda: _ole("EncryptedPackage"), "book_encrypted"),
    "macros": (
        lambda: _rewritten(_saved(_workbook()), {"xl/vbaProject.bin": ("", "x")}),
        "book_macros",
    ),
    "a binary workbook": (
        lambda: _rewritten(_saved(_workbook()), {"xl/workbook.bin": ("", "x")}),
        "book_binary",
    ),
    "an archive that unfolds": (_bomb, "book_bomb"),
    "entities that unfold": (
        lambda: _rewritten(_saved(_workbook()), {"xl/workbook.xml": ("<workbook", ENTITY)}),
        "book_bomb",
    ),
    "a row that never ends": (
        lambda: _shared(ROWS.partition("</row>")[0] + " " * (2**23 + 2**21)),
        "book_damaged",
    ),
    "a list that never ends": (
        lambda: _rewritten(
            _saved(_workbook()), {"xl/workbook.xml": ("<sheets>", "<sheets>" + "<x/>" * 100_001)}
        ),
        "book_damaged",
    ),
    "another program's document": (_documents, "book_other_kind"),
    "a workbook cut off": (lambda: _saved(_workbook())[:-300], "book_damaged"),
    "a text that is not there": (
        lambda: _shared(ROWS.replace("<v>3</v>", "<v>99</v>")),
        "book_damaged",
    ),
    "an empty workbook": (lambda: _saved(openpyxl.Workbook()), "book_empty"),
}


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=pytest.mark.slow) if kind in LONG else kind for kind in REFUSED],
)
def test_a_workbook_that_cannot_be_read_is_refused_by_name(kind: str) -> None:
    make, code = REFUSED[kind]
    with pytest.raises(BadInput) as refused:
        _read(make())
    assert refused.value.code == code


def test_a_file_above_the_limit_is_refused_before_it_is_read() -> None:
    class Large(io.BytesIO):
        def seek(self, offset: int, whence: int = 0) -> int:
            return 60 * 2**20 if whence else super().seek(offset)

    with pytest.raises(BadInput) as refused:
        read_file(Large(b"id,amount\n1,2\n"))
    assert refused.value.code == "too_large"
