"""The running nets of a store in memory: by account and cell, so that no balance needs a scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from tael.ledger.model import (
    DIMENSIONS,
    BalanceQuery,
    BalanceRow,
    Basis,
    Dimensions,
    Entry,
)

_WHOLE = frozenset({"owner", "currency"})
_NO_DIMENSIONS = Dimensions()

Deltas = dict[tuple[str, int], int]
"""Debits minus credits, in minor units, by account and number of the cell."""


class Cell(NamedTuple):
    """Where amounts of one account may be added up without losing anything that is asked for."""

    owner: str
    currency: str
    basis: Basis
    dimensions: Dimensions

    def matches(self, where: Mapping[str, str]) -> bool:
        return all(self.value(name) == value for name, value in where.items())

    def value(self, name: str) -> str:
        holder = self.dimensions if name in DIMENSIONS else self
        return str(getattr(holder, name))


class Cells:
    """Nets (debits minus credits, minor units) by account and cell; cells are numbered once."""

    def __init__(self) -> None:
        self._numbers: dict[Cell, int] = {}
        self._cells: list[Cell] = []
        self._wholes: list[int] = []
        self._of_loan: dict[str, list[int]] = {}
        self._nets: dict[str, dict[int, int]] = {}
        self._totals: dict[str, dict[int, int]] = {}

    def deltas(self, entries: Iterable[Entry]) -> Deltas:
        """What ``entries`` would add, by account and cell."""
        result: Deltas = {}
        for entry in entries:
            number = self._number(entry)
            for line in entry.postings:
                place = (line.account, number)
                result[place] = result.get(place, 0) + line.side.sign * line.amount.minor
        return result

    def add(self, deltas: Deltas) -> None:
        for (account, number), minor in deltas.items():
            nets = self._nets.setdefault(account, {})
            nets[number] = nets.get(number, 0) + minor
            whole = self._wholes[number]
            totals = self._totals.setdefault(account, {})
            totals[whole] = totals.get(whole, 0) + minor

    def cell(self, number: int) -> Cell:
        return self._cells[number]

    def net(self, account: str, where: Mapping[str, str], basis: Basis) -> int:
        """The net of one account and basis over the cells that match ``where``."""
        return sum(
            minor
            for cell, minor in self._of(account, where.keys(), where)
            if cell.basis is basis and cell.matches(where)
        )

    def loan_nets(self, account: str, like: Cell) -> dict[Basis, int]:
        """The nets by basis of ``like``'s loan, owner and currency."""
        nets = self._nets.get(account, {})
        sums = dict.fromkeys(Basis, 0)
        for number in self._of_loan.get(like.dimensions.loan, ()):
            cell = self._cells[number]
            if cell.owner == like.owner and cell.currency == like.currency:
                sums[cell.basis] += nets.get(number, 0)
        return sums

    def rows(self, query: BalanceQuery) -> Iterator[tuple[BalanceRow, int]]:
        """The present net of each cell that ``query`` selects, whatever its days."""
        named = {*query.where, *query.group_by}
        for account in query.accounts or tuple(self._nets):
            if query.book and not account.startswith(query.book):
                continue
            for cell, minor in self._of(account, named, query.where):
                if minor and cell.matches(query.where):
                    yield row_of(account, cell, query.group_by), minor

    def _of(
        self, account: str, named: AbstractSet[str], where: Mapping[str, str]
    ) -> Iterable[tuple[Cell, int]]:
        """Cells of ``account`` with their nets, no finer than the ``named`` parts ask for."""
        whole = named <= _WHOLE
        nets = (self._totals if whole else self._nets).get(account, {})
        numbers = self._of_loan.get(where["loan"], ()) if "loan" in where else tuple(nets)
        return ((self._cells[number], nets.get(number, 0)) for number in numbers)

    def _number(self, entry: Entry) -> int:
        cell = Cell(entry.owner, entry.currency, entry.basis, entry.dimensions)
        number = self._numbers.get(cell)
        return self._add_cell(cell) if number is None else number

    def _add_cell(self, cell: Cell) -> int:
        number = self._numbers[cell] = len(self._cells)
        self._cells.append(cell)
        self._of_loan.setdefault(cell.dimensions.loan, []).append(number)
        # Every cell belongs to the whole that tells no dimensions apart; a whole to itself.
        whole = cell._replace(dimensions=_NO_DIMENSIONS)
        self._wholes.append(number)
        if whole != cell:
            known = self._numbers.get(whole)
            self._wholes[number] = self._add_cell(whole) if known is None else known
        return number


def row_of(account: str, cell: Cell, group_by: tuple[str, ...]) -> BalanceRow:
    """An empty row of ``cell``'s group."""
    group = tuple(cell.value(name) for name in group_by)
    return BalanceRow(account, cell.owner, cell.currency, cell.basis, group, 0)


def added_up(parts: Iterable[tuple[BalanceRow, int]]) -> list[BalanceRow]:
    """The parts of equal rows as one row each, sorted, without those of zero."""
    sums: dict[tuple[str, str, str, Basis, tuple[str, ...]], int] = {}
    for row, minor in parts:
        place = (row.account, row.owner, row.currency, row.basis, row.group)
        sums[place] = sums.get(place, 0) + minor
    rows = [BalanceRow(*place, minor) for place, minor in sums.items() if minor]
    return sorted(rows, key=lambda r: (r.account, r.owner, r.currency, r.basis.value, r.group))
