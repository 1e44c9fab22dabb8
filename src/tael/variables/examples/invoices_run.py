"""The invoice example from its folder of files to a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from tael.report import Page
from tael.variables.examples.blocks import digest
from tael.variables.examples.computed import DEFINITIONS, Computed, Ready, Steps, make_ready
from tael.variables.examples.invoices import Invoices, read_invoices
from tael.variables.examples.invoices_figures import InvoiceFigures, make_figures
from tael.variables.examples.invoices_page import invoices_page

_YEAR_S = 365 * 86_400
_TOP = 20


@dataclass(frozen=True, slots=True, eq=False)
class InvoicesRun:
    """A run: what was read, packed, computed and compared, and how long it took."""

    invoices: Invoices
    ready: Ready
    computed: Computed
    figures: InvoiceFigures
    steps: Steps

    def page(self, made_at: datetime | None = None) -> Page:
        """The report."""
        found = (self.figures, self.steps)
        return invoices_page(self.invoices, self.ready, self.computed, found, made_at)

    def to_json(self) -> dict[str, object]:
        """The figures of the run."""
        screening, reading = self.figures.screening, self.invoices.reading
        chance, variables = screening.chance, self.computed.variables
        return digest(self.ready, self.computed, self.steps) | {
            "example": "invoices",
            "file_rows": reading.rows,
            "asof": self.invoices.asof,
            "red": {"standing": reading.reds, "matched": reading.matched, "versions": reading.made},
            "odd_totals": reading.odd_totals,
            "labelled": screening.firms,
            "defaulted": screening.bads,
            "screened": chance.variables,
            "best_by_chance": {"median": round(chance.median, 4), "top": round(chance.top, 4)},
            "beyond_chance": screening.beyond,
            "top": [
                {
                    "id": variables[each.column].id,
                    "name": variables[each.column].name,
                    "auc": round(each.auc, 4),
                    "interval": [None if end is None else round(end, 4) for end in each.ends()],
                    "by_chance": round(each.by_chance, 5),
                    "with_sales": round(float(self.figures.with_sales[each.column]), 4),
                    "copies": each.copies,
                }
                for each in screening.ranked[:_TOP]
            ],
        }


def run_invoices(data: Path, firms: Sequence[str] = ()) -> InvoicesRun:
    """Read the set in ``data``, compute its variables and compare them with default.

    ``firms`` takes these only; some of them must be labelled, defaulted and not.

    Raises:
        BadInput: a file is missing or has other columns.
    """
    steps = Steps()
    with steps.timed("read"):
        invoices = read_invoices(data, firms)
    ready = make_ready(DEFINITIONS / "invoices", invoices.events, invoices.firms, steps)
    asof = np.full(len(invoices.firms), invoices.asof, np.int64)
    with steps.timed("loops"):
        ready.warm()
    with steps.timed("compute"):
        computed = ready.compute(asof)
    with steps.timed("earlier"):
        earlier = ready.compute(asof - _YEAR_S)
    with steps.timed("compare"):
        figures = make_figures(invoices, ready, computed, earlier)
    return InvoicesRun(invoices, ready, computed, figures, steps)
