"""Variables from groups of events: what an engine groups by cell, arithmetic turns into values.

One borrower's or many borrowers' at once, which takes a fraction of the time for each.

A leaf is a combination of codes of one slot, a cell a leaf and an age: in which of the windows an
event lies first. Every window variable is made of cells: numbers and sums of them, the least, the
most. So one GROUP BY of a few hundred rows does instead of 76 filtered aggregates; numpy adds up.
numpy alone: the peers' environment has no Tael.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Floats = np.ndarray[Any, np.dtype[np.float64]]
Whole = np.ndarray[Any, np.dtype[np.int64]]
_DAY = 86_400.0
_COUNTED = frozenset({"n", "share_count", "velocity"})
_APART = frozenset({"distinct", "std", "cv"})


class Groups(NamedTuple):
    """What was found of each borrower's cells that hold an event; P of them, sorted by borrower.

    Attributes:
        borrowers: how many borrowers there are.
        who: int64[P], whose cell it is.
        cell: int64[P], its number.
        n: events.
        sums: one float64[P] a measure.
        least: the same, the smallest amount.
        most: the largest.
        last: the first measure of the newest event.
        young: seconds of age of the newest event.
        old: seconds of age of the oldest event.
        apart: what is not made of cells: a float64[borrowers] for each of `Layout.apart`.
    """

    borrowers: int
    who: Whole
    cell: Whole
    n: Floats
    sums: tuple[Floats, Floats]
    least: Floats
    most: tuple[Floats, Floats]
    last: Floats
    young: Floats
    old: Floats
    apart: list[Floats]


class Apart(NamedTuple):
    """Distinct keys or a deviation: not made of cells, or not without losing digits.

    ``column`` is that of the result, ``window_s`` None is ever.
    """

    column: int
    aggregate: str
    leaves: tuple[int, ...]
    window_s: int | None
    measure: int


class Layout:
    """Leaves, cells and which of them each variable is made of.

    Args:
        folder: a workload's.
    """

    def __init__(self, folder: Path) -> None:
        self.spec: dict[str, Any] = json.loads((folder / "spec.json").read_text("utf-8"))
        self.names: list[str] = self.spec["names"]
        variables = self.spec["variables"]
        windows = {each[name] for each in variables for name in ("window_s", "longer_s")}
        self.windows: list[int] = sorted(each for each in windows if each is not None)
        self.ages = len(self.windows) + 1
        self._lay_leaves()
        self.cells = self.leaves * self.ages
        self.apart = [
            Apart(column, each["aggregate"], self.leaves_of(each["slot"], each["filter"]),
                  each["window_s"], self.measure(each))
            for column, each in enumerate(variables) if each["aggregate"] in _APART
        ]  # fmt: skip
        self._lay_sums()
        self._lay_rest()

    def _lay_leaves(self) -> None:
        """Number the combinations of codes that filters tell apart, slot after slot."""
        self.slots: dict[str, dict[str, Any]] = {}
        self.leaves = 0
        self.leaves_by_slot: list[int] = []
        for slot, columns in self.spec["slots"].items():
            sizes = [self.spec["sizes"][slot][name] for name in columns["codes"]]
            self.slots[slot] = {**columns, "sizes": sizes, "first": self.leaves}
            self.leaves_by_slot.append(int(np.prod(sizes, dtype=int)))
            self.leaves += self.leaves_by_slot[-1]

    def leaf_of(self, slot: str, codes: list[np.ndarray], rows: int) -> np.ndarray:
        """uint16[rows]: the leaf of each event of a slot by its codes."""
        told = self.slots[slot]
        number = np.zeros(rows, np.int64)
        for size, values in zip(told["sizes"], codes, strict=True):
            number = number * size + values
        return (number + told["first"]).astype(np.uint16)

    def leaves_of(self, slot: str, asked: dict[str, list[int]]) -> tuple[int, ...]:
        told = self.slots[slot]
        ranges = [range(size) for size in told["sizes"]]
        found = []
        for place, codes in enumerate(product(*ranges)):
            each = dict(zip(told["codes"], codes, strict=True))
            if all(each[name] in values for name, values in asked.items()):
                found.append(told["first"] + place)
        return tuple(found)

    def _cells_of(self, slot: str, asked: dict[str, list[int]], window_s: int | None) -> Floats:
        """1 for the cells of a filter and window, 0 for the others."""
        held = self.ages if window_s is None else self.windows.index(window_s) + 1
        found = np.zeros(self.cells)
        for leaf in self.leaves_of(slot, asked):
            found[leaf * self.ages : leaf * self.ages + held] = 1
        return found

    def measure(self, each: dict[str, Any]) -> int:
        measures = self.slots[each["slot"]]["measures"]
        return measures.index(each["column"]) if each["column"] in measures else 0

    def _lay_sums(self) -> None:
        """Numbers and sums: rows of `weights` by cell, and which of them each variable divides."""
        self._lines: dict[tuple[str, bytes], int] = {}
        rows: list[tuple[str, Floats]] = []

        def line(kind: str, cells: Floats) -> int:
            key = (kind, cells.tobytes())
            if key not in self._lines:
                self._lines[key] = len(rows)
                rows.append((kind, cells))
            return self._lines[key]

        plain, parts, wholes, divided = [], [], [], []
        for column, each in enumerate(self.spec["variables"]):
            aggregate, slot = each["aggregate"], each["slot"]
            kind = "n" if aggregate in _COUNTED else f"m{self.measure(each)}"
            mine = self._cells_of(slot, each["filter"], each["window_s"])
            if aggregate in {"n", "sum"}:
                plain.append((column, line(kind, mine)))
            elif aggregate in {"mean", "share_amount", "share_count", "velocity"}:
                whole = {"velocity": (each["filter"], each["longer_s"])}.get(
                    aggregate, (each["base"] or {}, each["window_s"]))  # fmt: skip
                below = line("n", mine) if aggregate == "mean" else line(
                    kind, self._cells_of(slot, *whole))  # fmt: skip
                divided.append(column)
                parts.append(line(kind, mine))
                wholes.append(below)
        order = sorted(range(len(rows)), key=lambda place: ("n", "m0", "m1").index(rows[place][0]))
        moved = {old: new for new, old in enumerate(order)}
        kinds = [rows[place][0] for place in order]
        self._ends = [kinds.count("n"), kinds.count("n") + kinds.count("m0"), len(kinds)]
        # One row a cell: the few cells that a borrower has are taken at once.
        self._weights = np.ascontiguousarray(np.stack([rows[place][1] for place in order], axis=1))
        self._plain = np.array([column for column, _ in plain])
        self._plain_lines = np.array([moved[old] for _, old in plain])
        self._divided = np.array(divided)
        self._parts = np.array([moved[old] for old in parts])
        self._wholes = np.array([moved[old] for old in wholes])

    def _lay_rest(self) -> None:
        """The variables that look at the least, the most or the newest."""
        self._picked: list[tuple[int, str, int, np.ndarray]] = []
        for column, each in enumerate(self.spec["variables"]):
            aggregate = each["aggregate"]
            if aggregate in {"min", "max", "last", "days_since_last", "days_since_first"}:
                mine = self._cells_of(each["slot"], each["filter"], each["window_s"])
                self._picked.append((column, aggregate, self.measure(each), mine > 0))

    def values(self, groups: Groups) -> Floats:
        """float64[borrowers, variables], NaN where there is no value."""
        out = np.full((groups.borrowers, len(self.names)), np.nan)
        sums = self._sums(groups)
        out[:, self._plain] = sums[:, self._plain_lines]
        with np.errstate(invalid="ignore", divide="ignore"):
            out[:, self._divided] = sums[:, self._parts] / sums[:, self._wholes]
        for each, found in zip(self.apart, groups.apart, strict=True):
            out[:, each.column] = found
        for column, aggregate, measure, cells in self._picked:
            mine = np.flatnonzero(cells[groups.cell])
            if mine.size:
                borrowers, found = _picked(groups, aggregate, measure, mine)
                out[borrowers, column] = found
        return out

    def _sums(self, groups: Groups) -> Floats:
        found = np.zeros((groups.borrowers, self._ends[-1]))
        if groups.who.size:
            weights = self._weights[groups.cell]
            counts, first, _ = self._ends
            weights[:, :counts] *= groups.n[:, None]
            weights[:, counts:first] *= groups.sums[0][:, None]
            weights[:, first:] *= groups.sums[1][:, None]
            begins = _begins(groups.who)
            found[groups.who[begins]] = np.add.reduceat(weights, begins)
        return found


def _begins(who: Whole) -> Whole:
    """Where the rows of each borrower begin."""
    return np.flatnonzero(np.diff(who, prepend=-1))


def deviation(amounts: np.ndarray[Any, np.dtype[np.int64]], aggregate: str) -> float:
    """Standard deviation, or its ratio to the mean's size; NaN of one amount or none."""
    if len(amounts) < 2:  # noqa: PLR2004 - one has no deviation
        return np.nan
    found = float(amounts.std(ddof=1))
    if aggregate == "std":
        return found
    mean = abs(float(amounts.mean()))
    return found / mean if mean else np.nan


def _picked(groups: Groups, aggregate: str, measure: int, mine: Whole) -> tuple[Whole, Floats]:
    """Borrowers and their values, from the rows ``mine`` of some cells."""
    if aggregate == "last":
        mine = mine[np.lexsort((groups.young[mine], groups.who[mine]))]
    who = groups.who[mine]
    begins = _begins(who)
    borrowers = who[begins]
    if aggregate == "last":
        return borrowers, groups.last[mine][begins]
    if aggregate == "days_since_last":
        return borrowers, np.minimum.reduceat(groups.young[mine], begins) / _DAY
    if aggregate == "days_since_first":
        return borrowers, np.maximum.reduceat(groups.old[mine], begins) / _DAY
    if aggregate == "min":
        return borrowers, np.minimum.reduceat(groups.least[mine], begins)
    return borrowers, np.maximum.reduceat(groups.most[measure][mine], begins)
