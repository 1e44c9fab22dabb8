"""What became of every row of an event table: nothing leaves without a reason that is counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

EXAMPLES = 5


class Fate(IntEnum):
    """The one reason a row has; the smaller of two faults is the one that is named."""

    KEPT = 0
    VOID = 1  # it closes the version before it and is no event
    DUPLICATE = 2  # the same row was there already
    NEVER_VISIBLE = 3  # replaced within the second in which it became known
    LEFT_OUT = 4  # its subject was not asked for, or has no link to one that was
    MISSING_VALUE = 10
    TIME_OUT_OF_RANGE = 11
    KNOWN_BEFORE_EVENT = 12
    CODE_OUTSIDE_LIST = 13
    AMOUNT_BEYOND_LIMIT = 14
    CONFLICTING_VERSIONS = 20
    VERSION_OUT_OF_ORDER = 21
    TOTAL_BEYOND_LIMIT = 30


FIRST_FAULT = Fate.MISSING_VALUE
_TOLD = {
    Fate.MISSING_VALUE: "there is no value",
    Fate.TIME_OUT_OF_RANGE: "the instant lies outside 1990 to 2038",
    Fate.KNOWN_BEFORE_EVENT: "it was known before it happened",
    Fate.CODE_OUTSIDE_LIST: "the definition does not list this code",
    Fate.AMOUNT_BEYOND_LIMIT: "the amount lies beyond 10^12",
    Fate.CONFLICTING_VERSIONS: "rows of one id and known time differ, and nothing says which holds",
    Fate.VERSION_OUT_OF_ORDER: "a higher version was known before, or it lies outside 0 to 10^6",
    Fate.TOTAL_BEYOND_LIMIT: "the amounts of the borrower add up beyond 5·10^14",
}


def told_of(rule: str) -> str:
    """What a fault's ``rule`` says, in words."""
    return _TOLD[Fate[rule.upper()]]


@dataclass(frozen=True, slots=True)
class Example:
    """One faulty row: its place in the table, counted from 1, and the value at fault as text."""

    row: int
    value: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that rows broke: which, in which column, how many, and up to five of them."""

    rule: str
    field: str
    count: int
    examples: tuple[Example, ...]


class Fates:
    """The fate and the field at fault of each of ``rows`` rows; a fault once named stays."""

    def __init__(self, rows: int, fields: tuple[str, ...]) -> None:
        self.fields = fields
        self.fate = np.zeros(rows, np.uint8)
        self.field = np.zeros(rows, np.int16)

    def mark(self, rows: NDArray[np.bool_] | NDArray[np.int64], fate: Fate, field: str) -> None:
        """Give ``rows`` (a mask, or row numbers from 0) a fate, where they have none yet."""
        places = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        places = places[self.fate[places] == Fate.KEPT]
        self.fate[places] = fate
        self.field[places] = self.fields.index(field)

    def kept(self) -> NDArray[np.int64]:
        """Numbers of the rows without a fate so far, ascending, from 0."""
        return np.flatnonzero(self.fate == Fate.KEPT)

    def counts(self) -> dict[str, int]:
        """Rows by fate, in lower case; the counts add up to the rows of the table."""
        numbers = np.bincount(self.fate, minlength=max(Fate) + 1)
        return {fate.name.lower(): int(numbers[fate]) for fate in Fate}

    def faults(self, table: pa.Table) -> tuple[Fault, ...]:
        """The rules broken, most urgent first, with examples out of ``table``."""
        faulty = np.flatnonzero(self.fate >= FIRST_FAULT)
        kind = self.fate[faulty].astype(np.int64) * len(self.fields) + self.field[faulty]
        return tuple(self._fault(table, faulty[kind == one]) for one in np.unique(kind))

    def _fault(self, table: pa.Table, rows: NDArray[np.int64]) -> Fault:
        field = self.fields[self.field[rows[0]]]
        values = table[field].take(rows[:EXAMPLES]) if field in table.column_names else ()
        texts = [str(value) for value in values] or [""] * min(len(rows), EXAMPLES)
        examples = tuple(
            Example(int(row) + 1, text) for row, text in zip(rows, texts, strict=False)
        )
        return Fault(Fate(self.fate[rows[0]]).name.lower(), field, len(rows), examples)

    def quarantine(self, table: pa.Table) -> pa.Table:
        """Faulty rows of ``table`` as they came, with columns ``fault_row``, ``_rule``, ``_field``.

        ``fault_row`` counts from 1.
        """
        import pyarrow as pa  # noqa: PLC0415 - an extra, and slow to load

        rows = np.flatnonzero(self.fate >= FIRST_FAULT)
        rules = [Fate(fate).name.lower() for fate in self.fate[rows]]
        fields = [self.fields[field] for field in self.field[rows]]
        told = table.take(pa.array(rows, pa.int64()))
        told = told.append_column("fault_row", pa.array(rows + 1, pa.int64()))
        told = told.append_column("fault_rule", pa.array(rules, pa.string()))
        return told.append_column("fault_field", pa.array(fields, pa.string()))
