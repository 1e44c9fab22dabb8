"""Many as-of instants a borrower, for training sets: events are packed once, rows as known then.

Rows leave turn by turn: the first instant of every borrower, then the second of those that have
two, and so on. Borrowers with most instants come first, so that each turn is the top of the book.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.drivers.batch import Pace, compute_batch
from tael.variables.kernel.checks import check_instants
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import Sheet
from tael.variables.packing.book import Book
from tael.variables.packing.folder import Account, EventFolder
from tael.variables.plan.plan import Plan

Whole = NDArray[np.int64]
Instants = int | Sequence[int] | Mapping[str, int | Sequence[int]]
RowSink = Callable[[tuple[str, ...], Whole, Sheet], None]
MONTHS = 12
_PACE = Pace()


@dataclass(frozen=True, slots=True, eq=False)
class Looks:
    """Who is looked at as of when; made by `looks_of`.

    Attributes:
        borrowers: ids, those with most instants first.
        instants: of each borrower int64, UTC seconds, rising.
    """

    borrowers: tuple[str, ...]
    instants: tuple[Whole, ...]

    @property
    def rows(self) -> int:
        """How many rows that makes."""
        return sum(each.size for each in self.instants)

    def turns(self) -> Iterator[Whole]:
        """The first instant of each borrower, then the second of each that has two, and so on."""
        for turn in range(max((each.size for each in self.instants), default=0)):
            held = [each[turn] for each in self.instants if each.size > turn]
            yield np.array(held, np.int64)


def looks_of(instants: Instants, borrowers: Sequence[str]) -> Looks:
    """Who of ``borrowers`` is looked at as of when.

    Args:
        instants: UTC seconds, in any order: one or several of everybody, or those of each borrower.
        borrowers: ids, in their order; of a mapping those that are wanted.

    Raises:
        BadInput: there is no instant, one stands twice, or lies outside 1990 to 2038.
    """
    if not isinstance(instants, Mapping):
        every = _rising(instants, "")
        return Looks(tuple(borrowers), tuple(every for _ in borrowers))
    held = [(name, _rising(instants[name], f" of {name}")) for name in borrowers]
    held.sort(key=lambda each: -each[1].size)
    return Looks(tuple(name for name, _ in held), tuple(each for _, each in held))


def compute_backfill(
    plan: Plan, book: Book, looks: Looks, sink: RowSink, pace: Pace = _PACE
) -> None:
    """Compute every row of ``looks``, and hand rows over turn by turn.

    Args:
        plan: what to compute.
        book: the events of the borrowers of ``looks``, in that order, packed once.
        looks: who is looked at as of when.
        sink: called with borrowers, instants and a sheet, which is used again after the call.
        pace: see `compute_batch`.

    Raises:
        BadInput: the book has other borrowers, or as ``compute_batch``.
    """
    if book.borrowers != looks.borrowers:
        raise BadInput("they are not those of the book, in its order", field="looks")
    part = book
    for asof in looks.turns():
        if asof.size < len(part.borrowers):
            part = part.take(0, asof.size)
        compute_batch(plan, part, asof, _handing(looks.borrowers, asof, sink), pace)


@dataclass(frozen=True, slots=True, eq=False)
class FolderRows:
    """Computes rows from shards of a folder of events; each shard is packed once.

    Attributes:
        folder: the events.
        plan: what to compute.
        pace: see `compute_batch`.
    """

    folder: EventFolder
    plan: Plan
    pace: Pace = _PACE

    def run(self, shard: int, looks: Looks, sink: RowSink) -> Account:
        """Compute the rows of a shard and say what became of its events.

        Every row has the bits that it has when only what was known by its instant is packed.
        """
        whole = looks.borrowers == self.folder.borrowers(shard)
        names = None if whole else looks.borrowers
        loaded = self.folder.load(shard, self.plan, names)
        refused = frozenset(name for each in loaded.account.reports for name in each.refused)
        if refused:
            sink = self._as_known_then(shard, refused, sink)
        compute_backfill(self.plan, loaded.book, looks, sink, self.pace)
        return loaded.account

    def _as_known_then(self, shard: int, refused: frozenset[str], sink: RowSink) -> RowSink:
        """A sink that computes rows of ``refused`` anew from what was known by their instants.

        Their amounts exceed the limit in the end; by then they need not yet.
        """

        def take(names: tuple[str, ...], asof: Whole, sheet: Sheet) -> None:
            for row in (row for row, name in enumerate(names) if name in refused):
                when = int(asof[row])
                one = self.folder.load(shard, self.plan, [names[row]], known_by=when).book
                cells = Sheet(sheet.values[row : row + 1], sheet.reasons[row : row + 1])
                run_plan(self.plan, one, asof[row : row + 1], 0, cells)
            sink(names, asof, sheet)

        return take


def shards_of(folder: EventFolder, instants: Instants) -> dict[int, Looks]:
    """The rows of each shard; all instants are looked at before the work begins.

    Raises:
        BadInput: as `looks_of`, or a borrower that is not in the folder.
    """
    if isinstance(instants, Mapping):
        named = folder.shards_of(list(instants))
        return {shard: looks_of(instants, names) for shard, names in named.items()}
    return {shard: looks_of(instants, names) for shard, names in folder.everybody().items()}


def month_starts(first: date, last: date, months: int = 1) -> tuple[int, ...]:
    """The starts of months from ``first`` to ``last``, both included, at 00:00 UTC, as seconds.

    Every ``months`` months: 3 are quarters, from January, April, July and October on.

    Raises:
        BadInput: a year is not divided by so many months, or no start lies between the days.
    """
    if months < 1 or MONTHS % months:
        raise BadInput(f"{months} is given", field="months", rule="a divisor of 12")
    counted = range(first.year * MONTHS, (last.year + 1) * MONTHS, months)
    starts = [date(each // MONTHS, each % MONTHS + 1, 1) for each in counted]
    found = [each for each in starts if first <= each <= last]
    if not found:
        rule = "at least one start of a period between the two days"
        raise BadInput(f"none from {first} to {last}", field="instants", rule=rule)
    return tuple(int(datetime(each.year, each.month, 1, tzinfo=UTC).timestamp()) for each in found)


def _rising(instants: int | Sequence[int], whose: str) -> Whole:
    held = np.unique(np.array(instants, np.int64))
    count = np.size(instants)
    if not held.size:
        raise BadInput(f"no instant{whose}", field="instants", rule="at least one")
    check_instants(held)
    if held.size < count:
        rule = "a borrower is looked at once as of an instant"
        raise BadInput(f"an instant{whose} stands twice", field="instants", rule=rule)
    return held


def _handing(
    borrowers: tuple[str, ...], asof: Whole, sink: RowSink
) -> Callable[[int, Sheet], None]:
    """A sink of a batch that says whose rows they are."""

    def take(first: int, sheet: Sheet) -> None:
        part = slice(first, first + len(sheet.values))
        sink(borrowers[part], asof[part], sheet)

    return take
