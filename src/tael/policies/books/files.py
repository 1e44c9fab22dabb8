"""Which kind of file was uploaded, by its first bytes; other kinds are refused by name."""

from __future__ import annotations

import zipfile
from typing import IO

from tael.kernel import BadInput
from tael.policies.books import delimited, workbook
from tael.policies.books.grid import Sheet, sheet_of
from tael.policies.books.model import MOST_BYTES

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP, _EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"
_PAGES = (
    b"<html",
    b"<!doctype html",
    b"<table",
    b"<?xml",
    b"mime-version",
    b"{\\rtf",
    b"%pdf",
    b"\x89png",
)
_HEAD = 2_048


def read_file(file: IO[bytes]) -> Sheet:
    """The table in an ``.xlsx`` or text file, its columns as texts.

    Raises:
        BadInput: empty, too large, of a kind that is not read (the advice says what to do), without
            a table in it, or with more rows or columns than a book has.
    """
    size = file.seek(0, 2)
    file.seek(0)
    if size > MOST_BYTES:
        raise BadInput(
            f"the file has {size // 2**20} MiB",
            code="too_large", field="file", rule=f"at most {MOST_BYTES // 2**20} MiB",
        )  # fmt: skip
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise BadInput("the file is empty", code="book_empty", field="file", rule="rows")
    if head.startswith((_ZIP, _EMPTY_ZIP)):
        _refuse_other_archives(file)
        rows, notes = workbook.rows_of(file)
    else:
        _refuse_other_kinds(head, file)
        rows, notes = delimited.rows_of(file.read())
    return sheet_of(rows, notes)


def _refuse_other_archives(file: IO[bytes]) -> None:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise BadInput(
            "the workbook is damaged: it ends too early",
            code="book_damaged", field="file", rule="an .xlsx file",
        ) from None  # fmt: skip
    file.seek(0)
    if not any(name.startswith("xl/") for name in names):
        raise BadInput(
            "this is no Excel workbook (perhaps .ods, .docx or .zip); save it as .xlsx or CSV",
            code="book_other_kind", field="file", rule=".xlsx or .csv",
        )  # fmt: skip


def _refuse_other_kinds(head: bytes, file: IO[bytes]) -> None:
    if head.startswith(_OLD_OFFICE):
        whole = file.read()
        file.seek(0)
        if _ENCRYPTED in whole:
            raise BadInput(
                "the workbook is protected by a password; save it without one",
                code="book_encrypted", field="file", rule="no password",
            )  # fmt: skip
        raise BadInput(
            "this is an old Excel file (.xls); open it and save it as .xlsx or CSV UTF-8",
            code="book_old_excel", field="file", rule=".xlsx or .csv",
        )  # fmt: skip
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_PAGES):
        raise BadInput(
            "this is a page or document under a spreadsheet's name; open it and save it as .xlsx",
            code="book_other_kind", field="file", rule=".xlsx or .csv",
        )  # fmt: skip
