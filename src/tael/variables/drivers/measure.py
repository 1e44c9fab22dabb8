"""Coverage, range and standing of every variable on a folder of events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from tael.kernel import BadInput
from tael.variables.coverage import Measured, Measurer
from tael.variables.definitions.model import Definitions
from tael.variables.drivers.batch import compute_batch
from tael.variables.drivers.reference import active_firms, peers_of_folder
from tael.variables.kernel.sheet import Sheet
from tael.variables.packing.book import Book
from tael.variables.packing.folder import EventFolder
from tael.variables.plan.compiler import compile_plan
from tael.variables.plan.plan import Plan

Watch = Callable[[int, int], None]


def measure_folder(
    directory: Path,
    definitions: Definitions,
    instants: Sequence[int],
    watch: Watch | None = None,
) -> tuple[Measured, ...]:
    """Measure every variable over the firms that were active at each of ``instants``.

    Percentiles are read from the same folder, as known then. Memory is a shard of events; the order
    of shards, instants and borrowers is fixed, so that two runs give the same figures.

    Args:
        directory: the folder, see ``load_book``.
        definitions: whose variables are measured.
        instants: UTC seconds, each once.
        watch: told how many shards of how many are done.

    Raises:
        BadInput: no instant, no active firm at any of them, or a folder that cannot be read.
        TableRefused: a source has not the columns of its definition.
    """
    if not instants:
        raise BadInput("there is none", field="instants", rule="at least one")
    plan, folder = compile_plan(definitions), EventFolder(directory)
    percentiles = any(section.kind == "peers" for section in plan.sections)
    peers = peers_of_folder(directory, definitions, plan, instants, 0) if percentiles else None
    measurer = Measurer(plan)
    for done, shard in enumerate(folder.shards, 1):
        book = folder.load(shard, plan, known_by=max(instants)).book.among(peers)
        for when in instants:
            _add(measurer, plan, book, when)
        if watch:
            watch(done, len(folder.shards))
    return measurer.measured()


def _add(measurer: Measurer, plan: Plan, book: Book, when: int) -> None:
    active = active_firms(book, when)

    def take(first: int, sheet: Sheet) -> None:
        rows = active[first : first + len(sheet.values)]
        measurer.add(Sheet(sheet.values[rows], sheet.reasons[rows]))

    compute_batch(plan, book, np.full(len(active), when, np.int64), take)
