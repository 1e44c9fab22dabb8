"""Decision tables in spreadsheet files: XLSX with a sheet a table, or CSV with one table.

XLSX needs the extra ``excel`` (openpyxl), loaded when a file of that kind is met; CSV needs
nothing. A file is written whole or not at all.
"""

from __future__ import annotations

import csv
import io
import os
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from tael.dmn.authoring.grid import Grid, Judge, Source, from_grid, to_grid
from tael.dmn.authoring.table import Table
from tael.dmn.errors import DmnError

if TYPE_CHECKING:
    from types import ModuleType

_CSV, _XLSX = ".csv", ".xlsx"
_KINDS = "a file that ends in .csv or .xlsx"
_LARGEST_BYTES = 256 * 1024 * 1024
_LONGEST_CELL = 32_767
_LONGEST_TITLE = 31
_BAD_TITLE = re.compile(r"[\[\]:*?/\\]")
# How spreadsheets escape what their XML would change, and any text that looks like an escape.
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_TO_ESCAPE = re.compile(r"\r|_(?=x[0-9A-Fa-f]{4}_)")


def save_tables(path: str | Path, tables: Mapping[str, Table]) -> None:
    """Write ``tables``, by the names of their decisions, into the XLSX or CSV file ``path``.

    Raises:
        DmnError: another kind of file, several tables for a CSV, a text too long for a cell.
    """
    file = Path(path)
    grids = {name: to_grid(name, table) for name, table in tables.items()}
    if not grids:
        raise DmnError("there is no table to write", file=str(file), rule="at least one table")
    if file.suffix.lower() == _CSV:
        if len(grids) > 1:
            raise DmnError(
                f"a CSV file holds one table, not {len(grids)}: {', '.join(grids)}",
                file=str(file), rule="one table a CSV file; name it, or write an .xlsx",
            )  # fmt: skip
        data = _csv_bytes(next(iter(grids.values())))
    elif file.suffix.lower() == _XLSX:
        data = _xlsx_bytes(grids, str(file))
    else:
        raise DmnError("is no spreadsheet", file=str(file), rule=_KINDS)
    _write_whole(file, data)


def read_tables(path: str | Path, judge: Judge | None = None) -> dict[str, Table]:
    """The tables in the XLSX or CSV file ``path``, by the names of their decisions.

    A table without a name is called by its sheet; in a CSV by its file. Numbers, dates and yes or
    no that a spreadsheet holds as such are read as FEEL writes them.

    Args:
        path: the file.
        judge: looks at every cell, as ``Draft.judge`` does for the tables of a model.

    Raises:
        DmnError: names file, sheet, row, column and rule.
    """
    file = Path(path)
    readers = {_CSV: _csv_grids, _XLSX: _xlsx_grids}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise DmnError("is no spreadsheet", file=str(file), rule=_KINDS)
    try:
        grids = reader(file)
    except OSError as error:
        raise DmnError(
            f"cannot be read: {error.strerror or error}", file=str(file), rule="a readable file"
        ) from None
    tables: dict[str, Table] = {}
    for sheet, grid in grids.items():
        source = Source(str(file), "" if file.suffix.lower() == _CSV else sheet)
        name, table = from_grid(grid, source, judge)
        if (name or sheet) in tables:
            raise source.problem(f"a second table is called {name or sheet!r}", 1)
        tables[name or sheet] = table
    return tables


def _write_whole(file: Path, data: bytes) -> None:
    """Into a neighbour first, which then takes the name: nobody ever sees half a file."""
    beside = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        beside.write_bytes(data)
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)


# --- CSV


def _csv_bytes(grid: Grid) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(grid)
    # The mark at the start is how spreadsheets know UTF-8.
    return text.getvalue().encode("utf-8-sig")


def _csv_grids(file: Path) -> dict[str, Grid]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DmnError(
            f"byte {error.start + 1} is not UTF-8", file=str(file), rule="CSV in UTF-8"
        ) from None
    rows: list[list[str]] = []
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows.extend(lines)
    except csv.Error as error:
        raise DmnError(
            f"row {len(rows) + 1}: {error}", file=str(file), line=lines.line_num, rule="CSV"
        ) from None
    return {file.stem: rows}


# --- XLSX


def _openpyxl() -> ModuleType:
    try:
        import openpyxl  # noqa: PLC0415 - an extra, loaded when such a file is met
    except ImportError:
        raise DmnError(
            "XLSX files need openpyxl: pip install 'tael[excel]'; CSV needs nothing",
            rule="the extra 'excel'",
        ) from None
    module: ModuleType = openpyxl
    return module


def _xlsx_bytes(grids: Mapping[str, Grid], file: str) -> bytes:
    book = _openpyxl().Workbook()
    book.remove(book.active)
    titles: set[str] = set()
    for name, grid in grids.items():
        sheet = book.create_sheet(_title(name, titles))
        for row, line in enumerate(grid, start=1):
            for column, text in enumerate(line, start=1):
                if text:
                    place = Source(file, sheet.title)
                    cell = sheet.cell(row, column)
                    # Set by hand: a text that begins with "=" is a test, not a formula.
                    cell._value, cell.data_type = _escaped(text, place, row, column), "s"  # noqa: SLF001
                    cell.number_format = "@"
        sheet.freeze_panes = "C1"
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def _escaped(text: str, place: Source, row: int, column: int) -> str:
    if len(text) > _LONGEST_CELL:
        raise place.problem(f"a cell holds {_LONGEST_CELL} characters at most", row, column)
    if any(ord(each) < ord(" ") and each not in "\t\n\r" for each in text):
        raise place.problem("a control character cannot stand in a sheet", row, column)
    return _TO_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def _title(name: str, taken: set[str]) -> str:
    """A title that spreadsheets allow: short, without some signs, different from the others."""
    plain = _BAD_TITLE.sub(" ", name).strip(" '")[:_LONGEST_TITLE] or "table"
    title, number = plain, 1
    while title.lower() in taken:
        number += 1
        title = f"{plain[: _LONGEST_TITLE - 5]} ({number})"
    taken.add(title.lower())
    return title


def _xlsx_grids(file: Path) -> dict[str, Grid]:
    module = _openpyxl()
    _not_too_large(file)
    try:
        book = module.load_workbook(file, read_only=True, data_only=False)
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - an edge: the library raises whatever a broken file leads it to
        raise DmnError(f"is no XLSX file: {error}", file=str(file), rule="XLSX") from None
    try:
        return {
            sheet.title: _sheet(sheet.iter_rows(), Source(str(file), sheet.title))
            for sheet in book.worksheets
        }
    finally:
        book.close()


def _not_too_large(file: Path) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except zipfile.BadZipFile:
        raise DmnError("is no XLSX file", file=str(file), rule="XLSX") from None
    if size > _LARGEST_BYTES:
        raise DmnError("is too large unpacked", file=str(file), rule="at most 256 MiB")


def _sheet(rows: Iterable[Iterable[object]], source: Source) -> Grid:
    return [
        [_cell(cell, source, row, column) for column, cell in enumerate(cells, start=1)]
        for row, cells in enumerate(rows, start=1)
    ]


def _cell(cell: object, source: Source, row: int, column: int) -> str:
    value, kind = getattr(cell, "value", None), getattr(cell, "data_type", "")
    if kind == "f":
        raise source.problem("a formula; put its value there", row, column)
    if kind == "e":
        raise source.problem(f"an error of the spreadsheet, {value}", row, column)
    for of, write in _WRITTEN:
        if isinstance(value, of):
            return write(value)
    raise source.problem(f"{value!r} is no text, number or date", row, column)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


def _moment(value: datetime) -> str:
    if value.time() == time():
        return f'date("{value.date().isoformat()}")'
    return f'date and time("{value.isoformat()}")'


# Looked through in this order: a bool is an int, a datetime is a date.
_WRITTEN: tuple[tuple[type, Callable[..., str]], ...] = (
    (type(None), lambda _none: ""),
    (str, _unescaped),
    (bool, lambda value: "true" if value else "false"),
    (int, str),
    (float, _number),
    (datetime, _moment),
    (date, lambda value: f'date("{value.isoformat()}")'),
    (time, lambda value: f'time("{value.isoformat()}")'),
)
