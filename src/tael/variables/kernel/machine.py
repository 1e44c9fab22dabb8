"""Runs a plan: each section by its kernel, all into one sheet."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.checks import check_instants
from tael.variables.kernel.sheet import NO_SOURCE, Sheet
from tael.variables.packing.book import Book
from tael.variables.plan.plan import Plan, Section


def run_plan(plan: Plan, book: Book, asof: NDArray[np.int64], first: int, sheet: Sheet) -> None:
    """Write the variables of borrowers ``first``, ``first + 1``, … into the rows of ``sheet``.

    Args:
        plan: what to compute.
        book: the events; a slot that it has not is a source that nobody has, and without its peers
            percentiles are undefined.
        asof: int64[B], UTC seconds, the instant as of which each borrower is looked at.
        first: place of the first borrower in the book.
        sheet: a row each, as many columns as the plan is wide.

    Raises:
        BadInput: shapes do not fit, an as-of instant lies outside 1990 to 2038, or events or peers
            are not those of the plan.
    """
    _check(plan, book, asof, first, sheet)
    rows = slice(first, first + len(sheet.values))
    for section in plan.sections:
        run, part = _kernel(section.kind), sheet.at(section.start)
        if section.kind == "derived":
            run(section.plan, part)
        elif section.kind == "peers":
            groups = None if book.groups is None else book.groups[rows]
            run(section.plan, book.peers, groups, asof[rows], part)
        elif section.slot in book.slots:
            run(section.plan, book.slots[section.slot], asof, first, part)
        else:
            _blank(section, sheet)


@cache
def _kernel(kind: str) -> Any:
    """The kernel of one kind, with arguments of its own; loaded when a plan first needs it."""
    return import_module(f"tael.variables.kernel.{kind}").run


def _check(plan: Plan, book: Book, asof: NDArray[np.int64], first: int, sheet: Sheet) -> None:
    rows = len(sheet.values)
    for cells in (sheet.values, sheet.reasons):
        if cells.shape != (rows, plan.width):
            raise BadInput(f"its shape must be {(rows, plan.width)}", field="sheet")
    count = len(book.borrowers)
    if asof.dtype != np.int64 or asof.shape != (count,):
        raise BadInput(f"int64[{count}] is needed", field="asof")
    if first < 0 or first + rows > count:
        raise BadInput(f"there are {count} borrowers", field="first")
    check_instants(asof[first : first + rows])
    if book.peers is not None and book.peers.names not in {(), plan.placed}:
        rule = "the table that was made for these variables, in these versions"
        raise BadInput("the peers are of other variables", field="peers", rule=rule)


def _blank(section: Section, sheet: Sheet) -> None:
    columns = slice(section.start, section.start + section.plan.width)
    sheet.values[:, columns] = np.nan
    sheet.reasons[:, columns] = NO_SOURCE
