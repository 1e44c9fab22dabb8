"""Text files with a separator: which encoding, which separator, and what that rests on."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tael.kernel import BadInput
from tael.policies.books.model import Note

SEPARATORS = (",", ";", "\t", "|")
_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_LOOKED_AT = 60
_LONGEST_CELL = 20_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Characters of GB 2312's first level, in everyday use, have these first bytes in GB 18030.
_EVERYDAY = range(0xB0, 0xD8)
_LEAST_EVERYDAY = 0.6
_ASCII = 0x80
# Western texts have few accents; what has more is of an encoding that is not known here.
_SAMPLE, _MOST_ACCENTS = 65_536, 0.15
_NUL_SHARE = 0.2
_HINT = "sep="


@dataclass(frozen=True, slots=True)
class Decoded:
    """A text file as text: its encoding and what tells so (``evidence``, a code of a note)."""

    text: str
    encoding: str
    evidence: str


def rows_of(data: bytes) -> tuple[Iterator[tuple[int, list[str]]], tuple[Note, ...]]:
    """The rows of a text file, numbered by the line they begin on, and how it was read.

    Raises:
        BadInput: an encoding that cannot be told, no separator, quotes that never end.
    """
    decoded = decode(data)
    text, hinted = _without_hint(decoded.text)
    separator = hinted or separator_of(text)
    notes = (
        Note("encoding", {"encoding": decoded.encoding, "evidence": decoded.evidence}),
        Note("separator", {"separator": _NAMES.get(separator, separator)}),
    )
    return _rows(text, separator, first=2 if hinted else 1), notes


def decode(data: bytes) -> Decoded:
    """``data`` as text: by its byte order mark, as UTF-8, as UTF-16 by its zeros, as GB 18030.

    Raises:
        BadInput: none of them.
    """
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return Decoded(_strict(data, encoding), encoding.removesuffix("-sig"), "mark")
    if b"\0" in data[:4096]:
        even, odd = data[:4096:2].count(0), data[1:4096:2].count(0)
        if max(even, odd) < _NUL_SHARE * len(data[:4096]) / 2:
            raise _unknown()
        encoding = "utf-16-le" if odd > even else "utf-16-be"
        return Decoded(_strict(data, encoding), encoding, "zeros")
    try:
        return Decoded(data.decode("utf-8"), "utf-8", "valid")
    except UnicodeDecodeError:
        pass
    if everyday_share(data) >= _LEAST_EVERYDAY:
        return Decoded(_strict(data, "gb18030"), "gb18030", "everyday")
    if sum(byte >= _ASCII for byte in data[:_SAMPLE]) > _MOST_ACCENTS * len(data[:_SAMPLE]):
        raise _unknown()
    try:
        return Decoded(data.decode("cp1252"), "windows-1252", "western")
    except UnicodeDecodeError:
        raise _unknown() from None


def everyday_share(data: bytes) -> float:
    """Of the pairs that GB 18030 would see in ``data``, the share of characters in everyday use."""
    seen = everyday = 0
    at, end = 0, min(len(data) - 1, 200_000)
    while at < end:
        if data[at] < _ASCII:
            at += 1
            continue
        seen += 1
        everyday += data[at] in _EVERYDAY and data[at + 1] > 0xA0  # noqa: PLR2004 - GB 2312's rows
        at += 2
    return everyday / seen if seen else 0.0


def separator_of(text: str) -> str:
    """The separator under which the first lines have the most cells, as many in each.

    Raises:
        BadInput: none of the four makes two columns.
    """
    best, best_rank = "", (0.0, 0.0)
    for separator in SEPARATORS:
        counts = Counter(len(row) for _, row in _first(text, separator) if len(row) > 1)
        if not counts:
            continue
        width, same = max(counts.items(), key=lambda item: (item[1] * item[0], item[0]))
        share = same / max(1, sum(1 for _, row in _first(text, separator) if any(row)))
        if (share, width) > best_rank and width > 1:
            best, best_rank = separator, (round(share, 1), width)
    if not best:
        raise BadInput(
            "the file has one column only: no comma, semicolon, tab or bar separates its cells",
            code="book_no_separator", field="file", rule="cells separated by , ; tab or |",
        )  # fmt: skip
    return best


def _first(text: str, separator: str) -> Sequence[tuple[int, list[str]]]:
    head = "".join(io.StringIO(text[:200_000], newline="").readlines()[:_LOOKED_AT])
    found = []
    try:
        for row in _rows(head, separator, first=1):
            found.append(row)  # noqa: PERF402 - what was read before the fault counts
    except BadInput:
        return found
    return found


def _rows(text: str, separator: str, *, first: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    number = first
    while True:
        try:
            row = next(reader, None)
        except csv.Error as wrong:
            raise BadInput(
                f"the line cannot be read: {wrong}",
                code="book_bad_line", field="file", row=number, rule="quotes end where they began",
            ) from None  # fmt: skip
        if row is None:
            return
        if any(len(cell) > _LONGEST_CELL for cell in row):
            raise BadInput(
                "a cell is longer than any cell of a book: a quotation mark is open",
                code="book_bad_line", field="file", row=number, rule="quotes end where they began",
            )  # fmt: skip
        yield number, row
        number = first + reader.line_num


def _without_hint(text: str) -> tuple[str, str]:
    """``text`` without the first line ``sep=;`` that spreadsheets write for each other."""
    head, _, rest = text.partition("\n")
    hint = head.strip().lower()
    if hint.startswith(_HINT) and len(hint) == len(_HINT) + 1:
        return rest, hint[-1]
    return text, ""


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = wrong.object.count(b"\n", 0, wrong.start) + 1
        raise BadInput(
            f"the file begins as {encoding} and is not: byte {wrong.start} cannot be read",
            code="book_bad_bytes", field="file", row=line, rule=f"{encoding} throughout",
        ) from None  # fmt: skip


def _unknown() -> BadInput:
    return BadInput(
        "the encoding of the file cannot be told; save it as CSV UTF-8 or as .xlsx",
        code="book_encoding", field="file", rule="UTF-8, UTF-16 or GB 18030",
    )  # fmt: skip
