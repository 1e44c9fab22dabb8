"""The variables of many borrowers, in threads with a buffer each; results leave in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import Sheet, make_sheet
from tael.variables.packing.book import Book
from tael.variables.plan.plan import Plan

Sink = Callable[[int, Sheet], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """How a batch runs: ``rows`` borrowers at a time in each of ``threads``.

    Neither changes a bit of a result.

    Raises:
        BadInput: fewer than one.
    """

    rows: int = 128
    threads: int = 2

    def __post_init__(self) -> None:
        for field in ("rows", "threads"):
            if getattr(self, field) < 1:
                raise BadInput("at least one is needed", field=field, rule="a number above 0")


def compute_batch(
    plan: Plan,
    book: Book,
    asof: NDArray[np.int64],
    sink: Sink,
    pace: Pace = Pace(),
) -> None:
    """Compute every borrower of ``book`` and hand the rows to ``sink`` in their order.

    Memory is the book and one sheet of ``pace.rows`` a thread, whatever the number of borrowers: a
    thread waits with its sheet until those before it have been handed over.

    Args:
        plan: what to compute.
        book: the events.
        asof: int64[B], UTC seconds, an instant for each borrower.
        sink: called with the place of the first borrower and a sheet, by one thread at a time. The
            sheet is used again after the call: copy what is to stay.
        pace: how many rows and threads; the loops hold no lock.

    Raises:
        BadInput: as ``run_plan``. What ``sink`` raises ends the run and is raised here.
    """
    count = len(book.borrowers)
    if asof.shape != (count,):
        raise BadInput(f"int64[{count}] is needed", field="asof")
    rows = min(pace.rows, max(count, 1))
    queue = _Queue(count, rows)

    def work() -> None:
        sheet = make_sheet(rows, plan.width)
        for first in queue.chunks():
            part = sheet.top(min(rows, count - first))
            run_plan(plan, book, asof, first, part)
            with queue.turn(first) as mine:
                if mine:
                    sink(first, part)

    with ThreadPoolExecutor(pace.threads) as pool:
        for each in [pool.submit(queue.guarded, work) for _ in range(pace.threads)]:
            each.result()


class _Queue:
    """Chunks given out in order, and the order in which their results may leave."""

    def __init__(self, count: int, rows: int) -> None:
        self.count, self.rows = count, rows
        self.taken = self.left = 0
        self.failed = False
        self.changed = threading.Condition()

    def chunks(self) -> Iterator[int]:
        """First borrowers of chunks that nobody has taken."""
        while True:
            with self.changed:
                if self.failed or self.taken >= self.count:
                    return
                first = self.taken
                self.taken += self.rows
            yield first

    @contextmanager
    def turn(self, first: int) -> Iterator[bool]:
        """Wait until all before ``first`` have left; False when the run has failed meanwhile."""
        with self.changed:
            self.changed.wait_for(lambda: self.failed or self.left == first)
            mine = not self.failed
        yield mine
        with self.changed:
            self.left += self.rows
            self.changed.notify_all()

    def guarded(self, work: Callable[[], None]) -> None:
        """Run ``work``; when it fails, nobody waits for its chunk."""
        try:
            work()
        except BaseException:
            with self.changed:
                self.failed = True
                self.changed.notify_all()
            raise
