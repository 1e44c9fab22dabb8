"""The variables of one borrower in plain Python, to hold the compiled loops against."""

from __future__ import annotations

import numpy as np

from tael.variables.drivers.online import Result, check_one, result_of
from tael.variables.kernel.checks import check_instants
from tael.variables.kernel.sheet import make_sheet
from tael.variables.oracle.machine import values_of
from tael.variables.packing.book import Book
from tael.variables.plan.plan import Plan


def compute_by_oracle(plan: Plan, book: Book, asof: int) -> Result:
    """What ``compute`` gives, written independently and slow: seconds, the same bits.

    Raises:
        BadInput: as ``compute``.
    """
    check_one(book)
    check_instants(np.array([asof], np.int64))
    sheet = make_sheet(1, plan.width)
    for column, (value, reason) in enumerate(values_of(plan, book, asof, 0)):
        sheet.values[0, column], sheet.reasons[0, column] = value, reason
    return result_of(plan, book, asof, sheet)
