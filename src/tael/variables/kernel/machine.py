"""Runs a plan: each section by its kernel, all into one sheet."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.checks import check_instants
from tael.variables.kernel.sheet import NO_SOURCE, Sheet, make_sheet
from tael.variables.packing.book import Book
from tael.variables.packing.packed import LEAST_TIME, Packed, without_events
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
        elif section.slot not in book.slots:
            _blank(section, sheet)
        elif len(sheet.values) == 1 and _is_silent(book.slots[section.slot], first):
            columns = slice(section.start, section.start + section.plan.width)
            sheet.values[0, columns], sheet.reasons[0, columns] = _silence(section)
        else:
            run(section.plan, book.slots[section.slot], asof, first, part)


@cache
def _kernel(kind: str) -> Any:
    """The kernel of one kind, with arguments of its own; loaded when a plan first needs it."""
    return import_module(f"tael.variables.kernel.{kind}").run


def _is_silent(packed: Packed, place: int) -> bool:
    """Whether a borrower has the source and no event in it."""
    silent = packed.offsets[place] == packed.offsets[place + 1] and packed.present[place]
    return bool(silent)


@lru_cache(maxsize=1_024)
def _silence(section: Section) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """What a section is without events, at any instant: computed once by its kernel.

    For one borrower, calling a kernel costs more than most of them compute, and few firms have
    events in all sources.
    """
    measures = getattr(section.plan, "measures", None) or 0
    sheet = make_sheet(1, section.plan.width)
    instant = np.array([LEAST_TIME], np.int64)
    _kernel(section.kind)(section.plan, without_events(1, measures), instant, 0, sheet)
    return sheet.values[0], sheet.reasons[0]


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
