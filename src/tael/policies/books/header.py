"""Where the headings of a table stand among its first rows, and what its columns are called."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tael.kernel import BadInput
from tael.policies.books import values
from tael.policies.books.model import MOST_COLUMNS

_MOST_HEADING_ROWS = 3
_FEWEST_COLUMNS = 2
_LEAST_WIDE = 0.5
_LETTERS = 26
_BLANKS = re.compile(r"\s+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Header:
    """Where headings stand among the first filled rows, ``[top, bottom)``, and their names.

    The rows before ``top`` are titles. Without a row of headings ``top`` and ``bottom`` are equal
    and the columns are called A, B, C.
    """

    top: int
    bottom: int
    names: tuple[str, ...]


def find_header(first: Sequence[Sequence[str]]) -> Header:
    """The headings of ``first``, rows that are not blank: texts above the first row of values.

    Several rows make one: a group's name stands over its columns and goes before a name that would
    otherwise be there twice; a blank below a name is part of it.

    Raises:
        BadInput: fewer than two columns are filled, or more than a book has.
    """
    width = max((width_of(row) for row in first), default=0)
    if width < _FEWEST_COLUMNS:
        raise BadInput(
            "there is no table in the file: fewer than two columns are filled",
            code="book_empty", field="file", rule="a heading row and rows below it",
        )  # fmt: skip
    rows = [padded(row, width) for row in first]
    top, bottom = _place(rows)
    # A row with a cell too many is that row's fault; where half have one, a heading is missing.
    below = sorted(width_of(row) for row in rows[bottom:]) or [0]
    used = max(below[len(below) // 2], *(width_of(row) for row in rows[top : bottom or 1]))
    if used > MOST_COLUMNS:
        raise BadInput(
            f"the file has {used} columns",
            code="book_too_many_columns", field="file", rule=f"at most {MOST_COLUMNS} columns",
        )  # fmt: skip
    names = _joined([row[:used] for row in rows[top:bottom]]) if bottom > top else [""] * used
    return Header(top, bottom, _unique(names))


def width_of(row: Sequence[str]) -> int:
    """How many cells ``row`` has up to its last filled one."""
    return next((at + 1 for at in range(len(row) - 1, -1, -1) if row[at].strip()), 0)


def padded(row: Sequence[str], width: int) -> list[str]:
    """``row`` with exactly ``width`` cells."""
    return [*row[:width], *[""] * (width - len(row))]


def _place(rows: Sequence[list[str]]) -> tuple[int, int]:
    """Top and bottom of the headings: the first row mostly filled, and those that go with it."""
    top = next((at for at, row in enumerate(rows) if _filled(row) > _LEAST_WIDE * len(row)), 0)
    if _holds_values(rows[top]):
        return top, top
    bottom = top + 1
    while bottom < len(rows) and bottom - top < _MOST_HEADING_ROWS:
        if _holds_values(rows[bottom]) or not _completes(rows[bottom - 1], rows[bottom]):
            break
        bottom += 1
    while top > 0 and bottom - top < _MOST_HEADING_ROWS and _is_group(rows[top - 1], rows[top]):
        top -= 1
    return top, bottom


def _completes(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether ``lower`` has headings where ``upper``, of groups, has none."""
    return any(new.strip() and not old.strip() for old, new in zip(upper, lower, strict=True))


def _filled(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _holds_values(row: Sequence[str]) -> bool:
    """Whether a row holds figures or days, so that it cannot be a heading."""
    return any(_is_value(cell) for cell in row)


def _is_value(text: str) -> bool:
    digits = any(letter.isdigit() for letter in text)
    return digits and (values.number(text) is not None or values.day(text, "dmy") is not None)


def _is_group(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Whether ``upper`` holds names of groups or the upper halves of headings, not a title.

    A title is one text over headings that are all there.
    """
    if not _filled(upper) or _holds_values(upper):
        return False
    return _filled(upper) > 1 or not all(cell.strip() for cell in lower)


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """One name a column: the lowest that is filled, after its group where it is there twice."""
    lowest = [_lowest(column) for column in zip(*rows, strict=True)]
    if len(rows) == 1:
        return lowest
    groups, group = [], ""
    for upper, name in zip(rows[0], lowest, strict=True):
        group = _tidy(upper) or group
        groups.append(group if group != name else "")
    twice = {name for name in lowest if lowest.count(name) > 1}
    return [
        f"{group} {name}" if name in twice and group else name
        for group, name in zip(groups, lowest, strict=True)
    ]


def _lowest(column: Sequence[str]) -> str:
    return next((_tidy(cell) for cell in reversed(column) if cell.strip()), "")


def _tidy(text: str) -> str:
    return _BLANKS.sub(" ", text).strip()[:_LONGEST_NAME]


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Every column with a name of its own: its letter where it has none, a number where twice."""
    found: list[str] = []
    for column, name in enumerate(names):
        wanted = name or _letters(column)
        number, given = 2, wanted
        while given in found:
            given, number = f"{wanted} ({number})", number + 1
        found.append(given)
    return tuple(found)


def _letters(column: int) -> str:
    """A, B, … Z, AA: what a spreadsheet calls a column."""
    text, rest = "", column + 1
    while rest:
        rest, digit = divmod(rest - 1, _LETTERS)
        text = chr(65 + digit) + text
    return text
