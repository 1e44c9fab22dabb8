"""From rows of cells to columns: titles, blanks, totals and footers are no rows, and are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tael.kernel import BadInput
from tael.policies.books.header import Header, find_header, padded, width_of
from tael.policies.books.model import MOST_PROBLEMS, MOST_ROWS, Note, Problem

if TYPE_CHECKING:
    import pyarrow as pa

_LOOKED_AT = 40
_CHUNK_ROWS = 8_192
_FOOT_ROWS = 12
_FOOT_SHARE = 0.2
_TOTALS_STAND_IN = 3
_NAMED_ROWS = 5
_TOTAL = r"(?i)^(?:(?:总|合|小|累)\s*计|本页(?:合|小)计|(?:grand |sub)?-?totals?|sum)\s*[:：]?$"

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Sheet:
    """A file as read.

    Attributes:
        names: the headings.
        table: a string column of trimmed texts a heading, named by its number from 0.
        rows: int32, where each line stands in the file, from 1, as a spreadsheet shows it.
        notes: what was read, and what was left out as no row.
        problems: rows with more cells than headings: left out too. ``overlong`` is how many.
    """

    names: tuple[str, ...]
    table: pa.Table
    rows: npt.NDArray[np.int32]
    notes: tuple[Note, ...]
    problems: tuple[Problem, ...]
    overlong: int


@dataclass
class _Columns:
    """Rows on their way into columns."""

    width: int
    rows: list[list[str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    chunks: list[list[pa.Array]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    overlong: int = 0
    blank: int = 0


def sheet_of(rows: Iterator[Row], notes: tuple[Note, ...]) -> Sheet:
    """The table in ``rows``.

    Raises:
        BadInput: no heading or no row, one column only, or too many rows or columns.
    """
    first = list(islice(rows, _LOOKED_AT))
    filled = [row for row in first if any(cell.strip() for cell in row[1])]
    header = find_header([cells for _, cells in filled])
    columns = _Columns(len(header.names), chunks=[[] for _ in header.names])
    below = filled[header.bottom :]
    columns.blank = len(first) - len(filled)
    _gather(columns, chain(below, rows))
    table, numbers = _table(columns)
    keep, more = _real_rows(table, numbers)
    if not keep.any():
        raise BadInput(
            "there is no row below the headings", code="book_no_rows", field="file", rule="one row"
        )
    said = [*notes, *_said(filled, header, columns), *more]
    problems = tuple(columns.problems)
    return Sheet(
        header.names, table.filter(keep), numbers[keep], tuple(said), problems, columns.overlong
    )


def _gather(columns: _Columns, rows: Iterable[Row]) -> None:
    total = 0
    for number, cells in rows:
        if not any(cells) or not "".join(cells).strip():
            columns.blank += 1
            continue
        if len(cells) > columns.width and width_of(cells) > columns.width:
            columns.overlong += 1
            if columns.overlong <= MOST_PROBLEMS:
                columns.problems.append(Problem(number, "", "too_many_cells", str(width_of(cells))))
            continue
        total += 1
        if total > MOST_ROWS + _FOOT_ROWS:
            raise _too_many()
        columns.rows.append(cells if len(cells) == columns.width else padded(cells, columns.width))
        columns.numbers.append(number)
        if len(columns.rows) == _CHUNK_ROWS:
            _flush(columns)
    _flush(columns)


def _flush(columns: _Columns) -> None:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only files need it
    import pyarrow.compute as pc  # noqa: PLC0415 - same

    if columns.rows:
        for chunk, cells in zip(columns.chunks, zip(*columns.rows, strict=True), strict=True):
            chunk.append(pc.utf8_trim_whitespace(pa.array(cells, pa.string())))
    columns.rows = []


def _table(columns: _Columns) -> tuple[pa.Table, npt.NDArray[np.int32]]:
    import pyarrow as pa  # noqa: PLC0415 - heavy, and only files need it

    arrays = [pa.chunked_array(chunk, pa.string()) for chunk in columns.chunks]
    names = [str(number) for number in range(columns.width)]
    return pa.table(arrays, names=names), np.array(columns.numbers, dtype=np.int32)


def _real_rows(
    table: pa.Table, numbers: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.bool_], list[Note]]:
    """Which rows are applications: no totals, and no footer such as who made the list."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy, and only files need it

    total = np.zeros(len(table), dtype=bool)
    for column in table.columns[:_TOTALS_STAND_IN]:
        total |= pc.match_substring_regex(column, _TOTAL).to_numpy()
    foot = np.zeros(len(table), dtype=bool)
    tail = table.slice(max(0, len(table) - _FOOT_ROWS)).to_pylist()
    sparse = max(1, int(table.num_columns * _FOOT_SHARE))
    for back, row in enumerate(reversed(tail), start=1):
        at = len(table) - back
        if not total[at] and (at == 0 or sum(bool(cell) for cell in row.values()) > sparse):
            break
        foot[at] = not total[at]
    keep = ~(total | foot)
    if keep.sum() > MOST_ROWS:
        raise _too_many()
    named = (("total_rows", total), ("foot_rows", foot))
    return keep, [_rows_note(code, numbers[rows]) for code, rows in named if rows.any()]


def _said(filled: Sequence[Row], header: Header, columns: _Columns) -> list[Note]:
    notes = []
    if header.top:
        titles = np.array([number for number, _ in filled[: header.top]], dtype=np.int32)
        notes.append(_rows_note("title_rows", titles))
    if header.bottom == header.top:
        notes.append(Note("no_heading"))
    elif header.bottom - header.top > 1:
        rows = np.array(
            [number for number, _ in filled[header.top : header.bottom]], dtype=np.int32
        )
        notes.append(_rows_note("heading_rows", rows))
    if columns.blank:
        notes.append(Note("blank_rows", {"count": str(columns.blank)}))
    return notes


def _rows_note(code: str, numbers: npt.NDArray[np.int32]) -> Note:
    named = ", ".join(str(number) for number in numbers[:_NAMED_ROWS])
    dots = " …" if len(numbers) > _NAMED_ROWS else ""
    return Note(code, {"count": str(len(numbers)), "rows": named + dots})


def _too_many() -> BadInput:
    return BadInput(
        f"the file has more than {MOST_ROWS} rows",
        code="book_too_many_rows", field="file", rule=f"at most {MOST_ROWS} rows",
    )  # fmt: skip
