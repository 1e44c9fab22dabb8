"""The variables of one borrower, now."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tael.kernel import BadInput
from tael.variables.kernel.machine import run_plan
from tael.variables.kernel.sheet import Sheet, make_sheet, row_hashes
from tael.variables.packing.book import Book
from tael.variables.plan.plan import Plan


@dataclass(frozen=True)
class Result:
    """The variables of one borrower as of one instant.

    Attributes:
        borrower: its id.
        asof: UTC seconds.
        names: of the variables, as in the plan.
        values: float64 in minor units or the variable's own, NaN where there is a reason.
        reasons: uint8: 0 value, 1 no source, 2 no event, 3 undefined.
        plan_hash: the hash of the plan that made them.
    """

    borrower: str
    asof: int
    names: tuple[str, ...]
    values: NDArray[np.float64]
    reasons: NDArray[np.uint8]
    plan_hash: str

    @cached_property
    def row_hash(self) -> str:
        """SHA-256 over the plan's hash, the values and the reasons; made when first read."""
        return row_hashes(self.plan_hash, Sheet(self.values[None], self.reasons[None]))[0]


def compute(plan: Plan, book: Book, asof: int) -> Result:
    """The variables of the one borrower of ``book`` as of ``asof``, UTC seconds.

    Raises:
        BadInput: the book has more borrowers or none, ``asof`` lies outside 1990 to 2038, or its
            events are not those of the plan.
    """
    check_one(book)
    sheet = make_sheet(1, plan.width)
    run_plan(plan, book, np.array([asof], np.int64), 0, sheet)
    return result_of(plan, book, asof, sheet)


def check_one(book: Book) -> None:
    """Refuse a book of several borrowers or none."""
    count = len(book.borrowers)
    if count != 1:
        rule = "one borrower, see Book.take"
        raise BadInput(f"{count} borrowers are given", field="book", rule=rule)


def result_of(plan: Plan, book: Book, asof: int, sheet: Sheet) -> Result:
    """The result that stands in the one row of ``sheet``."""
    return Result(
        borrower=book.borrowers[0],
        asof=asof,
        names=plan.names,
        values=sheet.values[0],
        reasons=sheet.reasons[0],
        plan_hash=plan.hash,
    )
