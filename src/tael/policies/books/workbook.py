"""Rows of an ``.xlsx`` file (ECMA-376), read as a stream: texts, numbers, and days as days.

Sheets are read in pieces of whole rows by one expression, and where a program wrote them otherwise
(prefixes, attributes in another order, cells without a place), by an XML parser.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache, lru_cache
from typing import IO
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.sax.saxutils import unescape

from tael.kernel import BadInput
from tael.policies.books.model import MOST_COLUMNS, MOST_ROWS, Note

MOST_UNPACKED_BYTES = 600 * 2**20
_MOST_PARTS = 5_000
_MOST_RATIO, _RATIO_FROM_BYTES = 400, 50 * 2**20
_PIECE = 2**20
# No row and no list of styles comes near these: what does was made to exhaust the reader.
_LONGEST_ROW_BYTES = 2**23
_MOST_CHILDREN = 100_000
_MOST_TEXTS = MOST_ROWS * MOST_COLUMNS
# Read one by one and let go: there are as many as rows and texts.
_LEAVES = frozenset({"row", "si", "rPh"})
# Built-in formats that show a day (18.8.30), those of East Asia among them.
_DAY_FORMATS = frozenset({*range(14, 18), 22, *range(27, 37), *range(50, 59)})
_NOT_CODE = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_ROW = re.compile(r"<row\b([^<>]*?)(?:/>|>(.*?)</row>)", re.DOTALL)
_NUMBER = re.compile(r'\br="(\d+)"')
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})\d+"(?: s="(\d+)")?(?: t="(\w+)")?\s?'
    r"(?:/>|>(?:<f\b[^<>]*/>|<f\b[^<>]*>[^<]*</f>)?"
    r"(?:<v>([^<]*)</v>|<v\s?/>|<is><t(?: [^<>]*)?>([^<]*)</t></is>|<is><t\s?/></is>)?</c>)"
)
_START_1900, _START_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a wall clock
_LAST_SERIAL = 2_958_465
_DAY_S = 86_400
_MIDNIGHT = time()
_ENTITIES = {"&quot;": '"', "&apos;": "'"}
_LETTERS = 26
_NUMERIC = frozenset({"", "n"})
# A number no longer than this is written as it stands.
_EXACT_DIGITS = 15


@dataclass(frozen=True)
class Workbook:
    """An open workbook: its shared texts, the styles that show days, and its sheets by name."""

    archive: zipfile.ZipFile
    texts: list[str]
    days: frozenset[str]
    start: datetime
    sheets: Mapping[str, str]

    @property
    def largest(self) -> str:
        """The name of the sheet with the most in it."""
        return max(self.sheets, key=lambda name: self.archive.getinfo(self.sheets[name]).file_size)


def rows_of(file: IO[bytes]) -> tuple[Iterator[tuple[int, list[str]]], tuple[Note, ...]]:
    """The rows of the largest visible sheet, numbered as shown, and what was seen on the way.

    Raises:
        BadInput: not such a file, one that unpacks to too much, or one with macros.
    """
    workbook = open_workbook(file)
    name = workbook.largest
    others = [other for other in workbook.sheets if other != name]
    notes = [Note("sheet", {"sheet": name})]
    if others:
        notes.append(Note("other_sheets", {"sheets": ", ".join(others[:5])}))
    return _rows(workbook, workbook.sheets[name]), tuple(notes)


def open_workbook(file: IO[bytes]) -> Workbook:
    """Everything of the file but the rows. Raises as ``rows_of``."""
    try:
        archive = zipfile.ZipFile(file)
        _check_archive(archive)
        start, sheets = _sheets(archive)
        return Workbook(archive, _texts(archive), _day_styles(archive), start, sheets)
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, EOFError, OSError) as wrong:
        raise _damaged(wrong) from None


def _check_archive(archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise BadInput(
            "the workbook holds macros; save it as .xlsx without them",
            code="book_macros", field="file", rule="no macros",
        )  # fmt: skip
    if any(name.endswith("workbook.bin") for name in names):
        raise BadInput(
            "this is a binary workbook (.xlsb); save it as .xlsx",
            code="book_binary", field="file", rule=".xlsx or .csv",
        )  # fmt: skip
    unpacked = sum(part.file_size for part in parts)
    packed = sum(part.compress_size for part in parts)
    bomb = unpacked > _RATIO_FROM_BYTES and unpacked > _MOST_RATIO * max(packed, 1)
    if len(parts) > _MOST_PARTS or unpacked > MOST_UNPACKED_BYTES or bomb:
        raise BadInput(
            f"the workbook unpacks to {unpacked // 2**20} MiB",
            code="book_bomb", field="file", rule=f"at most {MOST_UNPACKED_BYTES // 2**20} MiB",
        )  # fmt: skip


def _events(archive: zipfile.ZipFile, part: str) -> Iterator[Element]:
    """Each element of a part when it ends; declarations of document types are refused unread."""
    with archive.open(part) as head:
        _refuse_declarations(head.read(4096))
    open_elements: list[Element] = []
    with archive.open(part) as source:
        # No entities unfold: document types were refused above.
        for event, element in iterparse(source, ("start", "end")):  # noqa: S314
            if event == "start":
                open_elements.append(element)
                continue
            open_elements.pop()
            yield element
            parent = open_elements[-1] if open_elements else None
            if parent is not None and _local(element) in _LEAVES:
                parent.remove(element)
            elif parent is not None and len(parent) > _MOST_CHILDREN:
                raise ValueError("an element has too many parts")


def _refuse_declarations(head: bytes) -> None:
    # A document type comes before the first element; with it entities that unfold without end.
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise BadInput(
            "the workbook declares a document type",
            code="book_bomb",
            field="file",
            rule="plain XML",
        )


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _sheets(archive: zipfile.ZipFile) -> tuple[datetime, dict[str, str]]:
    """Where serials of days begin, and the part of each visible sheet."""
    targets = {}
    for element in _events(archive, "xl/_rels/workbook.xml.rels"):
        if _local(element) == "Relationship":
            target = element.get("Target", "").removeprefix("/")
            targets[element.get("Id")] = target if target.startswith("xl/") else f"xl/{target}"
    start, sheets = _START_1900, {}
    for element in _events(archive, "xl/workbook.xml"):
        if _local(element) == "workbookPr" and element.get("date1904") in ("1", "true"):
            start = _START_1904
        if _local(element) == "sheet" and element.get("state", "visible") == "visible":
            # The namespace of the link differs between the two kinds of the format.
            link = next((v for name, v in element.items() if name.endswith("}id")), "")
            part = targets.get(link)
            if part and "worksheets/" in part:
                sheets[element.get("name", "")] = part
    if not sheets:
        raise BadInput(
            "the workbook has no visible sheet", code="book_no_rows", field="file", rule="one sheet"
        )
    return start, sheets


def _texts(archive: zipfile.ZipFile) -> list[str]:
    """The shared texts; the reading aids of East Asian texts (rPh) are left out."""
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    found = []
    for element in _events(archive, "xl/sharedStrings.xml"):
        if _local(element) == "si":
            found.append(
                _unescaped(
                    "".join(part.text or "" for part in element.iter() if _local(part) == "t")
                )
            )
            if len(found) > _MOST_TEXTS:
                raise ValueError("there are more texts than a book has cells")
    return found


def _day_styles(archive: zipfile.ZipFile) -> frozenset[str]:
    """The numbers of the cell styles that show a day."""
    if "xl/styles.xml" not in archive.namelist():
        return frozenset()
    formats = set(_DAY_FORMATS)
    found: set[str] = set()
    for element in _events(archive, "xl/styles.xml"):
        if _local(element) == "numFmt" and shows_day(element.get("formatCode", "")):
            formats.add(int(element.get("numFmtId", "0")))
        if _local(element) == "cellXfs":
            kinds = [int(each.get("numFmtId", "0")) for each in element]
            found = {str(number) for number, kind in enumerate(kinds) if kind in formats}
            # A cell without a style has the first.
            found |= {""} if "0" in found else set()
    return frozenset(found)


def shows_day(code: str) -> bool:
    """Whether a number format shows a day: yyyy-mm-dd, d-mmm, yyyy年m月; not 0.00 or [h]:mm."""
    letters = _NOT_CODE.sub("", code.partition(";")[0]).lower()
    return (
        "y" in letters
        or "d" in letters
        or ("m" in letters and "h" not in letters and "s" not in letters)
    )


def _rows(workbook: Workbook, part: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from _either_way(workbook, part)
    except (zipfile.BadZipFile, ParseError, ValueError, IndexError, EOFError, OSError) as wrong:
        raise _damaged(wrong) from None


def _either_way(workbook: Workbook, part: str) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from _fast_rows(workbook, part)
    except _OtherwiseWrittenError as stopped:
        for number, row in _slow_rows(workbook, part):
            if number > stopped.after:
                yield number, row


class _OtherwiseWrittenError(Exception):
    """A piece that the expression does not read wholly; ``after`` is the last row given out."""

    def __init__(self, after: int) -> None:
        self.after = after


def _fast_rows(workbook: Workbook, part: str) -> Iterator[tuple[int, list[str]]]:
    last, rest, unpacked = 0, b"", 0
    with workbook.archive.open(part) as source:
        while piece := source.read(_PIECE):
            unpacked += len(piece)
            if unpacked > MOST_UNPACKED_BYTES:
                raise ValueError("the sheet unpacks to more than it says")
            whole, mark, rest = (rest + piece).rpartition(b"</row>")
            if len(rest) > _LONGEST_ROW_BYTES:
                raise ValueError("a row does not end")
            if not mark:
                continue
            for number, row in _read_piece(workbook, _decoded(whole + mark, last), last):
                yield number, row
                last = number
    if b":row" in rest or b"<row" in rest:
        raise _OtherwiseWrittenError(last)


def _decoded(piece: bytes, last: int) -> str:
    try:
        return piece.decode()
    except UnicodeDecodeError:
        raise _OtherwiseWrittenError(last) from None


def _read_piece(workbook: Workbook, piece: str, last: int) -> Iterator[tuple[int, list[str]]]:
    found = _ROW.findall(piece)
    # A prefix before the names: no row, or no cell, that the expressions would see.
    if not found or ":c " in piece:
        raise _OtherwiseWrittenError(last)
    for attributes, cells in found:
        given = _NUMBER.search(attributes)
        number = int(given[1]) if given else last + 1
        read = _CELL.findall(cells)
        if len(read) != cells.count("<c ") + cells.count("<c>") + cells.count("<c/>"):
            raise _OtherwiseWrittenError(last)
        yield number, _placed(workbook, read)
        last = number


def _placed(workbook: Workbook, cells: list[tuple[str, ...]]) -> list[str]:
    """The texts of one row's cells, each in its column."""
    row: list[str] = []
    days, texts = workbook.days, workbook.texts
    for letters, style, kind, value, inline in cells:
        column = _column(letters)
        if column != len(row):
            row.extend([""] * (column - len(row)))
        if kind == "s":
            row.append(texts[int(value)])
        elif kind == "inlineStr":
            row.append(_unescaped(_plain_text(inline or value)))
        elif (kind in _NUMERIC) and len(value) <= _EXACT_DIGITS and style not in days:
            row.append(value)
        else:
            text = _plain_text(value or inline)
            row.append(_text(workbook, kind, style, text) if text else "")
    return row


def _plain_text(raw: str) -> str:
    return unescape(raw, _ENTITIES) if "&" in raw else raw


def _slow_rows(workbook: Workbook, part: str) -> Iterator[tuple[int, list[str]]]:
    number = 0
    for element in _events(workbook.archive, part):
        if _local(element) != "row":
            continue
        number = int(element.get("r", number + 1))
        row: list[str] = []
        for cell in element:
            place = cell.get("r", "").rstrip("0123456789")
            column = _column(place) if place else len(row)
            row.extend([""] * (column - len(row)))
            parts = [each.text or "" for each in cell.iter() if _local(each) in ("v", "t")]
            kind, style = cell.get("t", ""), cell.get("s", "")
            row.append(_text(workbook, kind, style, "".join(parts)) if parts else "")
        yield number, row


@cache
def _column(letters: str) -> int:
    """The number of a column from 0, by its letters."""
    found = 0
    for letter in letters:
        found = found * _LETTERS + ord(letter) - 64
    return found - 1


def _text(workbook: Workbook, kind: str, style: str, value: str) -> str:
    """What a cell says: a shared or own text, yes or no, a day where its style shows one."""
    if kind == "s":
        return workbook.texts[int(value)]
    if kind in ("inlineStr", "str", "e"):
        return _unescaped(value)
    if kind == "b":
        return "TRUE" if value == "1" else "FALSE"
    if kind == "d":
        return value.partition("T")[0]
    if style in workbook.days:
        return _day(workbook.start, value)
    return _plain_number(value)


def _plain_number(value: str) -> str:
    """A number with the fifteen digits that spreadsheets keep: 0.12, not 0.12000000000000001."""
    if len(value) <= _EXACT_DIGITS:
        return value
    number = float(value)
    if number == int(number) and abs(number) < 1e21:  # noqa: PLR2004 - written out, not as a power
        return str(int(number))
    return f"{number:.15g}"


@lru_cache(maxsize=2**15)
def _day(start: datetime, value: str) -> str:
    serial = float(value)
    if not 0 <= serial <= _LAST_SERIAL:
        return value
    whole = int(serial)
    at = start + timedelta(days=whole, seconds=round((serial - whole) * _DAY_S))
    return at.date().isoformat() if at.time() == _MIDNIGHT else at.isoformat(" ")


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _damaged(wrong: Exception) -> BadInput:
    return BadInput(
        f"the workbook cannot be read ({type(wrong).__name__}); open it and save it again",
        code="book_damaged", field="file", rule="an .xlsx file",
    )  # fmt: skip
