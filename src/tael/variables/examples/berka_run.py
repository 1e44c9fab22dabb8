"""The Czech example from its folder of files to a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tael.report import Page
from tael.variables.examples.berka import Transactions, read_transactions
from tael.variables.examples.berka_page import berka_page
from tael.variables.examples.blocks import digest
from tael.variables.examples.computed import DEFINITIONS, Computed, Ready, Steps, make_ready


@dataclass(frozen=True, slots=True, eq=False)
class BerkaRun:
    """A run: what was read, packed and computed, and how long it took."""

    read: Transactions
    ready: Ready
    computed: Computed
    steps: Steps

    def page(self, made_at: datetime | None = None) -> Page:
        """The report."""
        return berka_page(self.read, self.ready, self.computed, self.steps, made_at)

    def to_json(self) -> dict[str, object]:
        """The figures of the run."""
        chain, loans = self.read.chain, self.read.loans
        return digest(self.ready, self.computed, self.steps) | {
            "example": "berka",
            "file_rows": self.read.events.num_rows,
            "balances": {
                "exact": chain.exact,
                "rounded": chain.rounded,
                "broken": chain.broken,
            },
            "loans": len(loans),
            "bad_loans": sum(loan.bad for loan in loans.values()),
            "loans_beyond": self.read.loans_beyond,
        }


def run_berka(data: Path, accounts: int | None = None) -> BerkaRun:
    """Read the set in ``data`` and compute its variables; the first ``accounts`` only, if given.

    Raises:
        BadInput: a file is missing or has other columns.
    """
    steps = Steps()
    with steps.timed("read"):
        read = read_transactions(data, accounts)
    ready = make_ready(DEFINITIONS / "berka", read.events, read.accounts, steps)
    with steps.timed("loops"):
        ready.warm()
    with steps.timed("compute"):
        computed = ready.compute(read.asof)
    return BerkaRun(read, ready, computed, steps)
