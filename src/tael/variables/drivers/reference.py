"""What the values of firms were: the distributions that percentiles are read from, of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.definitions.expand import expand
from tael.variables.definitions.model import Definitions
from tael.variables.definitions.operations import SUBJECTS
from tael.variables.drivers.batch import compute_batch
from tael.variables.kernel.peers import make_peers
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.packing.book import UNKNOWN_GROUP, Book
from tael.variables.packing.folder import EventFolder
from tael.variables.plan.compiler import compile_plan
from tael.variables.plan.peers import PeersPlan, PeerTable, join_tables
from tael.variables.plan.plan import Plan

DAY_S = 86_400
ACTIVE_S = 365 * DAY_S
_OWN = f"{SUBJECTS['enterprise'][0]}."


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Values, reasons and groups as of one instant, shard by shard."""

    values: list[NDArray[np.float64]] = field(default_factory=list)
    reasons: list[NDArray[np.uint8]] = field(default_factory=list)
    groups: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, sheet: Sheet, groups: NDArray[np.int64]) -> None:
        self.values.append(sheet.values)
        self.reasons.append(sheet.reasons)
        self.groups.append(groups)

    def table(self, known_at: int, names: tuple[str, ...]) -> PeerTable:
        sheet = Sheet(np.concatenate(self.values), np.concatenate(self.reasons))
        plan = PeersPlan(tuple(range(len(names))))
        return make_peers(plan, sheet, np.concatenate(self.groups), known_at, names)


def peers_of_folder(
    directory: Path,
    definitions: Definitions,
    plan: Plan,
    instants: Sequence[int],
    delay_s: int = DAY_S,
) -> PeerTable:
    """The distributions of the firms of a folder as of some instants, for a plan's percentiles.

    A firm is among its peers as of an instant when an event of its own happened in the 365 days
    before and was known by then: one not yet opened or long closed would only add zeros. Memory is
    a shard of events, and 9 bytes a firm, instant and percentile.

    Args:
        directory: the folder, see ``load_book``.
        definitions: those that ``plan`` was compiled from.
        plan: whose percentiles are to be read; only what they place is computed.
        instants: UTC seconds, each once; one a year or quarter will do.
        delay_s: seconds from an instant until its distributions may be read.

    Raises:
        BadInput: the plan has no percentile or is of other definitions, there is no instant, one
            stands twice or lies outside 1990 to 2038, or the folder cannot be read.
        TableRefused: a source has not the columns of its definition.
    """
    if not instants:
        raise BadInput("there is none", field="instants", rule="at least one")
    names = _placed(plan)
    wanted = set(names)
    parents = compile_plan(definitions, [each for each in expand(definitions)
                                         if each.name in wanted])  # fmt: skip
    columns = [parents.column(name) for name in names]
    if tuple(f"{parents.ids[at]}.{parents.versions[at]}" for at in columns) != plan.placed:
        raise BadInput("the plan is of other definitions", field="definitions")
    folder = EventFolder(directory)
    gathered = {when: _Gathered() for when in instants}
    for shard in folder.shards:
        book = folder.load(shard, parents, known_by=max(instants)).book
        for when, each in gathered.items():
            each.add(_values(parents, columns, book, when), _groups(book, when))
    return join_tables([each.table(when + delay_s, plan.placed) for when, each in gathered.items()])


def _placed(plan: Plan) -> tuple[str, ...]:
    """Names of the variables that percentiles place."""
    found = tuple(
        plan.names[of]
        for each in plan.sections
        if isinstance(each.plan, PeersPlan)
        for of in each.plan.outputs
    )
    if not found:
        raise BadInput("it has no percentile", field="plan", rule="a plan with percentiles")
    return found


def _values(plan: Plan, columns: list[int], book: Book, when: int) -> Sheet:
    count = len(book.borrowers)
    kept = make_sheet(count, len(columns))

    def take(first: int, sheet: Sheet) -> None:
        rows = slice(first, first + len(sheet.values))
        kept.values[rows] = sheet.values[:, columns]
        kept.reasons[rows] = sheet.reasons[:, columns]

    compute_batch(plan, book, np.full(count, when, np.int64), take)
    return kept


def _groups(book: Book, when: int) -> NDArray[np.int64]:
    """The groups of firms that were active, unknown of all others: those are not counted."""
    if book.groups is None:
        return np.full(len(book.borrowers), UNKNOWN_GROUP, np.int64)
    return np.where(active_firms(book, when), book.groups, UNKNOWN_GROUP)


def active_firms(book: Book, when: int) -> NDArray[np.bool_]:
    """bool[B]: whether an event of a firm's own happened in the 365 days before ``when``.

    Only what was known by then, UTC seconds, counts.
    """
    active = np.zeros(len(book.borrowers), np.bool_)
    for slot, packed in book.slots.items():
        if slot.startswith(_OWN):
            recent = (packed.time < when) & (packed.time >= when - ACTIVE_S)
            seen = recent & (packed.visible_from <= when) & (packed.visible_to > when)
            owners = np.repeat(np.arange(packed.borrowers), np.diff(packed.offsets))
            active[owners[seen]] = True
    return active
