"""What one version says otherwise than another: in words, and in the table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tael.report import Words


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two versions differ.

    Attributes:
        text: ``dmn``, ``model``, ``prices``, ``parameters``, ``variables`` or ``cases``.
        place: where in it, in words: ``table tier, rule 3, score`` or
            ``options.as_asked.fee_change``. A rule's number is that of the later version; of a
            rule taken out, of the earlier.
        before: what stood there; None where there was nothing.
        after: what stands there now; None where it was taken out.
    """

    text: str
    place: Words
    before: str | None
    after: str | None

    @property
    def en(self) -> str:
        """The difference as an English sentence."""
        if self.before is None:
            return f"{self.text}: {self.place.en} is new: {self.after}"
        if self.after is None:
            return f"{self.text}: {self.place.en} was taken out: {self.before}"
        return f"{self.text}: {self.place.en} changes from {self.before} to {self.after}"

    @property
    def zh(self) -> str:
        """The difference as a Chinese sentence."""
        if self.before is None:
            return f"{self.text}: 新增 {self.place.zh}: {self.after}"
        if self.after is None:
            return f"{self.text}: 删除 {self.place.zh}: {self.before}"
        return f"{self.text}: {self.place.zh} 由 {self.before} 改为 {self.after}"


class Mark(Enum):
    """What became of a row."""

    SAME = "same"
    CHANGED = "changed"
    NEW = "new"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell before and after; '' where there was or is none."""

    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether it says otherwise now."""
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class TableRow:
    """A rule of a table.

    Attributes:
        mark: what became of it.
        before: its 1-based number then; None of a new one.
        after: its number now; None of one taken out.
        cells: conditions, conclusions, annotations.
    """

    mark: Mark
    before: int | None
    after: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class TableDifference:
    """A decision table that differs.

    Attributes:
        name: of its decision.
        columns: headings, of the later version where it has the table.
        rows: every rule of either version, in the order of the later one.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    def around(self, lines: int = 2) -> tuple[TableRow, ...]:
        """The rows that differ, with so many that do not before and after each."""
        at = [n for n, row in enumerate(self.rows) if row.mark is not Mark.SAME]
        near = {m for n in at for m in range(n - lines, n + lines + 1)}
        return tuple(row for n, row in enumerate(self.rows) if n in near)
