"""The way of any source: events, packed, planned, computed; with what each step took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tael.kernel import check
from tael.variables.definitions.expand import expand
from tael.variables.definitions.load import load_definitions
from tael.variables.definitions.model import Variable
from tael.variables.drivers.batch import compute_batch
from tael.variables.drivers.identity import Identity
from tael.variables.kernel.sheet import VALUE, Sheet
from tael.variables.packing.book import Book
from tael.variables.packing.pack import Packing, pack
from tael.variables.packing.packed import LEAST_TIME
from tael.variables.plan.compiler import compile_plan
from tael.variables.plan.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

DEFINITIONS = Path(__file__).with_name("definitions")


@dataclass(frozen=True, slots=True)
class Steps:
    """Seconds that each step took, in order."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Note how long the body takes."""
        start = perf_counter()
        yield
        self.seconds[step] = perf_counter() - start


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """The variables of B borrowers.

    Attributes:
        borrowers: their ids.
        variables: V, what each column is.
        values: float64[B, V] in minor units or the variable's own; NaN where there is none.
        reasons: uint8[B, V]: 0 value, 1 no source, 2 no event, 3 undefined.
        plan_hash: of the plan.
        identity: one hash over plan, borrowers, as-of instants and all results.
    """

    borrowers: tuple[str, ...]
    variables: tuple[Variable, ...]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]
    plan_hash: str
    identity: str

    def column(self, name: str) -> NDArray[np.float64]:
        """The values of one variable in its major unit (CNY, not fen), NaN where there is none."""
        place, variable = self._find(name)
        found: NDArray[np.float64] = self.values[:, place] / 10.0**variable.decimals
        return found

    def coverage(self) -> NDArray[np.float64]:
        """The share of borrowers that have a value, by column."""
        found: NDArray[np.float64] = (self.reasons == VALUE).mean(axis=0)
        return found

    def reason_shares(self) -> dict[str, float]:
        """The share of all cells by reason."""
        words = ("value", "no_source", "no_event", "undefined")
        counts = np.bincount(self.reasons.ravel(), minlength=len(words))
        return {word: float(n / self.reasons.size) for word, n in zip(words, counts, strict=True)}

    def constant(self) -> int:
        """How many variables never take two different values."""
        moving = np.fmax.reduce(self.values) > np.fmin.reduce(self.values)  # False where all NaN
        return int((~moving).sum())

    def _find(self, name: str) -> tuple[int, Variable]:
        for place, variable in enumerate(self.variables):
            if variable.name == name:
                return place, variable
        raise KeyError(name)


@dataclass(frozen=True, slots=True, eq=False)
class Ready:
    """Events packed and definitions compiled: what can be computed as of any instant.

    Attributes:
        plan: what is computed.
        variables: what each column of it is.
        book: the events.
        packing: what became of every row.
    """

    plan: Plan
    variables: tuple[Variable, ...]
    book: Book
    packing: Packing

    def warm(self) -> None:
        """Load or compile the loops by computing one borrower, so that it can be timed apart."""
        one = Ready(self.plan, self.variables, self.book.take(0, 1), self.packing)
        one.compute(np.array([LEAST_TIME], np.int64))

    def compute(self, asof: NDArray[np.int64]) -> Computed:
        """All variables as of ``asof``: int64[B], UTC seconds, in the order of the book."""
        borrowers = self.book.borrowers
        values = np.empty((len(borrowers), self.plan.width))
        reasons = np.empty(values.shape, np.uint8)
        identity = Identity(self.plan.hash)

        def keep(first: int, sheet: Sheet) -> None:
            last = first + len(sheet.values)
            values[first:last], reasons[first:last] = sheet.values, sheet.reasons
            identity.add(borrowers[first:last], asof[first:last], sheet)

        compute_batch(self.plan, self.book, asof, sink=keep)
        digest = identity.hexdigest()
        return Computed(borrowers, self.variables, values, reasons, self.plan.hash, digest)


def make_ready(folder: Path, events: pa.Table, borrowers: tuple[str, ...], steps: Steps) -> Ready:
    """Compile the one source that is defined in ``folder`` and pack ``events`` by its schema."""
    with steps.timed("compile"):
        definitions = load_definitions(folder)
        made = {each.name: each for each in expand(definitions)}
        plan = compile_plan(definitions, tuple(made.values()))
    check(len(plan.schemas) == 1, "an example has one source")
    slot, schema = next(iter(plan.schemas.items()))
    with steps.timed("pack"):
        packing = pack(events, schema, borrowers)
    book = Book(packing.borrowers, {slot: packing.packed})
    return Ready(plan, tuple(made[name] for name in plan.names), book, packing)
